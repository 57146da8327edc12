//! What a video shows, known because it was planned or labelled.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What one trainee's video shows. Times are seconds from its first frame,
/// steps are counted from 0 in the order of the gold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Truth {
    /// The steps as they were done, in order of time. A step done twice is
    /// there twice.
    pub steps_done: Vec<Segment>,
    /// Every mistake.
    pub deviations: Vec<TrueDeviation>,
}

/// One step done once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// The step, from 0.
    pub step: usize,
    /// Start, in seconds.
    pub start_s: f64,
    /// End, in seconds; greater than the start.
    pub end_s: f64,
}

/// A piece of a video.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TimeRange {
    /// Start, in seconds.
    pub start_s: f64,
    /// End, in seconds; greater than the start.
    pub end_s: f64,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrueDeviation {
    /// What kind it is.
    pub kind: DeviationKind,
    /// The step it is about; none for an extra activity.
    pub gold_step: Option<usize>,
    /// For an adjacent swap the other step: reporting either finds the swap.
    pub swapped_with: Option<usize>,
    /// For a step moved far, the steps that it jumped over: that they are out
    /// of order is neither right nor wrong to report.
    pub jumped_over: Vec<usize>,
    /// When it is seen in the trainee's video: for a repeated step the second
    /// time; none for a missing step.
    pub trainee_time: Option<TimeRange>,
}

/// What can differ from the procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviationKind {
    /// A step was left out.
    MissingStep,
    /// A step was done at a place that the procedure does not allow.
    OutOfOrder,
    /// A step was done again.
    RepeatedStep,
    /// Something was done that belongs to no step.
    ExtraActivity,
    /// Something else than the step, or only a part of it, was done.
    WrongExecution,
    /// A step took too long.
    OverTime,
    /// A step was done too fast.
    UnderTime,
}

impl DeviationKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::MissingStep,
        Self::OutOfOrder,
        Self::RepeatedStep,
        Self::ExtraActivity,
        Self::WrongExecution,
        Self::OverTime,
        Self::UnderTime,
    ];
}

impl TimeRange {
    /// Seconds from start to end.
    pub(crate) fn duration_s(&self) -> f64 {
        self.end_s - self.start_s
    }

    /// Seconds that lie in both; 0 if none do.
    pub(crate) fn overlap_s(&self, other: &Self) -> f64 {
        (self.end_s.min(other.end_s) - self.start_s.max(other.start_s)).max(0.0)
    }

    /// Intersection over union, from 0 to 1.
    pub(crate) fn intersection_over_union(&self, other: &Self) -> f64 {
        let both = self.overlap_s(other);
        both / (self.duration_s() + other.duration_s() - both)
    }
}

impl fmt::Display for DeviationKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::MissingStep => "missing step",
            Self::OutOfOrder => "out of order",
            Self::RepeatedStep => "repeated step",
            Self::ExtraActivity => "extra activity",
            Self::WrongExecution => "wrong execution",
            Self::OverTime => "over time",
            Self::UnderTime => "under time",
        })
    }
}

impl Segment {
    /// When.
    pub fn time(&self) -> TimeRange {
        TimeRange {
            start_s: self.start_s,
            end_s: self.end_s,
        }
    }
}
