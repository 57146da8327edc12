//! `sopilot sop`: a list of steps, before anybody is scored by it.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use sopilot_dtw::{MatrixView, Side};
use sopilot_embed::{Descriptor, Embedder as _};
use sopilot_procedure::{Clip, LintFinding, PreparedGold, Procedure, prepare};

use super::new_folder::new_or_empty;
use crate::{
    error::{Error, Result},
    evaluation::{embed, embedder},
    exit::Exit,
    interrupt::Interrupt,
    output::{self, Output},
    progress::Progress,
    steps::{self, Steps},
    text::{clock, counted, safe},
    upload::{check_readable, file_name},
};

/// Lists of steps (YAML): propose one from a gold, check one, say what a gold makes of it
#[derive(Debug, Subcommand)]
pub(crate) enum SopCommand {
    Init(InitArgs),
    Check(CheckArgs),
    Lint(LintArgs),
    Schema(SchemaArgs),
}

/// Propose steps from a gold: a list to edit, and a picture of each step
///
/// Steps are found where the activity changes. Give them names, move their times, merge or split
/// them; then `sopilot sop lint` says what the gold makes of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot sop init gold.mp4
  sopilot sop init gold.mp4 --file assembly.yaml --no-pictures
")]
pub(crate) struct InitArgs {
    /// The procedure done right
    gold: PathBuf,
    /// Where to write the list; it must not exist yet
    #[arg(long, value_name = "FILE", default_value = "steps.yaml")]
    file: PathBuf,
    /// Write no pictures beside it
    #[arg(long)]
    no_pictures: bool,
}

/// Find every mistake in a list of steps, with line and column
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot sop check steps.yaml
")]
pub(crate) struct CheckArgs {
    /// The list of steps
    file: PathBuf,
}

/// Say what will make scores unreliable with these steps in this gold
///
/// Steps that look alike, that are too short, time that belongs to no step, and clips that cannot
/// be seen well.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot sop lint steps.yaml gold.mp4
  sopilot sop lint steps.yaml gold.mp4 --strict
")]
pub(crate) struct LintArgs {
    /// The list of steps
    file: PathBuf,
    /// The gold that its times are about
    gold: PathBuf,
    /// End with 1 if anything is found
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    output: Output,
}

/// Print the JSON Schema of lists of steps, for editors
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot sop schema > steps.schema.json
")]
pub(crate) struct SchemaArgs {}

/// Runs `sopilot sop`.
pub(crate) async fn run(command: &SopCommand) -> Result<()> {
    match command {
        SopCommand::Init(args) => init(args).await,
        SopCommand::Check(args) => check(args),
        SopCommand::Lint(args) => lint(args).await,
        SopCommand::Schema(SchemaArgs {}) => output::text(steps::SCHEMA),
    }
}

/// Wide enough to see what is done, small enough for a folder of them.
const PICTURE_WIDTH: u32 = 480;

async fn init(args: &InitArgs) -> Result<()> {
    check_readable(&args.gold)?;
    if args.file.exists() {
        let message = format!(
            "{}: exists: name a new file with --file, so that nothing is lost",
            args.file.display()
        );
        return Err(Error::usage(message));
    }
    let width = (!args.no_pictures).then_some(PICTURE_WIDTH);
    let seen = Seen::look_at(&args.gold, width).await?;
    let gold = seen.prepared(&Procedure::default())?;
    let folder = args.file.with_extension("pictures");
    if width.is_some() {
        new_or_empty(&folder, "move it away, or give --no-pictures")?;
        for (place, step) in gold.steps.iter().enumerate() {
            let middle = usize::midpoint(step.clips.start as usize, step.clips.end as usize);
            if let Some(jpeg) = seen.pictures.get(middle) {
                write(&folder.join(picture_name(place)), jpeg)?;
            }
        }
    }
    let named = |place| width.map(|_| format!("{}/{}", file_name(&folder), picture_name(place)));
    write(&args.file, proposal(&args.gold, &gold, named).as_bytes())?;
    output::text(&format!(
        "Wrote {}: {} found. Give them names, then: sopilot sop lint {} {}\n",
        args.file.display(),
        counted(gold.steps.len(), "step"),
        args.file.display(),
        args.gold.display()
    ))
}

fn picture_name(place: usize) -> String {
    format!("step-{:02}.jpg", place + 1)
}

/// The list as somebody would begin it.
fn proposal(
    gold: &Path,
    found: &PreparedGold,
    picture: impl Fn(usize) -> Option<String>,
) -> String {
    let stem = gold
        .file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into());
    let mut yaml = format!(
        "# Proposed from {}: give the steps names, correct their times.\n# All fields: docs/steps-file.md and sopilot sop schema\ntask: {}\nsteps:\n",
        safe(&file_name(gold)),
        Value::from(stem)
    );
    for (place, step) in found.steps.iter().enumerate() {
        let shown = picture(place).map_or_else(String::new, |name| format!("  # {}", safe(&name)));
        // Writing to a String cannot fail.
        let _ = writeln!(
            yaml,
            "  - name: {}{shown}\n    start: {:.1}\n    end: {:.1}",
            step.name, step.time.start_s, step.time.end_s
        );
    }
    yaml
}

fn check(args: &CheckArgs) -> Result<()> {
    let procedure = Steps::read_complete(&args.file)?.validated()?;
    let critical = procedure.steps.iter().filter(|step| step.critical).count();
    output::text(&format!(
        "{}: {}, {critical} of them critical; nothing is wrong.\n",
        args.file.display(),
        counted(procedure.steps.len(), "step")
    ))
}

async fn lint(args: &LintArgs) -> Result<()> {
    let procedure = Steps::read(&args.file)?.validated()?;
    check_readable(&args.gold)?;
    let seen = Seen::look_at(&args.gold, None).await?;
    let gold = seen.prepared(&procedure)?;
    let for_people = || told(&gold.lint, &procedure);
    args.output.print(|| for_programs(&gold), for_people)?;
    if args.strict && !gold.lint.is_empty() {
        let found = counted(gold.lint.len(), "finding");
        return Err(Error::new(
            Exit::BELOW_FLOOR,
            format!("{}: {found}", args.file.display()),
        ));
    }
    Ok(())
}

fn told(findings: &[LintFinding], procedure: &Procedure) -> String {
    if findings.is_empty() {
        return "Nothing about this gold will make scores unreliable.\n".to_owned();
    }
    findings.iter().fold(String::new(), |mut text, finding| {
        let _ = writeln!(text, "{}", safe(&finding.message));
        for step in finding
            .steps
            .iter()
            .filter_map(|&step| procedure.steps.get(step as usize))
        {
            if let Some(time) = step.gold_time {
                let (start, end) = (clock(time.start_s), clock(time.end_s));
                let _ = writeln!(text, "  {start} – {end}  {}", safe(&step.name));
            }
        }
        text
    })
}

/// The findings as on the wire.
fn for_programs(gold: &PreparedGold) -> Value {
    let gold = sopilot_proto::json::to_value(&sopilot_wire::wire_prepared_gold(gold));
    json!({ "findings": gold["lint"] })
}

/// A gold as the embedder sees it.
struct Seen {
    rows: Vec<f32>,
    clips: Vec<Clip>,
    pictures: Vec<Bytes>,
}

impl Seen {
    async fn look_at(gold: &Path, picture_width: Option<u32>) -> Result<Self> {
        let embedder = embedder()?;
        let bar = Progress::default().job("looking");
        let path = gold.to_owned();
        let work = tokio::task::spawn_blocking(move || {
            embed(&embedder, &path, picture_width, |done| {
                bar.fraction(done, "embedding");
            })
        });
        let work = async {
            work.await
                .map_err(|panic| Error::new(Exit::INTERNAL, panic.to_string()))?
        };
        let seen = Interrupt::new()?.guard(work).await?;
        Ok(Self {
            rows: seen.embeddings,
            clips: sopilot_wire::clips(&seen.clips),
            pictures: seen.thumbnails,
        })
    }

    fn prepared(&self, procedure: &Procedure) -> Result<PreparedGold> {
        let dim = Descriptor::new().info().dim;
        let failed =
            |message: String| Error::because(sopilot_chassis::Reason::StepListInvalid, message);
        let view = MatrixView::new(Side::Gold, self.clips.len(), dim, &self.rows)
            .map_err(|error| failed(error.to_string()))?;
        prepare(&view, &self.clips, procedure, &[]).map_err(|error| failed(error.to_string()))
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(|error| Error::io(path, &error))
}
