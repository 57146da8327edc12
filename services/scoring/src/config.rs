//! Settings of the scoring service.

use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};
use sopilot_chassis::{Problems, Validate};

/// How scores are made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScoringConfig {
    /// Jobs that are worked on at the same time.
    pub slots: NonZeroU16,
}

impl Default for ScoringConfig {
    fn default() -> Self {
        Self {
            slots: NonZeroU16::MIN.saturating_add(3),
        }
    }
}

impl Validate for ScoringConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.in_range("slots", &self.slots.get(), 1..=256);
    }
}
