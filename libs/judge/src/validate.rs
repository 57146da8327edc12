//! Whether truths and predictions make sense, checked before any judging.

use std::collections::BTreeSet;

use crate::error::{JudgeError, Problem};
use crate::{DeviationKind, Prediction, Segment, TimeRange, TrueDeviation, Video};

/// Whether every video makes sense and is there once.
pub(crate) fn videos(videos: &[Video]) -> Result<(), JudgeError> {
    let mut seen = BTreeSet::new();
    for video in videos {
        if !seen.insert(&video.id) {
            return Err(JudgeError::DuplicateVideo {
                video: video.id.clone(),
            });
        }
        truth(video).map_err(|found| found.about(video))?;
    }
    Ok(())
}

/// Whether there is one prediction for each video, and each makes sense.
pub(crate) fn predictions(videos: &[Video], predictions: &[Prediction]) -> Result<(), JudgeError> {
    if videos.len() != predictions.len() {
        return Err(JudgeError::Lengths {
            videos: videos.len(),
            predictions: predictions.len(),
        });
    }
    videos
        .iter()
        .zip(predictions)
        .try_for_each(|(video, given)| {
            prediction(given, video.gold_steps.len()).map_err(|found| found.about(video))
        })
}

/// A problem and its place.
struct Found {
    place: String,
    problem: Problem,
}

impl Found {
    fn about(self, video: &Video) -> JudgeError {
        JudgeError::Video {
            video: video.id.clone(),
            place: self.place,
            problem: self.problem,
        }
    }
}

/// The place is only spelled out where there is a problem.
fn at<T>(result: Result<T, Problem>, place: impl FnOnce() -> String) -> Result<T, Found> {
    result.map_err(|problem| Found {
        place: place(),
        problem,
    })
}

fn truth(video: &Video) -> Result<(), Found> {
    let steps = video.gold_steps.len();
    for (index, time) in video.gold_steps.iter().enumerate() {
        at(range(time), || format!("gold step {index}"))?;
    }
    segments(&video.truth.steps_done, steps, "truth: step done")?;
    for (index, deviation) in video.truth.deviations.iter().enumerate() {
        let place = |part| move || format!("truth: deviation {index}: {part}");
        at(gold_step(deviation, steps), place("gold_step"))?;
        at(swap(deviation, steps), place("swapped_with"))?;
        at(jumped_over(deviation, steps), place("jumped_over"))?;
        at(trainee_time(deviation), place("trainee_time"))?;
    }
    Ok(())
}

fn gold_step(deviation: &TrueDeviation, steps: usize) -> Result<(), Problem> {
    match deviation.gold_step {
        Some(step) => exists(step, steps),
        None if deviation.kind == DeviationKind::ExtraActivity => Ok(()),
        None => Err(Problem::Needed {
            kind: deviation.kind,
        }),
    }
}

fn swap(deviation: &TrueDeviation, steps: usize) -> Result<(), Problem> {
    match deviation.swapped_with {
        Some(_) if deviation.kind != DeviationKind::OutOfOrder => Err(Problem::Unexpected {
            kind: deviation.kind,
        }),
        Some(step) => exists(step, steps),
        None => Ok(()),
    }
}

fn jumped_over(deviation: &TrueDeviation, steps: usize) -> Result<(), Problem> {
    if !deviation.jumped_over.is_empty() && deviation.kind != DeviationKind::OutOfOrder {
        return Err(Problem::Unexpected {
            kind: deviation.kind,
        });
    }
    deviation
        .jumped_over
        .iter()
        .try_for_each(|&step| exists(step, steps))
}

/// An extra activity without a time could be found by nobody.
fn trainee_time(deviation: &TrueDeviation) -> Result<(), Problem> {
    match &deviation.trainee_time {
        Some(time) => range(time),
        None if deviation.kind == DeviationKind::ExtraActivity => Err(Problem::Needed {
            kind: deviation.kind,
        }),
        None => Ok(()),
    }
}

fn prediction(prediction: &Prediction, steps: usize) -> Result<(), Found> {
    at(finite(prediction.suspicion), || {
        "prediction: suspicion".to_owned()
    })?;
    let reports = prediction.deviations.as_deref().unwrap_or_default();
    let decoded = prediction.steps.as_deref().unwrap_or_default();
    if prediction.not_comparable && !(reports.is_empty() && decoded.is_empty()) {
        return at(Err(Problem::NotComparable), || {
            "prediction: not_comparable".to_owned()
        });
    }
    for (index, report) in reports.iter().enumerate() {
        let place = |part| move || format!("prediction: deviation {index}: {part}");
        if let Some(step) = report.gold_step {
            at(exists(step, steps), place("gold_step"))?;
        }
        if let Some(time) = &report.gold_time {
            at(range(time), place("gold_time"))?;
        }
        if let Some(time) = &report.trainee_time {
            at(range(time), place("trainee_time"))?;
        }
        if let Some(confidence) = report.confidence {
            at(probability(confidence), place("confidence"))?;
        }
    }
    segments(decoded, steps, "prediction: step")
}

fn segments(segments: &[Segment], steps: usize, what: &str) -> Result<(), Found> {
    for (index, segment) in segments.iter().enumerate() {
        let place = || format!("{what} {index}");
        at(exists(segment.step, steps), place)?;
        at(range(&segment.time()), place)?;
        if index > 0 && segment.start_s < segments[index - 1].start_s {
            return at(Err(Problem::Unsorted), place);
        }
    }
    Ok(())
}

fn exists(step: usize, steps: usize) -> Result<(), Problem> {
    if step < steps {
        Ok(())
    } else {
        Err(Problem::NoSuchStep { step, steps })
    }
}

fn range(time: &TimeRange) -> Result<(), Problem> {
    finite(time.start_s)?;
    finite(time.end_s)?;
    if time.start_s < time.end_s {
        Ok(())
    } else {
        Err(Problem::EmptyRange {
            start_s: time.start_s,
            end_s: time.end_s,
        })
    }
}

fn probability(value: f64) -> Result<(), Problem> {
    finite(value)?;
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(Problem::NoProbability { value })
    }
}

fn finite(value: f64) -> Result<(), Problem> {
    if value.is_finite() {
        Ok(())
    } else {
        Err(Problem::NotFinite { value })
    }
}
