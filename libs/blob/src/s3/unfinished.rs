//! Uploads in parts that were never finished: invisible, and paid for.

use std::time::{Duration, SystemTime};

use futures::{StreamExt, TryStreamExt, stream};
use http::Method;
use object_store::client::HttpService;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::signer::{SignedUrlOptions, Signer};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Bucket;
use crate::BlobError;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// For how long the signature of one request holds.
const SIGNED_FOR: Duration = Duration::from_mins(5);
/// Aborted at once.
const AT_ONCE: usize = 8;
const ACTION: &str = "sweeping unfinished uploads of";

/// One page of `ListMultipartUploads`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Page {
    is_truncated: bool,
    next_key_marker: String,
    next_upload_id_marker: String,
    #[serde(rename = "Upload")]
    uploads: Vec<Unfinished>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Unfinished {
    key: String,
    upload_id: String,
    initiated: String,
}

impl Unfinished {
    /// Not if it does not say when.
    fn began_before(&self, before: SystemTime) -> bool {
        OffsetDateTime::parse(&self.initiated, &Rfc3339)
            .is_ok_and(|began| SystemTime::from(began) <= before)
    }
}

impl Bucket {
    /// Aborts the uploads that began before a time, and says how many.
    pub(crate) async fn sweep(&self, before: SystemTime) -> Result<u64, BlobError> {
        let mut found = self.unfinished().await?;
        found.retain(|upload| upload.began_before(before));
        stream::iter(found)
            .map(|upload| self.abort(upload))
            .buffer_unordered(AT_ONCE)
            .try_fold(0, async |swept, one| Ok(swept + one))
            .await
    }

    /// All that are below the prefix.
    pub(crate) async fn unfinished(&self) -> Result<Vec<Unfinished>, BlobError> {
        let mut found = Vec::new();
        let mut page = Page::default();
        loop {
            page = self.page_after(&page).await?;
            found.append(&mut page.uploads);
            if !page.is_truncated {
                return Ok(found);
            }
        }
    }

    async fn abort(&self, upload: Unfinished) -> Result<u64, BlobError> {
        let failed = |e| BlobError::from_store(ACTION, &upload.key, e);
        let path = Path::parse(&upload.key).map_err(|e| failed(e.into()))?;
        match self.s3.abort_multipart(&path, &upload.upload_id).await {
            Ok(()) => {
                tracing::info!(
                    key = upload.key,
                    "removed what a killed process had half written"
                );
                Ok(1)
            }
            // It ended meanwhile.
            Err(object_store::Error::NotFound { .. }) => Ok(0),
            Err(e) => Err(failed(e)),
        }
    }

    /// The page after `before`. [`object_store`] knows no such request, but signs it.
    async fn page_after(&self, before: &Page) -> Result<Page, BlobError> {
        let failed = |e: BoxError| BlobError::from_any(ACTION, &self.prefix, e);
        let mut query = vec![("uploads", "")];
        let below = format!("{}/", self.prefix);
        if !self.prefix.is_empty() {
            query.push(("prefix", &below));
        }
        if before.is_truncated {
            query.push(("key-marker", &before.next_key_marker));
            query.push(("upload-id-marker", &before.next_upload_id_marker));
        }
        let signed = SignedUrlOptions::default().with_query(query);
        let of_bucket = Path::default();
        let url = self
            .s3
            .signed_url_opts(Method::GET, &of_bucket, SIGNED_FOR, &signed);
        let url = url.await.map_err(|e| failed(e.into()))?;
        let request = http::Request::get(url.as_str()).body(Vec::new().into());
        let answer = self.client.call(request.map_err(|e| failed(e.into()))?);
        let answer = answer.await.map_err(|e| failed(e.into()))?;
        if !answer.status().is_success() {
            return Err(failed(answer.status().to_string().into()));
        }
        let body = answer.into_body().bytes().await;
        let body = body.map_err(|e| failed(e.into()))?;
        quick_xml::de::from_reader(&*body).map_err(|e| failed(e.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_and_ages_are_compared() {
        let page: Page = quick_xml::de::from_str(
            "<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Bucket>b</Bucket><KeyMarker/><NextKeyMarker>k</NextKeyMarker>\
             <NextUploadIdMarker>u</NextUploadIdMarker><MaxUploads>2</MaxUploads>\
             <IsTruncated>true</IsTruncated>\
             <Upload><Key>k</Key><UploadId>1</UploadId><Initiator><ID>x</ID></Initiator>\
             <Initiated>2026-11-10T20:48:33.000Z</Initiated></Upload>\
             <Upload><Key>k</Key><UploadId>u</UploadId><Initiated>soon</Initiated></Upload>\
             </ListMultipartUploadsResult>",
        )
        .unwrap();
        assert!(page.is_truncated);
        assert_eq!(
            (page.next_key_marker.as_str(), page.uploads.len()),
            ("k", 2)
        );
        assert!(page.uploads[0].began_before(SystemTime::now()));
        assert!(!page.uploads[0].began_before(SystemTime::UNIX_EPOCH));
        assert!(!page.uploads[1].began_before(SystemTime::now()));
        let last: Page = quick_xml::de::from_str(
            "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>",
        )
        .unwrap();
        assert!(!last.is_truncated && last.uploads.is_empty());
    }
}
