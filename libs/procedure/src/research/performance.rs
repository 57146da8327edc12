//! The measures of one performance.

use sopilot_dtw::Evidence;

use super::boundaries::boundary_hausdorff_s;
use super::interval::{
    Interval, PossibleDeviation, StepPoints, deviation_interval, step_bootstrap_interval,
};
use super::kendall::{kendall_tau_b, step_order_tau};
use super::points::{points_lost_per_step, step_of};
use crate::procedure::TimeRange;
use crate::reading::Reading;
use crate::report::{Deviation, StepResult, StepStatus};

/// What the intervals of a score hold with.
const LEVEL: f64 = 0.95;
/// Each tail of 2.5 % then holds a hundred.
const DRAWS: usize = 4_000;
const SEED: u64 = 1989;

/// Measures of one performance for research. None of them enters the score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResearchMetrics {
    /// Discrete Fréchet distance of the embeddings of trainee and first gold, in
    /// units of the local cost (cosine: from 0 to 2); see
    /// [`sopilot_dtw::discrete_frechet`].
    pub discrete_frechet: f64,
    /// How far the boundaries of the trainee's steps lie from those of the
    /// first gold at the trainee's tempo, in seconds; see
    /// [`boundary_hausdorff_s`]. `None` if no step was done.
    pub boundary_hausdorff_s: Option<f64>,
    /// Kendall's tau of the steps as they were done against the procedure's
    /// order, from −1 to 1; of a step that was done several times the
    /// occurrence that counts; see [`step_order_tau`]. `None` if none of those
    /// that were done must come before another.
    pub step_order_tau: Option<f64>,
    /// Kendall's tau-b of the gold's place that every clip was decoded as,
    /// against time, from −1 to 1; see [`kendall_tau_b`]. Of the gold's own
    /// order: it knows no freedom. `None` if fewer than two places were seen.
    pub warp_tau: Option<f64>,
    /// Where the score lies with 95 % if it were known which of the suspected
    /// deviations are real, those too unsure to be reported among them; see
    /// [`deviation_interval`].
    pub deviation_interval: Interval,
    /// Where the mean score of such work lies with 95 % confidence; see
    /// [`step_bootstrap_interval`]. `None` with too few steps or where all lost
    /// the same.
    pub step_interval: Option<Interval>,
}

/// One performance, scored.
#[derive(Clone, Copy)]
pub(crate) struct Performance<'a> {
    pub(crate) reading: &'a Reading<'a>,
    /// From the alignment with the first gold.
    pub(crate) evidence: &'a Evidence,
    pub(crate) steps: &'a [StepResult],
    /// What was reported, and what was too unsure for that.
    pub(crate) deviations: &'a [Deviation],
    pub(crate) doubted: &'a [Deviation],
}

pub(crate) fn research_metrics(performance: &Performance<'_>) -> ResearchMetrics {
    ResearchMetrics {
        discrete_frechet: f64::from(performance.evidence.discrete_frechet),
        boundary_hausdorff_s: performance.hausdorff_s(),
        step_order_tau: performance.order_tau(),
        warp_tau: performance.warp_tau(),
        deviation_interval: deviation_interval(&performance.possible(), LEVEL, DRAWS, SEED),
        step_interval: step_bootstrap_interval(&performance.step_points(), LEVEL, DRAWS, SEED),
    }
}

impl Performance<'_> {
    fn hausdorff_s(&self) -> Option<f64> {
        let gold: Vec<TimeRange> = self.steps.iter().map(|step| step.gold_time).collect();
        let occurrences = self.reading.decoded.occurrences.iter();
        let done: Vec<(usize, TimeRange)> = occurrences
            .map(|found| (found.step, self.reading.timeline.time_of(&found.clips)))
            .collect();
        boundary_hausdorff_s(&gold, &done)
    }

    fn order_tau(&self) -> Option<f64> {
        let main = self.reading.main.iter().flatten();
        let mut done: Vec<(usize, usize)> = main
            .map(|main| (main.occurrence.clips.start, main.occurrence.step))
            .collect();
        done.sort_unstable();
        let done: Vec<usize> = done.into_iter().map(|(_, step)| step).collect();
        step_order_tau(&done, &self.reading.plan.order)
    }

    fn warp_tau(&self) -> Option<f64> {
        let positions = self.reading.decoded.positions.iter().enumerate();
        let warp: Vec<(f64, f64)> = positions
            .filter_map(|(clip, position)| Some((clip as f64, (*position)?)))
            .collect();
        kendall_tau_b(&warp)
    }

    fn possible(&self) -> Vec<PossibleDeviation> {
        let all = self.deviations.iter().chain(self.doubted);
        all.map(|deviation| PossibleDeviation {
            step: step_of(self.steps, deviation),
            probability: deviation.confidence,
            points: deviation.points_lost,
        })
        .collect()
    }

    /// Of the steps that count, in the order of the gold.
    fn step_points(&self) -> Vec<StepPoints> {
        let lost = points_lost_per_step(self.steps, self.deviations);
        let counted = |step: &StepResult| step.status != StepStatus::Skipped;
        let weight = |step: &StepResult| self.reading.plan.steps[step.index as usize].step.weight;
        let total: f64 = self
            .steps
            .iter()
            .filter(|step| counted(step))
            .map(weight)
            .sum();
        (self.steps.iter().zip(lost))
            .filter(|(step, _)| counted(step) && weight(step) > 0.0)
            .map(|(step, lost)| StepPoints {
                worth: 100.0 * weight(step) / total,
                lost,
            })
            .collect()
    }
}
