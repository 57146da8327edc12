//! Identifiers as types: a [`VideoId`] cannot be passed where a [`JobId`] is
//! asked for. All are UUIDv7, so they sort by the time they were made.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A string that should have been an identifier and is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a {kind} id: expected a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057"
)]
pub struct ParseIdError {
    /// What kind of identifier was expected.
    pub kind: &'static str,
    /// The text, shortened to what fits a message.
    pub text: String,
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier, later than all made before.
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The identifier as a plain UUID, for storage and object keys.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Uuid::try_parse(text).map(Self).map_err(|_| ParseIdError {
                    kind: $kind,
                    text: text.chars().take(64).collect(),
                })
            }
        }
    };
}

identifier!(
    /// A task.
    TaskId,
    "task"
);
identifier!(
    /// A video, and the upload it came from.
    VideoId,
    "video"
);
identifier!(
    /// A job.
    JobId,
    "job"
);
identifier!(
    /// A review.
    ReviewId,
    "review"
);

/// Proves a lease on a job. Counts up over all claims of a catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FencingToken(pub u64);

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_sort_by_time() {
        let ids: Vec<_> = (0..100).map(|_| JobId::new()).collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn a_bad_identifier_says_what_was_expected() {
        let error = "task-7".parse::<VideoId>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"task-7\" is not a video id: expected a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057"
        );
    }
}
