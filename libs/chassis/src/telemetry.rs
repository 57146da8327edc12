//! Structured logs on standard error, and traces over OTLP.

mod stages;
pub mod trace;

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal};

use serde::{Deserialize, Serialize};
use tracing::Subscriber;
use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::Registry;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Problems, Validate};

pub use stages::{STAGE, StageTimings};
use trace::Exporting;
pub use trace::TraceConfig;

/// What is logged, and in which form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogConfig {
    /// For people or for programs.
    pub format: LogFormat,
    /// `tracing` filter directives, such as `info` or `info,sopilot_catalog=debug`.
    pub filter: String,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One readable line per event; coloured if standard error is a terminal and `NO_COLOR` is not
    /// set.
    Console,
    /// One JSON object per line: `timestamp`, `level`, `target`, `message`, the event's fields, and
    /// `spans` with the fields of every enclosing span, outermost first.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Console,
            // What breaks on the way to the broker is told by the bus, once.
            filter: "info,lapin=off".to_owned(),
        }
    }
}

impl Validate for LogConfig {
    fn validate(&self, problems: &mut Problems) {
        if let Err(error) = EnvFilter::try_new(&self.filter) {
            problems.add(
                "filter",
                format!("`{}` is not a filter: {error}", self.filter),
            );
        }
    }
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is malformed; [`LogConfig::validate`] finds that earlier.
    #[error("`{filter}` is not a log filter: {source}")]
    Filter {
        /// The text that is no filter.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Something else in this process has set up `tracing` before.
    #[error("logging is already set up: call init_logging once per process")]
    AlreadySet(#[from] tracing_subscriber::util::TryInitError),
    /// Traces cannot be sent.
    #[error("traces cannot be sent: {0}")]
    Traces(String),
}

/// Sends everything that is logged with `tracing` or `log` to standard error. Once per process.
pub fn init_logging(config: &LogConfig) -> Result<(), LogError> {
    init(config, None, None)
}

/// The same, and adds up how long stages of work take.
pub fn init_logging_with_timings(
    config: &LogConfig,
    timings: StageTimings,
) -> Result<(), LogError> {
    init(config, Some(timings), None)
}

/// Logs, and sends traces where `traces` says. Once per process, inside a tokio runtime.
pub fn init_telemetry(
    service: &'static str,
    logs: &LogConfig,
    traces: &TraceConfig,
) -> Result<Telemetry, LogError> {
    let exporting = match &traces.otlp_endpoint {
        None => None,
        Some(endpoint) => Some(
            Exporting::start(service, endpoint, traces.sample_ratio)
                .map_err(|error| LogError::Traces(error.to_string()))?,
        ),
    };
    init(logs, None, exporting.as_ref())?;
    Ok(Telemetry { exporting })
}

/// What must be handed over before the process ends.
#[derive(Debug)]
#[must_use = "finish it before the process ends, or its last spans are lost"]
pub struct Telemetry {
    exporting: Option<Exporting>,
}

impl Telemetry {
    /// Hands over the last spans, within seconds.
    pub async fn finish(self) {
        if let Some(exporting) = self.exporting {
            // A task that panics has nothing to say that its own log line does not.
            let _ = tokio::task::spawn_blocking(move || exporting.finish()).await;
        }
    }
}

fn init(
    config: &LogConfig,
    timings: Option<StageTimings>,
    exporting: Option<&Exporting>,
) -> Result<(), LogError> {
    let filter = EnvFilter::try_new(&config.filter).map_err(|source| LogError::Filter {
        filter: config.filter.clone(),
        source,
    })?;
    let colours = io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = lines(config.format, colours, io::stderr);
    subscriber(filter, lines, timings, exporting).try_init()?;
    Ok(())
}

fn subscriber(
    filter: EnvFilter,
    lines: BoxedLayer,
    timings: Option<StageTimings>,
    exporting: Option<&Exporting>,
) -> Box<dyn Subscriber + Send + Sync> {
    // Each has a filter of its own: what is timed or traced need not be logged.
    let mut layers = vec![lines.with_filter(filter).boxed()];
    if let Some(timings) = timings {
        let stages =
            filter_fn(|metadata| metadata.target() == STAGE).with_max_level_hint(LevelFilter::INFO);
        layers.push(timings.with_filter(stages).boxed());
    }
    layers.extend(exporting.map(Exporting::layer));
    Box::new(tracing_subscriber::registry().with(layers))
}

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// What writes a line for each event.
fn lines<W>(format: LogFormat, colours: bool, to: W) -> BoxedLayer
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer();
    match format {
        LogFormat::Console => {
            let fields = debug_fn(write_field).delimited(" ");
            layer
                .fmt_fields(fields)
                .with_ansi(colours)
                .with_writer(to)
                .boxed()
        }
        // JSON strings escape control characters themselves.
        LogFormat::Json => layer
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(true)
            .with_ansi(false)
            .with_writer(to)
            .boxed(),
    }
}

/// Writes one field of an event or a span, with every control character escaped: a name with a
/// line break in it must not look like a second event, nor may it control the reader's terminal.
/// tracing-subscriber's own formatter escapes terminal sequences in messages, but neither those in
/// `%` fields nor line breaks.
fn write_field(to: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    let mut to = Escaping(to);
    match field.name() {
        "message" => write!(to, "{value:?}"),
        // For traces, which name and sort spans in their own way.
        name if name.starts_with("otel.") || name.starts_with("messaging.") => Ok(()),
        name => write!(to, "{name}={value:?}"),
    }
}

struct Escaping<'a, 'w>(&'a mut Writer<'w>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| {
            if c.is_control() {
                write!(self.0, "{}", c.escape_default())
            } else {
                self.0.write_char(c)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, filter: &str, colours: bool, events: impl FnOnce()) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let filter = EnvFilter::try_new(filter).unwrap();
        tracing::subscriber::with_default(
            subscriber(
                filter,
                lines(format, colours, move || writer.clone()),
                None,
                None,
            ),
            events,
        );
        String::from_utf8(captured.0.lock().unwrap().clone()).unwrap()
    }

    const HOSTILE: &str = "a\nINFO forged\r\x1b[2J\u{9b}2J\t\0";

    #[test]
    fn json_is_one_object_a_line_with_the_fields_of_its_spans() {
        let text = logged(LogFormat::Json, "info", false, || {
            let _outer = tracing::info_span!("call", method = "/s/M").entered();
            let _inner = tracing::info_span!("job", job_id = 7).entered();
            tracing::info!(name = HOSTILE, display = %HOSTILE, "first");
            tracing::warn!("second");
        });
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["message"], "first");
        assert_eq!(lines[0]["level"], "INFO");
        assert_eq!(lines[0]["name"], HOSTILE);
        assert_eq!(lines[0]["spans"][0]["method"], "/s/M");
        assert_eq!(lines[0]["spans"][1]["job_id"], 7);
    }

    #[test]
    fn a_console_event_stays_on_its_line_and_controls_no_terminal() {
        for colours in [false, true] {
            let text = logged(LogFormat::Console, "info", colours, || {
                let _span = tracing::info_span!("call", method = %HOSTILE).entered();
                tracing::info!(name = HOSTILE, display = %HOSTILE, "message of {HOSTILE}");
            });
            assert_eq!(text.lines().count(), 1, "{text:?}");
            assert!(
                !text.contains(['\r', '\0', '\u{9b}']) && !text.contains("\x1b[2J"),
                "{text:?}"
            );
            assert_eq!(text.contains('\x1b'), colours, "{text:?}");
        }
    }

    #[test]
    fn the_filter_decides_by_level_and_module() {
        let text = logged(LogFormat::Console, "warn,other=debug", false, || {
            tracing::info!("hidden");
            tracing::warn!("shown");
            tracing::debug!(target: "other", "shown too");
        });
        assert_eq!(text.lines().count(), 2, "{text}");
    }

    #[test]
    fn a_malformed_filter_is_a_configuration_problem() {
        let mut problems = Problems::new();
        LogConfig {
            filter: "sopilot=loud".into(),
            ..LogConfig::default()
        }
        .validate(&mut problems);
        assert_eq!(problems.into_vec()[0].0, "filter");
    }
}
