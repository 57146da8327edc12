//! One attempt at a job, as its handler sees it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use sopilot_blob::{Attempt, BlobError};
use sopilot_chassis::{ApiError, Reason};
use tokio_util::sync::CancellationToken;

/// Why an attempt made nothing, and whether another can.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct AttemptError {
    permanent: bool,
    reason: Reason,
    message: String,
}

impl AttemptError {
    /// The input is at fault: no other attempt can help.
    pub fn permanent(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            permanent: true,
            reason,
            message: message.into(),
        }
    }

    /// Something around is at fault: another attempt may help.
    pub fn transient(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            permanent: false,
            reason,
            message: message.into(),
        }
    }

    /// The catalog or this service is at fault: no other attempt can help.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::permanent(Reason::Internal, message)
    }

    /// Whether no other attempt can help.
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }

    /// The stable reason.
    pub fn reason(&self) -> Reason {
        self.reason
    }
}

impl From<ApiError> for AttemptError {
    fn from(error: ApiError) -> Self {
        Self {
            permanent: !error.reason.retryable(),
            reason: error.reason,
            message: error.message,
        }
    }
}

impl From<BlobError> for AttemptError {
    fn from(error: BlobError) -> Self {
        let reason = match &error {
            BlobError::NotFound { .. } => Reason::ObjectNotFound,
            BlobError::Corrupt { .. } | BlobError::BadRange { .. } => Reason::ObjectCorrupt,
            BlobError::TooLarge { .. } => Reason::MatrixInvalid,
            BlobError::Full { .. } => Reason::StorageFull,
            // Permissions and credentials get mended; the job is not at fault.
            BlobError::Refused { .. }
            | BlobError::Folder { .. }
            | BlobError::Settings { .. }
            | BlobError::Unavailable { .. } => {
                return Self::transient(Reason::Unavailable, error.to_string());
            }
        };
        Self {
            permanent: !error.is_transient(),
            reason,
            message: error.to_string(),
        }
    }
}

/// What a handler knows of its attempt, and how it is heard.
#[derive(Debug, Clone)]
pub struct JobContext {
    attempt: Attempt,
    cancelled: CancellationToken,
    /// Bits of an f64 from 0 to 1.
    progress: Arc<AtomicU64>,
}

impl JobContext {
    pub(crate) fn new(attempt: Attempt, cancelled: CancellationToken) -> Self {
        Self {
            attempt,
            cancelled,
            progress: Arc::default(),
        }
    }

    /// Names the objects that this attempt writes.
    pub fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// Notes how much of the stage is done, from 0 to 1; sent with the next
    /// heartbeat.
    pub fn set_progress(&self, progress: f64) {
        self.progress.store(progress.to_bits(), Ordering::Relaxed);
    }

    /// Whether the work is no longer wanted.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.is_cancelled()
    }

    /// Ends when the work is no longer wanted.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancelled
    }

    pub(crate) fn progress(&self) -> f64 {
        f64::from_bits(self.progress.load(Ordering::Relaxed))
    }
}
