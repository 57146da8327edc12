//! What a score job found.

use sopilot_dtw::SimilarityPicture;
use sopilot_procedure::{
    CoursePoint, Deviation, DeviationType, Metrics, ResearchMetrics, ScoreOutcome, StepResult,
    StepStatus, Verdict, research::Interval,
};
use sopilot_proto::scoring::v1 as wire;

use crate::{Malformed, time_range, wire_time_range};

/// Longest side of the picture in a report: what a page can show.
const PICTURE_SIDE: usize = 256;

/// Writes an outcome as a report that does not say yet what made it, when and
/// for which job; `picture` is that of the first gold.
pub fn wire_outcome(outcome: ScoreOutcome, picture: &SimilarityPicture) -> wire::ScoreReport {
    let verdict = wire_verdict(outcome.verdict);
    let picture = picture.reduced(PICTURE_SIDE);
    wire::ScoreReport {
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
        ..wire::ScoreReport::default()
    }
}

/// Reads a verdict; `None` for one that is not set or of a newer version.
pub fn verdict(wire: wire::Verdict) -> Option<Verdict> {
    match wire {
        wire::Verdict::Unspecified => None,
        wire::Verdict::Pass => Some(Verdict::Pass),
        wire::Verdict::Fail => Some(Verdict::Fail),
        wire::Verdict::NeedsReview => Some(Verdict::NeedsReview),
        wire::Verdict::NotComparable => Some(Verdict::NotComparable),
    }
}

/// Reads a kind of deviation; `None` for one that is not set or of a newer
/// version.
pub fn deviation_type(wire: wire::DeviationType) -> Option<DeviationType> {
    match wire {
        wire::DeviationType::Unspecified => None,
        wire::DeviationType::MissingStep => Some(DeviationType::MissingStep),
        wire::DeviationType::OutOfOrder => Some(DeviationType::OutOfOrder),
        wire::DeviationType::RepeatedStep => Some(DeviationType::RepeatedStep),
        wire::DeviationType::ExtraActivity => Some(DeviationType::ExtraActivity),
        wire::DeviationType::WrongExecution => Some(DeviationType::WrongExecution),
        wire::DeviationType::OverTime => Some(DeviationType::OverTime),
        wire::DeviationType::UnderTime => Some(DeviationType::UnderTime),
    }
}

/// Reads a deviation.
pub fn deviation(wire: &wire::Deviation) -> Result<Deviation, Malformed> {
    let unset = |what: &str| Malformed::new("report", format!("{what} of a deviation is not set"));
    Ok(Deviation {
        kind: deviation_type(wire.r#type()).ok_or_else(|| unset("the kind"))?,
        gold_step: wire.gold_step,
        step_name: wire.step_name.clone(),
        gold_time: wire.gold_time.as_ref().map(time_range),
        trainee_time: (wire.trainee_time.as_ref().map(time_range))
            .ok_or_else(|| unset("the time"))?,
        confidence: wire.confidence,
        points_lost: wire.points_lost,
        verdict_without: verdict(wire.verdict_without()).unwrap_or(Verdict::NeedsReview),
        reason: wire.reason.clone(),
    })
}

/// Reads what became of a step.
pub fn step_result(wire: &wire::StepResult) -> Result<StepResult, Malformed> {
    let unset = |what: &str| Malformed::new("report", format!("{what} of a step is not set"));
    let status = match wire.status() {
        wire::StepStatus::Unspecified => return Err(unset("the status")),
        wire::StepStatus::Done => StepStatus::Done,
        wire::StepStatus::Deviated => StepStatus::Deviated,
        wire::StepStatus::Wrong => StepStatus::Wrong,
        wire::StepStatus::Missing => StepStatus::Missing,
        wire::StepStatus::Skipped => StepStatus::Skipped,
        wire::StepStatus::Unresolved => StepStatus::Unresolved,
    };
    Ok(StepResult {
        index: wire.index,
        parent: wire.parent,
        name: wire.name.clone(),
        status,
        gold_time: (wire.gold_time.as_ref().map(time_range)).ok_or_else(|| unset("the time"))?,
        trainee_time: wire.trainee_time.as_ref().map(time_range),
        duration_ratio: wire.duration_ratio,
        similarity: wire.similarity,
    })
}

/// Reads the 15 metrics.
pub fn metrics(wire: &wire::Metrics) -> Metrics {
    Metrics {
        miss: wire.miss,
        swap: wire.swap,
        deviation: wire.deviation,
        over_time: wire.over_time,
        temporal_warp: wire.temporal_warp,
        path_stretch: wire.path_stretch,
        duplicate_ratio: wire.duplicate_ratio,
        order_violation_ratio: wire.order_violation_ratio,
        temporal_drift: wire.temporal_drift,
        confidence_loss: wire.confidence_loss,
        local_similarity_gap: wire.local_similarity_gap,
        adaptive_low_similarity_threshold: wire.adaptive_low_similarity_threshold,
        effective_low_similarity_threshold: wire.effective_low_similarity_threshold,
        hard_miss_ratio: wire.hard_miss_ratio,
        mean_alignment_cost: wire.mean_alignment_cost,
    }
}

/// Reads the measures for research; `None` if the interval that they always
/// have is missing.
pub fn research(wire: &wire::ResearchMetrics) -> Option<ResearchMetrics> {
    let interval = |wire: &wire::ScoreInterval| Interval {
        low: wire.low,
        high: wire.high,
    };
    Some(ResearchMetrics {
        discrete_frechet: wire.discrete_frechet,
        boundary_hausdorff_s: wire.boundary_hausdorff_seconds,
        step_order_tau: wire.step_order_tau,
        warp_tau: wire.warp_tau,
        deviation_interval: interval(wire.deviation_interval.as_ref()?),
        step_interval: wire.step_interval.as_ref().map(interval),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_survives_the_wire() {
        for kind in [
            DeviationType::MissingStep,
            DeviationType::OutOfOrder,
            DeviationType::RepeatedStep,
            DeviationType::ExtraActivity,
            DeviationType::WrongExecution,
            DeviationType::OverTime,
            DeviationType::UnderTime,
        ] {
            let time = sopilot_procedure::TimeRange {
                start_s: 1.5,
                end_s: 2.0,
            };
            let found = Deviation {
                kind,
                gold_step: Some(3),
                step_name: "Open".to_owned(),
                gold_time: Some(time),
                trainee_time: time,
                confidence: 0.75,
                points_lost: 12.5,
                verdict_without: Verdict::NeedsReview,
                reason: "seen so".to_owned(),
            };
            assert_eq!(deviation(&wire_deviation(found.clone())), Ok(found));
        }
        for status in [
            StepStatus::Done,
            StepStatus::Deviated,
            StepStatus::Wrong,
            StepStatus::Missing,
            StepStatus::Skipped,
            StepStatus::Unresolved,
        ] {
            let result = StepResult {
                index: 4,
                parent: Some(2),
                name: "Close".to_owned(),
                status,
                gold_time: sopilot_procedure::TimeRange {
                    start_s: 0.0,
                    end_s: 1.0,
                },
                trainee_time: None,
                duration_ratio: Some(1.25),
                similarity: 0.5,
            };
            assert_eq!(step_result(&wire_step(result.clone())), Ok(result));
        }
    }

    #[test]
    fn what_is_not_set_is_refused() {
        assert!(deviation(&wire::Deviation::default()).is_err());
        assert!(step_result(&wire::StepResult::default()).is_err());
        assert!(research(&wire::ResearchMetrics::default()).is_none());
        assert_eq!(verdict(wire::Verdict::Unspecified), None);
    }
}
