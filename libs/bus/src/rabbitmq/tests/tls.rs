//! Connections over TLS.

use std::path::PathBuf;
use std::time::Duration;

use super::*;

/// Address and authority of the broker's TLS.
fn secured() -> (String, PathBuf) {
    let from = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let (url, ca) = (
        from("SOPILOT_TEST_AMQPS_URL"),
        from("SOPILOT_TEST_AMQPS_CA"),
    );
    (url, ca.into())
}

fn bus(url: String, ca_file: Option<PathBuf>) -> (RabbitMqBus, String) {
    let config = RabbitMqConfig {
        url,
        ca_file,
        outage_wait: Duration::from_secs(2),
        ..config()
    };
    let prefix = config.prefix.clone().unwrap();
    (RabbitMqBus::new(config).unwrap(), prefix)
}

#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn messages_travel_over_tls() {
    let (url, ca) = secured();
    let (bus, prefix) = bus(url, Some(ca));
    let queue = Queue::new(JobQueue::Embed);
    // More than one record.
    let body = vec![7; 100_000];
    let sent = Message::new("m", body);
    bus.publish(&queue, sent.clone()).await.unwrap();
    let mut consumer = bus.consume(&queue, NonZeroU16::MIN).await.unwrap();
    let delivery = in_time(consumer.next()).await.unwrap();
    assert_eq!(delivery.message, sent);
    delivery.ack().await.unwrap();
    bus.close().await;
    clean(&[prefix]).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn a_broker_that_nobody_vouches_for_is_refused() {
    let (url, _) = secured();
    let (bus, _) = bus(url, None);
    let error = bus.check().await.unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
}

#[tokio::test]
async fn a_missing_authority_is_named() {
    let url = "amqps://user:hunter2@127.0.0.1:1/".to_owned();
    let config = RabbitMqConfig {
        ca_file: Some("/nowhere/ca.pem".into()),
        outage_wait: Duration::from_millis(200),
        ..RabbitMqConfig::new(url)
    };
    let bus = RabbitMqBus::new(config).unwrap();
    let error = bus.check().await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"));
}
