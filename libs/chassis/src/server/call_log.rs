//! One span, of the caller's trace, one log line and one entry in the metrics per call, whatever becomes
//! of it.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::FutureExt;
use http::{HeaderMap, Request};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::{Instrument, Span};

use super::connection::ConnectionInfo;
use super::methods::{Methods, is_infrastructure};
use crate::around::{Answer, Around, Inner};
use crate::error::{ApiError, code_name};
use crate::metrics;
use crate::telemetry::trace::{self, End};

/// Runs each call in a span with its method and peer, and logs code and duration when its response
/// has ended: at ERROR if the fault is ours, at WARN if the system could not serve, else at INFO;
/// health checks at DEBUG. The same goes into [`SERVER_CALL_SECONDS`](metrics::SERVER_CALL_SECONDS).
///
/// A handler that panics answers INTERNAL; the panic hook has printed where.
#[derive(Debug, Clone, Default)]
pub(super) struct CallLog {
    methods: Methods,
}

impl CallLog {
    /// Metrics name only `methods`.
    pub(super) fn new(methods: Methods) -> Self {
        Self { methods }
    }
}

impl Around for CallLog {
    fn call(&self, inner: &mut impl Inner, request: Request<Body>) -> Answer {
        let method = request.uri().path().to_owned();
        let peer = request
            .extensions()
            .get::<ConnectionInfo>()
            .map(|connection| tracing::field::display(connection.peer));
        let span = tracing::info_span!(
            "grpc",
            method,
            peer,
            trace_id = tracing::field::Empty,
            otel.name = method.trim_start_matches('/'),
            otel.kind = "server",
        );
        // Whoever asks whether this process is healthy is of no trace.
        if !is_infrastructure(&method) {
            trace::adopt(&span, request.headers());
            trace::describe_call(&span, &method);
        }
        let mut record = CallRecord {
            span: span.clone(),
            label: self.methods.label(&method).to_owned(),
            infrastructure: is_infrastructure(&method),
            begin: Instant::now(),
            ended: None,
        };
        let call = span.in_scope(|| inner.call(request)).instrument(span);
        Box::pin(async move {
            let response = match AssertUnwindSafe(call).catch_unwind().await {
                Ok(response) => response?,
                Err(_) => Status::from(ApiError::internal("the handler panicked")).into_http(),
            };
            record.see(response.headers());
            Ok(response.map(|inner| Body::new(CallLogBody { inner, record })))
        })
    }
}

/// Writes the line when it is dropped: at the end of the response, or when the caller has gone.
struct CallRecord {
    span: Span,
    /// What metrics call the method.
    label: String,
    infrastructure: bool,
    begin: Instant,
    /// Code and message, once they are known.
    ended: Option<(Code, String)>,
}

impl CallRecord {
    /// Takes the outcome from headers (of a response without body) or trailers.
    fn see(&mut self, headers: &HeaderMap) {
        if let Some(status) = Status::from_header_map(headers) {
            self.ended = Some((status.code(), status.message().to_owned()));
        }
    }
}

impl Drop for CallRecord {
    fn drop(&mut self) {
        let _entered = self.span.enter();
        let (code, message) = match self.ended.take() {
            Some((code, message)) => (code, message),
            None => (Code::Cancelled, "the caller has gone".to_owned()),
        };
        trace::end_call(&self.span, End::Server, code, &message);
        let message = (!message.is_empty()).then_some(message);
        let duration = self.begin.elapsed();
        metrics::server_call(&self.label, code, duration);
        let duration_ms = duration.as_micros() as f64 / 1000.0;
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(code = code_name(code), duration_ms, error = message, "call")
            };
        }
        match code {
            _ if self.infrastructure => line!(debug),
            Code::Internal | Code::Unknown | Code::DataLoss => line!(error),
            Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded => line!(warn),
            _ => line!(info),
        }
    }
}

struct CallLogBody {
    inner: Body,
    record: CallRecord,
}

impl http_body::Body for CallLogBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let span = this.record.span.clone();
        let polled = span.in_scope(|| Pin::new(&mut this.inner).poll_frame(cx));
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    this.record.see(trailers);
                }
            }
            Poll::Ready(Some(Err(status))) => {
                this.record.ended = Some((status.code(), status.message().to_owned()));
            }
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

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use http::Response;
    use tower::{Layer, Service, service_fn};

    use super::*;
    use crate::around::AroundLayer;
    use crate::cut::trailers_of;
    use crate::error::Reason;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// A body of trailers only.
    struct Ends(Option<HeaderMap>);

    impl http_body::Body for Ends {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            Poll::Ready(self.0.take().map(|trailers| Ok(Frame::trailers(trailers))))
        }
    }

    /// The lines logged for one call of `path` that is answered with `response`, or never.
    fn logged(path: &str, response: Option<Response<Body>>) -> Vec<serde_json::Value> {
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let mut response = Some(response);
            let mut service =
                AroundLayer(CallLog::default()).layer(service_fn(move |_: Request<Body>| {
                    let response = response.take().flatten();
                    async move {
                        match response {
                            Some(response) => Ok(response),
                            None => pending().await,
                        }
                    }
                }));
            let mut request = Request::new(Body::empty());
            *request.uri_mut() = path.parse().unwrap();
            // Polled once and dropped, as when the caller goes away.
            if let Some(Ok(response)) = service.call(request).now_or_never() {
                let mut body = response.into_body();
                while let Some(Some(frame)) =
                    std::future::poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut body), cx))
                        .now_or_never()
                {
                    frame.unwrap();
                }
            }
        });
        let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn every_outcome_is_one_line_with_method_code_and_duration() {
        let error = |reason| Status::from(ApiError::new(reason, "why"));
        let ended = |status| Some(Response::new(Body::new(Ends(Some(trailers_of(&status))))));
        let ok = Status::new(Code::Ok, "");
        let cases = [
            (ended(ok), "OK", "INFO"),
            (ended(error(Reason::Internal)), "INTERNAL", "ERROR"),
            (
                Some(error(Reason::TaskNotFound).into_http()),
                "NOT_FOUND",
                "INFO",
            ),
            (
                Some(error(Reason::Overloaded).into_http()),
                "RESOURCE_EXHAUSTED",
                "WARN",
            ),
            (None, "CANCELLED", "INFO"),
        ];
        for (response, code, level) in cases {
            let lines = logged("/s.S/M", response);
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert_eq!(lines[0]["code"], code);
            assert_eq!(lines[0]["level"], level);
            assert_eq!(lines[0]["span"]["method"], "/s.S/M");
            assert!(lines[0]["duration_ms"].as_f64().unwrap() >= 0.0);
        }
    }

    #[test]
    fn health_checks_do_not_fill_the_log() {
        let lines = logged(
            "/grpc.health.v1.Health/Check",
            Some(Response::new(Body::empty())),
        );
        assert_eq!(lines[0]["level"], "DEBUG");
    }
}
