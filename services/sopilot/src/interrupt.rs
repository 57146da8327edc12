//! Ctrl-C and SIGTERM: the first stops in good order and says what remains, the second at once.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Mutex as AsyncMutex;

use crate::{
    error::{Error, Result},
    exit::Exit,
    scratch::Scratch,
};

/// What to say and to remove if the user interrupts. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    state: Arc<Mutex<State>>,
    signals: Arc<AsyncMutex<Signals>>,
}

#[derive(Debug)]
struct State {
    remains: Vec<(String, String)>,
    scratch: Scratch,
}

impl Interrupt {
    /// Begins to listen, so that a signal between two guarded pieces of work is not lost.
    pub(crate) fn new() -> Result<Self> {
        Self::with_scratch(&Scratch::default())
    }

    /// The same, for work in temporary folders, which a second interrupt removes too.
    pub(crate) fn with_scratch(scratch: &Scratch) -> Result<Self> {
        let state = State {
            remains: Vec::new(),
            scratch: scratch.clone(),
        };
        let signals = Arc::new(AsyncMutex::new(Signals::new()?));
        Ok(Self {
            state: Arc::new(Mutex::new(state)),
            signals,
        })
    }

    /// Says what remains of `subject` if the user interrupts from now on, in place of what was said
    /// about it before.
    pub(crate) fn remains(&self, subject: &str, what: impl Into<String>) {
        let what = what.into();
        self.with(
            |state| match state.remains.iter_mut().find(|(known, _)| known == subject) {
                Some((_, text)) => *text = what,
                None => state.remains.push((subject.to_owned(), what)),
            },
        );
    }

    /// Nothing remains of `subject` any more.
    pub(crate) fn nothing_remains(&self, subject: &str) {
        self.with(|state| state.remains.retain(|(known, _)| known != subject));
    }

    /// Does `work` until it ends or the user interrupts; then it is dropped, and the error says
    /// what remains. One at a time.
    pub(crate) async fn guard<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut signals = Arc::clone(&self.signals).lock_owned().await;
        tokio::select! {
            outcome = work => outcome,
            () = signals.next() => {
                let state = Arc::clone(&self.state);
                tokio::spawn(async move {
                    signals.next().await;
                    let state = state.lock().unwrap_or_else(PoisonError::into_inner);
                    state.scratch.remove_all();
                    std::process::exit(i32::from(Exit::INTERRUPTED.0));
                });
                Err(self.error())
            }
        }
    }

    fn error(&self) -> Error {
        self.with(|state| {
            let error = Error::new(Exit::INTERRUPTED, "interrupted");
            state.remains.iter().fold(error, |error, (subject, what)| {
                error.with_detail(format!("{subject}: {what}"))
            })
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The two signals by which people and platforms ask for an end.
#[derive(Debug)]
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let listen = |kind| {
            signal(kind).map_err(|error| {
                Error::new(
                    Exit::INTERNAL,
                    format!("cannot listen for signals: {error}"),
                )
            })
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_word_about_a_subject_counts() {
        let interrupt = Interrupt::new().unwrap();
        interrupt.remains("a.mp4", "at 1");
        interrupt.remains("b.mp4", "at 5");
        interrupt.remains("a.mp4", "at 2");
        interrupt.nothing_remains("b.mp4");
        assert_eq!(
            interrupt.error().to_string(),
            "error: interrupted\n  a.mp4: at 2"
        );
        assert_eq!(interrupt.error().exit, Exit::INTERRUPTED);
    }

    #[tokio::test]
    async fn work_that_ends_is_not_interrupted() {
        let outcome = Interrupt::new().unwrap().guard(async { Ok(7) }).await;
        assert_eq!(outcome, Ok(7));
    }
}
