//! Deliveries of one channel, and their answers.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use futures::{FutureExt, Stream};
use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::{Acker, Channel};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::link::Link;
use super::session::Session;
use super::trouble::Trouble;
use super::wire;
use crate::delivery::{Answer, Settle};
use crate::{BusError, Delivery};

/// The stream behind a [`Consumer`](crate::Consumer). Dropped, it closes its channel, which returns
/// to the queue whatever has no answer.
pub(super) struct Deliveries {
    consumer: lapin::Consumer,
    channel: Channel,
    shared: Arc<Shared>,
    /// Ready when nothing more can come.
    ended: BoxFuture<'static, ()>,
    runtime: Handle,
    /// The connection lives as long as somebody consumes.
    _link: Arc<Link>,
}

/// What the deliveries of one consumer must know of it.
struct Shared {
    place: String,
    closed: CancellationToken,
    /// The connection is over.
    lost: CancellationToken,
    is_gone: AtomicBool,
    timeout: Duration,
}

impl Deliveries {
    /// Wants a tokio runtime. `timeout` is for each answer.
    pub(super) fn new(
        consumer: lapin::Consumer,
        channel: Channel,
        link: Arc<Link>,
        session: &Session,
        place: String,
        timeout: Duration,
    ) -> Self {
        let (closed, lost) = (link.closing().clone(), session.over().clone());
        let ended = {
            let (closed, lost) = (closed.clone(), lost.clone());
            async move {
                tokio::select! {
                    () = closed.cancelled() => {}
                    () = lost.cancelled() => {}
                }
            }
        };
        Self {
            consumer,
            channel,
            ended: ended.boxed(),
            shared: Arc::new(Shared {
                place,
                closed,
                lost,
                is_gone: AtomicBool::new(false),
                timeout,
            }),
            runtime: Handle::current(),
            _link: link,
        }
    }
}

impl Stream for Deliveries {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        if self.ended.poll_unpin(cx).is_ready() {
            // It must not be asked again.
            self.ended = futures::future::ready(()).boxed();
            return Poll::Ready(None);
        }
        loop {
            match ready!(Pin::new(&mut self.consumer).poll_next(cx)) {
                Some(Ok(taken)) if taken.acker.usable() => {
                    return Poll::Ready(Some(delivery(taken, Arc::clone(&self.shared))));
                }
                // It went back with its channel, before anybody saw it.
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    let place = &self.shared.place;
                    tracing::warn!(place, %error, "the consumer is lost");
                    return Poll::Ready(None);
                }
                None => return Poll::Ready(None),
            }
        }
    }
}

impl Drop for Deliveries {
    fn drop(&mut self) {
        self.shared.is_gone.store(true, Ordering::Release);
        let channel = self.channel.clone();
        self.runtime.spawn(async move {
            // An error is a channel that is closed already.
            let _ = channel.close(200, "the consumer is gone".into()).await;
        });
    }
}

fn delivery(taken: lapin::message::Delivery, shared: Arc<Shared>) -> Delivery {
    let returns = wire::returns(&taken.properties, taken.redelivered);
    let message = wire::message(&taken.properties, taken.data);
    let receipt = Receipt {
        acker: taken.acker,
        shared,
        message_id: message.message_id.clone(),
        answered: false,
    };
    Delivery::new(message, returns, Box::new(receipt))
}

/// The right to answer for one delivery, once.
struct Receipt {
    acker: Acker,
    shared: Arc<Shared>,
    message_id: String,
    answered: bool,
}

impl Receipt {
    /// Whether the answer went out while its channel stood. AMQP does not confirm answers.
    async fn answer(&self, answer: Answer) -> bool {
        if self.shared.is_gone.load(Ordering::Acquire) {
            return false;
        }
        let returned = |requeue| BasicNackOptions {
            multiple: false,
            requeue,
        };
        let sent = match answer {
            Answer::Ack => self.acker.ack(BasicAckOptions::default()).await,
            Answer::Requeue => self.acker.nack(returned(true)).await,
            Answer::DeadLetter => self.acker.nack(returned(false)).await,
        };
        sent.unwrap_or(false)
    }
}

#[async_trait]
impl Settle for Receipt {
    async fn settle(mut self: Box<Self>, answer: Answer) -> Result<(), BusError> {
        self.answered = true;
        let place = || self.shared.place.clone();
        if self.shared.closed.is_cancelled() {
            return Err(BusError::Closed);
        }
        let timeout = self.shared.timeout;
        let sent = tokio::select! {
            biased;
            () = self.shared.lost.cancelled() => false,
            sent = tokio::time::timeout(timeout, self.answer(answer)) => {
                sent.map_err(|_| Trouble::Silent(timeout).at(place()))?
            }
        };
        if sent {
            Ok(())
        } else if self.shared.closed.is_cancelled() {
            Err(BusError::Closed)
        } else {
            Err(BusError::DeliveryLost {
                place: place(),
                message_id: self.message_id.clone(),
            })
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if !self.answered {
            // The client sends it when first asked; whether it arrived is no matter, for the
            // message goes back with the channel, too.
            let _ = self.answer(Answer::Requeue).now_or_never();
        }
    }
}
