//! Costs as whole numbers, anti-diagonal by anti-diagonal.

use std::arch::x86_64::{
    __m128, __m256, __m256i, _MM_HINT_T0, _mm_loadu_ps, _mm_prefetch, _mm256_castps128_ps256,
    _mm256_cvtps_epi32, _mm256_insertf128_ps, _mm256_min_ps, _mm256_mul_ps, _mm256_or_si256,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_si256, _mm256_shuffle_ps,
    _mm256_storeu_si256, _mm256_testz_si256, _mm256_unpackhi_ps, _mm256_unpacklo_ps,
};

use super::{HIGHEST_COST, STRIP_ROWS, Strip};

/// Anti-diagonals that are prepared at once.
pub(super) const AT_ONCE: usize = 8;

/// The costs of some anti-diagonals: for each, those of all rows of a strip.
#[repr(align(64))]
pub(super) struct Diagonals(pub(super) [[i32; STRIP_ROWS]; AT_ONCE]);

/// How far ahead costs are fetched, in values: rows lie far apart, so that no
/// prefetcher of the processor follows all of them.
const FETCH_AHEAD: usize = 64;

/// Makes anti-diagonals of the costs of a strip.
pub(super) struct Preparation {
    /// Of column 0 of row 0.
    origin: *const f32,
    stride: usize,
    factor: __m256,
    /// All bits that any cost had.
    seen: __m256i,
}

impl Preparation {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn of(strip: &Strip<'_>) -> Self {
        Self {
            origin: strip.costs.as_ptr().wrapping_add(strip.first),
            stride: strip.stride,
            factor: _mm256_set1_ps(strip.scale.factor),
            seen: _mm256_setzero_si256(),
        }
    }

    /// Whether all costs so far were numbers from 0 to below the highest cost.
    /// What is NaN, infinite, negative or too large for a whole number sets one
    /// of the two highest bits.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn saw_only_low_costs(&self) -> bool {
        let high = _mm256_set1_epi32(HIGHEST_COST | i32::MIN);
        _mm256_testz_si256(self.seen, high) == 1
    }

    /// Prepares the anti-diagonals `first..first + 8`. On anti-diagonal d row r
    /// stands in column d − r. Place 8 q + l of an anti-diagonal holds row
    /// `row_of[q] − l * DISTANCE`. With `LIMITED` costs are cut at the highest.
    ///
    /// # Safety
    ///
    /// The processor has AVX2. The strip is as [`super::compute`] checks it;
    /// `first` is below its number of anti-diagonals.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn prepare<const DISTANCE: usize, const LIMITED: bool>(
        &mut self,
        row_of: [usize; 4],
        first: usize,
        out: &mut Diagonals,
    ) {
        let highest = _mm256_set1_ps(HIGHEST_COST as f32);
        let origin = self.origin.wrapping_add(first);
        for (quarter, &row) in row_of.iter().enumerate() {
            let place = |lane: usize| {
                let row = row - lane * DISTANCE;
                // Never before the costs: a row is longer than it is far down.
                origin.wrapping_add(row * self.stride - row)
            };
            // Two halves of four columns each, as halves of registers are cheap
            // to load into and costly to exchange.
            for half in 0..2 {
                let mut rows = [_mm256_set1_ps(0.0); 4];
                for (lane, low_and_high) in rows.iter_mut().enumerate() {
                    // SAFETY: columns first − 31 .. first + 8 of a row, which lie
                    // within the margins.
                    unsafe {
                        let low = _mm_loadu_ps(place(lane).wrapping_add(4 * half));
                        let high = _mm_loadu_ps(place(lane + 4).wrapping_add(4 * half));
                        *low_and_high = join(low, high);
                    }
                }
                for (column, costs) in transposed(rows).into_iter().enumerate() {
                    let mut scaled = _mm256_mul_ps(costs, self.factor);
                    if LIMITED {
                        scaled = _mm256_min_ps(scaled, highest);
                    }
                    let whole = _mm256_cvtps_epi32(scaled);
                    if !LIMITED {
                        self.seen = _mm256_or_si256(self.seen, whole);
                    }
                    let places = &mut out.0[4 * half + column][8 * quarter..8 * quarter + 8];
                    // SAFETY: eight values.
                    unsafe { _mm256_storeu_si256(places.as_mut_ptr().cast(), whole) };
                }
            }
            if first.is_multiple_of(16) {
                for lane in 0..8 {
                    // Only a hint: any address may be given.
                    let ahead = place(lane).wrapping_add(FETCH_AHEAD);
                    _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
                }
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn join(low: __m128, high: __m128) -> __m256 {
    _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(low), high)
}

/// Columns of four rows, in both halves.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed(rows: [__m256; 4]) -> [__m256; 4] {
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
