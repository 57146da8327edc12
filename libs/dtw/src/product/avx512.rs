//! 14 × 32 products at a time.

use std::arch::x86_64::{
    __m512, _MM_HINT_T0, _mm_prefetch, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_storeu_ps,
};

use super::PANEL;
use super::panels::{Kernel, Tile};

/// Rows of a tile: with two vectors each they fill 28 of the 32 registers.
const LEFT: usize = 14;

/// Steps of the kernel between two lines that are fetched.
const UNROLLED: usize = 4;

/// Processors with AVX-512 F.
pub(super) struct Avx512;

impl Kernel for Avx512 {
    const LEFT: usize = LEFT;
    const PANELS: usize = 2;
    const BLOCK_ROWS: usize = 7 * LEFT;

    fn is_supported() -> bool {
        is_x86_feature_detected!("avx512f")
    }

    unsafe fn multiply(tile: &mut Tile<'_>) {
        // SAFETY: as promised to this function; the second panel is there.
        unsafe {
            if tile.right[1].is_empty() {
                multiply::<1>(tile);
            } else {
                multiply::<2>(tile);
            }
        }
    }
}

/// # Safety
///
/// The processor has AVX-512 F; the tile has `PANELS` panels.
#[target_feature(enable = "avx512f")]
unsafe fn multiply<const PANELS: usize>(tile: &mut Tile<'_>) {
    let depth = tile.checked_depth(LEFT);
    let (rows, stride) = (tile.rows, tile.stride);
    let mut sums = [[_mm512_setzero_ps(); PANELS]; LEFT];
    if tile.adds {
        for (row, sums) in sums.iter_mut().enumerate().take(rows) {
            for (panel, sum) in sums.iter_mut().enumerate() {
                // SAFETY: values of a row that is written, checked above.
                unsafe {
                    *sum = _mm512_loadu_ps(tile.out.as_ptr().add(row * stride + panel * PANEL));
                }
            }
        }
    }
    let left = tile.left.as_ptr();
    let panels = tile.right.map(<[f32]>::as_ptr);
    let mut step = |at: usize| {
        // SAFETY: step `at` of `depth`, of 14 and of 16 values a panel, checked above.
        unsafe {
            let mut right: [__m512; PANELS] = [_mm512_setzero_ps(); PANELS];
            for (right, panel) in right.iter_mut().zip(panels) {
                *right = _mm512_loadu_ps(panel.add(PANEL * at));
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let value = _mm512_set1_ps(*left.add(LEFT * at + row));
                for (sum, right) in sums.iter_mut().zip(right) {
                    *sum = _mm512_fmadd_ps(value, right, *sum);
                }
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
            for (panel, sum) in sums.iter().enumerate() {
                // SAFETY: values of a row that is written, checked above.
                unsafe {
                    _mm512_storeu_ps(
                        tile.out.as_mut_ptr().add(row * stride + panel * PANEL),
                        *sum,
                    );
                }
            }
        }
    }
}
