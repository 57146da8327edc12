//! Rows as types. What a column means is written in the contracts; what is
//! written here is only what the contracts do not say.

use sea_orm::entity::prelude::*;
use sopilot_bus::JobQueue;

macro_rules! stored_enum {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
        #[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
        #[allow(unreachable_pub, reason = "sea-orm's derives want pub types")]
        pub enum $name {
            $($(#[$variant_doc])* #[sea_orm(string_value = $text)] $variant,)+
        }
    };
}

stored_enum!(Role { Gold = "GOLD", Trainee = "TRAINEE", Audit = "AUDIT" });
stored_enum!(VideoState { Ingesting = "INGESTING", Ready = "READY", Failed = "FAILED" });
stored_enum!(JobKind { Ingest = "INGEST", Prepare = "PREPARE", Score = "SCORE" });
stored_enum!(Stage { Embed = "EMBED", Prepare = "PREPARE", Align = "ALIGN", Score = "SCORE" });
impl Stage {
    /// The queue of the stage, as the bus names it.
    pub(crate) fn queue_name(self) -> &'static str {
        self.queue().name()
    }

    /// The queue that rings for the stage.
    pub(crate) fn queue(self) -> JobQueue {
        match self {
            Self::Embed => JobQueue::Embed,
            Self::Prepare => JobQueue::Prepare,
            Self::Align => JobQueue::Align,
            Self::Score => JobQueue::Score,
        }
    }
}

stored_enum!(JobState {
    Queued = "QUEUED",
    Running = "RUNNING",
    Succeeded = "SUCCEEDED",
    Failed = "FAILED",
    Cancelled = "CANCELLED",
});
stored_enum!(
    /// How an attempt ended.
    Outcome {
        /// Its completion was accepted, well or not.
        Completed = "COMPLETED",
        /// Its lease ran out.
        Lost = "LOST",
        /// Its job was cancelled.
        Cancelled = "CANCELLED",
    }
);

impl JobState {
    pub(crate) fn ended(self) -> bool {
        match self {
            Self::Queued | Self::Running => false,
            Self::Succeeded | Self::Failed | Self::Cancelled => true,
        }
    }
}

macro_rules! entity {
    ($(#[$doc:meta])* $module:ident, $table:literal, { $($(#[$attribute:meta])* $field:ident: $type:ty,)+ }) => {
        $(#[$doc])*
        #[allow(unreachable_pub, reason = "sea-orm's derives want pub types")]
        pub(crate) mod $module {
            #[allow(unused_imports)]
            use super::{JobKind, JobState, Outcome, Role, Stage, VideoState};
            use sea_orm::entity::prelude::*;

            #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                $($(#[$attribute])* pub(crate) $field: $type,)+
            }

            #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

entity!(task, "tasks", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    name: String,
    current_version: i32,
    created_at: i64,
});

entity!(
    /// `retention`: what the procedure says of it, in milliseconds, so that it
    /// can be searched for.
    task_version, "task_versions", {
    #[sea_orm(primary_key, auto_increment = false)]
    task_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    version: i32,
    procedure: Vec<u8>,
    created_at: i64,
    retention: Option<i64>,
});

entity!(
    /// `stream`: counts the streams that brought bytes. Only the last one may
    /// commit, and every stream writes objects of its own.
    upload, "uploads", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    task_id: Uuid,
    role: Role,
    size_bytes: i64,
    sha256: String,
    metadata: Vec<u8>,
    committed_bytes: i64,
    stream: i64,
    created_at: i64,
    expires_at: i64,
});

entity!(
    /// A committed part of an upload: which stream brought it.
    upload_part, "upload_parts", {
    #[sea_orm(primary_key, auto_increment = false)]
    upload_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    offset: i64,
    stream: i64,
});

entity!(video, "videos", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    task_id: Uuid,
    role: Role,
    state: VideoState,
    metadata: Vec<u8>,
    size_bytes: i64,
    sha256: String,
    source_key: String,
    ingest_job_id: Uuid,
    gold_version: i32,
    task_version: i32,
    media: Option<Vec<u8>>,
    embedder: Option<Vec<u8>>,
    embedding_rows: Option<i32>,
    embeddings_key: Option<String>,
    clips_key: Option<String>,
    thumbnails_key: Option<String>,
    prepared_key: Option<String>,
    failure_reason: Option<String>,
    failure_message: Option<String>,
    created_at: i64,
    deleted_at: Option<i64>,
});

entity!(
    /// `waiting`: its videos are not READY yet. `task_version`: the version of
    /// the SOP it works for; fixed when it stops waiting (scores) or when
    /// preparation is claimed. `rung_at`: when its own bell was put into the
    /// outbox; see also [`stage_bell`].
    job, "jobs", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    kind: JobKind,
    stage: Stage,
    state: JobState,
    attempt: i32,
    progress: f64,
    task_id: Uuid,
    video_id: Uuid,
    task_version: i32,
    waiting: bool,
    run_after: i64,
    rung_at: i64,
    lease_expires_at: Option<i64>,
    fencing_token: Option<i64>,
    alignment_keys: Option<String>,
    failure_reason: Option<String>,
    failure_message: Option<String>,
    traceparent: String,
    created_at: i64,
    updated_at: i64,
    ended_at: Option<i64>,
});

entity!(
    /// The golds of a score job. `gold_version` and `prepared_key` are fixed
    /// when the job stops waiting, so that alignment and scoring see the same
    /// preparation even if the gold is prepared anew in between.
    job_gold, "job_golds", {
    #[sea_orm(primary_key, auto_increment = false)]
    job_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    position: i32,
    video_id: Uuid,
    gold_version: i32,
    prepared_key: Option<String>,
});

entity!(attempt, "attempts", {
    #[sea_orm(primary_key)]
    fencing_token: i64,
    job_id: Uuid,
    stage: Stage,
    attempt: i32,
    worker: String,
    claimed_at: i64,
    ended_at: Option<i64>,
    outcome: Option<Outcome>,
    failure_reason: Option<String>,
});

entity!(
    /// Bells to be rung. `taken_until`: until then a relay has it.
    outbox, "outbox", {
    #[sea_orm(primary_key)]
    id: i64,
    job_id: Uuid,
    stage: Stage,
    attempt: i32,
    traceparent: String,
    created_at: i64,
    taken_until: i64,
});

entity!(
    /// When the sweep last rang for all that waits at a stage.
    stage_bell, "stage_bells", {
    #[sea_orm(primary_key, auto_increment = false)]
    stage: Stage,
    rung_at: i64,
});

entity!(
    /// Events to be announced. `body`: the encoded `Event`.
    event_outbox, "event_outbox", {
    #[sea_orm(primary_key)]
    id: i64,
    event_id: Uuid,
    routing_key: String,
    body: Vec<u8>,
    traceparent: String,
    created_at: i64,
    taken_until: i64,
});

entity!(score, "scores", {
    #[sea_orm(primary_key, auto_increment = false)]
    job_id: Uuid,
    task_id: Uuid,
    trainee_video_id: Uuid,
    score: f64,
    verdict: i32,
    effective_verdict: i32,
    deviation_count: i32,
    report_key: String,
    created_at: i64,
});

entity!(review, "reviews", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    job_id: Uuid,
    deviation: Option<i32>,
    verdict: Option<i32>,
    decision: i32,
    reviewer: String,
    reason: String,
    created_at: i64,
});

entity!(audit_event, "audit_events", {
    #[sea_orm(primary_key)]
    id: i64,
    at: i64,
    action: String,
    subject_id: Uuid,
    detail: String,
});

entity!(idempotency_key, "idempotency_keys", {
    #[sea_orm(primary_key, auto_increment = false)]
    method: String,
    #[sea_orm(primary_key, auto_increment = false)]
    request_id: String,
    request_hash: Vec<u8>,
    response: Vec<u8>,
    created_at: i64,
});

impl Related<job_gold::Entity> for job::Entity {
    fn to() -> RelationDef {
        job::Entity::belongs_to(job_gold::Entity)
            .from(job::Column::Id)
            .to(job_gold::Column::JobId)
            .into()
    }
}
