//! The recurrence along anti-diagonals, 8 cells an instruction.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_alignr_epi8, _mm256_cmpgt_epi32, _mm256_cvtsi256_si32,
    _mm256_load_si256, _mm256_min_epi32, _mm256_min_epu32, _mm256_movemask_epi8,
    _mm256_packs_epi16, _mm256_packs_epi32, _mm256_permute2x128_si256, _mm256_set1_epi32,
    _mm256_storeu_si256,
};

use super::{
    AT_ONCE, CEILING, STRIP_ROWS, Strip,
    sheared::{Diagonals, Preparation, fed},
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

/// Answers whether all costs were seen to be finite and not negative.
///
/// # Safety
///
/// The processor has AVX2; the strip is as [`super::compute`] checks it.
#[target_feature(enable = "avx2")]
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

/// A strip is `WHOLE` if its last row is that of the last vector's first lane:
/// which vector to look into must be known beforehand, lest all of them go
/// through memory on every anti-diagonal.
///
/// # Safety
///
/// As [`compute`].
#[target_feature(enable = "avx2")]
unsafe fn compute_rows<const WHOLE: bool>(strip: &mut Strip<'_>) -> bool {
    let ceiling = _mm256_set1_epi32(CEILING);
    // The anti-diagonal before, and what lies diagonally before the next one.
    let mut before = [ceiling; VECTORS];
    let mut diagonal = [ceiling; VECTORS];
    diagonal[0] = shifted(ceiling, strip.above[0]);
    let mut costs = Diagonals([[0; STRIP_ROWS]; AT_ONCE]);
    let mut preparation = Preparation::of(strip);
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
            let mut from_above = [ceiling; VECTORS];
            let mut from_left = [ceiling; VECTORS];
            for vector in 0..VECTORS {
                let left = before[vector];
                let best = _mm256_min_epi32(diagonal[vector], above);
                from_above[vector] = _mm256_cmpgt_epi32(diagonal[vector], above);
                from_left[vector] = _mm256_cmpgt_epi32(best, left);
                let costs = &costs.0[within][8 * vector..8 * vector + 8];
                // SAFETY: eight aligned values.
                let cost = unsafe { _mm256_load_si256(costs.as_ptr().cast()) };
                let sum = _mm256_add_epi32(_mm256_min_epi32(best, left), cost);
                // Without a sign there is room for the costs that are too large.
                before[vector] = _mm256_min_epu32(sum, ceiling);
                diagonal[vector] = above;
                above = left;
            }
            directions[within] =
                u64::from(packed(from_above)) | u64::from(packed(from_left)) << STRIP_ROWS;
            if let Some(sum) = below.get_mut((first + within).wrapping_sub(last)) {
                *sum = if WHOLE {
                    _mm256_cvtsi256_si32(before[VECTORS - 1])
                } else {
                    of_row(before, last)
                };
            }
        }
    }
    preparation.saw_only_costs()
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

/// What the vectors hold of a row.
#[inline]
#[target_feature(enable = "avx2")]
fn of_row(vectors: [__m256i; VECTORS], row: usize) -> i32 {
    let mut lanes = [0; 8];
    // SAFETY: eight values.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), vectors[row % VECTORS]) };
    lanes[7 - row / VECTORS]
}
