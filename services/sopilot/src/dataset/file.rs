//! `truth.yaml` as people write it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_saphyr::Spanned;
use sopilot_judge::{DeviationKind, Segment, TimeRange, TrueDeviation, Truth};

use super::{LabelledVideo, STEPS_FILE};
use crate::{
    error::Result,
    exit::Exit,
    yaml::{self, Found, Kind, Time, place, seconds},
};

/// How mistakes in labels are told.
const KIND: Kind = Kind {
    name: "truth",
    exit: Exit::LABELS,
    reason: None,
    // A thousand trainees with fifteen steps each need a third.
    max_bytes: 16 << 20,
    advice: "docs/dataset.md shows a whole one",
};

/// A file of labels, before names are resolved.
#[derive(Debug)]
pub(super) struct Labels {
    name: String,
    file: File,
}

/// What the file says about the videos beside it.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) gold: PathBuf,
    pub(super) trainees: Vec<LabelledVideo>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    gold: Spanned<String>,
    #[serde(default)]
    steps: Option<String>,
    /// Of all trainees.
    #[serde(default)]
    strata: BTreeMap<String, String>,
    trainees: Vec<Spanned<Trainee>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trainee {
    video: String,
    #[serde(default)]
    strata: BTreeMap<String, String>,
    #[serde(default)]
    steps_done: Vec<Spanned<Done>>,
    #[serde(default)]
    deviations: Vec<Spanned<Deviation>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Done {
    step: String,
    start: Spanned<Time>,
    end: Spanned<Time>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deviation {
    kind: DeviationKind,
    #[serde(default)]
    step: Option<String>,
    #[serde(default)]
    swapped_with: Option<String>,
    #[serde(default)]
    jumped_over: Vec<String>,
    #[serde(default)]
    start: Option<Spanned<Time>>,
    #[serde(default)]
    end: Option<Spanned<Time>>,
}

impl Labels {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = yaml::text_of(&KIND, path)?;
        Self::parse(&path.display().to_string(), &text)
    }

    pub(super) fn parse(name: &str, text: &str) -> Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            file: yaml::read(&KIND, name, text)?,
        })
    }

    /// The list of steps, relative to the folder.
    pub(super) fn steps_file(&self) -> &str {
        self.file.steps.as_deref().unwrap_or(STEPS_FILE)
    }

    /// Finds videos and steps by their names, or tells every mistake.
    pub(super) fn resolve(self, folder: &Path, steps: &[&str]) -> Result<Resolved> {
        let mut reader = Reader {
            steps,
            folder,
            found: Found::new(&KIND, &self.name),
        };
        let gold = reader.video(&self.file.gold.value, place(&self.file.gold));
        let mut trainees: Vec<LabelledVideo> = Vec::with_capacity(self.file.trainees.len());
        for trainee in &self.file.trainees {
            let read = reader.trainee(trainee, &self.file.strata);
            if trainees.iter().any(|other| other.name == read.name) {
                let message = format!("video {} is listed twice: remove one", read.name);
                reader.found.add(place(trainee), message);
            }
            trainees.push(read);
        }
        if trainees.is_empty() {
            let message = "no trainees: list at least one";
            reader.found.add(place(&self.file.gold), message);
        }
        reader.found.none_or_all()?;
        Ok(Resolved { gold, trainees })
    }
}

/// Turns names into places, and collects what is wrong.
struct Reader<'a> {
    steps: &'a [&'a str],
    folder: &'a Path,
    found: Found<'a>,
}

impl Reader<'_> {
    fn trainee(
        &mut self,
        spanned: &Spanned<Trainee>,
        strata: &BTreeMap<String, String>,
    ) -> LabelledVideo {
        let trainee = &spanned.value;
        let mut strata = strata.clone();
        strata.extend(trainee.strata.clone());
        LabelledVideo {
            name: trainee.video.clone(),
            path: self.video(&trainee.video, place(spanned)),
            strata,
            truth: self.truth(trainee),
        }
    }

    fn truth(&mut self, trainee: &Trainee) -> Truth {
        let mut steps_done: Vec<Segment> = Vec::with_capacity(trainee.steps_done.len());
        for done in &trainee.steps_done {
            let place = place(done);
            let time = self.range(&done.value.start, &done.value.end, place);
            let segment = Segment {
                step: self.step(&done.value.step, place),
                start_s: time.start_s,
                end_s: time.end_s,
            };
            if steps_done
                .last()
                .is_some_and(|last| last.end_s > segment.start_s)
            {
                let message = "begins before the step above has ended: list steps in order of time, without overlap";
                self.found.add(place, message);
            }
            steps_done.push(segment);
        }
        let deviations = trainee.deviations.iter();
        Truth {
            steps_done,
            deviations: deviations
                .map(|deviation| self.deviation(deviation))
                .collect(),
        }
    }

    fn deviation(&mut self, spanned: &Spanned<Deviation>) -> TrueDeviation {
        let (place, told) = (place(spanned), &spanned.value);
        let is_extra = told.kind == DeviationKind::ExtraActivity;
        let is_order = told.kind == DeviationKind::OutOfOrder;
        if is_extra == told.step.is_some() {
            let message = if is_extra {
                "an extra activity belongs to no step: remove `step`"
            } else {
                "which step? Add `step`"
            };
            self.found.add(place, message);
        }
        if is_extra && told.start.is_none() {
            self.found
                .add(place, "when? Add `start` and `end` of the extra activity");
        }
        if !is_order && (told.swapped_with.is_some() || !told.jumped_over.is_empty()) {
            let message = "`swapped_with` and `jumped_over` belong to out_of_order: remove them";
            self.found.add(place, message);
        }
        let trainee_time = match (&told.start, &told.end) {
            (Some(start), Some(end)) => Some(self.range(start, end, place)),
            (None, None) => None,
            _ => {
                let message = "has only one of `start` and `end`: give both or none";
                self.found.add(place, message);
                None
            }
        };
        let mut step = |name: &String| self.step(name, place);
        TrueDeviation {
            kind: told.kind,
            gold_step: told.step.as_ref().map(&mut step),
            swapped_with: told.swapped_with.as_ref().map(&mut step),
            jumped_over: told.jumped_over.iter().map(&mut step).collect(),
            trainee_time,
        }
    }

    /// The place of a step in the list; 0 for an unknown one, which is then among what was found.
    fn step(&mut self, name: &str, place: (u64, u64)) -> usize {
        let index = self.steps.iter().position(|step| *step == name);
        index.unwrap_or_else(|| {
            let message = format!(
                "there is no step called \"{name}\": write the name as in the list of steps"
            );
            self.found.add(place, message);
            0
        })
    }

    fn range(
        &mut self,
        start: &Spanned<Time>,
        end: &Spanned<Time>,
        place: (u64, u64),
    ) -> TimeRange {
        let start_s = seconds(start, &mut self.found);
        let end_s = seconds(end, &mut self.found);
        if !(start_s >= 0.0 && start_s < end_s && end_s.is_finite()) {
            let message = format!(
                "{start_s} to {end_s} s is no stretch of time: `start` must be at least 0, and `end` after it"
            );
            self.found.add(place, message);
        }
        TimeRange { start_s, end_s }
    }

    fn video(&mut self, name: &str, place: (u64, u64)) -> PathBuf {
        let path = self.folder.join(name);
        if !path.is_file() {
            let message = format!("{}: there is no such file: check the name", path.display());
            self.found.add(place, message);
        }
        path
    }
}
