//! `WorkerService`.

use sopilot_blob::{Attempt, Key};
use sopilot_chassis::{ApiError, Reason};
use sopilot_proto::{
    catalog::v1::{
        AlignGold, AlignWork, ClaimJobsRequest, ClaimJobsResponse, ClaimedJob, CompleteJobsRequest,
        CompleteJobsResponse, CompletionStatus, EmbedWork, FailureKind, HeartbeatRequest,
        HeartbeatResponse, JobCompletion, LeaseStatus, PrepareWork, ScoreGold, ScoreWork,
        claimed_job, job_completion::Outcome, worker_service_server::WorkerService,
    },
    id::{FencingToken, JobId},
    scoring::v1::GoldReference,
};
use tonic::{Request, Response, Status};

use super::{
    Handlers,
    convert::{check_text, id, stage, wire_enum},
};
use crate::store::{
    Claim, Completion, CompletionVerdict, Failed, FailedKind, Finished, GoldInput, Lease, VideoRow,
    Work,
};

/// Jobs that may be claimed, kept or ended at once.
const MAX_JOBS: u32 = 256;

/// What is kept of the message of a failure.
const MAX_MESSAGE_CHARS: usize = 2000;

#[tonic::async_trait]
impl WorkerService for Handlers {
    async fn claim_jobs(
        &self,
        request: Request<ClaimJobsRequest>,
    ) -> Result<Response<ClaimJobsResponse>, Status> {
        let message = request.into_inner();
        let stage = wire_enum("stage", message.stage)?
            .and_then(stage)
            .ok_or_else(|| ApiError::invalid("stage", "must be set"))?;
        if !(1..=MAX_JOBS).contains(&message.max_jobs) {
            return Err(ApiError::invalid("max_jobs", format!("must be 1 to {MAX_JOBS}")).into());
        }
        check_text("worker", &message.worker, 200)?;
        let claims = self
            .store
            .claim(stage, message.max_jobs.into(), &message.worker)
            .await?;
        Ok(Response::new(ClaimJobsResponse {
            jobs: claims.into_iter().map(wire_claim).collect(),
            lease: prost_types::Duration::try_from(self.lease).ok(),
        }))
    }

    async fn heartbeat(
        &self,
        request: Request<HeartbeatRequest>,
    ) -> Result<Response<HeartbeatResponse>, Status> {
        check_count("items", request.get_ref().items.len())?;
        let mut items = Vec::new();
        for (index, item) in request.into_inner().items.into_iter().enumerate() {
            let job_id = id::<JobId>(&format!("items[{index}].job_id"), &item.job_id)?;
            items.push((
                job_id.uuid(),
                FencingToken(item.fencing_token),
                item.progress,
            ));
        }
        let statuses = self.store.heartbeat(&items).await?;
        Ok(Response::new(HeartbeatResponse {
            statuses: statuses
                .into_iter()
                .map(|status| match status {
                    Lease::Held => LeaseStatus::Held.into(),
                    Lease::Cancelled => LeaseStatus::Cancelled.into(),
                    Lease::Lost => LeaseStatus::Lost.into(),
                })
                .collect(),
        }))
    }

    async fn complete_jobs(
        &self,
        request: Request<CompleteJobsRequest>,
    ) -> Result<Response<CompleteJobsResponse>, Status> {
        check_count("completions", request.get_ref().completions.len())?;
        let mut completions = Vec::new();
        for (index, completion) in request.into_inner().completions.into_iter().enumerate() {
            completions.push(read_completion(
                &format!("completions[{index}]"),
                completion,
            )?);
        }
        let verdicts = self.store.complete(completions).await?;
        Ok(Response::new(CompleteJobsResponse {
            statuses: verdicts
                .into_iter()
                .map(|verdict| match verdict {
                    CompletionVerdict::Accepted => CompletionStatus::Accepted.into(),
                    CompletionVerdict::Stale => CompletionStatus::Stale.into(),
                })
                .collect(),
        }))
    }
}

fn check_count(field: &str, count: usize) -> Result<(), ApiError> {
    if count <= MAX_JOBS as usize {
        return Ok(());
    }
    Err(ApiError::invalid(
        field,
        format!("has {count} entries; at most {MAX_JOBS} are taken"),
    ))
}

fn wire_claim(claim: Claim) -> ClaimedJob {
    ClaimedJob {
        job_id: claim.job_id.to_string(),
        fencing_token: claim.token.0,
        attempt: claim.attempt as u32,
        work: Some(wire_work(claim.work)),
        traceparent: claim.traceparent,
    }
}

fn wire_work(work: Work) -> claimed_job::Work {
    match work {
        Work::Embed {
            video_id,
            source_key,
            metadata,
        } => claimed_job::Work::Embed(EmbedWork {
            video_id: video_id.to_string(),
            source_key,
            mask: metadata.mask,
        }),
        Work::Prepare {
            gold,
            metadata,
            procedure,
        } => claimed_job::Work::Prepare(PrepareWork {
            video_id: gold.id.to_string(),
            embeddings_key: gold.embeddings_key.unwrap_or_default(),
            clips_key: gold.clips_key.unwrap_or_default(),
            procedure: Some(procedure),
            step_times: metadata.step_times,
        }),
        Work::Align { golds, trainee } => claimed_job::Work::Align(AlignWork {
            golds: golds
                .into_iter()
                .map(|gold| AlignGold {
                    video_id: gold.video.id.to_string(),
                    embeddings_key: gold.video.embeddings_key.unwrap_or_default(),
                    prepared_key: gold.prepared_key,
                })
                .collect(),
            trainee_embeddings_key: trainee.embeddings_key.unwrap_or_default(),
        }),
        Work::Score {
            procedure,
            task_version,
            golds,
            alignment_keys,
            trainee,
            embedder,
        } => claimed_job::Work::Score(ScoreWork {
            procedure: Some(procedure),
            task_version: task_version as u32,
            golds: golds
                .into_iter()
                .zip(alignment_keys)
                .map(|(gold, alignment_key)| wire_score_gold(gold, alignment_key))
                .collect(),
            trainee_video_id: trainee.id.to_string(),
            trainee_clips_key: trainee.clips_key.unwrap_or_default(),
            embedder: Some(embedder),
        }),
    }
}

fn wire_score_gold(gold: GoldInput, alignment_key: String) -> ScoreGold {
    let VideoRow { id, clips_key, .. } = gold.video;
    ScoreGold {
        gold: Some(GoldReference {
            video_id: id.to_string(),
            gold_version: gold.gold_version as u32,
        }),
        clips_key: clips_key.unwrap_or_default(),
        prepared_key: gold.prepared_key,
        alignment_key,
    }
}

fn read_completion(field: &str, completion: JobCompletion) -> Result<Completion, ApiError> {
    let job_id = id::<JobId>(&format!("{field}.job_id"), &completion.job_id)?.uuid();
    let made_by = Attempt {
        job: job_id,
        fencing_token: completion.fencing_token,
    };
    let outcome = completion
        .outcome
        .ok_or_else(|| ApiError::invalid(format!("{field}.outcome"), "must be set"))?;
    Ok(Completion {
        job_id,
        token: FencingToken(completion.fencing_token),
        outcome: read_outcome(field, outcome, made_by)?,
    })
}

fn read_outcome(
    field: &str,
    outcome: Outcome,
    made_by: Attempt,
) -> Result<Result<Finished, Failed>, ApiError> {
    let own = |name: &str, key: &str| own_key(&format!("{field}.{name}"), key, made_by);
    Ok(match outcome {
        Outcome::Embed(result) => {
            let embeddings = result.embeddings.ok_or_else(|| {
                ApiError::invalid(format!("{field}.embed.embeddings"), "must be set")
            })?;
            let media = result
                .media
                .ok_or_else(|| ApiError::invalid(format!("{field}.embed.media"), "must be set"))?;
            own("embed.embeddings.object_key", &embeddings.object_key)?;
            Ok(Finished::Embed {
                embeddings,
                clips_key: own("embed.clips_key", &result.clips_key)?,
                thumbnails_key: own("embed.thumbnails_key", &result.thumbnails_key)?,
                media,
            })
        }
        Outcome::Prepare(result) => Ok(Finished::Prepare {
            prepared_key: own("prepare.prepared_key", &result.prepared_key)?,
        }),
        Outcome::Align(result) => Ok(Finished::Align {
            alignment_keys: result
                .alignment_keys
                .iter()
                .map(|key| own("align.alignment_keys", key))
                .collect::<Result<_, _>>()?,
        }),
        Outcome::Score(result) => Ok(Finished::Score {
            report_key: own("score.report_key", &result.report_key)?,
            score: result.score,
            verdict: result.verdict,
            deviation_count: result.deviation_count,
        }),
        Outcome::Failure(failure) => {
            let kind: FailureKind = wire_enum(&format!("{field}.failure.kind"), failure.kind)?
                .ok_or_else(|| ApiError::invalid(format!("{field}.failure.kind"), "must be set"))?;
            let reason = Reason::parse(&failure.reason).unwrap_or(Reason::Internal);
            Err(Failed {
                kind: match kind {
                    FailureKind::Unspecified | FailureKind::Permanent => FailedKind::Permanent,
                    FailureKind::Transient => FailedKind::Transient,
                    FailureKind::Released => FailedKind::Released,
                },
                reason: reason.as_str().to_owned(),
                // A program's output may hold NUL, which PostgreSQL does not.
                message: failure
                    .message
                    .chars()
                    .filter(|character| *character != '\0')
                    .take(MAX_MESSAGE_CHARS)
                    .collect(),
            })
        }
    })
}

/// A worker may only hand in objects that carry its own fencing token: what
/// another attempt wrote is swept.
fn own_key(field: &str, text: &str, made_by: Attempt) -> Result<String, ApiError> {
    let key = Key::parse(text).map_err(|error| ApiError::invalid(field, error.to_string()))?;
    let maker = match &key {
        Key::Derived { attempt, .. } | Key::Result { attempt, .. } => Some(*attempt),
        Key::UploadPart { .. } | Key::Source { .. } => None,
    };
    if maker == Some(made_by) {
        Ok(text.to_owned())
    } else {
        Err(ApiError::invalid(
            field,
            format!("{key} was not written by this attempt"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_object_of_another_attempt_is_refused() {
        let job = Uuid::from_u128(7);
        let mine = Attempt {
            job,
            fencing_token: 3,
        };
        let key = |token| format!("jobs/{job}/{token}/report.pb");
        assert_eq!(own_key("f", &key(3), mine).unwrap(), key(3));
        for foreign in [
            key(4),
            format!("videos/{job}/source"),
            "../report.pb".to_owned(),
        ] {
            assert!(own_key("f", &foreign, mine).is_err(), "{foreign}");
        }
    }
}
