//! What can go wrong in the catalog, and how callers hear of it.

use sea_orm::DbErr;
use sopilot_blob::{BlobError, InvalidKey};
use sopilot_chassis::{ApiError, Reason};

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
            Error::Database(error) if is_passing(&error) => Self::new(
                Reason::Unavailable,
                format!("the database does not answer now ({error}): try again"),
            ),
            error @ (Error::Database(_) | Error::Blob(_) | Error::Key(_) | Error::Decode(_)) => {
                Self::internal(error)
            }
        }
    }
}

/// Whether the database may well answer the same call a moment later.
fn is_passing(error: &DbErr) -> bool {
    matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_))
        // SQLite's SQLITE_BUSY, which has no type of its own here.
        || error.to_string().contains("database is locked")
}
