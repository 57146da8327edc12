//! What a report shows: plain values, gathered by whoever asks for the page.

use sopilot_procedure::research::Interval;
use sopilot_procedure::{Deviation, Metrics, ResearchMetrics, StepResult, Verdict};
use time::OffsetDateTime;

/// The report of one score, with everything that the page shows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Name of the task.
    pub task: String,
    /// The gold whose times are shown.
    pub gold: Video,
    /// The trainee's video.
    pub trainee: Video,
    /// From 0 to 100. Means nothing if the verdict is not comparable.
    pub score: f64,
    /// The verdict as it was made.
    pub verdict: Verdict,
    /// Why this verdict, in one English sentence.
    pub verdict_reason: String,
    /// What a person said about the verdict, if anybody did.
    pub review: Option<VerdictReview>,
    /// What differs from the procedure, ordered by time in the trainee's video.
    pub deviations: Vec<ReportedDeviation>,
    /// What became of every step, in the procedure's order: each is followed by
    /// its parts.
    pub steps: Vec<ReportedStep>,
    /// The 15 metrics.
    pub metrics: Option<Metrics>,
    /// Measures for research.
    pub research: Option<ResearchMetrics>,
    /// What made the score.
    pub provenance: Provenance,
    /// How alike every stretch of the gold is to every stretch of the trainee's
    /// video.
    pub similarity: Option<SimilarityMatrix>,
    /// The decoded path: runs without a jump, each in the order of time.
    pub path: Vec<Vec<PathPoint>>,
    /// Pictures from both videos, in any order.
    pub thumbnails: Vec<Thumbnail>,
}

/// A video, as far as a report names it.
#[derive(Debug, Clone, PartialEq)]
pub struct Video {
    /// Name, as its uploader gave it.
    pub name: String,
    /// Length in seconds.
    pub duration_s: f64,
}

/// What a person decided about a verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictReview {
    /// The verdict that stands.
    pub verdict: Verdict,
    /// Who decided.
    pub reviewer: String,
    /// When.
    pub at: OffsetDateTime,
    /// Why; empty if nothing was said.
    pub comment: String,
}

/// A deviation and what a person said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportedDeviation {
    /// What was found.
    pub found: Deviation,
    /// What a person said about it, if anybody did.
    pub review: Option<DeviationReview>,
}

/// What a person said about a deviation.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviationReview {
    /// Whether it is real, or a false alarm.
    pub confirmed: bool,
    /// Who said it.
    pub reviewer: String,
    /// Why; empty if nothing was said.
    pub comment: String,
}

/// A step's result and what the procedure says about the step.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportedStep {
    /// What became of it.
    pub result: StepResult,
    /// Share of the score relative to other steps.
    pub weight: f64,
    /// A critical step that is missing or wrong can never pass.
    pub critical: bool,
    /// May be left out at no cost.
    pub optional: bool,
    /// Whether the procedure says how long it may take.
    pub has_limits: bool,
}

/// What made a score: enough to make it again. What is not known is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Provenance {
    /// The score job.
    pub job_id: String,
    /// When the score was made. Also the date of the document.
    pub created_at: OffsetDateTime,
    /// Version of the task's procedure.
    pub task_version: u32,
    /// The golds that were compared; the first is the one whose times are
    /// shown.
    pub golds: Vec<GoldReference>,
    /// The trainee's video.
    pub trainee_video_id: String,
    /// What made the embeddings.
    pub embedder: Embedder,
    /// The engine that aligned.
    pub alignment_engine: String,
    /// Version of the rules and constants that turn evidence into deviations.
    pub calibration: String,
    /// Version of the software.
    pub code_version: String,
}

/// One version of a gold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldReference {
    /// The video.
    pub video_id: String,
    /// Its version in the task.
    pub version: u32,
}

/// What makes embeddings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Embedder {
    /// Its name.
    pub name: String,
    /// Version of the code that computes it.
    pub version: String,
    /// Checksum of its parameters, in hexadecimal digits.
    pub checksum: String,
    /// What adapts its embeddings to the task, if anything does.
    pub adapter: Option<String>,
}

/// Similarities of stretches of equal length of the gold (rows) and of the
/// trainee's video (columns).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimilarityMatrix {
    /// Rows; they cover the whole gold.
    pub rows: u32,
    /// Columns; they cover the whole video of the trainee.
    pub columns: u32,
    /// rows × columns values, row by row, from 0 (least alike) to 255.
    pub cells: Vec<u8>,
}

/// A point of the decoded path: what the trainee does at one time is what the
/// gold shows at the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathPoint {
    /// Time in the gold in seconds.
    pub gold_s: f64,
    /// Time in the trainee's video in seconds.
    pub trainee_s: f64,
}

/// Which of the two videos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The gold.
    Gold,
    /// The trainee's video.
    Trainee,
}

/// A small picture from one of the videos.
#[derive(Debug, Clone, PartialEq)]
pub struct Thumbnail {
    /// From which video.
    pub side: Side,
    /// Its time in that video in seconds.
    pub time_s: f64,
    /// A JPEG file. What is none is not shown.
    pub jpeg: Vec<u8>,
}

impl Report {
    /// The verdict that counts: a person's, or the one that was made.
    pub fn effective_verdict(&self) -> Verdict {
        self.review
            .as_ref()
            .map_or(self.verdict, |review| review.verdict)
    }

    /// The sentence that came with the verdict. `None` if a person changed the
    /// verdict: what was the reason of another one, the review says.
    pub(crate) fn standing_reason(&self) -> Option<&str> {
        (self.effective_verdict() == self.verdict).then_some(self.verdict_reason.as_str())
    }

    /// Where the score lies, as far as that is known.
    pub(crate) fn score_interval(&self) -> Option<Interval> {
        self.research
            .as_ref()
            .map(|research| research.deviation_interval)
    }
}

impl SimilarityMatrix {
    /// Whether there are as many cells as rows and columns ask for, and any.
    pub fn is_whole(&self) -> bool {
        !self.cells.is_empty() && self.cells.len() == self.rows as usize * self.columns as usize
    }
}
