//! What an answer does, and what its absence does.

use super::{Room, ack, checks, ids, next, take};
use crate::{BusError, DELIVERY_LIMIT, DeadLetterReason, Rejection};

checks![
    ack_removes,
    reject_requeues,
    a_delivery_dropped_unanswered_is_requeued,
    a_dropped_consumer_returns_what_it_held,
    an_answer_after_the_consumer_is_refused,
    dead_letters_are_kept,
    a_message_that_keeps_coming_back_dies,
];

async fn ack_removes(room: Room) {
    room.publish(["a", "b"]).await;
    let mut consumer = room.consume(2).await;
    for delivery in take(&mut consumer, 2).await {
        ack(delivery).await;
    }
    drop(consumer);
    room.assert_drained().await;
    assert_dead(&room, &[]).await;
}

async fn reject_requeues(room: Room) {
    room.publish(["again"]).await;
    let mut consumer = room.consume(1).await;
    let first = next(&mut consumer).await;
    assert!(!first.redelivered());
    reject(first, Rejection::Requeue).await;
    let second = next(&mut consumer).await;
    assert_eq!(second.message.message_id, "again");
    assert_eq!((second.redelivered(), second.returns), (true, 1));
    ack(second).await;
    drop(consumer);
    room.assert_drained().await;
}

async fn a_delivery_dropped_unanswered_is_requeued(room: Room) {
    room.publish(["forgotten"]).await;
    let mut consumer = room.consume(1).await;
    drop(next(&mut consumer).await);
    let second = next(&mut consumer).await;
    assert_eq!(second.message.message_id, "forgotten");
    assert!(second.redelivered());
    ack(second).await;
}

async fn a_dropped_consumer_returns_what_it_held(room: Room) {
    room.publish(0..3).await;
    let mut crashed = room.consume(3).await;
    let held = take(&mut crashed, 3).await;
    drop(crashed);
    let mut heir = room.consume(3).await;
    let returned = take(&mut heir, 3).await;
    let mut returned_ids = ids(&returned);
    returned_ids.sort_unstable();
    assert_eq!(returned_ids, ["0", "1", "2"]);
    for delivery in returned {
        assert!(delivery.redelivered(), "{delivery:?}");
        ack(delivery).await;
    }
    // The deliveries of the dead consumer are worth nothing, whatever becomes of them.
    drop(held);
    drop(heir);
    room.assert_drained().await;
}

async fn an_answer_after_the_consumer_is_refused(room: Room) {
    room.publish(["late", "later"]).await;
    let mut crashed = room.consume(2).await;
    let mut held = take(&mut crashed, 2).await;
    drop(crashed);
    let error = held.remove(0).ack().await.err();
    assert!(
        matches!(&error, Some(BusError::DeliveryLost { place, message_id })
            if place.ends_with(&room.queue.to_string()) && message_id == "late"),
        "{error:?}"
    );
    let error = held.remove(0).reject(Rejection::DeadLetter).await.err();
    assert!(
        matches!(error, Some(BusError::DeliveryLost { .. })),
        "{error:?}"
    );
    assert_dead(&room, &[]).await;
    let mut heir = room.consume(2).await;
    let returned = take(&mut heir, 2).await;
    let mut returned_ids = ids(&returned);
    returned_ids.sort_unstable();
    assert_eq!(returned_ids, ["late", "later"]);
}

async fn dead_letters_are_kept(room: Room) {
    room.publish(["bad", "good", "worse"]).await;
    let mut consumer = room.consume(1).await;
    reject(next(&mut consumer).await, Rejection::DeadLetter).await;
    ack(next(&mut consumer).await).await;
    reject(next(&mut consumer).await, Rejection::DeadLetter).await;
    drop(consumer);
    let expected = [
        ("bad", DeadLetterReason::Rejected),
        ("worse", DeadLetterReason::Rejected),
    ];
    assert_dead(&room, &expected).await;
    // Reading removes nothing, and reads no more than asked.
    assert_dead(&room, &expected).await;
    let first = room.bus.dead_letters(&room.queue, 1).await;
    let first = first.unwrap_or_else(|error| panic!("dead letters: {error}"));
    assert_eq!((first.held, first.letters.len()), (2, 1));
    assert_eq!(first.letters[0].message.message_id, "bad");
    room.assert_drained().await;
}

async fn a_message_that_keeps_coming_back_dies(room: Room) {
    room.publish(["poison", "healthy"]).await;
    let mut consumer = room.consume(1).await;
    let mut deliveries = 0;
    loop {
        let delivery = next(&mut consumer).await;
        if delivery.message.message_id == "healthy" {
            // Brokers differ in whether a returned message comes before or after the others.
            ack(delivery).await;
            continue;
        }
        assert_eq!(delivery.returns, deliveries);
        deliveries += 1;
        reject(delivery, Rejection::Requeue).await;
        if deliveries > DELIVERY_LIMIT {
            break;
        }
    }
    drop(consumer);
    let mut rest = room.consume(1).await;
    room.publish(["mark"]).await;
    loop {
        let delivery = next(&mut rest).await;
        let id = delivery.message.message_id.clone();
        assert_ne!(
            id, "poison",
            "delivered more than {DELIVERY_LIMIT} + 1 times"
        );
        ack(delivery).await;
        if id == "mark" {
            break;
        }
    }
    assert_dead(&room, &[("poison", DeadLetterReason::DeliveryLimit)]).await;
}

pub(super) async fn reject(delivery: crate::Delivery, rejection: Rejection) {
    delivery
        .reject(rejection)
        .await
        .unwrap_or_else(|error| panic!("reject in time: {error}"));
}

/// Asserts which dead letters there are. A broker may bury them after it confirmed the
/// rejection, so fewer than expected are waited for; the deadline of the check ends that.
pub(super) async fn assert_dead(room: &Room, expected: &[(&str, DeadLetterReason)]) {
    loop {
        let dead = room.bus.dead_letters(&room.queue, 100).await;
        let dead = dead.unwrap_or_else(|error| panic!("dead letters: {error}"));
        if dead.letters.len() < expected.len() {
            tokio::task::yield_now().await;
            continue;
        }
        let found: Vec<_> = dead
            .letters
            .iter()
            .map(|letter| (letter.message.message_id.as_str(), letter.reason))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(dead.held, expected.len() as u64);
        return;
    }
}
