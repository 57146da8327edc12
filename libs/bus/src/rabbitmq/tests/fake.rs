//! A broker that speaks just enough AMQP to misbehave, and what the bus makes of it.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::*;

/// Far longer than anything here takes; reached only by a failure.
const DEADLINE: Duration = Duration::from_secs(20);

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Confirmed,
    Refused,
    Returned,
    Unanswered,
}

#[derive(Clone)]
struct FakeBroker(Arc<Fake>);

struct Fake {
    port: u16,
    /// Whether it answers those who connect at all.
    greets: bool,
    fate: Mutex<Fate>,
    writers: tokio::sync::Mutex<Vec<OwnedWriteHalf>>,
    seen: watch::Sender<Seen>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    connections: usize,
    open: usize,
    declared: usize,
    published: usize,
}

impl FakeBroker {
    async fn start(greets: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self(Arc::new(Fake {
            port: listener.local_addr().unwrap().port(),
            greets,
            fate: Mutex::new(Fate::Confirmed),
            writers: tokio::sync::Mutex::default(),
            seen: watch::Sender::default(),
        }));
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let fake = serving.clone();
                tokio::spawn(async move { fake.serve(stream).await });
            }
        });
        fake
    }

    fn bus(&self) -> RabbitMqBus {
        let url = format!("amqp://user:hunter2@127.0.0.1:{}/%2f", self.0.port);
        RabbitMqBus::new(RabbitMqConfig {
            connect_timeout: Duration::from_millis(300),
            outage_wait: Duration::from_secs(1),
            confirm_timeout: Duration::from_millis(500),
            ..RabbitMqConfig::new(url)
        })
        .unwrap()
    }

    fn decide(&self, fate: Fate) {
        *self.0.fate.lock().unwrap_or_else(PoisonError::into_inner) = fate;
    }

    async fn until(&self, reached: impl FnMut(&Seen) -> bool) -> Seen {
        let mut seen = self.0.seen.subscribe();
        let reached = tokio::time::timeout(DEADLINE, seen.wait_for(reached)).await;
        *reached.expect("the client never did that").unwrap()
    }

    /// Sends a method of the connection itself to all who are connected.
    async fn tell_all(&self, method: u16, arguments: &[u8]) {
        for writer in self.0.writers.lock().await.iter_mut() {
            // Those who left do not hear it.
            let _ = writer.write_all(&frame(0, 10, method, arguments)).await;
        }
    }

    async fn serve(&self, stream: TcpStream) {
        self.0.seen.send_modify(|seen| {
            seen.connections += 1;
            seen.open += 1;
        });
        let (mut reader, mut writer) = stream.into_split();
        let mut header = [0; 8];
        let mut greeted = reader.read_exact(&mut header).await.is_ok();
        if greeted && self.0.greets {
            let start = [&[0, 9][..], &[0; 4], &long("PLAIN"), &long("en_US")].concat();
            greeted = writer.write_all(&frame(0, 10, 10, &start)).await.is_ok();
        }
        let at = {
            let mut writers = self.0.writers.lock().await;
            writers.push(writer);
            writers.len() - 1
        };
        if greeted {
            self.converse(&mut reader, at).await;
        }
        self.0.seen.send_modify(|seen| seen.open -= 1);
    }

    /// Until the client leaves.
    async fn converse(&self, reader: &mut OwnedReadHalf, at: usize) {
        let mut tags: HashMap<u16, u64> = HashMap::new();
        let mut body_left = HashMap::new();
        while let Some((kind, channel, payload)) = read_frame(reader).await {
            let answer = match kind {
                1 => self.answer(channel, &payload),
                2 => {
                    let size = u64::from_be_bytes(payload[4..12].try_into().unwrap());
                    body_left.insert(channel, size);
                    Vec::new()
                }
                3 => {
                    *body_left.get_mut(&channel).unwrap() -= payload.len() as u64;
                    Vec::new()
                }
                _ => Vec::new(),
            };
            let mut writers = self.0.writers.lock().await;
            let _ = writers[at].write_all(&answer).await;
            if body_left.get(&channel) == Some(&0) {
                body_left.remove(&channel);
                let tag = tags.entry(channel).or_default();
                *tag += 1;
                let _ = writers[at].write_all(&self.decided(channel, *tag)).await;
            }
        }
    }

    fn answer(&self, channel: u16, payload: &[u8]) -> Vec<u8> {
        let number = |at: usize| u16::from_be_bytes([payload[at], payload[at + 1]]);
        let ok = |class, method, arguments: &[u8]| frame(channel, class, method, arguments);
        match (number(0), number(2)) {
            // start-ok: tune to 2047 channels, frames of 128 KiB, no heartbeat.
            (10, 11) => ok(10, 30, &[7, 255, 0, 2, 0, 0, 0, 0]),
            (10, 40) => ok(10, 41, &[0]),
            (10, 50) => ok(10, 51, &[]),
            (20, 10) => ok(20, 11, &[0; 4]),
            (20, 40) => ok(20, 41, &[]),
            (85, 10) => ok(85, 11, &[]),
            (40, 10) => ok(40, 11, &[]),
            (50, 10) => {
                self.0.seen.send_modify(|seen| seen.declared += 1);
                let name = &payload[6..=6 + usize::from(payload[6])];
                ok(50, 11, &[name, &[0; 8]].concat())
            }
            _ => Vec::new(),
        }
    }

    fn decided(&self, channel: u16, tag: u64) -> Vec<u8> {
        self.0.seen.send_modify(|seen| seen.published += 1);
        let tag = tag.to_be_bytes();
        let ack = || frame(channel, 60, 80, &[&tag[..], &[0]].concat());
        match *self.0.fate.lock().unwrap_or_else(PoisonError::into_inner) {
            Fate::Confirmed => ack(),
            Fate::Refused => frame(channel, 60, 120, &[&tag[..], &[0]].concat()),
            Fate::Returned => {
                // 312, "NO", no exchange, no key, and no content.
                let returned = frame(channel, 60, 50, &[1, 56, 2, b'N', b'O', 0, 0]);
                let content = raw(2, channel, &[0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                [returned, content, ack()].concat()
            }
            Fate::Unanswered => Vec::new(),
        }
    }
}

fn long(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_be_bytes()[..], text.as_bytes()].concat()
}

fn frame(channel: u16, class: u16, method: u16, arguments: &[u8]) -> Vec<u8> {
    let (class, method) = (class.to_be_bytes(), method.to_be_bytes());
    raw(1, channel, &[&class[..], &method, arguments].concat())
}

fn raw(kind: u8, channel: u16, payload: &[u8]) -> Vec<u8> {
    let (channel, size) = (channel.to_be_bytes(), (payload.len() as u32).to_be_bytes());
    [&[kind][..], &channel, &size, payload, &[0xCE]].concat()
}

async fn read_frame(reader: &mut OwnedReadHalf) -> Option<(u8, u16, Vec<u8>)> {
    let mut head = [0; 7];
    reader.read_exact(&mut head).await.ok()?;
    let size = u32::from_be_bytes([head[3], head[4], head[5], head[6]]);
    let mut payload = vec![0; size as usize + 1];
    reader.read_exact(&mut payload).await.ok()?;
    payload.pop();
    Some((head[0], u16::from_be_bytes([head[1], head[2]]), payload))
}

async fn publish(bus: &RabbitMqBus) -> Result<(), BusError> {
    let queue = Queue::new(JobQueue::Embed);
    let published = bus.publish(&queue, Message::new("m", "body"));
    tokio::time::timeout(DEADLINE, published).await.unwrap()
}

/// Asserts that the call failed for now, and that its error says why and tells no secret.
fn assert_unavailable(failed: &Result<(), BusError>, why: &str) {
    let error = failed.as_ref().unwrap_err();
    assert!(matches!(error, BusError::Unavailable { .. }), "{error:?}");
    assert!(error.is_transient());
    let text = error.to_string();
    assert!(text.contains(why), "{text}");
    assert!(
        !format!("{error:?} {text}").contains("hunter2"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_message_that_is_never_confirmed_is_an_error_in_time() {
    let broker = FakeBroker::start(true).await;
    let bus = broker.bus();
    publish(&bus).await.unwrap();
    broker.decide(Fate::Unanswered);
    assert_unavailable(&publish(&bus).await, "queue jobs.embed: ");
    assert_unavailable(&publish(&bus).await, "no answer within 500ms");
    // The channel whose confirm is missing is used no more, and its late confirm no other's.
    broker.decide(Fate::Confirmed);
    publish(&bus).await.unwrap();
    assert_eq!(
        broker.until(|seen| seen.published == 4).await.connections,
        1
    );
}

#[tokio::test]
async fn a_refused_message_found_no_room() {
    let broker = FakeBroker::start(true).await;
    let bus = broker.bus();
    broker.decide(Fate::Refused);
    let error = publish(&bus).await.unwrap_err();
    assert!(
        matches!(
            error,
            BusError::Full {
                capacity: 100_000,
                ..
            }
        ),
        "{error:?}"
    );
    broker.decide(Fate::Confirmed);
    publish(&bus).await.unwrap();
    // Nobody has room or not for an announcement as a whole.
    broker.decide(Fate::Refused);
    let topic = Topic::new("job.done").unwrap();
    let announced = bus.announce(&topic, Message::new("m", "m")).await;
    assert_unavailable(&announced, "exchange sopilot.events");
}

#[tokio::test]
async fn a_message_that_comes_back_is_an_error_and_its_queue_declared_again() {
    let broker = FakeBroker::start(true).await;
    let bus = broker.bus();
    broker.decide(Fate::Returned);
    assert_unavailable(&publish(&bus).await, "deleted");
    let declared = broker.until(|_| true).await.declared;
    broker.decide(Fate::Confirmed);
    publish(&bus).await.unwrap();
    publish(&bus).await.unwrap();
    // The queue and that of its dead letters, once more.
    assert_eq!(broker.until(|_| true).await.declared, declared + 2);
}

#[tokio::test]
async fn a_broker_without_room_is_an_error_at_once() {
    let broker = FakeBroker::start(true).await;
    let bus = broker.bus();
    publish(&bus).await.unwrap();
    broker
        .tell_all(60, &[6, b'm', b'e', b'm', b'o', b'r', b'y'])
        .await;
    let blocked = loop {
        // What is under way when the word arrives waits in vain for its confirm.
        match publish(&bus).await {
            Ok(()) => {}
            Err(error) if error.to_string().contains("no answer") => {}
            blocked => break blocked,
        }
    };
    assert_unavailable(&blocked, "no room");
    broker.tell_all(61, &[]).await;
    while publish(&bus).await.is_err() {}
    assert_eq!(broker.until(|_| true).await.connections, 1);
}

#[tokio::test]
async fn a_connection_closed_by_the_broker_is_made_again() {
    let broker = FakeBroker::start(true).await;
    let bus = broker.bus();
    publish(&bus).await.unwrap();
    // 320, "NO", for no method.
    broker
        .tell_all(50, &[1, 64, 2, b'N', b'O', 0, 0, 0, 0])
        .await;
    broker.until(|seen| seen.connections == 2).await;
    while publish(&bus).await.is_err() {}
    bus.close().await;
    broker.until(|seen| seen.open == 0).await;
}

#[tokio::test]
async fn whoever_never_answers_is_given_up_and_left_without_a_trace() {
    let broker = FakeBroker::start(false).await;
    let bus = broker.bus();
    let checked = bus.check().await;
    assert_unavailable(&checked, &format!("amqp://127.0.0.1:{}", broker.0.port));
    assert_unavailable(&publish(&bus).await, "no connection within 300ms");
    // Given up means closed: each attempt ends before the next begins.
    let seen = broker.until(|seen| seen.connections > 3).await;
    assert!(seen.open <= 2, "{seen:?}");
    drop(bus);
    broker.until(|seen| seen.open == 0).await;
}
