//! What goes to standard output: results, and nothing else. The rest goes to standard error.

use std::io::{self, Write};

use serde_json::Value;

use crate::{
    error::{Error, Result},
    exit::Exit,
};

/// Prints text. Colours in it are left out unless standard output is a terminal and `NO_COLOR` is
/// not set.
pub(crate) fn text(text: &str) -> Result<()> {
    let mut stdout = anstream::stdout().lock();
    written(
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush()),
    )
}

/// Prints a value as JSON.
pub(crate) fn json(value: &Value) -> Result<()> {
    let mut stdout = io::stdout().lock();
    written(writeln!(stdout, "{value:#}").and_then(|()| stdout.flush()))
}

/// Prints what is not the result to standard error.
pub(crate) fn aside(text: &str) {
    // Nobody is left to tell if standard error is closed.
    let _ = anstream::stderr().write_all(text.as_bytes());
}

fn written(outcome: io::Result<()>) -> Result<()> {
    outcome.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Error::broken_pipe(),
        _ => Error::new(
            Exit::IO,
            format!("cannot write to standard output: {error}"),
        ),
    })
}
