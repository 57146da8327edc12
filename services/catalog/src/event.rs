//! What the catalog announces, as it goes over the wire.

use sopilot_proto::{
    catalog::v1::{self as wire, event},
    scoring::v1::GoldReference,
    timestamp::from_millis,
};
use uuid::Uuid;

use crate::{
    grpc::{wire_failure, wire_job_kind, wire_job_state, wire_role},
    store::{GoldRow, JobModel, ScoreRow, VideoRow},
};

/// Something that has happened.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fact<'a> {
    VideoReady(&'a VideoRow),
    JobEnded(&'a JobModel),
    ScoreStored {
        job: &'a JobModel,
        score: &'a ScoreRow,
        golds: &'a [GoldRow],
    },
    VideoDeleted {
        video: &'a VideoRow,
        reports: &'a [Uuid],
    },
}

impl Fact<'_> {
    /// What subscribers select by.
    pub(crate) fn routing_key(&self) -> &'static str {
        match self {
            Self::VideoReady(_) => "video.ready",
            Self::JobEnded(_) => "job.ended",
            Self::ScoreStored { .. } => "score.stored",
            Self::VideoDeleted { .. } => "video.deleted",
        }
    }
}

/// The message that tells a fact.
pub(crate) fn wire_event(event_id: Uuid, occurred_at: i64, fact: Fact<'_>) -> wire::Event {
    wire::Event {
        event_id: event_id.to_string(),
        occurred_at: Some(from_millis(occurred_at)),
        fact: Some(wire_fact(fact)),
    }
}

fn wire_fact(fact: Fact<'_>) -> event::Fact {
    match fact {
        Fact::VideoReady(video) => event::Fact::VideoReady(wire::VideoReady {
            video_id: video.id.to_string(),
            task_id: video.task_id.to_string(),
            role: wire_role(video.role).into(),
            gold_version: video.gold_version as u32,
        }),
        Fact::JobEnded(job) => event::Fact::JobEnded(wire::JobEnded {
            job_id: job.id.to_string(),
            kind: wire_job_kind(job.kind).into(),
            state: wire_job_state(job.state).into(),
            task_id: job.task_id.to_string(),
            video_id: job.video_id.to_string(),
            failure: wire_failure(job.failure_reason.clone(), job.failure_message.clone()),
        }),
        Fact::ScoreStored { job, score, golds } => event::Fact::ScoreStored(wire::ScoreStored {
            job_id: score.job_id.to_string(),
            task_id: score.task_id.to_string(),
            task_version: job.task_version as u32,
            trainee_video_id: score.trainee_video_id.to_string(),
            golds: golds
                .iter()
                .map(|gold| GoldReference {
                    video_id: gold.video_id.to_string(),
                    gold_version: gold.gold_version as u32,
                })
                .collect(),
            score: score.score,
            verdict: score.verdict,
            deviation_count: score.deviation_count as u32,
        }),
        Fact::VideoDeleted { video, reports } => event::Fact::VideoDeleted(wire::VideoDeleted {
            video_id: video.id.to_string(),
            task_id: video.task_id.to_string(),
            role: wire_role(video.role).into(),
            removed_report_job_ids: reports.iter().map(Uuid::to_string).collect(),
        }),
    }
}
