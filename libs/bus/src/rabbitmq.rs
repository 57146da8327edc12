//! Job queues on RabbitMQ.
//!
//! A process has two connections, each made when it is first needed: one to publish, one to
//! consume. A broker that runs out of room stops reading from those who publish, and must still
//! hear the acknowledgements that make room.
//!
//! Connections are supervised: lost, they are made again, with growing pauses. Queues are declared
//! anew with each connection. Consumers end with theirs, and whoever consumes starts again.

mod config;
mod connect;
mod consumer;
mod dead_letters;
mod link;
mod session;
mod topology;
mod trouble;
mod wire;

use std::num::NonZeroU16;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use lapin::Channel;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;

pub use config::RabbitMqConfig;
use consumer::Deliveries;
use dead_letters::Taken;
use link::Link;
use session::{Session, Target};
use topology::Topology;
use trouble::Trouble;

use crate::{
    Bus, BusError, Consumer, DeadLetterAction, DeadLetters, Decide, Message, Queue, Subscription,
    Topic,
};

/// Queues on a RabbitMQ, 3.10 or later. Clones are handles to the same connections, which end with
/// the last of them and of its consumers.
#[derive(Debug, Clone)]
pub struct RabbitMqBus(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: RabbitMqConfig,
    topology: Topology,
    publishing: Arc<Link>,
    consuming: Arc<Link>,
}

impl RabbitMqBus {
    /// A bus that connects when it is first used. Fails only with a setting that cannot work.
    pub fn new(config: RabbitMqConfig) -> Result<Self, BusError> {
        config.validate()?;
        let endpoint = config.endpoint()?;
        let named = |what| {
            let mut endpoint = endpoint.clone();
            endpoint.connection_name = format!("{} {what}", config.connection_name);
            Arc::new(Link::new(endpoint))
        };
        Ok(Self(Arc::new(Inner {
            topology: config.topology()?,
            publishing: named("publishes"),
            consuming: named("consumes"),
            config,
        })))
    }

    /// Fails when the broker cannot be reached within the wait for an outage. For readiness.
    pub async fn check(&self) -> Result<(), BusError> {
        let inner = &self.0;
        inner.check_open()?;
        let found = inner.session(&inner.publishing).await;
        found
            .map(drop)
            .map_err(|trouble| inner.failed(trouble, || "connection".to_owned()))
    }
}

#[async_trait]
impl Bus for RabbitMqBus {
    async fn publish(&self, queue: &Queue, message: Message) -> Result<(), BusError> {
        message.check()?;
        let inner = &self.0;
        inner.check_open()?;
        let queue = inner.topology.jobs(queue);
        let published = inner.publish(&queue.to_string(), &message).await;
        published.map_err(|trouble| inner.publishing_failed(trouble, &queue))
    }

    async fn consume(&self, queue: &Queue, prefetch: NonZeroU16) -> Result<Consumer, BusError> {
        let inner = &self.0;
        inner.check_open()?;
        let queue = inner.topology.jobs(queue).to_string();
        let place = format!("queue {queue}");
        let started = inner
            .on_channel(async |_, channel| {
                inner.topology.declare_jobs(&channel, &queue).await?;
                consume(channel, &queue, prefetch).await
            })
            .await;
        inner.consumer(started, place)
    }

    async fn dead_letters(&self, queue: &Queue, limit: usize) -> Result<DeadLetters, BusError> {
        let inner = &self.0;
        inner.check_open()?;
        let queue = inner.topology.jobs(queue).to_string();
        let looked = inner.look_at_dead_letters(&queue, limit).await;
        looked.map_err(|trouble| inner.failed(trouble, || format!("dead letters of queue {queue}")))
    }

    async fn handle_dead_letters(
        &self,
        queue: &Queue,
        limit: usize,
        decide: &mut Decide<'_>,
    ) -> Result<(), BusError> {
        let inner = &self.0;
        inner.check_open()?;
        let queue = inner.topology.jobs(queue);
        let handled = inner
            .handle_dead_letters(&queue.to_string(), limit, decide)
            .await;
        handled.map_err(|trouble| inner.publishing_failed(trouble, &queue))
    }

    async fn announce(&self, topic: &Topic, message: Message) -> Result<(), BusError> {
        message.check()?;
        let inner = &self.0;
        inner.check_open()?;
        let announced = inner.announce(topic, &message).await;
        announced.map_err(|trouble| {
            inner.failed(trouble, || {
                format!("exchange {}", inner.topology.exchange())
            })
        })
    }

    async fn subscribe(
        &self,
        subscription: &Subscription,
        prefetch: NonZeroU16,
    ) -> Result<Consumer, BusError> {
        let inner = &self.0;
        inner.check_open()?;
        let started = inner
            .on_channel(async |_, channel| {
                let topology = &inner.topology;
                let queue = topology
                    .declare_subscription(&channel, subscription)
                    .await?;
                consume(channel, &queue, prefetch).await
            })
            .await;
        inner.consumer(started, subscription.to_string())
    }

    async fn close(&self) {
        futures::join!(self.0.publishing.close(), self.0.consuming.close());
    }
}

/// A consumer on a channel of its own.
type Started = (lapin::Consumer, Channel);

impl Inner {
    async fn publish(&self, queue: &str, message: &Message) -> Result<(), Trouble> {
        let session = self.session(&self.publishing).await?;
        let work = async {
            session.ensure_jobs(&self.topology, queue).await?;
            let target = Target {
                exchange: "",
                routing_key: queue,
                mandatory: true,
            };
            session.publish(&target, message).await
        };
        session.in_time(self.config.confirm_timeout, work).await
    }

    async fn announce(&self, topic: &Topic, message: &Message) -> Result<(), Trouble> {
        let session = self.session(&self.publishing).await?;
        let work = async {
            session.ensure_exchange(&self.topology).await?;
            let target = Target {
                exchange: &self.topology.exchange(),
                routing_key: topic.as_str(),
                mandatory: false,
            };
            session.publish(&target, message).await
        };
        session.in_time(self.config.confirm_timeout, work).await
    }

    async fn look_at_dead_letters(
        &self,
        queue: &str,
        limit: usize,
    ) -> Result<DeadLetters, Trouble> {
        let (session, (channel, mut more)) = self
            .on_channel(async |session, channel| {
                session.ensure_jobs(&self.topology, queue).await?;
                let more = dead_letters::count(&channel, queue).await?;
                Ok((channel, more))
            })
            .await?;
        let timeout = self.config.confirm_timeout;
        let mut letters = Vec::new();
        while letters.len() < limit {
            let oldest = Taken::oldest(&channel, queue);
            let taken = session.in_time(timeout, oldest).await?;
            more = taken.as_ref().map_or(0, |taken| taken.more);
            let Some(taken) = taken else { break };
            letters.push(taken.letter);
        }
        let put_back = async {
            if !letters.is_empty() {
                dead_letters::put_back(&channel).await?;
            }
            // Once it is closed, the next to look sees them again.
            close(&channel).await
        };
        session.in_time(timeout, put_back).await?;
        Ok(DeadLetters {
            held: letters.len() as u64 + more,
            letters,
        })
    }

    async fn handle_dead_letters(
        &self,
        queue: &str,
        limit: usize,
        decide: &mut Decide<'_>,
    ) -> Result<(), Trouble> {
        let (session, channel) = self
            .on_channel(async |session, channel| {
                session.ensure_jobs(&self.topology, queue).await?;
                Ok(channel)
            })
            .await?;
        let timeout = self.config.confirm_timeout;
        let mut kept = false;
        // Whichever way this ends, what is taken and not removed goes back with its channel.
        for _ in 0..limit {
            let oldest = Taken::oldest(&channel, queue);
            let Some(taken) = session.in_time(timeout, oldest).await? else {
                break;
            };
            match decide(&taken.letter) {
                DeadLetterAction::Keep => {
                    kept = true;
                    continue;
                }
                DeadLetterAction::Return => self.publish(queue, &taken.letter.message).await?,
                DeadLetterAction::Delete => {}
            }
            session.in_time(timeout, taken.remove()).await?;
        }
        let end = async {
            if kept {
                dead_letters::put_back(&channel).await?;
            }
            close(&channel).await
        };
        session.in_time(timeout, end).await
    }

    /// Runs `work` with a channel of its own on the consuming connection, within bounds.
    async fn on_channel<T>(
        &self,
        work: impl AsyncFnOnce(&Session, Channel) -> Result<T, Trouble>,
    ) -> Result<(Arc<Session>, T), Trouble> {
        let session = self.session(&self.consuming).await?;
        let on_channel = async {
            let channel = session.channel().await?;
            work(&session, channel).await
        };
        let timeout = self.config.confirm_timeout;
        let done = session.in_time(timeout, on_channel).await?;
        Ok((session, done))
    }

    fn consumer(
        &self,
        started: Result<(Arc<Session>, Started), Trouble>,
        place: String,
    ) -> Result<Consumer, BusError> {
        let (session, (consumer, channel)) =
            started.map_err(|trouble| self.failed(trouble, || place.clone()))?;
        let link = Arc::clone(&self.consuming);
        let timeout = self.config.confirm_timeout;
        Ok(Consumer::new(
            Deliveries::new(consumer, channel, link, &session, place, timeout).boxed(),
        ))
    }

    async fn session(&self, link: &Link) -> Result<Arc<Session>, Trouble> {
        let wait = self.config.outage_wait;
        tokio::select! {
            session = link.session(wait) => Ok(session?),
            () = link.closing().cancelled() => Err(Trouble::Over),
        }
    }

    fn check_open(&self) -> Result<(), BusError> {
        if self.publishing.closing().is_cancelled() {
            return Err(BusError::Closed);
        }
        Ok(())
    }

    fn publishing_failed(&self, trouble: Trouble, queue: &Queue) -> BusError {
        let capacity = self.config.limits.capacity;
        match self.check_open() {
            Ok(()) => trouble.at_queue(format!("queue {queue}"), capacity),
            Err(closed) => closed,
        }
    }

    /// What failed while the bus was closed failed because of that.
    fn failed(&self, trouble: Trouble, place: impl FnOnce() -> String) -> BusError {
        match self.check_open() {
            Ok(()) => trouble.at(place()),
            Err(closed) => closed,
        }
    }
}

async fn consume(channel: Channel, queue: &str, prefetch: NonZeroU16) -> Result<Started, Trouble> {
    let options = BasicQosOptions { global: false };
    channel.basic_qos(prefetch.get(), options).await?;
    let options = BasicConsumeOptions::default();
    let any_tag = "".into();
    let consumer = channel
        .basic_consume(queue.into(), any_tag, options, FieldTable::default())
        .await?;
    Ok((consumer, channel))
}

async fn close(channel: &Channel) -> Result<(), Trouble> {
    Ok(channel.close(200, "done".into()).await?)
}

#[cfg(test)]
mod tests;
