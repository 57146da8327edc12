//! Labelled videos: a folder for each task, in it a gold, trainees, a list of steps and
//! `truth.yaml`, which says what the trainees did. docs/dataset.md describes the format.

mod file;
mod write;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use sopilot_judge::{Segment, TimeRange, Truth, Video};
use sopilot_procedure::{Procedure, Step};

use crate::{
    error::{Error, Result},
    exit::Exit,
    steps::Steps,
};

pub(crate) use write::{steps_yaml, truth_yaml};

/// Name of the file that makes a folder a task.
pub(crate) const TRUTH_FILE: &str = "truth.yaml";
/// Name of the list of steps that is written, and read unless the truth names another.
pub(crate) const STEPS_FILE: &str = "steps.yaml";

/// How much may come after the last clip.
const TAIL_S: f64 = 2.0;

/// The labelled videos of one task.
#[derive(Debug, Clone)]
pub(crate) struct LabelledTask {
    /// As the folder is called.
    pub(crate) name: String,
    /// What is to be done; every step has its time in the gold.
    pub(crate) procedure: Procedure,
    /// When the gold shows each step.
    pub(crate) gold_steps: Arc<[TimeRange]>,
    /// The procedure done right.
    pub(crate) gold: PathBuf,
    /// Others doing it.
    pub(crate) trainees: Vec<LabelledVideo>,
}

/// One trainee's video, and what it shows.
#[derive(Debug, Clone)]
pub(crate) struct LabelledVideo {
    /// As the truth calls it.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// By what results can be grouped.
    pub(crate) strata: BTreeMap<String, String>,
    /// What was done when, and every mistake.
    pub(crate) truth: Truth,
}

impl LabelledTask {
    /// One of the task's trainees, to be judged.
    pub(crate) fn video(&self, trainee: &LabelledVideo) -> Video {
        Video {
            id: format!("{}/{}", self.name, trainee.name),
            task: self.name.clone(),
            strata: trainee.strata.clone(),
            gold_steps: Arc::clone(&self.gold_steps),
            truth: trainee.truth.clone(),
        }
    }
}

impl LabelledVideo {
    /// Refuses labels that are not of this video, whose last clip ends after so many seconds: nobody
    /// could find what they tell.
    pub(crate) fn check_times(&self, seconds: f64) -> Result<()> {
        let done = self.truth.steps_done.iter().map(Segment::time);
        let deviations = self.truth.deviations.iter();
        let times = done.chain(deviations.filter_map(|told| told.trainee_time));
        let beyond = times
            .map(|time| time.start_s)
            .find(|&start_s| start_s > seconds + TAIL_S);
        let Some(start_s) = beyond else { return Ok(()) };
        let message = format!(
            "{}: {TRUTH_FILE} tells of something at {start_s} s, but the video ends at about {seconds:.1} s: correct the times (seconds or m:ss.s) or name the right video",
            self.path.display()
        );
        Err(Error::new(Exit::LABELS, message))
    }
}

/// Reads a data set: the task in `folder`, or those in the folders in it, in the order of their
/// names. Mistakes in all of its tasks are told together.
pub(crate) fn read(folder: &Path) -> Result<Vec<LabelledTask>> {
    let folders = task_folders(folder)?;
    if folders.is_empty() {
        let message = format!(
            "{}: there is no {TRUTH_FILE} here or in the folders in it: see docs/dataset.md for what a data set is, or make one with `sopilot dataset`",
            folder.display()
        );
        return Err(Error::new(Exit::NO_INPUT, message));
    }
    let (tasks, errors): (Vec<_>, Vec<_>) = folders
        .iter()
        .map(|folder| read_task(folder))
        .partition(Result::is_ok);
    let mut errors = errors.into_iter().filter_map(Result::err);
    if let Some(first) = errors.next() {
        return Err(errors.fold(first, |told, error| told.with_detail(error.to_string())));
    }
    Ok(tasks.into_iter().flatten().collect())
}

fn task_folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let has_truth = |folder: &Path| folder.join(TRUTH_FILE).is_file();
    if has_truth(folder) {
        return Ok(vec![folder.to_owned()]);
    }
    if folder.is_file() {
        let message = format!(
            "{}: is a file: name the folder that it is in",
            folder.display()
        );
        return Err(Error::new(Exit::NO_INPUT, message));
    }
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| Error::io(folder, &error))? {
        let path = entry.map_err(|error| Error::io(folder, &error))?.path();
        if has_truth(&path) {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

fn read_task(folder: &Path) -> Result<LabelledTask> {
    let labels = file::Labels::read(&folder.join(TRUTH_FILE))?;
    let steps = Steps::read(&folder.join(labels.steps_file()))?;
    let (procedure, gold_steps) = procedure(&steps)?;
    let names: Vec<&str> = procedure
        .steps
        .iter()
        .map(|step| step.name.as_str())
        .collect();
    let read = labels.resolve(folder, &names)?;
    let absolute = fs::canonicalize(folder).map_err(|error| Error::io(folder, &error))?;
    let name = absolute
        .file_name()
        .map_or_else(|| "task".to_owned(), |name| name.to_string_lossy().into());
    Ok(LabelledTask {
        name,
        procedure,
        gold_steps,
        gold: read.gold,
        trainees: read.trainees,
    })
}

/// The procedure of a list of steps, all of which must have their times: labels are about these
/// steps, not about ones that are found.
fn procedure(steps: &Steps) -> Result<(Procedure, Arc<[TimeRange]>)> {
    let procedure = steps.validated()?;
    if procedure.steps.iter().any(|step| step.parent.is_some()) {
        return Err(steps.mistake(
            "some steps have parts: labels are about one level of steps, so list the parts in place of their step",
        ));
    }
    let time = |step: &Step| {
        step.gold_time.map(|time| TimeRange {
            start_s: time.start_s,
            end_s: time.end_s,
        })
    };
    let times: Option<Arc<[TimeRange]>> = procedure.steps.iter().map(time).collect();
    match times {
        Some(times) if !times.is_empty() => Ok((procedure, times)),
        _ => Err(steps.mistake("give `start` and `end` of every step: labels refer to them")),
    }
}

#[cfg(test)]
mod tests;
