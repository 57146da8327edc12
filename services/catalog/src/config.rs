//! Settings of the catalog.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sopilot_chassis::{Problems, Validate};

/// How jobs and uploads are timed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CatalogConfig {
    /// How long a lease lasts unless it is renewed. A worker that dies is
    /// noticed after at most this.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub lease: Duration,
    /// Attempts at one stage before a job is given up.
    pub max_attempts: u32,
    /// Delay before the second attempt after a transient failure; doubles
    /// with each further one, with jitter.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub retry_base: Duration,
    /// Longest delay between two attempts.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub retry_max: Duration,
    /// How often the sweeper looks for lost leases, due retries and lost
    /// bells.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub sweep_interval: Duration,
    /// A job that waits is rung for again after this, in case its message was
    /// lost.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub ring_again: Duration,
    /// An upload that is not finished is forgotten after this.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub upload_expiry: Duration,
    /// How often object storage is searched for orphans.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub orphan_interval: Duration,
    /// An object younger than this is never an orphan.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub orphan_grace: Duration,
    /// How long the answer to an idempotent request is kept.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub idempotency_expiry: Duration,
    /// Largest video that is taken, in bytes.
    pub max_video_bytes: u64,
}

impl Default for CatalogConfig {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            max_attempts: 5,
            retry_base: Duration::from_secs(1),
            retry_max: Duration::from_mins(5),
            sweep_interval: Duration::from_secs(1),
            ring_again: Duration::from_secs(10),
            upload_expiry: Duration::from_hours(24),
            orphan_interval: Duration::from_hours(1),
            orphan_grace: Duration::from_hours(1),
            idempotency_expiry: Duration::from_hours(24),
            max_video_bytes: 8 << 30,
        }
    }
}

impl Validate for CatalogConfig {
    fn validate(&self, problems: &mut Problems) {
        let second = Duration::from_secs(1);
        let day = 24 * 3600 * second;
        problems.in_range("lease", &self.lease, second..=3600 * second);
        problems.in_range("max_attempts", &self.max_attempts, 1..=100);
        problems.in_range("retry_base", &self.retry_base, second / 100..=3600 * second);
        problems.in_range("retry_max", &self.retry_max, self.retry_base..=day);
        problems.in_range(
            "sweep_interval",
            &self.sweep_interval,
            second / 20..=60 * second,
        );
        problems.in_range("ring_again", &self.ring_again, second / 10..=3600 * second);
        problems.in_range("upload_expiry", &self.upload_expiry, 60 * second..=30 * day);
        problems.in_range("orphan_interval", &self.orphan_interval, second..=30 * day);
        problems.in_range("orphan_grace", &self.orphan_grace, 60 * second..=30 * day);
        problems.in_range(
            "idempotency_expiry",
            &self.idempotency_expiry,
            60 * second..=30 * day,
        );
        problems.in_range("max_video_bytes", &self.max_video_bytes, 1..=1 << 40);
    }
}
