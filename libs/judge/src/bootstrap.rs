//! How sure a measure is: the same measure of many other draws of the tasks.
//!
//! Videos of one task are alike, so whole tasks are drawn, with replacement,
//! as many as there are; an interval is that between the 2.5 % and the 97.5 %
//! quantile of the measure over the draws (Efron 1979; Davison & Hinkley 1997,
//! §3.8 for the draw of groups). It says what other tasks of the same sort
//! would give; with few tasks it is too narrow, and where all tasks give the
//! same it has no width.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::quantile::quantile_of_sorted;
use crate::ranking::Ranking;
use crate::statistic::{Statistic, Tally};

/// The share of the draws in which a measure must be defined for its interval
/// to mean anything: a kind that only one task shows is often not drawn at
/// all, and where it is, always with the same result.
const MIN_DEFINED: f64 = 0.95;

/// A measure and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Estimate {
    /// The measure; none where it is undefined.
    pub value: Option<f64>,
    /// Where it lies in 95 % of other draws of the tasks; none if there is
    /// only one task, if too few tasks show what is measured, or if no draws
    /// were asked for.
    pub interval: Option<Interval>,
}

/// Both ends of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Every statistic of one method, with its value in each draw.
#[derive(Debug)]
pub(crate) struct Estimates {
    by_statistic: BTreeMap<Statistic, Draws>,
}

#[derive(Debug, Default)]
struct Draws {
    value: Option<f64>,
    drawn: Vec<Option<f64>>,
}

impl Estimates {
    /// `tallies` has the sums of each task. The draws depend on the seed and on
    /// the number of tasks alone, so those of two methods belong together.
    pub(crate) fn new(tallies: &[Tally], ranking: &Ranking, draws: usize, seed: u64) -> Self {
        let mut by_statistic: BTreeMap<Statistic, Draws> = Statistic::all()
            .map(|statistic| (statistic, Draws::default()))
            .collect();
        let (sum, areas) = weighted(tallies, ranking, &vec![1.0; tallies.len()]);
        for (statistic, draws) in &mut by_statistic {
            draws.value = statistic.of(&sum, &areas);
        }
        let draws = if tallies.len() < 2 { 0 } else { draws };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..draws {
            let weights = draw(&mut rng, tallies.len());
            let (sum, areas) = weighted(tallies, ranking, &weights);
            for (statistic, draws) in &mut by_statistic {
                draws.drawn.push(statistic.of(&sum, &areas));
            }
        }
        Self { by_statistic }
    }

    pub(crate) fn of(&self, statistic: Statistic) -> Estimate {
        let draws = self.draws(statistic);
        Estimate {
            value: draws.value,
            interval: interval(draws.value, draws.drawn.iter().copied()),
        }
    }

    /// This one minus another one on the same videos, draw by draw.
    pub(crate) fn minus(&self, other: &Self, statistic: Statistic) -> Estimate {
        let (this, other) = (self.draws(statistic), other.draws(statistic));
        let difference = |a: Option<f64>, b: Option<f64>| Some(a? - b?);
        let value = difference(this.value, other.value);
        let drawn = this.drawn.iter().zip(&other.drawn);
        Estimate {
            value,
            interval: interval(value, drawn.map(|(&a, &b)| difference(a, b))),
        }
    }

    fn draws(&self, statistic: Statistic) -> &Draws {
        &self.by_statistic[&statistic]
    }
}

type Areas = [Option<f64>; crate::statistic::SUBJECTS];

fn weighted(tallies: &[Tally], ranking: &Ranking, weights: &[f64]) -> (Tally, Areas) {
    let mut sum = Tally::default();
    for (tally, &weight) in tallies.iter().zip(weights) {
        if weight > 0.0 {
            sum.add(tally, weight);
        }
    }
    (sum, ranking.areas(weights))
}

/// How often each task is there in one draw.
fn draw(rng: &mut ChaCha8Rng, tasks: usize) -> Vec<f64> {
    let mut weights = vec![0.0; tasks];
    for _ in 0..tasks {
        weights[rng.random_range(0..tasks as u32) as usize] += 1.0;
    }
    weights
}

fn interval(
    value: Option<f64>,
    drawn: impl ExactSizeIterator<Item = Option<f64>>,
) -> Option<Interval> {
    value?;
    let draws = drawn.len();
    let mut defined: Vec<f64> = drawn.flatten().collect();
    if (defined.len() as f64) < MIN_DEFINED * draws as f64 {
        return None;
    }
    defined.sort_unstable_by(f64::total_cmp);
    Some(Interval {
        low: quantile_of_sorted(&defined, 0.025)?,
        high: quantile_of_sorted(&defined, 0.975)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistic::{Detections, Subject};

    const F1: Statistic = Statistic::F1(Subject::All);

    fn tally(right: f64, missed: f64) -> Tally {
        let mut tally = Tally::default();
        tally.by_kind[0] = Detections {
            right,
            wrong: 0.0,
            missed,
        };
        tally
    }

    fn estimates(tallies: &[Tally], seed: u64) -> Estimates {
        Estimates::new(tallies, &Ranking::new(Vec::new()), 500, seed)
    }

    #[test]
    fn tasks_that_are_equal_give_draws_that_are_equal() {
        let all = estimates(&vec![tally(3.0, 1.0); 6], 1);
        let draws = all.draws(F1);
        assert_eq!(draws.drawn.len(), 500);
        assert!(draws.drawn.iter().all(|&drawn| drawn == draws.value));
        let interval = all.of(F1).interval.expect("six tasks");
        assert_eq!((interval.low, interval.high), (6.0 / 7.0, 6.0 / 7.0));
    }

    #[test]
    fn one_task_has_no_interval() {
        let estimate = estimates(&[tally(3.0, 1.0)], 1).of(F1);
        assert_eq!((estimate.value, estimate.interval), (Some(6.0 / 7.0), None));
    }

    #[test]
    fn what_is_often_undefined_has_no_interval() {
        let mut tallies = vec![tally(0.0, 0.0); 9];
        tallies.push(tally(1.0, 1.0));
        let estimate = estimates(&tallies, 1).of(F1);
        assert_eq!(estimate.interval, None);
        assert!(estimate.value.is_some());
    }

    #[test]
    fn the_same_seed_gives_the_same_and_a_method_differs_from_itself_by_nothing() {
        let tallies: Vec<Tally> = (0..8).map(|n| tally(f64::from(n), 4.0)).collect();
        let (one, same) = (estimates(&tallies, 1), estimates(&tallies, 1));
        assert_eq!(one.of(F1), same.of(F1));
        assert_ne!(one.of(F1), estimates(&tallies, 2).of(F1));
        let difference = one.minus(&same, F1);
        let interval = difference.interval.expect("eight tasks");
        assert_eq!(
            (difference.value, interval.low, interval.high),
            (Some(0.0), 0.0, 0.0)
        );
    }

    #[test]
    fn pairing_makes_a_steady_difference_sure() {
        // Tasks differ much, but one method is always a little better.
        let method = |better: f64| -> Vec<Tally> {
            (0..10)
                .map(|n| {
                    tally(
                        2.0 * f64::from(n) + better,
                        20.0 - 2.0 * f64::from(n) - better,
                    )
                })
                .collect()
        };
        let (a, b) = (estimates(&method(1.0), 1), estimates(&method(0.0), 1));
        let difference = a.minus(&b, F1).interval.expect("ten tasks");
        assert!(difference.low > 0.0);
        let (a, b) = (
            a.of(F1).interval.expect("ten"),
            b.of(F1).interval.expect("ten"),
        );
        assert!(a.low < b.high, "unpaired intervals overlap");
    }

    /// Tasks with 10 deviations each, found with a probability that differs
    /// from task to task: the interval must hold the true recall about as often
    /// as it says.
    #[test]
    fn intervals_hold_the_truth_about_as_often_as_they_say() {
        let recall = Statistic::Recall(Subject::All);
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut held = 0;
        for seed in 0..200 {
            let tallies: Vec<Tally> = (0..25)
                .map(|_| {
                    let probability = rng.random_range(0.4..0.8);
                    let right = (0..10).filter(|_| rng.random_bool(probability)).count() as f64;
                    tally(right, 10.0 - right)
                })
                .collect();
            let estimates = Estimates::new(&tallies, &Ranking::new(Vec::new()), 200, seed);
            let interval = estimates.of(recall).interval.expect("25 tasks");
            held += usize::from(interval.low <= 0.6 && 0.6 <= interval.high);
        }
        assert!((176..=199).contains(&held), "{held} of 200");
    }
}
