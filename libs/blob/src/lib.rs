//! Object storage, keys, and embedding matrices at rest.
//!
//! A [`BlobStore`] keeps whole objects under typed [`Key`]s. An object becomes visible at once and
//! whole, or not at all, and keys carry the [`Attempt`] that writes them, so two workers that both
//! believe they own a job never write one object. What an attempt that lost has written is an
//! orphan for the catalog to sweep; what a killed process has half written is for
//! [`BlobStore::sweep_temporary`].

mod error;
mod key;
mod matrix;
mod read;
mod store;
mod sweep;
mod write;

pub use error::{BlobError, PutError};
pub use key::{Attempt, InvalidKey, Key, ObjectName, Prefix};
pub use matrix::{Matrix, MatrixError, MatrixRef};
pub use read::ByteStream;
pub use store::{BlobStore, ObjectInfo};
pub use write::Written;
