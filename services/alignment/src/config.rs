//! Settings of the alignment service.

use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};
use sopilot_chassis::{Problems, Validate};

/// How alignments are computed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AlignmentConfig {
    /// Jobs that are worked on at the same time, per stage.
    pub slots: NonZeroU16,
    /// Threads for one alignment.
    pub threads: u16,
    /// Largest matrix that is taken, in bytes.
    pub max_matrix_bytes: u64,
    /// Bytes of matrices that callers may be sending at the same time.
    pub max_arriving_bytes: u64,
    /// Bytes of embeddings that are kept in memory, so that a gold need not be read for every trainee.
    pub cache_bytes: u64,
    /// Largest product of gold and trainee clips. Memory grows by a quarter of
    /// a byte each.
    pub max_cells: u64,
}

impl Default for AlignmentConfig {
    fn default() -> Self {
        Self {
            slots: NonZeroU16::MIN.saturating_add(1),
            threads: 1,
            // Two hours at two clips a second of 16 kB each.
            max_matrix_bytes: 256 << 20,
            max_arriving_bytes: 1 << 30,
            // Some hundred golds of five minutes.
            cache_bytes: 256 << 20,
            // Twelve hours against twelve hours, at two clips a second.
            max_cells: 8_000_000_000,
        }
    }
}

impl Validate for AlignmentConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.in_range("slots", &self.slots.get(), 1..=256);
        problems.in_range("threads", &self.threads, 1..=256);
        problems.in_range(
            "max_arriving_bytes",
            &self.max_arriving_bytes,
            1 << 20..=1 << 40,
        );
        problems.in_range("max_cells", &self.max_cells, 1..=1 << 44);
        problems.in_range("cache_bytes", &self.cache_bytes, 0..=1 << 40);
        problems.in_range("max_matrix_bytes", &self.max_matrix_bytes, 1024..=1 << 36);
    }
}
