//! What pages over time show: results of many scores.

use sopilot_procedure::{DeviationType, Verdict};
use time::OffsetDateTime;

/// One score of the past, as far as a page over time shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastResult {
    /// The score job.
    pub job_id: String,
    /// Which video of the trainee's it is of. Of several results of one video the newest counts.
    pub video_id: String,
    /// Name of the trainee's video.
    pub video: String,
    /// Who the trainee is, if anybody said so.
    pub trainee: Option<String>,
    /// When the score was made.
    pub at: OffsetDateTime,
    /// From 0 to 100. Means nothing if the verdict is not comparable.
    pub score: f64,
    /// The verdict that counts.
    pub verdict: Verdict,
    /// What differed from the procedure.
    pub deviations: Vec<PastDeviation>,
}

/// A deviation of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastDeviation {
    /// What kind.
    pub kind: DeviationType,
    /// Name of the step; empty for extra activity.
    pub step: String,
}

/// How one trainee did at one task over time.
#[derive(Debug, Clone, PartialEq)]
pub struct TraineeHistory {
    /// Name of the task.
    pub task: String,
    /// Who the trainee is.
    pub trainee: String,
    /// The results, in any order.
    pub results: Vec<PastResult>,
}

/// How everybody did at one task.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskOverview {
    /// Name of the task.
    pub task: String,
    /// The results, in any order.
    pub results: Vec<PastResult>,
}
