//! Dead letters, one at a time.

use lapin::options::{BasicAckOptions, BasicGetOptions, BasicNackOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Acker, Channel};

use super::topology::dead;
use super::trouble::Trouble;
use super::wire;
use crate::DeadLetter;

/// A dead letter that is taken from where it was. It goes back there unless it is removed: with its
/// channel at the latest.
pub(super) struct Taken {
    pub(super) letter: DeadLetter,
    /// How many more there are that nobody has taken.
    pub(super) more: u64,
    acker: Acker,
}

impl Taken {
    /// The oldest dead letter of the job queue, which must be declared.
    pub(super) async fn oldest(channel: &Channel, queue: &str) -> Result<Option<Self>, Trouble> {
        let options = BasicGetOptions::default();
        let found = channel.basic_get(dead(queue).into(), options).await?;
        Ok(found.map(|found| Self {
            more: found.message_count.into(),
            letter: DeadLetter {
                reason: wire::death_reason(&found.delivery.properties),
                message: wire::message(&found.delivery.properties, found.delivery.data),
            },
            acker: found.delivery.acker,
        }))
    }

    /// Takes it from the dead letters for good.
    pub(super) async fn remove(self) -> Result<(), Trouble> {
        self.acker.ack(BasicAckOptions::default()).await?;
        Ok(())
    }
}

/// How many dead letters of the job queue nobody has taken.
pub(super) async fn count(channel: &Channel, queue: &str) -> Result<u64, lapin::Error> {
    let passive = QueueDeclareOptions::default().passive();
    let declared = channel
        .queue_declare(dead(queue).into(), passive, FieldTable::default())
        .await?;
    Ok(declared.message_count().into())
}

/// Puts all that was taken by this channel back where it was, in its order.
pub(super) async fn put_back(channel: &Channel) -> Result<(), lapin::Error> {
    let every_one = 0;
    let options = BasicNackOptions {
        multiple: true,
        requeue: true,
    };
    channel.basic_nack(every_one, options).await
}
