//! Settings of the catalog.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sopilot_chassis::{Problems, Validate, config::Secret};

use crate::store::is_postgres_url;

/// The catalog's database on PostgreSQL.
///
/// Connect to the server itself, or to a pooler that keeps sessions:
/// settings are made when a connection opens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DatabaseConfig {
    /// Where it is, as `postgres://user:password@host:port/database`. With
    /// `?sslmode=verify-full` the connection is encrypted and the server must
    /// prove who it is, against the usual authorities or those in the file
    /// `&sslrootcert=…`. Without it, TLS is used if the server has it, and
    /// nothing is checked. Characters with a meaning in URLs are written as
    /// `%40` and the like.
    pub url: Secret<String>,
    /// Most connections of this process. All replicas together must stay below
    /// the server's `max_connections`.
    pub max_connections: u32,
    /// How long a request waits for a free connection, and a start for the
    /// server.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub acquire_timeout: Duration,
    /// How long one statement may take, waiting for others included.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub statement_timeout: Duration,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: Secret::new("postgres://sopilot@127.0.0.1:5432/sopilot".to_owned()),
            max_connections: 10,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
        }
    }
}

impl Validate for DatabaseConfig {
    fn validate(&self, problems: &mut Problems) {
        let second = Duration::from_secs(1);
        if !is_postgres_url(self.url.expose()) {
            // What is wrong with it is not said: it may hold the password.
            problems.add(
                "url",
                "is not a URL of PostgreSQL: write postgres://user:password@host:port/database, and %40 and the like for characters with a meaning in URLs",
            );
        }
        problems.in_range("max_connections", &self.max_connections, 3..=1000);
        problems.in_range(
            "acquire_timeout",
            &self.acquire_timeout,
            second / 10..=60 * second,
        );
        problems.in_range(
            "statement_timeout",
            &self.statement_timeout,
            second / 10..=600 * second,
        );
    }
}

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
    /// Uploads that are received at the same time, beyond which callers are
    /// turned away for a while. Each takes about 6 MiB of memory.
    pub max_uploads: usize,
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
            max_uploads: 64,
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
        problems.in_range("max_uploads", &self.max_uploads, 1..=100_000);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(url: &str) -> String {
        let config = DatabaseConfig {
            url: Secret::new(url.to_owned()),
            ..DatabaseConfig::default()
        };
        let mut problems = Problems::new();
        config.validate(&mut problems);
        format!("{:?} {config:?}", problems.into_vec())
    }

    #[test]
    fn a_wrong_url_is_told_without_its_password() {
        assert!(problems("postgres://sopilot:hunter2@db:5432/sopilot").starts_with("[]"));
        assert!(problems("postgresql://sopilot@db/sopilot?sslmode=verify-full").starts_with("[]"));
        for wrong in [
            "mysql://sopilot:hunter2@db/sopilot",
            "postgres://sopilot:hunter2@db:port/sopilot",
            "postgres://sopilot:hunter2@db/sopilot?sslmode=hunter2",
            "hunter2",
            "",
        ] {
            let told = problems(wrong);
            assert!(told.contains("write postgres://"), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
