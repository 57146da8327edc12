//! [`ApiError`] onto the wire as `google.rpc.Status` and back.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::{ApiError, DOMAIN, Reason, Violation};

/// Room for the message and the details in the trailers. The message stands there twice
/// (`grpc-message`, where a byte may take three, and inside the details, which are base64), so
/// together with the lists below the worst case stays under the 16 KiB of header fields that hyper
/// and grpc-java accept by default.
const MAX_MESSAGE_BYTES: usize = 1024;
const MAX_LIST_BYTES: usize = 3072;
const MAX_ITEM_BYTES: usize = 512;
/// Protobuf's tags and lengths around one pair.
const ITEM_OVERHEAD_BYTES: usize = 9;

impl From<ApiError> for Status {
    /// Cuts what would not fit into the trailers: the message after 1 KiB, a description or
    /// metadata value after 512, and the violations and metadata once they sum up to 3 KiB each.
    fn from(error: ApiError) -> Self {
        let mut details = ErrorDetails::new();
        let metadata: HashMap<_, _> = fitting(error.metadata).collect();
        details.set_error_info(error.reason.as_str(), DOMAIN, metadata);
        for (field, description) in fitting(
            error
                .violations
                .into_iter()
                .map(|v| (v.field, v.description)),
        ) {
            details.add_bad_request_violation(field, description);
        }
        if let Some(delay) = error.retry_after {
            details.set_retry_info(Some(delay));
        }
        Self::with_error_details(
            error.reason.code(),
            cut(error.message, MAX_MESSAGE_BYTES),
            details,
        )
    }
}

impl ApiError {
    /// Reads a status that a peer answered with.
    ///
    /// A reason of another domain, or one that this version does not know, becomes the most general
    /// reason of the status's code.
    pub fn from_status(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info().filter(|info| info.domain == DOMAIN);
        let reason = info.and_then(|info| Reason::parse(&info.reason));
        let violations = details
            .bad_request()
            .map(|bad| bad.field_violations.clone())
            .unwrap_or_default();
        Self {
            reason: reason.unwrap_or_else(|| {
                if is_broken_connection(status) {
                    Reason::Unavailable
                } else {
                    Reason::from_code(status.code())
                }
            }),
            message: status.message().to_owned(),
            violations: violations
                .into_iter()
                .map(|v| Violation {
                    field: v.field,
                    description: v.description,
                })
                .collect(),
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
            metadata: info
                .map(|info| info.metadata.clone().into_iter().collect())
                .unwrap_or_default(),
        }
    }

    /// The gRPC code that this error travels under.
    pub fn code(&self) -> Code {
        self.reason.code()
    }
}

/// The leading pairs that fit into [`MAX_LIST_BYTES`], each side cut to [`MAX_ITEM_BYTES`].
fn fitting(
    pairs: impl IntoIterator<Item = (String, String)>,
) -> impl Iterator<Item = (String, String)> {
    let mut used = 0;
    pairs
        .into_iter()
        .map(|(key, value)| (cut(key, MAX_ITEM_BYTES), cut(value, MAX_ITEM_BYTES)))
        .take_while(move |(key, value)| {
            used += key.len() + value.len() + ITEM_OVERHEAD_BYTES;
            used <= MAX_LIST_BYTES
        })
}

/// Cuts `text` to at most `max` bytes at a character, and shows that something is missing.
fn cut(mut text: String, max: usize) -> String {
    const MARK: &str = " …";
    if text.len() > max {
        text.truncate(text.floor_char_boundary(max - MARK.len()));
        text.push_str(MARK);
    }
    text
}

/// Whether the call broke on the way, as when the server is killed under it: only what was made
/// here, and not received, has a cause. The transport names it Internal, Unknown or Cancelled.
fn is_broken_connection(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Internal | Code::Unknown | Code::Cancelled
    ) && std::error::Error::source(status).is_some()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_error_comes_back_as_it_went() {
        let error = ApiError::new(
            Reason::UploadTooLarge,
            "upload of 3 GiB, the limit is 2 GiB",
        )
        .with_violation("size_bytes", "must be at most 2147483648")
        .with_retry_after(Duration::from_millis(1500))
        .with_metadata("limit_bytes", "2147483648");
        let status = Status::from(error.clone());
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(ApiError::from_status(&status), error);
    }

    #[test]
    fn every_reason_survives_the_wire() {
        for reason in Reason::ALL {
            let status = Status::from(ApiError::new(*reason, "m"));
            assert_eq!(status.code(), reason.code());
            assert_eq!(ApiError::from_status(&status).reason, *reason);
        }
    }

    #[test]
    fn a_connection_that_breaks_is_no_fault_of_the_server() {
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let broken = Status::from_error(Box::new(reset));
        assert_eq!(broken.code(), Code::Unknown);
        assert_eq!(ApiError::from_status(&broken).reason, Reason::Unavailable);
        let mut closed = Status::cancelled("operation was canceled: connection closed");
        closed.set_source(Arc::new(std::io::Error::from(std::io::ErrorKind::Other)));
        assert_eq!(ApiError::from_status(&closed).reason, Reason::Unavailable);
        let answered = Status::cancelled("the server says so itself");
        assert_eq!(ApiError::from_status(&answered).reason, Reason::Cancelled);
        let answered = Status::unknown("the server says so itself");
        assert_eq!(ApiError::from_status(&answered).reason, Reason::Internal);
    }

    #[test]
    fn unknown_reasons_and_foreign_domains_fall_back_to_the_code() {
        for (name, domain) in [("OF_TOMORROW", DOMAIN), ("TASK_NOT_FOUND", "example.org")] {
            let details = ErrorDetails::with_error_info(name, domain, HashMap::new());
            let status = Status::with_error_details(Code::FailedPrecondition, "m", details);
            assert_eq!(
                ApiError::from_status(&status).reason,
                Reason::FailedPrecondition
            );
        }
        assert_eq!(
            ApiError::from_status(&Status::unavailable("m")).reason,
            Reason::Unavailable
        );
    }

    #[test]
    fn the_worst_error_fits_into_sixteen_kibibytes_of_trailers() {
        let mut error = ApiError::new(Reason::InvalidArgument, "é".repeat(5000));
        for i in 0..1000 {
            error = error
                .with_violation(format!("steps[{i}]"), "ü".repeat(400))
                .with_metadata(format!("{i}"), "x");
        }
        let response = Status::from(error).into_http::<()>();
        let size: usize = response
            .headers()
            .iter()
            .map(|(k, v)| k.as_str().len() + v.len() + 32)
            .sum();
        assert!(size < 16 * 1024, "{size} bytes of trailers");
    }
}
