//! The matrix product of the `gemm` crate, behind a safe signature.

use gemm::Parallelism;

/// Dot products of all rows of `left` (m × dim) with all rows of `right`
/// (n × dim), both row-major, into `out`: m rows of n values, `stride` apart.
///
/// `threads`: 0 means all of the current rayon pool. Panics if the lengths do
/// not fit, or `dim` is 0.
pub(crate) fn row_products(
    left: &[f32],
    right: &[f32],
    dim: usize,
    out: &mut [f32],
    stride: usize,
    threads: usize,
) {
    let (m, n) = (left.len() / dim, right.len() / dim);
    assert_eq!(left.len(), m * dim, "left has whole rows");
    assert_eq!(right.len(), n * dim, "right has whole rows");
    assert!(stride >= n, "rows of out do not overlap");
    assert!(
        m == 0 || (m - 1) * stride + n <= out.len(),
        "out has a value for every pair of rows"
    );
    let parallelism = if threads == 1 {
        Parallelism::None
    } else {
        Parallelism::Rayon(threads)
    };
    // SAFETY: the asserts above establish that every element reached through
    // the pointers and strides lies inside its slice: `left` as m × dim with
    // strides (dim, 1), `right` transposed as dim × n with strides (1, dim),
    // `out` as m × n with strides (stride, 1). `out` is borrowed mutably, so it
    // overlaps neither input. Lengths of slices fit isize. `read_dst` is
    // false, so `out` is only written.
    unsafe {
        gemm::gemm(
            m,
            n,
            dim,
            out.as_mut_ptr(),
            1,
            stride as isize,
            false,
            left.as_ptr(),
            1,
            dim as isize,
            right.as_ptr(),
            dim as isize,
            1,
            0.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_plain_loop() {
        for (m, n, dim) in [(1, 1, 1), (1, 17, 3), (19, 1, 8), (33, 65, 130), (7, 5, 1)] {
            let value = |i: usize| ((i * 37 % 23) as f32) - 11.0;
            let left: Vec<f32> = (0..m * dim).map(value).collect();
            let right: Vec<f32> = (0..n * dim).map(|i| value(i + 5)).collect();
            for threads in [1, 2] {
                let mut out = vec![f32::NAN; m * n];
                row_products(&left, &right, dim, &mut out, n, threads);
                for i in 0..m {
                    for j in 0..n {
                        let expected: f32 = (0..dim)
                            .map(|d| left[i * dim + d] * right[j * dim + d])
                            .sum();
                        assert_eq!(out[i * n + j], expected, "{m}×{n}×{dim} at ({i}, {j})");
                    }
                }
            }
        }
    }
}
