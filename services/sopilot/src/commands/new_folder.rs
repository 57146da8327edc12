//! Folders that a command fills.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    exit::Exit,
};

/// The folder at `path`, created if there is none; what somebody has put there is not overwritten.
pub(crate) fn new_or_empty(path: &Path, advice: &str) -> Result<PathBuf> {
    fs::create_dir_all(path).map_err(|error| not_made(path, &error, advice))?;
    let mut entries = fs::read_dir(path).map_err(|error| not_made(path, &error, advice))?;
    if entries.next().is_some() {
        let message = format!("{}: is not empty: {advice}", path.display());
        return Err(Error::usage(message));
    }
    Ok(path.to_owned())
}

/// Whatever the reason, nothing can be written there.
fn not_made(path: &Path, error: &io::Error, advice: &str) -> Error {
    match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            Error::usage(format!("{}: is no folder: {advice}", path.display()))
        }
        _ => Error {
            exit: Exit::IO,
            ..Error::io(path, error)
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [file.clone(), file.join("within")] {
            let error = new_or_empty(&path, "name another").unwrap_err();
            assert_eq!(error.exit, Exit::USAGE);
            assert!(
                error.message.ends_with("is no folder: name another"),
                "{error}"
            );
        }
    }

    #[test]
    fn where_nothing_can_be_written_it_is_writing_that_fails() {
        let error = new_or_empty(Path::new("/proc/nothing/here"), "name another").unwrap_err();
        assert_eq!(error.exit, Exit::IO);
        assert!(error.message.contains("/proc/nothing"), "{error}");
    }
}
