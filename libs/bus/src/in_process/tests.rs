use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use futures::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::conformance::{self, Subject};
use crate::{DELIVERY_LIMIT, DeadLetterReason, JobQueue, Rejection};

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

#[derive(Debug, Clone)]
enum Step {
    Publish,
    Subscribe {
        prefetch: u16,
    },
    Take {
        consumer: usize,
    },
    Answer {
        delivery: usize,
        answer: Option<Answer>,
    },
    Crash {
        consumer: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let index = 0..64_usize;
    let answer = prop_oneof![
        Just(None),
        Just(Some(Answer::Ack)),
        Just(Some(Answer::Requeue)),
        Just(Some(Answer::DeadLetter)),
    ];
    prop_oneof![
        4 => Just(Step::Publish),
        1 => (1..4_u16).prop_map(|prefetch| Step::Subscribe { prefetch }),
        6 => index.clone().prop_map(|consumer| Step::Take { consumer }),
        5 => (index.clone(), answer)
            .prop_map(|(delivery, answer)| Step::Answer { delivery, answer }),
        1 => index.prop_map(|consumer| Step::Crash { consumer }),
    ]
}

/// What the documentation promises, kept the slow and obvious way.
#[derive(Default)]
struct Model {
    /// Every message that should be waiting, by its number, with its returns.
    waiting: BTreeMap<usize, u32>,
    dead: u64,
}

impl Model {
    fn give_back(&mut self, number: usize, returns: u32) {
        if returns == DELIVERY_LIMIT {
            self.dead += 1;
        } else {
            self.waiting.insert(number, returns + 1);
        }
    }
}

struct Subscriber {
    stream: Consumer,
    prefetch: usize,
    held: Vec<Delivery>,
}

fn number(delivery: &Delivery) -> usize {
    delivery.message.message_id.parse().unwrap()
}

fn apply(bus: &InProcessBus, steps: Vec<Step>) {
    let now = |future: futures::future::BoxFuture<'_, Result<(), BusError>>| {
        future.now_or_never().expect("the bus never waits").unwrap();
    };
    let mut model = Model::default();
    let mut published = 0;
    let mut subscribers: Vec<Subscriber> = Vec::new();
    for step in steps {
        match step {
            Step::Publish => {
                now(bus.publish(&embed(), Message::new(published.to_string(), "")));
                model.waiting.insert(published, 0);
                published += 1;
            }
            Step::Subscribe { prefetch } => subscribers.push(Subscriber {
                stream: consume(bus, prefetch).now_or_never().unwrap(),
                prefetch: usize::from(prefetch),
                held: Vec::new(),
            }),
            Step::Take { consumer } if !subscribers.is_empty() => {
                let at = consumer % subscribers.len();
                let subscriber = &mut subscribers[at];
                let taken = subscriber.stream.next().now_or_never();
                if subscriber.held.len() == subscriber.prefetch || model.waiting.is_empty() {
                    assert!(taken.is_none(), "{taken:?}");
                } else {
                    let delivery = taken.flatten().expect("a message waits and there is room");
                    let expected = model.waiting.pop_first().unwrap();
                    assert_eq!((number(&delivery), delivery.returns), expected);
                    subscriber.held.push(delivery);
                }
            }
            Step::Answer { delivery, answer } => {
                let holders = subscribers.iter_mut().filter(|s| !s.held.is_empty());
                let Some(holder) = holders.last() else {
                    continue;
                };
                let delivery = holder.held.swap_remove(delivery % holder.held.len());
                let (number, returns) = (number(&delivery), delivery.returns);
                match answer {
                    Some(Answer::Ack) => now(delivery.ack().boxed()),
                    Some(Answer::DeadLetter) => {
                        now(delivery.reject(Rejection::DeadLetter).boxed());
                        model.dead += 1;
                    }
                    Some(Answer::Requeue) => {
                        now(delivery.reject(Rejection::Requeue).boxed());
                        model.give_back(number, returns);
                    }
                    None => {
                        drop(delivery);
                        model.give_back(number, returns);
                    }
                }
            }
            Step::Crash { consumer } if !subscribers.is_empty() => {
                let at = consumer % subscribers.len();
                let crashed = subscribers.swap_remove(at);
                for delivery in &crashed.held {
                    model.give_back(number(delivery), delivery.returns);
                }
                drop(crashed.stream);
            }
            Step::Take { .. } | Step::Crash { .. } => {}
        }
        assert_eq!(bus.dead_lettered(&embed()), model.dead);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn behaves_like_the_model(steps in prop::collection::vec(step(), 0..200)) {
        apply(&InProcessBus::default(), steps);
    }
}
