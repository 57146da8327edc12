//! The report of one score, gathered from a catalog.

use sopilot_procedure::Verdict;
use sopilot_proto::{
    catalog::v1::{
        Job, ListReviewsRequest, ListTaskVersionsRequest, Review, ReviewDecision, Task, Video,
        review::Subject,
    },
    scoring::v1::{self as wire, Procedure, ScoreReport},
    timestamp::to_date_time,
};
use sopilot_report::{
    DeviationReview, Embedder, GoldReference, PathPoint, Provenance, Report, ReportedDeviation,
    ReportedStep, SimilarityMatrix, VerdictReview,
};

use super::pictures::{self, Pictured};
use crate::{
    client::{Catalog, all_pages, expect},
    error::{Error, Result},
    exit::Exit,
};

/// Jumps of the course: the next clip shows a moment this much earlier, or later than anybody
/// hurries, in seconds.
const JUMP_S: f64 = 4.0;

/// Gathers what the report of a score job shows.
pub(crate) async fn of_score(
    catalog: &Catalog,
    job_id: &str,
    with_pictures: bool,
) -> Result<Report> {
    let answer = catalog.report(job_id, true).await?;
    let made = expect(answer.report, "report")?;
    let job = catalog.job(job_id).await?;
    let task = catalog.task(&job.task_id).await?;
    let procedure = procedure_of(catalog, &task, &made).await?;
    let (gold, trainee) = (
        gold_of(catalog, &job).await?,
        catalog.video(&job.video_id).await?,
    );
    let reviews = reviews_of(catalog, job_id).await?;
    let deviations = deviations(&made, &reviews)?;
    let pictured = Pictured {
        gold: &gold,
        trainee: &trainee,
        deviations: &made.deviations,
    };
    let thumbnails = if with_pictures {
        pictures::gather(catalog, pictured).await?
    } else {
        Vec::new()
    };
    Ok(Report {
        task: task.name,
        gold: video(&gold),
        trainee: video(&trainee),
        score: made.score,
        verdict: verdict(made.verdict())?,
        verdict_reason: made.verdict_reason.clone(),
        review: verdict_review(&reviews, &made),
        deviations,
        steps: steps(&made, &procedure)?,
        metrics: made.metrics.as_ref().map(sopilot_wire::metrics),
        research: made.research.as_ref().and_then(sopilot_wire::research),
        provenance: provenance(&made, job_id),
        similarity: made.comparison.as_ref().map(|shown| SimilarityMatrix {
            rows: shown.rows,
            columns: shown.columns,
            cells: shown.cells.to_vec(),
        }),
        path: made
            .comparison
            .as_ref()
            .map_or_else(Vec::new, |shown| runs(&shown.course)),
        thumbnails,
    })
}

/// What the task asked for when the score was made.
async fn procedure_of(catalog: &Catalog, task: &Task, made: &ScoreReport) -> Result<Procedure> {
    let version = made.provenance.as_ref().map_or(0, |made| made.task_version);
    let versions = all_pages(usize::MAX, async |page_size, page_token| {
        let request = ListTaskVersionsRequest {
            task_id: task.id.clone(),
            page_size,
            page_token,
        };
        let answer = catalog.list_task_versions(request).await?;
        Ok((answer.versions, answer.next_page_token))
    });
    let versions = versions.await?;
    let wanted = versions.into_iter().find(|other| other.version == version);
    Ok(wanted
        .and_then(|wanted| wanted.procedure)
        .unwrap_or_default())
}

/// The gold whose times the report shows.
async fn gold_of(catalog: &Catalog, job: &Job) -> Result<Video> {
    let first = job.gold_video_ids.first();
    let first = first.ok_or_else(|| protocol("the score job names no gold"))?;
    catalog.video(first).await
}

/// Oldest first.
pub(super) async fn reviews_of(catalog: &Catalog, job_id: &str) -> Result<Vec<Review>> {
    all_pages(usize::MAX, async |page_size, page_token| {
        let request = ListReviewsRequest {
            job_id: job_id.to_owned(),
            page_size,
            page_token,
        };
        let answer = catalog.list_reviews(request).await?;
        Ok((answer.reviews, answer.next_page_token))
    })
    .await
}

fn video(video: &Video) -> sopilot_report::Video {
    let name = video
        .metadata
        .as_ref()
        .map(|metadata| metadata.file_name.clone());
    sopilot_report::Video {
        name: name.unwrap_or_default(),
        duration_s: video
            .media
            .as_ref()
            .map_or(0.0, |media| media.duration_seconds),
    }
}

/// The last review of the verdict counts.
fn verdict_review(reviews: &[Review], made: &ScoreReport) -> Option<VerdictReview> {
    let about = |review: &&Review| matches!(review.subject, Some(Subject::Verdict(_)));
    let review = reviews.iter().rfind(about)?;
    let Some(Subject::Verdict(subject)) = &review.subject else {
        return None;
    };
    let stands = match review.decision() {
        ReviewDecision::Overruled => subject.verdict(),
        _ => made.verdict(),
    };
    Some(VerdictReview {
        verdict: sopilot_wire::verdict(stands)?,
        reviewer: review.reviewer.clone(),
        at: to_date_time(review.created_at.as_ref()),
        comment: review.reason.clone(),
    })
}

/// What counts of what people said about a deviation, by its place.
pub(super) fn last_review(reviews: &[Review], place: usize) -> Option<&Review> {
    let about = |review: &&Review| matches!(review.subject, Some(Subject::Deviation(at)) if at as usize == place);
    reviews.iter().rfind(about)
}

fn deviations(made: &ScoreReport, reviews: &[Review]) -> Result<Vec<ReportedDeviation>> {
    let reported = |(place, found): (usize, &wire::Deviation)| {
        let review = last_review(reviews, place).map(|review| DeviationReview {
            confirmed: review.decision() == ReviewDecision::Confirmed,
            reviewer: review.reviewer.clone(),
            comment: review.reason.clone(),
        });
        Ok(ReportedDeviation {
            found: sopilot_wire::deviation(found).map_err(|error| protocol(&error.to_string()))?,
            review,
        })
    };
    made.deviations.iter().enumerate().map(reported).collect()
}

fn steps(made: &ScoreReport, procedure: &Procedure) -> Result<Vec<ReportedStep>> {
    let reported = |step: &wire::StepResult| {
        let asked = procedure.steps.get(step.index as usize);
        Ok(ReportedStep {
            result: sopilot_wire::step_result(step)
                .map_err(|error| protocol(&error.to_string()))?,
            weight: asked.and_then(|asked| asked.weight).unwrap_or(1.0),
            critical: asked.is_some_and(|asked| asked.critical),
            optional: asked.is_some_and(|asked| asked.optional),
            has_limits: asked.is_some_and(|asked| asked.duration.is_some()),
        })
    };
    made.steps.iter().map(reported).collect()
}

fn provenance(made: &ScoreReport, job_id: &str) -> Provenance {
    let by = made.provenance.clone().unwrap_or_default();
    let embedder = by.embedder.unwrap_or_default();
    Provenance {
        job_id: job_id.to_owned(),
        created_at: to_date_time(made.created_at.as_ref()),
        task_version: by.task_version,
        golds: (by.golds.into_iter())
            .map(|gold| GoldReference {
                video_id: gold.video_id,
                version: gold.gold_version,
            })
            .collect(),
        trainee_video_id: by.trainee_video_id,
        embedder: Embedder {
            name: embedder.name,
            version: embedder.version,
            checksum: embedder.checksum,
            adapter: None,
        },
        alignment_engine: by.alignment_engine,
        calibration: by.calibration,
        code_version: by.code_version,
    }
}

/// The course in runs without a jump.
fn runs(course: &[wire::CoursePoint]) -> Vec<Vec<PathPoint>> {
    let mut runs: Vec<Vec<PathPoint>> = Vec::new();
    for point in course {
        let point = PathPoint {
            gold_s: point.gold_seconds,
            trainee_s: point.trainee_seconds,
        };
        let goes_on = |before: &PathPoint| {
            let (gold, trainee) = (
                point.gold_s - before.gold_s,
                point.trainee_s - before.trainee_s,
            );
            gold >= 0.0 && gold <= JUMP_S.max(JUMP_S * trainee) && trainee <= JUMP_S
        };
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(goes_on) => run.push(point),
            _ => runs.push(vec![point]),
        }
    }
    runs
}

pub(super) fn verdict(wire: wire::Verdict) -> Result<Verdict> {
    sopilot_wire::verdict(wire).ok_or_else(|| protocol("the report has no verdict"))
}

pub(super) fn protocol(message: &str) -> Error {
    Error::new(Exit::PROTOCOL, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_breaks_where_it_jumps() {
        let point = |(trainee_seconds, gold_seconds)| wire::CoursePoint {
            trainee_seconds,
            gold_seconds,
        };
        let course = [
            (0.0, 0.0),
            (0.5, 0.5),
            (1.0, 9.0),
            (1.5, 9.5),
            (2.0, 1.0),
            (9.0, 1.5),
        ];
        let lengths: Vec<usize> = runs(&course.map(point)).iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 2, 1, 1]);
    }
}
