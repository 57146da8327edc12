//! 6 × 16 products at a time.

use std::arch::x86_64::{
    _MM_HINT_T0, _mm_prefetch, _mm256_broadcast_ss, _mm256_fmadd_ps, _mm256_loadu_ps,
    _mm256_setzero_ps, _mm256_storeu_ps,
};

use super::PANEL;
use super::panels::{Kernel, Tile};

/// Rows of a tile: with two vectors each they fill 12 of the 16 registers.
const LEFT: usize = 6;

/// Steps of the kernel between two lines that are fetched.
const UNROLLED: usize = 4;

/// Processors with AVX2 and FMA.
pub(super) struct Avx2;

impl Kernel for Avx2 {
    const LEFT: usize = LEFT;
    const PANELS: usize = 1;
    const BLOCK_ROWS: usize = 96;

    fn is_supported() -> bool {
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
    }

    unsafe fn multiply(tile: &mut Tile<'_>) {
        // SAFETY: as promised to this function.
        unsafe { multiply(tile) }
    }
}

/// # Safety
///
/// The processor has AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
unsafe fn multiply(tile: &mut Tile<'_>) {
    let depth = tile.checked_depth(LEFT);
    let (rows, stride) = (tile.rows, tile.stride);
    let mut sums = [[_mm256_setzero_ps(); 2]; LEFT];
    if tile.adds {
        for (row, sums) in sums.iter_mut().enumerate().take(rows) {
            // SAFETY: 16 values of a row that is written, checked above.
            unsafe {
                let out = tile.out.as_ptr().add(row * stride);
                *sums = [_mm256_loadu_ps(out), _mm256_loadu_ps(out.add(8))];
            }
        }
    }
    let (left, panel) = (tile.left.as_ptr(), tile.right[0].as_ptr());
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
            _mm_prefetch::<_MM_HINT_T0>(tile.ahead.wrapping_add(UNROLLED * four).cast());
        }
    }
    for at in unrolled * UNROLLED..depth {
        step(at);
    }
    for (row, sums) in sums.iter().enumerate() {
        if row < rows {
            // SAFETY: 16 values of a row that is written, checked above.
            unsafe {
                let out = tile.out.as_mut_ptr().add(row * stride);
                _mm256_storeu_ps(out, sums[0]);
                _mm256_storeu_ps(out.add(8), sums[1]);
            }
        }
    }
}
