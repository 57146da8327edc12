//! Dead letters that are sent back.

use super::answers::{assert_dead, reject};
use super::{Room, ack, checks, next};
use crate::{DeadLetterReason, Message, Rejection};

checks![
    returned_dead_letters_start_anew,
    the_oldest_dead_letters_return_first,
    what_is_returned_may_die_again,
    nothing_to_return_is_no_error,
];

/// Publishes the messages and rejects each.
async fn kill(room: &Room, messages: impl IntoIterator<Item = Message>) {
    let mut consumer = room.consume(1).await;
    for message in messages {
        let published = room.bus.publish(&room.queue, message).await;
        published.unwrap_or_else(|error| panic!("publish: {error}"));
        reject(next(&mut consumer).await, Rejection::DeadLetter).await;
    }
}

async fn return_dead(room: &Room, limit: usize) -> usize {
    let returned = room.bus.return_dead_letters(&room.queue, limit).await;
    returned.unwrap_or_else(|error| panic!("return dead letters: {error}"))
}

async fn returned_dead_letters_start_anew(room: Room) {
    let sent = Message::new("bad", "body").with_header("traceparent", "00-1-2-01");
    kill(&room, [sent.clone()]).await;
    assert_dead(&room, &[("bad", DeadLetterReason::Rejected)]).await;
    assert_eq!(return_dead(&room, 10).await, 1);
    assert_dead(&room, &[]).await;
    let mut consumer = room.consume(1).await;
    let delivery = next(&mut consumer).await;
    assert_eq!(delivery.message, sent);
    assert_eq!(delivery.returns, 0, "it was handed to nobody since");
    ack(delivery).await;
    drop(consumer);
    room.assert_drained().await;
}

async fn the_oldest_dead_letters_return_first(room: Room) {
    let ids = ["1", "2", "3"];
    kill(&room, ids.map(|id| Message::new(id, id))).await;
    assert_dead(&room, &ids.map(|id| (id, DeadLetterReason::Rejected))).await;
    room.publish(["waits"]).await;
    assert_eq!(return_dead(&room, 0).await, 0);
    assert_eq!(return_dead(&room, 2).await, 2);
    assert_dead(&room, &[("3", DeadLetterReason::Rejected)]).await;
    let mut consumer = room.consume(1).await;
    for expected in ["waits", "1", "2"] {
        let delivery = next(&mut consumer).await;
        assert_eq!(delivery.message.message_id, expected);
        ack(delivery).await;
    }
}

async fn what_is_returned_may_die_again(room: Room) {
    kill(&room, [Message::new("bad", "bad")]).await;
    assert_dead(&room, &[("bad", DeadLetterReason::Rejected)]).await;
    assert_eq!(return_dead(&room, 1).await, 1);
    let mut consumer = room.consume(1).await;
    reject(next(&mut consumer).await, Rejection::DeadLetter).await;
    assert_dead(&room, &[("bad", DeadLetterReason::Rejected)]).await;
}

async fn nothing_to_return_is_no_error(room: Room) {
    assert_eq!(return_dead(&room, 10).await, 0);
    room.publish(["alive"]).await;
    assert_eq!(return_dead(&room, 10).await, 0);
    let mut consumer = room.consume(1).await;
    ack(next(&mut consumer).await).await;
}
