//! From the steps that are judged up to the steps that they are parts of.

use crate::judged::Judged;
use crate::procedure::TimeRange;
use crate::report::{DeviationType, StepResult, StepStatus};
use crate::score::price::Priced;

/// Kinds that, where they happened to every part of a step, happened to the
/// step. A step whose parts were all done wrongly, each in its way, is not
/// among them: what was wrong with each is what the trainee must know.
const OF_THE_WHOLE: [DeviationType; 5] = [
    DeviationType::MissingStep,
    DeviationType::OutOfOrder,
    DeviationType::RepeatedStep,
    DeviationType::OverTime,
    DeviationType::UnderTime,
];

/// Joins what happened to all parts of a step, from the finest level upwards.
/// `steps` are the results of the judged steps.
pub(super) fn join(judged: &Judged, steps: &[StepResult], mut all: Vec<Priced>) -> Vec<Priced> {
    for step in (0..judged.steps.len()).rev() {
        let units = judged.units_of(step);
        if judged.hierarchy.has_parts(step) && units.len() > 1 {
            let is_left_out = |part: usize| {
                (judged.units_of(part)).all(|unit| steps[unit].status == StepStatus::Skipped)
            };
            let parts: Vec<usize> = (judged.hierarchy.parts(step))
                .filter(|&part| !is_left_out(part))
                .collect();
            for kind in OF_THE_WHOLE {
                join_one(judged, step, &parts, kind, &mut all);
            }
        }
    }
    all
}

fn join_one(
    judged: &Judged,
    step: usize,
    parts: &[usize],
    kind: DeviationType,
    all: &mut Vec<Priced>,
) {
    let of = |part: &usize| {
        all.iter()
            .position(|found| found.step == Some(*part) && found.deviation.kind == kind)
    };
    let Some(found) = parts.iter().map(of).collect::<Option<Vec<usize>>>() else {
        return;
    };
    let start_s = |&index: &usize| all[index].deviation.trainee_time.start_s;
    // Parts that were done in another order are each at a wrong place. Of what
    // was done twice, it is arbitrary which time counts.
    let in_turn =
        kind == DeviationType::RepeatedStep || found.is_sorted_by(|a, b| start_s(a) <= start_s(b));
    if parts.len() < 2 || !in_turn {
        return;
    }
    let mut joined: Vec<Priced> = Vec::with_capacity(found.len());
    let mut index = 0;
    all.retain_mut(|priced| {
        let keep = !found.contains(&index);
        index += 1;
        if !keep {
            joined.push(priced.clone());
        }
        keep
    });
    let name = &judged.steps[step].name;
    let mut whole = joined.swap_remove(0);
    for other in &joined {
        let (all, part) = (&mut whole.deviation, &other.deviation);
        all.points_lost += part.points_lost;
        // The step is what at least one of its parts shows.
        all.confidence = all.confidence.max(part.confidence);
        all.trainee_time = hull(all.trainee_time, part.trainee_time);
    }
    whole.units = judged.units_of(step);
    whole.step = Some(step);
    whole.deviation.reason = reason(kind, name);
    all.push(whole);
}

fn reason(kind: DeviationType, name: &str) -> String {
    match kind {
        DeviationType::MissingStep => {
            format!("no part of \"{name}\" was seen anywhere in the video")
        }
        DeviationType::OutOfOrder => {
            format!("\"{name}\" as a whole was done at a place that the procedure does not allow")
        }
        DeviationType::RepeatedStep => format!("\"{name}\" as a whole was done once more"),
        DeviationType::OverTime => format!("every part of \"{name}\" took too long"),
        DeviationType::UnderTime => format!("every part of \"{name}\" was done too fast"),
        DeviationType::ExtraActivity | DeviationType::WrongExecution => String::new(),
    }
}

/// What became of every step of the procedure, from what became of those that
/// are judged. `gold_times` are those of the steps without parts.
pub(super) fn all_steps(
    judged: &Judged,
    units: &[StepResult],
    gold_times: &[TimeRange],
    priced: &[Priced],
) -> Vec<StepResult> {
    (0..judged.steps.len())
        .map(|step| {
            let range = judged.units_of(step);
            let result = match range.len() {
                0 => unresolved(
                    judged,
                    step,
                    units,
                    gold_times[judged.hierarchy.leaves_of(step).start],
                ),
                _ if judged.units[range.start].step == step => units[range.start].clone(),
                _ => whole(&units[range]),
            };
            let is_off = priced.iter().any(|found| found.step == Some(step));
            let status = match result.status {
                StepStatus::Done if is_off => StepStatus::Deviated,
                status => status,
            };
            StepResult {
                status,
                index: step as u32,
                parent: judged.hierarchy.parent(step).map(|parent| parent as u32),
                name: judged.steps[step].name.clone(),
                ..result
            }
        })
        .collect()
}

/// A part of a step that is judged as a whole.
fn unresolved(
    judged: &Judged,
    step: usize,
    units: &[StepResult],
    gold_time: TimeRange,
) -> StepResult {
    let unit = (judged.units.iter())
        .position(|unit| judged.hierarchy.is_in(step, unit.step))
        .expect("every step is judged by itself, in its parts or as a part");
    StepResult {
        status: StepStatus::Unresolved,
        gold_time,
        trainee_time: None,
        duration_ratio: None,
        ..units[unit].clone()
    }
}

/// A step of which the parts are judged.
fn whole(parts: &[StepResult]) -> StepResult {
    let is = |status: StepStatus| move |part: &&StepResult| part.status == status;
    let done: Vec<&StepResult> = (parts.iter())
        .filter(|part| part.status != StepStatus::Skipped)
        .collect();
    let status = if done.is_empty() {
        StepStatus::Skipped
    } else if done.iter().all(is(StepStatus::Missing)) {
        StepStatus::Missing
    } else if (done.iter())
        .any(|part| matches!(part.status, StepStatus::Missing | StepStatus::Wrong))
    {
        StepStatus::Wrong
    } else if done.iter().any(is(StepStatus::Deviated)) {
        StepStatus::Deviated
    } else {
        StepStatus::Done
    };
    let gold_s = |part: &StepResult| part.gold_time.duration_s();
    let weighted = |value: &dyn Fn(&StepResult) -> Option<f64>| {
        let sum: Option<f64> = done
            .iter()
            .map(|part| Some(value(part)? * gold_s(part)))
            .sum();
        let all: f64 = done.iter().map(|part| gold_s(part)).sum();
        sum.filter(|_| all > 0.0).map(|sum| sum / all)
    };
    StepResult {
        status,
        gold_time: hull(parts[0].gold_time, parts[parts.len() - 1].gold_time),
        trainee_time: (parts.iter().filter_map(|part| part.trainee_time)).reduce(hull),
        duration_ratio: weighted(&|part| part.duration_ratio),
        similarity: weighted(&|part| Some(part.similarity)).unwrap_or(0.0),
        ..parts[0].clone()
    }
}

pub(super) fn hull(a: TimeRange, b: TimeRange) -> TimeRange {
    TimeRange {
        start_s: a.start_s.min(b.start_s),
        end_s: a.end_s.max(b.end_s),
    }
}
