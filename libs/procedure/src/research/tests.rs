//! The measures of whole performances.

use sopilot_dtw::{MatrixView, Options, Side, align_with_evidence};

use super::*;
use crate::input::{GoldInput, ScoreInput};
use crate::prepare::prepare;
use crate::report::ScoreOutcome;
use crate::score::score;
use crate::synthetic::{Act, DIM, Work};

fn scored(steps: usize, acts: impl Fn(&Work) -> Vec<Act>) -> ScoreOutcome {
    let work = Work::new(3, steps);
    let gold = work.gold(3);
    let trainee = work.perform(&acts(&work), 103);
    let procedure = gold.procedure();
    let (gold_data, trainee_data) = (gold.rows.concat(), trainee.rows.concat());
    let gold_view = MatrixView::new(Side::Gold, gold.rows.len(), DIM, &gold_data).unwrap();
    let trainee_view =
        MatrixView::new(Side::Trainee, trainee.rows.len(), DIM, &trainee_data).unwrap();
    let prepared = prepare(&gold_view, &gold.clips(), &procedure, &[]).unwrap();
    let options = Options {
        centring: sopilot_dtw::Centring::OnEach,
        non_overlapping_lag: prepared.non_overlapping_lag,
        ..Options::default()
    };
    let ranges: Vec<_> = prepared
        .steps
        .iter()
        .map(|step| step.clips.clone())
        .collect();
    let (alignment, evidence) =
        align_with_evidence(&gold_view, &trainee_view, &ranges, &options).unwrap();
    let golds = [GoldInput {
        prepared: &prepared,
        alignment: &alignment,
        evidence: &evidence,
    }];
    score(&ScoreInput {
        procedure: &procedure,
        golds: &golds,
        trainee: &trainee.clips(),
    })
    .unwrap()
}

#[test]
fn who_follows_the_gold_is_close_to_it() {
    let outcome = scored(8, Work::in_order);
    let found = outcome.research;
    assert_eq!(outcome.deviations, []);
    assert_eq!(found.step_order_tau, Some(1.0));
    assert!(found.warp_tau.unwrap() > 0.97, "{found:?}");
    assert!(found.boundary_hausdorff_s.unwrap() < 2.5, "{found:?}");
    assert_eq!(found.deviation_interval.high, 100.0);
    // Nothing was lost, so nothing says how the losses would spread.
    assert_eq!(found.step_interval, None);
    assert!(found.discrete_frechet > 0.0 && found.discrete_frechet < 2.0);
}

#[test]
fn a_tempo_is_no_distance() {
    let slow = |_: &Work| (0..8).map(|step| Act::Step(step, 1.4)).collect();
    let found = scored(8, slow).research;
    assert_eq!(found.step_order_tau, Some(1.0));
    assert!(found.boundary_hausdorff_s.unwrap() < 3.0, "{found:?}");
}

#[test]
fn what_went_wrong_shows() {
    let good = scored(8, Work::in_order).research;
    let outcome = scored(8, |work| {
        let mut acts = work.in_order();
        acts.swap(1, 5);
        acts.remove(3);
        acts
    });
    let found = outcome.research;
    assert!(found.step_order_tau < Some(0.8), "{found:?}");
    assert!(found.warp_tau.unwrap() < 0.9, "{found:?}");
    assert!(found.boundary_hausdorff_s > good.boundary_hausdorff_s);
    assert!(found.deviation_interval.low < outcome.score + 1e-9);
    let steps = found.step_interval.unwrap();
    assert!(
        steps.low < outcome.score && outcome.score < steps.high,
        "{steps:?}"
    );
    let lost = points_lost_per_step(&outcome.steps, &outcome.deviations);
    assert!((100.0 - lost.iter().sum::<f64>() - outcome.score).abs() < 1e-9);
    assert!(lost[3] > 12.0);
}
