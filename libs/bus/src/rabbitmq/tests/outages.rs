//! A real broker behind a network that fails.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::proxy::Proxy;
use super::*;
use crate::Rejection;

fn port() -> u16 {
    let uri: lapin::uri::AMQPUri = url().parse().unwrap();
    uri.authority.port
}

/// A bus whose connections go through a proxy, and its prefix.
async fn behind_proxy(change: impl FnOnce(&mut RabbitMqConfig)) -> (RabbitMqBus, Proxy, String) {
    let proxy = Proxy::to(port()).await;
    let mut config = config();
    config.url = format!("amqp://guest:guest@127.0.0.1:{}/%2f", proxy.port);
    config.outage_wait = Duration::from_secs(10);
    change(&mut config);
    let prefix = config.prefix.clone().unwrap();
    (RabbitMqBus::new(config).unwrap(), proxy, prefix)
}

fn embed() -> Queue {
    Queue::new(JobQueue::Embed)
}

async fn publish(bus: &RabbitMqBus, id: &str) -> Result<(), BusError> {
    bus.publish(&embed(), Message::new(id, id.to_owned())).await
}

/// As every publisher does: again until it is confirmed.
async fn publish_surely(bus: &RabbitMqBus, id: &str) {
    in_time(async {
        while let Err(error) = publish(bus, id).await {
            assert!(error.is_transient(), "{error}");
        }
    })
    .await;
}

async fn consume_surely(bus: &RabbitMqBus, prefetch: u16) -> Consumer {
    let prefetch = NonZeroU16::new(prefetch).unwrap();
    in_time(async {
        loop {
            match bus.consume(&embed(), prefetch).await {
                Ok(consumer) => return consumer,
                Err(error) => assert!(error.is_transient(), "{error}"),
            }
        }
    })
    .await
}

#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn publishers_go_on_after_a_cut() {
    let (bus, proxy, prefix) = behind_proxy(|_| {}).await;
    for id in ["0", "1", "2"] {
        publish_surely(&bus, id).await;
        proxy.cut();
    }
    let mut consumer = consume_surely(&bus, 9).await;
    let mut heard = BTreeMap::new();
    while heard.len() < 3 {
        let delivery = in_time(consumer.next()).await.unwrap();
        *heard
            .entry(delivery.message.message_id.clone())
            .or_insert(0) += 1;
        delivery.ack().await.unwrap();
    }
    clean(&[prefix]).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn a_consumer_ends_with_its_connection_and_its_heir_hears_the_rest() {
    let (bus, proxy, prefix) = behind_proxy(|_| {}).await;
    for id in ["0", "1", "2"] {
        publish_surely(&bus, id).await;
    }
    let mut consumer = consume_surely(&bus, 2).await;
    let first = in_time(consumer.next()).await.unwrap();
    let second = in_time(consumer.next()).await.unwrap();
    first.ack().await.unwrap();
    proxy.cut();
    while in_time(consumer.next()).await.is_some() {}
    let error = second.ack().await.unwrap_err();
    assert!(
        matches!(&error, BusError::DeliveryLost { message_id, place }
            if message_id == "1" && place == &format!("queue {prefix}.jobs.embed")),
        "{error:?}"
    );
    let mut heir = consume_surely(&bus, 1).await;
    let mut returns = BTreeMap::new();
    while !["1", "2"].iter().all(|id| returns.contains_key(*id)) {
        let delivery = in_time(heir.next()).await.unwrap();
        // "0" too, if its acknowledgement did not pass before the cut.
        returns.insert(delivery.message.message_id.clone(), delivery.returns);
        delivery.ack().await.unwrap();
    }
    assert_eq!(returns["1"], 1);
    clean(&[prefix]).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn an_outage_is_an_error_in_time_and_then_forgotten() {
    let short = Duration::from_millis(300);
    let (bus, proxy, prefix) = behind_proxy(|config| config.outage_wait = short).await;
    publish_surely(&bus, "before").await;
    proxy.go_down();
    let mut failed;
    loop {
        let began = Instant::now();
        failed = publish(&bus, "during").await;
        // What was under way at the cut fails at once, and says something else.
        if let Err(error) = &failed
            && error.to_string().contains("for 300ms")
        {
            assert!(began.elapsed() < Duration::from_secs(5));
            break;
        }
    }
    let error = failed.unwrap_err();
    assert!(matches!(error, BusError::Unavailable { .. }), "{error:?}");
    let consumed = bus.consume(&embed(), NonZeroU16::MIN).await;
    assert!(matches!(consumed, Err(BusError::Unavailable { .. })));
    assert!(bus.check().await.is_err());
    proxy.heal();
    publish_surely(&bus, "after").await;
    bus.check().await.unwrap();
    clean(&[prefix]).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn a_network_that_falls_silent_is_noticed() {
    let (bus, proxy, prefix) = behind_proxy(|config| {
        config.heartbeat = Duration::from_secs(1);
        config.confirm_timeout = Duration::from_millis(500);
    })
    .await;
    publish_surely(&bus, "before").await;
    let mut consumer = consume_surely(&bus, 1).await;
    let held = in_time(consumer.next()).await.unwrap();
    proxy.freeze();
    let silent = publish(&bus, "into the void").await.unwrap_err();
    assert!(
        silent.to_string().contains("no answer within 500ms"),
        "{silent}"
    );
    // Both connections miss their signs of life; nobody else tells.
    assert!(in_time(consumer.next()).await.is_none());
    assert!(held.ack().await.is_err());
    publish_surely(&bus, "after").await;
    let mut heir = consume_surely(&bus, 1).await;
    // The broker finds out for itself that the old consumer is gone.
    let mut heard = Vec::new();
    while !["before", "after"]
        .iter()
        .all(|id| heard.contains(&(*id).to_owned()))
    {
        let delivery = in_time(heir.next()).await.unwrap();
        heard.push(delivery.message.message_id.clone());
        delivery.ack().await.unwrap();
    }
    clean(&[prefix]).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn a_slow_network_is_no_outage() {
    let (bus, proxy, prefix) = behind_proxy(|_| {}).await;
    proxy.delay(Duration::from_millis(30));
    publish(&bus, "slow").await.unwrap();
    let mut consumer = bus.consume(&embed(), NonZeroU16::MIN).await.unwrap();
    let delivery = in_time(consumer.next()).await.unwrap();
    delivery.reject(Rejection::Requeue).await.unwrap();
    let delivery = in_time(consumer.next()).await.unwrap();
    assert_eq!(delivery.returns, 1);
    delivery.ack().await.unwrap();
    clean(&[prefix]).await;
}

/// How often each message was heard.
type Heard = tokio::sync::watch::Sender<BTreeMap<String, u32>>;

/// Publishers and consumers that go on whatever happens, and a network that is cut again and
/// again: every message is heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn nothing_is_lost_while_connections_are_cut() {
    const PUBLISHERS: usize = 3;
    const EACH: usize = 100;
    // The loss itself must tell whoever waits: no timeout does within the time of this test.
    let patient = |config: &mut RabbitMqConfig| config.confirm_timeout = Duration::from_hours(1);
    let (bus, proxy, prefix) = behind_proxy(patient).await;
    let heard = Arc::<Heard>::default();
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|publisher| {
            let bus = bus.clone();
            tokio::spawn(async move {
                for n in 0..EACH {
                    publish_surely(&bus, &format!("{publisher}-{n}")).await;
                }
            })
        })
        .collect();
    let consumers: Vec<_> = (0..2)
        .map(|_| {
            let (bus, heard) = (bus.clone(), Arc::clone(&heard));
            tokio::spawn(hear_until_closed(bus, heard))
        })
        .collect();
    // One cut for every so many messages.
    for reached in 1..=5 {
        let mut heard = heard.subscribe();
        let goal = reached * PUBLISHERS * EACH / 6;
        in_time(heard.wait_for(|heard| heard.len() >= goal))
            .await
            .unwrap();
        proxy.cut();
    }
    for publisher in publishers {
        in_time(publisher).await.unwrap();
    }
    let all = |heard: &BTreeMap<String, u32>| heard.len() == PUBLISHERS * EACH;
    in_time(heard.subscribe().wait_for(all)).await.unwrap();
    bus.close().await;
    for consumer in consumers {
        in_time(consumer).await.unwrap();
    }
    clean(&[prefix]).await;
}

async fn hear_until_closed(bus: RabbitMqBus, heard: Arc<Heard>) {
    let prefetch = NonZeroU16::new(5).unwrap();
    loop {
        let mut consumer = match bus.consume(&embed(), prefetch).await {
            Ok(consumer) => consumer,
            Err(BusError::Closed) => return,
            Err(error) => {
                assert!(error.is_transient(), "{error}");
                continue;
            }
        };
        while let Some(delivery) = consumer.next().await {
            let id = delivery.message.message_id.clone();
            heard.send_modify(|heard| *heard.entry(id).or_default() += 1);
            // Failed, it may have arrived all the same.
            let _ = delivery.ack().await;
        }
    }
}
