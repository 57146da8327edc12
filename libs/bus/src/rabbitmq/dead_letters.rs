//! Looking at dead letters, and sending them back.

use lapin::Channel;
use lapin::message::BasicGetMessage;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicNackOptions, QueueDeclareOptions};
use lapin::types::FieldTable;

use super::topology::dead;
use super::wire;
use crate::{DeadLetter, DeadLetters, Message};

/// The oldest `limit` dead letters of the job queue, which must be declared.
pub(super) async fn look(
    channel: &Channel,
    queue: &str,
    limit: usize,
) -> Result<DeadLetters, lapin::Error> {
    let dead = dead(queue);
    let passive = QueueDeclareOptions::default().passive();
    let declared = channel
        .queue_declare(dead.as_str().into(), passive, FieldTable::default())
        .await?;
    let mut more = declared.message_count();
    let mut letters = Vec::new();
    let mut last = None;
    while letters.len() < limit {
        let Some(found) = take(channel, &dead).await? else {
            more = 0;
            break;
        };
        more = found.message_count;
        let found = found.delivery;
        letters.push(DeadLetter {
            reason: wire::death_reason(&found.properties),
            message: wire::message(&found.properties, found.data),
        });
        last = Some(found.acker);
    }
    let held = letters.len() as u64 + u64::from(more);
    if let Some(last) = last {
        let all_back = BasicNackOptions {
            multiple: true,
            requeue: true,
        };
        last.nack(all_back).await?;
    }
    Ok(DeadLetters { held, letters })
}

/// A dead letter that is taken, and goes back where it was unless it is dropped for good.
pub(super) struct Taken {
    pub(super) message: Message,
    acker: lapin::Acker,
}

impl Taken {
    /// The oldest dead letter of the job queue.
    pub(super) async fn oldest(
        channel: &Channel,
        queue: &str,
    ) -> Result<Option<Self>, lapin::Error> {
        let found = take(channel, &dead(queue)).await?;
        Ok(found.map(|found| Self {
            message: wire::message(&found.delivery.properties, found.delivery.data),
            acker: found.delivery.acker,
        }))
    }

    /// Takes it from the dead letters for good.
    pub(super) async fn remove(self) -> Result<(), lapin::Error> {
        self.acker.ack(BasicAckOptions::default()).await?;
        Ok(())
    }
}

async fn take(channel: &Channel, queue: &str) -> Result<Option<BasicGetMessage>, lapin::Error> {
    let options = BasicGetOptions::default();
    channel.basic_get(queue.into(), options).await
}
