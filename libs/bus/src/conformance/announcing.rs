//! How announcements reach whoever subscribed.

use std::num::NonZeroU16;

use futures::StreamExt;

use super::answers::reject;
use super::{Room, ack, checks, is_idle, next, take};
use crate::{
    BusError, Consumer, DeadLetter, DeadLetterAction, Message, Rejection, Subscription, Topic,
    TopicPattern,
};

checks![
    announcing_to_nobody_is_no_error,
    subscribers_hear_what_they_asked_for,
    each_subscription_hears_everything,
    consumers_share_a_durable_subscription,
    a_durable_subscription_waits_for_its_listener,
    a_passing_subscription_hears_nothing_of_before,
    announcements_keep_their_order_and_content,
    an_announcement_without_an_answer_comes_again,
    a_rejected_announcement_is_discarded,
    messages_that_no_broker_carries_are_refused,
    close_ends_a_subscription,
];

fn pattern(pattern: &str) -> TopicPattern {
    TopicPattern::new(pattern).unwrap_or_else(|error| panic!("{error}"))
}

fn passing(words: &str) -> Subscription {
    Subscription::passing(pattern(words))
}

fn durable(name: &str, words: &str) -> Subscription {
    Subscription::durable(name, pattern(words)).unwrap_or_else(|error| panic!("{error}"))
}

async fn hear(room: &Room, subscription: &Subscription, prefetch: u16) -> Consumer {
    let prefetch = NonZeroU16::new(prefetch).unwrap_or(NonZeroU16::MIN);
    let started = room.bus.subscribe(subscription, prefetch).await;
    started.unwrap_or_else(|error| panic!("subscribe on a healthy bus: {error}"))
}

async fn announce(room: &Room, topic: &str, message: Message) {
    let topic = Topic::new(topic).unwrap_or_else(|error| panic!("{error}"));
    let announced = room.bus.announce(&topic, message).await;
    announced.unwrap_or_else(|error| panic!("announce on a healthy bus: {error}"));
}

/// Announces messages whose ids are their topics.
async fn announce_all(room: &Room, topics: &[&str]) {
    for topic in topics {
        announce(room, topic, Message::new(*topic, (*topic).to_owned())).await;
    }
}

/// Asserts that exactly these announcements come, in this order, by way of a mark after them.
async fn assert_hears(room: &Room, consumer: &mut Consumer, expected: &[&str], mark: &str) {
    announce_all(room, &[mark]).await;
    for expected in expected.iter().chain([&mark]) {
        let delivery = next(consumer).await;
        assert_eq!(delivery.message.message_id, *expected);
        ack(delivery).await;
    }
}

async fn announcing_to_nobody_is_no_error(room: Room) {
    announce_all(&room, &["job.succeeded", "nobody.cares"]).await;
}

async fn subscribers_hear_what_they_asked_for(room: Room) {
    let mut jobs = hear(&room, &passing("job.*"), 1).await;
    let mut all = hear(&room, &passing("#"), 1).await;
    let mut ends = hear(&room, &durable("ends", "*.succeeded.#"), 1).await;
    let topics = ["job.succeeded", "job.failed", "video.succeeded.late", "job"];
    announce_all(&room, &topics).await;
    assert_hears(&room, &mut jobs, &topics[..2], "job.mark").await;
    let heard_by_all = [&topics[..], &["job.mark"]].concat();
    assert_hears(&room, &mut all, &heard_by_all, "mark").await;
    let heard_by_ends = ["job.succeeded", "video.succeeded.late"];
    assert_hears(&room, &mut ends, &heard_by_ends, "x.succeeded").await;
}

async fn each_subscription_hears_everything(room: Room) {
    let subscriptions = [
        durable("left", "#"),
        durable("right", "#"),
        passing("#"),
        passing("#"),
    ];
    let mut consumers = Vec::new();
    for subscription in &subscriptions {
        consumers.push(hear(&room, subscription, 5).await);
    }
    announce_all(&room, &["a", "b"]).await;
    let mut before = vec!["a", "b"];
    for (consumer, mark) in consumers.iter_mut().zip(["m0", "m1", "m2", "m3"]) {
        assert_hears(&room, consumer, &before, mark).await;
        before.push(mark);
    }
}

async fn consumers_share_a_durable_subscription(room: Room) {
    let subscription = durable("shared", "#");
    let mut left = hear(&room, &subscription, 1).await;
    let mut right = hear(&room, &subscription, 1).await;
    announce_all(&room, &["a", "b"]).await;
    let pair = futures::join!(next(&mut left), next(&mut right));
    assert_ne!(pair.0.message.message_id, pair.1.message.message_id);
}

async fn a_durable_subscription_waits_for_its_listener(room: Room) {
    let subscription = durable("sleeper", "job.*");
    drop(hear(&room, &subscription, 1).await);
    announce_all(&room, &["job.a", "video.b", "job.c"]).await;
    let mut consumer = hear(&room, &subscription, 1).await;
    assert_hears(&room, &mut consumer, &["job.a", "job.c"], "job.mark").await;
}

async fn a_passing_subscription_hears_nothing_of_before(room: Room) {
    let mut first = hear(&room, &passing("#"), 5).await;
    announce_all(&room, &["early"]).await;
    let held = next(&mut first).await;
    drop(first);
    let error = held.ack().await.err();
    assert!(
        matches!(&error, Some(BusError::DeliveryLost { message_id, .. }) if message_id == "early"),
        "{error:?}"
    );
    let mut second = hear(&room, &passing("#"), 5).await;
    assert!(is_idle(&mut second), "it began after the announcement");
    assert_hears(&room, &mut second, &[], "mark").await;
}

async fn announcements_keep_their_order_and_content(room: Room) {
    let mut consumer = hear(&room, &durable("order", "n.#"), 3).await;
    let sent: Vec<_> = (0..30)
        .map(|n| Message::new(n.to_string(), vec![n; 9]).with_header("tracestate", "größe=1"))
        .collect();
    for message in &sent {
        announce(&room, "n.m", message.clone()).await;
    }
    for expected in &sent {
        let delivery = next(&mut consumer).await;
        assert_eq!(&delivery.message, expected);
        assert!(!delivery.redelivered());
        ack(delivery).await;
    }
}

async fn an_announcement_without_an_answer_comes_again(room: Room) {
    let subscription = durable("again", "#");
    let mut consumer = hear(&room, &subscription, 1).await;
    announce_all(&room, &["a"]).await;
    drop(next(&mut consumer).await);
    let second = next(&mut consumer).await;
    assert_eq!(second.returns, 1);
    reject(second, Rejection::Requeue).await;
    let held = take(&mut consumer, 1).await;
    assert_eq!(held[0].returns, 2);
    drop(consumer);
    let mut heir = hear(&room, &subscription, 1).await;
    let last = next(&mut heir).await;
    assert_eq!((&*last.message.message_id, last.redelivered()), ("a", true));
    ack(last).await;
}

async fn a_rejected_announcement_is_discarded(room: Room) {
    let mut consumer = hear(&room, &durable("picky", "#"), 1).await;
    announce_all(&room, &["bad"]).await;
    reject(next(&mut consumer).await, Rejection::DeadLetter).await;
    assert_hears(&room, &mut consumer, &[], "mark").await;
}

async fn messages_that_no_broker_carries_are_refused(room: Room) {
    let topic = Topic::new("t").unwrap_or_else(|error| panic!("{error}"));
    for bad in [
        Message::new("x".repeat(256), ""),
        Message::new("m", "").with_header("x".repeat(256), ""),
        Message::new("m", "").with_header("x-delivery-count", "7"),
        Message::new("m", "").with_header("x-death", ""),
    ] {
        let published = room.bus.publish(&room.queue, bad.clone()).await;
        let announced = room.bus.announce(&topic, bad).await;
        for refused in [published, announced] {
            assert!(
                matches!(refused, Err(BusError::InvalidMessage { .. })),
                "{refused:?}"
            );
        }
    }
    room.publish(["x".repeat(255)]).await;
}

async fn close_ends_a_subscription(room: Room) {
    let mut consumer = hear(&room, &passing("#"), 1).await;
    assert!(is_idle(&mut consumer), "nothing was announced");
    let (end, ()) = futures::join!(consumer.next(), room.bus.close());
    assert!(end.is_none(), "{end:?}");
    let topic = Topic::new("t").unwrap_or_else(|error| panic!("{error}"));
    let announced = room.bus.announce(&topic, Message::new("m", "m")).await;
    assert!(matches!(announced, Err(BusError::Closed)), "{announced:?}");
    let subscribed = room.bus.subscribe(&passing("#"), NonZeroU16::MIN).await;
    assert!(
        matches!(subscribed, Err(BusError::Closed)),
        "{subscribed:?}"
    );
    let mut keep = |_: &DeadLetter| DeadLetterAction::Keep;
    let handled = room.bus.handle_dead_letters(&room.queue, 1, &mut keep);
    let handled = handled.await;
    assert!(matches!(handled, Err(BusError::Closed)), "{handled:?}");
}
