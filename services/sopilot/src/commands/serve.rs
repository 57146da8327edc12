//! `sopilot serve`: all services in one process, until it is told to stop.

use std::path::PathBuf;

use clap::Args;
use sopilot_chassis::{
    ConfigErrors, LogConfig, Sources, StageTimings, Stopped, config, init_logging_with_timings,
    init_telemetry,
};

use crate::{
    cli::{CONFIG_VARIABLE, LOG_VARIABLE, RESERVED_VARIABLES},
    error::{Error, Result},
    exit::Exit,
    local::start_error,
    mesh::{Mesh, MeshConfig},
    output,
};

/// Run all services in one process, for other commands and programs to call
///
/// Settings come from the defaults, then the file, then environment variables such as
/// SOPILOT_LISTEN__CATALOG=7410 (for listen.catalog), then the flags. Ctrl-C or SIGTERM stops in
/// good order, a second one at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot serve --data-dir ~/sopilot
  sopilot serve --set listen.catalog=8410 --set log.format=json
  sopilot serve --print-config > sopilot.toml
")]
pub(crate) struct ServeArgs {
    /// Settings (TOML)
    #[arg(long, value_name = "FILE", env = CONFIG_VARIABLE)]
    config: Option<PathBuf>,
    /// One setting, such as catalog.max_attempts=3; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Where everything is kept: short for --set data_dir=DIR
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Print the settings in effect, as a file for --config, and end
    #[arg(long)]
    print_config: bool,
}

/// Runs the command.
pub(crate) async fn run(args: &ServeArgs) -> Result<()> {
    let settings = load(args).map_err(config_error)?;
    if args.print_config {
        return output::text(&config::print_config(&settings));
    }
    let telemetry = init_telemetry("sopilot", &settings.log, &settings.trace)
        .map_err(|error| Error::new(Exit::CONFIG, format!("cannot log: {error}")))?;
    let outcome = serve(&settings).await;
    telemetry.finish().await;
    outcome
}

async fn serve(settings: &MeshConfig) -> Result<()> {
    let mesh = Mesh::start(settings)
        .await
        .map_err(|error| start_error(&error))?;
    let shutdown = mesh.shutdown().clone();
    shutdown.on_signals().map_err(|error| {
        Error::new(
            Exit::INTERNAL,
            format!("cannot listen for signals: {error}"),
        )
    })?;
    let addresses = mesh.addresses();
    tracing::info!(
        catalog = %addresses.catalog,
        embedding = %addresses.embedding,
        alignment = %addresses.alignment,
        scoring = %addresses.scoring,
        data_dir = %settings.data_dir.display(),
        "serving"
    );
    shutdown.started().await;
    mesh.stop().await;
    match shutdown.complete().await {
        Stopped::Clean => Ok(()),
        Stopped::Cut { unfinished } => {
            tracing::warn!(
                unfinished,
                "stopped before all work had ended; it goes on at the next start"
            );
            Ok(())
        }
    }
}

fn load(args: &ServeArgs) -> std::result::Result<MeshConfig, ConfigErrors> {
    let mut sources =
        Sources::new().with_environment("SOPILOT_", RESERVED_VARIABLES, std::env::vars_os());
    if let Some(file) = &args.config {
        sources = sources.with_file(file);
    }
    if let Ok(filter) = std::env::var(LOG_VARIABLE) {
        sources = sources.with_overrides([format!("log.filter={filter}")]);
    }
    sources = sources.with_overrides(args.settings.iter().cloned());
    if let Some(folder) = &args.data_dir {
        sources = sources.with_overrides([format!("data_dir={folder}")]);
    }
    config::load(&sources)
}

fn config_error(errors: ConfigErrors) -> Error {
    let count = crate::text::counted(errors.problems.len(), "mistake");
    let message = format!("the configuration has {count}: correct all of them");
    Error {
        details: errors.problems,
        ..Error::new(Exit::CONFIG, message)
    }
}

/// What commands that end by themselves log: warnings, but for the attempts that failed in this
/// process and the connections that were tried again, which the command's own error tells.
const ONE_SHOT_FILTER: &str = "warn,sopilot_worker=error,sopilot_bus=error,lapin=off";

/// Logs of commands that end by themselves: what `SOPILOT_LOG` asks for, or little.
pub(crate) fn init_one_shot_logging(timings: StageTimings) -> Result<()> {
    let filter = std::env::var(LOG_VARIABLE).unwrap_or_else(|_| ONE_SHOT_FILTER.to_owned());
    let config = LogConfig {
        filter,
        ..LogConfig::default()
    };
    init_logging_with_timings(&config, timings)
        .map_err(|error| Error::new(Exit::CONFIG, format!("{LOG_VARIABLE}: {error}")))
}
