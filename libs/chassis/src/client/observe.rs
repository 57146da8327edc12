//! Watches a call from the request to the last frame of the response.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::Span;

use super::breaker::Pass;
use crate::deadline::Deadline;
use crate::error::{ApiError, Reason, code_name};
use crate::metrics;
use crate::telemetry::trace::{self, End};

/// Is told how a call goes, and dropped when it is over or nobody waits for it any more.
pub(super) trait Observer: Send + Unpin + 'static {
    /// The response has begun.
    fn begun(&mut self) {}
    /// A part of the response has come.
    fn data(&mut self) {}
    /// The call has ended with this status.
    fn ended(&mut self, _: &Status) {}
    /// The response has broken off.
    fn broken(&mut self, status: &Status) {
        self.ended(status);
    }
}

/// Makes `call` under the eyes of `observer`.
pub(super) async fn observed(
    call: impl Future<Output = Result<Response<Body>, Status>>,
    mut observer: impl Observer,
) -> Result<Response<Body>, Status> {
    let response = call.await.inspect_err(|status| observer.ended(status))?;
    match Status::from_header_map(response.headers()) {
        Some(status) => observer.ended(&status),
        None => observer.begun(),
    }
    Ok(response.map(|inner| Body::new(ObservedBody { inner, observer })))
}

struct ObservedBody<O> {
    inner: Body,
    observer: O,
}

impl<O: Observer> http_body::Body for ObservedBody<O> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => match frame.trailers_ref() {
                Some(trailers) => {
                    if let Some(status) = Status::from_header_map(trailers) {
                        self.observer.ended(&status);
                    }
                }
                None => self.observer.data(),
            },
            Poll::Ready(Some(Err(status))) => self.observer.broken(status),
            Poll::Ready(None) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Records duration and code of a call, in the metrics and in its span.
pub(super) struct Meter {
    peer: super::Peer,
    method: String,
    begin: Instant,
    code: Code,
    message: String,
    span: Span,
}

impl Meter {
    /// `span`: of the call.
    pub(super) fn new(peer: super::Peer, path: &str, span: Span) -> Self {
        Self {
            span,
            message: String::new(),
            peer,
            method: path.trim_start_matches('/').to_owned(),
            begin: Instant::now(),
            // What it is if nobody waits until the end.
            code: Code::Cancelled,
        }
    }
}

impl Observer for Meter {
    fn ended(&mut self, status: &Status) {
        self.code = match status.code() {
            Code::Ok => Code::Ok,
            // The transport names what breaks on the way with codes of its own.
            _ => ApiError::from_status(status).code(),
        };
        status.message().clone_into(&mut self.message);
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        trace::end_call(&self.span, End::Client, self.code, &self.message);
        metrics::client_call(
            self.peer.name(),
            &self.method,
            self.code,
            self.begin.elapsed(),
        );
    }
}

/// Tells a circuit breaker what a call says about its peer.
///
/// A peer that begins to answer works; what becomes of a stream later is not held against it, unless
/// the connection breaks. A peer that has not even begun by the deadline fails.
pub(super) struct Verdict {
    pass: Pass,
    deadline: Option<Deadline>,
    begun: bool,
}

impl Verdict {
    pub(super) fn new(pass: Pass, deadline: Option<Deadline>) -> Self {
        Self {
            pass,
            deadline,
            begun: false,
        }
    }
}

impl Observer for Verdict {
    fn begun(&mut self) {
        self.begun = true;
    }

    fn data(&mut self) {
        self.pass.succeeded();
    }

    fn ended(&mut self, status: &Status) {
        match judged(status) {
            Some(true) => self.pass.succeeded(),
            Some(false) => self.pass.failed(&in_words(status)),
            None => self.pass.forget(),
        }
    }

    fn broken(&mut self, status: &Status) {
        if judged(status) == Some(false) {
            self.pass.broke(&in_words(status));
        }
    }
}

impl Drop for Verdict {
    fn drop(&mut self) {
        if self.begun {
            self.pass.succeeded();
        } else if let Some(deadline) = self.deadline.filter(Deadline::expired) {
            self.pass
                .failed(&deadline.exceeded("no answer").to_string());
        }
    }
}

fn in_words(status: &Status) -> String {
    format!("{}: {}", code_name(status.code()), status.message())
}

/// Whether an answer speaks for its peer; `None` if it says nothing.
fn judged(status: &Status) -> Option<bool> {
    if status.code() == Code::Ok {
        return Some(true);
    }
    match ApiError::from_status(status).reason {
        Reason::Unavailable | Reason::DeadlineExceeded => Some(false),
        // A peer that sheds load is alive and knows best how much it can take; a call that was given
        // up on this side has not been answered.
        Reason::Overloaded | Reason::Cancelled => None,
        // It has answered: the caller is wrong, or one thing is broken that others do not need.
        _ => Some(true),
    }
}

#[cfg(test)]
mod tests;
