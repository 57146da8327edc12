//! The command line of a service.

use std::path::PathBuf;

use clap::{Args, Command, FromArgMatches};
use sopilot_chassis::{ConfigErrors, Sources, config};

use crate::Service;

/// Names the file of settings.
const CONFIG_VARIABLE: &str = "SOPILOT_CONFIG";

/// Variables of the command line and of the project's scripts, which are no settings.
const RESERVED_VARIABLES: &[&str] = &[
    CONFIG_VARIABLE,
    "SOPILOT_SERVER",
    "SOPILOT_LOG",
    "SOPILOT_SERVERS",
    "SOPILOT_BIN",
    "SOPILOT_BIN_DIR",
];

const HELP: &str = "\
Settings come from the defaults, then the file, then environment variables such as
SOPILOT_LOG__FORMAT=json (for log.format), then the flags. SIGTERM stops in good order, a second one
at once. Wrong settings end with exit code 78.";

/// What every service takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Settings (TOML)
    #[arg(long, value_name = "FILE", env = CONFIG_VARIABLE, global = true)]
    config: Option<PathBuf>,
    /// One setting, such as log.format=json; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE", global = true)]
    settings: Vec<String>,
    /// Print the settings in effect, as a file for --config and without secrets, and end
    #[arg(long, global = true)]
    pub(crate) print_config: bool,
}

impl Arguments {
    /// Reads the command line; answers the name of the command, too, if there is one. Ends the
    /// process where the command line is wrong or asks for help.
    pub(crate) fn parse<S: Service>() -> (Self, Option<String>) {
        let matches = command::<S>().get_matches();
        let arguments = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let name = matches.subcommand_name().map(str::to_owned);
        (arguments, name)
    }

    /// The settings in effect.
    pub(crate) fn settings<S: Service>(&self) -> Result<S::Config, ConfigErrors> {
        let mut sources =
            Sources::new().with_environment("SOPILOT_", RESERVED_VARIABLES, std::env::vars_os());
        if let Some(file) = &self.config {
            sources = sources.with_file(file);
        }
        config::load(&sources.with_overrides(self.settings.iter().cloned()))
    }
}

fn command<S: Service>() -> Command {
    let commands = S::COMMANDS
        .iter()
        .map(|(name, about)| Command::new(*name).about(*about));
    // What it is comes after the arguments, which have a description of their own.
    Arguments::augment_args(Command::new(S::PROGRAM))
        .about(S::ABOUT)
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(HELP)
        .subcommands(commands)
}
