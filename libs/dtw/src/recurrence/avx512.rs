//! The recurrence along anti-diagonals, 16 cells an instruction.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_alignr_epi32, _mm512_cmpgt_epi32_mask, _mm512_load_si512,
    _mm512_min_epi32, _mm512_set1_epi32, _mm512_storeu_si512,
};

use super::{
    CEILING, STRIP_ROWS, Strip,
    sheared::{AT_ONCE, Diagonals, Preparation},
    words,
};

/// Row r lies in vector r mod 2, lane 15 − ⌊r / 2⌋.
const VECTORS: usize = 2;

/// Rows of the first lanes of each half vector.
const FIRST_LANES: [usize; 4] = [30, 14, 31, 15];

/// Where the direction into a row lies in a word.
pub(super) const fn bit_of(row: usize) -> usize {
    16 * (row % VECTORS) + 15 - row / VECTORS
}

/// # Safety
///
/// The processor has AVX2 and AVX-512 F; the strip is as [`super::compute`]
/// checks it.
#[target_feature(enable = "avx2,avx512f")]
pub(super) unsafe fn compute(strip: &mut Strip<'_>) {
    // SAFETY: as promised to this function.
    unsafe {
        if !compute_if_low::<false>(strip) {
            compute_if_low::<true>(strip);
        }
    }
}

/// Answers whether the result counts: unless costs are limited, none may be
/// high.
///
/// # Safety
///
/// As [`compute`].
#[target_feature(enable = "avx2,avx512f")]
unsafe fn compute_if_low<const LIMITED: bool>(strip: &mut Strip<'_>) -> bool {
    let ceiling = _mm512_set1_epi32(CEILING);
    let mut before = [ceiling; VECTORS];
    let mut diagonal = [ceiling; VECTORS];
    diagonal[0] = shifted(ceiling, strip.above[0]);
    let mut preparation = Preparation::of(strip);
    let mut costs = Diagonals([[0; STRIP_ROWS]; AT_ONCE]);
    let words = words(strip.columns);
    for first in (0..words).step_by(AT_ONCE) {
        // SAFETY: as promised to this function.
        unsafe { preparation.prepare::<VECTORS, LIMITED>(FIRST_LANES, first, &mut costs) };
        for (number, costs) in (first..words).zip(&costs.0) {
            let fed = strip.above[(number + 1).min(strip.columns)];
            let mut above = shifted(before[VECTORS - 1], fed);
            let (mut from_above, mut from_left) = (0, 0);
            for vector in 0..VECTORS {
                let left = before[vector];
                let best = _mm512_min_epi32(diagonal[vector], above);
                let above_is_less = _mm512_cmpgt_epi32_mask(diagonal[vector], above);
                let left_is_less = _mm512_cmpgt_epi32_mask(best, left);
                from_above |= u64::from(above_is_less) << (16 * vector);
                from_left |= u64::from(left_is_less) << (16 * vector);
                // SAFETY: sixteen aligned values.
                let cost = unsafe { _mm512_load_si512(costs.as_ptr().add(16 * vector).cast()) };
                let sum = _mm512_add_epi32(_mm512_min_epi32(best, left), cost);
                before[vector] = _mm512_min_epi32(sum, ceiling);
                diagonal[vector] = above;
                above = left;
            }
            strip.directions[number] = from_above | from_left << STRIP_ROWS;
            if let Some(column) = number.checked_sub(strip.last_row)
                && column < strip.columns
            {
                let mut lanes = [0; 16];
                // SAFETY: sixteen values.
                unsafe {
                    _mm512_storeu_si512(
                        lanes.as_mut_ptr().cast(),
                        before[strip.last_row % VECTORS],
                    );
                }
                strip.below[column + 1] = lanes[15 - strip.last_row / VECTORS];
            }
        }
    }
    strip.below[0] = CEILING;
    LIMITED || preparation.saw_only_low_costs()
}

/// Each lane from the one behind it; the last is fed.
#[inline]
#[target_feature(enable = "avx512f")]
fn shifted(lanes: __m512i, fed: i32) -> __m512i {
    _mm512_alignr_epi32::<1>(_mm512_set1_epi32(fed), lanes)
}
