//! What goes to standard output: results, and nothing else. The rest goes to standard error.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::{
    error::{Error, Result},
    exit::Exit,
};

/// As what a result is printed.
#[derive(Debug, Clone, Args)]
pub(crate) struct Output {
    /// As what to print
    #[arg(long = "output", value_enum, value_name = "FORMAT", default_value_t = Format::Table)]
    format: Format,
    /// The same as --output json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

/// A form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs: protobuf's JSON mapping of the message
    Json,
    /// The same as YAML
    Yaml,
}

impl Output {
    /// True if people read it, not programs.
    pub(crate) fn is_for_people(&self) -> bool {
        !self.json && matches!(self.format, Format::Table)
    }

    /// Prints a result in the form that was asked for.
    pub(crate) fn print(
        &self,
        value: impl FnOnce() -> Value,
        for_people: impl FnOnce() -> String,
    ) -> Result<()> {
        match self.format {
            _ if self.json => json(&value()),
            Format::Json => json(&value()),
            Format::Yaml => text(&yaml(&value())?),
            Format::Table => text(&for_people()),
        }
    }
}

fn yaml(value: &Value) -> Result<String> {
    serde_saphyr::to_string(value)
        .map_err(|error| Error::new(Exit::INTERNAL, format!("cannot write YAML: {error}")))
}

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
