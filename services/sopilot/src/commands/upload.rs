//! `sopilot video upload`: a file becomes a video of a server.

use std::path::PathBuf;

use clap::Args;
use sopilot_proto::{
    catalog::v1::{MaskRegion, Video, VideoMetadata},
    json,
};

use crate::{
    arguments::{Role, Server, mask_region},
    client::Catalog,
    commands::videos::details,
    error::Result,
    interrupt::Interrupt,
    output::Output,
    progress::Progress,
    steps::Steps,
    task::{self, Differing},
    text::safe,
    upload::{self, Source, Target, check_readable, file_name},
    watch,
};

/// Upload a video to a server
///
/// Creates the task if it does not exist. After a break give the same command again: it goes on
/// where it stopped, and a file that is there already is not uploaded again.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n{}", crate::steps::EXAMPLE))]
pub(crate) struct UploadArgs {
    /// The video
    file: PathBuf,
    /// Name of its task
    #[arg(long, value_name = "NAME")]
    task: String,
    /// What it shows
    #[arg(long, value_enum)]
    role: Role,
    /// List of steps (YAML) for a task that does not exist yet
    #[arg(long, value_name = "FILE")]
    steps: Option<PathBuf>,
    /// Where it was taken
    #[arg(long, default_value = "", hide_default_value = true)]
    site: String,
    /// Which camera took it
    #[arg(long, default_value = "", hide_default_value = true)]
    camera: String,
    /// A pseudonym of the person in it; never a name
    #[arg(
        long,
        value_name = "PSEUDONYM",
        default_value = "",
        hide_default_value = true
    )]
    operator: String,
    /// Hide a region from everyone: fractions of the picture, and black (default), blur or
    /// pixelate; may be given again
    #[arg(long, value_name = "X,Y,W,H[,STYLE]", value_parser = mask_region)]
    mask: Vec<MaskRegion>,
    /// Wait until it is ready, and fail if it cannot be used
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

const EXAMPLES: &str = "\
Examples:
  sopilot video upload gold.mp4 --task assembly --role gold --steps steps.yaml --wait
  sopilot video upload tuesday.mp4 --task assembly --role trainee --site hall-2 --operator p17
";

/// Runs the command.
pub(crate) async fn run(args: &UploadArgs) -> Result<()> {
    check_readable(&args.file)?;
    let steps = args.steps.as_deref().map(Steps::read).transpose()?;
    let interrupt = Interrupt::new()?;
    let video = interrupt
        .guard(work(args, steps.as_ref(), &interrupt))
        .await?;
    let for_people = || details(&video);
    args.output.print(|| json::to_value(&video), for_people)
}

async fn work(args: &UploadArgs, steps: Option<&Steps>, interrupt: &Interrupt) -> Result<Video> {
    let catalog = Catalog::connect(&args.server.server)?;
    let progress = Progress::default();
    let name = file_name(&args.file);
    let task = task::ensure(&catalog, &args.task, steps, Differing::Refuse)
        .await?
        .task;
    let source = Source::read(&args.file, &progress).await?;
    let metadata = VideoMetadata {
        file_name: name.clone(),
        site: args.site.clone(),
        camera: args.camera.clone(),
        operator_pseudonym: args.operator.clone(),
        mask: args.mask.clone(),
        step_times: Vec::new(),
    };
    let target = Target {
        task_id: &task.id,
        role: args.role.into(),
        metadata,
    };
    let video = upload::upload(&catalog, &source, &target, &progress, Some(interrupt)).await?;
    if !args.wait {
        return Ok(video);
    }
    let id = safe(&video.id);
    interrupt.remains(
        &name,
        format!("it is uploaded and ingested by the server: see `sopilot video show {id}`"),
    );
    let bar = progress.job(&format!("ingesting {name}"));
    watch::until_succeeded(&catalog, &video.ingest_job_id, &bar)
        .await
        .map_err(|error| error.about(&name))?;
    catalog.video(&video.id).await
}
