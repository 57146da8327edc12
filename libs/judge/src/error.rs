//! Why something cannot be judged.

use crate::DeviationKind;

/// Why videos or predictions cannot be judged.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum JudgeError {
    /// The predictions are not one for each video.
    #[error(
        "{predictions} predictions for {videos} videos: give one for each video, in the same order"
    )]
    Lengths {
        /// How many videos there are.
        videos: usize,
        /// How many predictions were given.
        predictions: usize,
    },
    /// Two videos have the same identifier.
    #[error("video \"{video}\" is there twice: list each video once")]
    DuplicateVideo {
        /// The identifier.
        video: String,
    },
    /// What is known or said about a video makes no sense.
    #[error("video \"{video}\", {place}: {problem}")]
    Video {
        /// Identifier of the video.
        video: String,
        /// What part of it: `truth: deviation 2: trainee_time`. Counted from 0.
        place: String,
        /// What is wrong there.
        problem: Problem,
    },
    /// Two methods that are to be compared were judged on different videos.
    #[error("the two methods were judged on different videos: judge both on the same ones")]
    DifferentVideos,
}

/// What is wrong with one value.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Problem {
    /// A number that must be finite is not.
    #[error("{value} is not a finite number")]
    NotFinite {
        /// The number.
        value: f64,
    },
    /// A time range ends before or where it starts.
    #[error("the range from {start_s} s to {end_s} s is empty: its end must be after its start")]
    EmptyRange {
        /// Start, in seconds.
        start_s: f64,
        /// End, in seconds.
        end_s: f64,
    },
    /// A step that the gold does not have.
    #[error("step {step} does not exist: the gold has {steps} steps, counted from 0")]
    NoSuchStep {
        /// The step.
        step: usize,
        /// How many the gold has.
        steps: usize,
    },
    /// Segments are not in order of time.
    #[error("it starts before the one before it: give segments in order of time")]
    Unsorted,
    /// A confidence that is no probability.
    #[error("{value} is not from 0 to 1")]
    NoProbability {
        /// The number.
        value: f64,
    },
    /// Something that this kind of deviation must have is not there.
    #[error("a deviation of the kind \"{kind}\" must have it")]
    Needed {
        /// The kind.
        kind: DeviationKind,
    },
    /// Something that only one kind of deviation has is there for another.
    #[error("a deviation of the kind \"{kind}\" cannot have it")]
    Unexpected {
        /// The kind.
        kind: DeviationKind,
    },
    /// A video called not comparable for which something is reported.
    #[error("the video is called not comparable, so nothing else may be reported")]
    NotComparable,
}
