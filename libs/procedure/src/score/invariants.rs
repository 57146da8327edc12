//! Invariants of a score, on evidence that no video could give.

use proptest::prelude::*;
use sopilot_dtw::{Alignment, Evidence, SimilarityPicture, StepMatch};

use super::*;
use crate::clip::{Clip, ClipFlag};
use crate::prepare::{PreparedGold, PreparedStep, StepSource};
use crate::procedure::{Order, Procedure, Step, TimeRange};
use crate::report::Verdict;

#[derive(Debug, Clone)]
struct Arbitrary {
    procedure: Procedure,
    prepared: PreparedGold,
    alignment: Alignment,
    evidence: Evidence,
    clips: Vec<Clip>,
}

fn similarities(count: usize) -> impl Strategy<Value = Vec<f32>> {
    proptest::collection::vec(-1.0_f32..1.0, count)
}

fn any_evidence(steps: usize, clips: usize, gold_clips: usize) -> impl Strategy<Value = Evidence> {
    let found = (0..clips, -1.0_f32..1.0).prop_map(move |(first, similarity)| StepMatch {
        trainee: first as u32..clips as u32,
        similarity,
        coverage: 0.0,
    });
    let lists = (
        similarities(steps * clips),
        similarities(gold_clips),
        similarities(clips),
        similarities(5),
        proptest::collection::vec(found, steps),
        proptest::collection::vec(any::<u8>(), gold_clips * clips),
    );
    lists.prop_map(
        move |(step_similarity, gold_best, trainee_best, quantiles, step_matches, cells)| {
            Evidence {
                step_similarity,
                step_matches,
                gold_best,
                trainee_best,
                picture: SimilarityPicture {
                    rows: gold_clips as u32,
                    columns: clips as u32,
                    cells,
                    low: -1.0,
                    high: 1.0,
                },
                gold_self_similarity_quantiles: std::array::from_fn(|index| quantiles[index]),
                discrete_frechet: 0.5,
            }
        },
    )
}

fn any_procedure(steps: usize) -> impl Strategy<Value = Procedure> {
    let step = (any::<bool>(), any::<bool>(), 0.01..10.0_f64);
    let parts = (
        proptest::collection::vec(step, steps),
        any::<bool>(),
        0.0..1.0_f64,
    );
    parts.prop_map(move |(wishes, free, min_confidence)| {
        let named = |(index, (critical, optional, weight))| Step {
            critical,
            optional,
            weight,
            ..Step::named(format!("step {index}"))
        };
        let mut procedure = Procedure {
            steps: wishes.into_iter().enumerate().map(named).collect(),
            ..Procedure::default()
        };
        procedure.thresholds.min_confidence = min_confidence;
        if free {
            procedure.order = Order::Partial((1..steps).map(|step| (0, step)).collect());
        }
        procedure
    })
}

fn any_clips(clips: usize) -> impl Strategy<Value = Vec<Clip>> {
    let flag = proptest::option::weighted(
        0.2,
        prop_oneof![Just(ClipFlag::Frozen), Just(ClipFlag::Blurry)],
    );
    let motion = proptest::option::weighted(0.95, 0.0..20.0_f64);
    proptest::collection::vec((flag, motion), clips).prop_map(|views| {
        let clip = |(index, (flag, motion)): (usize, (Option<ClipFlag>, Option<f64>))| Clip {
            flags: flag.into_iter().collect(),
            motion,
            ..Clip::new(index as f64, index as f64 + 1.5)
        };
        views.into_iter().enumerate().map(clip).collect()
    })
}

/// A path along two sides of the matrix.
fn alignment(gold_clips: usize, clips: usize) -> Alignment {
    let (n, m) = (gold_clips as u32, clips as u32);
    let path: Vec<(u32, u32)> = (0..n)
        .map(|gold| (gold, 0))
        .chain((1..m).map(|trainee| (n - 1, trainee)))
        .collect();
    Alignment {
        gold_clips: n,
        trainee_clips: m,
        path_costs: vec![0.5; path.len()],
        total: 0.5 * path.len() as f64,
        path,
    }
}

fn prepared(steps: usize, clips_per_step: usize, quantiles: [f32; 5]) -> PreparedGold {
    let step = |index: usize| {
        let clips = index * clips_per_step..(index + 1) * clips_per_step;
        PreparedStep {
            name: format!("step {index}"),
            time: TimeRange {
                start_s: clips.start as f64,
                end_s: clips.end as f64,
            },
            clips: clips.start as u32..clips.end as u32,
            resolved: true,
        }
    };
    PreparedGold {
        steps: (0..steps).map(step).collect(),
        step_source: StepSource::Given,
        lint: Vec::new(),
        self_similarity_quantiles: quantiles,
        non_overlapping_lag: 2,
    }
}

fn arbitrary() -> impl Strategy<Value = Arbitrary> {
    (1..6_usize, 1..40_usize, 1..10_usize).prop_flat_map(|(steps, clips, per_step)| {
        let gold_clips = steps * per_step;
        let parts = (
            any_procedure(steps),
            any_evidence(steps, clips, gold_clips),
            any_clips(clips),
        );
        parts.prop_map(move |(procedure, evidence, trainee)| Arbitrary {
            procedure,
            prepared: prepared(steps, per_step, evidence.gold_self_similarity_quantiles),
            alignment: alignment(gold_clips, clips),
            evidence,
            clips: trainee,
        })
    })
}

proptest! {
    #[test]
    fn any_evidence_gives_a_sound_outcome(
        Arbitrary { procedure, prepared, alignment, evidence, clips } in arbitrary(),
        (shared_pause, no_course) in any::<(bool, bool)>(),
        count in 1_usize..=3,
    ) {
        let gold = GoldInput { prepared: &prepared, alignment: &alignment, evidence: &evidence };
        let golds = vec![gold; count];
        let input = ScoreInput { procedure: &procedure, golds: &golds, trainee: &clips };
        let outcome = score_without(&input, Ablation { shared_pause, no_course }).unwrap();
        let steps = procedure.steps.len();
        prop_assert!((0.0..=100.0).contains(&outcome.score));
        let lost: f64 = outcome.deviations.iter().map(|deviation| deviation.points_lost).sum();
        prop_assert!((outcome.score - (100.0 - lost).max(0.0)).abs() < 1e-9);
        prop_assert!(outcome.deviations.is_sorted_by(|a, b| a.trainee_time.start_s <= b.trainee_time.start_s));
        let end_s = clips[clips.len() - 1].end_s;
        for deviation in &outcome.deviations {
            prop_assert!(deviation.gold_step.is_none_or(|step| (step as usize) < steps));
            prop_assert_eq!(deviation.gold_step.is_none(), deviation.kind == DeviationType::ExtraActivity);
            prop_assert_eq!(deviation.gold_step.is_none(), deviation.gold_time.is_none());
            prop_assert!((0.0..=1.0).contains(&deviation.confidence));
            prop_assert!(deviation.confidence >= procedure.thresholds.min_confidence);
            prop_assert!(deviation.points_lost >= 0.0);
            let TimeRange { start_s, end_s: deviation_end_s } = deviation.trainee_time;
            prop_assert!(0.0 <= start_s && start_s < deviation_end_s && deviation_end_s <= end_s);
        }
        prop_assert_eq!(outcome.steps.len(), steps);
        for step in &outcome.steps {
            prop_assert!((0.0..=1.0).contains(&step.similarity));
            prop_assert!(step.duration_ratio.is_none_or(|ratio| ratio.is_finite() && ratio > 0.0));
            let wish = &procedure.steps[step.index as usize];
            if wish.critical && matches!(step.status, StepStatus::Missing | StepStatus::Wrong) {
                prop_assert!(outcome.verdict != Verdict::Pass);
            }
            prop_assert!(step.status != StepStatus::Skipped || wish.optional);
        }
        let m = &outcome.metrics;
        for value in [m.duplicate_ratio, m.order_violation_ratio, m.hard_miss_ratio, m.temporal_warp] {
            prop_assert!((0.0..=1.0).contains(&value));
        }
        for value in [m.adaptive_low_similarity_threshold, m.temporal_drift, m.confidence_loss, m.local_similarity_gap] {
            prop_assert!(value.is_finite());
        }
        prop_assert!(m.path_stretch >= 1.0);
        let r = &outcome.research;
        for tau in [r.step_order_tau, r.warp_tau].into_iter().flatten() {
            prop_assert!((-1.0..=1.0).contains(&tau));
        }
        prop_assert!(r.boundary_hausdorff_s.is_none_or(|distance| distance.is_finite() && distance >= 0.0));
        for interval in [Some(r.deviation_interval), r.step_interval].into_iter().flatten() {
            prop_assert!(0.0 <= interval.low && interval.low <= interval.high && interval.high <= 100.0);
        }
    }
}
