//! How well deviations are found in videos whose mistakes are known.
//!
//! A [`Truth`] says what a video shows. A [`Prediction`] says what somebody
//! made of it. The judge compares them by one rule, the same for every method,
//! and says how good a method is and how sure that is.

mod prediction;
mod truth;

pub use prediction::{Prediction, Reported};
pub use truth::{DeviationKind, Segment, TimeRange, TrueDeviation, Truth};
