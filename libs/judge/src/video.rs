//! A video whose mistakes are known.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{TimeRange, Truth};

/// One trainee's video with what it shows, the material to judge by.
#[derive(Debug, Clone, PartialEq)]
pub struct Video {
    /// What errors name it by; no other video has it.
    pub id: String,
    /// The task, that is the procedure, that the video belongs to. Videos of
    /// one task are alike, so intervals come from whole tasks.
    pub task: String,
    /// What sort of video it is, as key and value: `size` → `small`.
    pub strata: BTreeMap<String, String>,
    /// When the gold shows each step: one range for each step, in the gold's
    /// order. Steps are numbered by their place here.
    pub gold_steps: Arc<[TimeRange]>,
    /// What the video shows. Without any deviation it is a good one; of a
    /// video of something else altogether every step is missing.
    pub truth: Truth,
}
