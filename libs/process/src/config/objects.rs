//! Where bytes are kept: videos, embeddings, alignments, reports.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sopilot_blob::{BlobError, BlobStore, S3Options};
use sopilot_chassis::{Problems, Secret, Validate};

/// The object storage that all services share.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ObjectsConfig {
    /// A folder or a bucket.
    pub kind: ObjectsKind,
    /// The folder, which all services must see: on one machine, or a shared volume.
    pub folder: PathBuf,
    /// The bucket.
    pub s3: S3Config,
}

/// What object storage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectsKind {
    /// A folder.
    Folder,
    /// A bucket of an S3-compatible store.
    S3,
}

/// A bucket of an S3-compatible store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct S3Config {
    /// Such as `https://minio.storage:9000`. Empty: Amazon's, for the region.
    pub endpoint: String,
    /// Most stores that are not Amazon's take any.
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// What the names of all objects begin with, so that several installations may share a bucket.
    pub prefix: String,
    /// Both keys empty: found as Amazon's own clients find them.
    pub access_key: Secret<String>,
    /// The other half.
    pub secret_key: Secret<String>,
    /// Whether the endpoint may be `http://`, where everyone on the way can read what passes.
    pub allow_http: bool,
    /// The bucket's name goes into the path and not into the host name.
    pub path_style: bool,
    /// Certificates (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Larger objects are written in parts of this size, in bytes; three are held in memory for
    /// every write.
    pub part_bytes: u64,
    /// For a connection to be made.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub connect_timeout: Duration,
    /// For one request to be answered.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub request_timeout: Duration,
    /// After this long no failed request is repeated.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub retry_deadline: Duration,
}

impl ObjectsConfig {
    /// The store. Asks nothing of it yet.
    pub fn open(&self) -> Result<BlobStore, BlobError> {
        match self.kind {
            ObjectsKind::Folder => BlobStore::local(&self.folder),
            ObjectsKind::S3 => BlobStore::s3(&self.s3.options()),
        }
    }
}

impl S3Config {
    fn options(&self) -> S3Options {
        S3Options {
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            bucket: self.bucket.clone(),
            prefix: self.prefix.clone(),
            access_key: self.access_key.expose().clone(),
            secret_key: self.secret_key.expose().clone(),
            allow_http: self.allow_http,
            path_style: self.path_style,
            ca_file: self.ca_file.clone(),
            part_bytes: self.part_bytes,
            connect_timeout: self.connect_timeout,
            request_timeout: self.request_timeout,
            retry_deadline: self.retry_deadline,
        }
    }
}

impl Default for ObjectsConfig {
    fn default() -> Self {
        Self {
            kind: ObjectsKind::Folder,
            folder: PathBuf::from("sopilot-data/objects"),
            s3: S3Config::default(),
        }
    }
}

impl Default for S3Config {
    fn default() -> Self {
        let usual = S3Options::default();
        Self {
            endpoint: usual.endpoint,
            region: usual.region,
            bucket: usual.bucket,
            prefix: usual.prefix,
            access_key: Secret::new(usual.access_key),
            secret_key: Secret::new(usual.secret_key),
            allow_http: usual.allow_http,
            path_style: usual.path_style,
            ca_file: usual.ca_file,
            part_bytes: usual.part_bytes,
            connect_timeout: usual.connect_timeout,
            request_timeout: usual.request_timeout,
            retry_deadline: usual.retry_deadline,
        }
    }
}

impl Validate for ObjectsConfig {
    fn validate(&self, problems: &mut Problems) {
        match self.kind {
            ObjectsKind::Folder if self.folder.as_os_str().is_empty() => {
                problems.add("folder", "must not be empty");
            }
            ObjectsKind::Folder => {}
            ObjectsKind::S3 => problems.section("s3", &self.s3),
        }
    }
}

impl Validate for S3Config {
    fn validate(&self, problems: &mut Problems) {
        for (setting, problem) in self.options().problems() {
            problems.add(setting, problem);
        }
    }
}
