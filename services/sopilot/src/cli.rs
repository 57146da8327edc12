//! The command line: which commands there are, and how the process ends.

use std::{process::ExitCode, time::Duration};

use clap::{CommandFactory as _, Parser, Subcommand};
use sopilot_chassis::StageTimings;

use crate::{
    commands::{
        dataset::{self, DatasetArgs},
        demo::{self, DemoArgs},
        dlq::{self, DlqCommand},
        doctor::{self, DoctorArgs},
        evaluate::{self, EvaluateArgs},
        jobs::{self, JobCommand},
        report::{self, ReportArgs},
        results::{self, ResultCommand},
        score::{self, ScoreArgs},
        serve::{self, ServeArgs},
        shell::{self, CompletionsArgs, ManArgs},
        sop::{self, SopCommand},
        tasks::{self, TaskCommand},
        videos::{self, VideoCommand},
        watch_folder::{self, WatchArgs},
    },
    error::{Error, Result},
    exit::{self, Exit},
    scratch::Scratch,
};

/// Says which log lines are shown.
pub(crate) const LOG_VARIABLE: &str = "SOPILOT_LOG";

/// Names the file of settings.
pub(crate) const CONFIG_VARIABLE: &str = "SOPILOT_CONFIG";

/// Environment variables that begin like settings and are none.
pub(crate) const RESERVED_VARIABLES: &[&str] = &[
    CONFIG_VARIABLE,
    LOG_VARIABLE,
    "SOPILOT_SERVER",
    // Of the project's scripts.
    "SOPILOT_SERVERS",
    "SOPILOT_BIN",
    "SOPILOT_BIN_DIR",
];

/// How long work that does not notice the end of the process is waited for.
const LAST_WORK: Duration = Duration::from_secs(2);

/// Tells how well a trainee's video follows a procedure that a gold video shows done right
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, after_help = HELP, after_long_help = format!("{HELP}\n{}", exit::reference()))]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const HELP: &str = "\
Two files and no server:   sopilot score gold.mp4 trainee.mp4 --steps steps.yaml
See it work first:         sopilot demo --keep demo

Log lines go to standard error; SOPILOT_LOG=debug shows more of them. `sopilot --help` lists the
exit codes.
";

#[derive(Debug, Subcommand)]
enum Command {
    Score(ScoreArgs),
    Report(ReportArgs),
    #[command(subcommand)]
    Sop(SopCommand),
    Demo(DemoArgs),
    Evaluate(EvaluateArgs),
    Dataset(DatasetArgs),
    #[command(subcommand)]
    Task(TaskCommand),
    #[command(subcommand)]
    Video(VideoCommand),
    #[command(subcommand)]
    Job(JobCommand),
    #[command(subcommand)]
    Result(ResultCommand),
    #[command(subcommand)]
    Dlq(DlqCommand),
    Watch(WatchArgs),
    Serve(ServeArgs),
    Doctor(DoctorArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// Runs what the command line asks for, and tells on standard error why it could not.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return end(&Error::new(
                Exit::INTERNAL,
                format!("cannot start threads: {error}"),
            ));
        }
    };
    let scratch = Scratch::default();
    let outcome = runtime.block_on(run(&cli.command, &scratch));
    runtime.shutdown_timeout(LAST_WORK);
    scratch.remove_all();
    outcome.map_or_else(|error| end(&error), |()| ExitCode::SUCCESS)
}

async fn run(command: &Command, scratch: &Scratch) -> Result<()> {
    let timings = StageTimings::default();
    if !matches!(command, Command::Serve(_)) {
        serve::init_one_shot_logging(timings.clone())?;
    }
    match command {
        Command::Score(args) => Box::pin(score::run(args, scratch, &timings)).await,
        Command::Evaluate(args) => evaluate::run(args).await,
        Command::Dataset(args) => dataset::run(args).await,
        Command::Report(args) => Box::pin(report::run(args)).await,
        Command::Sop(command) => sop::run(command).await,
        Command::Demo(args) => Box::pin(demo::run(args, scratch)).await,
        Command::Watch(args) => watch_folder::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Completions(args) => shell::completions(args, Cli::command()),
        Command::Man(args) => shell::man(args, Cli::command()),
        Command::Serve(args) => serve::run(args).await,
        Command::Task(command) => tasks::run(command).await,
        Command::Video(command) => videos::run(command).await,
        Command::Job(command) => jobs::run(command).await,
        Command::Result(command) => results::run(command).await,
        Command::Dlq(command) => dlq::run(command).await,
    }
}

fn end(error: &Error) -> ExitCode {
    if !error.is_broken_pipe() {
        use std::io::Write as _;
        // Nobody is left to tell if standard error is closed.
        let _ = writeln!(anstream::stderr(), "{error}");
    }
    ExitCode::from(error.exit.0)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// Every command that does something, with the words that lead to it.
    fn leaves(command: &clap::Command, words: &str, found: &mut Vec<(String, clap::Command)>) {
        for below in command.get_subcommands() {
            let words = format!("{words} {}", below.get_name());
            if below.has_subcommands() {
                assert!(below.get_about().is_some(), "{words}");
                leaves(below, &words, found);
            } else {
                found.push((words, below.clone()));
            }
        }
    }

    #[test]
    fn every_command_has_a_purpose_and_examples() {
        let mut commands = Vec::new();
        leaves(&Cli::command(), "sopilot", &mut commands);
        assert!(commands.len() > 15);
        for (words, command) in commands {
            assert!(command.get_about().is_some(), "{words}");
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains(&format!("Examples:\n  {words}")),
                "{words}: {help}"
            );
        }
    }

    #[test]
    fn the_long_help_lists_the_exit_codes() {
        let help = Cli::command().render_long_help().to_string();
        assert!(help.contains(" 11  NOT_A_VIDEO"), "{help}");
    }
}
