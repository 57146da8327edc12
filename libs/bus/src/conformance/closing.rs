//! A closed bus says so, and keeps nobody waiting.

use std::num::NonZeroU16;

use futures::StreamExt;

use super::{Room, checks, is_idle, next};
use crate::{BusError, Message};

checks![
    after_close_every_call_says_so,
    close_ends_a_waiting_consumer,
    close_ends_a_consumer_with_messages_left,
    an_answer_after_close_is_refused,
    closing_twice_is_closing_once,
];

async fn after_close_every_call_says_so(room: Room) {
    room.bus.close().await;
    let published = room.bus.publish(&room.queue, Message::new("m", "m")).await;
    assert!(matches!(published, Err(BusError::Closed)), "{published:?}");
    let consumed = room.bus.consume(&room.queue, NonZeroU16::MIN).await;
    assert!(matches!(consumed, Err(BusError::Closed)), "{consumed:?}");
    let dead = room.bus.dead_letters(&room.queue, 1).await;
    assert!(matches!(dead, Err(BusError::Closed)), "{dead:?}");
}

async fn close_ends_a_waiting_consumer(room: Room) {
    let mut consumer = room.consume(1).await;
    assert!(is_idle(&mut consumer), "the queue is empty");
    let (end, ()) = futures::join!(consumer.next(), room.bus.close());
    assert!(end.is_none(), "{end:?}");
}

async fn close_ends_a_consumer_with_messages_left(room: Room) {
    room.publish(0..3).await;
    let mut consumer = room.consume(1).await;
    let unanswered = next(&mut consumer).await;
    room.bus.close().await;
    let end = consumer.next().await;
    assert!(end.is_none(), "{end:?}");
    drop(unanswered);
}

async fn an_answer_after_close_is_refused(room: Room) {
    room.publish(["held"]).await;
    let mut consumer = room.consume(1).await;
    let held = next(&mut consumer).await;
    room.bus.close().await;
    let answered = held.ack().await;
    assert!(matches!(answered, Err(BusError::Closed)), "{answered:?}");
}

async fn closing_twice_is_closing_once(room: Room) {
    room.bus.close().await;
    room.bus.close().await;
    let published = room.bus.publish(&room.queue, Message::new("m", "m")).await;
    assert!(matches!(published, Err(BusError::Closed)), "{published:?}");
}
