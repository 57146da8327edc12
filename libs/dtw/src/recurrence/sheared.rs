//! Costs as whole numbers, anti-diagonal by anti-diagonal.

use std::arch::x86_64::{
    __m256, __m256i, _MM_HINT_T0, _MM_HINT_T1, _mm_prefetch, _mm256_castps_si256,
    _mm256_cmpeq_epi32, _mm256_cvtps_epi32, _mm256_loadu_ps, _mm256_max_epu32,
    _mm256_movemask_epi8, _mm256_mul_ps, _mm256_permute2f128_ps, _mm256_set1_epi32, _mm256_set1_ps,
    _mm256_setzero_ps, _mm256_setzero_si256, _mm256_shuffle_ps, _mm256_storeu_si256,
    _mm256_unpackhi_ps, _mm256_unpacklo_ps,
};

use super::{AT_ONCE, CEILING, STRIP_ROWS, Strip};

/// The costs of some anti-diagonals: for each, those of all rows of a strip.
#[repr(align(64))]
pub(super) struct Diagonals(pub(super) [[i32; STRIP_ROWS]; AT_ONCE]);

/// The sums above the cells of row 0 on the anti-diagonals `first..first + 8`.
/// Beyond the last column only cells are fed that nobody reads.
#[inline]
pub(super) fn fed(above: &[i32], first: usize) -> [i32; AT_ONCE] {
    let rest = above.get(first..).unwrap_or_default();
    rest.first_chunk().copied().unwrap_or_else(|| {
        let mut fed = [CEILING; AT_ONCE];
        fed[..rest.len()].copy_from_slice(rest);
        fed
    })
}

/// How far ahead costs are fetched from the second cache, in values: rows lie far
/// apart, so that no prefetcher of the processor follows all of them.
const FETCH_AHEAD: usize = 64;

/// Values in a line of the cache.
const LINE: usize = 16;

/// Makes anti-diagonals of the costs of a strip.
pub(super) struct Preparation {
    /// Of column 0 of row 0.
    origin: *const f32,
    stride: usize,
    factor: __m256,
    /// The greatest bits that any scaled cost had, by place.
    greatest: __m256i,
}

impl Preparation {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn of(strip: &Strip<'_>) -> Self {
        Self {
            origin: strip.costs.as_ptr().wrapping_add(strip.first),
            stride: strip.stride,
            factor: _mm256_set1_ps(strip.scale.factor),
            greatest: _mm256_setzero_si256(),
        }
    }

    /// Whether all costs so far were finite and not negative. Of such numbers, but
    /// for −0, the bits are less than those of infinity.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn saw_only_costs(&self) -> bool {
        let least = _mm256_set1_epi32(f32::INFINITY.to_bits().cast_signed());
        let too_great = _mm256_cmpeq_epi32(_mm256_max_epu32(self.greatest, least), self.greatest);
        _mm256_movemask_epi8(too_great) == 0
    }

    /// Prepares the anti-diagonals `first..first + 8`. On anti-diagonal d row r
    /// stands in column d − r. Place 8 q + l of an anti-diagonal holds row
    /// `row_of[q] − l * DISTANCE`. What is no number, or too large for a whole
    /// one, becomes `i32::MIN`.
    ///
    /// # Safety
    ///
    /// The processor has AVX2. The strip is as [`super::compute`] checks it;
    /// `first` is below its number of anti-diagonals.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn prepare<const DISTANCE: usize>(
        &mut self,
        row_of: [usize; 4],
        first: usize,
        out: &mut Diagonals,
    ) {
        // From a row to the one below and one column to the left. That is never
        // before the costs: a row is longer than it is far down.
        let down = self.stride - 1;
        let origin = self.origin.wrapping_add(first);
        for (quarter, &row) in row_of.iter().enumerate() {
            let of_first_lane = origin.wrapping_add(row * down);
            let place = |lane: usize| of_first_lane.wrapping_sub(lane * DISTANCE * down);
            let mut rows = [_mm256_setzero_ps(); 8];
            for (lane, costs) in rows.iter_mut().enumerate() {
                // SAFETY: columns first − 31 .. first + 8 of a row, which lie within
                // the margins.
                let row = unsafe { _mm256_loadu_ps(place(lane)) };
                *costs = _mm256_mul_ps(row, self.factor);
            }
            for (column, costs) in transposed(rows).into_iter().enumerate() {
                self.greatest = _mm256_max_epu32(self.greatest, _mm256_castps_si256(costs));
                let whole = _mm256_cvtps_epi32(costs);
                let places = &mut out.0[column][8 * quarter..8 * quarter + 8];
                // SAFETY: eight values.
                unsafe { _mm256_storeu_si256(places.as_mut_ptr().cast(), whole) };
            }
            if first.is_multiple_of(16) {
                for lane in 0..8 {
                    // Only a hint: any address may be given.
                    let ahead = place(lane).wrapping_add(FETCH_AHEAD);
                    _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
                }
            }
        }
        self.fetch_below(first);
    }

    /// Brings that part of the next strip into the second cache that is due by the
    /// time of the anti-diagonals `first..first + 8`: strips follow each other
    /// without a gap, so that memory is read from front to end, while this strip
    /// is computed.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn fetch_below(&self, first: usize) {
        let below = self.origin.wrapping_add(STRIP_ROWS * (self.stride + first));
        for line in 0..AT_ONCE * STRIP_ROWS / LINE {
            // Only a hint, as above; behind the last strip it fetches nothing of use.
            _mm_prefetch::<_MM_HINT_T1>(below.wrapping_add(LINE * line).cast());
        }
    }
}

/// Columns of eight rows.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed([a, b, c, d, e, f, g, h]: [__m256; 8]) -> [__m256; 8] {
    let (low, high) = (
        transposed_halves([a, b, c, d]),
        transposed_halves([e, f, g, h]),
    );
    [
        _mm256_permute2f128_ps::<0x20>(low[0], high[0]),
        _mm256_permute2f128_ps::<0x20>(low[1], high[1]),
        _mm256_permute2f128_ps::<0x20>(low[2], high[2]),
        _mm256_permute2f128_ps::<0x20>(low[3], high[3]),
        _mm256_permute2f128_ps::<0x31>(low[0], high[0]),
        _mm256_permute2f128_ps::<0x31>(low[1], high[1]),
        _mm256_permute2f128_ps::<0x31>(low[2], high[2]),
        _mm256_permute2f128_ps::<0x31>(low[3], high[3]),
    ]
}

/// Columns of four rows, in both halves.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed_halves(rows: [__m256; 4]) -> [__m256; 4] {
    let [a, b, c, d] = rows;
    let (low_ab, high_ab) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    let (low_cd, high_cd) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
    [
        _mm256_shuffle_ps::<0x44>(low_ab, low_cd),
        _mm256_shuffle_ps::<0xEE>(low_ab, low_cd),
        _mm256_shuffle_ps::<0x44>(high_ab, high_cd),
        _mm256_shuffle_ps::<0xEE>(high_ab, high_cd),
    ]
}
