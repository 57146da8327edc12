//! The 15 metrics that users of the earlier system know, for comparison over
//! time. Similarity is 1 − cost, as for the cosine cost.

use sopilot_dtw::{Alignment, Evidence};

use crate::order::StepOrder;
use crate::report::{Deviation, DeviationType, StepResult, StepStatus};

/// Bounds of the threshold below which a clip counts as unlike: below the
/// first, even unrelated clips would count as alike; above the second, clips
/// of the same movement would count as unlike.
const LOW_SIMILARITY_BOUNDS: (f64, f64) = (0.1, 0.7);

/// The 15 metrics. Ratios are from 0 to 1 unless they say otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metrics {
    /// Steps that are missing.
    pub miss: u32,
    /// Adjacent pairs of steps done in the wrong order.
    pub swap: u32,
    /// Steps that were done but not like the gold.
    pub deviation: u32,
    /// Steps that took too long.
    pub over_time: u32,
    /// Mean distance of the warping path from the diagonal, relative to the
    /// length of the videos.
    pub temporal_warp: f64,
    /// Length of the warping path relative to the longer video; at least 1.
    pub path_stretch: f64,
    /// Share of the trainee clips that share their gold clip with the clip
    /// before.
    pub duplicate_ratio: f64,
    /// Share of the pairs of consecutive trainee clips whose best gold steps
    /// go backwards.
    pub order_violation_ratio: f64,
    /// Mean signed distance of the warping path from the diagonal; negative:
    /// the trainee is ahead of the gold. From −1 to 1.
    pub temporal_drift: f64,
    /// 1 − mean similarity along the path; from 0 to 2.
    pub confidence_loss: f64,
    /// Mean of the best similarity of each gold clip minus that on the path:
    /// what a free order would gain. From 0 to 2.
    pub local_similarity_gap: f64,
    /// Similarity below which a clip of this pair counts as unlike: one
    /// standard deviation below the mean of the gold clips' best similarities
    /// on the path.
    pub adaptive_low_similarity_threshold: f64,
    /// The threshold that was used: the adaptive one, from 0.1 to 0.7.
    pub effective_low_similarity_threshold: f64,
    /// Share of the gold clips below the effective threshold on the path.
    pub hard_miss_ratio: f64,
    /// Mean local cost along the warping path.
    pub mean_alignment_cost: f64,
}

/// The alignment must be a path of N × M clips, N and M at least 1.
pub(crate) fn metrics(
    alignment: &Alignment,
    evidence: &Evidence,
    order: &StepOrder,
    steps: &[StepResult],
    deviations: &[Deviation],
) -> Metrics {
    let with_status = |status| steps.iter().filter(|step| step.status == status).count() as u32;
    let on_path = best_on_path(alignment);
    let adaptive = mean(&on_path) - standard_deviation(&on_path);
    let effective = adaptive.clamp(LOW_SIMILARITY_BOUNDS.0, LOW_SIMILARITY_BOUNDS.1);
    let mean_cost = alignment.total / alignment.path.len() as f64;
    let gold_best: Vec<f64> = evidence
        .gold_best
        .iter()
        .map(|&similarity| f64::from(similarity))
        .collect();
    Metrics {
        miss: with_status(StepStatus::Missing),
        swap: swaps(order, steps),
        deviation: with_status(StepStatus::Wrong),
        over_time: deviations
            .iter()
            .filter(|found| found.kind == DeviationType::OverTime)
            .count() as u32,
        temporal_warp: mean(&drifts(alignment).map(f64::abs).collect::<Vec<_>>()),
        path_stretch: alignment.path.len() as f64
            / f64::from(alignment.gold_clips.max(alignment.trainee_clips)),
        duplicate_ratio: duplicate_ratio(alignment),
        order_violation_ratio: order_violation_ratio(
            &evidence.step_similarity,
            alignment.trainee_clips as usize,
        ),
        temporal_drift: mean(&drifts(alignment).collect::<Vec<_>>()),
        confidence_loss: mean_cost.clamp(0.0, 2.0),
        local_similarity_gap: (mean(&gold_best) - (1.0 - mean_cost)).clamp(0.0, 2.0),
        adaptive_low_similarity_threshold: adaptive,
        effective_low_similarity_threshold: effective,
        hard_miss_ratio: on_path
            .iter()
            .filter(|&&similarity| similarity < effective)
            .count() as f64
            / on_path.len() as f64,
        mean_alignment_cost: mean_cost,
    }
}

/// How far the trainee is behind the gold in every cell, as a share of the
/// videos.
fn drifts(alignment: &Alignment) -> impl Iterator<Item = f64> + '_ {
    let progress = |clip: u32, clips: u32| (f64::from(clip) + 0.5) / f64::from(clips);
    alignment.path.iter().map(move |&(gold, trainee)| {
        progress(trainee, alignment.trainee_clips) - progress(gold, alignment.gold_clips)
    })
}

fn duplicate_ratio(alignment: &Alignment) -> f64 {
    let repeated = alignment
        .path
        .windows(2)
        .filter(|cells| cells[0].0 == cells[1].0)
        .count();
    repeated as f64 / f64::from(alignment.trainee_clips)
}

fn order_violation_ratio(step_similarity: &[f32], clips: usize) -> f64 {
    let steps = step_similarity.len() / clips;
    let best = |clip: usize| {
        let similarity = |step: usize| step_similarity[step * clips + clip];
        (0..steps).fold(0, |best, step| {
            if similarity(step) > similarity(best) {
                step
            } else {
                best
            }
        })
    };
    let backwards = (1..clips)
        .filter(|&clip| best(clip) < best(clip - 1))
        .count();
    backwards as f64 / (clips - 1).max(1) as f64
}

fn swaps(order: &StepOrder, steps: &[StepResult]) -> u32 {
    let start = |step: usize| steps[step].trainee_time.map(|time| time.start_s);
    let swapped = |&second: &usize| match (start(second - 1), start(second)) {
        (Some(first_s), Some(second_s)) => order.precedes(second - 1, second) && second_s < first_s,
        _ => false,
    };
    (1..steps.len()).filter(swapped).count() as u32
}

/// Per gold clip, the best similarity of its cells on the path.
fn best_on_path(alignment: &Alignment) -> Vec<f64> {
    let mut best = vec![f64::NEG_INFINITY; alignment.gold_clips as usize];
    for (&(gold, _), &cost) in alignment.path.iter().zip(&alignment.path_costs) {
        let best = &mut best[gold as usize];
        *best = best.max(1.0 - f64::from(cost));
    }
    best
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn standard_deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    (values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / values.len() as f64)
        .sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procedure::{Order, TimeRange};
    use crate::report::Verdict;
    use sopilot_dtw::SimilarityPicture;

    /// Two gold clips, four trainee clips; the second gold clip is met by the
    /// last three.
    fn alignment() -> Alignment {
        Alignment {
            gold_clips: 2,
            trainee_clips: 4,
            path: vec![(0, 0), (1, 1), (1, 2), (1, 3)],
            path_costs: vec![0.1, 0.3, 0.5, 0.3],
            total: 1.2,
        }
    }

    fn evidence() -> Evidence {
        Evidence {
            // Best steps 0, 1, 0, 1.
            step_similarity: vec![0.9, 0.1, 0.5, 0.1, 0.2, 0.6, 0.4, 0.6],
            step_matches: Vec::new(),
            gold_best: vec![0.9, 0.8],
            trainee_best: vec![0.9, 0.7, 0.5, 0.7],
            picture: SimilarityPicture {
                rows: 1,
                columns: 1,
                cells: vec![0],
                low: 0.0,
                high: 0.0,
            },
            gold_self_similarity_quantiles: [0.5; 5],
            discrete_frechet: 0.5,
        }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn path_metrics_of_a_hand_made_example() {
        let order = StepOrder::new(&Order::Sequential, 0);
        let found = metrics(&alignment(), &evidence(), &order, &[], &[]);
        // Progress of the trainee 1/8, 3/8, 5/8, 7/8; of the gold 1/4, 3/4.
        assert!(close(
            found.temporal_warp,
            (0.125 + 0.375 + 0.125 + 0.125) / 4.0
        ));
        assert!(close(
            found.temporal_drift,
            (-0.125 - 0.375 - 0.125 + 0.125) / 4.0
        ));
        assert!(close(found.path_stretch, 1.0));
        assert!(close(found.duplicate_ratio, 0.5));
        assert!(close(found.order_violation_ratio, 1.0 / 3.0));
        assert!(close(found.mean_alignment_cost, 0.3));
        assert!(close(found.confidence_loss, 0.3));
        assert!(close(found.local_similarity_gap, 0.85 - 0.7));
        // On the path the gold clips reach 0.9 and 0.7.
        assert!(close(found.adaptive_low_similarity_threshold, 0.7));
        assert!(close(found.effective_low_similarity_threshold, 0.7));
        assert!(found.hard_miss_ratio <= 0.5);
    }

    #[test]
    fn the_effective_threshold_is_bounded() {
        let order = StepOrder::new(&Order::Sequential, 0);
        let mut alike = alignment();
        alike.path_costs = vec![0.0; 4];
        alike.total = 0.0;
        let found = metrics(&alike, &evidence(), &order, &[], &[]);
        assert!(close(found.adaptive_low_similarity_threshold, 1.0));
        assert!(close(found.effective_low_similarity_threshold, 0.7));
        assert_eq!(found.hard_miss_ratio, 0.0);
        let mut unlike = alignment();
        unlike.path_costs = vec![0.95; 4];
        let found = metrics(&unlike, &evidence(), &order, &[], &[]);
        assert!(close(found.effective_low_similarity_threshold, 0.1));
        assert_eq!(found.hard_miss_ratio, 1.0);
    }

    #[test]
    fn step_metrics_of_a_hand_made_example() {
        let steps = [
            StepResult::sample(0, StepStatus::Deviated, Some(5.0)),
            StepResult::sample(1, StepStatus::Done, Some(2.0)),
            StepResult::sample(2, StepStatus::Missing, None),
            StepResult::sample(3, StepStatus::Wrong, Some(1.0)),
            StepResult::sample(4, StepStatus::Deviated, Some(0.5)),
        ];
        let over = Deviation {
            kind: DeviationType::OverTime,
            gold_step: Some(4),
            step_name: String::new(),
            gold_time: None,
            trainee_time: TimeRange {
                start_s: 0.5,
                end_s: 1.0,
            },
            confidence: 1.0,
            points_lost: 1.0,
            verdict_without: Verdict::Pass,
            reason: String::new(),
        };
        let sequential = StepOrder::new(&Order::Sequential, 5);
        let found = metrics(&alignment(), &evidence(), &sequential, &steps, &[over]);
        assert_eq!(
            (found.miss, found.swap, found.deviation, found.over_time),
            (1, 2, 1, 1)
        );
        let free = StepOrder::new(&Order::Partial(vec![(3, 4)]), 5);
        assert_eq!(
            metrics(&alignment(), &evidence(), &free, &steps, &[]).swap,
            1
        );
    }
}
