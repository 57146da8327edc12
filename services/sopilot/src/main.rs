//! The command line of SOPilot, and all services in one process.

mod arguments;
mod cli;
mod client;
mod commands;
mod dataset;
mod error;
mod evaluation;
mod exit;
mod interrupt;
mod local;
mod mesh;
mod output;
mod progress;
mod report;
mod retry;
mod scoring;
mod scratch;
mod steps;
mod table;
mod task;
mod text;
mod upload;
mod watch;
mod yaml;

fn main() -> std::process::ExitCode {
    cli::main()
}
