//! The circuit breaker over real connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use crate::echo::{Echo, in_time, start_default, unary};
use sopilot_chassis::client::BreakerConfig;
use sopilot_chassis::{
    ApiError, ClientConfig, Reason, RetryConfig, RetryPolicy, connect, retry_idempotent,
};

fn config(open_for: Duration) -> ClientConfig {
    ClientConfig {
        breaker: BreakerConfig {
            min_calls: 3,
            probes: 1,
            open_for,
            ..BreakerConfig::default()
        },
        ..ClientConfig::default()
    }
}

/// A service that counts its calls, and whether it works.
fn moody() -> (Echo, Arc<AtomicU32>, Arc<AtomicBool>) {
    let (calls, works) = (
        Arc::new(AtomicU32::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let (counted, working) = (Arc::clone(&calls), Arc::clone(&works));
    let echo = Echo::new(move |message| {
        counted.fetch_add(1, Ordering::Relaxed);
        let works = working.load(Ordering::Relaxed);
        async move {
            match message.as_str() {
                "wrong" => Err(ApiError::invalid("message", "is wrong").into()),
                _ if works => Ok(message),
                _ => Err(ApiError::new(Reason::Unavailable, "the database is down").into()),
            }
        }
    });
    (echo, calls, works)
}

#[tokio::test]
async fn a_peer_that_fails_is_left_alone_and_nothing_is_retried_meanwhile() {
    let (echo, calls, _) = moody();
    let running = start_default(echo).await;
    let uri = format!("http://{}", running.address);
    let client = connect("echo", &uri, &config(Duration::from_hours(1))).unwrap();
    for _ in 0..3 {
        unary(&client, "").await.unwrap_err();
    }
    let policy = RetryPolicy::new(client.peer(), RetryConfig::default());
    let attempts = AtomicU32::new(0);
    let status = retry_idempotent(&policy, || {
        attempts.fetch_add(1, Ordering::Relaxed);
        unary(&client, "")
    })
    .await
    .unwrap_err();
    assert_eq!(attempts.into_inner(), 1);
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    let error = ApiError::from_status(&status);
    assert_eq!(error.reason, Reason::Unavailable);
    assert!(error.retry_after.is_some());
    assert_eq!(
        error.message,
        format!(
            "echo at {uri} (not called): circuit breaker open: 3 of the last 3 calls failed, \
             the last with UNAVAILABLE: the database is down"
        )
    );
    // Another channel to it is another breaker.
    let other = connect("echo", &uri, &config(Duration::from_hours(1))).unwrap();
    unary(&other, "").await.unwrap_err();
    assert_eq!(calls.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn it_is_called_again_once_it_works() {
    let (echo, _, works) = moody();
    let running = start_default(echo).await;
    let uri = format!("http://{}", running.address);
    let client = connect("echo", &uri, &config(Duration::from_millis(20))).unwrap();
    for _ in 0..3 {
        unary(&client, "").await.unwrap_err();
    }
    works.store(true, Ordering::Relaxed);
    in_time(async {
        while unary(&client, "").await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for _ in 0..10 {
        unary(&client, "").await.unwrap();
    }
}

#[tokio::test]
async fn mistakes_of_callers_are_not_held_against_it() {
    let (echo, calls, _) = moody();
    let running = start_default(echo).await;
    let uri = format!("http://{}", running.address);
    let client = connect("echo", &uri, &config(Duration::from_hours(1))).unwrap();
    for _ in 0..10 {
        let status = unary(&client, "wrong").await.unwrap_err();
        assert_eq!(
            ApiError::from_status(&status).reason,
            Reason::InvalidArgument
        );
    }
    assert_eq!(calls.load(Ordering::Relaxed), 10);
}

#[tokio::test]
async fn a_peer_that_cannot_be_reached_opens_it_too() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", socket.local_addr().unwrap());
    drop(socket);
    let client = connect("echo", &uri, &config(Duration::from_hours(1))).unwrap();
    for _ in 0..3 {
        let status = unary(&client, "").await.unwrap_err();
        assert!(status.message().contains("Connection refused"), "{status}");
    }
    let status = unary(&client, "").await.unwrap_err();
    assert!(
        status.message().contains("circuit breaker open"),
        "{status}"
    );
}
