//! Between wire types and rows.

use std::str::FromStr;

use prost::Message;
use sopilot_chassis::{ApiError, Reason};
use sopilot_proto::{
    catalog::v1::{self as wire, VideoMetadata},
    embedding::v1::Embedder,
    id::ParseIdError,
    scoring::v1::Verdict,
    timestamp::from_millis,
};
use uuid::Uuid;

use crate::{
    error::Result,
    store::{
        AuditRow, JobKind, JobRow, JobState, ReviewRow, Role, ScoreRow, Stage, TaskRow, UploadRow,
        VersionRow, VideoRow, VideoState,
    },
};

/// Longest description of a step, in characters.
const MAX_DESCRIPTION: usize = 2000;

/// Most precedences of a procedure: far more than 200 steps need.
const MAX_PRECEDENCES: usize = 5000;

/// Reads an identifier that must be there.
pub(super) fn id<I: FromStr<Err = ParseIdError>>(
    field: &str,
    text: &str,
) -> std::result::Result<I, ApiError> {
    if text.is_empty() {
        return Err(ApiError::invalid(field, "must be set"));
    }
    text.parse()
        .map_err(|error: ParseIdError| ApiError::invalid(field, error.to_string()))
}

/// Reads an identifier that may be left out.
pub(super) fn optional_id<I: FromStr<Err = ParseIdError>>(
    field: &str,
    text: &str,
) -> std::result::Result<Option<I>, ApiError> {
    if text.is_empty() {
        Ok(None)
    } else {
        id(field, text).map(Some)
    }
}

/// Reads an enum of the wire; `None` if it is not set.
pub(super) fn wire_enum<E: TryFrom<i32> + Default + PartialEq>(
    field: &str,
    value: i32,
) -> std::result::Result<Option<E>, ApiError> {
    let value = E::try_from(value).map_err(|_| {
        ApiError::invalid(
            field,
            format!("{value} is not one of the values of the contract"),
        )
    })?;
    Ok((value != E::default()).then_some(value))
}

pub(super) fn role(wire: wire::VideoRole) -> Option<Role> {
    match wire {
        wire::VideoRole::Unspecified => None,
        wire::VideoRole::Gold => Some(Role::Gold),
        wire::VideoRole::Trainee => Some(Role::Trainee),
        wire::VideoRole::Audit => Some(Role::Audit),
    }
}

pub(crate) fn wire_role(role: Role) -> wire::VideoRole {
    match role {
        Role::Gold => wire::VideoRole::Gold,
        Role::Trainee => wire::VideoRole::Trainee,
        Role::Audit => wire::VideoRole::Audit,
    }
}

pub(super) fn video_state(wire: wire::VideoState) -> Option<VideoState> {
    match wire {
        wire::VideoState::Unspecified => None,
        wire::VideoState::Ingesting => Some(VideoState::Ingesting),
        wire::VideoState::Ready => Some(VideoState::Ready),
        wire::VideoState::Failed => Some(VideoState::Failed),
    }
}

pub(super) fn job_kind(wire: wire::JobKind) -> Option<JobKind> {
    match wire {
        wire::JobKind::Unspecified => None,
        wire::JobKind::Ingest => Some(JobKind::Ingest),
        wire::JobKind::Prepare => Some(JobKind::Prepare),
        wire::JobKind::Score => Some(JobKind::Score),
    }
}

pub(super) fn job_state(wire: wire::JobState) -> Option<JobState> {
    match wire {
        wire::JobState::Unspecified => None,
        wire::JobState::Queued => Some(JobState::Queued),
        wire::JobState::Running => Some(JobState::Running),
        wire::JobState::Succeeded => Some(JobState::Succeeded),
        wire::JobState::Failed => Some(JobState::Failed),
        wire::JobState::Cancelled => Some(JobState::Cancelled),
    }
}

pub(super) fn stage(wire: wire::JobStage) -> Option<Stage> {
    match wire {
        wire::JobStage::Unspecified => None,
        wire::JobStage::Embed => Some(Stage::Embed),
        wire::JobStage::Prepare => Some(Stage::Prepare),
        wire::JobStage::Align => Some(Stage::Align),
        wire::JobStage::Score => Some(Stage::Score),
    }
}

pub(crate) fn wire_stage(stage: Stage) -> wire::JobStage {
    match stage {
        Stage::Embed => wire::JobStage::Embed,
        Stage::Prepare => wire::JobStage::Prepare,
        Stage::Align => wire::JobStage::Align,
        Stage::Score => wire::JobStage::Score,
    }
}

pub(super) fn wire_task(row: TaskRow) -> wire::Task {
    wire::Task {
        id: row.id.to_string(),
        name: row.name,
        current_version: Some(wire_version(row.current)),
        created_at: Some(from_millis(row.created_at)),
    }
}

pub(super) fn wire_version(row: VersionRow) -> wire::TaskVersion {
    wire::TaskVersion {
        version: row.version as u32,
        procedure: Some(row.procedure),
        created_at: Some(from_millis(row.created_at)),
    }
}

pub(super) fn wire_upload(row: &UploadRow) -> Result<wire::Upload> {
    Ok(wire::Upload {
        id: row.id.to_string(),
        committed_bytes: row.committed_bytes as u64,
        size_bytes: row.size_bytes as u64,
        expires_at: Some(from_millis(row.expires_at)),
        task_id: row.task_id.to_string(),
        role: wire_role(row.role).into(),
        metadata: Some(VideoMetadata::decode(row.metadata.as_slice())?),
        created_at: Some(from_millis(row.created_at)),
    })
}

pub(super) fn wire_video(row: VideoRow) -> Result<wire::Video> {
    let state = match row.state {
        VideoState::Ingesting => wire::VideoState::Ingesting,
        VideoState::Ready => wire::VideoState::Ready,
        VideoState::Failed => wire::VideoState::Failed,
    };
    let ready = row.state == VideoState::Ready;
    let embeddings = wire_embeddings(&row)?.filter(|_| ready);
    Ok(wire::Video {
        id: row.id.to_string(),
        task_id: row.task_id.to_string(),
        role: wire_role(row.role).into(),
        state: state.into(),
        metadata: Some(VideoMetadata::decode(row.metadata.as_slice())?),
        size_bytes: row.size_bytes as u64,
        sha256: row.sha256,
        ingest_job_id: row.ingest_job_id.to_string(),
        gold_version: row.gold_version as u32,
        task_version: row.task_version as u32,
        media: match row.media.as_deref() {
            Some(media) if ready => Some(wire::MediaInfo::decode(media)?),
            Some(_) | None => None,
        },
        embeddings,
        failure: wire_failure(row.failure_reason, row.failure_message),
        created_at: Some(from_millis(row.created_at)),
    })
}

/// Where the embeddings of a video are, once it has any.
fn wire_embeddings(row: &VideoRow) -> Result<Option<wire::EmbeddingReference>> {
    let (Some(key), Some(rows)) = (&row.embeddings_key, row.embedding_rows) else {
        return Ok(None);
    };
    Ok(Some(wire::EmbeddingReference {
        object_key: key.clone(),
        rows: rows as u32,
        embedder: Some(Embedder::decode(
            row.embedder.as_deref().unwrap_or_default(),
        )?),
    }))
}

pub(crate) fn wire_failure(
    reason: Option<String>,
    message: Option<String>,
) -> Option<wire::Failure> {
    reason.map(|reason| wire::Failure {
        reason,
        message: message.unwrap_or_default(),
    })
}

pub(crate) fn wire_job_kind(kind: JobKind) -> wire::JobKind {
    match kind {
        JobKind::Ingest => wire::JobKind::Ingest,
        JobKind::Prepare => wire::JobKind::Prepare,
        JobKind::Score => wire::JobKind::Score,
    }
}

pub(crate) fn wire_job_state(state: JobState) -> wire::JobState {
    match state {
        JobState::Queued => wire::JobState::Queued,
        JobState::Running => wire::JobState::Running,
        JobState::Succeeded => wire::JobState::Succeeded,
        JobState::Failed => wire::JobState::Failed,
        JobState::Cancelled => wire::JobState::Cancelled,
    }
}

pub(super) fn wire_job(row: JobRow) -> wire::Job {
    let job = row.job;
    let delayed = job.state == JobState::Queued && job.run_after > job.updated_at;
    wire::Job {
        id: job.id.to_string(),
        kind: wire_job_kind(job.kind).into(),
        state: wire_job_state(job.state).into(),
        stage: wire_stage(job.stage).into(),
        attempt: job.attempt as u32,
        progress: job.progress,
        task_id: job.task_id.to_string(),
        video_id: job.video_id.to_string(),
        gold_video_ids: row.golds.iter().map(Uuid::to_string).collect(),
        waiting_for_videos: job.waiting && !job.state.ended(),
        run_after: delayed.then(|| from_millis(job.run_after)),
        lease_expires_at: job.lease_expires_at.map(from_millis),
        failure: wire_failure(job.failure_reason, job.failure_message),
        created_at: Some(from_millis(job.created_at)),
        updated_at: Some(from_millis(job.updated_at)),
        ended_at: job.ended_at.map(from_millis),
    }
}

pub(super) fn wire_score(row: &ScoreRow) -> wire::ScoreSummary {
    wire::ScoreSummary {
        job_id: row.job_id.to_string(),
        task_id: row.task_id.to_string(),
        trainee_video_id: row.trainee_video_id.to_string(),
        score: row.score,
        verdict: row.verdict,
        effective_verdict: row.effective_verdict,
        deviation_count: row.deviation_count as u32,
        created_at: Some(from_millis(row.created_at)),
    }
}

pub(super) fn wire_review(row: ReviewRow) -> wire::Review {
    use wire::review::Subject;
    let subject = match row.deviation {
        Some(deviation) => Subject::Deviation(deviation as u32),
        None => Subject::Verdict(wire::VerdictSubject {
            verdict: row.verdict.unwrap_or(Verdict::Unspecified.into()),
        }),
    };
    wire::Review {
        id: row.id.to_string(),
        job_id: row.job_id.to_string(),
        decision: row.decision,
        reviewer: row.reviewer,
        reason: row.reason,
        created_at: Some(from_millis(row.created_at)),
        subject: Some(subject),
    }
}

pub(super) fn wire_audit_event(row: AuditRow) -> wire::AuditEvent {
    wire::AuditEvent {
        id: row.id as u64,
        at: Some(from_millis(row.at)),
        action: row.action,
        subject_id: row.subject_id.to_string(),
        detail: row.detail,
    }
}

/// Checks a text that people wrote: its length in characters, and that it has
/// no control characters, which have no place in a name.
pub(super) fn check_text(
    field: &str,
    text: &str,
    longest: usize,
) -> std::result::Result<(), ApiError> {
    let length = text.chars().count();
    if length > longest {
        return Err(ApiError::invalid(
            field,
            format!("has {length} characters; at most {longest} are allowed"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(ApiError::invalid(
            field,
            "contains control characters: remove them",
        ));
    }
    Ok(())
}

/// Checks a procedure, naming every mistake in it.
pub(super) fn check_procedure(
    procedure: &sopilot_proto::scoring::v1::Procedure,
) -> std::result::Result<(), ApiError> {
    for (index, step) in procedure.steps.iter().enumerate() {
        let length = step.description.chars().count();
        if length > MAX_DESCRIPTION {
            return Err(ApiError::invalid(
                format!("procedure.steps[{index}].description"),
                format!("has {length} characters; at most {MAX_DESCRIPTION} are allowed"),
            ));
        }
    }
    if procedure.precedences.len() > MAX_PRECEDENCES {
        return Err(ApiError::invalid(
            "procedure.precedences",
            format!(
                "has {} entries; at most {MAX_PRECEDENCES} are allowed",
                procedure.precedences.len()
            ),
        ));
    }
    let violations = match sopilot_wire::procedure(procedure) {
        Ok(procedure) => procedure.validate(),
        Err(violations) => violations,
    };
    let Some(first) = violations.first() else {
        return Ok(());
    };
    let message = match violations.len() {
        1 => format!("{}: {}", first.field, first.message),
        count => format!(
            "{}: {} (and {} more mistakes)",
            first.field,
            first.message,
            count - 1
        ),
    };
    let error = ApiError::new(Reason::StepListInvalid, message);
    Err(violations.into_iter().fold(error, |error, violation| {
        error.with_violation(format!("procedure.{}", violation.field), violation.message)
    }))
}
