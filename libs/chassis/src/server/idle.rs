//! Ends calls whose caller stops sending in the middle.

use std::future::{Future, pending};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::{Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep};
use tonic::Status;
use tonic::body::Body;

use crate::around::{Answer, Around, Inner};
use crate::cut::cut_call;
use crate::error::{ApiError, Reason};

/// Ends a call with DEADLINE_EXCEEDED when its handler has waited `limit` for the caller to send
/// something. The time that a handler takes before it reads on does not count, nor does anything
/// after the caller has sent all.
#[derive(Debug, Clone)]
pub(super) struct Idle {
    limit: Option<Duration>,
}

impl Idle {
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Self { limit }
    }
}

impl Around for Idle {
    fn call(&self, inner: &mut impl Inner, request: Request<Body>) -> Answer {
        let Some(limit) = self.limit else {
            return Box::pin(inner.call(request));
        };
        let path = request.uri().path().to_owned();
        let (idle, told) = oneshot::channel();
        let request = request.map(|inner| {
            Body::new(TimedBody {
                inner,
                limit,
                timer: Box::pin(sleep(limit)),
                waiting: false,
                idle: Some(idle),
            })
        });
        let cut = Box::pin(async move {
            if told.await.is_err() {
                // The caller has sent all, or the handler reads no more.
                pending::<()>().await;
            }
            let limit = humantime::format_duration(limit);
            let message =
                format!("{path}: the caller sent nothing for {limit}, the limit on idle streams");
            ApiError::new(Reason::DeadlineExceeded, message).into()
        });
        Box::pin(cut_call(inner.call(request), cut, None))
    }
}

/// A request's body that tells when it has been waited for too long.
struct TimedBody {
    inner: Body,
    limit: Duration,
    timer: Pin<Box<Sleep>>,
    waiting: bool,
    idle: Option<oneshot::Sender<()>>,
}

impl http_body::Body for TimedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.inner).poll_frame(cx);
        if polled.is_ready() {
            this.waiting = false;
            return polled;
        }
        if !this.waiting {
            this.waiting = true;
            this.timer.as_mut().reset(Instant::now() + this.limit);
        }
        if this.timer.as_mut().poll(cx).is_ready()
            && let Some(idle) = this.idle.take()
        {
            // The call may have ended by itself.
            let _ = idle.send(());
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures::future::BoxFuture;
    use http::Response;
    use tokio::sync::mpsc;
    use tower::{Layer, Service, service_fn};

    use super::*;
    use crate::around::AroundLayer;

    const LIMIT: Duration = Duration::from_secs(5);

    /// Sends what comes through a channel.
    struct Sent(mpsc::UnboundedReceiver<Bytes>);

    impl http_body::Body for Sent {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            let polled = self.0.poll_recv(cx);
            polled.map(|data| data.map(|data| Ok(Frame::data(data))))
        }
    }

    /// Calls a handler that reads all, and takes 7 s before it reads and after each part.
    fn slow() -> (
        mpsc::UnboundedSender<Bytes>,
        BoxFuture<'static, Option<Status>>,
    ) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let handler = service_fn(|request: Request<Body>| async move {
            let mut body = request.into_body();
            loop {
                sleep(Duration::from_secs(7)).await;
                let next = poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut body), cx));
                if next.await.is_none() {
                    sleep(Duration::from_secs(7)).await;
                    return Ok(Response::new(Body::empty()));
                }
            }
        });
        let request = Request::new(Body::new(Sent(receiver)));
        let call = AroundLayer(Idle::new(Some(LIMIT)))
            .layer(handler)
            .call(request);
        let outcome = async { Status::from_header_map(call.await.unwrap().headers()) };
        (sender, Box::pin(outcome))
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_caller_s_silence_counts() {
        let (sender, call) = slow();
        for _ in 0..3 {
            sender.send(Bytes::from_static(b"x")).unwrap();
        }
        drop(sender);
        assert!(call.await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_stops_sending_is_told_the_limit() {
        let begin = Instant::now();
        let (sender, call) = slow();
        sender.send(Bytes::from_static(b"x")).unwrap();
        let status = call.await.unwrap();
        assert_eq!(
            ApiError::from_status(&status).reason,
            Reason::DeadlineExceeded
        );
        assert_eq!(
            status.message(),
            "/: the caller sent nothing for 5s, the limit on idle streams"
        );
        // One part at 7 s, and silence from 14 s on.
        assert_eq!(begin.elapsed(), Duration::from_secs(19));
        drop(sender);
    }
}
