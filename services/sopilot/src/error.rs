//! What goes wrong, as the user reads it: one line that says what is wrong and what to do.

use std::{fmt, io, path::Path};

use sopilot_chassis::{ApiError, Reason};
use sopilot_proto::catalog::v1::Failure;

use crate::{exit::Exit, text::safe};

/// The result of everything that can fail here.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// An error for the user of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Error {
    /// What the process exits with.
    pub(crate) exit: Exit,
    /// The stable reason, if it has one.
    pub(crate) reason: Option<Reason>,
    /// What is wrong and what to do.
    pub(crate) message: String,
    /// Further mistakes, one a line.
    pub(crate) details: Vec<String>,
    /// Fields of the request that the server found wrong, each with what is wrong.
    pub(crate) violations: Vec<(String, String)>,
}

impl Error {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            reason: None,
            message: message.into(),
            details: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// An error with a stable reason, and the exit code that follows from it.
    pub(crate) fn because(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason: Some(reason),
            ..Self::new(Exit::of(reason), message)
        }
    }

    /// The command line asks for something that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::USAGE, message)
    }

    /// Why a job or a video failed. A reason of a newer server is kept in the text.
    pub(crate) fn failure(failure: &Failure) -> Self {
        let Failure { reason, message } = failure;
        Reason::parse(reason).map_or_else(
            || Self::new(Exit::PROTOCOL, format!("{reason}: {message}")),
            |reason| Self::because(reason, message.clone()),
        )
    }

    /// Reading or writing `path` failed: with [`Exit::NO_INPUT`] if it cannot be opened.
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        let name = path.display();
        let (exit, message) = match error.kind() {
            io::ErrorKind::NotFound => (
                Exit::NO_INPUT,
                format!("{name}: there is no such file: check the path"),
            ),
            io::ErrorKind::PermissionDenied => (
                Exit::NO_INPUT,
                format!("{name}: permission denied: check who may use it"),
            ),
            io::ErrorKind::StorageFull => (
                Exit::IO,
                format!("{name}: the disk is full: make room and try again"),
            ),
            _ => (Exit::IO, format!("{name}: {error}")),
        };
        Self::new(exit, message)
    }

    /// Puts what the error is about, such as a file, before the message.
    #[must_use]
    pub(crate) fn about(mut self, subject: impl fmt::Display) -> Self {
        self.message = format!("{subject}: {}", self.message);
        self
    }

    /// Adds a line below the message.
    #[must_use]
    pub(crate) fn with_detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// True if whoever read our output has stopped reading: no error for the user.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        *self == Self::broken_pipe()
    }

    /// See [`is_broken_pipe`](Self::is_broken_pipe).
    pub(crate) fn broken_pipe() -> Self {
        Self::new(Exit::DONE, "the reader of the output has gone")
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        let message = match error.reason {
            Reason::Unavailable => format!(
                "{}: is the server running? Start one with `sopilot serve`, or name another with --server",
                error.message
            ),
            _ => error.message,
        };
        let mut this = Self::because(error.reason, message);
        for violation in error.violations {
            let line = format!("{}: {}", violation.field, violation.description);
            // A single violation usually is the message.
            if !this.message.contains(&violation.description) {
                this.details.push(line);
            }
            this.violations
                .push((violation.field, violation.description));
        }
        this
    }
}

impl fmt::Display for Error {
    /// `error[REASON]: message`, and one indented line for each detail. Foreign text is harmless.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Some(reason) => write!(f, "error[{reason}]: ")?,
            None => f.write_str("error: ")?,
        }
        f.write_str(&safe(&self.message))?;
        self.details
            .iter()
            .try_for_each(|line| write!(f, "\n  {}", safe(line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_carries_its_reason_and_its_file() {
        let failure = Failure {
            reason: "NOT_A_VIDEO".to_owned(),
            message: "the file is text\x1b[2J: choose a video".to_owned(),
        };
        let error = Error::failure(&failure).about("trainee.mp4");
        assert_eq!(error.exit, Exit(11));
        assert_eq!(
            error.to_string(),
            "error[NOT_A_VIDEO]: trainee.mp4: the file is text\\u{1b}[2J: choose a video"
        );
    }

    #[test]
    fn a_reason_of_tomorrow_is_still_shown() {
        let failure = Failure {
            reason: "TOO_SHINY".to_owned(),
            message: "dim it".to_owned(),
        };
        let error = Error::failure(&failure);
        assert_eq!(error.to_string(), "error: TOO_SHINY: dim it");
        assert_eq!(error.exit, Exit::PROTOCOL);
    }

    #[test]
    fn every_violation_is_printed_once() {
        let error = ApiError::new(Reason::StepListInvalid, "steps[0].name: the name is empty")
            .with_violation("procedure.steps[0].name", "the name is empty")
            .with_violation("procedure.steps[2].name", "the name is taken");
        assert_eq!(
            Error::from(error).to_string(),
            "error[STEP_LIST_INVALID]: steps[0].name: the name is empty\n  procedure.steps[2].name: the name is taken"
        );
    }
}
