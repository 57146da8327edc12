//! Calls by name, over addresses that come and go.

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::echo::{Echo, Running, in_time, start_default, unary};
use futures::FutureExt;
use futures::future::BoxFuture;
use sopilot_chassis::client::{BreakerConfig, Resolve, connect_with_resolver};
use sopilot_chassis::{ApiError, ClientConfig, PeerChannel, Reason, connect};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A resolver that answers what it is told to.
#[derive(Clone)]
pub(crate) struct Names {
    answer: Arc<Mutex<Answer>>,
    /// Counts lookups.
    asked: watch::Sender<u64>,
}

#[derive(Clone)]
enum Answer {
    Addresses(Vec<SocketAddr>),
    NoSuchName,
    Never,
}

impl Names {
    fn new(answer: Answer) -> Self {
        Self {
            answer: Arc::new(Mutex::new(answer)),
            asked: watch::Sender::new(0),
        }
    }

    pub(crate) fn of(addresses: &[SocketAddr]) -> Self {
        Self::new(Answer::Addresses(addresses.to_vec()))
    }

    /// Answers differently, and waits until that is known.
    async fn change(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
        let mut asked = self.asked.subscribe();
        // The first lookup from here on may have begun before; when the third begins, the answer
        // to the second has been taken.
        let third = *asked.borrow() + 3;
        in_time(asked.wait_for(|asked| *asked >= third))
            .await
            .unwrap();
    }

    /// A channel to `http://echo:50051` that looks names up here.
    pub(crate) fn channel(&self, config: ClientConfig) -> PeerChannel {
        let config = ClientConfig {
            resolve_interval: Duration::from_millis(5),
            ..config
        };
        let resolver = Arc::new(self.clone());
        connect_with_resolver("echo", "http://echo:50051", &config, resolver).unwrap()
    }
}

impl Resolve for Names {
    fn resolve(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        assert_eq!((host, port), ("echo", 50051));
        self.asked.send_modify(|asked| *asked += 1);
        match self.answer.lock().unwrap().clone() {
            Answer::Addresses(addresses) => async { Ok(addresses) }.boxed(),
            Answer::NoSuchName => async { Err(io::Error::other("no such name")) }.boxed(),
            Answer::Never => pending().boxed(),
        }
    }
}

/// A service that answers with its name, or not at all if asked to hang.
async fn replica(name: &'static str) -> Running {
    start_default(Echo::new(move |message| async move {
        match message.as_str() {
            "hang" => pending().await,
            _ => Ok(name.to_owned()),
        }
    }))
    .await
}

/// An address at which nobody listens.
async fn dead() -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    socket.local_addr().unwrap()
}

async fn ask(channel: &PeerChannel) -> String {
    unary(channel, "").await.unwrap()
}

/// Who answers `calls` calls, and how many of them.
async fn answers(channel: &PeerChannel, calls: usize) -> BTreeMap<String, usize> {
    let mut answers = BTreeMap::new();
    for _ in 0..calls {
        *answers.entry(ask(channel).await).or_default() += 1;
    }
    answers
}

/// Calls until `name` answers.
async fn until_answers(channel: &PeerChannel, name: &str) {
    in_time(async { while ask(channel).await != name {} }).await;
}

#[tokio::test]
async fn calls_go_to_all_addresses_as_they_come_and_go() {
    let (a, b) = (replica("a").await, replica("b").await);
    let names = Names::of(&[a.address]);
    let channel = names.channel(ClientConfig::default());
    assert_eq!(answers(&channel, 5).await, [("a".to_owned(), 5)].into());

    names
        .change(Answer::Addresses(vec![a.address, b.address]))
        .await;
    until_answers(&channel, "b").await;
    let both = [("a".to_owned(), 10), ("b".to_owned(), 10)].into();
    assert_eq!(answers(&channel, 20).await, both);

    names.change(Answer::Addresses(vec![b.address])).await;
    assert_eq!(answers(&channel, 5).await, [("b".to_owned(), 5)].into());
}

#[tokio::test]
async fn a_call_goes_to_the_address_with_the_fewest_in_flight() {
    let (a, b) = (replica("a").await, replica("b").await);
    let channel = Names::of(&[a.address, b.address]).channel(ClientConfig::default());
    until_answers(&channel, "a").await;
    until_answers(&channel, "b").await;
    // Its turn is that of "a".
    let hanging = channel.clone();
    let mut hanging = Box::pin(async move { unary(&hanging, "hang").await });
    assert!(futures::poll!(hanging.as_mut()).is_pending());
    let idle = answers(&channel, 10).await;
    assert_eq!(idle.len(), 1, "{idle:?}");
    // Given up, it does not count any more.
    drop(hanging);
    assert_eq!(answers(&channel, 10).await.len(), 2);
}

#[tokio::test]
async fn a_dead_address_takes_no_calls() {
    let (live, dead) = (replica("live").await, dead().await);
    let channel = Names::of(&[dead, live.address]).channel(ClientConfig::default());
    assert_eq!(
        answers(&channel, 100).await,
        [("live".to_owned(), 100)].into()
    );
}

#[tokio::test]
async fn if_no_address_can_be_reached_the_error_names_them_all() {
    let (first, second) = (dead().await, dead().await);
    let channel = Names::of(&[first, second]).channel(ClientConfig::default());
    let status = unary(&channel, "").await.unwrap_err();
    assert_eq!(ApiError::from_status(&status).reason, Reason::Unavailable);
    let text = status.message();
    assert!(
        text.starts_with("echo at http://echo:50051: no address can be reached: "),
        "{text}"
    );
    for address in [first, second] {
        assert!(text.contains(&format!("{address}: ")), "{text}");
    }
    assert!(text.contains("Connection refused"), "{text}");
}

#[tokio::test]
async fn a_replica_that_comes_back_at_its_address_is_found_again() {
    let first = replica("first").await;
    let (names, address) = (Names::of(&[first.address]), first.address);
    let channel = names.channel(ClientConfig {
        breaker: BreakerConfig {
            failure_ratio: 1.1,
            ..BreakerConfig::default()
        },
        ..ClientConfig::default()
    });
    assert_eq!(ask(&channel).await, "first");
    first.shutdown.trigger();
    in_time(first.serving).await.unwrap();
    let gone = in_time(unary(&channel, "")).await.unwrap_err();
    assert_eq!(ApiError::from_status(&gone).reason, Reason::Unavailable);

    let echo = Echo::new(|_| async { Ok("second".to_owned()) });
    let _second = crate::echo::start_at(address, echo).await;
    in_time(async {
        while unary(&channel, "").await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(ask(&channel).await, "second");
}

#[tokio::test]
async fn a_name_that_cannot_be_resolved_fails_at_once_and_is_tried_again() {
    let a = replica("a").await;
    let names = Names::new(Answer::NoSuchName);
    let channel = names.channel(ClientConfig::default());
    let status = unary(&channel, "").await.unwrap_err();
    assert_eq!(ApiError::from_status(&status).reason, Reason::Unavailable);
    assert_eq!(
        status.message(),
        "echo at http://echo:50051: cannot resolve the name: no such name"
    );
    names.change(Answer::Addresses(vec![])).await;
    let status = unary(&channel, "").await.unwrap_err();
    assert!(status.message().ends_with("it has no address"), "{status}");
    names.change(Answer::Addresses(vec![a.address])).await;
    assert_eq!(ask(&channel).await, "a");
    // Whatever was known is used when the lookup fails later.
    names.change(Answer::NoSuchName).await;
    assert_eq!(ask(&channel).await, "a");
}

#[tokio::test]
async fn a_lookup_without_an_answer_ends_with_the_connect_timeout_or_the_deadline() {
    let soon = Duration::from_millis(50);
    for (timeout, connect_timeout, reason, text) in [
        (
            None,
            soon,
            Reason::Unavailable,
            // Whichever ends first, the lookup or the call's wait for it.
            [
                "no connection within 50ms: resolving",
                "no answer within 50ms",
            ],
        ),
        (
            Some(soon),
            Duration::from_hours(1),
            Reason::DeadlineExceeded,
            ["deadline of 50ms exceeded", "deadline of 50ms exceeded"],
        ),
    ] {
        let config = ClientConfig {
            timeout,
            connect_timeout,
            ..ClientConfig::default()
        };
        let channel = Names::new(Answer::Never).channel(config);
        let status = in_time(unary(&channel, "")).await.unwrap_err();
        assert_eq!(ApiError::from_status(&status).reason, reason);
        assert!(
            text.iter().any(|text| status.message().ends_with(text)),
            "{status}"
        );
    }
}

#[tokio::test]
async fn connections_end_with_the_last_channel() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let names = Names::of(&[socket.local_addr().unwrap()]);
    let channel = names.channel(ClientConfig::default());
    let clone = channel.clone();
    let call = tokio::spawn(async move { unary(&clone, "").await });
    let (mut connection, _) = in_time(socket.accept()).await.unwrap();
    call.abort();
    drop(channel);
    let mut sent = Vec::new();
    in_time(connection.read_to_end(&mut sent)).await.unwrap();
}

#[tokio::test]
async fn the_system_resolves_names_too() {
    let a = replica("a").await;
    let uri = format!("http://localhost:{}", a.address.port());
    let channel = connect("echo", &uri, &ClientConfig::default()).unwrap();
    assert_eq!(ask(&channel).await, "a");
}
