//! Folders that a command fills.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::error::{Error, Result};

/// The folder at `path`, created if there is none; what somebody has put there is not overwritten.
pub(crate) fn new_or_empty(path: &Path, advice: &str) -> Result<PathBuf> {
    fs::create_dir_all(path).map_err(|error| Error::io(path, &error))?;
    let mut entries = fs::read_dir(path).map_err(|error| Error::io(path, &error))?;
    if entries.next().is_some() {
        let message = format!("{}: is not empty: {advice}", path.display());
        return Err(Error::usage(message));
    }
    Ok(path.to_owned())
}
