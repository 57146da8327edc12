//! One living connection and its channels.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation, Connection, Event};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::connect::Socket;
use super::topology::Topology;
use super::trouble::Trouble;
use super::wire;
use crate::Message;

/// Messages that may be on their way to the broker at the same time.
const PUBLISHERS: usize = 32;

/// Some losses the client tells nobody of.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Longest wait for a broker that is told goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// What is known of one connection, and forgotten with it.
#[derive(Debug)]
pub(super) struct Session {
    connection: Connection,
    socket: Arc<Socket>,
    /// Set when the connection is. The client leaves some who wait for it waiting.
    over: CancellationToken,
    declared: Mutex<HashSet<String>>,
    /// Channels in confirm mode with nothing under way.
    idle: Mutex<Vec<Channel>>,
    publishers: Semaphore,
}

/// Where a message goes.
pub(super) struct Target<'a> {
    pub(super) exchange: &'a str,
    pub(super) routing_key: &'a str,
    /// Whether some queue must take it.
    pub(super) mandatory: bool,
}

impl Session {
    pub(super) fn new(connection: Connection, socket: Arc<Socket>) -> Self {
        Self {
            connection,
            socket,
            over: CancellationToken::new(),
            declared: Mutex::default(),
            idle: Mutex::default(),
            publishers: Semaphore::new(PUBLISHERS),
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connection.status().connected()
    }

    /// Completes when the connection is of no more use.
    pub(super) async fn lost(&self) {
        let mut events = pin!(self.connection.events_listener());
        let mut look = tokio::time::interval(LOOK_EVERY);
        while self.is_connected() {
            tokio::select! {
                event = events.next() => match event {
                    Some(Event::ConnectionBlocked(reason)) => {
                        tracing::warn!(reason, "the broker takes no messages for now");
                    }
                    Some(Event::ConnectionUnblocked) => {
                        tracing::info!("the broker takes messages again");
                    }
                    Some(_) => {}
                    None => return,
                },
                _ = look.tick() => {}
            }
        }
    }

    /// Says goodbye to the broker, within bounds.
    pub(super) async fn close(&self) {
        let goodbye = self.connection.close(200, "closed by its process".into());
        // Unheard, the broker finds the socket closed.
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
        self.cut();
    }

    /// Ends the connection at once, and tells whoever waits for it.
    pub(super) fn cut(&self) {
        self.socket.cut();
        self.over.cancel();
    }

    /// Set once the connection is over.
    pub(super) fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// What `work` on this connection comes to, within bounds.
    pub(super) async fn in_time<T>(
        &self,
        timeout: Duration,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        tokio::select! {
            biased;
            done = tokio::time::timeout(timeout, work) => {
                done.unwrap_or(Err(Trouble::Silent(timeout)))
            }
            () = self.over.cancelled() => Err(Trouble::Over),
        }
    }

    /// A channel for whoever needs one of his own.
    pub(super) async fn channel(&self) -> Result<Channel, lapin::Error> {
        self.connection.create_channel().await
    }

    /// Declares the job queue if this connection has not done so.
    pub(super) async fn ensure_jobs(
        &self,
        topology: &Topology,
        queue: &str,
    ) -> Result<(), lapin::Error> {
        if !self.has_declared(queue) {
            topology.declare_jobs(&self.channel().await?, queue).await?;
            self.lock_declared().insert(queue.to_owned());
        }
        Ok(())
    }

    /// Declares the exchange if this connection has not done so.
    pub(super) async fn ensure_exchange(&self, topology: &Topology) -> Result<(), lapin::Error> {
        let exchange = topology.exchange();
        if !self.has_declared(&exchange) {
            topology.declare_exchange(&self.channel().await?).await?;
            self.lock_declared().insert(exchange);
        }
        Ok(())
    }

    /// Publishes one message and awaits that the broker has it.
    ///
    /// A channel has one message under way at a time: only then is it certain whose a confirm is,
    /// and whose a returned message.
    pub(super) async fn publish(
        &self,
        target: &Target<'_>,
        message: &Message,
    ) -> Result<(), Trouble> {
        // The client would send nothing more, and the confirm never come.
        if self.connection.status().blocked() {
            return Err(Trouble::Blocked);
        }
        let _permit = self.publishers.acquire().await.map_err(|_| Trouble::Over)?;
        let channel = self.publishing_channel().await?;
        let published = publish(&channel, target, message).await;
        match published {
            Ok(()) | Err(Trouble::Nacked) => self.lock_idle().push(channel),
            // What was declared may be gone.
            Err(Trouble::Unroutable) => {
                self.lock_idle().push(channel);
                self.lock_declared().clear();
            }
            // Closed, and what it had under way with it.
            Err(_) => self.lock_declared().clear(),
        }
        published
    }

    async fn publishing_channel(&self) -> Result<Channel, lapin::Error> {
        while let Some(channel) = self.pop_idle() {
            if channel.status().connected() {
                return Ok(channel);
            }
        }
        let channel = self.channel().await?;
        let options = ConfirmSelectOptions::default();
        channel.confirm_select(options).await?;
        Ok(channel)
    }

    fn pop_idle(&self) -> Option<Channel> {
        self.lock_idle().pop()
    }

    fn has_declared(&self, name: &str) -> bool {
        self.lock_declared().contains(name)
    }

    fn lock_idle(&self) -> MutexGuard<'_, Vec<Channel>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_declared(&self) -> MutexGuard<'_, HashSet<String>> {
        self.declared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn publish(channel: &Channel, target: &Target<'_>, message: &Message) -> Result<(), Trouble> {
    let options = BasicPublishOptions {
        mandatory: target.mandatory,
        immediate: false,
    };
    let confirm = channel
        .basic_publish(
            target.exchange.into(),
            target.routing_key.into(),
            options,
            &message.body,
            wire::properties(message),
        )
        .await?;
    match confirm.await? {
        Confirmation::Ack(None) => Ok(()),
        Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => Err(Trouble::Unroutable),
        Confirmation::Nack(None) => Err(Trouble::Nacked),
        Confirmation::NotRequested => Err(Trouble::Over),
    }
}
