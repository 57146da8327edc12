//! Two groups of performances.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::clip::median;

/// Up to so many ways to divide the performances, all are tried.
const MAX_EXACT: u64 = 200_000;

/// Divisions that are drawn where they are too many to try all.
const DRAWS: u32 = 19_999;

/// How much two groups differ: the first minus the second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupComparison {
    /// Difference of the means.
    pub mean_difference: f64,
    /// Hodges & Lehmann's (1963) shift: the median of the differences of all
    /// pairs of one from each group.
    pub shift: f64,
    /// Cliff's delta (1993), the size of the effect: the share of those pairs
    /// in which the first is greater minus that in which it is less. From −1 to
    /// 1; 0 if neither group tends to be greater.
    pub cliffs_delta: f64,
    /// Probability of a difference of the means at least as large, either way,
    /// if chance had divided the performances. Greater than 0, at most 1.
    pub p_value: f64,
    /// Whether all divisions were tried; else p is estimated from draws.
    pub is_exact: bool,
}

/// Permutation test of the mean (Pitman, 1937) of two independent groups, such
/// as the scores of trainees taught in two ways. `None` if either is empty or
/// a value is not finite.
///
/// The null hypothesis: all values come from one distribution. Groups of equal
/// mean but unequal spread and size are therefore rejected too often. Exact up
/// to 200 000 divisions (10 against 10); beyond, divisions are drawn from `seed`
/// and p = (1 + draws at least as far) / (1 + draws) (Phipson & Smyth, 2010).
/// O(n·m) numbers for n against m values.
pub fn compare_groups(first: &[f64], second: &[f64], seed: u64) -> Option<GroupComparison> {
    let mut all = [first, second].concat();
    if first.is_empty() || second.is_empty() || all.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let centre = mean(&all);
    for value in &mut all {
        *value -= centre;
    }
    // The sum of one group says the other's, for that of all is 0.
    let sum: f64 = all[..first.len()].iter().sum();
    // Sums in another order differ by rounding; equal ones must count.
    let far = sum.abs() - 1e-9 * all.iter().map(|value| value.abs()).sum::<f64>();
    let smaller = first.len().min(second.len());
    let exact = divisions(all.len() as u64, first.len() as u64);
    let p_value = match exact {
        Some(divisions) => count_as_far(&all, smaller, 0.0, far) as f64 / divisions as f64,
        None => draw_as_far(&mut all, smaller, far, seed),
    };
    let differences: Vec<f64> = first
        .iter()
        .flat_map(|a| second.iter().map(move |b| a - b))
        .collect();
    let count = |is: fn(&f64) -> bool| differences.iter().filter(|&value| is(value)).count() as f64;
    let more = count(|&value| value > 0.0) - count(|&value| value < 0.0);
    Some(GroupComparison {
        mean_difference: mean(first) - mean(second),
        cliffs_delta: more / differences.len() as f64,
        shift: median(differences),
        p_value,
        is_exact: exact.is_some(),
    })
}

/// In how many ways so many of `all` can be chosen, if not too many.
fn divisions(all: u64, chosen: u64) -> Option<u64> {
    (0..chosen.min(all - chosen)).try_fold(1, |ways: u64, taken| {
        let ways = ways * (all - taken) / (taken + 1);
        (ways <= MAX_EXACT).then_some(ways)
    })
}

/// Of all ways to choose so many of `values`, those whose sum with `sum` is at
/// least as far from 0 as `far`.
fn count_as_far(values: &[f64], chosen: usize, sum: f64, far: f64) -> u64 {
    if chosen == 0 {
        return u64::from(sum.abs() >= far);
    }
    (chosen..=values.len())
        .map(|rest| {
            let first = values.len() - rest;
            count_as_far(&values[first + 1..], chosen - 1, sum + values[first], far)
        })
        .sum()
}

fn draw_as_far(values: &mut [f64], chosen: usize, far: f64, seed: u64) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let as_far = (0..DRAWS)
        .filter(|_| {
            let (drawn, _) = values.partial_shuffle(&mut rng, chosen);
            drawn.iter().sum::<f64>().abs() >= far
        })
        .count();
    (as_far as f64 + 1.0) / (f64::from(DRAWS) + 1.0)
}

/// Fails unless the values look drawn evenly from 0 to 1: Kolmogorov's
/// statistic within its quantile 0.999.
#[cfg(test)]
pub(crate) fn assert_uniform(values: &[f64]) {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let farthest = values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            (value - index as f64 / count)
                .abs()
                .max((value - (index as f64 + 1.0) / count).abs())
        })
        .fold(0.0, f64::max);
    assert!(farthest < 1.95 / count.sqrt(), "{farthest} of {count}");
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    #[test]
    fn groups_of_known_examples() {
        let found = compare_groups(&[7.0, 8.0, 9.0], &[1.0, 2.0, 3.0], 1).unwrap();
        assert_eq!(
            (found.mean_difference, found.shift, found.cliffs_delta),
            (6.0, 6.0, 1.0)
        );
        // Of 20 divisions, this one and its mirror.
        assert_eq!((found.p_value, found.is_exact), (0.1, true));
        let same = compare_groups(&[5.0, 5.0], &[5.0, 5.0, 5.0], 1).unwrap();
        assert_eq!((same.cliffs_delta, same.p_value), (0.0, 1.0));
        assert_eq!(compare_groups(&[], &[1.0], 1), None);
        assert_eq!(compare_groups(&[f64::INFINITY], &[1.0], 1), None);
    }

    #[test]
    fn ties_are_neither_more_nor_less() {
        let found = compare_groups(&[1.0, 2.0, 3.0], &[2.0, 2.0], 1).unwrap();
        assert_eq!((found.cliffs_delta, found.shift), (0.0, 0.0));
        let more = compare_groups(&[2.0, 3.0], &[2.0, 1.0], 1).unwrap();
        assert_eq!(more.cliffs_delta, 0.75);
    }

    #[test]
    fn divisions_are_counted_until_there_are_too_many() {
        assert_eq!(divisions(6, 3), Some(20));
        assert_eq!(divisions(18, 9), Some(48_620));
        assert_eq!(divisions(20, 10), Some(184_756));
        assert_eq!(divisions(22, 11), None);
        assert_eq!(divisions(100_000, 1), Some(100_000));
        assert_eq!(divisions(u64::from(u32::MAX), 1000), None);
    }

    #[test]
    fn draws_estimate_what_trying_all_gives() {
        let values: Vec<f64> = (0..13).map(|i| f64::from((i * 5) % 13)).collect();
        let found = compare_groups(&values[..6], &values[6..], 1).unwrap();
        let centred: Vec<f64> = values.iter().map(|value| value - 6.0).collect();
        let far = centred[..6].iter().sum::<f64>().abs() - 1e-9;
        let drawn = draw_as_far(&mut centred.clone(), 6, far, 2);
        assert!(found.is_exact && (found.p_value - drawn).abs() < 0.015);
    }

    #[test]
    fn p_is_uniform_where_nothing_differs() {
        for (n, m, trials) in [(5, 8, 1000), (20, 15, 200)] {
            let mut rng = ChaCha8Rng::seed_from_u64(6);
            let ps: Vec<f64> = (0..trials)
                .map(|seed| {
                    let mut score = |_| 100.0 - rng.random_range(0.0..6.0_f64).powi(2);
                    let first: Vec<f64> = (0..n).map(&mut score).collect();
                    let second: Vec<f64> = (0..m).map(&mut score).collect();
                    let found = compare_groups(&first, &second, seed).unwrap();
                    assert_eq!(found.is_exact, n + m == 13);
                    found.p_value
                })
                .collect();
            assert_uniform(&ps);
        }
    }

    #[test]
    fn what_differs_is_found() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut scores = |middle: f64| -> Vec<f64> {
            (0..30)
                .map(|_| middle + rng.random_range(-10.0..10.0))
                .collect()
        };
        let (first, second) = (scores(85.0), scores(78.0));
        let found = compare_groups(&first, &second, 1).unwrap();
        assert!(found.p_value < 0.001 && found.shift > 3.0, "{found:?}");
        assert_eq!(compare_groups(&first, &second, 1), Some(found));
    }
}
