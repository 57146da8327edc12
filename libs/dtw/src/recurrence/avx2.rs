//! The recurrence along anti-diagonals, 8 cells an instruction.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_alignr_epi8, _mm256_cmpgt_epi32, _mm256_extract_epi32,
    _mm256_load_si256, _mm256_min_epi32, _mm256_movemask_epi8, _mm256_packs_epi16,
    _mm256_packs_epi32, _mm256_permute2x128_si256, _mm256_set1_epi32, _mm256_storeu_si256,
};

use super::{
    CEILING, STRIP_ROWS, Strip,
    sheared::{AT_ONCE, Diagonals, prepare},
    words,
};

/// Row r lies in vector r mod 4, lane ⌊r / 4⌋: the row above a vector's is then
/// the vector before, lane by lane, but for the first.
const VECTORS: usize = 4;

/// Where the direction into a row lies in a word, as packing leaves it.
pub(super) const fn bit_of(row: usize) -> usize {
    let (vector, lane) = (row % VECTORS, row / VECTORS);
    16 * (lane / 4) + 4 * vector + lane % 4
}

/// # Safety
///
/// The processor has AVX2; the strip is as [`super::compute`] checks it.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn compute(strip: &mut Strip<'_>) {
    let ceiling = _mm256_set1_epi32(CEILING);
    // The anti-diagonal before, and what lies diagonally before the next one.
    let mut before = [ceiling; VECTORS];
    let mut diagonal = [ceiling; VECTORS];
    diagonal[0] = shifted(ceiling, _mm256_set1_epi32(strip.above[0]));
    let mut costs = Diagonals([[0; STRIP_ROWS]; AT_ONCE]);
    let words = words(strip.columns);
    for first in (0..words).step_by(AT_ONCE) {
        // SAFETY: as promised to this function.
        unsafe { prepare::<VECTORS>(strip, [0, 1, 2, 3], first, &mut costs) };
        for (number, costs) in (first..words).zip(&costs.0) {
            // Beyond the last column only cells are fed that nobody reads.
            let fed = strip.above[(number + 1).min(strip.columns)];
            let mut above = shifted(before[VECTORS - 1], _mm256_set1_epi32(fed));
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
            if let Some(column) = number.checked_sub(strip.last_row)
                && column < strip.columns
            {
                strip.below[column + 1] = if strip.last_row == STRIP_ROWS - 1 {
                    _mm256_extract_epi32::<7>(before[VECTORS - 1])
                } else {
                    let mut lanes = [0; 8];
                    // SAFETY: eight values.
                    unsafe {
                        _mm256_storeu_si256(
                            lanes.as_mut_ptr().cast(),
                            before[strip.last_row % VECTORS],
                        );
                    }
                    lanes[strip.last_row / VECTORS]
                };
            }
        }
    }
    strip.below[0] = CEILING;
}

/// Each lane from the one before it; the first from the last of `fed`.
#[inline]
#[target_feature(enable = "avx2")]
fn shifted(lanes: __m256i, fed: __m256i) -> __m256i {
    let across = _mm256_permute2x128_si256::<0x21>(fed, lanes);
    _mm256_alignr_epi8::<12>(lanes, across)
}

/// One bit a lane.
#[inline]
#[target_feature(enable = "avx2")]
fn packed(masks: [__m256i; VECTORS]) -> u32 {
    let low = _mm256_packs_epi32(masks[0], masks[1]);
    let high = _mm256_packs_epi32(masks[2], masks[3]);
    _mm256_movemask_epi8(_mm256_packs_epi16(low, high)).cast_unsigned()
}
