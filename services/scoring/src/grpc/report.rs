//! Reports.

use sopilot_dtw::SimilarityPicture;
use sopilot_procedure::{
    CALIBRATION, CoursePoint, Deviation, DeviationType, Metrics, ResearchMetrics, ScoreOutcome,
    StepResult, StepStatus, Verdict, research::Interval,
};
use sopilot_proto::{
    embedding::v1::Embedder,
    scoring::v1 as wire,
    timestamp::{from_millis, now_millis},
};
use sopilot_wire::wire_time_range;

/// Longest side of the picture in a report: what a page can show.
const PICTURE_SIDE: usize = 256;

/// Writes a report that is made now; `picture` is that of the first gold.
pub(crate) fn wire_report(
    outcome: ScoreOutcome,
    picture: &SimilarityPicture,
    job_id: &str,
    provenance: wire::Provenance,
) -> wire::ScoreReport {
    let verdict = wire_verdict(outcome.verdict);
    let picture = picture.reduced(PICTURE_SIDE);
    wire::ScoreReport {
        job_id: job_id.to_owned(),
        score: outcome.score,
        verdict: verdict.into(),
        verdict_reason: outcome.verdict_reason,
        deviations: outcome.deviations.into_iter().map(wire_deviation).collect(),
        steps: outcome.steps.into_iter().map(wire_step).collect(),
        metrics: Some(wire_metrics(&outcome.metrics)),
        research: Some(wire_research(&outcome.research)),
        comparison: Some(wire::Comparison {
            rows: picture.rows,
            columns: picture.columns,
            cells: picture.cells.into(),
            course: outcome.course.iter().map(wire_point).collect(),
        }),
        provenance: Some(provenance),
        created_at: Some(from_millis(now_millis())),
    }
}

/// What this code adds to what made a report; the rest is for the caller.
pub(crate) fn provenance(embedder: Option<Embedder>, engine: &str) -> wire::Provenance {
    wire::Provenance {
        embedder,
        alignment_engine: engine.to_owned(),
        calibration: CALIBRATION.to_owned(),
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        ..wire::Provenance::default()
    }
}

fn wire_point(point: &CoursePoint) -> wire::CoursePoint {
    wire::CoursePoint {
        trainee_seconds: point.trainee_s,
        gold_seconds: point.gold_s,
    }
}

fn wire_verdict(verdict: Verdict) -> wire::Verdict {
    match verdict {
        Verdict::Pass => wire::Verdict::Pass,
        Verdict::Fail => wire::Verdict::Fail,
        Verdict::NeedsReview => wire::Verdict::NeedsReview,
        Verdict::NotComparable => wire::Verdict::NotComparable,
    }
}

fn wire_deviation(deviation: Deviation) -> wire::Deviation {
    let kind = match deviation.kind {
        DeviationType::MissingStep => wire::DeviationType::MissingStep,
        DeviationType::OutOfOrder => wire::DeviationType::OutOfOrder,
        DeviationType::RepeatedStep => wire::DeviationType::RepeatedStep,
        DeviationType::ExtraActivity => wire::DeviationType::ExtraActivity,
        DeviationType::WrongExecution => wire::DeviationType::WrongExecution,
        DeviationType::OverTime => wire::DeviationType::OverTime,
        DeviationType::UnderTime => wire::DeviationType::UnderTime,
    };
    wire::Deviation {
        r#type: kind.into(),
        gold_step: deviation.gold_step,
        step_name: deviation.step_name,
        gold_time: deviation.gold_time.as_ref().map(wire_time_range),
        trainee_time: Some(wire_time_range(&deviation.trainee_time)),
        confidence: deviation.confidence,
        points_lost: deviation.points_lost,
        reason: deviation.reason,
        verdict_without: wire_verdict(deviation.verdict_without).into(),
    }
}

fn wire_step(step: StepResult) -> wire::StepResult {
    let status = match step.status {
        StepStatus::Done => wire::StepStatus::Done,
        StepStatus::Deviated => wire::StepStatus::Deviated,
        StepStatus::Wrong => wire::StepStatus::Wrong,
        StepStatus::Missing => wire::StepStatus::Missing,
        StepStatus::Skipped => wire::StepStatus::Skipped,
        StepStatus::Unresolved => wire::StepStatus::Unresolved,
    };
    wire::StepResult {
        index: step.index,
        name: step.name,
        status: status.into(),
        gold_time: Some(wire_time_range(&step.gold_time)),
        trainee_time: step.trainee_time.as_ref().map(wire_time_range),
        duration_ratio: step.duration_ratio,
        similarity: step.similarity,
        parent: step.parent,
    }
}

fn wire_metrics(metrics: &Metrics) -> wire::Metrics {
    wire::Metrics {
        miss: metrics.miss,
        swap: metrics.swap,
        deviation: metrics.deviation,
        over_time: metrics.over_time,
        temporal_warp: metrics.temporal_warp,
        path_stretch: metrics.path_stretch,
        duplicate_ratio: metrics.duplicate_ratio,
        order_violation_ratio: metrics.order_violation_ratio,
        temporal_drift: metrics.temporal_drift,
        confidence_loss: metrics.confidence_loss,
        local_similarity_gap: metrics.local_similarity_gap,
        adaptive_low_similarity_threshold: metrics.adaptive_low_similarity_threshold,
        effective_low_similarity_threshold: metrics.effective_low_similarity_threshold,
        hard_miss_ratio: metrics.hard_miss_ratio,
        mean_alignment_cost: metrics.mean_alignment_cost,
    }
}

fn wire_research(research: &ResearchMetrics) -> wire::ResearchMetrics {
    let interval = |interval: Interval| wire::ScoreInterval {
        low: interval.low,
        high: interval.high,
    };
    wire::ResearchMetrics {
        discrete_frechet: research.discrete_frechet,
        boundary_hausdorff_seconds: research.boundary_hausdorff_s,
        step_order_tau: research.step_order_tau,
        warp_tau: research.warp_tau,
        deviation_interval: Some(interval(research.deviation_interval)),
        step_interval: research.step_interval.map(interval),
    }
}
