//! Measures for research: of one performance, in every report
//! ([`ResearchMetrics`]), and of several ([`compare_paired`],
//! [`compare_groups`]). None of them enters the score.
//!
//! What is drawn at random is drawn from a seed: the same numbers give the same
//! answer.

mod boundaries;
mod groups;
mod interval;
mod kendall;
mod paired;
mod performance;
mod points;

pub use boundaries::{boundary_hausdorff_s, hausdorff};
pub use groups::{GroupComparison, compare_groups};
pub use interval::{
    Interval, MIN_STEPS, PossibleDeviation, StepPoints, block_length, deviation_interval,
    step_bootstrap_interval,
};
pub use kendall::{kendall_tau_b, step_order_tau};
pub use paired::{PairedComparison, compare_paired};
pub use performance::ResearchMetrics;
pub(crate) use performance::{Performance, research_metrics};
pub use points::points_lost_per_step;

#[cfg(test)]
mod tests;
