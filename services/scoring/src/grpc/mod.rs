//! `ScoringService`, and between wire and domain types.

mod compare;
mod report;

pub(crate) use compare::Comparisons;
pub(crate) use report::{provenance, wire_report};
