//! `sopilot score`: two files in, a report out, with no server.

mod timings;

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use sopilot_chassis::StageTimings;
use sopilot_proto::{
    catalog::v1::{MaskRegion, VideoRole},
    json,
    scoring::v1::ScoreReport,
};

use crate::{
    arguments::mask_region,
    error::Result,
    interrupt::Interrupt,
    local::LocalMesh,
    output,
    progress::Progress,
    report::{
        self,
        page::{Style, Target, of_score},
    },
    scoring::{Input, Scorer},
    scratch::Scratch,
    steps::Steps,
    task::{self, Differing},
    upload::{check_readable, file_name},
};

/// Score a trainee's video against a gold video, without a server
///
/// Starts all services inside this process for as long as it takes. Without --data-dir everything
/// is forgotten at the end; with it videos are kept, and a video that was ingested before is not
/// ingested again.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n{}", crate::steps::EXAMPLE))]
pub(crate) struct ScoreArgs {
    /// The procedure done right
    gold: PathBuf,
    /// The trainee doing it
    trainee: PathBuf,
    /// List of steps (YAML); without it steps are found in the gold
    #[arg(long, value_name = "FILE")]
    steps: Option<PathBuf>,
    /// Print only the report, as JSON (protobuf JSON mapping of sopilot.scoring.v1.ScoreReport)
    #[arg(long)]
    json: bool,
    /// Add measures for research to the report: intervals of the score, Kendall's tau, Hausdorff and
    /// Fréchet distance; they are always in the JSON
    #[arg(long)]
    research: bool,
    /// Keep videos and scores in this folder, and use what is there
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Hide a region of both videos from everyone: fractions of the picture, and black (default),
    /// blur or pixelate; may be given again
    #[arg(long, value_name = "X,Y,W,H[,STYLE]", value_parser = mask_region)]
    mask: Vec<MaskRegion>,
    /// The same, for the gold only
    #[arg(long, value_name = "X,Y,W,H[,STYLE]", value_parser = mask_region)]
    mask_gold: Vec<MaskRegion>,
    /// The same, for the trainee's video only
    #[arg(long, value_name = "X,Y,W,H[,STYLE]", value_parser = mask_region)]
    mask_trainee: Vec<MaskRegion>,
    /// Also write the report as a page or as PDF: a file that ends in .html or .pdf
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    style: Style,
    /// Tell on standard error where the time went
    #[arg(long)]
    timings: bool,
}

const EXAMPLES: &str = "\
Examples:
  sopilot score gold.mp4 trainee.mp4
  sopilot score gold.mp4 trainee.mp4 --steps steps.yaml --report report.html
  sopilot score gold.mp4 trainee.mp4 --steps steps.yaml --json > report.json
  sopilot score gold.mp4 trainee.mp4 --data-dir ~/sopilot --mask 0,0,0.3,0.2,blur
";

/// Runs the command.
pub(crate) async fn run(args: &ScoreArgs, scratch: &Scratch, timings: &StageTimings) -> Result<()> {
    let start = Instant::now();
    if args.report.is_none() {
        args.style.without_page()?;
    }
    check_readable(&args.gold)?;
    check_readable(&args.trainee)?;
    let steps = args.steps.as_deref().map(Steps::read).transpose()?;
    let page = args.report.as_deref();
    let page = page
        .map(|file| Target::new(file, &args.style))
        .transpose()?;
    let interrupt = Interrupt::with_scratch(scratch)?;
    match &args.data_dir {
        Some(folder) => interrupt.remains(
            &folder.display().to_string(),
            "what was done so far is kept: give the same command again to go on",
        ),
        None => interrupt.remains("nothing is kept", "with --data-dir it would be"),
    }
    // Not guarded: it is short, and a start that is cut off in the middle cannot be stopped.
    let mesh = LocalMesh::start(args.data_dir.as_deref(), scratch).await?;
    let outcome = interrupt
        .guard(Box::pin(work(args, steps.as_ref(), page.as_ref(), &mesh)))
        .await;
    mesh.stop().await;
    let made = outcome?;
    if args.timings {
        output::aside(&timings::told(timings, start.elapsed()));
    }
    if args.json {
        output::json(&json::to_value(&made))
    } else {
        let mut text = report::report(&made, made.verdict());
        if let Some(metrics) = made.research.as_ref().filter(|_| args.research) {
            text.push_str(&report::research(metrics));
        }
        output::text(&text)
    }
}

async fn work(
    args: &ScoreArgs,
    steps: Option<&Steps>,
    page: Option<&Target>,
    mesh: &LocalMesh,
) -> Result<ScoreReport> {
    let scorer = Scorer {
        catalog: mesh.catalog()?,
        progress: Progress::default(),
    };
    let name = task_name(args, steps);
    let task = task::ensure(&scorer.catalog, &name, steps, Differing::NewVersion).await?;
    let mask = |own: &[MaskRegion]| [&args.mask[..], own].concat();
    let (gold_mask, trainee_mask) = (mask(&args.mask_gold), mask(&args.mask_trainee));
    let gold = Input {
        path: &args.gold,
        role: VideoRole::Gold,
        mask: &gold_mask,
    };
    let trainee = Input {
        path: &args.trainee,
        role: VideoRole::Trainee,
        mask: &trainee_mask,
    };
    let (gold, trainee) = both(tokio::join!(
        scorer.ingest(&task, gold),
        scorer.ingest(&task, trainee)
    ))?;
    let made = scorer.score(&gold, &trainee).await?;
    if let Some(page) = page {
        let shown = of_score(&scorer.catalog, &made.job_id, page.has_pictures()).await?;
        page.write(&shown)?;
    }
    Ok(made)
}

/// Both results, or what is wrong with each.
fn both<T>(results: (Result<T>, Result<T>)) -> Result<(T, T)> {
    match results {
        (Ok(gold), Ok(trainee)) => Ok((gold, trainee)),
        (Err(gold), Err(trainee)) if gold != trainee => {
            let second = match trainee.reason {
                Some(reason) => format!("[{reason}] {}", trainee.message),
                None => trainee.message,
            };
            Err(gold.with_detail(second))
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// The task's name: as the list of steps says, or after its file, or after the gold.
fn task_name(args: &ScoreArgs, steps: Option<&Steps>) -> String {
    let stem = |path: &Path| {
        path.file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
    };
    steps
        .and_then(|steps| steps.task.clone())
        .or_else(|| args.steps.as_deref().and_then(stem))
        .or_else(|| stem(&args.gold))
        .unwrap_or_else(|| file_name(&args.gold))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Error, exit::Exit};

    #[test]
    fn mistakes_in_both_videos_are_both_told() {
        let error = |name: &str, code| Error::new(Exit(code), format!("{name}: bad"));
        let told = both::<()>((Err(error("gold", 11)), Err(error("trainee", 12)))).unwrap_err();
        assert_eq!(told.exit, Exit(11));
        assert_eq!(told.to_string(), "error: gold: bad\n  trainee: bad");
        assert_eq!(
            both((Ok(1), Err(error("trainee", 12)))).unwrap_err().exit,
            Exit(12)
        );
    }
}
