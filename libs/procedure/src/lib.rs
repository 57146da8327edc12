//! Steps, deviations, score and metrics: pure functions.
//!
//! 1. [`Procedure::validate`] finds every mistake in a procedure.
//! 2. [`prepare()`] works out what depends on a gold video alone: its steps
//!    (given, or found as change points) and what its author should know.
//! 3. [`score()`] turns the evidence of one or several alignments into steps,
//!    deviations, a score and a verdict.
//! 4. [`research`] has what else can be measured of a performance, and compares
//!    performances with each other.
//!
//! How a score is made: similarities become likeness on a scale that the
//! gold itself sets; a decoding that may jump says which step the trainee did
//! when; of that, the heaviest part that the order policy allows is done
//! right, and everything else is a deviation. A warping path, which is
//! monotone and can never show a swap, is used for the 15 metrics only.

// Tests compare exactly where the arithmetic is exact.
#![cfg_attr(test, allow(clippy::float_cmp))]

mod ablation;
mod calibration;
mod change_points;
mod clip;
mod confidence;
mod decode;
mod findings;
mod hierarchy;
mod input;
mod judged;
mod kernel;
mod likeness;
mod lint;
mod metrics;
mod order;
mod plan;
mod prepare;
mod procedure;
mod reading;
mod report;
pub mod research;
mod score;
mod stir;
mod trellis;
mod validate;
mod verdict;

pub use ablation::Ablation;
pub use calibration::CALIBRATION;
pub use clip::{Clip, ClipFlag};
pub use input::{GoldInput, ScoreInput};
pub use lint::{LintFinding, LintKind};
pub use metrics::Metrics;
pub use order::StepOrder;
pub use prepare::{PrepareError, PreparedGold, PreparedStep, StepSource, place_steps, prepare};
pub use procedure::{DurationRange, Order, Procedure, Step, Thresholds, TimeRange};
pub use report::{
    CoursePoint, Deviation, DeviationType, ScoreOutcome, StepResult, StepStatus, Verdict,
};
pub use research::ResearchMetrics;
pub use score::{ScoreError, score, score_without};
pub use validate::Violation;

#[cfg(test)]
mod synthetic;
