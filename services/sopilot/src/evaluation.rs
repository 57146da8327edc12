//! How well methods find deviations in labelled videos.

mod features;
mod results;

use std::sync::Arc;

use rayon::prelude::*;
use sopilot_baselines::{BaselineError, Gold, Method, Pair, Recording, Sopilot, shuffled_gold};
use sopilot_judge::{Prediction, TimeRange, Video};
use sopilot_procedure::{Clip, Step};
use sopilot_testkit::{
    DatasetOptions, Geometry, GoldStep, Order, Performance, Procedure, plan_dataset, simulate,
};

use crate::{
    dataset::{LabelledTask, LabelledVideo},
    error::{Error, Result},
    exit::Exit,
    progress::Bar,
};

pub(crate) use features::Features;
pub(crate) use results::Results;

/// The product against a gold whose clips are in random order: it must find nothing but chance.
pub(crate) const CONTROL: &str = "sopilot/shuffled-gold";

const SHUFFLE_SEED: u64 = 1;

/// Videos, and what each method made of them.
pub(crate) struct Predicted {
    pub(crate) videos: Vec<Video>,
    /// For each method, in their order, a prediction for each video.
    pub(crate) by_method: Vec<MethodPredictions>,
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
    /// Whether the control is run, too.
    pub(crate) control: bool,
    /// Where trainees count.
    pub(crate) bar: Bar,
}

/// One trainee, ready for every method.
struct Trainee {
    video: Video,
    recording: Recording,
}

impl Evaluation {
    /// What the methods make of a data set. Uses all cores; blocks.
    pub(crate) fn of_videos(
        &self,
        tasks: &[LabelledTask],
        features: &Features,
    ) -> Result<Predicted> {
        let tasks: Vec<_> = tasks
            .par_iter()
            .map(|task| {
                let gold = prepared(task.procedure.clone(), features.of(&task.gold)?);
                let gold = gold.map_err(|error| error.about(task.gold.display()))?;
                let read = |labelled: &LabelledVideo| -> Result<_> {
                    let trainee = Trainee {
                        video: task.video(labelled),
                        recording: features.of(&labelled.path)?,
                    };
                    self.predict(&gold, &trainee)
                };
                all(task.trainees.par_iter().map(read).collect())
            })
            .collect();
        Ok(self.gathered(all(tasks)?))
    }

    /// What the methods make of embeddings that no video stands behind. Uses all cores; blocks.
    pub(crate) fn of_simulated(&self, options: &DatasetOptions) -> Result<Predicted> {
        let geometry = Geometry::default();
        let tasks: Vec<_> = plan_dataset(options)
            .into_par_iter()
            .map(|plan| {
                let gold = Performance::gold(&plan.procedure);
                let gold_steps: Arc<[TimeRange]> =
                    gold.gold_steps().iter().map(|step| step.time).collect();
                let procedure = simulated_procedure(&plan.procedure);
                let gold = prepared(procedure, simulated(&gold, &geometry))?;
                let predict = |recording: &sopilot_testkit::Recording| {
                    let video = Video {
                        id: format!("{}/{}", plan.name, recording.name),
                        task: plan.name.clone(),
                        strata: recording.strata.clone(),
                        gold_steps: Arc::clone(&gold_steps),
                        truth: recording.performance.truth(),
                    };
                    let recording = simulated(&recording.performance, &geometry);
                    self.predict(&gold, &Trainee { video, recording })
                };
                all(plan.trainees.par_iter().map(predict).collect())
            })
            .collect();
        Ok(self.gathered(all(tasks)?))
    }

    /// The video, and what each method makes of it; last the control, if it is wanted.
    fn predict(&self, gold: &Gold, trainee: &Trainee) -> Result<(Video, Vec<Prediction>)> {
        let predicted = || -> std::result::Result<Vec<Prediction>, BaselineError> {
            let truth = Some(&trainee.video.truth);
            let pair = Pair::new(gold, &trainee.recording, truth)?;
            let mut predictions = Vec::with_capacity(self.methods.len() + 1);
            for method in &self.methods {
                predictions.push(method.predict(&pair)?);
            }
            if self.control {
                let shuffled = shuffled_gold(&pair, SHUFFLE_SEED)?;
                let pair = Pair::new(&shuffled, &trainee.recording, truth)?;
                predictions.push(Sopilot::FULL.predict(&pair)?);
            }
            Ok(predictions)
        };
        let predictions = predicted().map_err(|error| {
            Error::new(Exit::LABELS, error.to_string()).about(&trainee.video.id)
        })?;
        self.bar.one_more();
        Ok((trainee.video.clone(), predictions))
    }

    /// From a list for each task to a list for each method.
    fn gathered(&self, tasks: Vec<Vec<(Video, Vec<Prediction>)>>) -> Predicted {
        let mut by_method: Vec<MethodPredictions> = self
            .methods
            .iter()
            .map(|method| MethodPredictions::new(method.name(), method.about()))
            .collect();
        if self.control {
            by_method.push(MethodPredictions::new(CONTROL, "SOPilot against noise."));
        }
        let mut videos = Vec::new();
        for (video, predictions) in tasks.into_iter().flatten() {
            videos.push(video);
            for (method, prediction) in by_method.iter_mut().zip(predictions) {
                method.predictions.push(prediction);
            }
        }
        Predicted { videos, by_method }
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
