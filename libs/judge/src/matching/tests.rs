use proptest::prelude::*;

use super::*;
use crate::DeviationKind::{
    ExtraActivity, MissingStep, OutOfOrder, OverTime, RepeatedStep, UnderTime, WrongExecution,
};
use crate::material::{
    as_gold, done, extra, gold_time, mistake, report, report_at, time, video, video_with,
};

fn judge(video: &Video, reports: &[Reported]) -> Outcome {
    Rule::new(video).judge(reports, |_| true)
}

/// Right, wrong, missed, ignored reports and ignored truths of one kind.
fn counts(video: &Video, reports: &[Reported], kind: DeviationKind) -> [usize; 5] {
    let outcome = judge(video, reports)
        .by_kind
        .remove(&kind)
        .unwrap_or_default();
    [
        outcome.right.len(),
        outcome.wrong.len(),
        outcome.missed.len(),
        outcome.ignored_reports.len(),
        outcome.ignored_truths.len(),
    ]
}

#[test]
fn kind_and_step_must_be_the_same() {
    let video = video_with(5, vec![mistake(MissingStep, 2)]);
    let reports = [
        report(MissingStep, 2),
        report(MissingStep, 3),
        report(WrongExecution, 2),
    ];
    assert_eq!(counts(&video, &reports, MissingStep), [1, 1, 0, 0, 0]);
    assert_eq!(counts(&video, &reports, WrongExecution), [0, 1, 0, 0, 0]);
    assert_eq!(counts(&video, &reports[1..], MissingStep), [0, 1, 1, 0, 0]);
    let pair = judge(&video, &reports).by_kind[&MissingStep].right[0];
    assert_eq!((pair.report, pair.truth), (0, 0));
}

#[test]
fn a_report_without_a_step_is_about_the_one_it_overlaps_most() {
    let video = video_with(5, vec![mistake(MissingStep, 2)]);
    let at = |gold_time| Reported {
        gold_step: None,
        gold_time,
        ..report(MissingStep, 0)
    };
    // Gold step 2 lasts from 8 s to 12 s.
    let overlapping = [at(Some(time(7.0, 10.5)))];
    assert_eq!(counts(&video, &overlapping, MissingStep), [1, 0, 0, 0, 0]);
    let elsewhere = [
        at(Some(time(3.0, 9.0))),
        at(Some(time(50.0, 60.0))),
        at(None),
    ];
    assert_eq!(counts(&video, &elsewhere, MissingStep), [0, 3, 1, 0, 0]);
}

#[test]
fn a_true_deviation_matches_once() {
    let video = video_with(5, vec![mistake(MissingStep, 2)]);
    let twice = [report(MissingStep, 2), report(MissingStep, 2)];
    assert_eq!(counts(&video, &twice, MissingStep), [1, 1, 0, 0, 0]);
}

#[test]
fn the_surer_report_is_the_right_one() {
    let video = video_with(5, vec![mistake(MissingStep, 2)]);
    let sure = |confidence| Reported {
        confidence,
        ..report(MissingStep, 2)
    };
    let reports = [
        sure(None),
        sure(Some(0.2)),
        sure(Some(0.9)),
        sure(Some(0.0)),
    ];
    let outcome = judge(&video, &reports).by_kind.remove(&MissingStep);
    let outcome = outcome.expect("something was reported");
    assert_eq!(
        outcome.right,
        [RightReport {
            report: 2,
            truth: 0
        }]
    );
    assert_eq!(outcome.wrong, [0, 1, 3]);
}

#[test]
fn extra_activity_and_repetitions_match_by_time() {
    let repeated = |start_s, end_s| TrueDeviation {
        trainee_time: Some(time(start_s, end_s)),
        ..mistake(RepeatedStep, 1)
    };
    let video = video_with(3, vec![extra(10.0, 20.0), repeated(30.0, 40.0)]);
    let close = [
        report_at(ExtraActivity, 13.0, 23.0),
        report_at(RepeatedStep, 36.0, 40.0),
    ];
    assert_eq!(counts(&video, &close, ExtraActivity), [1, 0, 0, 0, 0]);
    assert_eq!(counts(&video, &close, RepeatedStep), [1, 0, 0, 0, 0]);
    let far = [
        report_at(ExtraActivity, 18.0, 28.0),
        report_at(RepeatedStep, 37.5, 40.0),
    ];
    assert_eq!(counts(&video, &far, ExtraActivity), [0, 1, 1, 0, 0]);
    assert_eq!(counts(&video, &far, RepeatedStep), [0, 1, 1, 0, 0]);
    assert_eq!(
        counts(&video, &[report(RepeatedStep, 1)], RepeatedStep),
        [1, 0, 0, 0, 0]
    );
    // No step is not the same step as no step.
    let nowhere = [Reported {
        trainee_time: None,
        ..report_at(ExtraActivity, 0.0, 1.0)
    }];
    assert_eq!(counts(&video, &nowhere, ExtraActivity), [0, 1, 1, 0, 0]);
}

#[test]
fn other_kinds_do_not_match_by_time() {
    let wrong = TrueDeviation {
        trainee_time: Some(time(4.0, 8.0)),
        ..mistake(WrongExecution, 1)
    };
    let video = video_with(3, vec![wrong]);
    let reports = [report_at(WrongExecution, 4.0, 8.0)];
    assert_eq!(counts(&video, &reports, WrongExecution), [0, 1, 1, 0, 0]);
}

#[test]
fn a_report_makes_way_for_another_one() {
    let repeated = |step, start_s, end_s| TrueDeviation {
        trainee_time: Some(time(start_s, end_s)),
        ..mistake(RepeatedStep, step)
    };
    let video = video_with(3, vec![repeated(1, 10.0, 14.0), repeated(1, 20.0, 24.0)]);
    // The first could be either; the second only the first one.
    let either = Reported {
        trainee_time: Some(time(10.0, 14.0)),
        confidence: Some(0.9),
        ..report(RepeatedStep, 1)
    };
    let first_only = report_at(RepeatedStep, 10.0, 14.0);
    assert_eq!(
        counts(&video, &[either, first_only], RepeatedStep),
        [2, 0, 0, 0, 0]
    );
}

#[test]
fn a_swap_is_found_by_either_step_and_the_other_counts_neither_way() {
    let swap = TrueDeviation {
        swapped_with: Some(2),
        ..mistake(OutOfOrder, 1)
    };
    let video = video_with(5, vec![swap]);
    let about = |steps: &[usize]| -> Vec<Reported> {
        steps.iter().map(|&step| report(OutOfOrder, step)).collect()
    };
    assert_eq!(counts(&video, &about(&[1]), OutOfOrder), [1, 0, 0, 0, 0]);
    assert_eq!(counts(&video, &about(&[2]), OutOfOrder), [1, 0, 0, 0, 0]);
    assert_eq!(counts(&video, &about(&[2, 1]), OutOfOrder), [1, 0, 0, 1, 0]);
    assert_eq!(counts(&video, &about(&[2, 2]), OutOfOrder), [1, 1, 0, 0, 0]);
    assert_eq!(counts(&video, &about(&[3]), OutOfOrder), [0, 1, 1, 0, 0]);
}

#[test]
fn steps_that_were_jumped_over_count_neither_way() {
    let moved = TrueDeviation {
        jumped_over: vec![2, 3],
        ..mistake(OutOfOrder, 1)
    };
    let video = video_with(6, vec![moved]);
    let reports = [1, 2, 3, 4].map(|step| report(OutOfOrder, step));
    assert_eq!(counts(&video, &reports, OutOfOrder), [1, 1, 0, 2, 0]);
    assert_eq!(counts(&video, &reports[1..3], OutOfOrder), [0, 0, 1, 2, 0]);
    let missing = [report(MissingStep, 2)];
    assert_eq!(counts(&video, &missing, MissingStep), [0, 1, 0, 0, 0]);
}

#[test]
fn a_reordering_that_is_allowed_is_wrong_to_report() {
    let video = video(
        3,
        vec![done(1, 0.0, 4.0), done(0, 4.0, 8.0), done(2, 8.0, 12.0)],
    );
    let reports = [report(OutOfOrder, 1)];
    assert_eq!(counts(&video, &reports, OutOfOrder), [0, 1, 0, 0, 0]);
}

/// Step 2 of five takes `ratio` times as long as the gold's.
fn paced(ratio: f64, deviations: Vec<TrueDeviation>) -> Video {
    let end_s = 8.0 + 4.0 * ratio;
    let mut video = video(
        5,
        vec![
            as_gold(0),
            as_gold(1),
            done(2, 8.0, end_s),
            done(3, end_s, end_s + 4.0),
            done(4, end_s + 4.0, end_s + 8.0),
        ],
    );
    video.truth.deviations = deviations;
    video
}

#[test]
fn durations_beyond_the_limits_count() {
    let slow = paced(3.0, vec![mistake(OverTime, 2)]);
    assert_eq!(
        counts(&slow, &[report(OverTime, 2)], OverTime),
        [1, 0, 0, 0, 0]
    );
    assert_eq!(counts(&slow, &[], OverTime), [0, 0, 1, 0, 0]);
    assert_eq!(
        counts(&slow, &[report(UnderTime, 2)], UnderTime),
        [0, 1, 0, 0, 0]
    );
    let fast = paced(0.4, vec![mistake(UnderTime, 2)]);
    assert_eq!(
        counts(&fast, &[report(UnderTime, 2)], UnderTime),
        [1, 0, 0, 0, 0]
    );
}

#[test]
fn slight_true_deviations_in_duration_are_optional() {
    let slight = paced(1.5, vec![mistake(OverTime, 2)]);
    assert_eq!(counts(&slight, &[], OverTime), [0, 0, 0, 0, 1]);
    assert_eq!(
        counts(&slight, &[report(OverTime, 2)], OverTime),
        [0, 0, 0, 1, 1]
    );
    assert_eq!(Rule::new(&slight).kinds().count(), 0);
    assert!(!Rule::new(&slight).is_good());
}

#[test]
fn between_natural_variation_and_the_limits_a_report_counts_neither_way() {
    for (ratio, over, under) in [
        (1.45, [0, 0, 0, 1, 0], [0, 1, 0, 0, 0]),
        (0.68, [0, 1, 0, 0, 0], [0, 0, 0, 1, 0]),
        (1.2, [0, 1, 0, 0, 0], [0, 1, 0, 0, 0]),
        (0.8, [0, 1, 0, 0, 0], [0, 1, 0, 0, 0]),
    ] {
        let video = paced(ratio, Vec::new());
        assert_eq!(
            counts(&video, &[report(OverTime, 2)], OverTime),
            over,
            "{ratio}"
        );
        assert_eq!(
            counts(&video, &[report(UnderTime, 2)], UnderTime),
            under,
            "{ratio}"
        );
    }
}

#[test]
fn the_duration_of_a_wrong_execution_counts_neither_way() {
    let video = paced(0.2, vec![mistake(WrongExecution, 2)]);
    let reports = [report(UnderTime, 2), report(UnderTime, 3)];
    assert_eq!(counts(&video, &reports, UnderTime), [0, 1, 0, 1, 0]);
    assert_eq!(counts(&video, &reports, WrongExecution), [0, 0, 1, 0, 0]);
}

#[test]
fn a_duration_of_a_step_that_was_not_done_is_wrong_to_report() {
    let mut video = video(3, vec![as_gold(0), as_gold(2)]);
    video.truth.deviations = vec![mistake(MissingStep, 1)];
    assert_eq!(
        counts(&video, &[report(UnderTime, 1)], UnderTime),
        [0, 1, 0, 0, 0]
    );
}

#[test]
fn reports_that_are_not_asked_for_are_not_there() {
    let video = video_with(3, vec![mistake(MissingStep, 1)]);
    let hidden = Reported {
        is_shown: false,
        ..report(MissingStep, 1)
    };
    let outcome =
        Rule::new(&video).judge(&[hidden, report(MissingStep, 1)], |report| report.is_shown);
    assert_eq!(
        outcome.by_kind[&MissingStep].right,
        [RightReport {
            report: 1,
            truth: 0
        }]
    );
}

fn any_report() -> impl Strategy<Value = Reported> {
    let kinds = proptest::sample::select(vec![OutOfOrder, RepeatedStep, ExtraActivity, OverTime]);
    let confidence = proptest::option::of((0..5_u8).prop_map(|tenths| f64::from(tenths) / 4.0));
    (
        kinds,
        proptest::option::of(0..4_usize),
        0..16_u8,
        confidence,
    )
        .prop_map(|(kind, gold_step, start, confidence)| Reported {
            kind,
            gold_step,
            gold_time: None,
            trainee_time: Some(time(f64::from(start), f64::from(start) + 3.0)),
            confidence,
            is_shown: true,
        })
}

fn any_mistake() -> impl Strategy<Value = TrueDeviation> {
    (any_report(), proptest::option::of(0..4_usize)).prop_map(|(report, other)| TrueDeviation {
        kind: report.kind,
        gold_step: report.gold_step.or(Some(0)),
        swapped_with: other.filter(|_| report.kind == OutOfOrder),
        jumped_over: Vec::new(),
        trainee_time: report.trainee_time,
    })
}

/// The most reports that can be right, found by trying everything.
fn most_right(pairs: &[Vec<usize>], taken: &mut Vec<usize>) -> usize {
    let Some((first, rest)) = pairs.split_first() else {
        return 0;
    };
    let mut most = most_right(rest, taken);
    for &truth in first {
        if !taken.contains(&truth) {
            taken.push(truth);
            most = most.max(1 + most_right(rest, taken));
            taken.pop();
        }
    }
    most
}

proptest! {
    #[test]
    fn every_report_and_every_truth_counts_once_and_the_most_are_right(
        reports in proptest::collection::vec(any_report(), 0..6),
        mistakes in proptest::collection::vec(any_mistake(), 0..5),
    ) {
        let video = video_with(4, mistakes);
        let rule = Rule::new(&video);
        let outcome = rule.judge(&reports, |_| true);
        let (mut seen_reports, mut seen_truths, mut right) = (Vec::new(), Vec::new(), 0);
        for (&kind, found) in &outcome.by_kind {
            for pair in &found.right {
                prop_assert_eq!(reports[pair.report].kind, kind);
                prop_assert_eq!(video.truth.deviations[pair.truth].kind, kind);
                seen_reports.push(pair.report);
                seen_truths.push(pair.truth);
                right += 1;
            }
            seen_reports.extend(found.wrong.iter().chain(&found.ignored_reports));
            seen_truths.extend(found.missed.iter().chain(&found.ignored_truths));
        }
        seen_reports.sort_unstable();
        seen_truths.sort_unstable();
        prop_assert_eq!(seen_reports, (0..reports.len()).collect::<Vec<_>>());
        prop_assert_eq!(seen_truths, (0..video.truth.deviations.len()).collect::<Vec<_>>());

        let pairs: Vec<Vec<usize>> = reports.iter().map(|report| {
            (0..video.truth.deviations.len()).filter(|&index| {
                let truth = &video.truth.deviations[index];
                let same_step = report.gold_step.is_some()
                    && (report.gold_step == truth.gold_step || report.gold_step == truth.swapped_with);
                let same_time = matches!(truth.kind, ExtraActivity | RepeatedStep)
                    && report.trainee_time.zip(truth.trainee_time)
                        .is_some_and(|(a, b)| a.intersection_over_union(&b) >= 0.3);
                // Every step was done as in the gold: labels of durations are optional.
                report.kind == truth.kind && truth.kind != OverTime && (same_step || same_time)
            }).collect()
        }).collect();
        prop_assert_eq!(right, most_right(&pairs, &mut Vec::new()));
    }
}

#[test]
fn the_gold_interval_of_a_report_may_span_steps() {
    let video = video_with(5, vec![mistake(MissingStep, 3)]);
    let wide = Reported {
        gold_step: None,
        gold_time: Some(time(
            gold_time(3, 1).start_s - 1.0,
            gold_time(3, 1).end_s + 1.0,
        )),
        ..report(MissingStep, 0)
    };
    assert_eq!(counts(&video, &[wide], MissingStep), [1, 0, 0, 0, 0]);
}
