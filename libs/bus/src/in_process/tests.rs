use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Mutex;

use futures::{FutureExt, StreamExt};

use super::*;
use crate::conformance::{self, Subject};
use crate::{DELIVERY_LIMIT, DeadLetterReason, JobQueue, Rejection};

mod model;

async fn fresh() -> Subject {
    Subject {
        bus: Arc::new(InProcessBus::default()),
        prefix: "test".to_owned(),
    }
}

#[tokio::test]
async fn conforms_on_one_thread() {
    conformance::run(fresh).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn conforms_on_many_threads() {
    conformance::run(fresh).await;
}

/// The suite itself must be able to fail: these two break different promises.
#[tokio::test(start_paused = true)]
async fn the_suite_finds_a_bus_that_loses_or_doubles() {
    let lossy = Faults {
        lose_one_in: Some(NonZeroU32::MIN),
        ..Faults::default()
    };
    let doubling = Faults {
        double_one_in: Some(NonZeroU32::MIN),
        ..Faults::default()
    };
    for faults in [lossy, doubling] {
        let faulty = move || async move {
            Subject {
                bus: Arc::new(InProcessBus::with_faults(Limits::default(), faults)),
                prefix: "test".to_owned(),
            }
        };
        let verdict = tokio::spawn(conformance::run(faulty)).await;
        assert!(verdict.is_err_and(|e| e.is_panic()), "{faults:?}");
    }
}

fn embed() -> Queue {
    Queue::new(JobQueue::Embed)
}

async fn consume(bus: &InProcessBus, prefetch: u16) -> Consumer {
    let prefetch = NonZeroU16::new(prefetch).unwrap();
    bus.consume(&embed(), prefetch).await.unwrap()
}

#[tokio::test]
async fn a_full_queue_refuses_until_one_is_acknowledged() {
    let bus = InProcessBus::new(Limits {
        capacity: 2,
        ..Limits::default()
    });
    let message = || Message::new("m", "m");
    bus.publish(&embed(), message()).await.unwrap();
    bus.publish(&embed(), message()).await.unwrap();
    let error = bus.publish(&embed(), message()).await.unwrap_err();
    assert!(matches!(error, BusError::Full { capacity: 2, .. }));
    assert!(error.is_transient());
    // Other queues have room of their own.
    let align = Queue::new(JobQueue::Align);
    bus.publish(&align, message()).await.unwrap();
    // Handing out makes no room, nor does coming back; acknowledging does.
    let mut consumer = consume(&bus, 1).await;
    let delivery = consumer.next().await.unwrap();
    assert!(bus.publish(&embed(), message()).await.is_err());
    delivery.reject(Rejection::Requeue).await.unwrap();
    assert!(bus.publish(&embed(), message()).await.is_err());
    consumer.next().await.unwrap().ack().await.unwrap();
    bus.publish(&embed(), message()).await.unwrap();
}

#[tokio::test]
async fn dead_letters_are_bounded_and_all_counted() {
    let bus = InProcessBus::new(Limits {
        dead_letters: 2,
        ..Limits::default()
    });
    let mut consumer = consume(&bus, 1).await;
    for id in ["oldest", "older", "new"] {
        bus.publish(&embed(), Message::new(id, id)).await.unwrap();
        let delivery = consumer.next().await.unwrap();
        delivery.reject(Rejection::DeadLetter).await.unwrap();
    }
    let dead = bus.dead_letters(&embed(), 10).await.unwrap();
    let ids: Vec<_> = dead.letters.iter().map(|d| &d.message.message_id).collect();
    assert_eq!(ids, ["older", "new"]);
    assert_eq!((dead.held, bus.dead_lettered(&embed())), (2, 3));
    bus.close().await;
    assert_eq!(bus.dead_lettered(&embed()), 3);
}

#[tokio::test]
async fn a_consumer_that_crashes_each_time_cannot_do_so_for_ever() {
    let bus = InProcessBus::default();
    bus.publish(&embed(), Message::new("m", "m")).await.unwrap();
    for returns in 0..=DELIVERY_LIMIT {
        let mut consumer = consume(&bus, 1).await;
        let delivery = consumer.next().await.unwrap();
        assert_eq!(delivery.returns, returns);
        drop(consumer);
    }
    let dead = bus.dead_letters(&embed(), 1).await.unwrap();
    assert_eq!(dead.letters[0].reason, DeadLetterReason::DeliveryLimit);
}

#[tokio::test]
async fn faults_lose_double_and_refuse_the_same_messages_every_time() {
    async fn outcome(faults: Faults) -> (Vec<String>, BTreeSet<usize>) {
        let bus = InProcessBus::with_faults(Limits::default(), faults);
        let mut refused = BTreeSet::new();
        for id in 0..300 {
            let message = Message::new(id.to_string(), "");
            match bus.publish(&embed(), message).await {
                Ok(()) => {}
                Err(error @ BusError::Unavailable { .. }) => {
                    assert!(error.is_transient());
                    refused.insert(id);
                }
                Err(error) => panic!("{error}"),
            }
        }
        let mut consumer = consume(&bus, u16::MAX).await;
        let mut got = Vec::new();
        while let Some(Some(delivery)) = consumer.next().now_or_never() {
            got.push(delivery.message.message_id.clone());
            delivery.ack().await.unwrap();
        }
        (got, refused)
    }
    let faults = Faults {
        lose_one_in: NonZeroU32::new(5),
        double_one_in: NonZeroU32::new(5),
        refuse_one_in: NonZeroU32::new(5),
        seed: 1,
    };
    let (got, refused) = outcome(faults).await;
    assert!(refused.iter().all(|id| !got.contains(&id.to_string())));
    let distinct: BTreeSet<_> = got.iter().collect();
    assert!(got.len() > distinct.len(), "some are doubled");
    assert!(distinct.len() + refused.len() < 300, "some are lost");
    assert!(!refused.is_empty());
    assert_eq!(outcome(faults).await, (got, refused));
}

/// Four publishers, and consumers that acknowledge, reject, forget and crash: no message is lost,
/// and what was acknowledged does not come back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_between_threads() {
    const PUBLISHERS: usize = 4;
    const EACH: usize = 500;
    let bus = InProcessBus::default();
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|publisher| {
            let bus = bus.clone();
            tokio::spawn(async move {
                for n in 0..EACH {
                    let id = (publisher * EACH + n).to_string();
                    bus.publish(&embed(), Message::new(id, "")).await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let acked: Arc<Mutex<BTreeMap<String, u32>>> = Arc::default();
    let consumers: Vec<_> = (0..3)
        .map(|_| {
            tokio::spawn(misbehave(
                bus.clone(),
                Arc::clone(&acked),
                PUBLISHERS * EACH,
            ))
        })
        .collect();
    for task in publishers.into_iter().chain(consumers) {
        let deadline = std::time::Duration::from_mins(1);
        tokio::time::timeout(deadline, task).await.unwrap().unwrap();
    }
    let acked = acked.lock().unwrap();
    assert_eq!(acked.len(), PUBLISHERS * EACH);
    assert!(acked.values().all(|count| *count == 1));
    assert_eq!(bus.dead_lettered(&embed()), 0);
}

/// Consumes until `total` messages are acknowledged by all together, then closes the bus.
///
/// A message that came back ten times is treated well, so that none reaches the limit.
async fn misbehave(bus: InProcessBus, acked: Arc<Mutex<BTreeMap<String, u32>>>, total: usize) {
    let mut turn = 0_u32;
    'crash: loop {
        let Ok(mut consumer) = bus.consume(&embed(), NonZeroU16::new(4).unwrap()).await else {
            return;
        };
        while let Some(delivery) = consumer.next().await {
            turn += 1;
            match turn % 7 {
                _ if delivery.returns >= 10 => {}
                0 => continue 'crash,
                1 => continue,
                2 => {
                    let _ = delivery.reject(Rejection::Requeue).await;
                    continue;
                }
                _ => {}
            }
            let id = delivery.message.message_id.clone();
            if delivery.ack().await.is_err() {
                continue;
            }
            let done = {
                let mut acked = acked.lock().unwrap();
                *acked.entry(id).or_default() += 1;
                acked.len() == total
            };
            if done {
                bus.close().await;
            }
        }
        return;
    }
}
