//! Objects in a bucket of an S3-compatible store.

use std::fmt;
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, Certificate, ClientOptions, ObjectStore, RetryConfig};

use crate::store::Backend;
use crate::write::PART_BYTES;
use crate::{BlobError, BlobStore};

mod answer;
mod unfinished;

pub(crate) use answer::{Answer, Meaning};
use answer::{Listening, ListeningConnector};

/// S3 takes no smaller part but the last.
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;
/// Three of them are held in memory for every write.
const MAX_PART_BYTES: u64 = 512 * 1024 * 1024;

/// Which bucket, and how to reach it.
///
/// The bucket must exist. The credentials must allow `s3:ListBucket`,
/// `s3:ListBucketMultipartUploads`, `s3:GetObject`, `s3:PutObject`, `s3:DeleteObject` and
/// `s3:AbortMultipartUpload`.
#[derive(Clone)]
pub struct S3Options {
    /// Such as `https://minio.storage:9000`. Empty: Amazon's, for the region.
    pub endpoint: String,
    /// Most stores that are not Amazon's take any.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What the names of all objects begin with, so that several installations may share a bucket.
    /// Empty: nothing.
    pub prefix: String,
    /// Both keys empty: found as Amazon's own clients find them, in the environment (`AWS_…`), by
    /// web identity or from the machine.
    pub access_key: String,
    /// Shown by nothing here.
    pub secret_key: String,
    /// Whether the endpoint may be `http://`, where everyone on the way can read and change what
    /// passes.
    pub allow_http: bool,
    /// The bucket's name goes into the path and not into the host name.
    pub path_style: bool,
    /// Certificates (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Larger objects are written in parts of this size, in bytes; three are held in memory for
    /// every write. An object has at most 10 000.
    pub part_bytes: u64,
    /// For a connection to be made.
    pub connect_timeout: Duration,
    /// For one request to be answered, or for the next bytes of an answer to come; sending a part
    /// counts.
    pub request_timeout: Duration,
    /// After this long no failed request is repeated. The last repetition ends within the time for
    /// one request.
    pub retry_deadline: Duration,
}

impl Default for S3Options {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            region: "us-east-1".to_owned(),
            bucket: String::new(),
            prefix: String::new(),
            access_key: String::new(),
            secret_key: String::new(),
            allow_http: false,
            path_style: true,
            ca_file: None,
            part_bytes: PART_BYTES as u64,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            retry_deadline: Duration::from_secs(30),
        }
    }
}

impl fmt::Debug for S3Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Options")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}

impl S3Options {
    /// What is wrong with these options, as the name of a field and an explanation.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut require = |holds: bool, field, what: &str| {
            if !holds {
                found.push((field, what.to_owned()));
            }
        };
        require(!self.bucket.is_empty(), "bucket", "must not be empty");
        require(!self.region.is_empty(), "region", "must not be empty");
        let is_http = self.endpoint.starts_with("http://");
        require(
            self.endpoint.is_empty() || is_http || self.endpoint.starts_with("https://"),
            "endpoint",
            "must be empty or begin with https:// or http://",
        );
        require(
            !is_http || self.allow_http,
            "endpoint",
            "is http:// and allow_http is false: use https://, or allow it where nobody listens",
        );
        require(
            self.access_key.is_empty() == self.secret_key.is_empty(),
            "secret_key",
            "must be given together with access_key, or neither",
        );
        require(
            (MIN_PART_BYTES..=MAX_PART_BYTES).contains(&self.part_bytes),
            "part_bytes",
            "must be from 5 MiB to 512 MiB",
        );
        for (field, time) in [
            ("connect_timeout", self.connect_timeout),
            ("request_timeout", self.request_timeout),
        ] {
            require(!time.is_zero(), field, "must not be 0");
        }
        found
    }

    fn builder(&self) -> AmazonS3Builder {
        // The environment may name another store: it is asked for credentials alone.
        if self.access_key.is_empty() {
            AmazonS3Builder::from_env()
        } else {
            AmazonS3Builder::new()
                .with_access_key_id(&self.access_key)
                .with_secret_access_key(&self.secret_key)
        }
    }

    fn client(&self) -> Result<ClientOptions, BlobError> {
        let mut client = ClientOptions::new()
            .with_allow_http(self.allow_http)
            .with_connect_timeout(self.connect_timeout)
            // Not for a whole answer: a large object may take its time as long as it moves.
            .with_timeout_disabled()
            .with_read_timeout(self.request_timeout);
        if let Some(file) = &self.ca_file {
            for certificate in certificates(file)? {
                client = client.with_root_certificate(certificate);
            }
        }
        Ok(client)
    }

    fn retries(&self) -> RetryConfig {
        RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(100),
                max_backoff: Duration::from_secs(5),
                base: 2.,
            },
            // The deadline ends it.
            max_retries: usize::MAX,
            retry_timeout: self.retry_deadline,
        }
    }
}

/// The bucket itself, for what [`ObjectStore`] does not offer.
pub(crate) struct Bucket {
    s3: AmazonS3,
    client: Listening,
    /// Of all objects, without a slash at the end.
    prefix: String,
}

impl BlobStore {
    /// Objects in a bucket. Connects to nothing yet: [`check`](Self::check) does.
    ///
    /// A write returns once the store has acknowledged it. Requests that the store does not answer,
    /// or answers with 408, 429 or 5xx, are repeated with growing pauses until the deadline; then it
    /// is [`BlobError::Unavailable`].
    ///
    /// Reads the certificates' file; call it at start.
    pub fn s3(options: &S3Options) -> Result<Self, BlobError> {
        let problems = options.problems();
        if !problems.is_empty() {
            let lines: Vec<_> = problems.iter().map(|(f, p)| format!("{f} {p}")).collect();
            return Err(unusable(lines.join("; ")));
        }
        let client = options.client()?;
        let listening = Listening::connect(&client);
        let mut builder = options
            .builder()
            .with_http_connector(ListeningConnector)
            .with_bucket_name(&options.bucket)
            .with_region(&options.region)
            .with_virtual_hosted_style_request(!options.path_style)
            .with_client_options(client)
            .with_retry(options.retries());
        if !options.endpoint.is_empty() {
            builder = builder.with_endpoint(options.endpoint.trim_end_matches('/'));
        }
        let s3 = builder.build().map_err(|e| unusable(e.to_string()))?;
        let prefix = options.prefix.trim_matches('/').to_owned();
        let objects: Arc<dyn ObjectStore> = if prefix.is_empty() {
            Arc::new(s3.clone())
        } else {
            Arc::new(PrefixStore::new(s3.clone(), prefix.as_str()))
        };
        let bucket = Bucket {
            s3,
            client: listening.map_err(|e| unusable(e.to_string()))?,
            prefix,
        };
        Ok(Self {
            part_bytes: options.part_bytes as usize,
            ..Self::over(objects, Backend::S3(Arc::new(bucket)))
        })
    }
}

fn certificates(file: &FsPath) -> Result<Vec<Certificate>, BlobError> {
    let unusable = |what: &str| unusable(format!("ca_file {}: {what}", file.display()));
    let pem = std::fs::read(file).map_err(|e| unusable(&e.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|e| unusable(&e.to_string()))?;
    if found.is_empty() {
        return Err(unusable("holds no certificate"));
    }
    Ok(found)
}

fn unusable(what: String) -> BlobError {
    BlobError::Settings { what }
}
