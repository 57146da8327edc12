//! `sopilot demo`: videos with known mistakes, scored.

mod cases;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use futures::future::try_join_all;
use serde_json::{Value, json};
use sopilot_judge::Truth;
use sopilot_proto::{
    catalog::v1::{Video, VideoRole},
    scoring::v1::ScoreReport,
};
use sopilot_testkit::{Procedure, RenderOptions, USUAL_CRF, write_video};
use tokio::sync::Semaphore;

use self::cases::{Case, cases, told};
use super::new_folder::new_or_empty;
use crate::{
    client::Catalog,
    dataset::{STEPS_FILE, TRUTH_FILE, steps_yaml, truth_yaml},
    error::{Error, Result},
    exit::Exit,
    interrupt::Interrupt,
    local::LocalMesh,
    output,
    progress::Progress,
    report::page::{Style, Target, of_score},
    scoring::{Input, Scorer},
    scratch::Scratch,
    steps::Steps,
    task::{self, Differing, Ensured},
};

/// Make videos with known mistakes, score them, and show what was found
///
/// Draws a gold and several trainees at a bench, each with mistakes that are put in on purpose,
/// scores them as `sopilot score` does, and prints both side by side.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot demo
  sopilot demo --server http://127.0.0.1:7410
  sopilot demo --keep demo   # then: sopilot score demo/gold.mp4 demo/forgot-a-step.mp4 --steps demo/steps.yaml
")]
pub(crate) struct DemoArgs {
    /// Leave videos, list of steps, truth and reports in this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Score on the mesh whose catalog is at this address, instead of in this process
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Print truths and reports as JSON
    #[arg(long)]
    json: bool,
}

/// Small enough to be drawn and looked at in seconds.
const OPTIONS: RenderOptions = RenderOptions {
    width: 320,
    height: 180,
    fps: 15,
};

/// Everything the demonstration does follows from this.
const SEED: u64 = 7;

/// Runs the command.
pub(crate) async fn run(args: &DemoArgs, scratch: &Scratch) -> Result<()> {
    let interrupt = Interrupt::with_scratch(scratch)?;
    let folder = match &args.keep {
        Some(kept) => new_or_empty(kept, "name a new folder with --keep")?,
        None => scratch.folder("sopilot-demo-")?,
    };
    if let Some(kept) = &args.keep {
        interrupt.remains(&kept.display().to_string(), "holds what was made so far");
    }
    let outcome = if let Some(server) = &args.server {
        let catalog = Catalog::connect(server)?;
        interrupt.guard(work(&folder, catalog)).await
    } else {
        let mesh = LocalMesh::start(None, scratch).await?;
        let outcome = match mesh.catalog() {
            Ok(catalog) => interrupt.guard(work(&folder, catalog)).await,
            Err(error) => Err(error),
        };
        mesh.stop().await;
        outcome
    };
    let shown = outcome?;
    if args.json {
        return output::json(&shown.iter().map(Shown::to_json).collect());
    }
    let mut text = String::new();
    for (index, shown) in shown.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { "\n" });
        text.push_str(&told(&shown.case, &shown.truth, &shown.report));
    }
    if let Some(kept) = &args.keep {
        let example = shown
            .iter()
            .find(|shown| !shown.truth.deviations.is_empty());
        let name = example.map_or("gold", |shown| shown.case.name);
        let page = example.map_or_else(String::new, |shown| page_name(&shown.case));
        let folder = kept.display();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "\nEverything is in {folder}. Open a report in a browser:\n  {folder}/{page}\nTry next:\n  sopilot score {folder}/gold.mp4 {folder}/{name}.mp4 --steps {folder}/steps.yaml --report report.html"
        );
    }
    output::text(&text)
}

/// A trainee, with what was done and what was found.
struct Shown {
    case: Case,
    truth: Truth,
    report: ScoreReport,
}

impl Shown {
    fn to_json(&self) -> Value {
        json!({
            "name": self.case.name,
            "truth": self.truth,
            "report": sopilot_proto::json::to_value(&self.report),
        })
    }
}

async fn work(folder: &Path, catalog: Catalog) -> Result<Vec<Shown>> {
    let procedure = Procedure::demo(SEED);
    let cases = cases(&procedure).map_err(|error| Error::new(Exit::INTERNAL, error.to_string()))?;
    // Drawing and coding a video takes a core each.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let stage = Stage {
        folder,
        drawing: Arc::new(Semaphore::new(cores)),
        scorer: Scorer {
            catalog,
            progress: Progress::default(),
        },
    };
    let (gold_case, trainees) = cases.split_first().expect("the gold is the first case");
    stage.draw(gold_case).await?;
    let yaml = folder.join(STEPS_FILE);
    write(&yaml, &steps_yaml(&procedure))?;
    write(&folder.join(TRUTH_FILE), &truth(&procedure, trainees))?;
    let steps = Steps::read(&yaml)?;
    let catalog = &stage.scorer.catalog;
    let task = task::ensure(
        catalog,
        procedure.name(),
        Some(&steps),
        Differing::NewVersion,
    )
    .await?;
    let gold = stage.ingest(&task, gold_case, VideoRole::Gold).await?;
    try_join_all(trainees.iter().map(|case| stage.show(&task, &gold, case))).await
}

/// What it takes to draw and score.
struct Stage<'a> {
    folder: &'a Path,
    drawing: Arc<Semaphore>,
    scorer: Scorer,
}

impl Stage<'_> {
    async fn show(&self, task: &Ensured, gold: &Video, case: &Case) -> Result<Shown> {
        self.draw(case).await?;
        let trainee = self.ingest(task, case, VideoRole::Trainee).await?;
        let report = self.scorer.score(gold, &trainee).await?;
        let value = sopilot_proto::json::to_value(&report);
        write(
            &self.folder.join(format!("{}.report.json", case.name)),
            &format!("{value:#}\n"),
        )?;
        let page = self.folder.join(page_name(case));
        let page = Target::new(&page, &Style::default())?;
        page.write(&of_score(&self.scorer.catalog, &report.job_id, page.has_pictures()).await?)?;
        Ok(Shown {
            case: case.clone(),
            truth: case.performance.truth(),
            report,
        })
    }

    /// Draws a case's video.
    async fn draw(&self, case: &Case) -> Result<()> {
        let permit = Arc::clone(&self.drawing).acquire_owned().await;
        let bar = self.scorer.progress.job(&format!("drawing {}", case.name));
        let (path, performance) = (self.video(case), case.performance.clone());
        let drawn = tokio::task::spawn_blocking(move || {
            write_video(&path, &performance, OPTIONS, USUAL_CRF)
        });
        drawn
            .await
            .map_err(|panic| Error::new(Exit::INTERNAL, panic.to_string()))?
            .map_err(|error| Error::new(Exit::IO, error.to_string()))?;
        drop((permit, bar));
        Ok(())
    }

    async fn ingest(&self, task: &Ensured, case: &Case, role: VideoRole) -> Result<Video> {
        self.scorer
            .ingest(
                task,
                Input {
                    path: &self.video(case),
                    role,
                    mask: &[],
                },
            )
            .await
    }

    fn video(&self, case: &Case) -> PathBuf {
        self.folder.join(format!("{}.mp4", case.name))
    }
}

fn page_name(case: &Case) -> String {
    format!("{}.report.html", case.name)
}

/// What the trainees did, as `sopilot evaluate` reads it.
fn truth(procedure: &Procedure, trainees: &[Case]) -> String {
    let videos: Vec<_> = trainees
        .iter()
        .map(|case| (format!("{}.mp4", case.name), case.performance.truth()))
        .collect();
    let strata = BTreeMap::new();
    let videos = videos
        .iter()
        .map(|(video, truth)| (video.as_str(), &strata, truth.clone()));
    truth_yaml(procedure, "gold.mp4", videos)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|error| Error::io(path, &error))
}
