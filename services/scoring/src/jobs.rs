//! The stage SCORE: stored evidence becomes a stored report.

use async_trait::async_trait;
use prost::Message;
use sopilot_blob::{BlobStore, Key, ObjectName};
use sopilot_chassis::{Reason, STAGE};
use sopilot_procedure::{GoldInput, PreparedGold, ScoreError, ScoreInput, score};
use sopilot_proto::{
    alignment::v1 as alignment,
    catalog::v1::{ClaimedJob, ScoreResult, ScoreWork, claimed_job::Work, job_completion::Outcome},
    embedding::v1::ClipIndex,
    scoring::v1::{Provenance, ScoreReport},
};
use sopilot_wire::{clips, prepared_gold, procedure};
use sopilot_worker::{AttemptError, Handler, JobContext, stored_message};
use tracing::info_span;

use crate::grpc::{provenance, wire_report};

const REPORT: ObjectName = ObjectName::from_static("report.binpb");

/// Largest piece of evidence that is read, in bytes.
const MAX_EVIDENCE_BYTES: u64 = 256 << 20;

/// Scores trainees.
pub(crate) struct Jobs {
    pub(crate) blobs: BlobStore,
}

/// What was measured of one gold and the trainee.
struct Measured {
    prepared: PreparedGold,
    alignment: sopilot_dtw::Alignment,
    evidence: sopilot_dtw::Evidence,
    engine: String,
}

#[async_trait]
impl Handler for Jobs {
    async fn run(&self, job: ClaimedJob, context: JobContext) -> Result<Outcome, AttemptError> {
        let Some(Work::Score(work)) = job.work else {
            return Err(AttemptError::internal("the job is not to score"));
        };
        tokio::select! {
            outcome = self.score(&job.job_id, work, &context) => outcome.map(Outcome::Score),
            () = context.cancellation().cancelled() => {
                Err(AttemptError::transient(Reason::Cancelled, "the job is no longer wanted"))
            }
        }
    }
}

impl Jobs {
    async fn score(
        &self,
        job_id: &str,
        work: ScoreWork,
        context: &JobContext,
    ) -> Result<ScoreResult, AttemptError> {
        let index: ClipIndex =
            stored_message(&self.blobs, &work.trainee_clips_key, MAX_EVIDENCE_BYTES).await?;
        let mut measured = Vec::with_capacity(work.golds.len());
        for gold in &work.golds {
            measured.push(
                self.measured(&gold.prepared_key, &gold.alignment_key)
                    .await?,
            );
            context.set_progress(measured.len() as f64 / (work.golds.len() + 1) as f64);
        }
        let procedure =
            procedure(&work.procedure.clone().unwrap_or_default()).map_err(|violations| {
                AttemptError::internal(format!("the stored procedure: {violations:?}"))
            })?;
        let made_by = |left_out: &[usize], engine: &str| made_by(&work, left_out, engine);
        let report = tokio::task::block_in_place(|| {
            let golds: Vec<GoldInput<'_>> = measured
                .iter()
                .map(|gold| GoldInput {
                    prepared: &gold.prepared,
                    alignment: &gold.alignment,
                    evidence: &gold.evidence,
                })
                .collect();
            let trainee = clips(&index.clips);
            let input = ScoreInput {
                procedure: &procedure,
                golds: &golds,
                trainee: &trainee,
            };
            let scored = info_span!(target: STAGE, "score").in_scope(|| score(&input));
            let outcome = scored.map_err(|error| from_score(&error))?;
            let first = &measured[0];
            let provenance = made_by(&outcome.golds_left_out, &first.engine);
            let picture = &first.evidence.picture;
            Ok::<ScoreReport, AttemptError>(wire_report(outcome, picture, job_id, provenance))
        })?;
        self.store(report, context).await
    }

    async fn store(
        &self,
        report: ScoreReport,
        context: &JobContext,
    ) -> Result<ScoreResult, AttemptError> {
        let key = Key::result(context.attempt(), REPORT);
        self.blobs.put(&key, report.encode_to_vec().into()).await?;
        Ok(ScoreResult {
            report_key: key.to_string(),
            score: report.score,
            verdict: report.verdict,
            deviation_count: report.deviations.len() as u32,
        })
    }

    async fn measured(
        &self,
        prepared_key: &str,
        alignment_key: &str,
    ) -> Result<Measured, AttemptError> {
        let damaged = |what: String| AttemptError::permanent(Reason::ObjectCorrupt, what);
        let prepared: alignment::PreparedGold =
            stored_message(&self.blobs, prepared_key, MAX_EVIDENCE_BYTES).await?;
        let aligned: alignment::Alignment =
            stored_message(&self.blobs, alignment_key, MAX_EVIDENCE_BYTES).await?;
        let engine = aligned.engine.clone();
        let (alignment, evidence) = sopilot_wire::alignment(aligned)
            .map_err(|error| damaged(format!("object {alignment_key}: {error}")))?;
        Ok(Measured {
            prepared: prepared_gold(&prepared)
                .map_err(|error| damaged(format!("object {prepared_key}: {error}")))?,
            alignment,
            evidence,
            engine,
        })
    }
}

fn made_by(work: &ScoreWork, left_out: &[usize], engine: &str) -> Provenance {
    let golds = work
        .golds
        .iter()
        .enumerate()
        .filter(|(index, _)| !left_out.contains(index));
    Provenance {
        task_version: work.task_version,
        golds: golds.filter_map(|(_, gold)| gold.gold.clone()).collect(),
        trainee_video_id: work.trainee_video_id.clone(),
        ..provenance(work.embedder.clone(), engine)
    }
}

fn from_score(error: &ScoreError) -> AttemptError {
    let reason = match error {
        ScoreError::NoGold | ScoreError::StepCount { .. } => Reason::GoldVersionMismatch,
        ScoreError::BadClip { .. } | ScoreError::Size { .. } | ScoreError::Corrupt { .. } => {
            Reason::ObjectCorrupt
        }
    };
    AttemptError::permanent(reason, error.to_string())
}
