//! What RabbitMQ does that no other bus must.

use std::time::Duration;

use super::*;
use crate::{DeadLetterReason, Limits, Rejection};

fn embed() -> Queue {
    Queue::new(JobQueue::Embed)
}

fn with_limits(limits: Limits) -> (RabbitMqBus, RabbitMqConfig) {
    let config = RabbitMqConfig { limits, ..config() };
    (RabbitMqBus::new(config.clone()).unwrap(), config)
}

async fn publish(bus: &RabbitMqBus, id: impl ToString) -> Result<(), BusError> {
    let id = id.to_string();
    bus.publish(&embed(), Message::new(id.clone(), id)).await
}

#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn a_full_queue_refuses_until_there_is_room() {
    let (bus, config) = with_limits(Limits {
        capacity: 3,
        ..Limits::default()
    });
    let mut taken = 0;
    let error = loop {
        match publish(&bus, taken).await {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    // A quorum queue counts a little late.
    assert!((3..100).contains(&taken), "{taken}");
    assert!(
        matches!(error, BusError::Full { capacity: 3, .. }),
        "{error:?}"
    );
    let mut consumer = bus.consume(&embed(), NonZeroU16::MIN).await.unwrap();
    for _ in 0..taken {
        let delivery = in_time(consumer.next()).await.unwrap();
        delivery.ack().await.unwrap();
    }
    in_time(async { while publish(&bus, "again").await.is_err() {} }).await;
    clean(&[config.prefix.unwrap()]).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn dead_letters_are_bounded() {
    let (bus, config) = with_limits(Limits {
        dead_letters: 2,
        ..Limits::default()
    });
    let mut consumer = bus.consume(&embed(), NonZeroU16::MIN).await.unwrap();
    for id in ["oldest", "older", "new"] {
        publish(&bus, id).await.unwrap();
        let delivery = in_time(consumer.next()).await.unwrap();
        delivery.reject(Rejection::DeadLetter).await.unwrap();
    }
    in_time(async {
        loop {
            let dead = bus.dead_letters(&embed(), 10).await.unwrap();
            let ids: Vec<_> = dead
                .letters
                .iter()
                .map(|d| &*d.message.message_id)
                .collect();
            if ids == ["older", "new"] {
                return;
            }
        }
    })
    .await;
    clean(&[config.prefix.unwrap()]).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn queues_with_other_limits_are_refused() {
    let (bus, config) = with_limits(Limits::default());
    publish(&bus, "m").await.unwrap();
    let other = RabbitMqBus::new(RabbitMqConfig {
        limits: Limits {
            dead_letters: 7,
            ..Limits::default()
        },
        ..config.clone()
    })
    .unwrap();
    let error = publish(&other, "m").await.unwrap_err();
    assert!(matches!(error, BusError::Refused { .. }), "{error:?}");
    assert!(!error.is_transient());
    assert!(error.to_string().contains("x-max-length"), "{error}");
    let consumed = other.consume(&embed(), NonZeroU16::MIN).await;
    assert!(
        matches!(consumed, Err(BusError::Refused { .. })),
        "{consumed:?}"
    );
    clean(&[config.prefix.unwrap()]).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn a_deleted_queue_ends_its_consumers_and_comes_back() {
    let (bus, config) = with_limits(Limits::default());
    let prefix = config.prefix.unwrap();
    publish(&bus, "lost").await.unwrap();
    let mut consumer = bus.consume(&embed(), NonZeroU16::MIN).await.unwrap();
    drop(in_time(consumer.next()).await.unwrap());
    clean(std::slice::from_ref(&prefix)).await;
    while in_time(consumer.next()).await.is_some() {}
    let error = publish(&bus, "m").await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    publish(&bus, "m").await.unwrap();
    let mut consumer = bus.consume(&embed(), NonZeroU16::MIN).await.unwrap();
    let delivery = in_time(consumer.next()).await.unwrap();
    assert_eq!(delivery.message.message_id, "m");
    clean(&[prefix]).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn messages_outlive_the_process() {
    let (bus, config) = with_limits(Limits::default());
    let prefix = config.prefix.clone().unwrap();
    publish(&bus, "kept").await.unwrap();
    let mut consumer = bus.consume(&embed(), NonZeroU16::MIN).await.unwrap();
    let _held = in_time(consumer.next()).await.unwrap();
    bus.close().await;
    assert!(matches!(bus.check().await, Err(BusError::Closed)));
    let next = RabbitMqBus::new(config).unwrap();
    let mut consumer = next.consume(&embed(), NonZeroU16::MIN).await.unwrap();
    let delivery = in_time(consumer.next()).await.unwrap();
    assert_eq!(
        (&*delivery.message.message_id, delivery.returns),
        ("kept", 1)
    );
    clean(&[prefix]).await;
}

/// Looking returns what it saw, which the broker counts: not towards the end of a message.
#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn dead_letters_survive_being_looked_at() {
    let (bus, config) = with_limits(Limits::default());
    let mut consumer = bus.consume(&embed(), NonZeroU16::MIN).await.unwrap();
    publish(&bus, "m").await.unwrap();
    let delivery = in_time(consumer.next()).await.unwrap();
    delivery.reject(Rejection::DeadLetter).await.unwrap();
    let mut looks = 0;
    in_time(async {
        while looks < 2 * crate::DELIVERY_LIMIT {
            let dead = bus.dead_letters(&embed(), 1).await.unwrap();
            for letter in dead.letters {
                assert_eq!(letter.reason, DeadLetterReason::Rejected);
                looks += 1;
            }
        }
    })
    .await;
    clean(&[config.prefix.unwrap()]).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn a_wrong_password_is_told_and_not_shown() {
    let mut config = config();
    config.url = config.url.replace("guest:guest", "guest:hunter2");
    config.outage_wait = Duration::from_secs(2);
    let bus = RabbitMqBus::new(config).unwrap();
    let error = publish(&bus, "m").await.unwrap_err();
    assert!(error.to_string().contains("ACCESS_REFUSED"), "{error}");
    assert!(
        !format!("{error:?} {error} {bus:?}").contains("hunter2"),
        "{error:?}"
    );
}
