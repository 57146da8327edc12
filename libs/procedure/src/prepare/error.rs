//! Why a gold cannot be prepared.

use sopilot_dtw::DtwError;

/// Why a gold cannot be prepared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PrepareError {
    /// As many clips as embeddings are needed.
    #[error(
        "there are {clips} clips but {rows} embeddings: both must come from the same run of the embedder"
    )]
    ClipCount {
        /// Clips given.
        clips: usize,
        /// Rows of the matrix.
        rows: usize,
    },
    /// A clip whose times are not finite, inverted or out of order.
    #[error(
        "clip {clip} has no sensible time or does not follow the clip before: ingest the video again"
    )]
    BadClip {
        /// The clip, from 0.
        clip: usize,
    },
    /// Another number of times than of steps.
    #[error(
        "{times} step times are given for this gold, but the procedure has {steps} steps: give one time per step, in the procedure's order"
    )]
    StepTimesCount {
        /// Times given.
        times: usize,
        /// Steps of the procedure.
        steps: usize,
    },
    /// A step time that is wrong in itself or collides with its neighbour.
    #[error("{message}")]
    BadStepTime {
        /// The step, from 0.
        step: usize,
        /// What is wrong and what to do; names the step.
        message: String,
    },
    /// Only some steps have a time.
    #[error("step \"{name}\" has no time, but others have: give times for all steps or for none")]
    StepTimeMissing {
        /// Name of the step.
        name: String,
    },
    /// The procedure names steps, but nobody says when this gold shows them.
    #[error(
        "the procedure has {steps} named steps without times, so they cannot be told apart in the gold: give every step its time, or remove the steps to have them found"
    )]
    NoTimes {
        /// Steps of the procedure.
        steps: usize,
    },
    /// A step that lies beyond the end of the gold.
    #[error(
        "step \"{name}\" ({start_s} s to {end_s} s) lies outside the video, which is {video_s:.1} s long: correct the step's time or choose the video that it was made for"
    )]
    StepOutside {
        /// Name of the step.
        name: String,
        /// Its start.
        start_s: f64,
        /// Its end.
        end_s: f64,
        /// Length of the video.
        video_s: f64,
    },
    /// A step too short to hold the middle of a clip.
    #[error(
        "step \"{name}\" ({start_s} s to {end_s} s) is too short to be seen: the middle of no clip lies in it, and clips follow each other every {stride_s:.2} s in the {video_s:.1} s of video; make the step longer or merge it with a neighbour"
    )]
    StepWithoutClip {
        /// Name of the step.
        name: String,
        /// Its start.
        start_s: f64,
        /// Its end.
        end_s: f64,
        /// Length of the video.
        video_s: f64,
        /// Time from one clip to the next.
        stride_s: f64,
    },
    /// The embeddings cannot be compared.
    #[error(transparent)]
    Embeddings(#[from] DtwError),
}
