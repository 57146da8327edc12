//! Two performances of one procedure.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::clip::median;

/// Up to so many differences other than 0, all assignments of signs are tried:
/// about a million.
const MAX_EXACT: usize = 20;

/// Signs that are drawn where they are too many to try all.
const DRAWS: u32 = 19_999;

/// How much two performances differ, pair by pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedComparison {
    /// Mean of the differences.
    pub mean_difference: f64,
    /// Hodges & Lehmann's (1963) shift: the median of the means of all two
    /// differences, each also with itself. A few large ones do not move it.
    pub shift: f64,
    /// Probability of a mean at least as far from 0, either way, if the sign of
    /// every difference were chance. Greater than 0, at most 1.
    pub p_value: f64,
    /// Whether all signs were tried; else p is estimated from draws.
    pub is_exact: bool,
}

/// Sign-flip permutation test (Fisher, The Design of Experiments, 1935) of
/// paired differences, such as those of
/// [`points_lost_per_step`](crate::research::points_lost_per_step) in two
/// performances. `None` if there is none or one is not finite.
///
/// The null hypothesis: each difference might as well have been its opposite,
/// independently of the others. Exact up to 20 differences other than 0; beyond,
/// signs are drawn from `seed` and p = (1 + draws at least as far) / (1 + draws),
/// which never rejects too often (Phipson & Smyth, 2010). n differences can
/// give no p below 2¹⁻ⁿ: of fewer than six none is below 0.05.
pub fn compare_paired(differences: &[f64], seed: u64) -> Option<PairedComparison> {
    if differences.is_empty() || differences.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let sizes: Vec<f64> = differences
        .iter()
        .map(|value| value.abs())
        .filter(|&size| size > 0.0)
        .collect();
    let sum: f64 = differences.iter().sum();
    // Sums in another order differ by rounding; equal ones must count.
    let far = sum.abs() - 1e-9 * sizes.iter().sum::<f64>();
    let is_exact = sizes.len() <= MAX_EXACT;
    let p_value = if is_exact {
        let all = f64::powi(2.0, sizes.len() as i32);
        count_as_far(&sizes, 0.0, far) as f64 / all
    } else {
        draw_as_far(&sizes, far, seed)
    };
    Some(PairedComparison {
        mean_difference: sum / differences.len() as f64,
        shift: hodges_lehmann(differences),
        p_value,
        is_exact,
    })
}

/// Of all ways to give signs to `sizes`, those whose sum with `sum` is at least
/// as far from 0 as `far`.
fn count_as_far(sizes: &[f64], sum: f64, far: f64) -> u64 {
    match sizes.split_first() {
        None => u64::from(sum.abs() >= far),
        Some((size, rest)) => {
            count_as_far(rest, sum + size, far) + count_as_far(rest, sum - size, far)
        }
    }
}

fn draw_as_far(sizes: &[f64], far: f64, seed: u64) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let as_far = (0..DRAWS)
        .filter(|_| {
            // Every bit of a word is a sign.
            let signed = sizes.chunks(64).flat_map(|sizes| {
                let signs: u64 = rng.random();
                let sign = move |at: usize| if signs >> at & 1 == 0 { 1.0 } else { -1.0 };
                sizes
                    .iter()
                    .enumerate()
                    .map(move |(at, size)| sign(at) * size)
            });
            signed.sum::<f64>().abs() >= far
        })
        .count();
    (as_far as f64 + 1.0) / (f64::from(DRAWS) + 1.0)
}

fn hodges_lehmann(differences: &[f64]) -> f64 {
    let means = differences.iter().enumerate().flat_map(|(index, a)| {
        let with = differences[index..].iter();
        with.map(move |b| 0.5 * (a + b))
    });
    median(means.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_of_known_examples() {
        let p = |differences: &[f64]| compare_paired(differences, 1).unwrap().p_value;
        // All of one sign: only it and its opposite are as far.
        assert_eq!(p(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), 2.0 / 64.0);
        // Sums 6, 4, 2, 0, 0, −2, −4, −6.
        assert_eq!(p(&[1.0, -2.0, 3.0]), 6.0 / 8.0);
        assert_eq!(p(&[0.0, 0.0]), 1.0);
        assert_eq!(p(&[0.0, 0.1, 0.2, 0.0]), p(&[0.1, 0.2]));
        assert_eq!(compare_paired(&[], 1), None);
        assert_eq!(compare_paired(&[f64::NAN], 1), None);
    }

    #[test]
    fn a_single_large_difference_moves_the_mean_and_not_the_shift() {
        let found = compare_paired(&[1.0, 1.0, 1.0, 1.0, 96.0], 1).unwrap();
        assert_eq!((found.mean_difference, found.shift), (20.0, 1.0));
    }

    #[test]
    fn draws_estimate_what_trying_all_gives() {
        let differences: Vec<f64> = (0..14)
            .map(|i| f64::from((i * 7) % 11) - 3.0 + 0.01 * f64::from(i))
            .collect();
        let sizes: Vec<f64> = differences.iter().map(|value| value.abs()).collect();
        let far = differences.iter().sum::<f64>().abs();
        let exact = count_as_far(&sizes, 0.0, far - 1e-9) as f64 / 2_f64.powi(14);
        let drawn = draw_as_far(&sizes, far - 1e-9, 3);
        assert!((exact - drawn).abs() < 0.015, "{exact} {drawn}");
    }

    /// Skewed sizes, signs by chance: p is uniform, so about a share α of them
    /// is at most α.
    #[test]
    fn p_is_uniform_where_nothing_differs() {
        const TRIALS: u32 = 1000;
        for pairs in [12, 30] {
            let mut rng = ChaCha8Rng::seed_from_u64(5);
            let ps: Vec<f64> = (0..if pairs > MAX_EXACT {
                TRIALS / 5
            } else {
                TRIALS
            })
                .map(|seed| {
                    let difference = |_| {
                        let size = rng.random_range(0.1..3.0_f64).powi(2);
                        if rng.random() { size } else { -size }
                    };
                    let differences: Vec<f64> = (0..pairs).map(difference).collect();
                    let found = compare_paired(&differences, seed.into()).unwrap();
                    assert_eq!(found.is_exact, pairs <= MAX_EXACT);
                    found.p_value
                })
                .collect();
            crate::research::groups::assert_uniform(&ps);
        }
    }
}
