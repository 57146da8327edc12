use super::*;
use crate::material::{all, done, mistake, perfect, report, time, world};
use crate::{Problem, TrueDeviation};

mod narrowing;

type Change<T> = fn(&mut T);

fn judged(videos: &[Video], predict: impl Fn(&Video) -> Prediction) -> Judgement<'_> {
    let judge = Judge::new(videos, Options::default()).expect("the videos are valid");
    judge.judge(&all(videos, predict)).expect("valid")
}

/// Misses whatever is out of order, and says nothing else wrong.
fn blind_to_order(video: &Video) -> Prediction {
    let mut prediction = perfect(video);
    if let Some(reports) = &mut prediction.deviations {
        reports.retain(|report| report.kind != DeviationKind::OutOfOrder);
        prediction.suspicion = reports.len() as f64;
    }
    prediction
}

/// The problem that is found after one change.
fn problem_of_truth(change: impl Fn(&mut Video)) -> String {
    let mut videos = world();
    change(&mut videos[2]);
    match Judge::new(&videos, Options::default()) {
        Ok(_) => "none".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn problem_of_prediction(change: impl Fn(&mut Prediction)) -> String {
    let videos = world();
    let judge = Judge::new(&videos, Options::default()).expect("the world is valid");
    let mut predictions = all(&videos, perfect);
    change(&mut predictions[2]);
    match judge.judge(&predictions) {
        Ok(_) => "none".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_truth_that_makes_no_sense_is_refused_by_name() {
    let error = problem_of_truth(|video| video.truth.deviations[0].gold_step = Some(8));
    assert_eq!(
        error,
        "video \"0/drop\", truth: deviation 0: gold_step: step 8 does not exist: \
         the gold has 8 steps, counted from 0"
    );
    let refused: [(&str, Change<Video>); 9] = [
        ("gold step 3", |video| {
            video.gold_steps = [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 3.0)]
                .map(|(start_s, end_s)| time(start_s, end_s))
                .into();
        }),
        ("step done 0", |video| {
            video.truth.steps_done[0].start_s = f64::NAN;
        }),
        ("step done 1", |video| video.truth.steps_done.swap(0, 1)),
        ("step done 7", |video| {
            video.truth.steps_done.push(done(9, 90.0, 91.0));
        }),
        ("gold_step", |video| {
            video.truth.deviations[0].gold_step = None;
        }),
        ("swapped_with", |video| {
            video.truth.deviations[0].swapped_with = Some(1);
        }),
        ("jumped_over", |video| {
            video.truth.deviations[0].jumped_over = vec![1];
        }),
        ("trainee_time", |video| {
            video.truth.deviations[0].trainee_time = Some(time(2.0, 1.0));
        }),
        ("trainee_time", |video| {
            video.truth.deviations[0] = TrueDeviation {
                gold_step: None,
                ..mistake(DeviationKind::ExtraActivity, 0)
            };
        }),
    ];
    for (place, change) in refused {
        let error = problem_of_truth(change);
        assert!(
            error.contains("0/drop") && error.contains(place),
            "{place}: {error}"
        );
    }
}

#[test]
fn a_video_is_there_once() {
    let error = problem_of_truth(|video| video.id = "0/good".to_owned());
    assert_eq!(
        error,
        "video \"0/good\" is there twice: list each video once"
    );
}

#[test]
fn a_prediction_that_makes_no_sense_is_refused_by_name() {
    let refused: [(&str, Change<Prediction>); 8] = [
        ("suspicion: NaN", |given| given.suspicion = f64::NAN),
        ("suspicion: inf", |given| given.suspicion = f64::INFINITY),
        ("not_comparable", |given| given.not_comparable = true),
        ("deviation 1: gold_step", |given| {
            given
                .deviations
                .get_or_insert_default()
                .push(report(DeviationKind::MissingStep, 8));
        }),
        ("deviation 0: gold_time", |given| {
            given.deviations.get_or_insert_default()[0].gold_time = Some(time(1.0, 1.0));
        }),
        ("deviation 0: trainee_time", |given| {
            given.deviations.get_or_insert_default()[0].trainee_time = Some(time(f64::NAN, 1.0));
        }),
        ("deviation 0: confidence: 1.5 is not from 0 to 1", |given| {
            given.deviations.get_or_insert_default()[0].confidence = Some(1.5);
        }),
        ("step 0: step 8", |given| {
            given.steps.get_or_insert_default()[0].step = 8;
        }),
    ];
    for (place, change) in refused {
        let error = problem_of_prediction(change);
        assert!(
            error.contains("0/drop") && error.contains(place),
            "{place}: {error}"
        );
    }
}

#[test]
fn there_must_be_one_prediction_for_each_video() {
    let videos = world();
    let judge = Judge::new(&videos, Options::default()).expect("the world is valid");
    let predictions = all(&videos[1..], perfect);
    let expected = JudgeError::Lengths {
        videos: 60,
        predictions: 59,
    };
    assert_eq!(judge.judge(&predictions).err(), Some(expected));
}

#[test]
fn methods_that_report_no_deviations_have_no_measures_of_them() {
    let videos = world();
    let measures = judged(&videos, |video| Prediction {
        suspicion: perfect(video).suspicion,
        ..Prediction::default()
    })
    .measures();
    assert_eq!((measures.deviations, measures.steps), (None, None));
    assert_eq!(measures.area_under_curve.any.value, Some(1.0));
}

#[test]
fn one_task_has_measures_but_no_intervals() {
    let videos = world();
    let one = judged(&videos, blind_to_order).only(|video| video.task == "task 0");
    let found = one.measures().deviations.expect("deviations are reported");
    assert!(found.overall.f1.value > Some(0.5));
    assert_eq!(found.overall.f1.interval, None);
    // Of counts of videos the interval is exact.
    assert!(found.false_alarms.share_of_videos_interval.is_some());
}

#[test]
fn comparing_takes_the_same_videos() {
    let videos = world();
    let (better, worse) = (judged(&videos, perfect), judged(&videos, blind_to_order));
    let comparison = better.compare(&worse).expect("the same videos");
    assert!(comparison.f1.value > Some(0.1));
    assert!(comparison.f1.interval.expect("six tasks").low > 0.1);
    assert_eq!(
        comparison.f1_by_kind[&DeviationKind::OutOfOrder].value,
        Some(1.0)
    );
    assert_eq!(
        comparison.f1_by_kind[&DeviationKind::OverTime].value,
        Some(0.0)
    );
    assert!(comparison.area_under_curve_any.value > Some(0.0));
    assert_eq!((comparison.videos, comparison.tasks), (60, 6));
    let half = worse.only(|video| video.strata["half"] == "one");
    assert_eq!(
        better.compare(&half).err(),
        Some(JudgeError::DifferentVideos)
    );
    let silent = judged(&videos, |_| Prediction::default());
    assert_eq!(better.compare(&silent).expect("the same").f1.value, None);
}

#[test]
fn what_is_below_the_threshold_counts_for_curves_only() {
    let videos = world();
    let shy = judged(&videos, |video| {
        let mut prediction = perfect(video);
        for report in prediction.deviations.iter_mut().flatten() {
            report.is_shown = false;
        }
        prediction
    });
    let found = shy.measures().deviations.expect("deviations are reported");
    assert_eq!(found.overall.recall.value, Some(0.0));
    let missing = &found.by_kind[&DeviationKind::MissingStep];
    let curve = missing
        .precision_recall
        .as_ref()
        .expect("there are confidences");
    assert_eq!(curve.average_precision, 1.0);
    assert_eq!(
        found
            .calibration
            .expect("there are")
            .expected_calibration_error,
        0.0
    );
}

#[test]
fn false_alarms_are_counted_on_good_videos_only() {
    let videos = world();
    // Two wrong reports about each good video of three tasks, and about all
    // those with a mistake.
    let measures = judged(&videos, |video| {
        let mut prediction = perfect(video);
        if !(video.truth.deviations.is_empty() && video.strata["half"] == "two") {
            let reports = prediction.deviations.get_or_insert_default();
            reports.push(report(DeviationKind::MissingStep, 6));
            reports.push(report(DeviationKind::WrongExecution, 6));
        }
        prediction
    })
    .measures();
    let found = measures.deviations.expect("deviations are reported");
    let alarms = found.false_alarms;
    assert_eq!((alarms.videos, alarms.reports), (6, 12));
    assert_eq!(
        (alarms.share_of_videos, alarms.per_video),
        (Some(0.5), Some(1.0))
    );
    // Of 12 videos, 6: published tables say 0.211 to 0.789.
    let interval = alarms
        .share_of_videos_interval
        .expect("there are good videos");
    assert!((interval.low - 0.2109).abs() < 1e-4 && (interval.high - 0.7891).abs() < 1e-4);
    // Of 12 alarms the upper bound is 20.96.
    let upper = alarms.per_video_upper.expect("there are good videos");
    assert!((upper - 20.9616 / 12.0).abs() < 1e-4);
    assert_eq!(found.overall.wrong, 12 + 2 * 48);
}

#[test]
fn boundary_errors_are_those_of_starts_and_ends_alike() {
    let videos = world();
    let measures = judged(&videos, |video| {
        let mut prediction = perfect(video);
        for segment in prediction.steps.iter_mut().flatten() {
            segment.end_s -= 0.4;
        }
        prediction
    })
    .measures();
    let boundaries = measures.steps.expect("steps are decoded").boundaries;
    let close = |value: Option<f64>, expected: f64| {
        value.is_some_and(|value| (value - expected).abs() < 1e-9)
    };
    assert!(close(boundaries.mean_s.value, 0.2), "{boundaries:?}");
    assert!(close(boundaries.median_s, 0.2), "{boundaries:?}");
}

#[test]
fn slight_mistakes_are_neither_good_nor_bad() {
    let mut videos = world();
    let slight = &mut videos[0];
    let last = slight.truth.steps_done.len() - 1;
    slight.truth.steps_done[last].end_s += 2.0;
    slight.truth.deviations = vec![mistake(DeviationKind::OverTime, last)];
    // The most suspicious of all: were it good, the area would suffer.
    let judgement = judged(&videos, |video| Prediction {
        suspicion: if video.id == "0/good" {
            9.0
        } else {
            perfect(video).suspicion
        },
        ..perfect(video)
    });
    let measures = judgement.measures();
    assert_eq!((measures.videos, measures.good_videos), (60, 11));
    assert_eq!(measures.area_under_curve.any.value, Some(1.0));
    let over = measures.deviations.expect("reported").by_kind[&DeviationKind::OverTime].detection;
    assert_eq!(
        (over.right, over.ignored_reports, over.ignored_truths),
        (6, 1, 1)
    );
}

#[test]
fn measures_do_not_depend_on_the_order_of_videos() {
    let videos = world();
    let mut reversed = world();
    reversed.reverse();
    let measures = judged(&videos, blind_to_order).measures();
    assert_eq!(measures, judged(&reversed, blind_to_order).measures());
}

#[test]
fn measures_are_json_with_stable_names() {
    let videos = world();
    let measures = judged(&videos, perfect).measures();
    let json = serde_json::to_value(&measures).expect("text keys and finite numbers");
    assert_eq!(json["deviations"]["overall"]["f1"]["value"], 1.0);
    assert_eq!(json["deviations"]["by_kind"]["missing_step"]["right"], 6);
    assert_eq!(
        json["area_under_curve"]["by_kind"]["over_time"]["interval"]["low"],
        1.0
    );
    assert_eq!(json["steps"]["boundaries"]["median_s"], 0.0);
    let judgement = judged(&videos, perfect);
    let (_, outcome) = judgement.outcomes().nth(2).expect("60 videos");
    assert_eq!(
        serde_json::to_string(outcome).expect("text keys"),
        r#"{"by_kind":{"missing_step":{"right":[{"report":0,"truth":0}],"wrong":[],"missed":[],"ignored_reports":[],"ignored_truths":[]}}}"#
    );
}

#[test]
fn errors_say_what_to_do() {
    let problem = Problem::Needed {
        kind: DeviationKind::MissingStep,
    };
    assert_eq!(
        problem.to_string(),
        "a deviation of the kind \"missing step\" must have it"
    );
}
