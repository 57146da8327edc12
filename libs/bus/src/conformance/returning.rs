//! Dead letters that are sent back or deleted.

use super::answers::{assert_dead, reject};
use super::{Room, ack, checks, next};
use crate::{DeadLetter, DeadLetterAction, DeadLetterReason, Message, Rejection};

checks![
    returned_dead_letters_start_anew,
    the_oldest_dead_letters_return_first,
    what_is_returned_may_die_again,
    nothing_to_return_is_no_error,
    each_dead_letter_may_be_kept_returned_or_deleted,
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
    let mut returned = 0;
    handle_dead(room, limit, |_| {
        returned += 1;
        DeadLetterAction::Return
    })
    .await;
    returned
}

async fn handle_dead<F>(room: &Room, limit: usize, mut decide: F)
where
    F: FnMut(&str) -> DeadLetterAction + Send,
{
    let mut decide = |letter: &DeadLetter| decide(&letter.message.message_id);
    let handled = room
        .bus
        .handle_dead_letters(&room.queue, limit, &mut decide);
    let handled = handled.await;
    handled.unwrap_or_else(|error| panic!("handle dead letters: {error}"));
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

async fn each_dead_letter_may_be_kept_returned_or_deleted(room: Room) {
    let ids = ["kept", "deleted", "back", "last"];
    kill(&room, ids.map(|id| Message::new(id, id))).await;
    assert_dead(&room, &ids.map(|id| (id, DeadLetterReason::Rejected))).await;
    let mut seen = Vec::new();
    handle_dead(&room, 10, |id| {
        seen.push(id.to_owned());
        match id {
            "deleted" => DeadLetterAction::Delete,
            "back" => DeadLetterAction::Return,
            _ => DeadLetterAction::Keep,
        }
    })
    .await;
    assert_eq!(seen, ids, "the oldest first, and none twice");
    let left = ["kept", "last"];
    assert_dead(&room, &left.map(|id| (id, DeadLetterReason::Rejected))).await;
    let mut consumer = room.consume(1).await;
    let delivery = next(&mut consumer).await;
    assert_eq!(delivery.message.message_id, "back");
    ack(delivery).await;
    drop(consumer);
    room.assert_drained().await;
}
