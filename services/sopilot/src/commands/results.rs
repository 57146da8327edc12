//! `sopilot result`: what score jobs found, and what people say about it.

use clap::{Args, Subcommand};
use sopilot_proto::{
    catalog::v1::{
        GetScoreReportResponse, ListScoresRequest, ListScoresResponse, Review, ReviewDecision,
        ScoreSummary, VerdictSubject, review::Subject,
    },
    id::JobId,
    json,
    scoring::v1::Verdict,
    timestamp,
};

use crate::{
    arguments::{Listing, PersonsVerdict, Server},
    client::{Catalog, all_pages, expect},
    error::Result,
    interrupt::Interrupt,
    output::Output,
    report::{report, short_verdict},
    table::{Align, Column, table},
    task,
    text::safe,
};

/// Results of score jobs: list, show, review
#[derive(Debug, Subcommand)]
pub(crate) enum ResultCommand {
    List(ListArgs),
    Show(ShowArgs),
    Review(ReviewArgs),
}

/// Runs `sopilot result`.
pub(crate) async fn run(command: &ResultCommand) -> Result<()> {
    match command {
        ResultCommand::List(args) => list(args).await,
        ResultCommand::Show(args) => show(args).await,
        ResultCommand::Review(args) => review(args).await,
    }
}

/// Show what a score job found
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot result show 01890a5d-ac96-774b-bcce-b302099a8057
")]
pub(crate) struct ShowArgs {
    /// The score job
    job_id: JobId,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

async fn show(args: &ShowArgs) -> Result<()> {
    let catalog = Catalog::connect(&args.server.server)?;
    let job_id = args.job_id.to_string();
    let answer = Interrupt::new()?
        .guard(catalog.report(&job_id, false))
        .await?;
    print_report(&answer, &args.output)
}

/// List scores, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot result list --task assembly --limit 20
")]
pub(crate) struct ListArgs {
    /// Only scores of this task
    #[arg(long, value_name = "NAME")]
    task: Option<String>,
    #[command(flatten)]
    list: Listing,
}

/// Confirm or overrule a verdict or a deviation of a report
///
/// The report is not changed; the review stands beside it, and the last one counts.
#[derive(Debug, Args)]
#[command(
    group(clap::ArgGroup::new("subject").required(true).args(["verdict", "deviation"])),
    group(clap::ArgGroup::new("decision").required(true).args(["confirm", "overrule"])),
    after_help = "\
Examples:
  sopilot result review 01890a5d-ac96-774b-bcce-b302099a8057 --verdict pass --overrule --by kim --reason \"the camera was covered\"
  sopilot result review 01890a5d-ac96-774b-bcce-b302099a8057 --deviation 2 --confirm --by kim --reason \"I saw it\"
"
)]
pub(crate) struct ReviewArgs {
    /// The score job
    job_id: JobId,
    /// The verdict that should stand; with --confirm the report's own
    #[arg(long, value_enum)]
    verdict: Option<PersonsVerdict>,
    /// The deviation, by its place in the report, from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    deviation: Option<u32>,
    /// It is right
    #[arg(long)]
    confirm: bool,
    /// It is wrong
    #[arg(long)]
    overrule: bool,
    /// Who says it
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

async fn review(args: &ReviewArgs) -> Result<()> {
    let catalog = Catalog::connect(&args.server.server)?;
    let review = Interrupt::new()?
        .guard(catalog.create_review(wire_review(args)))
        .await?;
    let told = || {
        let decision = if args.confirm {
            "confirmed"
        } else {
            "overruled"
        };
        let subject = match args.deviation {
            Some(place) => format!("Deviation {place}"),
            None => "The verdict".to_owned(),
        };
        format!(
            "{subject} of job {} is {decision} (review {}).\n",
            args.job_id,
            safe(&review.id)
        )
    };
    args.output.print(|| json::to_value(&review), told)
}

/// Prints a report for people, or the whole answer for programs.
pub(crate) fn print_report(answer: &GetScoreReportResponse, output: &Output) -> Result<()> {
    let made = expect(answer.report.as_ref(), "report")?;
    let for_people = || report(made, answer.effective_verdict());
    output.print(|| json::to_value(answer), for_people)
}

async fn list(args: &ListArgs) -> Result<()> {
    let catalog = Catalog::connect(&args.list.server.server)?;
    let scores = Interrupt::new()?.guard(wanted(&catalog, args)).await?;
    let for_people = rows(&scores);
    let all = ListScoresResponse {
        scores,
        next_page_token: String::new(),
    };
    args.list
        .output
        .print(|| json::to_value(&all), || for_people)
}

async fn wanted(catalog: &Catalog, args: &ListArgs) -> Result<Vec<ScoreSummary>> {
    let task_id = task::id_to_list(catalog, args.task.as_ref()).await?;
    all_pages(args.list.most(), async |page_size, page_token| {
        let task_id = task_id.clone();
        let request = ListScoresRequest {
            page_size,
            page_token,
            task_id,
            trainee_video_id: String::new(),
        };
        let answer = catalog.list_scores(request).await?;
        Ok((answer.scores, answer.next_page_token))
    })
    .await
}

fn rows(scores: &[ScoreSummary]) -> String {
    let columns = [
        Column("Job", Align::Left),
        Column("Score", Align::Right),
        Column("Verdict", Align::Left),
        Column("Deviations", Align::Right),
        Column("Trainee's video", Align::Left),
        Column("Created", Align::Left),
    ];
    table(&columns, scores.iter().map(row))
}

fn row(score: &ScoreSummary) -> Vec<String> {
    let (made, counts) = (score.verdict(), score.effective_verdict());
    let verdict = if made == counts {
        short_verdict(made).to_owned()
    } else {
        format!("{} (was {})", short_verdict(counts), short_verdict(made))
    };
    let number = match made {
        Verdict::NotComparable => "-".to_owned(),
        _ => format!("{:.1}", score.score),
    };
    vec![
        score.job_id.clone(),
        number,
        verdict,
        score.deviation_count.to_string(),
        score.trainee_video_id.clone(),
        score
            .created_at
            .as_ref()
            .map_or_else(String::new, timestamp::to_rfc3339),
    ]
}

fn wire_review(args: &ReviewArgs) -> Review {
    let subject = match (args.deviation, args.verdict) {
        (Some(place), _) => Subject::Deviation(place - 1),
        (None, verdict) => Subject::Verdict(VerdictSubject {
            verdict: verdict.map_or(Verdict::Unspecified, Verdict::from).into(),
        }),
    };
    let decision = if args.confirm {
        ReviewDecision::Confirmed
    } else {
        ReviewDecision::Overruled
    };
    Review {
        job_id: args.job_id.to_string(),
        decision: decision.into(),
        reviewer: args.by.clone(),
        reason: args.reason.clone(),
        subject: Some(subject),
        ..Review::default()
    }
}
