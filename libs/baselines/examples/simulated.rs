//! All methods on simulated embeddings whose mistakes are known.
//!
//! `cargo run --release -p sopilot-baselines --example simulated [tasks] [rounds] [shift] [tuning]`
//!
//! `tasks` procedures of each style with one trainee a kind of mistake and
//! round; `shift` is how differently trainees are recorded
//! ([`Geometry::with_shift`]). `tuning` takes the other half of the data set:
//! look there, not at the half that is reported, when changing a method.
//! Numbers are of this geometry only, not of videos.
#![allow(clippy::print_stdout, reason = "an example reports to the terminal")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sopilot_baselines::{
    BaselineError, Control, ControlGold, Gold, Method, Pair, Recording, all, another_task,
};
use sopilot_judge::table::{Format, details, overview};
use sopilot_judge::{Judge, Measures, Options, Prediction, TimeRange, Video};
use sopilot_procedure as procedure;
use sopilot_testkit::{
    DatasetOptions, Geometry, Order, Performance, Split, TaskPlan, plan_dataset, simulate,
};

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<f64> = std::env::args()
        .filter_map(|word| word.parse().ok())
        .collect();
    let number = |index: usize, default: f64| numbers.get(index).copied().unwrap_or(default);
    let split = if std::env::args().any(|word| word == "tuning") {
        Split::Tuning
    } else {
        Split::Reporting
    };
    let plans = plan_dataset(&DatasetOptions {
        seed: 1,
        tasks: number(0, 12.0) as usize,
        rounds: number(1, 2.0) as usize,
        split: Some(split),
    });
    let geometry = Geometry::default().with_shift(number(2, 1.0) as f32);
    let mut study = Study::new(geometry, plans.len());
    for (index, plan) in plans.iter().enumerate() {
        let another = another_task(index, plans.len()).map(|other| &plans[other]);
        study.add_task(plan, another)?;
    }
    study.report()
}

/// What every method made of every video.
struct Study {
    geometry: Geometry,
    methods: Vec<Box<dyn Method>>,
    /// One for each method, then one for each control.
    rows: Vec<Row>,
    videos: Vec<Video>,
}

/// What one method, or one control, made of every video.
struct Row {
    name: &'static str,
    predictions: Vec<Prediction>,
    time: Duration,
}

impl Study {
    fn new(geometry: Geometry, tasks: usize) -> Self {
        let methods = all();
        let names = methods.iter().map(|method| method.name());
        let controls = Control::of_tasks(tasks).iter().map(|one| one.name());
        let rows = names.chain(controls).map(|name| Row {
            name,
            predictions: Vec::new(),
            time: Duration::ZERO,
        });
        Self {
            geometry,
            rows: rows.collect(),
            methods,
            videos: Vec::new(),
        }
    }

    fn add_task(
        &mut self,
        plan: &TaskPlan,
        another: Option<&TaskPlan>,
    ) -> Result<(), Box<dyn Error>> {
        let gold = self.gold(plan)?;
        let mut controls = vec![ControlGold::shuffled(&gold)?];
        if let Some(another) = another {
            controls.push(ControlGold::of_another_task(&gold, self.gold(another)?));
        }
        let gold_steps: Arc<[TimeRange]> = plan
            .gold
            .performance
            .gold_steps()
            .iter()
            .map(|step| step.time)
            .collect();
        for video in &plan.trainees {
            let trainee = self.recording(&video.performance);
            let truth = video.performance.truth();
            let pair = Pair::new(&gold, &trainee, Some(&truth))?;
            let (ours, others) = self.rows.split_at_mut(self.methods.len());
            for (row, method) in ours.iter_mut().zip(&self.methods) {
                row.add(|| method.predict(&pair))?;
            }
            for (row, control) in others.iter_mut().zip(&controls) {
                row.add(|| control.predict(&trainee))?;
            }
            self.videos.push(Video {
                id: format!("{}/{}", plan.name, video.name),
                task: plan.name.clone(),
                strata: video.strata.clone(),
                gold_steps: gold_steps.clone(),
                truth,
            });
        }
        Ok(())
    }

    fn gold(&self, plan: &TaskPlan) -> Result<Gold, Box<dyn Error>> {
        let performance = &plan.gold.performance;
        let steps = performance
            .gold_steps()
            .into_iter()
            .map(|step| procedure::Step {
                gold_time: Some(procedure::TimeRange {
                    start_s: step.time.start_s,
                    end_s: step.time.end_s,
                }),
                critical: step.critical,
                ..procedure::Step::named(step.name)
            });
        let order = match plan.procedure.order() {
            Order::Sequential => procedure::Order::Sequential,
            Order::Partial(pairs) => procedure::Order::Partial(pairs.clone()),
        };
        let procedure = procedure::Procedure {
            steps: steps.collect(),
            order,
            ..procedure::Procedure::default()
        };
        Ok(Gold::new(procedure, self.recording(performance))?)
    }

    fn recording(&self, performance: &Performance) -> Recording {
        let made = simulate(performance, &self.geometry);
        let clip = |&(start_s, end_s): &(f64, f64)| procedure::Clip::new(start_s, end_s);
        Recording {
            clips: made.clips.iter().map(clip).collect(),
            rows: made.rows,
            dim: made.dim,
        }
    }

    fn report(&self) -> Result<(), Box<dyn Error>> {
        let judge = Judge::new(&self.videos, Options::default())?;
        let measures = self
            .rows
            .iter()
            .map(|row| Ok(judge.judge(&row.predictions)?.measures()))
            .collect::<Result<Vec<Measures>, Box<dyn Error>>>()?;
        let rows: Vec<(&str, &Measures)> = self
            .rows
            .iter()
            .map(|row| row.name)
            .zip(&measures)
            .collect();
        println!("{}", overview(&rows, Format::Markdown));
        println!("{}", details(&rows, Format::Markdown));
        for (row, measures) in self.rows.iter().zip(&measures) {
            let areas = measures.area_under_curve.by_kind.iter();
            let areas: Vec<String> = areas
                .map(|(kind, area)| format!("{kind} {:.2}", area.value.unwrap_or(f64::NAN)))
                .collect();
            let ms = row.time.as_secs_f64() * 1e3 / self.videos.len() as f64;
            println!(
                "AUC of {} ({ms:.2} ms/video): {}",
                row.name,
                areas.join(", ")
            );
        }
        Ok(())
    }
}

impl Row {
    fn add(
        &mut self,
        predict: impl FnOnce() -> Result<Prediction, BaselineError>,
    ) -> Result<(), BaselineError> {
        let start = Instant::now();
        self.predictions.push(predict()?);
        self.time += start.elapsed();
        Ok(())
    }
}
