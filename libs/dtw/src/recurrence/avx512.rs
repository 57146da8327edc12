//! The recurrence along anti-diagonals, 16 cells an instruction.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_alignr_epi32, _mm512_cmpgt_epi32_mask, _mm512_cvtsi512_si32,
    _mm512_load_si512, _mm512_min_epi32, _mm512_min_epu32, _mm512_set1_epi32, _mm512_storeu_si512,
};

use super::{
    AT_ONCE, CEILING, STRIP_ROWS, Strip,
    sheared::{Diagonals, Preparation, fed},
};

/// Row r lies in vector r mod 2, lane 15 − ⌊r / 2⌋.
const VECTORS: usize = 2;

/// Rows of the first lanes of each half vector.
const FIRST_LANES: [usize; 4] = [30, 14, 31, 15];

/// Where the direction into a row lies in a word.
pub(super) const fn bit_of(row: usize) -> usize {
    16 * (row % VECTORS) + 15 - row / VECTORS
}

/// Answers whether all costs were seen to be finite and not negative.
///
/// # Safety
///
/// The processor has AVX2 and AVX-512 F; the strip is as [`super::compute`]
/// checks it.
#[target_feature(enable = "avx2,avx512f")]
pub(super) unsafe fn compute(strip: &mut Strip<'_>) -> bool {
    // SAFETY: as promised to this function.
    unsafe {
        if strip.last_row == STRIP_ROWS - 1 {
            compute_rows::<true>(strip)
        } else {
            compute_rows::<false>(strip)
        }
    }
}

/// `WHOLE`: as in the engine for AVX2.
///
/// # Safety
///
/// As [`compute`].
#[target_feature(enable = "avx2,avx512f")]
unsafe fn compute_rows<const WHOLE: bool>(strip: &mut Strip<'_>) -> bool {
    let ceiling = _mm512_set1_epi32(CEILING);
    let mut before = [ceiling; VECTORS];
    let mut diagonal = [ceiling; VECTORS];
    diagonal[0] = shifted(ceiling, strip.above[0]);
    let mut preparation = Preparation::of(strip);
    let mut costs = Diagonals([[0; STRIP_ROWS]; AT_ONCE]);
    let last = if WHOLE {
        STRIP_ROWS - 1
    } else {
        strip.last_row
    };
    let above = &strip.above[1..];
    strip.below[0] = CEILING;
    let below = &mut strip.below[1..];
    let (groups, _) = strip.directions.as_chunks_mut::<AT_ONCE>();
    for (first, directions) in (0..).step_by(AT_ONCE).zip(groups) {
        // SAFETY: as promised to this function.
        unsafe { preparation.prepare::<VECTORS>(FIRST_LANES, first, &mut costs) };
        let fed = fed(above, first);
        for within in 0..AT_ONCE {
            let mut above = shifted(before[VECTORS - 1], fed[within]);
            let (mut from_above, mut from_left) = (0, 0);
            for vector in 0..VECTORS {
                let left = before[vector];
                let best = _mm512_min_epi32(diagonal[vector], above);
                let above_is_less = _mm512_cmpgt_epi32_mask(diagonal[vector], above);
                let left_is_less = _mm512_cmpgt_epi32_mask(best, left);
                from_above |= u64::from(above_is_less) << (16 * vector);
                from_left |= u64::from(left_is_less) << (16 * vector);
                let costs = &costs.0[within][16 * vector..16 * vector + 16];
                // SAFETY: sixteen aligned values.
                let cost = unsafe { _mm512_load_si512(costs.as_ptr().cast()) };
                let sum = _mm512_add_epi32(_mm512_min_epi32(best, left), cost);
                // Without a sign there is room for costs that are too large.
                before[vector] = _mm512_min_epu32(sum, ceiling);
                diagonal[vector] = above;
                above = left;
            }
            directions[within] = from_above | from_left << STRIP_ROWS;
            if let Some(sum) = below.get_mut((first + within).wrapping_sub(last)) {
                *sum = if WHOLE {
                    _mm512_cvtsi512_si32(before[VECTORS - 1])
                } else {
                    of_row(before, last)
                };
            }
        }
    }
    preparation.saw_only_costs()
}

/// What the vectors hold of a row.
#[inline]
#[target_feature(enable = "avx512f")]
fn of_row(vectors: [__m512i; VECTORS], row: usize) -> i32 {
    let mut lanes = [0; 16];
    // SAFETY: sixteen values.
    unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), vectors[row % VECTORS]) };
    lanes[15 - row / VECTORS]
}

/// Each lane from the one behind it; the last is fed.
#[inline]
#[target_feature(enable = "avx512f")]
fn shifted(lanes: __m512i, fed: i32) -> __m512i {
    _mm512_alignr_epi32::<1>(_mm512_set1_epi32(fed), lanes)
}
