//! `sopilot evaluate`: how well deviations are found in videos whose mistakes are known.

mod strata;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::json;
use sopilot_baselines::{Control, Method};
use sopilot_embed::{Descriptor, Embedder as _};
use sopilot_judge::{Measures, table::Format};
use sopilot_procedure::CALIBRATION;
use sopilot_testkit::{DatasetOptions, Split, plan_dataset};

use strata::{Strata, chosen};

use super::new_folder::new_or_empty;
use crate::{
    dataset,
    error::{Error, Result},
    evaluation::{Evaluation, Features, Predicted, Results, embedder, simulated_strata},
    exit::Exit,
    interrupt::Interrupt,
    output,
    progress::Progress,
    text::counted,
};

/// Measure how well deviations are found in videos whose mistakes are known
///
/// Reads a data set (docs/dataset.md), lets SOPilot and other methods score every trainee on the
/// same features, and judges all of them by one rule (docs/accuracy.md). Intervals are 95 %
/// bootstrap over tasks.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot evaluate my-videos
  sopilot evaluate my-videos --method sopilot --by camera --by light
  sopilot evaluate my-videos --features features --report report
  sopilot evaluate --simulate 100
")]
pub(crate) struct EvaluateArgs {
    /// Folder of labelled videos
    #[arg(required_unless_present = "simulate", conflicts_with = "simulate")]
    dataset: Option<PathBuf>,
    /// Instead of videos, simulate embeddings of so many tasks of each style
    #[arg(long, value_name = "TASKS", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    simulate: Option<u16>,
    /// Seed of what is simulated
    #[arg(long, default_value_t = 1, requires = "simulate")]
    seed: u64,
    /// Only this method; may be repeated [default: all]
    #[arg(long, value_name = "NAME")]
    method: Vec<String>,
    /// Show results for each value of this stratum, too; may be repeated
    #[arg(long, value_name = "STRATUM")]
    by: Vec<String>,
    /// Only trainees with this value of a stratum; may be repeated
    #[arg(long = "where", value_name = "STRATUM=VALUE", value_parser = strata::value, conflicts_with = "simulate")]
    only: Vec<(String, String)>,
    /// Keep features in this folder, and use those that are there
    #[arg(long, value_name = "DIR", conflicts_with = "simulate")]
    features: Option<PathBuf>,
    /// Write results.json, tables.md and precision-recall.svg into this folder, which must be new
    /// or empty
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Print all measures as JSON
    #[arg(long)]
    json: bool,
    /// With --json or --report: list what each method made of each video
    #[arg(long)]
    videos: bool,
    /// Fail (exit code 1) if SOPilot's F1 over all kinds is less
    #[arg(long, value_name = "F1", value_parser = limit)]
    min_f1: Option<f64>,
    /// Fail (exit code 1) if SOPilot's area under the curve, good against any mistake, is less
    #[arg(long, value_name = "AREA", value_parser = limit)]
    min_auc: Option<f64>,
    /// Fail (exit code 1) if SOPilot reports a deviation in a larger share of the good videos
    #[arg(long, value_name = "SHARE", value_parser = limit)]
    max_false_alarms: Option<f64>,
}

/// Runs the command.
pub(crate) async fn run(args: &EvaluateArgs) -> Result<()> {
    let interrupt = Interrupt::new()?;
    let methods = methods(&args.method)?;
    if args.videos && !args.json && args.report.is_none() {
        let message = "--videos: tables do not list videos: add --json or --report";
        return Err(Error::usage(message));
    }
    let report = args.report.as_deref();
    let report = report.map(|path| new_or_empty(path, "name a new folder with --report"));
    let report = report.transpose()?;
    if let Some(kept) = &args.features {
        let remains = "holds the features made so far, which the next run uses";
        interrupt.remains(&kept.display().to_string(), remains);
    }
    let predicted = interrupt.guard(predict(args, methods)).await?;
    let results = Results::new(&predicted)?;
    if let Some(folder) = &report {
        write_report(folder, args, &predicted, &results)?;
    }
    if args.json {
        output::json(&document(args, &predicted, &results))?;
    } else {
        let text = head(&predicted) + &results.tables(&args.by, Format::Text);
        output::text(&text)?;
    }
    check_floor(args, results.ours())
}

/// All methods, or those that are named.
fn methods(names: &[String]) -> Result<Vec<Box<dyn Method>>> {
    let all = sopilot_baselines::all();
    for name in names {
        if !all.iter().any(|method| method.name() == name) {
            let known: Vec<&str> = all.iter().map(|method| method.name()).collect();
            let message = format!(
                "--method {name}: there is no such method: there are {}",
                known.join(", ")
            );
            return Err(Error::usage(message));
        }
    }
    let is_wanted =
        |method: &dyn Method| names.is_empty() || names.iter().any(|name| name == method.name());
    let wanted = all.into_iter().filter(|method| is_wanted(method.as_ref()));
    Ok(wanted.collect())
}

async fn predict(args: &EvaluateArgs, methods: Vec<Box<dyn Method>>) -> Result<Predicted> {
    let progress = Progress::default();
    let mut evaluation = Evaluation {
        methods,
        control: args.method.is_empty(),
        bar: progress.count("scoring", 0),
    };
    let work: Box<dyn FnOnce() -> Result<Predicted> + Send> = if let Some(folder) = &args.dataset {
        let tasks = chosen(dataset::read(folder)?, &args.only, &args.by)?;
        let features = features(args.features.as_deref())?;
        let count = tasks.iter().map(|task| task.trainees.len()).sum();
        evaluation.bar = progress.count("scoring", count);
        Box::new(move || evaluation.of_videos(&tasks, &features))
    } else {
        let options = DatasetOptions {
            seed: args.seed,
            tasks: args.simulate.unwrap_or(1).into(),
            rounds: 1,
            split: Some(Split::Reporting),
        };
        let plans = plan_dataset(&DatasetOptions {
            tasks: 1,
            ..options
        });
        let trainees = plans.iter().flat_map(|plan| &plan.trainees);
        let strata = trainees.map(|trainee| simulated_strata(&trainee.strata));
        Strata::of(strata).check(&args.by)?;
        Box::new(move || evaluation.of_simulated(&options))
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|panic| Error::new(Exit::INTERNAL, panic.to_string()))?
}

/// What turns videos into features, and keeps them.
fn features(kept: Option<&Path>) -> Result<Features> {
    let embedder = embedder()?;
    if let Some(folder) = kept {
        fs::create_dir_all(folder).map_err(|error| Error::io(folder, &error))?;
    }
    Ok(Features {
        embedder,
        kept: kept.map(Path::to_owned),
    })
}

/// What was measured, in a line; and what was not.
fn head(predicted: &Predicted) -> String {
    let tasks: BTreeSet<&str> = predicted.videos.iter().map(|video| &*video.task).collect();
    let good = predicted.videos.iter();
    let good = good.filter(|video| video.truth.deviations.is_empty());
    let left_out = predicted.left_out.map_or(String::new(), |control| {
        format!("{} is left out: it needs a second task\n", control.name())
    });
    format!(
        "{} of {}, {} of them without a mistake; calibration {CALIBRATION}\n{left_out}",
        counted(predicted.videos.len(), "trainee"),
        counted(tasks.len(), "task"),
        good.count()
    )
}

fn document(
    args: &EvaluateArgs,
    predicted: &Predicted,
    results: &Results<'_>,
) -> serde_json::Value {
    let embedder = args.dataset.as_ref().map(|_| {
        let descriptor = Descriptor::new();
        let info = descriptor.info();
        json!({"name": info.name, "version": info.version, "checksum": info.checksum})
    });
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "calibration": CALIBRATION,
        "embedder": embedder,
        "trainees": predicted.videos.len(),
        "left_out": predicted.left_out.map(Control::name),
        "methods": results.json(&args.by, args.videos),
    })
}

fn write_report(
    folder: &Path,
    args: &EvaluateArgs,
    predicted: &Predicted,
    results: &Results<'_>,
) -> Result<()> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| Error::io(&path, &error))
    };
    let document = document(args, predicted, results);
    write("results.json", &format!("{document:#}\n"))?;
    let tables = head(predicted) + &results.tables(&args.by, Format::Markdown);
    write("tables.md", &tables)?;
    write("precision-recall.svg", &results.plot()?)
}

/// An error that names every measure that is worse than the command line allows.
fn check_floor(args: &EvaluateArgs, ours: Option<&Measures>) -> Result<()> {
    let found = ours.and_then(|ours| ours.deviations.as_ref());
    let floors = [
        (
            "F1",
            args.min_f1,
            found.and_then(|found| found.overall.f1.value),
            false,
        ),
        (
            "area under the curve",
            args.min_auc,
            ours.and_then(|ours| ours.area_under_curve.any.value),
            false,
        ),
        (
            "share of good videos with a false alarm",
            args.max_false_alarms,
            found.and_then(|found| found.false_alarms.share_of_videos),
            true,
        ),
    ];
    let mut told = Vec::new();
    for (what, limit, value, less_is_better) in floors {
        let Some(limit) = limit else { continue };
        let holds = value.is_some_and(|value| {
            if less_is_better {
                value <= limit
            } else {
                value >= limit
            }
        });
        if !holds {
            let value = value.map_or("undefined".to_owned(), |value| format!("{value:.3}"));
            told.push(format!("{what} is {value}, {limit} was demanded"));
        }
    }
    if told.is_empty() {
        Ok(())
    } else {
        Err(Error::new(Exit::BELOW_FLOOR, told.join("; ")))
    }
}

/// Reads a limit. Against a number that is none everything would fail.
fn limit(text: &str) -> std::result::Result<f64, String> {
    match text.parse() {
        Ok(limit) if f64::is_finite(limit) => Ok(limit),
        _ => Err("write a number such as 0.5".to_owned()),
    }
}
