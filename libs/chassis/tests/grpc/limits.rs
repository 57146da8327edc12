//! What a server takes from its callers, tried by callers that take liberties.

use std::net::SocketAddr;
use std::time::Duration;

use crate::echo::{Echo, Running, STREAM, UNARY, begun, in_time, start, unary};
use bytes::{BufMut, Bytes, BytesMut};
use sopilot_chassis::{
    ApiError, Reason, RetryConfig, RetryPolicy, ServerConfig, ShutdownConfig, retry_idempotent,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Status;

const SOON: Duration = Duration::from_millis(50);

async fn echo(config: ServerConfig) -> Running {
    let echo = Echo::new(|message| async { Ok(message) });
    start(echo, config, ShutdownConfig::embedded()).await
}

type Http2 = (
    h2::client::SendRequest<Bytes>,
    h2::client::Connection<TcpStream, Bytes>,
);

async fn http2(address: SocketAddr) -> Http2 {
    let socket = TcpStream::connect(address).await.unwrap();
    h2::client::handshake(socket).await.unwrap()
}

fn request(address: SocketAddr, path: &str) -> http::request::Builder {
    http::Request::post(format!("http://{address}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
}

/// What a call is answered whose caller sends no message, though one is due.
async fn silent_call(address: SocketAddr, path: &str) -> Status {
    let (client, connection) = http2(address).await;
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = request(address, path).body(()).unwrap();
    let (response, _body) = client.send_request(request, false).unwrap();
    let response = in_time(response).await.unwrap();
    Status::from_header_map(response.headers()).unwrap()
}

#[tokio::test]
async fn a_caller_who_sends_nothing_is_told_so() {
    let config = ServerConfig {
        default_deadline: None,
        stream_idle_timeout: Some(SOON),
        ..ServerConfig::default()
    };
    let running = echo(config).await;
    let status = silent_call(running.address, UNARY).await;
    assert_eq!(
        ApiError::from_status(&status).reason,
        Reason::DeadlineExceeded
    );
    assert_eq!(
        status.message(),
        "/test.Echo/Unary: the caller sent nothing for 50ms, the limit on idle streams"
    );
    // Whoever has sent all may wait as long as it takes.
    let mut answers = begun(&running.client(None)).await;
    silent_call(running.address, UNARY).await;
    let next = answers.message();
    assert!(futures::poll!(std::pin::pin!(next)).is_pending());
}

#[tokio::test]
async fn a_stream_lasts_no_longer_than_the_limit_whatever_its_caller_wants() {
    let config = ServerConfig {
        max_stream_duration: Some(SOON),
        ..ServerConfig::default()
    };
    let running = echo(config).await;
    for timeout in [None, Some(Duration::from_hours(1))] {
        let mut answers = begun(&running.client(timeout)).await;
        let status = in_time(answers.message()).await.unwrap_err();
        assert_eq!(
            status.message(),
            "/test.Echo/Stream: deadline of 50ms exceeded"
        );
    }
}

#[tokio::test]
async fn metadata_beyond_the_limit_is_refused() {
    let running = echo(ServerConfig::default()).await;
    let (client, connection) = http2(running.address).await;
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    // 16 KiB for everything.
    for (size, code) in [(15_000, 200), (17_000, 431), (15_000, 200)] {
        let request = request(running.address, UNARY).header("x", "y".repeat(size));
        let (response, mut body) = client
            .send_request(request.body(()).unwrap(), false)
            .unwrap();
        // Refused, it takes no message.
        let _ = body.send_data(Bytes::from_static(&[0; 5]), true);
        let response = in_time(response).await.unwrap();
        assert_eq!(response.status().as_u16(), code);
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_at_once() {
    let config = ServerConfig {
        max_connections: 1,
        ..ServerConfig::default()
    };
    let running = echo(config).await;
    let first = running.client(None);
    unary(&first, "").await.unwrap();
    let status = unary(&running.client(None), "").await.unwrap_err();
    assert_eq!(ApiError::from_status(&status).reason, Reason::Unavailable);
    unary(&first, "").await.unwrap();
    drop(first);
    in_time(async { while unary(&running.client(None), "").await.is_err() {} }).await;
}

fn impatient(age: Duration, grace: Duration) -> ServerConfig {
    ServerConfig {
        max_connection_age: Some(age),
        max_connection_age_grace: grace,
        ..ServerConfig::default()
    }
}

/// A bare connection with a call that does not end.
async fn open_stream(
    address: SocketAddr,
) -> Result<
    (
        h2::client::SendRequest<Bytes>,
        tokio::task::JoinHandle<Result<(), h2::Error>>,
        impl Sized,
    ),
    h2::Error,
> {
    let (client, connection) = http2(address).await;
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await?;
    let request = request(address, STREAM).body(()).unwrap();
    let (response, mut body) = client.send_request(request, false)?;
    body.send_data(Bytes::from_static(&[0; 5]), true)?;
    let mut answer = response.await?.into_body();
    let first = answer.data().await;
    first.expect("a stream has a first message")?;
    Ok((client, connection, (answer, body)))
}

#[tokio::test]
async fn at_its_age_a_connection_is_closed_once_its_calls_have_ended() {
    let running = echo(impatient(SOON, Duration::from_hours(1))).await;
    // A busy machine may not have begun the call before the connection has its age.
    let (client, connection, stream) = in_time(async {
        loop {
            if let Ok(open) = open_stream(running.address).await {
                return open;
            }
        }
    })
    .await;
    // The server says that it takes no more calls here.
    let refused = in_time(async {
        loop {
            match client.clone().ready().await {
                Ok(_) => tokio::task::yield_now().await,
                Err(error) => break error,
            }
        }
    });
    assert_eq!(refused.await.reason(), Some(h2::Reason::NO_ERROR));
    assert!(!connection.is_finished());
    drop((stream, client));
    in_time(connection).await.unwrap().unwrap();
}

#[tokio::test]
async fn callers_of_single_calls_notice_nothing_of_the_age() {
    let running = echo(impatient(Duration::from_millis(10), SOON)).await;
    let client = running.client(None);
    // Any call may meet the end of its connection on the way.
    let config = RetryConfig {
        max_attempts: 20,
        budget_reserve: 1000,
        ..RetryConfig::default()
    };
    let policy = RetryPolicy::new(client.peer(), config);
    let begin = tokio::time::Instant::now();
    while begin.elapsed() < SOON * 4 {
        let call = retry_idempotent(&policy, || unary(&client, "hello"));
        assert_eq!(call.await.unwrap(), "hello");
    }
}

#[tokio::test]
async fn a_call_that_outlasts_the_grace_of_its_connection_is_told_to_come_again() {
    let running = echo(impatient(SOON, SOON)).await;
    let mut answers = begun(&running.client(None)).await;
    let status = in_time(answers.message()).await.unwrap_err();
    assert_eq!(ApiError::from_status(&status).reason, Reason::Unavailable);
    assert!(
        status
            .message()
            .contains("the connection has reached its age"),
        "{status}"
    );
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> BytesMut {
    let mut frame = BytesMut::new();
    frame.put_uint(payload.len() as u64, 3);
    frame.put_u8(kind);
    frame.put_u8(flags);
    frame.put_u32(stream);
    frame.put_slice(payload);
    frame
}

/// Sends these frames after the greeting, and reads until the server gives up on the connection;
/// the reason in its GOAWAY.
async fn goaway(address: SocketAddr, frames: &[u8]) -> u32 {
    const GOAWAY: u8 = 7;
    let mut socket = TcpStream::connect(address).await.unwrap();
    let (mut reader, mut writer) = socket.split();
    let greeting = [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        &frame(4, 0, 0, &[]),
        frames,
    ]
    .concat();
    let write = async {
        // The server may close while there is still something to write.
        let _ = writer.write_all(&greeting).await;
        std::future::pending::<()>().await;
    };
    let read = async {
        loop {
            let mut head = [0; 9];
            reader.read_exact(&mut head).await.unwrap();
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            reader.read_exact(&mut payload).await.unwrap();
            if head[3] == GOAWAY {
                return u32::from_be_bytes(payload[4..8].try_into().unwrap());
            }
        }
    };
    in_time(async {
        tokio::select! {
            reason = read => reason,
            () = write => unreachable!("it ends never"),
        }
    })
    .await
}

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const END_STREAM_AND_HEADERS: u8 = 5;
const ENHANCE_YOUR_CALM: u32 = 11;

#[tokio::test]
async fn a_flood_of_calls_reset_at_once_ends_the_connection() {
    let running = echo(ServerConfig::default()).await;
    let mut flood = Vec::new();
    for stream in (1..2000).step_by(2) {
        // POST http / in the static table of HPACK.
        let headers = [0x83, 0x86, 0x84];
        flood.extend(frame(HEADERS, END_STREAM_AND_HEADERS, stream, &headers));
        flood.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    let reason = goaway(running.address, &flood).await;
    assert_eq!(reason, ENHANCE_YOUR_CALM);
}

#[tokio::test]
async fn a_flood_of_malformed_calls_ends_the_connection() {
    let running = echo(ServerConfig::default()).await;
    let mut flood = Vec::new();
    for stream in (1..4000).step_by(2) {
        // A method, and neither scheme nor path.
        flood.extend(frame(HEADERS, END_STREAM_AND_HEADERS, stream, &[0x83]));
    }
    let reason = goaway(running.address, &flood).await;
    assert_eq!(reason, ENHANCE_YOUR_CALM);
}
