//! The recurrence along anti-diagonals, 8 cells an instruction.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_alignr_epi8, _mm256_cmpgt_epi32, _mm256_load_si256,
    _mm256_min_epi32, _mm256_movemask_epi8, _mm256_packs_epi16, _mm256_packs_epi32,
    _mm256_permute2x128_si256, _mm256_set1_epi32, _mm256_storeu_si256,
};

use super::{
    CEILING, STRIP_ROWS, Strip,
    sheared::{AT_ONCE, Diagonals, Preparation},
    words,
};

/// Row r lies in vector r mod 4, lane 7 − ⌊r / 4⌋: the row above a vector's is
/// then the vector before, lane by lane, but for the first.
const VECTORS: usize = 4;

/// Rows of the first lanes.
const FIRST_LANES: [usize; VECTORS] = [28, 29, 30, 31];

/// Where the direction into a row lies in a word, as packing leaves it.
pub(super) const fn bit_of(row: usize) -> usize {
    let (vector, lane) = (row % VECTORS, 7 - row / VECTORS);
    16 * (lane / 4) + 4 * vector + lane % 4
}

/// # Safety
///
/// The processor has AVX2; the strip is as [`super::compute`] checks it.
#[target_feature(enable = "avx2")]
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
#[target_feature(enable = "avx2")]
unsafe fn compute_if_low<const LIMITED: bool>(strip: &mut Strip<'_>) -> bool {
    let ceiling = _mm256_set1_epi32(CEILING);
    // The anti-diagonal before, and what lies diagonally before the next one.
    let mut before = [ceiling; VECTORS];
    let mut diagonal = [ceiling; VECTORS];
    diagonal[0] = shifted(ceiling, strip.above[0]);
    let mut costs = Diagonals([[0; STRIP_ROWS]; AT_ONCE]);
    let mut preparation = Preparation::of(strip);
    let last = strip.last_row;
    let words = words(strip.columns);
    // Lanes of the vector that holds the last row.
    let mut lanes = [0; 8];
    for first in (0..words).step_by(AT_ONCE) {
        // SAFETY: as promised to this function.
        unsafe { preparation.prepare::<VECTORS, LIMITED>(FIRST_LANES, first, &mut costs) };
        for (number, costs) in (first..words).zip(&costs.0) {
            // Beyond the last column only cells are fed that nobody reads.
            let fed = strip.above[(number + 1).min(strip.columns)];
            let mut above = shifted(before[VECTORS - 1], fed);
            let mut from_above = [ceiling; VECTORS];
            let mut from_left = [ceiling; VECTORS];
            for vector in 0..VECTORS {
                let left = before[vector];
                let best = _mm256_min_epi32(diagonal[vector], above);
                from_above[vector] = _mm256_cmpgt_epi32(diagonal[vector], above);
                from_left[vector] = _mm256_cmpgt_epi32(best, left);
                // SAFETY: eight aligned values.
                let cost = unsafe { _mm256_load_si256(costs.as_ptr().add(8 * vector).cast()) };
                let sum = _mm256_add_epi32(_mm256_min_epi32(best, left), cost);
                before[vector] = _mm256_min_epi32(sum, ceiling);
                diagonal[vector] = above;
                above = left;
            }
            strip.directions[number] =
                u64::from(packed(from_above)) | u64::from(packed(from_left)) << STRIP_ROWS;
            if let Some(column) = number.checked_sub(last)
                && column < strip.columns
            {
                // SAFETY: eight values.
                unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), before[last % VECTORS]) };
                strip.below[column + 1] = lanes[7 - last / VECTORS];
            }
        }
    }
    strip.below[0] = CEILING;
    LIMITED || preparation.saw_only_low_costs()
}

/// Each lane from the one behind it; the last is fed.
#[inline]
#[target_feature(enable = "avx2")]
fn shifted(lanes: __m256i, fed: i32) -> __m256i {
    let behind = _mm256_permute2x128_si256::<0x21>(lanes, _mm256_set1_epi32(fed));
    _mm256_alignr_epi8::<4>(behind, lanes)
}

/// One bit a lane.
#[inline]
#[target_feature(enable = "avx2")]
fn packed(masks: [__m256i; VECTORS]) -> u32 {
    let low = _mm256_packs_epi32(masks[0], masks[1]);
    let high = _mm256_packs_epi32(masks[2], masks[3]);
    _mm256_movemask_epi8(_mm256_packs_epi16(low, high)).cast_unsigned()
}
