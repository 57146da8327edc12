//! What a performance shows, known because it was planned.

use serde::{Deserialize, Serialize};

/// The ground truth of one video. Times are seconds from its first frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Name of the procedure.
    pub procedure: String,
    /// Seed of the performance.
    pub seed: u64,
    /// Frames per second.
    pub fps: u32,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Length of the video: whole frames.
    pub seconds: f64,
    /// The steps as they were done, in order of time.
    pub steps_done: Vec<Segment>,
    /// Every mistake, in the order in which the edits were made.
    pub mistakes: Vec<TrueDeviation>,
    /// Pauses in which nothing was done: time lost, but no mistake.
    pub pauses: Vec<TimeRange>,
}

/// One step done once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// The step, from 0 in the order of the procedure.
    pub step: usize,
    /// Start, in seconds.
    pub start_s: f64,
    /// End, in seconds.
    pub end_s: f64,
}

/// A piece of a video.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TimeRange {
    /// Start, in seconds.
    pub start_s: f64,
    /// End, in seconds.
    pub end_s: f64,
}

/// One mistake that was made on purpose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrueDeviation {
    /// What kind it is.
    pub kind: DeviationKind,
    /// The step it is about; none for an extra activity.
    pub gold_step: Option<usize>,
    /// For an adjacent swap the other step: reporting either is right.
    pub swapped_with: Option<usize>,
    /// When the gold ([`Performance::gold`](crate::Performance::gold)) does the step.
    pub gold_time: Option<TimeRange>,
    /// When it is seen in the trainee's video: for a repeated step the second
    /// time; none for a missing step.
    pub trainee_time: Option<TimeRange>,
}

/// What can differ from the procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviationKind {
    /// A step was left out.
    MissingStep,
    /// A step was done at another place than the procedure's.
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

impl Truth {
    /// The truth as a JSON document, to be kept beside the video.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a truth has only text keys and finite numbers")
    }
}
