//! Errors that reach a caller: one closed list of reasons, and one way onto the wire and back.
//!
//! A service's `grpc.rs` maps its own errors to [`ApiError`]; everything else about a
//! `google.rpc.Status` happens here.

mod reason;
mod wire;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;

pub(crate) use reason::code_name;
pub use reason::{Reason, Retry, reference_table};

/// The `google.rpc.ErrorInfo.domain` of every reason in this crate.
pub const DOMAIN: &str = "sopilot";

/// An error as a caller sees it: a stable reason, a message for people, and details that programs
/// can read.
///
/// Turns into a [`tonic::Status`] with `ErrorInfo`, with `BadRequest` where there are violations,
/// and with `RetryInfo` where there is a delay. HTTP/2 peers limit trailers (16 KiB is a common
/// default), so [long messages and long lists are
/// cut](tonic::Status#impl-From<ApiError>-for-Status) on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// Why the request failed.
    pub reason: Reason,
    /// What is wrong and what to do, for a person.
    pub message: String,
    /// Fields of the request that are wrong.
    pub violations: Vec<Violation>,
    /// How long to wait before sending the request again.
    pub retry_after: Option<Duration>,
    /// Further facts for programs, such as the identifier that was not found.
    pub metadata: BTreeMap<String, String>,
}

/// One field of a request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field in the request, such as `steps[2].name`.
    pub field: String,
    /// What is wrong with it, and what would be right.
    pub description: String,
}

impl ApiError {
    /// An error for `reason`; `message` names what is wrong and what to do.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            violations: Vec::new(),
            retry_after: None,
            metadata: BTreeMap::new(),
        }
    }

    /// [`Reason::InvalidArgument`] for a single field.
    pub fn invalid(field: impl Into<String>, description: impl Into<String>) -> Self {
        let (field, description) = (field.into(), description.into());
        Self::new(Reason::InvalidArgument, format!("{field}: {description}"))
            .with_violation(field, description)
    }

    /// [`Reason::InvalidArgument`] for several fields, all of them in the message.
    pub fn invalid_fields(violations: Vec<Violation>) -> Self {
        let all: Vec<_> = violations
            .iter()
            .map(|v| format!("{}: {}", v.field, v.description))
            .collect();
        Self {
            violations,
            ..Self::new(Reason::InvalidArgument, all.join("; "))
        }
    }

    /// [`Reason::Internal`] for a fault of our own.
    ///
    /// Logs `error` with its whole chain of causes under a new id; the caller is told nothing but
    /// that id, because causes may hold paths, addresses or secrets.
    pub fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let error = error.into();
        let error_id = uuid::Uuid::now_v7().to_string();
        tracing::error!(%error_id, error = %Chain(error.as_ref()), "internal error");
        Self::new(
            Reason::Internal,
            format!("internal error; search the log for error id {error_id}"),
        )
        .with_metadata("error_id", error_id)
    }

    /// Adds a field that is wrong.
    #[must_use]
    pub fn with_violation(
        mut self,
        field: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        self.violations.push(Violation {
            field: field.into(),
            description: description.into(),
        });
        self
    }

    /// Tells the caller when to send the request again.
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Adds a fact for programs.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.message)
    }
}

impl Error for ApiError {}

/// Displays an error followed by all its causes: `a: b: c`, without repeating a cause that its
/// parent already prints.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printed = self.0.to_string();
        f.write_str(&printed)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !printed.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            printed = text;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the row")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn an_internal_error_hides_its_cause_from_the_caller() {
        let error = ApiError::internal(Outer(std::io::Error::other("password=hunter2")));
        assert_eq!(error.reason, Reason::Internal);
        assert!(!error.message.contains("hunter2"));
        assert!(error.message.contains(&error.metadata["error_id"]));
    }

    #[test]
    fn a_chain_prints_every_cause_once() {
        let error = Outer(std::io::Error::other("disk gone"));
        assert_eq!(Chain(&error).to_string(), "cannot read the row: disk gone");
        let repeated = std::io::Error::other(Outer(std::io::Error::other("disk gone")));
        assert_eq!(
            Chain(&repeated).to_string(),
            "cannot read the row: disk gone"
        );
    }

    #[test]
    fn several_violations_are_all_in_the_message() {
        let violation = |field: &str| Violation {
            field: field.into(),
            description: "must not be empty".into(),
        };
        let error = ApiError::invalid_fields(vec![violation("name"), violation("steps")]);
        assert_eq!(
            error.message,
            "name: must not be empty; steps: must not be empty"
        );
    }
}
