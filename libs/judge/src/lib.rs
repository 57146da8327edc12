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
//! ```
//! use sopilot_judge::{
//!     DeviationKind, Judge, Options, Prediction, Reported, Segment, TimeRange, TrueDeviation,
//!     Truth, Video,
//! };
//!
//! let step = |start_s| TimeRange { start_s, end_s: start_s + 4.0 };
//! // The gold has two steps; the trainee leaves out the second.
//! let videos = [Video {
//!     id: "trainee".to_owned(),
//!     task: "wheel change".to_owned(),
//!     strata: [("edit".to_owned(), "drop".to_owned())].into(),
//!     gold_steps: [step(0.0), step(4.0)].into(),
//!     truth: Truth {
//!         steps_done: vec![Segment { step: 0, start_s: 0.0, end_s: 4.0 }],
//!         deviations: vec![TrueDeviation {
//!             kind: DeviationKind::MissingStep,
//!             gold_step: Some(1),
//!             swapped_with: None,
//!             jumped_over: Vec::new(),
//!             trainee_time: None,
//!         }],
//!     },
//! }];
//! let said = Prediction {
//!     suspicion: 0.8,
//!     deviations: Some(vec![Reported {
//!         kind: DeviationKind::MissingStep,
//!         gold_step: None,
//!         gold_time: Some(step(4.5)),
//!         trainee_time: None,
//!         confidence: Some(0.8),
//!         is_shown: true,
//!     }]),
//!     ..Prediction::default()
//! };
//! let judge = Judge::new(&videos, Options::default())?;
//! let measures = judge.judge(&[said])?.measures();
//! let found = measures.deviations.expect("deviations were reported");
//! assert_eq!(found.overall.f1.value, Some(1.0));
//! // There is no good video to compare with.
//! assert_eq!(measures.area_under_curve.any.value, None);
//! # Ok::<(), sopilot_judge::JudgeError>(())
//! ```
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
