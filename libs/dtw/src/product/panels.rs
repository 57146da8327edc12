//! Rows, rearranged for a kernel that computes 6 × 16 products at a time (as
//! BLIS does on such processors: Van Zee & van de Geijn 2015).

use std::arch::x86_64::{
    _MM_HINT_T0, _mm_prefetch, _mm256_broadcast_ss, _mm256_fmadd_ps, _mm256_loadu_ps,
    _mm256_setzero_ps, _mm256_storeu_ps,
};
use std::ops::Range;

use super::PANEL;

/// Rows of the left side that are multiplied at once.
const LEFT: usize = 6;

/// Values of each row that are multiplied before the next rows come: 16 KiB of
/// a panel, half of a first-level cache.
const DEPTH: usize = 256;

/// Values of the panels that are fetched ahead while one group of rows is
/// multiplied: 16 groups fetch what comes next.
const FETCHED: usize = DEPTH;

/// Steps of the kernel between two lines that are fetched.
const UNROLLED: usize = 4;

/// Rows of the left side that a thread works on: 384 KiB of 1024 dimensions, so
/// that they stay in a second-level cache.
const BLOCK_ROWS: usize = 96;

/// Rows in panels of 16: of each the first values of all rows, then the second
/// ones, and so on. Rows that are missing in the last panel are zeros.
#[derive(Debug)]
pub(crate) struct Panels {
    dim: usize,
    values: Vec<f32>,
}

/// Rows that are multiplied by their scales on the way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    /// Row-major.
    pub(crate) values: &'a [f32],
    /// One a row.
    pub(crate) scales: &'a [f32],
}

impl<'a> Rows<'a> {
    /// So many rows at a time.
    fn chunks(self, rows: usize, dim: usize) -> impl Iterator<Item = Self> + use<'a> {
        let values = self.values.chunks(rows * dim);
        values
            .zip(self.scales.chunks(rows))
            .map(|(values, scales)| Self { values, scales })
    }
}

impl Panels {
    /// Rearranges rows of `dim` values.
    pub(crate) fn new(rows: Rows<'_>, dim: usize) -> Self {
        let mut values = Vec::new();
        interleave::<PANEL>(rows, dim, &mut values);
        Self { dim, values }
    }

    /// Whether this processor has the instructions.
    pub(crate) fn are_supported() -> bool {
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
    }

    /// Products of the rows `left` with the rows `right` of these, into `out`:
    /// rows of at least `right.len()` rounded up to whole panels, `stride`
    /// apart. What is beyond `right` is overwritten, with zeros beyond the last
    /// row. `right` begins with a panel.
    ///
    /// `threads`: 0 means all of the current rayon pool.
    pub(crate) fn products(
        &self,
        left: Rows<'_>,
        right: Range<usize>,
        out: &mut [f32],
        stride: usize,
        threads: usize,
    ) {
        assert!(Self::are_supported());
        let rows = left.scales.len();
        assert!(left.values.len() == rows * self.dim && right.start.is_multiple_of(PANEL));
        let panels = right.start / PANEL..right.end.div_ceil(PANEL);
        assert!(panels.end * PANEL * self.dim <= self.values.len());
        let width = panels.len() * PANEL;
        assert!(stride >= width && out.len() + stride >= rows * stride + width);
        let threads = if threads == 0 {
            rayon::current_num_threads()
        } else {
            threads
        };
        // Whole groups of six, shared out evenly.
        let each = rows.div_ceil(LEFT).div_ceil(threads).max(1) * LEFT;
        let shares = left
            .chunks(each, self.dim)
            .zip(out.chunks_mut(each * stride));
        if threads == 1 || rows <= LEFT {
            for (left, out) in shares {
                self.share(left, panels.clone(), out, stride);
            }
        } else {
            rayon::scope(|scope| {
                for (left, out) in shares {
                    let panels = panels.clone();
                    scope.spawn(move |_| self.share(left, panels, out, stride));
                }
            });
        }
    }

    /// What one thread does.
    fn share(&self, left: Rows<'_>, panels: Range<usize>, out: &mut [f32], stride: usize) {
        let mut room = Vec::new();
        let blocks = left.chunks(BLOCK_ROWS, self.dim);
        for (left, out) in blocks.zip(out.chunks_mut(BLOCK_ROWS * stride)) {
            self.block(left, panels.clone(), out, stride, &mut room);
        }
    }

    /// `room`: for the rows, rearranged.
    fn block(
        &self,
        left: Rows<'_>,
        panels: Range<usize>,
        out: &mut [f32],
        stride: usize,
        room: &mut Vec<f32>,
    ) {
        let (dim, rows) = (self.dim, left.scales.len());
        interleave::<LEFT>(left, dim, room);
        for (place, panel) in panels.enumerate() {
            let panel = &self.values[panel * PANEL * dim..(panel + 1) * PANEL * dim];
            for first in (0..dim).step_by(DEPTH) {
                let depth = first..dim.min(first + DEPTH);
                let panel = &panel[PANEL * depth.start..PANEL * depth.end];
                // What comes next among the panels, shared out among the groups.
                let ahead = panel.as_ptr_range().end;
                for (group, left) in room.chunks_exact(LEFT * dim).enumerate() {
                    let left = &left[LEFT * depth.start..LEFT * depth.end];
                    let row = group * LEFT;
                    let out = &mut out[row * stride + place * PANEL..];
                    let rows = LEFT.min(rows - row);
                    // SAFETY: `products` has asserted that the processor has the
                    // instructions; the function checks its slices.
                    let ahead = ahead.wrapping_add(group * FETCHED);
                    unsafe { kernel(left, panel, out, stride, rows, first > 0, ahead) };
                }
            }
        }
    }
}

/// The first values of `WIDTH` rows, then the second ones, and so on; then the
/// next `WIDTH` rows. Missing rows are zeros.
fn interleave<const WIDTH: usize>(rows: Rows<'_>, dim: usize, out: &mut Vec<f32>) {
    /// Values of a row at a time: a line of the cache, for rows a power of two
    /// apart share a place in it.
    const LINE: usize = 16;
    let count = rows.scales.len();
    out.clear();
    out.resize(count.div_ceil(WIDTH) * WIDTH * dim, 0.0);
    let groups = rows
        .values
        .chunks(WIDTH * dim)
        .zip(rows.scales.chunks(WIDTH));
    for ((values, scales), out) in groups.zip(out.chunks_exact_mut(WIDTH * dim)) {
        for first in (0..dim).step_by(LINE) {
            let line = first..dim.min(first + LINE);
            let out = &mut out[line.start * WIDTH..line.end * WIDTH];
            let rows = values.chunks_exact(dim).zip(scales);
            for (lane, (row, scale)) in rows.enumerate() {
                for (out, value) in out.chunks_exact_mut(WIDTH).zip(&row[line.clone()]) {
                    out[lane] = value * scale;
                }
            }
        }
    }
}

/// Products of 6 rows with 16, of which the first `rows` rows are written: added
/// to what is there, or instead of it. `ahead` is fetched meanwhile: only a
/// hint, any address may be given.
///
/// # Safety
///
/// The processor has AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
unsafe fn kernel(
    left: &[f32],
    panel: &[f32],
    out: &mut [f32],
    stride: usize,
    rows: usize,
    adds: bool,
    ahead: *const f32,
) {
    let depth = panel.len() / PANEL;
    assert!(left.len() == depth * LEFT && panel.len() == depth * PANEL);
    assert!((1..=LEFT).contains(&rows) && out.len() >= (rows - 1) * stride + PANEL);
    let mut sums = [[_mm256_setzero_ps(); 2]; LEFT];
    if adds {
        for (row, sums) in sums.iter_mut().enumerate().take(rows) {
            // SAFETY: 16 values of a row that is written, checked above.
            unsafe {
                let out = out.as_ptr().add(row * stride);
                *sums = [_mm256_loadu_ps(out), _mm256_loadu_ps(out.add(8))];
            }
        }
    }
    let (left, panel) = (left.as_ptr(), panel.as_ptr());
    let mut step = |at: usize| {
        // SAFETY: step `at` of `depth`, of 6 and of 16 values, checked above.
        unsafe {
            let (left, panel) = (left.add(LEFT * at), panel.add(PANEL * at));
            let right = [_mm256_loadu_ps(panel), _mm256_loadu_ps(panel.add(8))];
            for (row, sums) in sums.iter_mut().enumerate() {
                let value = _mm256_broadcast_ss(&*left.add(row));
                sums[0] = _mm256_fmadd_ps(value, right[0], sums[0]);
                sums[1] = _mm256_fmadd_ps(value, right[1], sums[1]);
            }
        }
    };
    let unrolled = depth / UNROLLED;
    for four in 0..unrolled {
        for within in 0..UNROLLED {
            step(four * UNROLLED + within);
        }
        if four.is_multiple_of(4) {
            _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(UNROLLED * four).cast());
        }
    }
    for at in unrolled * UNROLLED..depth {
        step(at);
    }
    for (row, sums) in sums.iter().enumerate() {
        if row < rows {
            // SAFETY: 16 values of a row that is written, checked above.
            unsafe {
                let out = out.as_mut_ptr().add(row * stride);
                _mm256_storeu_ps(out, sums[0]);
                _mm256_storeu_ps(out.add(8), sums[1]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::row_products;

    #[test]
    fn products_are_those_of_plain_loops_wherever_they_begin() {
        if !Panels::are_supported() {
            return;
        }
        let shapes = [
            (1, 1, 1),
            (6, 16, 8),
            (7, 17, 3),
            (95, 33, 257),
            (200, 50, 300),
            (13, 100, 512),
        ];
        for (m, n, dim) in shapes {
            // Small whole numbers, so that every order of summing is exact.
            let value = |i: usize| ((i * 37 % 23) as f32) - 11.0;
            let left: Vec<f32> = (0..m * dim).map(value).collect();
            let right: Vec<f32> = (0..n * dim).map(|i| value(i + 5)).collect();
            let mut expected = vec![0.0; m * n];
            row_products(&left, &right, dim, &mut expected, n, 1);
            let (ones, twos) = (vec![1.0; m], vec![2.0; n]);
            let rows = |values, scales| Rows { values, scales };
            let panels = Panels::new(rows(&right, &twos), dim);
            for threads in [1, 2, 3] {
                for begin in (0..n).step_by(PANEL) {
                    let width = n - begin;
                    let stride = width.next_multiple_of(PANEL) + 3;
                    let mut out = vec![f32::NAN; m * stride];
                    let left = rows(&left, &ones);
                    panels.products(left, begin..n, &mut out, stride, threads);
                    for (row, out) in out.chunks_exact(stride).enumerate() {
                        let expected = expected[row * n + begin..(row + 1) * n].iter();
                        assert!(
                            out[..width]
                                .iter()
                                .zip(expected)
                                .all(|(a, b)| *a == 2.0 * b)
                        );
                        assert!(out[width..stride - 3].iter().all(|&beyond| beyond == 0.0));
                        assert!(out[stride - 3..].iter().all(|beyond| beyond.is_nan()));
                    }
                }
            }
        }
    }
}
