//! What a store says when it says no.
//!
//! The client keeps refusals as text and repeats every 5xx, a full disk's too. So answers pass
//! through here first: one that no repetition changes becomes a typed error, which the client
//! hands on at once and [`BlobError`](crate::BlobError) finds among the causes.

use std::fmt;

use async_trait::async_trait;
use http::{Method, StatusCode};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};
use serde::Deserialize;

/// A final answer that is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store answered {status} {code}: {message}")]
pub(crate) struct Answer {
    status: u16,
    /// S3's name for it.
    code: String,
    message: String,
    pub(crate) meaning: Meaning,
}

/// What a final answer means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// No space, or a quota is used up.
    Full,
    /// Permissions or configuration: credentials, bucket, region, clock.
    Refused,
    /// This attempt went wrong; another may go well.
    Failed,
}

/// The part of S3's error documents that is for everyone: the rest repeats what was signed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ErrorDocument {
    code: String,
    message: String,
}

impl Answer {
    /// None if the client knows what to do: repeat it, or report what the caller asked about (no
    /// such object, a condition that does not hold).
    fn read(method: &Method, status: StatusCode, body: &[u8]) -> Option<Self> {
        let said = std::str::from_utf8(body)
            .ok()
            .and_then(|text| quick_xml::de::from_str::<ErrorDocument>(text).ok())
            .unwrap_or_default();
        let meaning = meaning(method, status, &said.code)?;
        let reason = status.canonical_reason().unwrap_or_default();
        Some(Self {
            status: status.as_u16(),
            code: if said.code.is_empty() {
                reason.to_owned()
            } else {
                said.code
            },
            message: said.message,
            meaning,
        })
    }
}

fn meaning(method: &Method, status: StatusCode, code: &str) -> Option<Meaning> {
    // Whoever deletes an upload that is gone has what they want.
    if method == Method::DELETE && code == "NoSuchUpload" {
        return None;
    }
    match (status.as_u16(), code) {
        // Amazon's, MinIO's, Ceph's and VersityGW's names.
        (507, _)
        | (
            _,
            "QuotaExceeded"
            | "InsufficientStorage"
            | "InsufficientCapacity"
            | "StorageFull"
            | "XMinioStorageFull"
            | "XMinioAdminBucketQuotaExceeded",
        ) => Some(Meaning::Full),
        (501, _) | (_, "NoSuchBucket") => Some(Meaning::Refused),
        // The body did not arrive whole, the sender was too slow, or the parts were swept away.
        (
            _,
            "BadDigest"
            | "IncompleteBody"
            | "NoSuchUpload"
            | "RequestTimeout"
            | "XAmzContentSHA256Mismatch",
        ) => Some(Meaning::Failed),
        (404, "" | "NoSuchKey" | "NoSuchVersion") | (304 | 408 | 409 | 412 | 416 | 429, _) => None,
        // Among them a redirect without a target: the bucket is in another region.
        (300..=499, _) => Some(Meaning::Refused),
        _ => None,
    }
}

/// Makes clients that listen to answers.
#[derive(Debug)]
pub(super) struct ListeningConnector;

impl HttpConnector for ListeningConnector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Listening::connect(options)?))
    }
}

/// A client that turns final answers into errors.
#[derive(Clone)]
pub(super) struct Listening {
    client: HttpClient,
}

impl Listening {
    pub(super) fn connect(options: &ClientOptions) -> object_store::Result<Self> {
        let client = ReqwestConnector::default().connect(options)?;
        Ok(Self { client })
    }
}

impl fmt::Debug for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listening")
    }
}

#[async_trait]
impl HttpService for Listening {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let method = request.method().clone();
        let response = self.client.execute(request).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let body = body.bytes().await?;
        match Answer::read(&method, status, &body) {
            // This kind is not repeated.
            Some(answer) => Err(HttpError::new(HttpErrorKind::Unknown, answer)),
            None => Ok(HttpResponse::from_parts(parts, body.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &Method, status: u16, code: &str) -> Option<Meaning> {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
             <Message>Why.</Message><StringToSign>x</StringToSign><HostId/></Error>"
        );
        let answer = Answer::read(
            method,
            StatusCode::from_u16(status).unwrap(),
            body.as_bytes(),
        )?;
        assert_eq!(
            answer.to_string(),
            format!("the store answered {status} {code}: Why.")
        );
        Some(answer.meaning)
    }

    #[test]
    fn final_answers_are_told_from_those_to_repeat() {
        let (get, put, delete) = (&Method::GET, &Method::PUT, &Method::DELETE);
        let cases = [
            (put, 507, "InsufficientStorage", Some(Meaning::Full)),
            (put, 403, "QuotaExceeded", Some(Meaning::Full)),
            (put, 500, "XMinioStorageFull", Some(Meaning::Full)),
            (get, 403, "AccessDenied", Some(Meaning::Refused)),
            (get, 403, "SignatureDoesNotMatch", Some(Meaning::Refused)),
            (get, 404, "NoSuchBucket", Some(Meaning::Refused)),
            // VersityGW's for an access key that it does not know.
            (get, 404, "XAdminUserNotFound", Some(Meaning::Refused)),
            (get, 301, "PermanentRedirect", Some(Meaning::Refused)),
            (put, 501, "NotImplemented", Some(Meaning::Refused)),
            (put, 400, "BadDigest", Some(Meaning::Failed)),
            (put, 404, "NoSuchUpload", Some(Meaning::Failed)),
            (delete, 404, "NoSuchUpload", None),
            (get, 404, "NoSuchKey", None),
            (put, 412, "PreconditionFailed", None),
            (put, 409, "ConditionalRequestConflict", None),
            (get, 429, "TooManyRequests", None),
            (get, 500, "InternalError", None),
            (get, 503, "SlowDown", None),
        ];
        for (method, status, code, meaning) in cases {
            assert_eq!(read(method, status, code), meaning, "{status} {code}");
        }
    }

    #[test]
    fn an_answer_without_a_document_goes_by_its_status() {
        let denied = Answer::read(&Method::HEAD, StatusCode::FORBIDDEN, b"").unwrap();
        assert_eq!(denied.meaning, Meaning::Refused);
        assert_eq!(denied.to_string(), "the store answered 403 Forbidden: ");
        let missing = Answer::read(&Method::GET, StatusCode::NOT_FOUND, b"<html>no</html>");
        assert_eq!(missing, None);
    }
}
