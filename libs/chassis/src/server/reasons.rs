//! Gives a reason to the errors that tonic makes itself: for a message that is too large or cannot
//! be decoded, or a method that nobody has. A service cannot, because it never sees them.

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body::Frame;
use http_body_util::BodyExt;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::around::{Answer, Around, Inner};
use crate::error::{ApiError, Reason};

/// What tonic says of a request that it cannot read, and calls a fault of the server.
const UNREADABLE: [&str; 3] = [
    "failed to decode Protobuf message",
    "protocol error: received message",
    "Missing request message",
];

/// What tonic says of a request that is larger than its service takes.
const TOO_LARGE: &str = "decoded message length too large";

/// What tonic says of an answer that is larger than its service may send.
const ANSWER_TOO_LARGE: &str = "encoded message length too large";

/// Gives every error an `ErrorInfo`, and the code that belongs to its reason.
#[derive(Debug, Clone)]
pub(super) struct Reasons;

impl Around for Reasons {
    fn call(&self, inner: &mut impl Inner, request: Request<Body>) -> Answer {
        let path = request.uri().path().to_owned();
        let call = inner.call(request);
        Box::pin(async move {
            let mut response = call.await?;
            explain(response.headers_mut(), &path);
            let explained = move |mut frame: Frame<Bytes>| {
                if let Some(trailers) = frame.trailers_mut() {
                    explain(trailers, &path);
                }
                frame
            };
            Ok(response.map(|body| Body::new(body.map_frame(explained))))
        })
    }
}

/// Gives the error in `headers` a reason, if there is one that has none.
fn explain(headers: &mut HeaderMap, path: &str) {
    if !headers.contains_key(Status::GRPC_STATUS)
        || headers.contains_key(Status::GRPC_STATUS_DETAILS)
    {
        return;
    }
    let Some(status) = Status::from_header_map(headers).filter(|s| s.code() != Code::Ok) else {
        return;
    };
    let explained = Status::from(error_of(&status, path));
    // It is made of text and base64, which headers take.
    if let Err(refused) = explained.add_header(headers) {
        tracing::warn!(%refused, "an error keeps no reason");
    }
}

fn error_of(status: &Status, path: &str) -> ApiError {
    let told = status.message();
    if told.contains(ANSWER_TOO_LARGE) {
        return ApiError::internal(format!("the answer of {path}: {told}"));
    }
    if told.contains(TOO_LARGE) {
        let advice = format!("{told}; send less at once");
        return ApiError::new(Reason::InvalidArgument, advice);
    }
    if UNREADABLE.iter().any(|start| told.starts_with(start)) {
        let advice = format!("{told}: build client and service from the same .proto files");
        return ApiError::new(Reason::InvalidArgument, advice);
    }
    if status.code() == Code::Unimplemented && told.is_empty() {
        let message = format!("this process serves no {path}: check address and method");
        return ApiError::new(Reason::Unimplemented, message);
    }
    ApiError::from_status(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cut::trailers_of;

    fn explained(status: &Status) -> (Code, String, bool) {
        let mut headers = trailers_of(status);
        explain(&mut headers, "/s.S/M");
        let status = Status::from_header_map(&headers).unwrap();
        let has_reason = headers.contains_key(Status::GRPC_STATUS_DETAILS);
        (status.code(), status.message().to_owned(), has_reason)
    }

    #[test]
    fn only_errors_without_a_reason_get_one() {
        let ok = explained(&Status::new(Code::Ok, ""));
        assert_eq!(ok, (Code::Ok, String::new(), false));
        let ours = Status::from(ApiError::new(Reason::TaskNotFound, "no task"));
        let (code, message, _) = explained(&ours);
        assert_eq!((code, message.as_str()), (Code::NotFound, "no task"));
        let mut none = HeaderMap::new();
        explain(&mut none, "/s.S/M");
        assert!(none.is_empty());
    }

    #[test]
    fn what_the_caller_sent_is_no_fault_of_the_server() {
        for told in [
            "failed to decode Protobuf message: invalid wire type",
            "Missing request message.",
            "Error, decoded message length too large: found 5 bytes, the limit is: 4 bytes",
        ] {
            let (code, message, has_reason) = explained(&Status::internal(told));
            assert_eq!(code, Code::InvalidArgument, "{told}");
            assert!(message.starts_with(told), "{message}");
            assert!(has_reason);
        }
        let large = "Error, encoded message length too large: found 5 bytes";
        let (code, message, _) = explained(&Status::out_of_range(large));
        assert_eq!(code, Code::Internal);
        assert!(message.contains("error id"), "{message}");
    }
}
