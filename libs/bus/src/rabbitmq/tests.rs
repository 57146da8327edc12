mod broker;
mod fake;
mod outages;
mod proxy;
mod tls;

use std::sync::Mutex;
use std::time::Duration;

use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};

use super::*;
use crate::JobQueue;
use crate::conformance::{self, Subject};

/// A private broker's address.
fn url() -> String {
    std::env::var("SOPILOT_TEST_AMQP_URL").unwrap_or_else(|_| {
        panic!("SOPILOT_TEST_AMQP_URL is not set: run scripts/servers run rabbitmq -- cargo test …")
    })
}

/// Unlike any other test's.
fn new_prefix() -> String {
    format!("t-{:016x}", rand::random::<u64>())
}

fn config() -> RabbitMqConfig {
    RabbitMqConfig {
        prefix: Some(new_prefix()),
        ..RabbitMqConfig::new(url())
    }
}

/// Far longer than a broker on a busy machine takes; reached only by a failure.
async fn in_time<F: Future>(work: F) -> F::Output {
    let done = tokio::time::timeout(Duration::from_mins(1), work).await;
    done.expect("this should have ended long ago")
}

/// Deletes what stands on the broker under these prefixes.
async fn clean(prefixes: &[String]) {
    let bus = RabbitMqBus::new(RabbitMqConfig::new(url())).unwrap();
    let session = bus.0.session(&bus.0.consuming).await.unwrap();
    let channel = session.channel().await.unwrap();
    for prefix in prefixes {
        let jobs = JobQueue::ALL.map(|job| Queue::with_prefix(job, prefix).unwrap().to_string());
        let dead = jobs.clone().map(|queue| topology::dead(&queue));
        let heard = [
            "ends", "left", "right", "shared", "sleeper", "order", "again", "picky",
        ];
        let heard = heard.map(|name| format!("{prefix}.events.{name}"));
        for queue in jobs.into_iter().chain(dead).chain(heard) {
            let options = QueueDeleteOptions::default();
            channel.queue_delete(queue.into(), options).await.unwrap();
        }
        let exchange = format!("{prefix}.sopilot.events");
        let options = ExchangeDeleteOptions::default();
        channel
            .exchange_delete(exchange.into(), options)
            .await
            .unwrap();
    }
    bus.close().await;
}

async fn conforms() {
    let prefixes: Arc<Mutex<Vec<String>>> = Arc::default();
    let made = Arc::clone(&prefixes);
    conformance::run(move || {
        let config = config();
        let prefix = config.prefix.clone().unwrap();
        made.lock().unwrap().push(prefix.clone());
        let bus = Arc::new(RabbitMqBus::new(config).unwrap());
        async move { Subject { bus, prefix } }
    })
    .await;
    let prefixes = std::mem::take(&mut *prefixes.lock().unwrap());
    clean(&prefixes).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn conforms_on_one_thread() {
    conforms().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -- --include-ignored"]
async fn conforms_on_many_threads() {
    conforms().await;
}
