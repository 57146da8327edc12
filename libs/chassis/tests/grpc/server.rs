//! Health, load-shed, stop and reflection over real connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::echo::{Echo, Running, UNARY, in_time, start, start_default, streaming, unary};
use sopilot_chassis::{
    ApiError, PeerChannel, Reason, RetryConfig, RetryPolicy, ServerConfig, ShutdownConfig, Stopped,
    retry_idempotent,
};
use tokio::sync::{Notify, mpsc};
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt as _;

/// Longer than any test.
const NEVER: Duration = Duration::from_hours(1);

fn reason(status: &Status) -> Reason {
    ApiError::from_status(status).reason
}

/// The reason in the status's `ErrorInfo`.
fn told_reason(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details.error_info().expect("an ErrorInfo");
    assert_eq!(info.domain, "sopilot");
    info.reason.clone()
}

async fn health(channel: &PeerChannel, service: &str) -> Result<ServingStatus, Status> {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let answer = HealthClient::new(channel.clone()).check(request).await?;
    Ok(answer.into_inner().status())
}

/// A service whose calls say that they have begun and wait to be released.
fn held() -> (Echo, mpsc::UnboundedReceiver<()>, Arc<Notify>) {
    let (entered, begun) = mpsc::unbounded_channel();
    let release = Arc::new(Notify::new());
    let wait = Arc::clone(&release);
    let echo = Echo::new(move |message| {
        let (entered, wait) = (entered.clone(), Arc::clone(&wait));
        async move {
            entered.send(()).unwrap();
            wait.notified().await;
            Ok(message)
        }
    });
    (echo, begun, release)
}

fn call(running: &Running) -> tokio::task::JoinHandle<Result<String, Status>> {
    let client = running.client(None);
    tokio::spawn(async move { unary(&client, "hello").await })
}

#[tokio::test]
async fn health_follows_readiness_from_the_first_answer_to_the_stop() {
    let stop = ShutdownConfig {
        propagation: NEVER,
        grace: NEVER,
    };
    let echo = Echo::new(|message| async { Ok(message) });
    let running = start(echo, ServerConfig::default(), stop).await;
    let client = running.client(None);
    for service in ["", "test.Echo"] {
        assert_eq!(
            health(&client, service).await.unwrap(),
            ServingStatus::NotServing
        );
    }
    assert_eq!(
        health(&client, "test.Other").await.unwrap_err().code(),
        Code::NotFound
    );

    let request = HealthCheckRequest {
        service: "test.Echo".into(),
    };
    let watch = HealthClient::new(client.clone())
        .watch(request)
        .await
        .unwrap();
    let mut watch = watch.into_inner();
    let mut next = async || in_time(watch.message()).await.unwrap().unwrap().status();
    assert_eq!(next().await, ServingStatus::NotServing);
    running.readiness.set_ready();
    assert_eq!(next().await, ServingStatus::Serving);
    assert_eq!(health(&client, "").await.unwrap(), ServingStatus::Serving);

    running.shutdown.trigger();
    assert_eq!(next().await, ServingStatus::NotServing);
    assert_eq!(
        health(&client, "test.Echo").await.unwrap(),
        ServingStatus::NotServing
    );
    // Load balancers have not noticed yet, so calls are still answered.
    assert_eq!(unary(&client, "hello").await.unwrap(), "hello");
}

#[tokio::test]
async fn what_exceeds_the_limit_is_told_when_to_come_back_and_then_served() {
    let (echo, mut begun, release) = held();
    let config = ServerConfig {
        max_concurrent_calls: 1,
        ..ServerConfig::default()
    };
    let running = start(echo, config, ShutdownConfig::embedded()).await;
    let first = call(&running);
    in_time(begun.recv()).await.unwrap();

    let client = running.client(None);
    let status = unary(&client, "").await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let error = ApiError::from_status(&status);
    assert_eq!(error.reason, Reason::Overloaded);
    assert!(error.retry_after.is_some());
    // A full process is healthy.
    assert!(health(&client, "").await.is_ok());

    let attempts = AtomicU32::new(0);
    let policy = RetryPolicy::new(client.peer(), RetryConfig::default());
    let second = retry_idempotent(&policy, || async {
        let made = attempts.fetch_add(1, Ordering::Relaxed);
        let result = unary(&client, "again").await;
        if made == 0 {
            // One permit for each of the two calls that get through.
            release.notify_one();
            assert_eq!(reason(result.as_ref().unwrap_err()), Reason::Overloaded);
        }
        result
    });
    let release_second = async {
        assert_eq!(in_time(begun.recv()).await, Some(()));
        release.notify_one();
    };
    let both = async { tokio::join!(second, release_second) };
    let (second, ()) = in_time(both).await;
    assert_eq!(second.unwrap(), "again");
    assert_eq!(attempts.into_inner(), 2);
    assert_eq!(in_time(first).await.unwrap().unwrap(), "hello");
}

#[tokio::test]
async fn a_place_is_free_as_soon_as_its_caller_has_the_answer() {
    let config = ServerConfig {
        max_concurrent_calls: 1,
        ..ServerConfig::default()
    };
    let echo = Echo::new(|message| async { Ok(message) });
    let running = start(echo, config, ShutdownConfig::embedded()).await;
    let client = running.client(None);
    for _ in 0..100 {
        unary(&client, "").await.unwrap();
    }
    // A stream keeps its place for as long as it lasts.
    let stream = streaming(&client).await.unwrap();
    assert_eq!(
        reason(&unary(&client, "").await.unwrap_err()),
        Reason::Overloaded
    );
    drop(stream);
}

#[tokio::test]
async fn a_stop_finishes_the_call_in_flight_and_takes_no_new_one() {
    let (echo, mut begun, release) = held();
    let stop = ShutdownConfig {
        propagation: Duration::ZERO,
        grace: NEVER,
    };
    let running = start(echo, ServerConfig::default(), stop).await;
    let client = running.client(None);
    let in_flight = tokio::spawn({
        let client = client.clone();
        async move { unary(&client, "hello").await }
    });
    in_time(begun.recv()).await.unwrap();
    // A watch has no end of its own, and must not hold up the stop.
    let watch = HealthClient::new(running.client(None))
        .watch(HealthCheckRequest::default())
        .await;
    let mut watch = watch.unwrap().into_inner();
    in_time(watch.message()).await.unwrap().unwrap();

    running.shutdown.trigger();
    while tokio::net::TcpStream::connect(running.address)
        .await
        .is_ok()
    {}
    let status = unary(&running.client(None), "new").await.unwrap_err();
    assert_eq!(reason(&status), Reason::Unavailable);
    assert!(
        status.message().starts_with(&client.peer().to_string()),
        "{status}"
    );
    assert!(status.message().contains("Connection refused"), "{status}");
    while in_time(watch.message())
        .await
        .is_ok_and(|message| message.is_some())
    {}

    assert!(!in_flight.is_finished());
    release.notify_one();
    assert_eq!(in_time(in_flight).await.unwrap().unwrap(), "hello");
    assert_eq!(in_time(running.shutdown.complete()).await, Stopped::Clean);
    in_time(running.serving).await.unwrap();
    assert_eq!(
        reason(&unary(&client, "late").await.unwrap_err()),
        Reason::Unavailable
    );
}

#[tokio::test]
async fn what_outlasts_the_grace_period_is_cut() {
    let (entered, mut begun) = mpsc::unbounded_channel();
    let stuck = Echo::new(move |message| {
        entered.send(()).unwrap();
        async move {
            if message.is_empty() {
                // The stream's first message; it never ends by itself.
                Ok("first".to_owned())
            } else {
                std::future::pending().await
            }
        }
    });
    let stop = ShutdownConfig {
        propagation: Duration::ZERO,
        grace: Duration::from_millis(50),
    };
    let running = start(stuck, ServerConfig::default(), stop).await;
    let in_flight = call(&running);
    in_time(begun.recv()).await.unwrap();
    let mut stream = streaming(&running.client(None)).await.unwrap();
    assert_eq!(in_time(stream.message()).await.unwrap().unwrap(), "first");

    running.shutdown.trigger();
    assert_eq!(
        in_time(running.shutdown.complete()).await,
        Stopped::Cut { unfinished: 1 }
    );
    in_time(running.serving).await.unwrap();
    for status in [
        in_time(in_flight).await.unwrap().unwrap_err(),
        in_time(stream.message()).await.unwrap_err(),
    ] {
        assert_eq!(reason(&status), Reason::Unavailable);
        assert_eq!(
            status.message(),
            "the process is stopping; ask another replica"
        );
    }
}

#[tokio::test]
async fn a_handler_that_panics_answers_internal_and_the_server_lives_on() {
    let running = start_default(Echo::new(|message| async move {
        assert_ne!(message, "bad");
        Ok(message)
    }))
    .await;
    let client = running.client(None);
    let status = unary(&client, "bad").await.unwrap_err();
    assert_eq!(reason(&status), Reason::Internal);
    assert!(status.message().contains("error id"), "{status}");
    assert_eq!(unary(&client, "good").await.unwrap(), "good");
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented() {
    let running = start_default(Echo::new(|message| async { Ok(message) })).await;
    let mut client = ServerReflectionClient::with_origin(
        running.client(None),
        format!("http://{}/no-such-prefix", running.address)
            .parse()
            .unwrap(),
    );
    let requests = futures::stream::empty::<ServerReflectionRequest>();
    let status = client.server_reflection_info(requests).await.unwrap_err();
    assert_eq!(told_reason(&status), "UNIMPLEMENTED");
    let told = status.message();
    assert!(told.contains("serves no /no-such-prefix/"), "{told}");
}

#[tokio::test]
async fn errors_that_the_handler_never_sees_have_a_reason_too() {
    let running = start_default(Echo::new(|message| async { Ok(message) })).await;
    let client = running.client(None);
    let large = "x".repeat(5 << 20);
    let status = unary(&client, &large).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    assert_eq!(told_reason(&status), "INVALID_ARGUMENT");
    // Bytes where the method has text.
    let mut grpc = tonic::client::Grpc::new(client.clone());
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<Vec<u8>, String>::default();
    let request = tonic::Request::new(vec![0xff]);
    let path = http::uri::PathAndQuery::from_static(UNARY);
    let status = in_time(grpc.unary(request, path, codec)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    assert_eq!(told_reason(&status), "INVALID_ARGUMENT");
    assert!(status.message().contains("decode"), "{status}");
}

#[tokio::test]
async fn reflection_lists_the_services() {
    let running = start_default(Echo::new(|message| async { Ok(message) })).await;
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(running.client(None));
    let answers = client
        .server_reflection_info(futures::stream::iter([request]))
        .await
        .unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("not a list: {answer:?}");
    };
    let names: Vec<_> = list
        .service
        .iter()
        .map(|service| service.name.as_str())
        .collect();
    for name in [
        "test.Echo",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
}
