//! What can go wrong in the catalog, and how callers hear of it.

use std::time::Duration;

use sea_orm::DbErr;
use sopilot_blob::{BlobError, InvalidKey};
use sopilot_chassis::{ApiError, Reason};

use crate::store::{is_full, is_passing, lost_race, refuses_text};

/// When a caller that the database could not answer should come again: a
/// connection that broke is replaced at once, a server that restarts takes
/// seconds.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// Anything that stops a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The caller is told this.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The database refused or could not be reached.
    #[error("database: {0}")]
    Database(#[from] DbErr),
    /// Object storage refused or could not be reached.
    #[error("object storage: {0}")]
    Blob(#[from] BlobError),
    /// A stored key is none: the row was written by something else.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// A stored message does not decode: the row was written by something
    /// else.
    #[error("a stored message is damaged: {0}")]
    Decode(#[from] prost::DecodeError),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self::Api(ApiError::new(reason, message))
    }

    /// Whether the transaction lost against another that ran beside it and can
    /// be run again from its beginning.
    pub(crate) fn lost_race(&self) -> bool {
        matches!(self, Self::Database(error) if lost_race(error))
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Api(error) => error,
            Error::Blob(BlobError::NotFound { key }) => Self::new(
                Reason::ObjectNotFound,
                format!(
                    "object {key} is gone; if its video was deleted this is expected, otherwise ingest the video again"
                ),
            ),
            Error::Blob(BlobError::Full { .. }) => Self::new(
                Reason::StorageFull,
                "object storage is full: free space and try again",
            ),
            Error::Blob(error @ BlobError::Unavailable { .. }) => {
                Self::new(Reason::Unavailable, error.to_string())
            }
            Error::Database(error) if is_full(&error) => Self::new(
                Reason::StorageFull,
                "the database is full: free space and try again",
            ),
            Error::Database(error) if refuses_text(&error) => Self::new(
                Reason::InvalidArgument,
                "a text of the request holds the character NUL: remove it",
            ),
            Error::Database(error) if is_passing(&error) => Self::new(
                Reason::Unavailable,
                format!("the database does not answer now ({error}): try again"),
            )
            .with_retry_after(DATABASE_PAUSE),
            error @ (Error::Database(_) | Error::Blob(_) | Error::Key(_) | Error::Decode(_)) => {
                Self::internal(error)
            }
        }
    }
}
