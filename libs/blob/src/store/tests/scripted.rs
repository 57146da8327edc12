//! A remote store that fails: answers that a real one gives on a bad day.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::S3Options;

const OK: &str = "200 OK";
const BUSY: &str = "503 Service Unavailable";
const SECRET: &str = "never-to-be-printed";

/// Gives these answers to one request after another, and the last for ever. None: no answer.
async fn answering(answers: Vec<Option<String>>) -> (BlobStore, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            let nth = count.fetch_add(1, Ordering::SeqCst);
            let answer = answers[nth.min(answers.len() - 1)].clone();
            tokio::spawn(answer_with(connection, answer));
        }
    });
    (store_at(&address.to_string()), asked)
}

async fn answer_with(connection: TcpStream, answer: Option<String>) {
    let mut connection = BufReader::new(connection);
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        connection.read_line(&mut line).await.unwrap();
        let lower = line.to_ascii_lowercase();
        if let Some(bytes) = lower.strip_prefix("content-length:") {
            length = bytes.trim().parse().unwrap();
        }
    }
    connection.read_exact(&mut vec![0; length]).await.unwrap();
    match answer {
        Some(answer) => connection.write_all(answer.as_bytes()).await.unwrap(),
        None => futures::future::pending().await,
    }
}

fn answer(status: &str, code: &str) -> String {
    let body = if code.is_empty() {
        String::new()
    } else {
        format!("<Error><Code>{code}</Code><Message>said so</Message></Error>")
    };
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nETag: \"1\"\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

fn store_at(address: &str) -> BlobStore {
    let options = S3Options {
        endpoint: format!("http://{address}"),
        bucket: "bucket".to_owned(),
        access_key: "key".to_owned(),
        secret_key: SECRET.to_owned(),
        allow_http: true,
        request_timeout: Duration::from_millis(300),
        retry_deadline: Duration::from_millis(600),
        ..S3Options::default()
    };
    assert!(!format!("{options:?}").contains(SECRET));
    BlobStore::s3(&options).unwrap()
}

async fn put(store: &BlobStore) -> Result<(), BlobError> {
    let key = Key::source(video(1), 1);
    let outcome = store.put(&key, Bytes::from("x")).await;
    if let Err(error) = &outcome {
        let (shown, debugged) = (error.to_string(), format!("{error:?}"));
        assert!(shown.contains(&key.to_string()), "{shown}");
        assert!(!debugged.contains(SECRET), "{debugged}");
    }
    outcome
}

#[tokio::test]
async fn a_store_that_is_busy_is_asked_again() {
    let busy = || Some(answer(BUSY, "SlowDown"));
    let (store, asked) = answering(vec![busy(), busy(), Some(answer(OK, ""))]).await;
    put(&store).await.unwrap();
    // Twice too often for the checksums, and once for the object.
    assert_eq!(asked.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_store_that_stays_busy_is_unavailable_at_the_deadline() {
    let (store, asked) = answering(vec![Some(answer(BUSY, "SlowDown"))]).await;
    let began = Instant::now();
    let error = put(&store).await.unwrap_err();
    assert!(matches!(error, BlobError::Unavailable { .. }), "{error}");
    assert!(error.is_transient());
    assert!(asked.load(Ordering::SeqCst) >= 2);
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_unavailable_at_the_deadline() {
    let (store, _) = answering(vec![None]).await;
    let error = put(&store).await.unwrap_err();
    assert!(matches!(error, BlobError::Unavailable { .. }), "{error}");
    let key = Key::source(video(1), 1);
    let error = store.get(&key, 1).await.unwrap_err();
    assert!(matches!(error, BlobError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn a_store_that_is_down_is_unavailable() {
    // Nothing listens where something just did.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let store = store_at(&address);
    for error in [
        put(&store).await.unwrap_err(),
        store.check().await.unwrap_err(),
    ] {
        assert!(matches!(error, BlobError::Unavailable { .. }), "{error}");
    }
}

#[tokio::test]
async fn what_no_repetition_changes_is_asked_once() {
    let cases = [
        ("507 Insufficient Storage", "InsufficientStorage", true),
        ("500 Internal Server Error", "XMinioStorageFull", true),
        ("403 Forbidden", "AccessDenied", false),
        ("404 Not Found", "NoSuchBucket", false),
        ("301 Moved Permanently", "PermanentRedirect", false),
    ];
    for (status, code, full) in cases {
        let (store, asked) = answering(vec![Some(answer(status, code))]).await;
        let error = put(&store).await.unwrap_err();
        assert_eq!(matches!(error, BlobError::Full { .. }), full, "{error}");
        assert_eq!(matches!(error, BlobError::Refused { .. }), !full, "{error}");
        assert_eq!(error.is_transient(), full);
        assert!(error.to_string().contains(code), "{error}");
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{status}");
    }
}

#[test]
fn options_that_cannot_work_are_all_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let good = S3Options {
        endpoint: "https://localhost:9000".to_owned(),
        bucket: "bucket".to_owned(),
        access_key: "key".to_owned(),
        secret_key: SECRET.to_owned(),
        ..S3Options::default()
    };
    BlobStore::s3(&good).unwrap();
    let bad = S3Options {
        endpoint: "http://localhost".to_owned(),
        bucket: String::new(),
        secret_key: String::new(),
        part_bytes: 5,
        ..good.clone()
    };
    let error = BlobStore::s3(&bad).unwrap_err();
    assert!(matches!(error, BlobError::Settings { .. }));
    for field in ["endpoint", "bucket", "secret_key", "part_bytes"] {
        assert!(error.to_string().contains(field), "{error}");
    }
    let no_certificate = S3Options {
        ca_file: Some(file.path().to_owned()),
        ..good
    };
    let error = BlobStore::s3(&no_certificate).unwrap_err();
    assert!(error.to_string().contains("no certificate"), "{error}");
}
