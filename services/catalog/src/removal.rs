//! The bytes of a deleted video.

use sopilot_blob::{BlobStore, Prefix};
use uuid::Uuid;

use crate::{error::Result, store::Deleted};

/// Removes every object of a video and of its jobs, once their rows are gone,
/// and answers how many there were. What a crash leaves here is an orphan.
pub(crate) async fn remove_objects(
    blobs: &BlobStore,
    video: Uuid,
    deleted: &Deleted,
) -> Result<u64> {
    let mut removed = blobs.delete_prefix(&Prefix::video(video)).await?;
    for job in &deleted.jobs {
        removed += blobs.delete_prefix(&Prefix::job(*job)).await?;
    }
    Ok(removed)
}
