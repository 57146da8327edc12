//! `sopilot job`: work that a server was asked for.

use std::fmt::Write as _;

use clap::{Args, Subcommand, ValueEnum};
use sopilot_proto::{
    catalog::v1::{Job, JobKind, JobState, ListJobsRequest, ListJobsResponse},
    id::{JobId, VideoId},
    json, timestamp,
};

use crate::{
    arguments::{Listing, Server},
    client::{Catalog, all_pages},
    commands::results::print_report,
    error::Result,
    interrupt::Interrupt,
    output::Output,
    progress::Progress,
    table::{Align, Column, table},
    text::safe,
    watch,
};

/// Jobs of a server: submit, list, show, watch, cancel
#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    Submit(SubmitArgs),
    List(ListArgs),
    Show(ShowArgs),
    Watch(WatchArgs),
    Cancel(CancelArgs),
}

/// Runs `sopilot job`.
pub(crate) async fn run(command: &JobCommand) -> Result<()> {
    match command {
        JobCommand::Submit(args) => submit(args).await,
        JobCommand::List(args) => list(args).await,
        JobCommand::Show(args) => show(&args.one).await,
        JobCommand::Watch(args) => follow(&args.one).await,
        JobCommand::Cancel(args) => cancel(&args.one).await,
    }
}

/// Ask for a score
///
/// The videos may still be ingesting; the job waits for them. With several golds the first is the
/// one whose times the report shows.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot job submit --gold 01890a5d-ac96-774b-bcce-b302099a8057 --trainee 01890a5e-0000-7000-8000-000000000001 --wait
")]
pub(crate) struct SubmitArgs {
    /// The gold; may be given again, up to eight
    #[arg(long = "gold", value_name = "ID", required = true, num_args = 1..)]
    golds: Vec<VideoId>,
    /// The trainee's or audited video
    #[arg(long, value_name = "ID")]
    trainee: VideoId,
    /// Wait for the report and print it
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

async fn submit(args: &SubmitArgs) -> Result<()> {
    let catalog = Catalog::connect(&args.server.server)?;
    let golds: Vec<_> = args.golds.iter().map(ToString::to_string).collect();
    let interrupt = Interrupt::new()?;
    let work = async {
        let job = catalog
            .submit_score(&golds, &args.trainee.to_string())
            .await?;
        if !args.wait {
            return print(&job, &args.output);
        }
        let id = safe(&job.id);
        let goes_on = format!(
            "it goes on at the server: see `sopilot job watch {id}`, or cancel it with `sopilot job cancel {id}`"
        );
        interrupt.remains(&format!("job {id}"), goes_on);
        let bar = Progress::default().job("scoring");
        watch::until_succeeded(&catalog, &job.id, &bar).await?;
        drop(bar);
        print_report(&catalog.report(&job.id, false).await?, &args.output)
    };
    interrupt.guard(work).await
}

/// List jobs, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot job list --state failed --limit 20
")]
pub(crate) struct ListArgs {
    /// Only jobs in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    #[command(flatten)]
    list: Listing,
}

/// Show a job
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot job show 01890a5d-ac96-774b-bcce-b302099a8057
")]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    one: OneJob,
}

/// Wait until a job has ended; the exit code tells how
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot job watch 01890a5d-ac96-774b-bcce-b302099a8057
")]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    one: OneJob,
}

/// Cancel a job
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot job cancel 01890a5d-ac96-774b-bcce-b302099a8057
")]
pub(crate) struct CancelArgs {
    #[command(flatten)]
    one: OneJob,
}

/// A job of a server.
#[derive(Debug, Args)]
struct OneJob {
    /// The job
    id: JobId,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    /// It waits
    Queued,
    /// A worker has it
    Running,
    /// It ended well
    Succeeded,
    /// It ended with a failure
    Failed,
    /// Somebody cancelled it
    Cancelled,
}

impl From<State> for JobState {
    fn from(state: State) -> Self {
        match state {
            State::Queued => Self::Queued,
            State::Running => Self::Running,
            State::Succeeded => Self::Succeeded,
            State::Failed => Self::Failed,
            State::Cancelled => Self::Cancelled,
        }
    }
}

async fn show(OneJob { id, output, server }: &OneJob) -> Result<()> {
    let catalog = Catalog::connect(&server.server)?;
    let id = id.to_string();
    print(&Interrupt::new()?.guard(catalog.job(&id)).await?, output)
}

async fn cancel(OneJob { id, output, server }: &OneJob) -> Result<()> {
    let catalog = Catalog::connect(&server.server)?;
    let id = id.to_string();
    print(
        &Interrupt::new()?.guard(catalog.cancel_job(&id)).await?,
        output,
    )
}

async fn follow(OneJob { id, output, server }: &OneJob) -> Result<()> {
    let catalog = Catalog::connect(&server.server)?;
    let id = id.to_string();
    let interrupt = Interrupt::new()?;
    interrupt.remains(&format!("job {id}"), "it goes on at the server");
    let work = async {
        let bar = Progress::default().job("job");
        let changed = |job: &Job| bar.fraction(job.progress, &watch::doing(job));
        let job = watch::until_ended(&catalog, &id, changed).await?;
        drop(bar);
        print(&job, output)?;
        watch::outcome(job).map(drop)
    };
    interrupt.guard(work).await
}

async fn list(args: &ListArgs) -> Result<()> {
    let catalog = Catalog::connect(&args.list.server.server)?;
    let jobs = all_pages(args.list.most(), async |page_size, page_token| {
        let request = ListJobsRequest {
            page_size,
            page_token,
            state: args
                .state
                .map_or(JobState::Unspecified, JobState::from)
                .into(),
            ..ListJobsRequest::default()
        };
        let answer = catalog.list_jobs(request).await?;
        Ok((answer.jobs, answer.next_page_token))
    });
    let jobs = Interrupt::new()?.guard(jobs).await?;
    let for_people = rows(&jobs);
    let all = ListJobsResponse {
        jobs,
        next_page_token: String::new(),
    };
    args.list
        .output
        .print(|| json::to_value(&all), || for_people)
}

fn rows(jobs: &[Job]) -> String {
    let columns = [
        Column("Job", Align::Left),
        Column("For", Align::Left),
        Column("State", Align::Left),
        Column("Done", Align::Right),
        Column("Created", Align::Left),
    ];
    let row = |job: &Job| {
        let failed = job
            .failure
            .as_ref()
            .map(|failure| format!(": {}", failure.reason));
        vec![
            job.id.clone(),
            kind(job.kind()).to_owned(),
            format!("{}{}", state(job.state()), failed.unwrap_or_default()),
            format!("{:.0} %", job.progress * 100.0),
            job.created_at
                .as_ref()
                .map_or_else(String::new, timestamp::to_rfc3339),
        ]
    };
    table(&columns, jobs.iter().map(row))
}

fn print(job: &Job, output: &Output) -> Result<()> {
    output.print(|| json::to_value(job), || details(job))
}

/// A job, one fact a line.
fn details(job: &Job) -> String {
    let facts = [
        ("Job", job.id.clone()),
        ("For", kind(job.kind()).to_owned()),
        ("State", state(job.state()).to_owned()),
        (
            "Doing",
            if watch::has_ended(job) {
                String::new()
            } else {
                watch::doing(job)
            },
        ),
        ("Done", format!("{:.0} %", job.progress * 100.0)),
        ("Video", job.video_id.clone()),
        ("Golds", job.gold_video_ids.join(" ")),
        (
            "Failure",
            job.failure.as_ref().map_or_else(String::new, |failure| {
                format!("[{}] {}", failure.reason, failure.message)
            }),
        ),
    ];
    let mut text = String::new();
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:9}{}", safe(value));
    }
    text
}

fn kind(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Unspecified => "unknown",
        JobKind::Ingest => "ingest",
        JobKind::Prepare => "prepare",
        JobKind::Score => "score",
    }
}

fn state(state: JobState) -> &'static str {
    match state {
        JobState::Unspecified => "unknown",
        JobState::Queued => "queued",
        JobState::Running => "running",
        JobState::Succeeded => "succeeded",
        JobState::Failed => "failed",
        JobState::Cancelled => "cancelled",
    }
}
