//! Heals what time and crashes leave behind: lost leases, lost bells, due
//! retries, uploads that were never finished, videos that have been kept long
//! enough, objects that nothing refers to.

use std::time::{Duration, SystemTime};

use futures::TryStreamExt;
use sopilot_blob::{BlobStore, Key, Prefix};
use sopilot_chassis::Reason;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    config::CatalogConfig,
    error::{Error, Result},
    receive::Receiver,
    removal::remove_objects,
    store::{EXPIRY_BATCH, Store, is_passing},
};

/// A write that has not moved for this long was abandoned by a killed process.
const ABANDONED: Duration = Duration::from_hours(24);

/// The first search for orphans comes soon: a process may not live long.
const FIRST_SEARCH: Duration = Duration::from_mins(1);

/// Videos are kept for hours at least: a minute more is nothing.
const EXPIRY_INTERVAL: Duration = Duration::from_mins(1);

/// Heals jobs and uploads until `stop`.
pub(crate) async fn run_jobs(
    store: Store,
    receiver: Receiver,
    config: &CatalogConfig,
    stop: CancellationToken,
) {
    let mut ticks = tokio::time::interval(config.sweep_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => report("jobs", sweep_jobs(&store, &receiver).await),
        }
    }
}

/// Deletes videos that have been kept for as long as their task says, until
/// `stop`. Apart from the jobs: removing many objects takes long, and leases
/// must not wait for it.
pub(crate) async fn run_expiry(store: Store, blobs: BlobStore, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EXPIRY_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => report("videos", expire_due(&store, &blobs, &stop).await),
        }
    }
}

/// Removes orphans until `stop`. Apart from the jobs: a search of a large
/// store takes minutes.
pub(crate) async fn run_objects(
    store: Store,
    blobs: BlobStore,
    config: &CatalogConfig,
    stop: CancellationToken,
) {
    let first = Instant::now() + config.orphan_interval.min(FIRST_SEARCH);
    let mut ticks = tokio::time::interval_at(first, config.orphan_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let search = async {
        loop {
            ticks.tick().await;
            report(
                "objects",
                sweep_objects(&store, &blobs, config.orphan_grace).await,
            );
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = search => {}
    }
}

fn report(what: &str, result: Result<()>) {
    if let Err(error) = result {
        tracing::warn!(%error, "sweeping {what} failed; the next sweep tries again");
    }
}

async fn sweep_jobs(store: &Store, receiver: &Receiver) -> Result<()> {
    let swept = store.sweep_jobs().await?;
    if swept.lost_leases > 0 {
        tracing::warn!(
            jobs = swept.lost_leases,
            "took back leases that had run out"
        );
    }
    for upload in store.expired_uploads().await? {
        tracing::info!(%upload, "forgetting an upload that was not finished in time");
        match receiver.abort(upload).await {
            Err(Error::Api(error)) if error.reason == Reason::UploadNotFound => {
                // Another replica was faster, or it was finished just now.
            }
            outcome => outcome?,
        }
    }
    Ok(())
}

/// Batch after batch, until there is less than one or nothing can be done.
pub(crate) async fn expire_due(
    store: &Store,
    blobs: &BlobStore,
    stop: &CancellationToken,
) -> Result<()> {
    loop {
        let due = store.due_videos().await?;
        let is_last = (due.len() as u64) < EXPIRY_BATCH;
        let expired = expire_videos(store, blobs, due, stop).await?;
        if expired > 0 {
            tracing::info!(videos = expired, "deleted videos whose retention was over");
        }
        if is_last || expired == 0 || stop.is_cancelled() {
            return Ok(());
        }
    }
}

/// Deletes these videos if they are still due, and answers how many were.
/// Stops between two of them.
async fn expire_videos(
    store: &Store,
    blobs: &BlobStore,
    due: Vec<Uuid>,
    stop: &CancellationToken,
) -> Result<usize> {
    let mut expired = 0;
    for video in due {
        if stop.is_cancelled() {
            break;
        }
        let deleted = match store.expire_video(video).await {
            Ok(Some(deleted)) => deleted,
            Ok(None) => continue,
            Err(Error::Database(error)) if is_passing(&error) => return Err(error.into()),
            Err(error) => {
                // One that cannot be deleted is not in the way of the others.
                tracing::warn!(%error, %video, "cannot delete a video whose retention is over");
                continue;
            }
        };
        expired += 1;
        tracing::info!(%video, "deleted a video whose retention was over");
        if let Err(error) = remove_objects(blobs, video, &deleted).await {
            tracing::warn!(%error, %video, "objects of a deleted video are left to the search for orphans");
        }
    }
    Ok(expired)
}

async fn sweep_objects(store: &Store, blobs: &BlobStore, grace: Duration) -> Result<()> {
    let Some(_alone) = store.search_alone().await? else {
        tracing::debug!("another replica searches for orphans");
        return Ok(());
    };
    store.forget_answers().await?;
    blobs.sweep_temporary(ABANDONED).await?;
    let removed = sweep_orphans(store, blobs, grace).await?;
    if removed > 0 {
        tracing::info!(removed, "removed objects that nothing referred to");
    }
    Ok(())
}

/// Removes objects older than `grace` that nothing refers to: what lost
/// attempts wrote, parts of forgotten uploads, leftovers of deletions.
pub(crate) async fn sweep_orphans(
    store: &Store,
    blobs: &BlobStore,
    grace: Duration,
) -> Result<u64> {
    let youngest = SystemTime::now()
        .checked_sub(grace)
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let mut removed = 0;
    for prefix in [
        Prefix::all_uploads(),
        Prefix::all_videos(),
        Prefix::all_jobs(),
    ] {
        let mut objects = blobs.list(&prefix);
        while let Some(object) = objects.try_next().await? {
            if object.last_modified > youngest {
                continue;
            }
            let text = object.key.to_string();
            let in_use = match &object.key {
                Key::UploadPart { upload, .. } => store.upload_exists(*upload).await?,
                Key::Source { video, .. } => store.source_in_use(*video, &text).await?,
                Key::Derived { video, attempt, .. } => {
                    store
                        .derived_in_use(*video, attempt.fencing_token, &text)
                        .await?
                }
                Key::Result { attempt, .. } => {
                    store
                        .result_in_use(attempt.job, attempt.fencing_token, &text)
                        .await?
                }
            };
            if !in_use {
                tracing::info!(key = %object.key, "removing an object that nothing refers to");
                blobs.delete(&object.key).await?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}
