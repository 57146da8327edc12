//! Object storage, keys, and embedding matrices at rest.
//!
//! A [`BlobStore`] keeps whole objects under typed [`Key`]s, in a folder or in a bucket of an
//! S3-compatible store; callers cannot tell which. An object becomes visible at once and
//! whole, or not at all, and keys carry the [`Attempt`] that writes them, so two workers that both
//! believe they own a job never write one object. What an attempt that lost has written is an
//! orphan for the catalog to sweep; what a killed process has half written is for
//! [`BlobStore::sweep_temporary`]. What is read is checked against the checksums it was written
//! with.

mod check;
mod error;
mod key;
mod matrix;
mod read;
mod s3;
mod seal;
mod store;
mod sums;
mod sweep;
mod write;

pub use error::{BlobError, PutError};
pub use key::{Attempt, InvalidKey, Key, ObjectName, Prefix};
pub use matrix::{Matrix, MatrixError, MatrixRef};
pub use read::ByteStream;
pub use s3::S3Options;
pub use store::{BlobStore, ObjectInfo};
pub use write::Written;
