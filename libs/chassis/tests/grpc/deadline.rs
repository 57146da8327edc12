//! Deadlines over real connections.

use std::future::pending;
use std::time::Duration;

use crate::echo::{Echo, STREAM, UNARY, begun, in_time, start, start_default, streaming, unary};
use bytes::Bytes;
use sopilot_chassis::{
    ApiError, ClientConfig, Deadline, Reason, ServerConfig, ShutdownConfig, connect,
};
use tokio::sync::mpsc;
use tonic::Status;

const SOON: Duration = Duration::from_millis(50);

/// Calls with a bare HTTP/2 client, which unlike tonic's has no timeout of its own, and returns the
/// status from headers or trailers.
async fn bare_call(address: std::net::SocketAddr, path: &str, timeout: &str) -> Status {
    let socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(socket).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::post(format!("http://{address}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", timeout)
        .body(())
        .unwrap();
    let (response, mut body) = client
        .ready()
        .await
        .unwrap()
        .send_request(request, false)
        .unwrap();
    // An empty message, not compressed.
    body.send_data(Bytes::from_static(&[0; 5]), true).unwrap();
    let response = response.await.unwrap();
    if let Some(status) = Status::from_header_map(response.headers()) {
        return status;
    }
    let mut body = response.into_body();
    while let Some(data) = body.data().await {
        data.unwrap();
    }
    Status::from_header_map(&body.trailers().await.unwrap().unwrap()).unwrap()
}

/// Says when it is dropped.
struct Work(mpsc::UnboundedSender<&'static str>);

impl Drop for Work {
    fn drop(&mut self) {
        // The test may be over before the runtime drops the last handler.
        let _ = self.0.send("dropped");
    }
}

/// A service whose handlers never answer, and what happens to them.
fn stuck() -> (Echo, mpsc::UnboundedReceiver<&'static str>) {
    let (events, happened) = mpsc::unbounded_channel();
    let echo = Echo::new(move |_| {
        events.send("begun").unwrap();
        let work = Work(events.clone());
        async move {
            let _work = work;
            pending().await
        }
    });
    (echo, happened)
}

#[tokio::test]
async fn the_server_cuts_a_call_off_with_deadline_exceeded_and_drops_its_work() {
    let (echo, mut happened) = stuck();
    let running = start_default(echo).await;
    let status = in_time(bare_call(running.address, UNARY, "50m")).await;
    assert_eq!(
        ApiError::from_status(&status).reason,
        Reason::DeadlineExceeded
    );
    assert_eq!(
        status.message(),
        "/test.Echo/Unary: deadline of 50ms exceeded"
    );
    assert_eq!(in_time(happened.recv()).await, Some("begun"));
    assert_eq!(in_time(happened.recv()).await, Some("dropped"));
}

#[tokio::test]
async fn the_server_cuts_a_stream_off_after_it_has_begun() {
    let running = start_default(Echo::new(|_| async { Ok("first".to_owned()) })).await;
    let status = in_time(bare_call(running.address, STREAM, "50m")).await;
    assert_eq!(
        ApiError::from_status(&status).reason,
        Reason::DeadlineExceeded
    );
}

#[tokio::test]
async fn work_that_arrives_too_late_is_refused_unseen() {
    let (echo, mut happened) = stuck();
    let running = start_default(echo).await;
    let status = in_time(bare_call(running.address, UNARY, "0m")).await;
    assert_eq!(
        ApiError::from_status(&status).reason,
        Reason::DeadlineExceeded
    );
    assert!(happened.try_recv().is_err());
}

#[tokio::test]
async fn a_malformed_timeout_is_refused() {
    let running = start_default(Echo::new(|message| async { Ok(message) })).await;
    let status = in_time(bare_call(running.address, UNARY, "soon")).await;
    assert_eq!(
        ApiError::from_status(&status).reason,
        Reason::InvalidArgument
    );
    assert!(status.message().contains("`soon`"), "{status}");
}

#[tokio::test]
async fn the_default_deadline_is_for_unary_calls_without_one() {
    let config = ServerConfig {
        default_deadline: Some(SOON),
        max_stream_duration: None,
        ..ServerConfig::default()
    };
    let handler = |_| async {
        match Deadline::current() {
            Some(_) => pending().await,
            None => Ok("no deadline".to_owned()),
        }
    };
    let running = start(Echo::new(handler), config, ShutdownConfig::embedded()).await;
    let client = running.client(None);
    let status = unary(&client, "").await.unwrap_err();
    assert_eq!(
        status.message(),
        "/test.Echo/Unary: deadline of 50ms exceeded"
    );
    let mut answers = streaming(&client).await.unwrap();
    assert_eq!(
        in_time(answers.message()).await.unwrap().unwrap(),
        "no deadline"
    );
}

#[tokio::test]
async fn the_client_gives_up_by_itself_and_names_peer_and_limit() {
    // Accepts connections and never answers.
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", socket.local_addr().unwrap());
    let config = ClientConfig {
        timeout: Some(SOON),
        ..ClientConfig::default()
    };
    let client = connect("echo", &uri, &config).unwrap();
    let status = unary(&client, "").await.unwrap_err();
    assert_eq!(
        status.message(),
        format!("echo at {uri}: deadline of 50ms exceeded")
    );
    assert_eq!(
        ApiError::from_status(&status).reason,
        Reason::DeadlineExceeded
    );
}

#[tokio::test]
async fn a_stream_that_the_client_reads_ends_at_its_deadline() {
    let running = start_default(Echo::new(|_| async { Ok("first".to_owned()) })).await;
    let mut answers = begun(&running.client(Some(SOON))).await;
    let status = in_time(answers.message()).await.unwrap_err();
    assert_eq!(
        ApiError::from_status(&status).reason,
        Reason::DeadlineExceeded
    );
}

#[tokio::test]
async fn what_remains_of_the_deadline_travels_over_two_hops() {
    let remaining = || {
        Deadline::current()
            .expect("no deadline arrived")
            .remaining()
    };
    let second = start_default(Echo::new(move |_| async move {
        Ok(remaining().as_nanos().to_string())
    }))
    .await;
    let (to_second, own_limit) = (
        second.client(Some(Duration::from_secs(30))),
        Duration::from_secs(5),
    );
    let first = start_default(Echo::new(move |_| {
        let to_second = to_second.clone();
        async move {
            let here = remaining().as_nanos();
            Ok(format!("{here} {}", unary(&to_second, "").await?))
        }
    }))
    .await;
    let answer = unary(&first.client(Some(own_limit)), "").await.unwrap();
    let (at_first, at_second) = answer.split_once(' ').unwrap();
    let (at_first, at_second): (u128, u128) =
        (at_first.parse().unwrap(), at_second.parse().unwrap());
    // The header counts in microseconds here, rounded up.
    assert!(at_first <= own_limit.as_nanos() + 1000, "{answer}");
    assert!(0 < at_second && at_second <= at_first + 1000, "{answer}");
}

#[tokio::test]
async fn a_caller_that_gives_up_ends_the_work_two_hops_away() {
    let (echo, mut happened) = stuck();
    let second = start_default(echo).await;
    let to_second = second.client(None);
    let first = start_default(Echo::new(move |_| {
        let to_second = to_second.clone();
        async move { unary(&to_second, "").await }
    }))
    .await;
    let client = first.client(None);
    let call = tokio::spawn(async move { unary(&client, "").await });
    assert_eq!(in_time(happened.recv()).await, Some("begun"));
    call.abort();
    assert_eq!(in_time(happened.recv()).await, Some("dropped"));
}
