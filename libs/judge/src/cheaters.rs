//! Methods that know nothing, or say everything, must not look good; one that
//! knows the truth must look perfect.

use crate::material::{STEPS, all, as_gold, perfect, report, report_at, world};
use crate::{DeviationKind, Judge, Measures, Options, Prediction, Reported, Video};

fn measured(predict: impl Fn(&Video) -> Prediction) -> Measures {
    let videos = world();
    let judge = Judge::new(&videos, Options::default()).expect("the world is valid");
    let judgement = judge.judge(&all(&videos, predict)).expect("valid");
    judgement.measures()
}

fn saying(deviations: Vec<Reported>) -> Prediction {
    Prediction {
        suspicion: 0.5,
        deviations: Some(deviations),
        steps: Some((0..STEPS).map(as_gold).collect()),
        not_comparable: false,
    }
}

fn f1(measures: &Measures, kind: DeviationKind) -> Option<f64> {
    let found = measures
        .deviations
        .as_ref()
        .expect("deviations are reported");
    found.by_kind[&kind].detection.f1.value
}

#[test]
fn who_knows_the_truth_is_perfect() {
    let measures = measured(perfect);
    assert_eq!(measures.area_under_curve.any.value, Some(1.0));
    let found = measures
        .deviations
        .as_ref()
        .expect("deviations are reported");
    for (kind, of_kind) in &found.by_kind {
        let rates = of_kind.detection;
        for rate in [rates.precision, rates.recall, rates.f1] {
            assert_eq!(rate.value, Some(1.0), "{kind}");
        }
        let curve = of_kind
            .precision_recall
            .as_ref()
            .expect("there are confidences");
        assert_eq!(curve.average_precision, 1.0, "{kind}");
        assert_eq!(
            measures.area_under_curve.by_kind[kind].value,
            Some(1.0),
            "{kind}"
        );
    }
    assert_eq!(found.overall.f1.value, Some(1.0));
    assert_eq!(found.macro_f1.value, Some(1.0));
    let interval = found.overall.f1.interval.expect("there are six tasks");
    assert_eq!((interval.low, interval.high), (1.0, 1.0));
    assert_eq!(
        (found.false_alarms.videos, found.false_alarms.reports),
        (0, 0)
    );
    assert!(found.false_alarms.per_video_upper > Some(0.0));
    let calibration = found.calibration.as_ref().expect("there are confidences");
    assert_eq!(calibration.expected_calibration_error, 0.0);
    let steps = measures.steps.as_ref().expect("steps are decoded");
    let scores = [
        steps.segmental_f1_at_10,
        steps.segmental_f1_at_25,
        steps.segmental_f1_at_50,
        steps.edit_score,
    ];
    assert!(scores.iter().all(|score| score.value == Some(1.0)));
    assert_eq!(steps.boundaries.mean_s.value, Some(0.0));
    assert_eq!(steps.boundaries.median_s, Some(0.0));
    assert_eq!(steps.boundaries.share_of_segments, Some(1.0));
}

#[test]
fn who_reports_everything_is_seldom_right_and_always_alarms() {
    let everything = || {
        let of_steps = DeviationKind::ALL
            .into_iter()
            .filter(|&kind| kind != DeviationKind::ExtraActivity)
            .flat_map(|kind| (0..STEPS).map(move |step| report(kind, step)));
        let extras = (0..10).map(|n| {
            let start_s = 4.0 * f64::from(n);
            report_at(DeviationKind::ExtraActivity, start_s, start_s + 4.0)
        });
        of_steps.chain(extras).collect()
    };
    let measures = measured(|_| saying(everything()));
    let found = measures
        .deviations
        .as_ref()
        .expect("deviations are reported");
    assert_eq!(found.overall.recall.value, Some(1.0));
    assert!(found.overall.precision.value < Some(0.05), "{found:?}");
    assert!(found.overall.f1.value < Some(0.1));
    assert!(found.macro_f1.value < Some(0.1));
    assert_eq!(found.false_alarms.share_of_videos, Some(1.0));
    assert!(found.false_alarms.per_video > Some(20.0));
    assert_eq!(measures.area_under_curve.any.value, Some(0.5));
}

#[test]
fn who_reports_nothing_finds_nothing() {
    let measures = measured(|_| saying(Vec::new()));
    let found = measures
        .deviations
        .as_ref()
        .expect("deviations are reported");
    assert_eq!(found.overall.recall.value, Some(0.0));
    assert_eq!(found.overall.f1.value, Some(0.0));
    assert_eq!(found.overall.precision.value, None);
    assert_eq!(found.macro_f1.value, Some(0.0));
    assert_eq!(found.calibration, None);
    assert_eq!(found.false_alarms.share_of_videos, Some(0.0));
    assert_eq!(measures.area_under_curve.any.value, Some(0.5));
}

#[test]
fn who_is_one_step_off_is_wrong() {
    let measures = measured(|video| {
        let mut prediction = perfect(video);
        for report in prediction.deviations.iter_mut().flatten() {
            // Away from the other step of a swap, too.
            report.gold_step = report.gold_step.map(|step| (step + STEPS - 1) % STEPS);
            report.trainee_time = None;
        }
        for segment in prediction.steps.iter_mut().flatten() {
            segment.step = (segment.step + 1) % STEPS;
        }
        prediction
    });
    let found = measures
        .deviations
        .as_ref()
        .expect("deviations are reported");
    assert_eq!(found.overall.f1.value, Some(0.0));
    let steps = measures.steps.as_ref().expect("steps are decoded");
    assert!(steps.segmental_f1_at_10.value < Some(0.05));
    assert!(steps.edit_score.value < Some(0.9));
}

#[test]
fn who_calls_every_step_slow_gains_little() {
    let slow = |_: &Video| {
        let all = (0..STEPS).map(|step| report(DeviationKind::OverTime, step));
        saying(all.collect())
    };
    let measures = measured(slow);
    assert!(f1(&measures, DeviationKind::OverTime) < Some(0.05));
    assert_eq!(f1(&measures, DeviationKind::MissingStep), Some(0.0));
    let found = measures
        .deviations
        .as_ref()
        .expect("deviations are reported");
    assert_eq!(found.false_alarms.share_of_videos, Some(1.0));
}

#[test]
fn who_refuses_everything_gains_nothing() {
    let measures = measured(|_| Prediction {
        not_comparable: true,
        ..Prediction::default()
    });
    assert_eq!(measures.share_not_comparable, Some(1.0));
    assert_eq!(measures.share_not_comparable_of_good, Some(1.0));
    assert_eq!(measures.area_under_curve.any.value, Some(0.5));
    let found = measures
        .deviations
        .as_ref()
        .expect("none is as good as nothing");
    assert_eq!(found.overall.f1.value, Some(0.0));
    let steps = measures.steps.as_ref().expect("none is as good as nothing");
    assert_eq!(steps.segmental_f1_at_10.value, Some(0.0));
    assert_eq!(steps.edit_score.value, Some(0.0));
}

#[test]
fn who_refuses_what_is_hard_loses_what_is_there() {
    let honest = measured(perfect);
    let evasive = measured(|video| {
        if video.strata["edit"] == "swap" {
            Prediction {
                not_comparable: true,
                ..Prediction::default()
            }
        } else {
            perfect(video)
        }
    });
    let kind = DeviationKind::OutOfOrder;
    assert!(f1(&evasive, kind) < f1(&honest, kind));
    let edit = |measures: &Measures| {
        measures
            .steps
            .as_ref()
            .and_then(|steps| steps.edit_score.value)
    };
    assert!(edit(&evasive) < edit(&honest));
    // But that they are suspicious is true.
    assert_eq!(evasive.area_under_curve.any.value, Some(1.0));
}

#[test]
fn confidence_that_means_nothing_shows() {
    let measures = measured(|video| {
        let mut prediction = perfect(video);
        let reports = prediction.deviations.get_or_insert_default();
        let false_ones = (5..STEPS).map(|step| Reported {
            confidence: Some(1.0),
            ..report(DeviationKind::MissingStep, step)
        });
        reports.extend(false_ones);
        prediction
    });
    let found = measures.deviations.expect("deviations are reported");
    let calibration = found.calibration.expect("there are confidences");
    assert!(calibration.expected_calibration_error > 0.5);
    let missing = &found.by_kind[&DeviationKind::MissingStep];
    let curve = missing
        .precision_recall
        .as_ref()
        .expect("there are confidences");
    assert!(curve.average_precision < 0.1);
}
