//! How sure a score is. There are two answers, to two questions, and neither
//! contains the other:
//!
//! - what the score of this performance would be if it were known which
//!   deviations are real ([`deviation_interval`]): the error of the measurement;
//! - what such work scores in the long run, of which the steps that were seen
//!   are a sample ([`step_bootstrap_interval`]): what chance does to the
//!   performer.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Fewest steps of which [`step_bootstrap_interval`] says anything: three
/// blocks.
pub const MIN_STEPS: usize = 6;

/// Both ends of an interval, in points of the score; from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end, not below the lower one.
    pub high: f64,
}

/// A deviation that may be real.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PossibleDeviation {
    /// The step it is counted for.
    pub step: usize,
    /// How likely it is real, from 0 to 1.
    pub probability: f64,
    /// Points that it costs if it is.
    pub points: f64,
}

/// What one step could earn and what it cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepPoints {
    /// Points that the step is worth; of all steps together greater than 0.
    pub worth: f64,
    /// Points lost at it; may exceed its worth.
    pub lost: f64,
}

/// Where the score lies with probability `level` (between 0 and 1) when every
/// deviation is real with its probability: a parametric bootstrap (Efron 1979)
/// whose blocks are the steps.
///
/// Deviations of one step rest on the same evidence, so they are drawn
/// together, with one number for the step: the likely ones are real whenever a
/// less likely one is. Steps are independent of each other. It covers the
/// doubt about what was found, reported or not, and is as good as the
/// probabilities are; what was not even suspected it cannot cover. As all
/// reported deviations count in full in the score, the score may lie anywhere
/// in it, and even outside.
pub fn deviation_interval(
    possible: &[PossibleDeviation],
    level: f64,
    draws: usize,
    seed: u64,
) -> Interval {
    let mut steps: BTreeMap<usize, Vec<&PossibleDeviation>> = BTreeMap::new();
    for deviation in possible {
        steps.entry(deviation.step).or_default().push(deviation);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let scores = (0..draws.max(1)).map(|_| {
        let lost = steps.values().map(|deviations| {
            let doubt: f64 = rng.random();
            let real = deviations.iter().filter(|found| doubt < found.probability);
            real.map(|found| found.points).sum::<f64>()
        });
        100.0 - lost.sum::<f64>()
    });
    outer_quantiles(scores.collect(), 0.5 * (1.0 - level))
}

/// Where the mean score of such work lies, with confidence `level` (between 0
/// and 1), if the steps are taken as a stretch of a stationary series of steps
/// of its kind: block bootstrap of the share of the points that was lost.
///
/// Blocks are runs of [`block_length`] consecutive steps (Künsch, Annals of
/// Statistics 17, 1989), for what befalls one step often befalls the next; they
/// go round from the last step to the first, so that every step is drawn as
/// often (Politis & Romano, 1992). Percentiles of few blocks are too narrow, so
/// they are taken further out, as Student's t is from the normal distribution
/// (the expanded percentile interval of Hesterberg, The American Statistician
/// 69, 2015, with blocks in place of observations).
///
/// `None` with fewer than [`MIN_STEPS`] steps or where all lost the same share:
/// a sample without spread says nothing about the spread.
pub fn step_bootstrap_interval(
    steps: &[StepPoints],
    level: f64,
    draws: usize,
    seed: u64,
) -> Option<Interval> {
    let count = steps.len();
    let share = |step: &StepPoints| step.lost / step.worth;
    let alike = |step: &StepPoints| (share(step) - share(&steps[0])).abs() < 1e-12;
    if count < MIN_STEPS || steps.iter().all(alike) {
        return None;
    }
    let length = block_length(count);
    let tail = expanded_tail(0.5 * (1.0 - level), count as f64 / length as f64)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let scores = (0..draws.max(1)).map(|_| {
        let (mut worth, mut lost, mut drawn) = (0.0, 0.0, 0);
        while drawn < count {
            let start = rng.random_range(0..count as u32) as usize;
            for offset in 0..length.min(count - drawn) {
                let step = &steps[(start + offset) % count];
                worth += step.worth;
                lost += step.lost;
            }
            drawn += length;
        }
        100.0 * (1.0 - lost / worth)
    });
    Some(outer_quantiles(scores.collect(), tail))
}

/// Steps in a block: the cube root of their number, the order that Künsch (1989)
/// finds best for the variance of a mean; rounded up, for blocks that are too
/// short make the interval too narrow.
pub fn block_length(steps: usize) -> usize {
    (1..=steps)
        .find(|length| length.pow(3) >= steps)
        .unwrap_or(1)
}

/// The tail probability of a normal distribution that lies as many standard
/// errors out, as a bootstrap of so many blocks underestimates them, as `tail`
/// of Student's t does.
fn expanded_tail(tail: f64, blocks: f64) -> Option<f64> {
    let student = StudentsT::new(0.0, 1.0, blocks - 1.0).ok()?;
    let out = student.inverse_cdf(tail) * (blocks / (blocks - 1.0)).sqrt();
    Some(Normal::standard().cdf(out))
}

/// What lies between two tails of the same size; where draws are tied, no less.
fn outer_quantiles(mut scores: Vec<f64>, tail: f64) -> Interval {
    for score in &mut scores {
        *score = score.clamp(0.0, 100.0);
    }
    scores.sort_by(f64::total_cmp);
    let out = ((tail * scores.len() as f64).floor() as usize).min(scores.len() / 2);
    let last = scores.len() - 1;
    Interval {
        low: scores[out.min(last)],
        high: scores[last - out.min(last)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: f64 = 0.95;

    #[test]
    fn what_is_certain_has_no_width() {
        let certain = |step, probability, points| PossibleDeviation {
            step,
            probability,
            points,
        };
        let possible = [certain(0, 1.0, 20.0), certain(1, 0.0, 50.0)];
        let interval = deviation_interval(&possible, LEVEL, 500, 1);
        assert_eq!((interval.low, interval.high), (80.0, 80.0));
        let nothing = deviation_interval(&[], LEVEL, 500, 1);
        assert_eq!((nothing.low, nothing.high), (100.0, 100.0));
        let all = [certain(0, 1.0, 90.0), certain(0, 1.0, 50.0)];
        assert_eq!(deviation_interval(&all, LEVEL, 500, 1).high, 0.0);
    }

    #[test]
    fn a_sample_without_spread_has_no_interval() {
        let step = |worth, lost| StepPoints { worth, lost };
        assert_eq!(
            step_bootstrap_interval(
                &[
                    step(20.0, 4.0),
                    step(20.0, 0.0),
                    step(20.0, 0.0),
                    step(20.0, 0.0),
                    step(20.0, 0.0)
                ],
                LEVEL,
                99,
                1
            ),
            None
        );
        assert_eq!(
            step_bootstrap_interval(&[step(10.0, 2.0); 10], LEVEL, 99, 1),
            None
        );
        let mut steps = [step(10.0, 2.0); 10];
        steps[3].lost = 10.0;
        let interval = step_bootstrap_interval(&steps, LEVEL, 999, 1).unwrap();
        assert!(interval.low < 72.0 && interval.high > 72.0, "{interval:?}");
        assert_eq!(
            step_bootstrap_interval(&steps, LEVEL, 999, 1),
            Some(interval)
        );
    }

    #[test]
    fn blocks_grow_with_the_cube_root() {
        let lengths = [1, 6, 8, 9, 27, 28, 64, 65, 200].map(block_length);
        assert_eq!(lengths, [1, 2, 2, 3, 3, 4, 4, 5, 6]);
    }

    /// Share of `trials` in which the interval holds the truth.
    fn coverage(trials: u64, mut trial: impl FnMut(u64, &mut ChaCha8Rng) -> Option<bool>) -> f64 {
        let mut rng = ChaCha8Rng::seed_from_u64(20);
        let held: Vec<bool> = (0..trials)
            .filter_map(|seed| trial(seed, &mut rng))
            .collect();
        assert!(held.len() as u64 * 10 > trials * 9, "too few intervals");
        held.iter().filter(|&&held| held).count() as f64 / held.len() as f64
    }

    /// Probabilities that are right: which deviations are real is drawn from
    /// them.
    #[test]
    fn the_interval_of_the_deviations_covers_the_true_score() {
        let covered = coverage(500, |seed, rng| {
            let possible: Vec<PossibleDeviation> = (0..24)
                .map(|_| PossibleDeviation {
                    step: rng.random_range(0..16),
                    probability: rng.random(),
                    points: rng.random_range(0.5..6.0),
                })
                .collect();
            let doubts: Vec<f64> = (0..16).map(|_| rng.random()).collect();
            let real = possible
                .iter()
                .filter(|deviation| doubts[deviation.step] < deviation.probability);
            let truth = 100.0 - real.map(|deviation| deviation.points).sum::<f64>();
            let Interval { low, high } = deviation_interval(&possible, LEVEL, 500, seed);
            Some((low..=high).contains(&truth))
        });
        assert!((0.93..=0.975).contains(&covered), "{covered}");
    }

    /// Steps of unequal worth that fail more often after one that failed: a
    /// chain that stays failed with probability `stay` and has the stationary
    /// probability 0.25; what fails costs half to all of the step.
    fn chain(rng: &mut ChaCha8Rng, count: usize, stay: f64) -> Vec<StepPoints> {
        const FAILING: f64 = 0.25;
        let enter = FAILING * (1.0 - stay) / (1.0 - FAILING);
        let mut failed = rng.random::<f64>() < FAILING;
        let step = |_| {
            let worth = rng.random_range(0.5..2.0);
            let lost = if failed {
                worth * rng.random_range(0.5..1.0)
            } else {
                0.0
            };
            failed = rng.random::<f64>() < if failed { stay } else { enter };
            StepPoints { worth, lost }
        };
        (0..count).map(step).collect()
    }

    #[test]
    fn the_interval_of_the_steps_covers_the_long_run() {
        const TRUTH: f64 = 100.0 - 100.0 * 0.25 * 0.75;
        for (count, stay) in [(8, 0.25), (12, 0.25), (30, 0.25), (30, 0.45), (80, 0.45)] {
            let covered = coverage(500, |seed, rng| {
                let steps = chain(rng, count, stay);
                let interval = step_bootstrap_interval(&steps, LEVEL, 600, seed)?;
                Some((interval.low..=interval.high).contains(&TRUTH))
            });
            assert!(
                (0.90..=0.99).contains(&covered),
                "{count} steps, stay {stay}: {covered}"
            );
        }
    }
}
