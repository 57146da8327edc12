//! The stages PREPARE and ALIGN.

use std::sync::Arc;

use async_trait::async_trait;
use prost::Message;
use sopilot_blob::{Key, Matrix, ObjectName};
use sopilot_chassis::{Reason, STAGE};
use sopilot_dtw::{Centring, Cost, MatrixView, Side};
use sopilot_procedure::{PrepareError, prepare};
use sopilot_proto::{
    alignment::v1::PreparedGold,
    catalog::v1::{
        AlignGold, AlignResult, AlignWork, ClaimedJob, PrepareResult, PrepareWork,
        claimed_job::Work, job_completion::Outcome,
    },
    embedding::v1::ClipIndex,
    id::VideoId,
};
use sopilot_wire::{clips, prepared_gold, procedure, time_range, wire_prepared_gold};
use sopilot_worker::{AttemptError, Handler, JobContext, stored_message};
use tracing::info_span;

use crate::engine::{Engine, LoadError, Plan, api_error};

const PREPARED: ObjectName = ObjectName::from_static("prepared.binpb");

/// Largest clip index or prepared gold that is read, in bytes.
const MAX_MESSAGE_BYTES: u64 = 64 << 20;

/// Prepares golds and aligns trainees with them.
pub(crate) struct Jobs {
    pub(crate) engine: Engine,
}

#[async_trait]
impl Handler for Jobs {
    async fn run(&self, job: ClaimedJob, context: JobContext) -> Result<Outcome, AttemptError> {
        let work = async {
            match job.work {
                Some(Work::Prepare(work)) => {
                    self.prepare(work, &context).await.map(Outcome::Prepare)
                }
                Some(Work::Align(work)) => self.align(work, &context).await.map(Outcome::Align),
                Some(Work::Embed(_) | Work::Score(_)) | None => Err(AttemptError::internal(
                    "the job is neither to prepare nor to align",
                )),
            }
        };
        tokio::select! {
            outcome = work => outcome,
            () = context.cancellation().cancelled() => {
                Err(AttemptError::transient(Reason::Cancelled, "the job is no longer wanted"))
            }
        }
    }
}

impl Jobs {
    async fn prepare(
        &self,
        work: PrepareWork,
        context: &JobContext,
    ) -> Result<PrepareResult, AttemptError> {
        let video: VideoId = work
            .video_id
            .parse()
            .map_err(|error| AttemptError::internal(format!("the job's gold: {error}")))?;
        let matrix = self.engine.load(&work.embeddings_key).await?;
        let index: ClipIndex =
            stored_message(&self.engine.blobs, &work.clips_key, MAX_MESSAGE_BYTES).await?;
        let procedure = procedure(&work.procedure.unwrap_or_default()).map_err(|violations| {
            AttemptError::internal(format!("the stored procedure: {violations:?}"))
        })?;
        let step_times: Vec<_> = work.step_times.iter().map(time_range).collect();
        let prepared = tokio::task::spawn_blocking(move || {
            let gold = MatrixView::new(Side::Gold, matrix.rows(), matrix.dim(), matrix.data())?;
            info_span!(target: STAGE, "prepare")
                .in_scope(|| prepare(&gold, &clips(&index.clips), &procedure, &step_times))
        })
        .await
        .map_err(|panic| {
            AttemptError::transient(Reason::Internal, format!("preparing failed: {panic}"))
        })?
        .map_err(|error| from_prepare(&error))?;

        let key = Key::derived(video.uuid(), context.attempt(), PREPARED);
        let bytes = wire_prepared_gold(&prepared).encode_to_vec();
        self.engine.blobs.put(&key, bytes.into()).await?;
        Ok(PrepareResult {
            prepared_key: key.to_string(),
        })
    }

    async fn align(
        &self,
        work: AlignWork,
        context: &JobContext,
    ) -> Result<AlignResult, AttemptError> {
        let trainee = self.engine.load(&work.trainee_embeddings_key).await?;
        let count = work.golds.len();
        let mut alignment_keys = Vec::with_capacity(count);
        for (index, gold) in work.golds.into_iter().enumerate() {
            let (matrix, plan) = self.gold(&gold).await?;
            let alignment = self
                .engine
                .align(matrix, Arc::clone(&trainee), plan)
                .await?;
            let name = ObjectName::parse(&format!("alignment-{index}.binpb"))
                .map_err(|error| AttemptError::internal(error.to_string()))?;
            let key = Key::result(context.attempt(), name);
            self.engine
                .blobs
                .put(&key, alignment.encode_to_vec().into())
                .await?;
            alignment_keys.push(key.to_string());
            context.set_progress((index + 1) as f64 / count as f64);
        }
        Ok(AlignResult { alignment_keys })
    }

    async fn gold(&self, gold: &AlignGold) -> Result<(Arc<Matrix>, Plan), AttemptError> {
        let matrix = self.engine.load(&gold.embeddings_key).await?;
        let wire: PreparedGold =
            stored_message(&self.engine.blobs, &gold.prepared_key, MAX_MESSAGE_BYTES).await?;
        let prepared = prepared_gold(&wire)
            .map_err(|error| AttemptError::permanent(Reason::ObjectCorrupt, error.to_string()))?;
        let plan = Plan {
            steps: prepared.steps.into_iter().map(|step| step.clips).collect(),
            cost: Cost::Cosine,
            centring: Centring::OnEach,
            non_overlapping_lag: prepared.non_overlapping_lag,
        };
        Ok((matrix, plan))
    }
}

impl From<LoadError> for AttemptError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Key(message) => AttemptError::internal(message),
            LoadError::Blob(error) => error.into(),
        }
    }
}

fn from_prepare(error: &PrepareError) -> AttemptError {
    let reason = match error {
        PrepareError::ClipCount { .. } | PrepareError::BadClip { .. } => Reason::ObjectCorrupt,
        PrepareError::StepTimesCount { .. }
        | PrepareError::BadStepTime { .. }
        | PrepareError::StepTimeMissing { .. }
        | PrepareError::NoTimes { .. }
        | PrepareError::StepOutside { .. }
        | PrepareError::StepWithoutClip { .. } => Reason::StepListInvalid,
        PrepareError::Embeddings(error) => return api_error(error).into(),
    };
    AttemptError::permanent(reason, error.to_string())
}
