//! Small videos and reports for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{DeviationKind, Prediction, Reported, Segment, TimeRange, TrueDeviation, Truth, Video};

/// Seconds that each step of the gold takes.
pub(crate) const STEP_S: f64 = 4.0;

/// A video without mistakes whose gold has `steps` steps of [`STEP_S`] each.
pub(crate) fn video(steps: usize, steps_done: Vec<Segment>) -> Video {
    let gold_steps: Arc<[TimeRange]> = (0..steps).map(|step| gold_time(step, 1)).collect();
    Video {
        id: "v".to_owned(),
        task: "t".to_owned(),
        strata: BTreeMap::new(),
        gold_steps,
        truth: Truth {
            steps_done,
            deviations: Vec::new(),
        },
    }
}

/// A video with every step done as in the gold, and these mistakes.
pub(crate) fn video_with(steps: usize, deviations: Vec<TrueDeviation>) -> Video {
    let steps_done = (0..steps).map(as_gold).collect();
    let mut video = video(steps, steps_done);
    video.truth.deviations = deviations;
    video
}

/// When the gold shows `count` steps from `first`.
pub(crate) fn gold_time(first: usize, count: usize) -> TimeRange {
    time(first as f64 * STEP_S, (first + count) as f64 * STEP_S)
}

pub(crate) fn time(start_s: f64, end_s: f64) -> TimeRange {
    TimeRange { start_s, end_s }
}

pub(crate) fn done(step: usize, start_s: f64, end_s: f64) -> Segment {
    Segment {
        step,
        start_s,
        end_s,
    }
}

pub(crate) fn as_gold(step: usize) -> Segment {
    let TimeRange { start_s, end_s } = gold_time(step, 1);
    done(step, start_s, end_s)
}

pub(crate) fn mistake(kind: DeviationKind, gold_step: usize) -> TrueDeviation {
    TrueDeviation {
        kind,
        gold_step: Some(gold_step),
        swapped_with: None,
        jumped_over: Vec::new(),
        trainee_time: None,
    }
}

pub(crate) fn extra(start_s: f64, end_s: f64) -> TrueDeviation {
    TrueDeviation {
        gold_step: None,
        trainee_time: Some(time(start_s, end_s)),
        ..mistake(DeviationKind::ExtraActivity, 0)
    }
}

pub(crate) fn report(kind: DeviationKind, gold_step: usize) -> Reported {
    Reported {
        kind,
        gold_step: Some(gold_step),
        gold_time: None,
        trainee_time: None,
        confidence: None,
        is_shown: true,
    }
}

pub(crate) fn report_at(kind: DeviationKind, start_s: f64, end_s: f64) -> Reported {
    Reported {
        gold_step: None,
        trainee_time: Some(time(start_s, end_s)),
        ..report(kind, 0)
    }
}

/// Six tasks with the same ten videos each: two without mistakes, and one with
/// a mistake of each kind, two sorts of OUT_OF_ORDER.
pub(crate) fn world() -> Vec<Video> {
    (0..6).flat_map(task).collect()
}

/// Steps in the gold of each video of [`world`].
pub(crate) const STEPS: usize = 8;

fn task(task: usize) -> impl Iterator<Item = Video> {
    let step = 1 + task % 4;
    let order = |steps: &[usize]| -> Vec<(usize, f64)> {
        steps.iter().map(|&step| (step, STEP_S)).collect()
    };
    let gold: Vec<usize> = (0..STEPS).collect();
    let without: Vec<usize> = (0..STEPS).filter(|&other| other != step).collect();
    let swapped = {
        let mut steps = gold.clone();
        steps.swap(step, step + 1);
        steps
    };
    let moved = [&without[..], &[step]].concat();
    let repeated = [&gold[..], &[step]].concat();
    let paced = |ratio: f64| {
        let mut done = order(&gold);
        done[step].1 *= ratio;
        done
    };
    let at = |kind, trainee_time| TrueDeviation {
        trainee_time: Some(trainee_time),
        ..mistake(kind, step)
    };
    let end_s = STEPS as f64 * STEP_S;
    let swap = TrueDeviation {
        swapped_with: Some(step + 1),
        ..mistake(DeviationKind::OutOfOrder, step)
    };
    let far = TrueDeviation {
        jumped_over: (step + 1..STEPS).collect(),
        ..mistake(DeviationKind::OutOfOrder, step)
    };
    let again = at(DeviationKind::RepeatedStep, time(end_s, end_s + STEP_S));
    let in_place = time(STEP_S, 2.0 * STEP_S);
    let videos = [
        ("good", order(&gold), None),
        ("good again", order(&gold), None),
        (
            "drop",
            order(&without),
            Some(mistake(DeviationKind::MissingStep, step)),
        ),
        ("swap", order(&swapped), Some(swap)),
        ("move", order(&moved), Some(far)),
        ("repeat", order(&repeated), Some(again)),
        ("insert", order(&gold), Some(extra(end_s, end_s + 6.0))),
        (
            "wrong",
            order(&gold),
            Some(at(DeviationKind::WrongExecution, in_place)),
        ),
        (
            "slow",
            paced(3.0),
            Some(mistake(DeviationKind::OverTime, step)),
        ),
        (
            "fast",
            paced(0.3),
            Some(mistake(DeviationKind::UnderTime, step)),
        ),
    ];
    videos.into_iter().map(move |(edit, steps, deviation)| {
        let mut video = video(STEPS, performed(&steps));
        video.id = format!("{task}/{edit}");
        video.task = format!("task {task}");
        video.strata.insert("edit".to_owned(), edit.to_owned());
        video.strata.insert(
            "half".to_owned(),
            if task < 3 { "one" } else { "two" }.to_owned(),
        );
        video.truth.deviations.extend(deviation);
        video
    })
}

/// One step after another, each with its seconds.
fn performed(steps: &[(usize, f64)]) -> Vec<Segment> {
    let mut start_s = 0.0;
    let segment = |&(step, seconds): &(usize, f64)| {
        let end_s = start_s + seconds;
        let segment = done(step, start_s, end_s);
        start_s = end_s;
        segment
    };
    steps.iter().map(segment).collect()
}

/// Who knows the truth and tells it.
pub(crate) fn perfect(video: &Video) -> Prediction {
    let tell = |truth: &TrueDeviation| Reported {
        kind: truth.kind,
        gold_step: truth.gold_step,
        gold_time: None,
        trainee_time: truth.trainee_time,
        confidence: Some(1.0),
        is_shown: true,
    };
    Prediction {
        suspicion: video.truth.deviations.len() as f64,
        deviations: Some(video.truth.deviations.iter().map(tell).collect()),
        steps: Some(video.truth.steps_done.clone()),
        not_comparable: false,
    }
}

/// Predictions for each video by one who looks at nothing else.
pub(crate) fn all(videos: &[Video], predict: impl Fn(&Video) -> Prediction) -> Vec<Prediction> {
    videos.iter().map(predict).collect()
}
