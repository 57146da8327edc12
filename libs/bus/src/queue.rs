//! The names of the queues.

use std::fmt;
use std::sync::Arc;

use crate::BusError;

/// The longest prefix; with it a name stays far below RabbitMQ's 255 bytes.
const MAX_PREFIX: usize = 64;

/// The stages that workers wait for, one queue each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JobQueue {
    /// Videos to be cut into clips and embedded.
    Embed,
    /// Golds whose steps and calibration are to be computed.
    Prepare,
    /// Pairs of videos to be aligned.
    Align,
    /// Alignments to be scored.
    Score,
}

impl JobQueue {
    /// Every queue, in the order in which a job passes through them.
    pub const ALL: [Self; 4] = [Self::Embed, Self::Prepare, Self::Align, Self::Score];

    /// The queue's name on the broker, without a prefix.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Embed => "jobs.embed",
            Self::Prepare => "jobs.prepare",
            Self::Align => "jobs.align",
            Self::Score => "jobs.score",
        }
    }
}

/// A queue on the broker: one of [`JobQueue`], with a prefix where several installations or tests
/// share a broker.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Queue {
    prefix: Option<Arc<str>>,
    job: JobQueue,
}

impl Queue {
    /// The queue of `job`, without a prefix.
    pub const fn new(job: JobQueue) -> Self {
        Self { prefix: None, job }
    }

    /// The queue of `job` called `<prefix>.jobs.…`.
    ///
    /// Fails with [`BusError::InvalidPrefix`] unless the prefix is 1 to 64 characters of a-z, 0-9
    /// and `-`.
    pub fn with_prefix(job: JobQueue, prefix: &str) -> Result<Self, BusError> {
        Ok(Self {
            prefix: Some(checked_prefix(prefix)?),
            job,
        })
    }

    /// The same queue, with `prefix` if it has none of its own.
    pub(crate) fn or_prefix(&self, prefix: Option<&Arc<str>>) -> Self {
        Self {
            prefix: self.prefix.as_ref().or(prefix).cloned(),
            job: self.job,
        }
    }

    /// Which stage's queue this is.
    pub const fn job(&self) -> JobQueue {
        self.job
    }
}

/// Fails with [`BusError::InvalidPrefix`] unless the prefix is 1 to 64 characters of a-z, 0-9 and
/// `-`.
pub(crate) fn checked_prefix(prefix: &str) -> Result<Arc<str>, BusError> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if prefix.is_empty() || prefix.len() > MAX_PREFIX || !prefix.bytes().all(allowed) {
        return Err(BusError::InvalidPrefix {
            prefix: prefix.to_owned(),
            max: MAX_PREFIX,
        });
    }
    Ok(Arc::from(prefix))
}

/// The name on the broker.
impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(prefix) = &self.prefix {
            write!(f, "{prefix}.")?;
        }
        f.write_str(self.job.name())
    }
}

impl From<JobQueue> for Queue {
    fn from(job: JobQueue) -> Self {
        Self::new(job)
    }
}

/// How much a bus may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages in one queue without an acknowledgement, handed out or not. One more is refused
    /// with [`BusError::Full`] rather than awaited: the publisher keeps its outbox and comes back.
    /// A message that comes back is always taken. In a subscription the oldest makes room.
    pub capacity: usize,
    /// Dead letters of one queue. The oldest is discarded for the newest.
    pub dead_letters: usize,
}

impl Default for Limits {
    /// A doorbell weighs some hundred bytes: 100 000 of them stay below 100 MiB.
    fn default() -> Self {
        Self {
            capacity: 100_000,
            dead_letters: 1_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_the_broker() {
        let names: Vec<_> = JobQueue::ALL
            .iter()
            .map(|job| Queue::new(*job).to_string())
            .collect();
        assert_eq!(
            names,
            ["jobs.embed", "jobs.prepare", "jobs.align", "jobs.score"]
        );
        let prefixed = Queue::with_prefix(JobQueue::Align, "t-42").unwrap();
        assert_eq!(prefixed.to_string(), "t-42.jobs.align");
        assert_ne!(prefixed, Queue::new(JobQueue::Align));
    }

    #[test]
    fn prefixes_that_would_break_a_name_are_refused() {
        for bad in ["", "a.b", "a b", "Ä", "UPPER", "x/y", &"x".repeat(65)] {
            let error = Queue::with_prefix(JobQueue::Embed, bad).unwrap_err();
            assert!(matches!(error, BusError::InvalidPrefix { .. }), "{bad:?}");
        }
        assert!(Queue::with_prefix(JobQueue::Embed, &"x".repeat(64)).is_ok());
    }
}
