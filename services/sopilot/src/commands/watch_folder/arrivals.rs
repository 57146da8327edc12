//! Which files of a folder are new and whole.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use super::{FAILED, PROCESSED};
use crate::arguments::Role;

/// A file that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) path: PathBuf,
    /// Name of its task.
    pub(super) task: String,
    pub(super) role: Role,
    state: State,
}

impl Arrival {
    /// Whether the file at its path is still the one that arrived.
    pub(super) fn is_unchanged(&self) -> bool {
        state_of(&self.path).is_ok_and(|state| state == self.state)
    }
}

/// What a look at the folder found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// In the order of their paths.
    pub(super) whole: Vec<Arrival>,
    /// How many files may still be growing.
    pub(super) unsettled: usize,
    /// What is no file at a place that says task and role, each told once.
    pub(super) misplaced: Vec<PathBuf>,
}

/// Looks at a folder again and again.
pub(super) struct Arrivals {
    folder: PathBuf,
    settle: Duration,
    /// Since when a file is as it is.
    seen: HashMap<PathBuf, (State, Instant)>,
    told: HashSet<PathBuf>,
    /// What was tried in vain, as it was then.
    given_up: HashMap<PathBuf, State>,
}

/// What changes when a file grows, or another takes its name.
type State = (u64, Option<SystemTime>, u64);

fn state_of(path: &Path) -> io::Result<State> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.len(), metadata.modified().ok(), metadata.ino()))
}

impl Arrivals {
    pub(super) fn new(folder: &Path, settle: Duration) -> Self {
        Self {
            folder: folder.to_owned(),
            settle,
            seen: HashMap::new(),
            told: HashSet::new(),
            given_up: HashMap::new(),
        }
    }

    /// Does not name a file again until it changes.
    pub(super) fn give_up(&mut self, arrival: &Arrival) {
        self.given_up.insert(arrival.path.clone(), arrival.state);
    }

    pub(super) fn look(&mut self) -> io::Result<Found> {
        let mut found = Found::default();
        let mut now_there = HashMap::new();
        for task in entries(&self.folder)? {
            if task.name == PROCESSED || task.name == FAILED {
                continue;
            }
            if task.kind != Shape::Folder {
                self.misplaced(task.path, &mut found);
                continue;
            }
            for role in entries(&task.path)? {
                match (role.kind, Role::named(&role.name)) {
                    (Shape::Folder, Some(known)) => {
                        for file in entries(&role.path)? {
                            if file.kind != Shape::File {
                                self.misplaced(file.path, &mut found);
                                continue;
                            }
                            // A file that is gone again is no arrival.
                            let Ok(state) = state_of(&file.path) else {
                                continue;
                            };
                            let arrival = Arrival {
                                path: file.path,
                                task: task.name.clone(),
                                role: known,
                                state,
                            };
                            self.arrived(arrival, &mut now_there, &mut found);
                        }
                    }
                    _ => self.misplaced(role.path, &mut found),
                }
            }
        }
        self.seen = now_there;
        Ok(found)
    }

    fn arrived(
        &self,
        arrival: Arrival,
        now_there: &mut HashMap<PathBuf, (State, Instant)>,
        found: &mut Found,
    ) {
        let state = arrival.state;
        if self.given_up.get(&arrival.path) == Some(&state) {
            return;
        }
        let since = match self.seen.get(&arrival.path) {
            Some((before, since)) if *before == state => *since,
            _ => Instant::now(),
        };
        now_there.insert(arrival.path.clone(), (state, since));
        if since.elapsed() >= self.settle {
            found.whole.push(arrival);
        } else {
            found.unsettled += 1;
        }
    }

    fn misplaced(&mut self, path: PathBuf, found: &mut Found) {
        if self.told.insert(path.clone()) {
            found.misplaced.push(path);
        }
    }
}

struct Entry {
    path: PathBuf,
    name: String,
    kind: Shape,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    File,
    Folder,
    /// A symbolic link, which may lead anywhere, or a pipe, a device and the like.
    Other,
}

/// What a folder holds, sorted; without hidden files.
fn entries(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        if !name.starts_with('.') {
            entries.push(Entry {
                path: entry.path(),
                name,
                kind: if kind.is_dir() {
                    Shape::Folder
                } else if kind.is_file() {
                    Shape::File
                } else {
                    Shape::Other
                },
            });
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, path: &str, bytes: &str) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn places_say_task_and_role() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "pack/gold/a.mp4",
            "pack/trainee/b.mp4",
            "pack/trainee/.b.mp4.part",
            "pack/audit/deep/c.mp4",
            "pack/other/d.mp4",
            "e.mp4",
            "processed/pack/gold/f.mp4",
            "failed/pack/gold/g.mp4",
        ] {
            put(folder.path(), path, "x");
        }
        for link in ["pack/gold/link.mp4", "pack/gold/.hidden.mp4", "link"] {
            let target = folder.path().join("processed/pack/gold/f.mp4");
            std::os::unix::fs::symlink(target, folder.path().join(link)).unwrap();
        }
        let mut arrivals = Arrivals::new(folder.path(), Duration::ZERO);
        let found = arrivals.look().unwrap();
        let whole: Vec<_> = (found.whole.iter())
            .map(|arrival| {
                (
                    arrival.task.as_str(),
                    arrival.role.name(),
                    arrival.path.file_name().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            whole,
            [
                ("pack", "gold", "a.mp4".as_ref()),
                ("pack", "trainee", "b.mp4".as_ref())
            ]
        );
        let misplaced = [
            folder.path().join("e.mp4"),
            folder.path().join("link"),
            folder.path().join("pack/audit/deep"),
            folder.path().join("pack/gold/link.mp4"),
            folder.path().join("pack/other"),
        ];
        assert_eq!(found.misplaced, misplaced);
        assert_eq!(
            arrivals.look().unwrap().misplaced,
            [""; 0].map(PathBuf::from)
        );
    }

    #[test]
    fn a_file_that_changes_is_not_whole() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "pack/gold/a.mp4", "x");
        let mut arrivals = Arrivals::new(folder.path(), Duration::from_hours(1));
        let found = arrivals.look().unwrap();
        assert_eq!((found.whole.len(), found.unsettled), (0, 1));
        // As if it had been seen long ago, and then grew.
        arrivals.settle = Duration::ZERO;
        assert_eq!(arrivals.look().unwrap().whole.len(), 1);
        arrivals.settle = Duration::from_hours(1);
        put(folder.path(), "pack/gold/a.mp4", "xy");
        assert_eq!(arrivals.look().unwrap().unsettled, 1);
    }

    #[test]
    fn another_file_under_the_same_name_is_another_arrival() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "pack/gold/a.mp4", "one");
        let mut arrivals = Arrivals::new(folder.path(), Duration::ZERO);
        let first = arrivals.look().unwrap().whole.remove(0);
        assert!(first.is_unchanged());
        arrivals.give_up(&first);
        assert_eq!(arrivals.look().unwrap().whole, []);
        put(folder.path(), "other", "two");
        fs::rename(folder.path().join("other"), &first.path).unwrap();
        assert!(!first.is_unchanged());
        assert_eq!(arrivals.look().unwrap().whole.len(), 1);
    }
}
