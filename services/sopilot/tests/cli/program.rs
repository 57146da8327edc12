//! Running the program and looking at what it says and leaves behind.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// A run that has ended.
pub(crate) struct Ended {
    /// Exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Ended {
    /// Fails the test unless the exit code is `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Standard output of a run that must have done its work, as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let ended = self.expect(0);
        serde_json::from_str(&ended.stdout).expect("standard output is JSON and nothing else")
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("ended by itself"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

/// A place to run the program in: a temporary folder of its own, and no settings from outside.
pub(crate) struct Place {
    /// Where `sopilot` puts temporary files.
    pub(crate) temporary: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            temporary: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// The program with arguments, not started yet.
    pub(crate) fn command(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sopilot"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SOPILOT_") {
                command.env_remove(name);
            }
        }
        command
            .env("TMPDIR", self.temporary.path())
            .stdin(Stdio::null())
            .args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ended {
        self.command(arguments)
            .output()
            .expect("the program starts")
            .into()
    }

    /// What lies in the folder for temporary files.
    pub(crate) fn left_behind(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.temporary.path()).expect("readable");
        entries
            .map(|entry| entry.expect("readable").path())
            .collect()
    }
}

/// `sopilot serve` on free ports, stopped at the end.
pub(crate) struct Server {
    process: Child,
    address: String,
    place: Place,
}

impl Server {
    /// Starts over `data_dir` and waits until it serves.
    pub(crate) fn start(data_dir: &Path) -> Self {
        let place = Place::new();
        let mut command = place.command(["serve", "--set", "log.format=json", "--data-dir"]);
        command.arg(data_dir);
        for service in ["catalog", "embedding", "alignment", "scoring"] {
            command.args(["--set".to_owned(), format!("listen.{service}=0")]);
        }
        let mut process = command
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(process.stderr.take().expect("piped")).lines();
        let address = lines.by_ref().find_map(|line| {
            let event: Value = serde_json::from_str(&line.expect("UTF-8")).expect("a JSON line");
            (event["message"] == "serving").then(|| event["catalog"].as_str().map(str::to_owned))?
        });
        // Its log must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let address = address.expect("it says where it serves");
        Self {
            process,
            address,
            place,
        }
    }

    /// Where its catalog listens, such as `http://127.0.0.1:7410`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Runs a command against this server.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.place
            .run(arguments.iter().chain(&["--server", &self.address]))
    }

    /// Sends SIGTERM and answers the exit code.
    pub(crate) fn stop(mut self) -> i32 {
        signal(&self.process, rustix::process::Signal::TERM);
        self.process
            .wait()
            .expect("it ends")
            .code()
            .expect("it ends by itself")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails if it was stopped, which is as it should be.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends a signal to a process that has not been waited for.
pub(crate) fn signal(process: &Child, signal: rustix::process::Signal) {
    let id = rustix::process::Pid::from_child(process);
    rustix::process::kill_process(id, signal).expect("the process exists");
}

/// Waits until `condition` holds; fails the test after a minute.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(5));
    }
}
