//! What a shell wants to know of this program: completions and manual pages.

use std::{fs, path::PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;

use crate::{
    error::{Error, Result},
    exit::Exit,
    output,
};

/// Print what makes a shell complete commands and options
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot completions bash > /etc/bash_completion.d/sopilot
  sopilot completions zsh > ~/.zfunc/_sopilot
")]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Write manual pages, one for each command
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot man ~/.local/share/man/man1
")]
pub(crate) struct ManArgs {
    /// Folder to write them into
    folder: PathBuf,
}

/// Runs `sopilot completions`.
pub(crate) fn completions(args: &CompletionsArgs, mut program: Command) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "sopilot", &mut script);
    let script =
        String::from_utf8(script).map_err(|error| Error::new(Exit::INTERNAL, error.to_string()))?;
    output::text(&script)
}

/// Runs `sopilot man`.
pub(crate) fn man(args: &ManArgs, program: Command) -> Result<()> {
    let folder = &args.folder;
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(program, folder))
        .map_err(|error| Error::io(folder, &error))?;
    output::text(&format!("Wrote manual pages into {}.\n", folder.display()))
}
