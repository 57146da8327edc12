//! Pages over many scores, gathered from a catalog.

use sopilot_proto::{
    catalog::v1::{ListScoresRequest, ReviewDecision, ScoreSummary, Task, Video},
    scoring::v1::Deviation,
    timestamp::to_date_time,
};
use sopilot_report::{PastDeviation, PastResult, TaskOverview, TraineeHistory};

use super::{
    Target,
    score::{last_review, protocol, reviews_of, verdict},
};
use crate::{
    client::{Catalog, all_pages, expect},
    error::{Error, Result},
    exit::Exit,
    progress::Bar,
};

/// Whose results are wanted.
pub(crate) struct Wanted<'a> {
    pub(crate) task: &'a Task,
    /// Only those of this trainee, by the pseudonym of its videos.
    pub(crate) trainee: Option<&'a str>,
    /// At most this many, the newest.
    pub(crate) limit: usize,
}

/// Gathers results and writes the page; answers how many there were.
pub(crate) async fn over_time(
    catalog: &Catalog,
    wanted: &Wanted<'_>,
    target: &Target,
    bar: impl FnOnce(usize) -> Bar,
) -> Result<usize> {
    let scores = scores(catalog, wanted).await?;
    let bar = bar(scores.len());
    let mut results = Vec::new();
    for score in &scores {
        let video = catalog.video(&score.trainee_video_id).await?;
        let pseudonym = pseudonym(&video);
        if wanted
            .trainee
            .is_none_or(|trainee| pseudonym.as_deref() == Some(trainee))
        {
            results.push(result(catalog, score, &video, pseudonym).await?);
        }
        bar.one_more();
    }
    if results.is_empty() {
        return Err(Error::new(Exit::NO_INPUT, nothing(wanted)));
    }
    let (count, task) = (results.len(), wanted.task.name.clone());
    match wanted.trainee {
        None => {
            let overview = TaskOverview { task, results };
            target.write_page(|locale| sopilot_report::task_html(&overview, locale))?;
        }
        Some(trainee) => {
            let history = TraineeHistory {
                task,
                trainee: trainee.to_owned(),
                results,
            };
            target.write_page(|locale| sopilot_report::history_html(&history, locale))?;
        }
    }
    Ok(count)
}

async fn scores(catalog: &Catalog, wanted: &Wanted<'_>) -> Result<Vec<ScoreSummary>> {
    all_pages(wanted.limit, async |page_size, page_token| {
        let request = ListScoresRequest {
            page_size,
            page_token,
            task_id: wanted.task.id.clone(),
            trainee_video_id: String::new(),
        };
        let answer = catalog.list_scores(request).await?;
        Ok((answer.scores, answer.next_page_token))
    })
    .await
}

async fn result(
    catalog: &Catalog,
    score: &ScoreSummary,
    video: &Video,
    trainee: Option<String>,
) -> Result<PastResult> {
    let answer = catalog.report(&score.job_id, false).await?;
    let made = expect(answer.report, "report")?;
    let reviews = reviews_of(catalog, &score.job_id).await?;
    // What a person called a false alarm did not happen.
    let is_real = |(place, _): &(usize, &Deviation)| {
        last_review(&reviews, *place)
            .is_none_or(|review| review.decision() != ReviewDecision::Overruled)
    };
    let past = |found: &Deviation| {
        Some(PastDeviation {
            kind: sopilot_wire::deviation_type(found.r#type())?,
            step: found.step_name.clone(),
        })
    };
    let name = video
        .metadata
        .as_ref()
        .map(|metadata| metadata.file_name.clone());
    Ok(PastResult {
        job_id: score.job_id.clone(),
        video_id: score.trainee_video_id.clone(),
        video: name.unwrap_or_default(),
        trainee,
        at: to_date_time(score.created_at.as_ref()),
        score: score.score,
        verdict: verdict(score.effective_verdict())?,
        deviations: made
            .deviations
            .iter()
            .enumerate()
            .filter(is_real)
            .map(|(_, found)| past(found).ok_or_else(|| protocol("a deviation has no kind")))
            .collect::<Result<_>>()?,
    })
}

fn pseudonym(video: &Video) -> Option<String> {
    let metadata = video.metadata.as_ref()?;
    Some(metadata.operator_pseudonym.clone()).filter(|pseudonym| !pseudonym.is_empty())
}

fn nothing(wanted: &Wanted<'_>) -> String {
    let task = &wanted.task.name;
    match wanted.trainee {
        None => format!("task \"{task}\" has no scores yet: see `sopilot result list`"),
        Some(trainee) => format!(
            "task \"{task}\" has no scores of trainee \"{trainee}\": videos name theirs with `sopilot video upload --operator`"
        ),
    }
}
