//! Heals what time and crashes leave behind: lost leases, lost bells, due
//! retries, uploads that were never finished, objects that nothing refers to.

use std::time::{Duration, SystemTime};

use futures::TryStreamExt;
use sopilot_blob::{BlobStore, Key, Prefix};
use sopilot_chassis::Reason;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::{
    config::CatalogConfig,
    error::{Error, Result},
    receive::Receiver,
    store::Store,
};

/// A write that has not moved for this long was abandoned by a killed process.
const ABANDONED: Duration = Duration::from_hours(24);

/// The first search for orphans comes soon: a process may not live long.
const FIRST_SEARCH: Duration = Duration::from_mins(1);

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
