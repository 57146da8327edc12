//! What a job's inputs are stored as.

use prost::Message;
use sopilot_blob::{BlobStore, Key};
use sopilot_chassis::Reason;

use crate::AttemptError;

/// Reads the key of an object that the catalog has handed out.
pub fn stored_key(text: &str) -> Result<Key, AttemptError> {
    Key::parse(text).map_err(|error| AttemptError::internal(error.to_string()))
}

/// Reads a message that another stage has stored, of at most `max_bytes`.
pub async fn stored_message<M: Message + Default>(
    blobs: &BlobStore,
    key: &str,
    max_bytes: u64,
) -> Result<M, AttemptError> {
    let key = stored_key(key)?;
    let bytes = blobs.get(&key, max_bytes).await?;
    M::decode(bytes).map_err(|error| {
        AttemptError::permanent(Reason::ObjectCorrupt, format!("object {key}: {error}"))
    })
}
