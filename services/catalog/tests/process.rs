//! The service as a process of its own, whose database does not answer.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Far longer than any of it takes; reached only by a failure.
const DEADLINE: Duration = Duration::from_mins(1);

/// Kills the process if the test ends early.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first line that says so.
fn line_with(lines: &mut impl Iterator<Item = std::io::Result<String>>, text: &str) -> String {
    lines
        .map(Result::unwrap)
        .find(|line| line.contains(text))
        .unwrap_or_else(|| panic!("the process ended without saying: {text}"))
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_catalog_that_waits_for_its_database_says_so_and_stops_when_asked() {
    let objects = tempfile::tempdir().unwrap();
    let process = Command::new(env!("CARGO_BIN_EXE_sopilot-catalog"))
        .env_clear()
        .env("SOPILOT_LISTEN", "127.0.0.1:0")
        .env("SOPILOT_ADMIN_LISTEN", "127.0.0.1:0")
        .env("SOPILOT_LOG__FORMAT", "json")
        .env("SOPILOT_OBJECTS__FOLDER", objects.path())
        // Nobody listens on the port of tcpmux.
        .env("SOPILOT_DATABASE__URL", "postgres://sopilot@127.0.0.1:1/s")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut running = Running(process);
    let mut lines = BufReader::new(running.0.stderr.take().unwrap()).lines();
    let serving = line_with(&mut lines, "serving metrics and health");
    let address = serving
        .split('"')
        .find(|word| word.starts_with("127.0.0.1:"));
    line_with(&mut lines, "does not answer yet");
    let answer = get(address.expect(&serving), "/readyz");
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let told = answer.lines().find(|line| line.starts_with("database: "));
    assert!(
        told.is_some_and(|line| line.contains("Connection refused")),
        "{answer}"
    );

    let pid = Pid::from_child(&running.0);
    kill_process(pid, Signal::TERM).unwrap();
    line_with(&mut lines, "stopped before database answered");
    // Nothing is left to wait for: its log ends with the process.
    lines.for_each(drop);
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
}
