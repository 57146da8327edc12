//! Ends a call from outside with a status of our choosing, whether it is still computing or already
//! streaming.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

use crate::deadline::{Deadline, sync_scope};

/// Completes with the status that the call shall end with, at the moment when it shall end.
pub(crate) type Cut = BoxFuture<'static, Status>;

/// Runs `call` until `cut` completes. A cut call answers with the status alone; if its response has
/// begun, the rest of the body is replaced by trailers that say so.
///
/// The cut is asked first: a call that is always ready would otherwise never meet it.
pub(crate) async fn cut_call<E>(
    call: impl Future<Output = Result<Response<Body>, E>>,
    mut cut: Cut,
    deadline: Option<Deadline>,
) -> Result<Response<Body>, E> {
    let mut call = pin!(call);
    let response = poll_fn(|cx| match cut.as_mut().poll(cx) {
        Poll::Ready(status) => Poll::Ready(Ok(Err(status))),
        Poll::Pending => call.as_mut().poll(cx).map_ok(Ok),
    })
    .await?;
    Ok(match response {
        Ok(response) => response.map(|inner| {
            Body::new(CutBody {
                streaming: Some((inner, cut)),
                deadline,
            })
        }),
        Err(status) => status.into_http(),
    })
}

/// A body that ends with the trailers of a status when its cut completes.
struct CutBody {
    /// `None` once the body has ended.
    streaming: Option<(Body, Cut)>,
    /// What [`Deadline::current`] is while the body is produced.
    deadline: Option<Deadline>,
}

impl http_body::Body for CutBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let Some((body, cut)) = &mut this.streaming else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(status) = cut.as_mut().poll(cx) {
            this.streaming = None;
            return Poll::Ready(Some(Ok(Frame::trailers(trailers_of(&status)))));
        }
        sync_scope(this.deadline, || Pin::new(body).poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.streaming
            .as_ref()
            .is_none_or(|(body, _)| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        // A cut replaces the rest by trailers, so nothing is promised.
        SizeHint::default()
    }
}

/// The trailers that end a stream with `status`.
pub(crate) fn trailers_of(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    if status.add_header(&mut trailers).is_err() {
        // Only metadata or details that are no header value can be refused; the code itself always
        // can be sent.
        trailers.insert(
            Status::GRPC_STATUS,
            http::HeaderValue::from(status.code() as i32),
        );
    }
    trailers
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::{pending, ready};

    use tokio::sync::oneshot;

    use super::*;

    fn cut_on(receiver: oneshot::Receiver<()>) -> Cut {
        Box::pin(async move {
            // A dropped sender never cuts.
            if receiver.await.is_err() {
                pending::<()>().await;
            }
            Status::unavailable("stopping")
        })
    }

    async fn next_frame(body: &mut Body) -> Option<Frame<Bytes>> {
        poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut *body), cx))
            .await
            .transpose()
            .unwrap()
    }

    /// Data without end, always ready.
    struct Endless;

    impl http_body::Body for Endless {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    #[tokio::test]
    async fn a_call_that_never_answers_ends_with_the_status() {
        let (sender, receiver) = oneshot::channel();
        sender.send(()).unwrap();
        let response = cut_call(pending::<Result<_, Infallible>>(), cut_on(receiver), None)
            .await
            .unwrap();
        assert_eq!(
            Status::from_header_map(response.headers())
                .unwrap()
                .message(),
            "stopping"
        );
    }

    #[tokio::test]
    async fn an_endless_stream_ends_with_the_status() {
        let (sender, receiver) = oneshot::channel();
        let call = ready(Ok::<_, Infallible>(Response::new(Body::new(Endless))));
        let mut body = cut_call(call, cut_on(receiver), None)
            .await
            .unwrap()
            .into_body();
        assert!(next_frame(&mut body).await.unwrap().is_data());
        sender.send(()).unwrap();
        let frame = next_frame(&mut body).await.unwrap();
        assert_eq!(frame.trailers_ref().unwrap()["grpc-status"], "14");
        assert!(next_frame(&mut body).await.is_none());
    }

    #[tokio::test]
    async fn what_is_not_cut_passes_unchanged() {
        let (_sender, receiver) = oneshot::channel();
        let call = ready(Ok::<_, Infallible>(Response::new(Body::empty())));
        let response = cut_call(call, cut_on(receiver), None).await.unwrap();
        assert!(http_body::Body::is_end_stream(response.body()));
    }

    #[tokio::test]
    async fn a_body_is_produced_under_the_deadline_of_its_call() {
        /// Sends whether there is a deadline.
        struct Told;
        impl http_body::Body for Told {
            type Data = Bytes;
            type Error = Status;
            fn poll_frame(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
                let told = format!("{:?}", Deadline::current());
                Poll::Ready(Some(Ok(Frame::data(told.into()))))
            }
        }
        let deadline = Some(Deadline::after(std::time::Duration::from_secs(1)));
        let (_sender, receiver) = oneshot::channel();
        let call = ready(Ok::<_, Infallible>(Response::new(Body::new(Told))));
        let response = cut_call(call, cut_on(receiver), deadline).await.unwrap();
        let frame = next_frame(&mut response.into_body()).await.unwrap();
        assert_eq!(
            *frame.into_data().unwrap(),
            *format!("{deadline:?}").as_bytes()
        );
    }
}
