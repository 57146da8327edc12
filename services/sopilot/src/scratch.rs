//! Temporary folders, removed when nothing can write to them any more.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::error::{Error, Result};

/// All temporary folders of the process. Clones are the same.
///
/// Work that was cut off may write a file, and create the folder for it, until the runtime has
/// ended; so folders live until [`remove_all`](Self::remove_all), or in a panic until the last clone
/// is dropped.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scratch {
    folders: Arc<Folders>,
}

impl Scratch {
    /// A new folder, which only this user can read.
    pub(crate) fn folder(&self, prefix: &str) -> Result<PathBuf> {
        let folder = tempfile::Builder::new()
            .prefix(prefix)
            .tempdir()
            .map_err(|error| Error::io(&std::env::temp_dir(), &error).about("no temporary folder"))?
            .keep();
        self.folders.lock().push(folder.clone());
        Ok(folder)
    }

    /// Removes every folder. Does so again for a while where a program that is still ending, such
    /// as ffmpeg, adds a file meanwhile.
    pub(crate) fn remove_all(&self) {
        self.folders.remove();
    }
}

#[derive(Debug, Default)]
struct Folders(Mutex<Vec<PathBuf>>);

impl Folders {
    fn lock(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self) {
        for folder in self.lock().drain(..) {
            if let Err(error) = remove(&folder) {
                tracing::warn!(folder = %folder.display(), %error, "cannot remove the temporary folder");
            }
        }
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        self.remove();
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    let mut removed = fs::remove_dir_all(folder);
    for _ in 0..20 {
        if removed.is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(50));
        removed = fs::remove_dir_all(folder);
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_exist_until_all_are_removed() {
        let scratch = Scratch::default();
        let folders = [scratch.folder("a-").unwrap(), scratch.folder("b-").unwrap()];
        fs::write(folders[0].join("file"), "x").unwrap();
        assert!(folders.iter().all(|folder| folder.is_dir()));
        scratch.clone().remove_all();
        assert!(!folders.iter().any(|folder| folder.exists()));
    }
}
