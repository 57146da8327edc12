//! Random interleavings against what the documentation promises, kept the slow and obvious way.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Publish,
    Subscribe {
        prefetch: u16,
    },
    Take {
        consumer: usize,
    },
    /// Of a delivery some consumer holds; `None` drops it.
    Answer {
        consumer: usize,
        delivery: usize,
        answer: Option<Answer>,
    },
    /// Of a consumer, with all it holds.
    Crash {
        consumer: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let index = || 0..64_usize;
    let answer = prop_oneof![
        Just(None),
        Just(Some(Answer::Ack)),
        Just(Some(Answer::Requeue)),
        Just(Some(Answer::DeadLetter)),
    ];
    prop_oneof![
        4 => Just(Step::Publish),
        1 => (1..4_u16).prop_map(|prefetch| Step::Subscribe { prefetch }),
        6 => index().prop_map(|consumer| Step::Take { consumer }),
        5 => (index(), index(), answer).prop_map(|(consumer, delivery, answer)| Step::Answer {
            consumer,
            delivery,
            answer,
        }),
        1 => index().prop_map(|consumer| Step::Crash { consumer }),
    ]
}

/// The bus, and beside it what should be in it.
#[derive(Default)]
struct World {
    bus: InProcessBus,
    subscribers: Vec<Subscriber>,
    published: usize,
    /// Every message that should wait, by its number, with its returns.
    waiting: BTreeMap<usize, u32>,
    dead: u64,
}

struct Subscriber {
    stream: Consumer,
    prefetch: usize,
    held: Vec<Delivery>,
}

impl World {
    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Publish => {
                let message = Message::new(self.published.to_string(), "");
                now(self.bus.publish(&embed(), message)).unwrap();
                self.waiting.insert(self.published, 0);
                self.published += 1;
            }
            Step::Subscribe { prefetch } => self.subscribers.push(Subscriber {
                stream: now(consume(&self.bus, prefetch)),
                prefetch: usize::from(prefetch),
                held: Vec::new(),
            }),
            Step::Take { consumer } => self.take(consumer),
            Step::Answer {
                consumer,
                delivery,
                answer,
            } => self.answer(consumer, delivery, answer),
            Step::Crash { consumer } => self.crash(consumer),
        }
        assert_eq!(self.bus.dead_lettered(&embed()), self.dead);
    }

    fn take(&mut self, consumer: usize) {
        let Some(at) = consumer.checked_rem(self.subscribers.len()) else {
            return;
        };
        let subscriber = &mut self.subscribers[at];
        let taken = subscriber.stream.next().now_or_never();
        if subscriber.held.len() == subscriber.prefetch || self.waiting.is_empty() {
            assert!(taken.is_none(), "{taken:?}");
        } else {
            let delivery = taken.flatten().expect("a message waits and there is room");
            let expected = self.waiting.pop_first().unwrap();
            assert_eq!((number(&delivery), delivery.returns), expected);
            subscriber.held.push(delivery);
        }
    }

    fn answer(&mut self, consumer: usize, delivery: usize, answer: Option<Answer>) {
        let mut holders: Vec<_> = self
            .subscribers
            .iter_mut()
            .filter(|s| !s.held.is_empty())
            .collect();
        let Some(at) = consumer.checked_rem(holders.len()) else {
            return;
        };
        let held = &mut holders[at].held;
        let delivery = held.swap_remove(delivery % held.len());
        let (number, returns) = (number(&delivery), delivery.returns);
        match answer {
            Some(Answer::Ack) => now(delivery.ack()).unwrap(),
            Some(Answer::DeadLetter) => {
                now(delivery.reject(Rejection::DeadLetter)).unwrap();
                self.dead += 1;
            }
            Some(Answer::Requeue) => {
                now(delivery.reject(Rejection::Requeue)).unwrap();
                self.give_back(number, returns);
            }
            None => {
                drop(delivery);
                self.give_back(number, returns);
            }
        }
    }

    fn crash(&mut self, consumer: usize) {
        let Some(at) = consumer.checked_rem(self.subscribers.len()) else {
            return;
        };
        let crashed = self.subscribers.swap_remove(at);
        drop(crashed.stream);
        for delivery in crashed.held {
            self.give_back(number(&delivery), delivery.returns);
        }
    }

    fn give_back(&mut self, number: usize, returns: u32) {
        if returns == DELIVERY_LIMIT {
            self.dead += 1;
        } else {
            self.waiting.insert(number, returns + 1);
        }
    }
}

fn number(delivery: &Delivery) -> usize {
    delivery.message.message_id.parse().unwrap()
}

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("the bus never waits")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn behaves_like_the_model(steps in prop::collection::vec(step(), 0..200)) {
        let mut world = World::default();
        for step in &steps {
            world.apply(step);
        }
    }
}
