//! `sopilot report`: a score, a trainee or a task as a page.

use std::path::PathBuf;

use clap::Args;
use sopilot_proto::id::JobId;

use crate::{
    arguments::Server,
    client::Catalog,
    error::Result,
    interrupt::Interrupt,
    output,
    progress::Progress,
    report::page::{self, Style, Target, Wanted},
    task,
    text::counted,
};

/// Write a report as a page or as PDF
///
/// Of one score, with pictures and the whole comparison; or of a task or of one trainee, over all
/// their scores. A page is one file that loads nothing.
#[derive(Debug, Args)]
#[command(
    group(clap::ArgGroup::new("subject").required(true).args(["job_id", "task"])),
    after_help = "\
Examples:
  sopilot report 01890a5d-ac96-774b-bcce-b302099a8057 -o report.html
  sopilot report 01890a5d-ac96-774b-bcce-b302099a8057 -o report.pdf --language ja
  sopilot report --task assembly -o overview.html
  sopilot report --task assembly --trainee p17 -o p17.html
"
)]
pub(crate) struct ReportArgs {
    /// The score job
    job_id: Option<JobId>,
    /// All scores of this task instead
    #[arg(long, value_name = "NAME")]
    task: Option<String>,
    /// With --task: only of this trainee, by the pseudonym that its videos were uploaded with
    #[arg(long, value_name = "PSEUDONYM", requires = "task")]
    trainee: Option<String>,
    /// With --task: at most this many scores, the newest
    #[arg(long, value_name = "COUNT", default_value_t = 500, requires = "task")]
    limit: usize,
    /// File to write: .html, or for a single score .pdf; one that is there is replaced
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    style: Style,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
pub(crate) async fn run(args: &ReportArgs) -> Result<()> {
    let target = Target::new(&args.output, &args.style)?;
    let catalog = Catalog::connect(&args.server.server)?;
    let file = args.output.display();
    let work = async {
        if let Some(job_id) = args.job_id {
            let job_id = job_id.to_string();
            let report = page::of_score(&catalog, &job_id, target.has_pictures());
            target.write(&report.await?)?;
            return Ok(format!("Wrote {file}.\n"));
        }
        let name = args.task.as_deref().unwrap_or_default();
        let wanted = Wanted {
            task: &task::named(&catalog, name).await?,
            trainee: args.trainee.as_deref(),
            limit: args.limit,
        };
        let progress = Progress::default();
        let bar = |scores| progress.count("reading", scores);
        let count = page::over_time(&catalog, &wanted, &target, bar).await?;
        Ok(format!("Wrote {file}: {}.\n", counted(count, "score")))
    };
    output::text(&Interrupt::new()?.guard(work).await?)
}
