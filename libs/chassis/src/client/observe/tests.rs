use std::collections::VecDeque;
use std::future::{pending, poll_fn, ready};
use std::sync::Arc;
use std::time::Duration;

use http_body::Body as _;

use super::*;
use crate::client::Peer;
use crate::client::breaker::{Breaker, BreakerConfig};
use crate::cut::trailers_of;

/// One failure opens it.
fn breaker() -> Arc<Breaker> {
    let (peer, _) = Peer::parse("catalog", "http://c:1").unwrap();
    let config = BreakerConfig {
        min_calls: 1,
        failure_ratio: 0.01,
        ..BreakerConfig::default()
    };
    Arc::new(Breaker::new(peer, config))
}

fn status(reason: Reason) -> Status {
    ApiError::new(reason, "why").into()
}

/// As the transport reports a connection that is gone.
fn broken() -> Status {
    Status::from_error(Box::new(std::io::Error::from(
        std::io::ErrorKind::ConnectionReset,
    )))
}

/// A response of these frames, that then neither ends nor goes on.
struct Frames(VecDeque<Result<Frame<Bytes>, Status>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match self.0.pop_front() {
            Some(frame) => Poll::Ready(Some(frame)),
            None => Poll::Pending,
        }
    }
}

fn data() -> Frame<Bytes> {
    Frame::data(Bytes::from_static(b"x"))
}

fn trailers(status: &Status) -> Frame<Bytes> {
    Frame::trailers(trailers_of(status))
}

fn response<const N: usize>(frames: [Frame<Bytes>; N]) -> Response<Body> {
    Response::new(Body::new(Frames(frames.map(Ok).into())))
}

/// The same, broken off with this error.
fn breaking<const N: usize>(frames: [Frame<Bytes>; N], error: Status) -> Response<Body> {
    let frames = frames.map(Ok).into_iter().chain([Err(error)]);
    Response::new(Body::new(Frames(frames.collect())))
}

/// Whether a call that goes like this opens the breaker.
async fn opens(answer: Result<Response<Body>, Status>) -> bool {
    let breaker = breaker();
    let verdict = Verdict::new(breaker.admit().unwrap(), None);
    if let Ok(response) = observed(ready(answer), verdict).await {
        let mut body = response.into_body();
        while let Poll::Ready(Some(Ok(_))) =
            poll_fn(|cx| Poll::Ready(Pin::new(&mut body).poll_frame(cx))).await
        {}
    }
    breaker.admit().is_err()
}

#[tokio::test]
async fn a_status_counts_wherever_it_stands() {
    for (reason, counts) in [
        (Reason::Unavailable, true),
        (Reason::DeadlineExceeded, true),
        (Reason::Overloaded, false),
        (Reason::InvalidArgument, false),
        (Reason::NotFound, false),
        (Reason::StorageFull, false),
        (Reason::Internal, false),
    ] {
        let in_headers = Ok(status(reason).into_http());
        assert_eq!(opens(in_headers).await, counts, "{reason} in the headers");
        let in_trailers = Ok(response([trailers(&status(reason))]));
        assert_eq!(opens(in_trailers).await, counts, "{reason} in the trailers");
        assert_eq!(
            opens(Err(status(reason))).await,
            counts,
            "{reason}, made here"
        );
    }
    let ok = Status::new(Code::Ok, "");
    assert!(!opens(Ok(response([data(), trailers(&ok)]))).await);
    assert!(opens(Err(broken())).await);
}

#[tokio::test]
async fn of_a_stream_the_start_counts_and_whether_the_connection_lasts() {
    let later = trailers(&status(Reason::Unavailable));
    assert!(!opens(Ok(response([data(), later]))).await);
    assert!(!opens(Ok(response([data(), data()]))).await);
    assert!(!opens(Ok(response([]))).await);
    assert!(opens(Ok(breaking([data(), data()], broken()))).await);
    assert!(opens(Ok(breaking([], broken()))).await);
    let cancelled = status(Reason::Cancelled);
    assert!(!opens(Ok(breaking([data()], cancelled))).await);
}

#[tokio::test(start_paused = true)]
async fn a_call_given_up_counts_only_after_its_deadline() {
    let deadline = Deadline::after(Duration::from_secs(2));
    for (advance, counts) in [(1, false), (1, true)] {
        tokio::time::advance(Duration::from_secs(advance)).await;
        let breaker = breaker();
        let verdict = Verdict::new(breaker.admit().unwrap(), Some(deadline));
        let mut call = Box::pin(observed(pending(), verdict));
        assert!(futures::poll!(call.as_mut()).is_pending());
        drop(call);
        assert_eq!(breaker.admit().is_err(), counts);
    }
}
