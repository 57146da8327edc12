//! Waiting for jobs.

use futures::TryStreamExt;
use sopilot_chassis::Reason;
use sopilot_proto::catalog::v1::{Failure, Job, JobStage, JobState};

use crate::{
    client::Catalog,
    error::{Error, Result},
    progress::Bar,
    retry::Patience,
};

/// Waits until a job has ended, and answers it as it is then, however it ended. After a break the
/// job is watched anew.
pub(crate) async fn until_ended(
    catalog: &Catalog,
    job_id: &str,
    mut changed: impl FnMut(&Job),
) -> Result<Job> {
    let mut patience = Patience::new();
    loop {
        let error = match follow(catalog, job_id, &mut changed, &mut patience).await {
            Ok(Some(job)) => return Ok(job),
            Ok(None) => Error::because(Reason::Unavailable, "the server stopped sending the job"),
            Err(error) => error,
        };
        if !error.reason.is_some_and(Reason::retryable) {
            return Err(error);
        }
        patience.wait(error).await?;
    }
}

/// Waits until a job has succeeded; its failure is the error.
pub(crate) async fn until_succeeded(catalog: &Catalog, job_id: &str, bar: &Bar) -> Result<Job> {
    let job = until_ended(catalog, job_id, |job| {
        bar.fraction(job.progress, &doing(job));
    })
    .await?;
    outcome(job)
}

/// A job that succeeded, or why it did not.
pub(crate) fn outcome(job: Job) -> Result<Job> {
    match job.state() {
        JobState::Succeeded => Ok(job),
        JobState::Cancelled => {
            let message = format!(
                "job {} was cancelled: start a new one if it is wanted",
                job.id
            );
            Err(Error::because(Reason::Cancelled, message))
        }
        _ => Err(Error::failure(&job.failure.unwrap_or_else(|| Failure {
            reason: Reason::Internal.to_string(),
            message: format!("job {} failed and does not say why", job.id),
        }))),
    }
}

/// True once nothing more will happen to a job.
pub(crate) fn has_ended(job: &Job) -> bool {
    matches!(
        job.state(),
        JobState::Succeeded | JobState::Failed | JobState::Cancelled
    )
}

/// What is happening to a job, in words.
pub(crate) fn doing(job: &Job) -> String {
    let stage = match job.stage() {
        JobStage::Unspecified => "",
        JobStage::Embed => "looking at the video",
        JobStage::Prepare => "studying the gold",
        JobStage::Align => "comparing",
        JobStage::Score => "scoring",
    };
    match (job.state(), &job.failure) {
        (JobState::Queued, _) if job.waiting_for_videos => "waiting for its videos".to_owned(),
        (JobState::Queued, Some(failure)) => format!("trying again: {}", failure.message),
        _ => stage.to_owned(),
    }
}

async fn follow(
    catalog: &Catalog,
    job_id: &str,
    changed: &mut impl FnMut(&Job),
    patience: &mut Patience,
) -> Result<Option<Job>> {
    let mut messages = catalog.watch(job_id).await?;
    while let Some(message) = messages.try_next().await? {
        *patience = Patience::new();
        if let Some(job) = message.job {
            changed(&job);
            if has_ended(&job) {
                return Ok(Some(job));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn a_failed_job_gives_its_reason_and_a_cancelled_one_says_so() {
        let failure = Failure {
            reason: "VIDEO_EMPTY".to_owned(),
            message: "no bytes".to_owned(),
        };
        let failed = Job {
            state: JobState::Failed.into(),
            failure: Some(failure),
            ..Job::default()
        };
        assert_eq!(outcome(failed).unwrap_err().exit, Exit(10));
        let cancelled = Job {
            state: JobState::Cancelled.into(),
            ..Job::default()
        };
        assert_eq!(
            outcome(cancelled).unwrap_err().reason,
            Some(Reason::Cancelled)
        );
    }
}
