//! How messages flow: all of them, unchanged, in order, shared, and never too many at once.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{Room, ack, checks, ids, is_idle, next, take};
use crate::Message;

checks![
    every_message_is_delivered,
    messages_wait_for_a_consumer,
    a_waiting_consumer_hears_of_a_message,
    one_consumer_sees_the_order_of_publishing,
    content_survives,
    queues_are_apart,
    prefetch_bounds_what_is_unanswered,
    consumers_share_a_queue,
];

async fn every_message_is_delivered(room: Room) {
    const COUNT: usize = 200;
    let mut consumer = room.consume(7).await;
    room.publish(0..COUNT).await;
    let mut seen = BTreeSet::new();
    while seen.len() < COUNT {
        let delivery = next(&mut consumer).await;
        seen.insert(delivery.message.message_id.clone());
        ack(delivery).await;
    }
    let expected: BTreeSet<_> = (0..COUNT).map(|id| id.to_string()).collect();
    assert_eq!(seen, expected);
    drop(consumer);
    room.assert_drained().await;
}

async fn messages_wait_for_a_consumer(room: Room) {
    room.publish(["early"]).await;
    let mut consumer = room.consume(1).await;
    let delivery = next(&mut consumer).await;
    assert_eq!(delivery.message.message_id, "early");
    assert!(!delivery.redelivered(), "first delivery");
    ack(delivery).await;
}

async fn a_waiting_consumer_hears_of_a_message(room: Room) {
    let mut consumer = room.consume(1).await;
    assert!(is_idle(&mut consumer), "the queue is empty");
    let (delivery, ()) = futures::join!(next(&mut consumer), room.publish(["bell"]));
    assert_eq!(delivery.message.message_id, "bell");
    ack(delivery).await;
}

async fn one_consumer_sees_the_order_of_publishing(room: Room) {
    let mut consumer = room.consume(3).await;
    room.publish(0..50).await;
    for expected in 0..50 {
        let delivery = next(&mut consumer).await;
        assert_eq!(delivery.message.message_id, expected.to_string());
        ack(delivery).await;
    }
}

async fn content_survives(room: Room) {
    let all_bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let sent = [
        Message::new("bytes", all_bytes)
            .with_header(
                "traceparent",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            )
            .with_header("tracestate", "vendor=opaque:1,other=2")
            .with_header("x-empty", "")
            .with_header("x-unicode", "größe ≥ 1"),
        Message::new("", Bytes::new()),
    ];
    let mut consumer = room.consume(2).await;
    for message in &sent {
        let published = room.bus.publish(&room.queue, message.clone()).await;
        published.unwrap_or_else(|error| panic!("publish: {error}"));
    }
    for message in &sent {
        let delivery = next(&mut consumer).await;
        assert_eq!(&delivery.message, message);
        ack(delivery).await;
    }
}

async fn queues_are_apart(room: Room) {
    let message = Message::new("other", "other");
    let published = room.bus.publish(&room.other, message).await;
    published.unwrap_or_else(|error| panic!("publish: {error}"));
    room.assert_drained().await;
}

async fn prefetch_bounds_what_is_unanswered(room: Room) {
    let mut greedy = room.consume(2).await;
    room.publish(0..5).await;
    let mut held = take(&mut greedy, 2).await;
    assert_eq!(ids(&held), ["0", "1"]);
    // What the first may not have is there for the second; had the broker handed the first one
    // more, the second would wait for it in vain.
    let mut helper = room.consume(10).await;
    let rest = take(&mut helper, 3).await;
    assert_eq!(ids(&rest), ["2", "3", "4"]);
    // Messages that are ready do not change the bound, an answer does.
    drop(rest);
    drop(helper);
    assert!(is_idle(&mut greedy), "two deliveries are unanswered");
    ack(held.remove(0)).await;
    let third = next(&mut greedy).await;
    assert!(third.redelivered(), "{third:?}");
    assert!(is_idle(&mut greedy), "two deliveries are unanswered again");
}

async fn consumers_share_a_queue(room: Room) {
    const ROUNDS: usize = 20;
    let mut left = room.consume(1).await;
    let mut right = room.consume(1).await;
    room.publish(0..2 * ROUNDS).await;
    let mut seen = BTreeSet::new();
    for _ in 0..ROUNDS {
        let pair = futures::join!(next(&mut left), next(&mut right));
        for delivery in [pair.0, pair.1] {
            let id = delivery.message.message_id.clone();
            assert!(seen.insert(id.clone()), "{id} went to both consumers");
            ack(delivery).await;
        }
    }
    assert_eq!(seen.len(), 2 * ROUNDS);
}
