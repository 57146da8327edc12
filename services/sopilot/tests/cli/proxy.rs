//! A connection that breaks when it is told to, and counts what it carries.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// Passes bytes on to a server.
pub(crate) struct Proxy {
    address: String,
    sent: Arc<AtomicU64>,
}

impl Proxy {
    /// A proxy to `server`, such as `http://127.0.0.1:7410`, that breaks its first connection once
    /// the client has sent `limit` bytes.
    pub(crate) fn start(server: &str, limit: u64) -> Self {
        let upstream = server.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let sent = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&sent);
        thread::spawn(move || {
            let mut limit = limit;
            for client in listener.incoming() {
                let client = client.unwrap();
                let server = TcpStream::connect(&upstream).unwrap();
                let (from, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let count = Arc::clone(&count);
                thread::spawn(move || pass(client, server, limit, &count));
                thread::spawn(move || pass(from, to, u64::MAX, &AtomicU64::new(0)));
                limit = u64::MAX;
            }
        });
        Self { address, sent }
    }

    /// What a client gives as `--server`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Bytes that clients have sent through it.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}

/// Passes bytes on until either side closes or `limit` bytes have passed, then breaks both.
fn pass(mut from: TcpStream, mut to: TcpStream, limit: u64, count: &AtomicU64) {
    let mut buffer = vec![0; 1 << 16];
    let mut passed = 0;
    while passed < limit {
        let Ok(read @ 1..) = from.read(&mut buffer) else {
            break;
        };
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
        passed += read as u64;
        count.fetch_add(read as u64, Ordering::SeqCst);
    }
    // Fails if the other direction broke them first.
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
