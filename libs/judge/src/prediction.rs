//! What a method made of a video.

use serde::{Deserialize, Serialize};

use crate::{DeviationKind, Segment, TimeRange};

/// What a method made of one trainee's video.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Prediction {
    /// How unlike the gold the video is as a whole; larger is worse. Only its
    /// order among videos matters.
    pub suspicion: f64,
    /// What the method reports; none if it reports no single deviations.
    pub deviations: Option<Vec<Reported>>,
    /// What the trainee did when, in order of time; none if the method does
    /// not say.
    pub steps: Option<Vec<Segment>>,
    /// Whether the method answers that the videos cannot be compared; then it
    /// reports nothing else.
    pub not_comparable: bool,
}

/// One deviation as a method reports it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    /// What kind.
    pub kind: DeviationKind,
    /// The step it is about, from 0. None: it is the one that `gold_time`
    /// overlaps most.
    pub gold_step: Option<usize>,
    /// When the gold shows it, if the method says so.
    pub gold_time: Option<TimeRange>,
    /// When the trainee did it, if the method says so.
    pub trainee_time: Option<TimeRange>,
    /// How sure, from 0 to 1; none if the method does not say.
    pub confidence: Option<f64>,
    /// Whether it is above the method's own threshold. What is below counts
    /// only for curves over all thresholds, and for calibration.
    pub is_shown: bool,
}
