//! What is measured of jobs and of the relay.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// How often what waits is counted.
const INTERVAL: Duration = Duration::from_secs(15);

const PUBLISHED: &str = "sopilot_relay_published_total";
const FAILURES: &str = "sopilot_relay_failures_total";
const JOBS: &str = "sopilot_jobs";
const OUTBOX: &str = "sopilot_outbox";

/// Tells the installed recorder what each metric means.
pub(crate) fn describe() {
    describe_counter!(
        PUBLISHED,
        Unit::Count,
        "Bells and events that the broker has confirmed"
    );
    describe_counter!(FAILURES, Unit::Count, "Rounds of the relay that failed");
    describe_gauge!(JOBS, "Jobs that have not ended");
    describe_gauge!(OUTBOX, "Bells and events that wait for the broker");
    // From the start, so that the first time counts as an increase.
    for what in ["bells", "events"] {
        counter!(PUBLISHED, "what" => what).increment(0);
        counter!(FAILURES, "what" => what).increment(0);
    }
}

/// The broker has confirmed so many bells or events.
pub(crate) fn published(what: &'static str, count: usize) {
    counter!(PUBLISHED, "what" => what).increment(count as u64);
}

/// A round of the relay failed.
pub(crate) fn relay_failed(what: &'static str) {
    counter!(FAILURES, "what" => what).increment(1);
}

/// Counts what waits, until `stop`.
pub(crate) async fn run(store: Store, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        match store.backlog().await {
            Ok(backlog) => {
                for (stage, state, count) in backlog.jobs {
                    gauge!(JOBS, "stage" => stage, "state" => state).set(count as f64);
                }
                gauge!(OUTBOX, "what" => "bells").set(backlog.bells as f64);
                gauge!(OUTBOX, "what" => "events").set(backlog.events as f64);
            }
            Err(error) => tracing::debug!(%error, "cannot count what waits"),
        }
    }
}
