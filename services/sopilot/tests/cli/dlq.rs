//! Dead letters of a real broker.

use std::num::NonZeroU16;

use futures::StreamExt as _;
use prost::Message as _;
use sopilot_bus::{Bus as _, JobQueue, Message, Queue, RabbitMqBus, RabbitMqConfig, Rejection};
use sopilot_proto::catalog::v1::{Doorbell, JobStage};

use crate::program::{Ended, Place};

/// Leaves a bell and bytes that are none among the dead letters.
async fn bury(url: &str, prefix: &str) {
    let config = RabbitMqConfig {
        prefix: Some(prefix.to_owned()),
        ..RabbitMqConfig::new(url.to_owned())
    };
    let bus = RabbitMqBus::new(config).unwrap();
    let queue = Queue::new(JobQueue::Align);
    let mut consumer = bus.consume(&queue, NonZeroU16::MIN).await.unwrap();
    let bell = Doorbell {
        job_id: "j1".to_owned(),
        stage: JobStage::Align.into(),
        ..Doorbell::default()
    };
    for (id, body) in [("bytes", b"\xff".to_vec()), ("bell", bell.encode_to_vec())] {
        bus.publish(&queue, Message::new(id, body)).await.unwrap();
        let delivery = consumer.next().await.unwrap();
        delivery.reject(Rejection::DeadLetter).await.unwrap();
    }
    // The broker buries them after it has confirmed the rejection.
    while bus.dead_letters(&queue, 1).await.unwrap().held < 2 {
        tokio::task::yield_now().await;
    }
    bus.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: scripts/servers run rabbitmq -- cargo test -p sopilot --test cli -- --ignored"]
async fn dead_letters_are_listed_sent_back_and_deleted() {
    let url = std::env::var("SOPILOT_TEST_AMQP_URL").unwrap();
    let prefix = format!("t-{}", std::process::id());
    let buried = tokio::time::timeout(std::time::Duration::from_mins(1), bury(&url, &prefix));
    buried.await.expect("the broker buries what is rejected");
    let place = Place::new();
    let dlq = |arguments: &[&str]| -> Ended {
        let mut command = place.command(["dlq"]);
        command.args(arguments).args(["--prefix", &prefix]);
        let output = command.env("SOPILOT_BUS__URL", &url).output();
        output.unwrap().into()
    };

    let listed = dlq(&["list", "--queue", "align", "--json"]).json();
    assert_eq!(listed["queues"][0]["held"], 2, "{listed}");
    let returned = dlq(&["return"]).expect(0).stdout;
    assert_eq!(
        returned,
        "sent back: 1 message\n\
         not sent back: jobs.align bytes: cannot be decoded\n\
         no worker could handle these: `sopilot dlq delete --undecodable` deletes them\n"
    );
    let missing = dlq(&["delete", "--message", "bell"]).expect(2).stderr;
    assert!(
        missing.starts_with("error[INVALID_ARGUMENT]: "),
        "{missing}"
    );
    assert!(dlq(&["delete"]).expect(2).stderr.contains("--all"));
    let deleted = dlq(&["delete", "--undecodable"]).expect(0).stdout;
    assert_eq!(
        deleted,
        "deleted jobs.align bytes: cannot be decoded\ndeleted: 1 message\n"
    );
    assert_eq!(dlq(&["list"]).expect(0).stdout, "no dead letters\n");
}
