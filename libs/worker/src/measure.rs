//! What is measured of work.

use std::sync::Arc;
use std::time::Instant;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use sopilot_bus::JobQueue;
use tokio::sync::Semaphore;

/// Attempts at jobs, by how they ended.
const ATTEMPTS: &str = "sopilot_worker_attempts_total";

/// How long attempts take.
const SECONDS: &str = "sopilot_worker_attempt_seconds";

/// Messages that this process sent to the dead letters.
const DEAD_LETTERS: &str = "sopilot_worker_dead_letters_total";

/// Places for jobs.
const SLOTS: &str = "sopilot_worker_slots";

/// Tells the installed recorder what each metric means.
/// A worker that has had no job yet says so too.
pub(crate) fn describe(queue: JobQueue, slots: usize) {
    describe_counter!(ATTEMPTS, Unit::Count, "Attempts at jobs, by how they ended");
    describe_histogram!(
        SECONDS,
        Unit::Seconds,
        "Attempts at jobs, from claim to result"
    );
    describe_counter!(
        DEAD_LETTERS,
        Unit::Count,
        "Messages that could not be decoded and went to the dead letters"
    );
    // From the start, so that the first one counts as an increase.
    counter!(DEAD_LETTERS, "queue" => queue.name()).increment(0);
    describe_gauge!(SLOTS, "Places for jobs, free and busy");
    gauge!(SLOTS, "queue" => queue.name(), "state" => "free").set(slots as f64);
    gauge!(SLOTS, "queue" => queue.name(), "state" => "busy").set(0.0);
    for outcome in ["done", "failed", "again", "given_back", "lost"] {
        counter!(ATTEMPTS, "queue" => queue.name(), "outcome" => outcome).increment(0);
    }
}

/// A message goes to the dead letters of `queue`.
pub(crate) fn dead_letter(queue: JobQueue) {
    counter!(DEAD_LETTERS, "queue" => queue.name()).increment(1);
}

/// An attempt that is under way; recorded when it is dropped.
pub(crate) struct Measured {
    queue: JobQueue,
    slots: Arc<Semaphore>,
    begin: Instant,
    /// As the metric calls it.
    pub(crate) outcome: &'static str,
}

impl Measured {
    pub(crate) fn begin(queue: JobQueue, slots: &Arc<Semaphore>) -> Self {
        let free = slots.available_permits() as f64;
        gauge!(SLOTS, "queue" => queue.name(), "state" => "busy").increment(1.0);
        gauge!(SLOTS, "queue" => queue.name(), "state" => "free").set(free);
        Self {
            queue,
            slots: Arc::clone(slots),
            begin: Instant::now(),
            // Unless somebody knows better: it was cancelled, or its lease was lost.
            outcome: "lost",
        }
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let queue = self.queue.name();
        counter!(ATTEMPTS, "queue" => queue, "outcome" => self.outcome).increment(1);
        histogram!(SECONDS, "queue" => queue).record(self.begin.elapsed());
        gauge!(SLOTS, "queue" => queue, "state" => "busy").decrement(1.0);
        // Its own place is given back after this.
        let free = self.slots.available_permits() as f64 + 1.0;
        gauge!(SLOTS, "queue" => queue, "state" => "free").set(free);
    }
}
