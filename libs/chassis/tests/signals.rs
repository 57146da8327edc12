//! What a process does when it is told to stop.

// Helpers of tests are test code too, which clippy does not see.
#![allow(clippy::unwrap_used)]

use std::future::pending;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sopilot_chassis::{Shutdown, ShutdownConfig};

/// The process that the other tests start and stop: work that only ends if `FINISH` is set.
#[test]
#[ignore = "started as a child process by the other tests"]
fn child() {
    let finish = std::env::var_os("FINISH").is_some();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            let config = ShutdownConfig {
                propagation: Duration::ZERO,
                grace: Duration::from_hours(1),
            };
            let shutdown = Shutdown::new(config);
            shutdown.on_signals().unwrap();
            let draining = shutdown.draining().clone();
            shutdown.tracker().spawn(async move {
                draining.cancelled().await;
                if !finish {
                    pending::<()>().await;
                }
            });
            println!("up");
            shutdown.draining().cancelled().await;
            println!("draining");
            let stopped = shutdown.complete().await;
            println!("{stopped:?}");
        });
}

struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(finish: bool) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--ignored", "--exact", "child", "--nocapture"])
            .stdout(Stdio::piped());
        if finish {
            command.env("FINISH", "1");
        }
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// Reads the child's output up to the line that ends with `text`.
    fn wait_for(&mut self, text: &str) {
        let mut lines = self.output.by_ref().lines().map(Result::unwrap);
        assert!(
            lines.any(|line| line.ends_with(text)),
            "the child never said {text}"
        );
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

#[test]
fn the_first_signal_stops_in_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut process = Process::start(true);
        process.wait_for("up");
        process.signal(signal);
        process.wait_for("draining");
        process.wait_for("Clean");
        assert!(process.child.wait().unwrap().success());
    }
}

#[test]
fn the_second_signal_ends_the_process_at_once() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let mut process = Process::start(false);
        process.wait_for("up");
        process.signal(Signal::TERM);
        process.wait_for("draining");
        process.signal(signal);
        assert_eq!(process.child.wait().unwrap().code(), Some(code));
    }
}
