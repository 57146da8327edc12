//! How well a trainee followed a procedure.

use crate::metrics::Metrics;
use crate::procedure::TimeRange;
use crate::research::ResearchMetrics;

/// How well a trainee followed a procedure.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreOutcome {
    /// From 0 to 100: 100 minus the points lost, never below 0.
    pub score: f64,
    /// What follows from the score, the critical steps and the view.
    pub verdict: Verdict,
    /// Why this verdict, in one sentence.
    pub verdict_reason: String,
    /// What differs from the procedure, ordered by time in the trainee's
    /// video.
    pub deviations: Vec<Deviation>,
    /// What became of every step, in the procedure's order. A step with parts
    /// is missing if all of them are, and wrong if some are missing or wrong.
    pub steps: Vec<StepResult>,
    /// The metrics of the earlier system, against the first gold.
    pub metrics: Metrics,
    /// Measures for research, against the first gold.
    pub research: ResearchMetrics,
    /// Which moment of the first gold the trainee's clips show, in time; clips
    /// that show no step are left out.
    pub course: Vec<CoursePoint>,
    /// Golds that were not used because they have another number of steps
    /// than the first (possible only where steps were found), from 0.
    pub golds_left_out: Vec<usize>,
}

/// A moment of the trainee's video and the gold's that it shows, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoursePoint {
    /// In the trainee's video.
    pub trainee_s: f64,
    /// In the gold.
    pub gold_s: f64,
}

/// What follows from a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The procedure was followed.
    Pass,
    /// It was not.
    Fail,
    /// A person must look.
    NeedsReview,
    /// The videos do not show the same work, or it cannot be seen; the score
    /// means nothing.
    NotComparable,
}

/// One difference from the procedure.
#[derive(Debug, Clone, PartialEq)]
pub struct Deviation {
    /// What kind.
    pub kind: DeviationType,
    /// The procedure's step it is about, from 0: the finest of which it can be
    /// said. `None` for extra activity.
    pub gold_step: Option<u32>,
    /// Name of that step; empty for extra activity.
    pub step_name: String,
    /// When the first gold shows it. `None` for extra activity.
    pub gold_time: Option<TimeRange>,
    /// When the trainee did it; for a missing step, where it should have been.
    pub trainee_time: TimeRange,
    /// How sure, from 0 to 1: how often findings of this kind with so much
    /// evidence were right on drawn videos.
    pub confidence: f64,
    /// Points it cost.
    pub points_lost: f64,
    /// What the verdict would be had this not happened, and all else had.
    pub verdict_without: Verdict,
    /// What was seen, in one sentence.
    pub reason: String,
}

/// What can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviationType {
    /// A step was left out.
    MissingStep,
    /// A step was done at a place that the procedure does not allow.
    OutOfOrder,
    /// A step was done again.
    RepeatedStep,
    /// Something was done that belongs to no step.
    ExtraActivity,
    /// In place of the step something else, or only a part of it, was done.
    WrongExecution,
    /// A step took too long.
    OverTime,
    /// A step was done too fast.
    UnderTime,
}

/// What became of one step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepResult {
    /// The step, from 0.
    pub index: u32,
    /// The step that it is a part of.
    pub parent: Option<u32>,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub status: StepStatus,
    /// When the first gold shows it.
    pub gold_time: TimeRange,
    /// When the trainee did it. `None` if it was not found.
    pub trainee_time: Option<TimeRange>,
    /// Duration relative to the tempo-corrected gold. `None` if it was not
    /// found or something else was done in its place.
    pub duration_ratio: Option<f64>,
    /// How alike, from 0 (unrelated) to 1 (as the gold to itself).
    pub similarity: f64,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepStatus {
    /// Done as the procedure asks; or not found, but too unsurely missing to
    /// be reported: then it has no time, and the verdict is not a pass.
    Done,
    /// Done, with a deviation of order, time or repetition.
    Deviated,
    /// Done wrongly or only in part.
    Wrong,
    /// Left out.
    Missing,
    /// Optional and left out.
    Skipped,
    /// A part of a step that cannot be told from the other parts in every gold,
    /// or is too short: the step is judged as a whole.
    Unresolved,
}

#[cfg(test)]
impl StepResult {
    /// A step that the gold shows from 0 to 1 s, and the trainee, if at all,
    /// for a second from `start_s` on.
    pub(crate) fn sample(index: u32, status: StepStatus, start_s: Option<f64>) -> Self {
        let time = |start_s| TimeRange {
            start_s,
            end_s: start_s + 1.0,
        };
        Self {
            index,
            parent: None,
            name: String::new(),
            status,
            gold_time: time(0.0),
            trainee_time: start_s.map(time),
            duration_ratio: None,
            similarity: 1.0,
        }
    }
}
