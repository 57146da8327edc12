//! How well deviations are found in videos whose mistakes are known.
//!
//! A [`Truth`] says what a video shows. A [`Prediction`] says what somebody
//! made of it. The judge compares them by one rule, the same for every method,
//! and says how good a method is and how sure that is.
//!
//! A [`Judge`] is made of [`Video`]s. It turns the predictions of a method into
//! a [`Judgement`], which can be narrowed to some videos, gives [`Measures`],
//! and is compared with that of another method. What is right and what is wrong
//! is told at [`Outcome`]. [`table`] and [`plot`] show measures side by side.
//!
//! Pure: no I/O, no clock, no global state. The same input and seed give the
//! same output.

// Tests compare exactly where the arithmetic is exact.
#![cfg_attr(test, allow(clippy::float_cmp))]

mod assignment;
mod bootstrap;
mod confidence;
mod durations;
mod error;
mod exact;
mod judge;
mod matching;
mod measure;
mod measures;
pub mod plot;
mod prediction;
mod quantile;
mod ranking;
mod segments;
mod statistic;
pub mod table;
mod truth;
mod validate;
mod video;

pub use bootstrap::{Estimate, Interval};
pub use confidence::{Calibration, CalibrationBin, PrecisionRecall, PrecisionRecallPoint};
pub use error::{JudgeError, Problem};
pub use judge::{Judge, Judgement, Options};
pub use matching::{KindOutcome, Outcome, RightReport};
pub use measures::{
    Areas, BoundaryErrors, Comparison, Detection, DeviationMeasures, FalseAlarms, KindMeasures,
    Measures, StepMeasures,
};
pub use prediction::{Prediction, Reported};
pub use truth::{DeviationKind, Segment, TimeRange, TrueDeviation, Truth};
pub use video::Video;

#[cfg(test)]
mod cheaters;
#[cfg(test)]
mod material;
