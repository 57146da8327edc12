//! Drop-DTW: warping that may drop elements of both sequences.

use sopilot_judge::Prediction;

use crate::decoded::Decoded;
use crate::edit::compare;
use crate::likelihood::{Likelihood, quantile};
use crate::pair::{Centring, Pair};
use crate::{BaselineError, Method};

/// Drop-DTW (Dvornik et al. 2021, arXiv 2108.11996) between the gold's steps
/// and the trainee's clips: a monotone alignment in which steps and clips may
/// both be dropped, at a cost that is a percentile of the cost matrix. Matching
/// costs 1 − the similarity of step and clip.
///
/// The percentile is 1 / K for K steps: every clip of a faithful performance
/// matches one step of K. (The authors keep 0.3, with fewer steps and learned
/// embeddings; here nothing would ever be dropped.) Of the paper's moves the
/// one that matches several steps with one clip is left out, for steps are
/// longer than clips.
///
/// A step that is dropped is missing. Dropped clips are other work, unless they
/// resemble an idle part of the gold or lie between clips of one step.
#[derive(Debug, Clone, Copy)]
pub struct DropDtw;

impl Method for DropDtw {
    fn name(&self) -> &'static str {
        "drop-dtw"
    }

    fn about(&self) -> &'static str {
        "Monotone alignment of steps and clips that may drop both."
    }

    fn predict(&self, pair: &Pair<'_>) -> Result<Prediction, BaselineError> {
        let (steps, clips) = (pair.gold.steps(), pair.trainee.clips.len());
        let cost: Vec<f64> = (0..steps * clips)
            .map(|cell| pair.similarity(Centring::OnEach, cell / clips, cell % clips))
            .map(|similarity| 1.0 - f64::from(similarity))
            .collect();
        let drop = quantile(cost.clone(), 1.0 / steps as f64);
        let labels = align(&cost, clips, drop);
        let likelihood = Likelihood::new(pair, Centring::OnEach);
        let weight = |step: usize, clip: usize| drop - cost[step * clips + clip];
        let filled = without_holes(&labels);
        let decoded = Decoded::of_labels(&filled, |clip| likelihood.idle[clip], weight);
        Ok(compare(pair, &decoded, None))
    }
}

/// Gives what is dropped within a step to it.
fn without_holes(labels: &[Option<usize>]) -> Vec<Option<usize>> {
    let mut filled = labels.to_vec();
    for step in labels.iter().flatten() {
        let is_step = |label: &Option<usize>| label == &Some(*step);
        let ends = (
            labels.iter().position(is_step),
            labels.iter().rposition(is_step),
        );
        if let (Some(first), Some(last)) = ends {
            filled[first..=last].fill(Some(*step));
        }
    }
    filled
}

/// The step that each clip is matched with, if any, at least cost. `cost`:
/// steps × clips; `drop`: of a step or of a clip.
fn align(cost: &[f64], clips: usize, drop: f64) -> Vec<Option<usize>> {
    let steps = cost.len() / clips;
    let mut table = Table::new(clips);
    for step in 0..steps {
        table.add_step(&cost[step * clips..(step + 1) * clips], drop);
    }
    table.labels()
}

/// Least costs of the steps so far with so many clips, by whether the last step
/// was matched or dropped.
struct Table {
    clips: usize,
    /// Of no step so far, then of each: by clips, matched and dropped.
    rows: Vec<Row>,
}

struct Row {
    matched: Vec<f64>,
    dropped: Vec<f64>,
    /// Per number of clips: how the last clip got there if the step is matched.
    last: Vec<Last>,
}

#[derive(Clone, Copy, PartialEq)]
enum Last {
    /// The clip is the first that is matched with the step.
    First,
    /// It is matched, as an earlier one was.
    More,
    /// It is dropped.
    Dropped,
}

impl Row {
    fn best(&self, clips: usize) -> f64 {
        self.matched[clips].min(self.dropped[clips])
    }
}

impl Table {
    fn new(clips: usize) -> Self {
        Self {
            clips,
            rows: Vec::new(),
        }
    }

    /// Cost of `clips` clips and all steps before the one numbered `step`.
    fn before(&self, step: usize, clips: usize, drop: f64) -> f64 {
        match step.checked_sub(1) {
            Some(earlier) => self.rows[earlier].best(clips),
            None => clips as f64 * drop,
        }
    }

    fn add_step(&mut self, cost: &[f64], drop: f64) {
        let step = self.rows.len();
        let mut row = Row {
            matched: vec![f64::INFINITY; self.clips + 1],
            dropped: vec![self.before(step, 0, drop) + drop; self.clips + 1],
            last: vec![Last::First; self.clips + 1],
        };
        for clips in 1..=self.clips {
            let options = [
                (
                    self.before(step, clips - 1, drop) + cost[clips - 1],
                    Last::First,
                ),
                (row.matched[clips - 1] + cost[clips - 1], Last::More),
                (row.matched[clips - 1] + drop, Last::Dropped),
            ];
            for (value, last) in options {
                if value < row.matched[clips] {
                    (row.matched[clips], row.last[clips]) = (value, last);
                }
            }
            row.dropped[clips] = self.before(step, clips, drop) + drop;
        }
        self.rows.push(row);
    }

    fn labels(&self) -> Vec<Option<usize>> {
        let mut labels = vec![None; self.clips];
        let mut clips = self.clips;
        for (step, row) in self.rows.iter().enumerate().rev() {
            if row.dropped[clips] <= row.matched[clips] {
                continue;
            }
            loop {
                let last = row.last[clips];
                clips -= 1;
                if last != Last::Dropped {
                    labels[clips] = Some(step);
                }
                if last == Last::First {
                    break;
                }
            }
        }
        labels
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What an alignment costs.
    fn total(cost: &[f64], clips: usize, drop: f64, labels: &[Option<usize>]) -> f64 {
        let of_clips: f64 = labels
            .iter()
            .enumerate()
            .map(|(clip, step)| step.map_or(drop, |step| cost[step * clips + clip]))
            .sum();
        let dropped = (0..cost.len() / clips).filter(|step| !labels.contains(&Some(*step)));
        of_clips + drop * dropped.count() as f64
    }

    proptest! {
        #[test]
        fn no_monotone_alignment_is_cheaper(
            cost in proptest::collection::vec(0.0..2.0_f64, 3 * 5),
            drop in 0.1..1.5_f64,
        ) {
            let all = (0..4_usize.pow(5)).map(|code| {
                (0..5).map(|clip| (code / 4_usize.pow(clip) % 4).checked_sub(1)).collect::<Vec<_>>()
            });
            let monotone = |labels: &Vec<Option<usize>>| labels.iter().flatten().is_sorted();
            let best = all
                .filter(monotone)
                .map(|labels| total(&cost, 5, drop, &labels))
                .fold(f64::INFINITY, f64::min);
            let found = align(&cost, 5, drop);
            prop_assert!(monotone(&found));
            prop_assert!((total(&cost, 5, drop, &found) - best).abs() < 1e-9);
        }
    }
}
