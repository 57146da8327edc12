//! The recurrence along anti-diagonals, 4 cells an instruction.

use std::arch::aarch64::{
    float32x4_t, int32x4_t, uint32x4_t, vaddq_s32, vcgtq_s32, vcombine_f32, vcombine_u16,
    vcvtnq_s32_f32, vdupq_n_f32, vdupq_n_s32, vdupq_n_u32, vextq_s32, vget_high_f32, vget_low_f32,
    vld1q_f32, vld1q_s32, vminnmq_f32, vminq_s32, vmovn_u16, vmovn_u32, vmulq_f32, vsliq_n_u32,
    vst1_u8, vst1q_s32, vtrn1q_f32, vtrn2q_f32,
};

use super::{CEILING, HIGHEST_COST, STRIP_ROWS, Strip, words};

/// Row r lies in vector r mod 8, lane ⌊r / 8⌋: the row above a vector's is then
/// the vector before, lane by lane, but for the first.
const VECTORS: usize = 8;

const LANES: usize = STRIP_ROWS / VECTORS;

/// The costs of as many anti-diagonals as a vector has lanes: for each, those of
/// all vectors.
type Diagonals = [[i32; STRIP_ROWS]; LANES];

/// Where the direction into a row lies in a word: a byte a lane, the first
/// vector in its highest bit.
pub(super) const fn bit_of(row: usize) -> usize {
    VECTORS * (row / VECTORS) + VECTORS - 1 - row % VECTORS
}

/// Does not look at what the costs are: always answers no.
///
/// # Safety
///
/// The processor has NEON; the strip is as [`super::compute`] checks it.
#[target_feature(enable = "neon")]
pub(super) unsafe fn compute(strip: &mut Strip<'_>) -> bool {
    let ceiling = vdupq_n_s32(CEILING);
    // The anti-diagonal before, and what lies diagonally before the next one.
    let mut before = [ceiling; VECTORS];
    let mut diagonal = [ceiling; VECTORS];
    diagonal[0] = shifted(ceiling, strip.above[0]);
    let mut costs = [[0; STRIP_ROWS]; LANES];
    let last = strip.last_row;
    let words = words(strip.columns);
    for first in (0..words).step_by(LANES) {
        // SAFETY: as promised to this function.
        unsafe { prepare(strip, first, &mut costs) };
        for (number, costs) in (first..words).zip(&costs) {
            // Beyond the last column only cells are fed that nobody reads.
            let fed = strip.above[(number + 1).min(strip.columns)];
            let mut above = shifted(before[VECTORS - 1], fed);
            let mut from_above = vdupq_n_u32(0);
            let mut from_left = vdupq_n_u32(0);
            for vector in 0..VECTORS {
                let left = before[vector];
                let best = vminq_s32(diagonal[vector], above);
                from_above = with_bit(from_above, vcgtq_s32(diagonal[vector], above));
                from_left = with_bit(from_left, vcgtq_s32(best, left));
                // SAFETY: four values.
                let cost = unsafe { vld1q_s32(costs[LANES * vector..][..LANES].as_ptr()) };
                let sum = vaddq_s32(vminq_s32(best, left), cost);
                before[vector] = vminq_s32(sum, ceiling);
                diagonal[vector] = above;
                above = left;
            }
            strip.directions[number] = packed(from_above, from_left);
            if let Some(column) = number.checked_sub(last)
                && column < strip.columns
            {
                let mut lanes = [0; LANES];
                // SAFETY: four values.
                unsafe { vst1q_s32(lanes.as_mut_ptr(), before[last % VECTORS]) };
                strip.below[column + 1] = lanes[last / VECTORS];
            }
        }
    }
    strip.below[0] = CEILING;
    false
}

/// Prepares the costs of the anti-diagonals from `first` on, as whole numbers.
/// On anti-diagonal d row r stands in column d − r.
///
/// # Safety
///
/// As [`compute`]; `first` is below the strip's number of anti-diagonals.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn prepare(strip: &Strip<'_>, first: usize, out: &mut Diagonals) {
    let factor = vdupq_n_f32(strip.scale.factor);
    let highest = vdupq_n_f32(HIGHEST_COST as f32);
    let origin = strip.costs.as_ptr().wrapping_add(strip.first + first);
    for vector in 0..VECTORS {
        let mut rows = [vdupq_n_f32(0.0); LANES];
        for (lane, costs) in rows.iter_mut().enumerate() {
            let row = vector + VECTORS * lane;
            // Never before the costs: a row is longer than it is far down.
            let place = origin.wrapping_add(row * strip.stride - row);
            // SAFETY: columns first − 31 .. first + 4 of a row, which lie within
            // the margins.
            *costs = unsafe { vld1q_f32(place) };
        }
        for (out, costs) in out.iter_mut().zip(transposed(rows)) {
            // Of a number and NaN the number is the lesser, as in plain code.
            let limited = vminnmq_f32(vmulq_f32(costs, factor), highest);
            let places = &mut out[LANES * vector..][..LANES];
            // SAFETY: four values.
            unsafe { vst1q_s32(places.as_mut_ptr(), vcvtnq_s32_f32(limited)) };
        }
    }
}

/// Each lane from the one before it; the first is fed.
#[inline]
#[target_feature(enable = "neon")]
fn shifted(lanes: int32x4_t, fed: i32) -> int32x4_t {
    vextq_s32::<3>(vdupq_n_s32(fed), lanes)
}

/// The bits of every lane, one place up, and below them what the mask says.
#[inline]
#[target_feature(enable = "neon")]
fn with_bit(bits: uint32x4_t, mask: uint32x4_t) -> uint32x4_t {
    vsliq_n_u32::<1>(mask, bits)
}

/// The lowest byte of every lane.
#[inline]
#[target_feature(enable = "neon")]
fn packed(low: uint32x4_t, high: uint32x4_t) -> u64 {
    let mut bytes = [0; 8];
    let halves = vcombine_u16(vmovn_u32(low), vmovn_u32(high));
    // SAFETY: eight values.
    unsafe { vst1_u8(bytes.as_mut_ptr(), vmovn_u16(halves)) };
    u64::from_le_bytes(bytes)
}

/// Columns of four rows.
#[inline]
#[target_feature(enable = "neon")]
fn transposed([a, b, c, d]: [float32x4_t; 4]) -> [float32x4_t; 4] {
    let (even_ab, odd_ab) = (vtrn1q_f32(a, b), vtrn2q_f32(a, b));
    let (even_cd, odd_cd) = (vtrn1q_f32(c, d), vtrn2q_f32(c, d));
    [
        vcombine_f32(vget_low_f32(even_ab), vget_low_f32(even_cd)),
        vcombine_f32(vget_low_f32(odd_ab), vget_low_f32(odd_cd)),
        vcombine_f32(vget_high_f32(even_ab), vget_high_f32(even_cd)),
        vcombine_f32(vget_high_f32(odd_ab), vget_high_f32(odd_cd)),
    ]
}
