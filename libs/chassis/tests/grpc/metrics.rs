//! What calls leave in the metrics, on both sides.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::balance::Names;
use crate::echo::{Echo, in_time, start, start_default, unary};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use sopilot_chassis::client::BreakerConfig;
use sopilot_chassis::{
    ApiError, ClientConfig, Reason, RetryConfig, RetryPolicy, ServerConfig, ShutdownConfig,
    retry_idempotent,
};
use tokio::sync::Notify;
use tonic::codegen::http::uri::PathAndQuery;

/// Records what happens on this thread: a test's runtime has no other.
struct Recorded {
    recorder: &'static DebuggingRecorder,
    _guard: metrics::LocalRecorderGuard<'static>,
}

impl Recorded {
    fn new() -> Self {
        let recorder: &'static _ = Box::leak(Box::new(DebuggingRecorder::new()));
        Self {
            recorder,
            _guard: metrics::set_default_local_recorder(recorder),
        }
    }

    /// All values as `name{label=value,…}`, histograms as the number of entries. All of them begin
    /// anew at zero.
    fn take(&self) -> BTreeMap<String, i64> {
        let snapshot = self.recorder.snapshotter().snapshot().into_vec();
        let line = |(key, _, _, value): (metrics_util::CompositeKey, _, _, DebugValue)| {
            let labels = key.key().labels();
            let labels: Vec<_> = labels
                .map(|l| format!("{}={}", l.key(), l.value()))
                .collect();
            let name = format!("{}{{{}}}", key.key().name(), labels.join(","));
            let value = match value {
                DebugValue::Counter(number) => number as i64,
                DebugValue::Gauge(number) => number.into_inner() as i64,
                DebugValue::Histogram(entries) => entries.len() as i64,
            };
            (name, value)
        };
        snapshot.into_iter().map(line).collect()
    }
}

#[tokio::test]
async fn a_call_counts_on_both_sides_with_peer_method_and_code() {
    let recorded = Recorded::new();
    let running = start_default(Echo::new(|message| async move {
        match message.as_str() {
            "wrong" => Err(ApiError::invalid("message", "is wrong").into()),
            _ => Ok(message),
        }
    }))
    .await;
    let client = running.client(None);
    unary(&client, "").await.unwrap();
    unary(&client, "").await.unwrap();
    unary(&client, "wrong").await.unwrap_err();
    let values = recorded.take();
    let of = |name: &str| values.get(name).copied();
    for (code, number) in [("OK", 2), ("INVALID_ARGUMENT", 1)] {
        let labels = format!("method=test.Echo/Unary,code={code}");
        let client = format!("sopilot_client_call_seconds{{peer=echo,{labels}}}");
        assert_eq!(of(&client), Some(number), "{values:?}");
        let server = format!("sopilot_server_call_seconds{{{labels}}}");
        assert_eq!(of(&server), Some(number), "{values:?}");
    }
    assert_eq!(of("sopilot_server_calls_in_flight{}"), Some(0));
    assert_eq!(of("sopilot_client_breaker_state{peer=echo}"), Some(0));
}

#[tokio::test]
async fn callers_cannot_make_up_methods() {
    let recorded = Recorded::new();
    let running = start_default(Echo::new(|message| async { Ok(message) })).await;
    let mut grpc = tonic::client::Grpc::new(running.client(None));
    for path in ["/test.Echo/Made", "/made.Up/Method", "/test.Echo/Unary/x"] {
        grpc.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<String, String>::default();
        let request = tonic::Request::new(String::new());
        let path = PathAndQuery::from_static(path);
        // What it answers does not matter here.
        let _ = in_time(grpc.unary(request, path, codec)).await;
    }
    let values = recorded.take();
    let server = |name: &&String| name.starts_with("sopilot_server_call_seconds{");
    let unknown = |name: &&String| name.contains("{method=unknown,");
    assert!(values.keys().any(|name| unknown(&name)), "{values:?}");
    assert!(
        values.keys().filter(server).all(|name| unknown(&name)),
        "{values:?}"
    );
}

#[tokio::test]
async fn what_is_in_flight_and_what_is_turned_away_shows() {
    let recorded = Recorded::new();
    let release = Arc::new(Notify::new());
    let (entered, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let wait = Arc::clone(&release);
    let echo = Echo::new(move |message| {
        let (entered, wait) = (entered.clone(), Arc::clone(&wait));
        async move {
            entered.send(()).unwrap();
            wait.notified().await;
            Ok(message)
        }
    });
    let config = ServerConfig {
        max_concurrent_calls: 1,
        ..ServerConfig::default()
    };
    let running = start(echo, config, ShutdownConfig::embedded()).await;
    let client = running.client(None);
    let first = tokio::spawn({
        let client = client.clone();
        async move { unary(&client, "").await }
    });
    in_time(begun.recv()).await.unwrap();
    unary(&client, "").await.unwrap_err();
    let values = recorded.take();
    assert_eq!(values["sopilot_server_calls_in_flight{}"], 1);
    assert_eq!(values["sopilot_server_shed_total{}"], 1);
    release.notify_one();
    in_time(first).await.unwrap().unwrap();
    // One fewer than before.
    assert_eq!(recorded.take()["sopilot_server_calls_in_flight{}"], -1);
}

#[tokio::test]
async fn retries_breaker_and_addresses_show() {
    let recorded = Recorded::new();
    let running = start_default(Echo::new(|_| async {
        Err(ApiError::new(Reason::Unavailable, "no").into())
    }))
    .await;
    let config = ClientConfig {
        breaker: BreakerConfig {
            min_calls: 4,
            ..BreakerConfig::default()
        },
        ..ClientConfig::default()
    };
    let client = Names::of(&[running.address]).channel(config);
    let policy = RetryPolicy::new(client.peer(), RetryConfig::default());
    let call = retry_idempotent(&policy, || unary(&client, ""));
    in_time(call).await.unwrap_err();
    let values = recorded.take();
    assert_eq!(values["sopilot_client_retries_total{peer=echo}"], 3);
    assert_eq!(values["sopilot_client_breaker_state{peer=echo}"], 2);
    for (state, number) in [("connected", 1), ("unconnected", 0)] {
        let name = format!("sopilot_client_endpoints{{peer=echo,state={state}}}");
        assert_eq!(values[&name], number);
    }
    let code = "peer=echo,method=test.Echo/Unary,code=UNAVAILABLE";
    let calls = format!("sopilot_client_call_seconds{{{code}}}");
    assert_eq!(values[&calls], 4);
}

#[test]
fn the_documentation_has_every_metric() {
    use sopilot_chassis::metrics as names;
    let page = include_str!("../../src/metrics.rs");
    for name in [
        names::CLIENT_CALL_SECONDS,
        names::CLIENT_RETRIES_TOTAL,
        names::CLIENT_BREAKER_STATE,
        names::CLIENT_ENDPOINTS,
        names::SERVER_CALL_SECONDS,
        names::SERVER_CALLS_IN_FLIGHT,
        names::SERVER_SHED_TOTAL,
        names::SERVER_CONNECTIONS,
        names::SERVER_CONNECTIONS_REFUSED_TOTAL,
    ] {
        assert!(page.contains(&format!("//! | `{name}` |")), "{name}");
    }
}
