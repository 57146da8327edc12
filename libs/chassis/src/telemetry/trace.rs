//! Traces over OTLP, and the W3C trace context by which they cross processes
//! (<https://www.w3.org/TR/trace-context/>).

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{Status, TraceContextExt, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use serde::{Deserialize, Serialize};
use tonic::Code;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Layer;

use super::STAGE;
use crate::config::{Problems, Validate};
use crate::error::code_name;

/// How long the last spans may take to be handed over when the process ends.
const LAST_EXPORT: Duration = Duration::from_secs(3);

/// Header of a trace context.
const TRACEPARENT: &str = "traceparent";

/// Where traces go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceConfig {
    /// Address of an OTLP receiver over gRPC, such as `http://jaeger:4317`. Without one nothing is
    /// traced, and the trace context of callers is passed on as it came.
    pub otlp_endpoint: Option<String>,
    /// Share of the traces that begin here which are recorded, from 0 to 1. Callers that bring a
    /// trace context have decided for theirs.
    pub sample_ratio: f64,
}

impl Default for TraceConfig {
    fn default() -> Self {
        Self {
            otlp_endpoint: None,
            sample_ratio: 1.0,
        }
    }
}

impl Validate for TraceConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.in_range("sample_ratio", &self.sample_ratio, 0.0..=1.0);
        if let Some(endpoint) = &self.otlp_endpoint {
            let uri: Result<http::Uri, _> = endpoint.parse();
            if !uri.is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.authority().is_some()) {
                problems.add(
                    "otlp_endpoint",
                    format!("`{endpoint}` is not an address; write http://host:4317"),
                );
            }
        }
    }
}

/// Spans that are on their way to the receiver.
#[derive(Debug, Clone)]
pub(super) struct Exporting {
    provider: SdkTracerProvider,
}

impl Exporting {
    /// Must be called inside a tokio runtime. Connects when there is something to send.
    pub(super) fn start(
        service: &'static str,
        endpoint: &str,
        sample_ratio: f64,
    ) -> Result<Self, opentelemetry_otlp::ExporterBuildError> {
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .with_timeout(LAST_EXPORT)
            .build()?;
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(sample_ratio)));
        let resource = Resource::builder()
            .with_service_name(service)
            .with_attribute(KeyValue::new("service.namespace", "sopilot"))
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new(
                "service.instance.id",
                uuid::Uuid::new_v4().to_string(),
            ))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler)
            .with_resource(resource)
            .build();
        Ok(Self { provider })
    }

    /// Makes spans of ours spans of the trace. Stages are left out: there is one a clip.
    pub(super) fn layer(&self) -> Box<dyn Layer<Registry> + Send + Sync> {
        let ours = |metadata: &Metadata<'_>| {
            metadata.is_span()
                && metadata.target() != STAGE
                && metadata.target().starts_with("sopilot")
        };
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("sopilot"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(ours).with_max_level_hint(LevelFilter::INFO))
            .boxed()
    }

    /// Hands over what is left. Blocks.
    pub(super) fn finish(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_EXPORT) {
            tracing::warn!(%error, "the last spans did not reach the OTLP receiver");
        }
    }
}

/// Makes `span` a child of the span that `headers` name, and notes its trace in the field
/// `trace_id`, which the span must have. Must come before anything else that concerns the span's
/// place in a trace.
pub fn adopt(span: &Span, headers: &HeaderMap) {
    continue_from(span, &Headers(headers));
}

/// The same with a `traceparent` that came another way; an empty one begins a trace.
pub fn adopt_traceparent(span: &Span, traceparent: &str) {
    continue_from(span, &Traceparent(traceparent));
}

fn continue_from(span: &Span, carrier: &dyn Extractor) {
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), carrier);
    // Refused where nothing is traced; then the caller's trace is the one to name.
    let _ = span.set_parent(parent.clone());
    for context in [span.context(), parent] {
        let id = context.span().span_context().trace_id();
        if id != opentelemetry::TraceId::INVALID {
            span.record("trace_id", tracing::field::display(id));
            return;
        }
    }
}

/// Marks `span` as failed, as OpenTelemetry says it. The span must have the fields
/// `otel.status_code` and `otel.status_description`.
pub fn mark_failed(span: &Span, error: &impl std::fmt::Display) {
    span.record("otel.status_code", "ERROR");
    span.record("otel.status_description", tracing::field::display(error));
}

/// Writes a span's place in its trace into the headers of a call, unless the caller has written
/// one.
pub(crate) fn inject(span: &Span, headers: &mut HeaderMap) {
    if !headers.contains_key(TRACEPARENT) {
        TraceContextPropagator::new().inject_context(&span.context(), &mut HeadersMut(headers));
    }
}

/// The span of a call to a peer. None where the caller is in no trace: what a process does by
/// itself, such as its heartbeats, begins none.
pub(crate) fn client_span(path: &str) -> Span {
    if !Span::current().context().span().span_context().is_valid() {
        return Span::none();
    }
    let name = path.trim_start_matches('/');
    let span = tracing::info_span!("call", otel.name = name, otel.kind = "client");
    describe_call(&span, path);
    span
}

/// The current span's place in its trace as a `traceparent`, to travel with work that goes on
/// elsewhere. None where nothing is traced.
pub fn current_traceparent() -> Option<String> {
    let mut headers = HeaderMap::new();
    inject(&Span::current(), &mut headers);
    let value = headers.remove(TRACEPARENT)?;
    value.to_str().ok().map(str::to_owned)
}

/// Which end of a call a span is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Client,
    Server,
}

/// Notes of which call a span is, by the semantic conventions for RPC
/// (<https://opentelemetry.io/docs/specs/semconv/rpc/grpc/>). `path`: `/package.Service/Method`.
pub(crate) fn describe_call(span: &Span, path: &str) {
    let (service, method) = path
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or_default();
    span.set_attribute("rpc.system", "grpc");
    span.set_attribute("rpc.service", service.to_owned());
    span.set_attribute("rpc.method", method.to_owned());
}

/// Notes how the call ended. What is the caller's mistake is an error of the client's span alone.
pub(crate) fn end_call(span: &Span, end: End, code: Code, message: &str) {
    span.set_attribute("rpc.grpc.status_code", i64::from(code as i32));
    let fault = match end {
        End::Client => code != Code::Ok,
        End::Server => matches!(
            code,
            Code::Unknown
                | Code::DeadlineExceeded
                | Code::Unimplemented
                | Code::Internal
                | Code::Unavailable
                | Code::DataLoss
        ),
    };
    if fault {
        span.set_attribute("error.type", code_name(code));
        span.set_status(Status::error(message.to_owned()));
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct Traceparent<'a>(&'a str);

impl Extractor for Traceparent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT && !self.0.is_empty()).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        // The propagator also writes a `tracestate` that may be empty.
        if let (Ok(name), Ok(value)) = (key.parse::<HeaderName>(), HeaderValue::try_from(value))
            && !value.is_empty()
        {
            self.0.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    /// What was answered, and the spans that ended meanwhile.
    fn traced<R>(f: impl FnOnce() -> R) -> (R, Vec<SpanData>) {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .build();
        let exporting = Exporting { provider };
        let subscriber = tracing_subscriber::registry().with(exporting.layer());
        let answer = tracing::subscriber::with_default(subscriber, f);
        // They are forgotten with the provider.
        (answer, exporter.get_finished_spans().unwrap())
    }

    #[test]
    fn a_span_goes_on_with_the_callers_trace_and_passes_it_on() {
        let (passed_on, spans) = traced(|| {
            let mut headers = HeaderMap::new();
            headers.insert(TRACEPARENT, HeaderValue::from_static(CALLER));
            let span = tracing::info_span!("call", trace_id = tracing::field::Empty);
            adopt(&span, &headers);
            span.in_scope(current_traceparent).unwrap()
        });
        assert_eq!(spans.len(), 1);
        assert_eq!(spans[0].parent_span_id.to_string(), "b7ad6b7169203331");
        let context = &spans[0].span_context;
        assert_eq!(
            context.trace_id().to_string(),
            "0af7651916cd43dd8448eb211c80319c"
        );
        let expected = format!("00-{}-{}-01", context.trace_id(), context.span_id());
        assert_eq!(passed_on, expected);
    }

    #[test]
    fn what_is_no_trace_context_begins_a_trace() {
        for text in [
            "",
            "nonsense",
            "00-0-0-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
        ] {
            let (passed_on, spans) = traced(|| {
                let span = tracing::info_span!("job", trace_id = tracing::field::Empty);
                adopt_traceparent(&span, text);
                span.in_scope(current_traceparent)
            });
            assert!(passed_on.is_some(), "{text:?}");
            assert_eq!(spans[0].parent_span_id, opentelemetry::SpanId::INVALID);
        }
    }

    #[test]
    fn where_nothing_is_traced_nothing_is_passed_on_and_what_is_there_stays() {
        assert_eq!(current_traceparent(), None);
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_static(CALLER));
        inject(&Span::current(), &mut headers);
        assert_eq!(headers[TRACEPARENT], CALLER);
    }

    #[test]
    fn spans_of_stages_and_of_libraries_are_left_out() {
        let ((), spans) = traced(|| {
            drop(tracing::info_span!(target: STAGE, "clip"));
            drop(tracing::info_span!(target: "h2", "frame"));
            drop(tracing::debug_span!("detail"));
            drop(tracing::info_span!("kept"));
        });
        let names: Vec<_> = spans.iter().map(|span| span.name.as_ref()).collect();
        assert_eq!(names, ["kept"]);
    }

    #[test]
    fn the_address_of_the_receiver_is_checked() {
        let mut problems = Problems::new();
        TraceConfig {
            otlp_endpoint: Some("jaeger:4317".into()),
            sample_ratio: 1.5,
        }
        .validate(&mut problems);
        let keys: Vec<_> = problems
            .into_vec()
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        assert_eq!(keys, ["sample_ratio", "otlp_endpoint"]);
    }
}
