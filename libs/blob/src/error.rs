//! What can go wrong with stored objects.

use std::io;
use std::path::PathBuf;

use crate::s3::{Answer, Meaning};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a store did not do what it was asked. `key` is a key or a prefix.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such object: never written, deleted, or swept.
    #[error("object {key} does not exist")]
    NotFound {
        /// The missing object.
        key: String,
    },

    /// The object is larger than the caller takes into memory.
    #[error("object {key} has {size} bytes, more than the {limit} that may be read at once")]
    TooLarge {
        /// The object.
        key: String,
        /// Its size, in bytes.
        size: u64,
        /// What the caller allowed, in bytes.
        limit: u64,
    },

    /// The range is reversed or ends behind the object.
    #[error("object {key} has {size} bytes: bytes {start} to {end} cannot be read from it")]
    BadRange {
        /// The object.
        key: String,
        /// First byte asked for.
        start: u64,
        /// The byte after the last asked for.
        end: u64,
        /// The object's size, in bytes.
        size: u64,
    },

    /// The object is there but not what was written. Make it again.
    #[error("object {key} is damaged: {what}")]
    Corrupt {
        /// The damaged object.
        key: String,
        /// What is wrong with it.
        what: String,
    },

    /// The disk or the quota is full. Free space; until then it is as if the store were away.
    #[error("no space left for {action} {key}: {source}; free space")]
    Full {
        /// What was being done.
        action: &'static str,
        /// The object.
        key: String,
        /// What the store said.
        source: BoxError,
    },

    /// The store does not let this process do that. Check permissions and configuration.
    #[error("the store refused {action} {key}: {source}; check its permissions and configuration")]
    Refused {
        /// What was being done.
        action: &'static str,
        /// The object.
        key: String,
        /// What the store said.
        source: BoxError,
    },

    /// The store cannot be reached or failed. The same call may succeed later.
    #[error("the store failed at {action} {key}: {source}")]
    Unavailable {
        /// What was being done.
        action: &'static str,
        /// The object.
        key: String,
        /// What the store said.
        source: BoxError,
    },

    /// A local store's folder cannot be used.
    #[error("the object folder {} cannot be used: {source}; it must be writable", dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        source: BoxError,
    },

    /// A remote store's settings cannot be used.
    #[error("the object store cannot be used: {what}")]
    Settings {
        /// What is wrong with them.
        what: String,
    },
}

impl BlobError {
    /// Whether the same call may succeed later without a change to the call or the object.
    pub fn is_transient(&self) -> bool {
        match self {
            // Work that meets a full disk is not at fault, and space does get freed.
            Self::Full { .. } | Self::Unavailable { .. } => true,
            Self::NotFound { .. }
            | Self::TooLarge { .. }
            | Self::BadRange { .. }
            | Self::Corrupt { .. }
            | Self::Refused { .. }
            | Self::Folder { .. }
            | Self::Settings { .. } => false,
        }
    }

    pub(crate) fn from_store(
        action: &'static str,
        key: &(impl ToString + ?Sized),
        source: object_store::Error,
    ) -> Self {
        use object_store::Error;
        if matches!(source, Error::NotFound { .. }) {
            return Self::NotFound {
                key: key.to_string(),
            };
        }
        let refused = matches!(
            source,
            Error::PermissionDenied { .. }
                | Error::Unauthenticated { .. }
                | Error::NotSupported { .. }
                | Error::NotImplemented { .. }
                | Error::InvalidPath { .. }
                | Error::UnknownConfigurationKey { .. }
        );
        if refused {
            return Self::from_cause(Cause::Refused, action, key.to_string(), source.into());
        }
        Self::from_any(action, key, source.into())
    }

    /// The stores hide the reason, the system's or S3's, in private errors of their own.
    pub(crate) fn from_any(
        action: &'static str,
        key: &(impl ToString + ?Sized),
        source: BoxError,
    ) -> Self {
        let cause = find::<Answer>(&*source)
            .map(Cause::said)
            .or_else(|| find::<io::Error>(&*source).map(Cause::of));
        let cause = cause.unwrap_or(Cause::Other);
        Self::from_cause(cause, action, key.to_string(), source)
    }

    pub(crate) fn from_io(action: &'static str, key: &impl ToString, source: io::Error) -> Self {
        let cause = Cause::of(&source);
        Self::from_cause(cause, action, key.to_string(), source.into())
    }

    fn from_cause(cause: Cause, action: &'static str, key: String, source: BoxError) -> Self {
        match cause {
            Cause::Full => Self::Full {
                action,
                key,
                source,
            },
            Cause::Refused => Self::Refused {
                action,
                key,
                source,
            },
            Cause::Other => Self::Unavailable {
                action,
                key,
                source,
            },
        }
    }
}

/// Why a stream was not stored. Nothing of it is visible.
#[derive(Debug, thiserror::Error)]
pub enum PutError<E> {
    /// The stream itself failed, with this error of its own.
    #[error("the data to be stored could not be read: {0}")]
    Input(E),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] BlobError),
}

#[derive(Clone, Copy)]
enum Cause {
    Full,
    Refused,
    Other,
}

impl Cause {
    fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Refused,
            _ => Self::Other,
        }
    }

    fn said(answer: &Answer) -> Self {
        match answer.meaning {
            Meaning::Full => Self::Full,
            Meaning::Refused => Self::Refused,
            Meaning::Failed => Self::Other,
        }
    }
}

fn find<'a, E: std::error::Error + 'static>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a E> {
    std::iter::successors(Some(error), |error| error.source())
        .find_map(|error| error.downcast_ref::<E>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the local store wraps it: in its own error, in a box.
    fn wrapped(kind: io::ErrorKind) -> object_store::Error {
        #[derive(Debug, thiserror::Error)]
        #[error("Unable to copy data to file: {source}")]
        struct Wrapper {
            source: io::Error,
        }
        object_store::Error::Generic {
            store: "LocalFileSystem",
            source: Box::new(Wrapper {
                source: kind.into(),
            }),
        }
    }

    #[test]
    fn the_system_s_reason_is_found_behind_the_store_s() {
        let full = BlobError::from_store("writing", &"k", wrapped(io::ErrorKind::StorageFull));
        assert!(matches!(full, BlobError::Full { .. }), "{full:?}");
        assert!(full.is_transient());
        let quota = BlobError::from_io("writing", &"k", io::ErrorKind::QuotaExceeded.into());
        assert!(matches!(quota, BlobError::Full { .. }), "{quota:?}");
        let denied =
            BlobError::from_store("writing", &"k", wrapped(io::ErrorKind::PermissionDenied));
        assert!(matches!(denied, BlobError::Refused { .. }), "{denied:?}");
        assert!(!denied.is_transient());
        let other = BlobError::from_store("writing", &"k", wrapped(io::ErrorKind::TimedOut));
        assert!(matches!(other, BlobError::Unavailable { .. }), "{other:?}");
        assert!(other.is_transient());
        // A folder that vanished while the object was being made is no missing object.
        let vanished = BlobError::from_store("writing", &"k", wrapped(io::ErrorKind::NotFound));
        assert!(matches!(vanished, BlobError::Unavailable { .. }));
    }
}
