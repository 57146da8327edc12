//! Between wire and domain types, for those that several services share:
//! procedures, clips, alignments with their evidence, prepared golds, reports.
//! Types
//! that one service alone uses are converted in its own `grpc` module.
//!
//! What comes off the wire is checked here: past this crate an invalid state
//! cannot be expressed or has been refused by name.

mod alignment;
mod clips;
mod prepared;
mod procedure;
mod report;

pub use alignment::{alignment, wire_alignment};
pub use clips::clips;
pub use prepared::{prepared_gold, step_ranges, wire_prepared_gold};
pub use procedure::{procedure, retention, time_range, wire_time_range};
pub use report::{
    deviation, deviation_type, metrics, research, step_result, verdict, wire_outcome,
};

/// A stored or received message that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}: {what}")]
pub struct Malformed {
    /// Which kind of message.
    message: &'static str,
    /// What is wrong with it.
    what: String,
}

impl Malformed {
    fn new(message: &'static str, what: impl Into<String>) -> Self {
        Self {
            message,
            what: what.into(),
        }
    }
}
