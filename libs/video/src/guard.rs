//! A subprocess under guard: what it may use, how long it may take, how much it may say, and that it goes when we go.

mod log;
mod spawner;

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read},
    os::{
        fd::AsFd,
        unix::process::{CommandExt, ExitStatusExt},
    },
    path::Path,
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal},
};

pub(crate) use self::log::Complaint;
use self::{log::Log, spawner::spawn_from_lasting_thread};
use crate::{
    CancelToken, Clock, VideoError,
    sandbox::{self, Cage},
};

/// What a subprocess may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    pub wall_seconds: f64,
    pub cpu_seconds: f64,
    pub memory_bytes: u64,
    pub landlock: bool,
}

/// A running ffmpeg or ffprobe. Dropping it kills it.
///
/// The wall clock runs only while the owner waits in here, so a slow consumer does not use up the video's time.
#[derive(Debug)]
pub(crate) struct Guarded {
    child: Child,
    stdout: ChildStdout,
    /// `None` once the subprocess has closed it.
    stderr: Option<ChildStderr>,
    log: Log,
    budget: Budget,
    waited: Duration,
    cancel: CancelToken,
}

/// Where the subprocess finds the file it reads: its own standard input, reopened so that it can seek.
pub(crate) const INPUT_ADDRESS: &str = "file:/proc/self/fd/0";

/// How long a cancellation may go unnoticed.
const CANCEL_TICK: Duration = Duration::from_millis(50);

/// Large enough that decoder and consumer seldom wait for each other; the most an unprivileged process may ask for.
const PIPE_BYTES: usize = 1 << 20;

/// Keeps the subprocess's memory proportional to the video rather than to the machine's processors, and its messages
/// in the language in which we read them.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("LC_ALL", "C"),
    ("MALLOC_ARENA_MAX", "2"),
    ("OMP_NUM_THREADS", "1"),
    ("OPENBLAS_NUM_THREADS", "1"),
];

impl Guarded {
    /// Starts `program`, an absolute path, with `input` as its standard input.
    pub(crate) fn spawn(
        program: &Path,
        arguments: Vec<OsString>,
        input: Option<&File>,
        budget: Budget,
        cancel: CancelToken,
    ) -> Result<Self, VideoError> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(ENVIRONMENT)
            .current_dir("/")
            .process_group(0);
        let stdin = match input {
            Some(file) => file
                .try_clone()
                .map_err(VideoError::io("duplicate the video's descriptor"))?
                .into(),
            None => Stdio::null(),
        };
        command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let cage = Cage {
            memory_bytes: budget.memory_bytes,
            cpu_seconds: budget.cpu_seconds.ceil().max(1.0) as u64,
            landlock: budget.landlock,
        };
        sandbox::confine(&mut command, cage, input);
        let mut child =
            spawn_from_lasting_thread(command).map_err(VideoError::io("start ffmpeg"))?;
        let (Some(stdout), stderr @ Some(_)) = (child.stdout.take(), child.stderr.take()) else {
            unreachable!("both were asked for as pipes");
        };
        // A smaller pipe only costs time.
        if let Err(error) = rustix::pipe::fcntl_setpipe_size(&stdout, PIPE_BYTES) {
            tracing::debug!(%error, "ffmpeg's pipe keeps its default size");
        }
        Ok(Self {
            child,
            stdout,
            stderr,
            log: Log::default(),
            budget,
            waited: Duration::ZERO,
            cancel,
        })
    }

    /// Reads from the subprocess's standard output until `buffer` is full or the output ends; says how much it read.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, VideoError> {
        let started = Instant::now();
        let mut filled = 0;
        while filled < buffer.len() {
            self.wait_for_output(started)?;
            match self.stdout.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(VideoError::Io {
                        action: "read from ffmpeg",
                        source,
                    });
                }
            }
        }
        self.waited += started.elapsed();
        Ok(filled)
    }

    /// Reads all output, up to `limit` bytes.
    pub(crate) fn read_all(&mut self, limit: usize) -> Result<Vec<u8>, VideoError> {
        let mut output = vec![0; limit + 1];
        let read = self.fill(&mut output)?;
        if read > limit {
            return Err(VideoError::OutputLimit {
                bytes: limit as u64,
            });
        }
        output.truncate(read);
        Ok(output)
    }

    /// Waits for the end, once the output has ended. An exit status other than success is an error, and one that
    /// says whose fault it was; [`complaint`](Self::complaint) may know more of a video found corrupt.
    pub(crate) fn finish(&mut self) -> Result<(), VideoError> {
        let started = Instant::now();
        while self.stderr.is_some() {
            self.poll_once(started, false)?;
        }
        self.wait_for_exit(started)?;
        let status = self
            .child
            .wait()
            .map_err(VideoError::io("wait for ffmpeg"))?;
        self.waited += started.elapsed();
        if !self.log.is_empty() {
            tracing::debug!(%status, log = %self.log.text(), "ffmpeg");
        }
        // ffmpeg goes on when memory for a picture is refused, and ends well with the picture missing.
        if status.success() && !self.log.tells_of_refused_memory() {
            Ok(())
        } else {
            Err(self.explain(status))
        }
    }

    /// Which of the walls around its decoders the subprocess says it has run into.
    pub(crate) fn complaint(&self) -> Option<Complaint> {
        Complaint::find(&self.log.text())
    }

    fn wait_for_output(&mut self, started: Instant) -> Result<(), VideoError> {
        while !self.poll_once(started, true)? {}
        Ok(())
    }

    /// Waits a tick at most for something to read; takes what came on standard error. True if standard output has
    /// something, or has ended.
    fn poll_once(&mut self, started: Instant, want_output: bool) -> Result<bool, VideoError> {
        self.check_clock(started)?;
        let (output_ready, error_ready) = {
            let mut descriptors = Vec::with_capacity(2);
            if want_output {
                descriptors.push(PollFd::new(&self.stdout, PollFlags::IN));
            }
            if let Some(stderr) = &self.stderr {
                descriptors.push(PollFd::new(stderr, PollFlags::IN));
            }
            poll_tick(&mut descriptors)?;
            let ready = |fd: Option<&PollFd<'_>>| fd.is_some_and(|fd| !fd.revents().is_empty());
            let first_error = usize::from(want_output);
            (
                want_output && ready(descriptors.first()),
                ready(descriptors.get(first_error)),
            )
        };
        if error_ready {
            self.read_log()?;
        }
        Ok(output_ready)
    }

    fn read_log(&mut self) -> Result<(), VideoError> {
        let Some(stderr) = &mut self.stderr else {
            return Ok(());
        };
        let mut buffer = [0; 4096];
        match stderr.read(&mut buffer) {
            Ok(0) => self.stderr = None,
            Ok(read) => self.log.push(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => {
                return Err(VideoError::Io {
                    action: "read ffmpeg's messages",
                    source,
                });
            }
        }
        Ok(())
    }

    fn wait_for_exit(&mut self, started: Instant) -> Result<(), VideoError> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // Without pidfd (before Linux 5.3) the CPU limit alone bounds a process that has closed its outputs.
        let Some(exit) =
            pid.and_then(|pid| rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok())
        else {
            return Ok(());
        };
        loop {
            self.check_clock(started)?;
            let mut descriptors = [PollFd::from_borrowed_fd(exit.as_fd(), PollFlags::IN)];
            poll_tick(&mut descriptors)?;
            if !descriptors[0].revents().is_empty() {
                return Ok(());
            }
        }
    }

    fn check_clock(&self, started: Instant) -> Result<(), VideoError> {
        if self.cancel.is_cancelled() {
            return Err(VideoError::Cancelled);
        }
        if (self.waited + started.elapsed()).as_secs_f64() > self.budget.wall_seconds {
            return Err(VideoError::TimeLimit {
                clock: Clock::Wall,
                seconds: self.budget.wall_seconds,
            });
        }
        Ok(())
    }

    fn explain(&self, status: ExitStatus) -> VideoError {
        let signal = status.signal();
        if signal == Some(Signal::XCPU.as_raw()) {
            return VideoError::TimeLimit {
                clock: Clock::Cpu,
                seconds: self.budget.cpu_seconds,
            };
        }
        if self.log.tells_of_refused_memory() || self.log.tells_of_refused_thread() {
            return VideoError::MemoryLimit {
                bytes: self.budget.memory_bytes,
            };
        }
        if signal == Some(Signal::KILL.as_raw()) {
            return VideoError::FfmpegFailed {
                detail: "the system killed it".into(),
            };
        }
        if status.code() == Some(LOADER_FAILED) {
            return VideoError::FfmpegFailed {
                detail: "its shared libraries could not be loaded".into(),
            };
        }
        // Any other end, a crash included, is what these bytes do to a decoder.
        VideoError::Corrupt
    }
}

/// Exit status of the dynamic loader when a library is missing.
const LOADER_FAILED: i32 = 127;

impl Drop for Guarded {
    fn drop(&mut self) {
        // Both fail only if the process has been waited for, and then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn poll_tick(descriptors: &mut [PollFd<'_>]) -> Result<(), VideoError> {
    let tick = Timespec {
        tv_sec: 0,
        tv_nsec: i64::from(CANCEL_TICK.subsec_nanos()),
    };
    match poll(descriptors, Some(&tick)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(VideoError::Io {
            action: "wait for ffmpeg",
            source: error.into(),
        }),
    }
}

#[cfg(test)]
mod tests;
