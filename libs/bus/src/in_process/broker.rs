//! What an in-process bus holds, under one lock.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures::StreamExt;

use super::faults::{Fate, FaultSource, Faults};
use super::queue_state::{ConsumerId, QueueState};
use super::{Deliveries, Receipt, wake};
use crate::delivery::Answer;
use crate::{BusError, Consumer, Decide, Limits, Message, Queue, Topic, TopicPattern};

#[derive(Debug)]
pub(super) struct Broker {
    pub(super) limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) closed: bool,
    pub(super) queues: HashMap<Place, QueueState>,
    /// What each subscription hears.
    pub(super) patterns: HashMap<Listener, BTreeSet<TopicPattern>>,
    next_consumer: ConsumerId,
    faults: FaultSource,
}

/// Where messages wait.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Jobs(Queue),
    Heard(Listener),
}

/// Whom announcements are kept for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Listener {
    Durable(Arc<str>),
    /// Gone with its only consumer.
    Passing(ConsumerId),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jobs(queue) => write!(f, "queue {queue}"),
            Self::Heard(Listener::Durable(name)) => write!(f, "subscription {name}"),
            Self::Heard(Listener::Passing(id)) => write!(f, "passing subscription {id}"),
        }
    }
}

impl State {
    pub(super) fn new_id(&mut self) -> ConsumerId {
        self.next_consumer += 1;
        self.next_consumer
    }

    pub(super) fn jobs(&self, queue: &Queue) -> Option<&QueueState> {
        self.queues.get(&Place::Jobs(queue.clone()))
    }

    /// How often the next message for `place` is enqueued, as the faults have it.
    fn copies(&mut self, place: &impl fmt::Display) -> Result<u8, BusError> {
        match self.faults.next() {
            Fate::Confirmed(copies) => Ok(copies),
            Fate::Refused => Err(BusError::Unavailable {
                place: place.to_string(),
                source: "injected fault".into(),
            }),
        }
    }

    pub(super) fn queue(&mut self, place: &Place) -> &mut QueueState {
        // Not `entry`, which would clone the name for every message.
        if !self.queues.contains_key(place) {
            let empty = QueueState::new(place.clone());
            self.queues.insert(place.clone(), empty);
        }
        self.queues
            .get_mut(place)
            .expect("the queue was inserted above if it was missing")
    }
}

impl Broker {
    pub(super) fn new(limits: Limits, faults: Faults) -> Self {
        let state = State {
            closed: false,
            queues: HashMap::new(),
            patterns: HashMap::new(),
            next_consumer: 0,
            faults: FaultSource::new(faults),
        };
        Self {
            limits,
            state: Mutex::new(state),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock panics half way through a change, so the state behind a poisoned
        // lock is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lock_open(&self) -> Result<MutexGuard<'_, State>, BusError> {
        let state = self.lock();
        if state.closed {
            Err(BusError::Closed)
        } else {
            Ok(state)
        }
    }

    /// Enqueues the message and says whom to wake, which must happen outside the lock.
    pub(super) fn publish(&self, queue: &Queue, message: &Message) -> Result<Vec<Waker>, BusError> {
        message.check()?;
        let mut state = self.lock_open()?;
        let place = Place::Jobs(queue.clone());
        let copies = state.copies(&place)?;
        let target = state.queue(&place);
        target.check_room(self.limits.capacity)?;
        for _ in 0..copies {
            target.push(message.clone());
        }
        Ok(target.wakers())
    }

    /// Enqueues the message for every subscription that hears the topic.
    pub(super) fn announce(
        &self,
        topic: &Topic,
        message: &Message,
    ) -> Result<Vec<Waker>, BusError> {
        message.check()?;
        let mut state = self.lock_open()?;
        let copies = state.copies(&format_args!("topic {topic}"))?;
        let hears = |patterns: &BTreeSet<TopicPattern>| patterns.iter().any(|p| p.matches(topic));
        let listeners: Vec<_> = state
            .patterns
            .iter()
            .filter(|(_, patterns)| hears(patterns))
            .map(|(listener, _)| Place::Heard(listener.clone()))
            .collect();
        let mut wakers = Vec::new();
        for place in listeners {
            let target = state.queue(&place);
            for _ in 0..copies {
                target.push(message.clone());
            }
            target.discard_oldest(self.limits.capacity);
            wakers.append(&mut target.wakers());
        }
        Ok(wakers)
    }

    /// Does with the oldest `limit` dead letters what `decide` answers for each.
    pub(super) fn handle_dead(
        &self,
        queue: &Queue,
        limit: usize,
        decide: &mut Decide<'_>,
    ) -> Result<(), BusError> {
        let mut state = self.lock_open()?;
        let target = state.queue(&Place::Jobs(queue.clone()));
        let handled = target.handle_dead(limit, self.limits.capacity, decide);
        // Before an error some may have gone back.
        let wakers = target.wakers();
        drop(state);
        wake(wakers);
        handled
    }

    pub(super) fn consume(
        self: &Arc<Self>,
        state: &mut State,
        place: Place,
        id: ConsumerId,
        prefetch: NonZeroU16,
    ) -> Consumer {
        state
            .queue(&place)
            .add_consumer(id, usize::from(prefetch.get()));
        let deliveries = Deliveries {
            broker: Arc::clone(self),
            place,
            id,
        };
        Consumer::new(deliveries.boxed())
    }

    /// Dead letters are kept of jobs alone.
    pub(super) fn max_dead(&self, place: &Place) -> usize {
        match place {
            Place::Jobs(_) => self.limits.dead_letters,
            Place::Heard(_) => 0,
        }
    }

    pub(super) fn settle(&self, receipt: &Receipt, answer: Answer) -> Result<(), BusError> {
        let mut state = self.lock_open()?;
        let max_dead = self.max_dead(&receipt.place);
        // A passing subscription that ended must not come back to life.
        let Some(queue) = state.queues.get_mut(&receipt.place) else {
            return Err(receipt.lost());
        };
        let in_time = queue.settle(receipt.consumer, receipt.sequence, answer, max_dead);
        // An answer frees a place in this consumer's prefetch, and a return is for anyone.
        let wakers = queue.wakers();
        drop(state);
        wake(wakers);
        if in_time { Ok(()) } else { Err(receipt.lost()) }
    }
}
