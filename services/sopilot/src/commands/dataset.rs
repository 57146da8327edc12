//! `sopilot dataset`: labelled videos to measure with.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use rayon::prelude::*;
use sopilot_testkit::{
    DatasetOptions, Recording, Split, TaskPlan, VideoError, plan_dataset, write_video,
};

use super::new_folder::new_or_empty;
use crate::{
    dataset::{STEPS_FILE, TRUTH_FILE, steps_yaml, truth_yaml},
    error::{Error, Result},
    exit::Exit,
    interrupt::Interrupt,
    output,
    progress::{Bar, Progress},
    text::counted,
};

/// Draw a data set: procedures, golds and trainees whose mistakes are known
///
/// Every task is a folder with a gold, trainees, a list of steps and truth.yaml, as `sopilot
/// evaluate` reads them. The same seed gives the same videos. Drawn videos measure whether the
/// logic works, not how well it does on real ones.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot dataset drawn                      # 4 tasks, about 80 trainees, some minutes
  sopilot dataset drawn --tasks 12 --rounds 2 --split reporting --seed 5
  sopilot dataset good --tasks 20 --split reporting --good-only
")]
pub(crate) struct DatasetArgs {
    /// Folder to fill; it must be new or empty
    folder: PathBuf,
    /// Everything follows from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Tasks of each style in each half
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    tasks: u16,
    /// Trainees of each kind of mistake in each task
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// Only one half; tasks of one half are never in the other
    #[arg(long, value_enum)]
    split: Option<Half>,
    /// Only trainees who make no mistake: to count false alarms on many of them
    #[arg(long)]
    good_only: bool,
}

/// A half of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Half {
    /// To choose constants by
    Tuning,
    /// To report how well that went
    Reporting,
}

/// Runs the command.
pub(crate) async fn run(args: &DatasetArgs) -> Result<()> {
    let interrupt = Interrupt::new()?;
    let folder = new_or_empty(&args.folder, "name a new folder")?;
    interrupt.remains(&folder.display().to_string(), "holds what was drawn so far");
    let mut plans = plan_dataset(&DatasetOptions {
        seed: args.seed,
        tasks: args.tasks.into(),
        rounds: args.rounds.into(),
        split: args.split.map(|half| match half {
            Half::Tuning => Split::Tuning,
            Half::Reporting => Split::Reporting,
        }),
    });
    if args.good_only {
        for plan in &mut plans {
            let is_good = |video: &Recording| video.performance.truth().deviations.is_empty();
            plan.trainees.retain(is_good);
        }
    }
    let videos: usize = plans.iter().map(|plan| 1 + plan.trainees.len()).sum();
    let message = format!(
        "{}: {}, {}\n",
        folder.display(),
        counted(plans.len(), "task"),
        counted(videos, "video")
    );
    let bar = Progress::default().count("drawing", videos);
    let drawn = tokio::task::spawn_blocking(move || {
        plans
            .par_iter()
            .try_for_each(|plan| draw_task(&folder, plan, &bar))
    });
    let drawn = async {
        drawn
            .await
            .map_err(|panic| Error::new(Exit::INTERNAL, panic.to_string()))?
    };
    interrupt.guard(drawn).await?;
    output::text(&message)
}

/// Draws a task's videos, then says what they show: a folder with a truth is whole.
fn draw_task(folder: &Path, plan: &TaskPlan, bar: &Bar) -> Result<()> {
    let folder = folder.join(&plan.name);
    fs::create_dir(&folder).map_err(|error| Error::io(&folder, &error))?;
    let videos: Vec<&Recording> = std::iter::once(&plan.gold).chain(&plan.trainees).collect();
    videos.par_iter().try_for_each(|video| {
        let path = folder.join(file_name(video));
        let drawn = write_video(&path, &video.performance, video.options, video.crf);
        bar.one_more();
        drawn.map_err(|error| not_drawn(&error))
    })?;
    write(&folder.join(STEPS_FILE), &steps_yaml(&plan.procedure))?;
    let names: Vec<String> = plan.trainees.iter().map(file_name).collect();
    let trainees = plan.trainees.iter().zip(&names);
    let trainees =
        trainees.map(|(video, name)| (name.as_str(), &video.strata, video.performance.truth()));
    let truth = truth_yaml(&plan.procedure, &file_name(&plan.gold), trainees);
    write(&folder.join(TRUTH_FILE), &truth)
}

fn file_name(video: &Recording) -> String {
    format!("{}.mp4", video.name)
}

fn not_drawn(error: &VideoError) -> Error {
    Error::new(Exit::IO, error.to_string())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|error| Error::io(path, &error))
}
