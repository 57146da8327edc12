//! `sopilot scores`, `sopilot score-of` and `sopilot review`.

use clap::Args;
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
    arguments::{PersonsVerdict, Server},
    client::{Catalog, all_pages},
    error::{Error, Result},
    exit::Exit,
    interrupt::Interrupt,
    output,
    report::{report, short_verdict},
    table::{Align, Column, table},
    task,
    text::safe,
};

/// Print the report of a score job
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot score-of 01890a5d-ac96-774b-bcce-b302099a8057
")]
pub(crate) struct ScoreOfArgs {
    /// The score job
    job_id: JobId,
    /// Print the report with the verdict that counts, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// Runs `sopilot score-of`.
pub(crate) async fn score_of(args: &ScoreOfArgs) -> Result<()> {
    let catalog = Catalog::connect(&args.server.server)?;
    let job_id = args.job_id.to_string();
    let answer = Interrupt::new()?
        .guard(catalog.report(&job_id, false))
        .await?;
    print_report(&answer, args.json)
}

/// List the scores of a server, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot scores --task assembly --limit 20
")]
pub(crate) struct ScoresArgs {
    /// Only scores of this task
    #[arg(long, value_name = "NAME")]
    task: Option<String>,
    /// At most this many
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// Runs `sopilot scores`.
pub(crate) async fn scores(args: &ScoresArgs) -> Result<()> {
    let catalog = Catalog::connect(&args.server.server)?;
    Interrupt::new()?.guard(list(&catalog, args)).await
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
  sopilot review 01890a5d-ac96-774b-bcce-b302099a8057 --verdict pass --overrule --by kim --reason \"the camera was covered\"
  sopilot review 01890a5d-ac96-774b-bcce-b302099a8057 --deviation 2 --confirm --by kim --reason \"I saw it\"
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
    /// Print the review as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// Runs `sopilot review`.
pub(crate) async fn review(args: &ReviewArgs) -> Result<()> {
    let catalog = Catalog::connect(&args.server.server)?;
    let review = Interrupt::new()?
        .guard(catalog.create_review(wire_review(args)))
        .await?;
    if args.json {
        return output::json(&json::to_value(&review));
    }
    let decision = if args.confirm {
        "confirmed"
    } else {
        "overruled"
    };
    let subject = match args.deviation {
        Some(place) => format!("Deviation {place}"),
        None => "The verdict".to_owned(),
    };
    output::text(&format!(
        "{subject} of job {} is {decision} (review {}).\n",
        args.job_id,
        safe(&review.id)
    ))
}

/// Prints a report for people, or the whole answer as JSON.
pub(crate) fn print_report(answer: &GetScoreReportResponse, as_json: bool) -> Result<()> {
    if as_json {
        return output::json(&json::to_value(answer));
    }
    let made = answer.report.as_ref().ok_or_else(|| {
        Error::new(
            Exit::PROTOCOL,
            "the server's answer holds no report: bring both to the same version",
        )
    })?;
    output::text(&report(made, answer.effective_verdict()))
}

async fn list(catalog: &Catalog, args: &ScoresArgs) -> Result<()> {
    let task_id = match &args.task {
        Some(name) => task::named(catalog, name).await?.id,
        None => String::new(),
    };
    let scores = all_pages(
        args.limit.unwrap_or(usize::MAX),
        async |page_size, page_token| {
            let task_id = task_id.clone();
            let request = ListScoresRequest {
                page_size,
                page_token,
                task_id,
                trainee_video_id: String::new(),
            };
            let answer = catalog.list_scores(request).await?;
            Ok((answer.scores, answer.next_page_token))
        },
    );
    let scores = scores.await?;
    if args.json {
        let all = ListScoresResponse {
            scores,
            next_page_token: String::new(),
        };
        return output::json(&json::to_value(&all));
    }
    let columns = [
        Column("Job", Align::Left),
        Column("Score", Align::Right),
        Column("Verdict", Align::Left),
        Column("Deviations", Align::Right),
        Column("Trainee's video", Align::Left),
        Column("Created", Align::Left),
    ];
    output::text(&table(&columns, scores.iter().map(row)))
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
