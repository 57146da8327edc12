//! How well methods find deviations in labelled videos.

mod features;
mod results;

use std::{collections::BTreeMap, sync::Arc};

use rayon::prelude::*;
use sopilot_baselines::{
    BaselineError, Control, ControlGold, Gold, Method, Pair, Recording, another_task,
};
use sopilot_judge::{Prediction, TimeRange, Video};
use sopilot_procedure::{Clip, Step};
use sopilot_testkit::{
    DatasetOptions, Geometry, GoldStep, Order, Performance, Procedure, TaskPlan, plan_dataset,
    simulate,
};

use crate::{
    dataset::{LabelledTask, LabelledVideo},
    error::{Error, Result},
    exit::Exit,
    progress::Bar,
};

pub(crate) use features::{Features, embed, embedder};
pub(crate) use results::Results;

/// Videos, and what each method made of them.
pub(crate) struct Predicted {
    pub(crate) videos: Vec<Video>,
    /// For each method, in their order, a prediction for each video.
    pub(crate) by_method: Vec<MethodPredictions>,
    /// The control that was left out, because it needs a second task.
    pub(crate) left_out: Option<Control>,
}

/// What one method made of the videos.
pub(crate) struct MethodPredictions {
    pub(crate) name: String,
    /// What it does, in one line.
    pub(crate) about: String,
    pub(crate) predictions: Vec<Prediction>,
}

/// What is evaluated.
pub(crate) struct Evaluation {
    pub(crate) methods: Vec<Box<dyn Method>>,
    /// Whether the controls are run, too.
    pub(crate) control: bool,
    /// Where trainees count.
    pub(crate) bar: Bar,
}

/// What the trainees of one task are compared with.
struct Golds {
    own: Gold,
    /// One for each control, in their order.
    controls: Vec<ControlGold>,
}

/// One trainee, ready for every method.
struct Trainee {
    video: Video,
    recording: Recording,
}

/// The video, and what each method makes of it; last the controls.
type Judgable = (Video, Vec<Prediction>);

impl Evaluation {
    /// What the methods make of a data set. Uses all cores; blocks.
    pub(crate) fn of_videos(
        &self,
        tasks: &[LabelledTask],
        features: &Features,
    ) -> Result<Predicted> {
        let gold = |task: &LabelledTask| {
            let gold = prepared(task.procedure.clone(), features.of(&task.gold)?);
            gold.map_err(|error| error.about(task.gold.display()))
        };
        let golds: Vec<Result<Gold>> = tasks.par_iter().map(gold).collect();
        let of_task = |(index, task): (usize, &LabelledTask)| {
            let own = golds[index].clone()?;
            // If the other gold is broken, its own task says so.
            let another = another_task(index, tasks.len()).filter(|_| self.control);
            let another = another.and_then(|other| golds[other].clone().ok());
            let golds = self.with_controls(own, another)?;
            let read = |labelled: &LabelledVideo| -> Result<_> {
                let recording = features.of(&labelled.path)?;
                labelled.check_times(seconds(&recording))?;
                let video = task.video(labelled);
                self.predict(&golds, &Trainee { video, recording })
            };
            all(task.trainees.par_iter().map(read).collect())
        };
        let predicted: Vec<_> = tasks.par_iter().enumerate().map(of_task).collect();
        Ok(self.gathered(all(predicted)?))
    }

    /// What the methods make of embeddings that no video stands behind. Uses all cores; blocks.
    pub(crate) fn of_simulated(&self, options: &DatasetOptions) -> Result<Predicted> {
        let geometry = Geometry::default();
        let plans = plan_dataset(options);
        let gold = |plan: &TaskPlan| {
            let gold = Performance::gold(&plan.procedure);
            let procedure = simulated_procedure(&plan.procedure);
            prepared(procedure, simulated(&gold, &geometry))
        };
        let of_task = |(index, plan): (usize, &TaskPlan)| {
            let gold_steps = Performance::gold(&plan.procedure).gold_steps();
            let gold_steps: Arc<[TimeRange]> = gold_steps.iter().map(|step| step.time).collect();
            // Simulated anew, for golds of thousands of tasks would fill the memory.
            let another = another_task(index, plans.len()).filter(|_| self.control);
            let another = another.map(|other| gold(&plans[other])).transpose()?;
            let golds = self.with_controls(gold(plan)?, another)?;
            let predict = |recording: &sopilot_testkit::Recording| {
                let video = Video {
                    id: format!("{}/{}", plan.name, recording.name),
                    task: plan.name.clone(),
                    strata: simulated_strata(&recording.strata),
                    gold_steps: Arc::clone(&gold_steps),
                    truth: recording.performance.truth(),
                };
                let recording = simulated(&recording.performance, &geometry);
                self.predict(&golds, &Trainee { video, recording })
            };
            all(plan.trainees.par_iter().map(predict).collect())
        };
        let predicted: Vec<_> = plans.par_iter().enumerate().map(of_task).collect();
        Ok(self.gathered(all(predicted)?))
    }

    fn with_controls(&self, own: Gold, another: Option<Gold>) -> Result<Golds> {
        let mut controls = Vec::new();
        if self.control {
            let shuffled = ControlGold::shuffled(&own);
            controls.push(shuffled.map_err(|error| Error::new(Exit::LABELS, error.to_string()))?);
            controls.extend(another.map(|gold| ControlGold::of_another_task(&own, gold)));
        }
        Ok(Golds { own, controls })
    }

    fn predict(&self, golds: &Golds, trainee: &Trainee) -> Result<Judgable> {
        let predicted = || -> std::result::Result<Vec<Prediction>, BaselineError> {
            let truth = Some(&trainee.video.truth);
            let pair = Pair::new(&golds.own, &trainee.recording, truth)?;
            let ours = self.methods.iter().map(|method| method.predict(&pair));
            let controls = golds.controls.iter();
            ours.chain(controls.map(|gold| gold.predict(&trainee.recording)))
                .collect()
        };
        let predictions = predicted().map_err(|error| {
            Error::new(Exit::LABELS, error.to_string()).about(&trainee.video.id)
        })?;
        self.bar.one_more();
        Ok((trainee.video.clone(), predictions))
    }

    /// From a list for each task to a list for each method.
    fn gathered(&self, tasks: Vec<Vec<Judgable>>) -> Predicted {
        let controls = if self.control {
            Control::of_tasks(tasks.len())
        } else {
            &[]
        };
        let methods = self.methods.iter();
        let mut by_method: Vec<MethodPredictions> = methods
            .map(|method| (method.name(), method.about()))
            .chain(controls.iter().map(|one| (one.name(), one.about())))
            .map(|(name, about)| MethodPredictions::new(name, about))
            .collect();
        let mut videos = Vec::new();
        for (video, predictions) in tasks.into_iter().flatten() {
            videos.push(video);
            for (method, prediction) in by_method.iter_mut().zip(predictions) {
                method.predictions.push(prediction);
            }
        }
        let is_left_out = self.control && !controls.contains(&Control::AnotherTask);
        Predicted {
            videos,
            by_method,
            left_out: is_left_out.then_some(Control::AnotherTask),
        }
    }
}

impl MethodPredictions {
    fn new(name: &str, about: &str) -> Self {
        Self {
            name: name.to_owned(),
            about: about.to_owned(),
            predictions: Vec::new(),
        }
    }
}

fn prepared(procedure: sopilot_procedure::Procedure, recording: Recording) -> Result<Gold> {
    Gold::new(procedure, recording).map_err(|error| Error::new(Exit::LABELS, error.to_string()))
}

/// All values, or all that went wrong: of a thousand videos one wants to hear of every broken one.
fn all<T>(results: Vec<Result<T>>) -> Result<Vec<T>> {
    let mut values = Vec::with_capacity(results.len());
    let mut first: Option<Error> = None;
    for result in results {
        match (result, &mut first) {
            (Ok(value), _) => values.push(value),
            (Err(error), None) => first = Some(error),
            (Err(error), Some(first)) => {
                first.details.push(error.message);
                first.details.extend(error.details);
            }
        }
    }
    first.map_or(Ok(values), Err)
}

/// When the last clip ends.
fn seconds(recording: &Recording) -> f64 {
    recording.clips.last().map_or(0.0, |clip| clip.end_s)
}

/// The strata of a trainee who is simulated: nothing is seen of how the video would be recorded.
pub(crate) fn simulated_strata(strata: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut strata = strata.clone();
    for recorded in ["camera", "light", "performer", "scene"] {
        strata.remove(recorded);
    }
    strata
}

/// Embeddings instead of a video.
fn simulated(performance: &Performance, geometry: &Geometry) -> Recording {
    let sequence = simulate(performance, geometry);
    let clips = sequence.clips.iter();
    Recording {
        rows: sequence.rows,
        dim: sequence.dim,
        clips: clips
            .map(|&(start_s, end_s)| Clip::new(start_s, end_s))
            .collect(),
    }
}

/// The procedure as scoring sees it.
fn simulated_procedure(procedure: &Procedure) -> sopilot_procedure::Procedure {
    let steps = Performance::gold(procedure).gold_steps();
    let step = |step: &GoldStep| Step {
        gold_time: Some(sopilot_procedure::TimeRange {
            start_s: step.time.start_s,
            end_s: step.time.end_s,
        }),
        critical: step.critical,
        ..Step::named(step.name.clone())
    };
    sopilot_procedure::Procedure {
        steps: steps.iter().map(step).collect(),
        order: match procedure.order() {
            Order::Sequential => sopilot_procedure::Order::Sequential,
            Order::Partial(pairs) => sopilot_procedure::Order::Partial(pairs.clone()),
        },
        ..sopilot_procedure::Procedure::default()
    }
}
