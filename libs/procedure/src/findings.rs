//! What differs from the procedure, and how sure that is.

use std::ops::Range;

use crate::calibration::{
    COST_EXTRA, COST_MISSING, COST_OUT_OF_ORDER, COST_REPEATED, COST_TIME, COST_WRONG,
    DURATION_NOISE, EXTRA_SHARE, HALF_ALIKE, JUMP, MIN_COVERAGE, SLOT_FILLED,
};
use crate::clip::median;
use crate::reading::{Main, Reading};
use crate::report::DeviationType;

/// One difference, before it has a price.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) kind: DeviationType,
    pub(crate) step: Option<usize>,
    /// Not empty.
    pub(crate) clips: Range<usize>,
    pub(crate) confidence: f64,
    pub(crate) reason: String,
}

impl DeviationType {
    /// Cost as a share of the step's weight, or of the mean step's.
    pub(crate) fn cost(self) -> f64 {
        match self {
            Self::MissingStep => COST_MISSING,
            Self::WrongExecution => COST_WRONG,
            Self::OutOfOrder => COST_OUT_OF_ORDER,
            Self::RepeatedStep => COST_REPEATED,
            Self::ExtraActivity => COST_EXTRA,
            Self::OverTime | Self::UnderTime => COST_TIME,
        }
    }
}

/// All findings, whatever their confidence. An optional step that is missing
/// is none.
pub(crate) fn find(reading: &Reading<'_>) -> Vec<Finding> {
    let mut free = reading.unexplained.clone();
    let mut findings = Vec::new();
    for step in 0..reading.main.len() {
        match &reading.main[step] {
            Some(main) => findings.extend(about_done(reading, step, main, &mut free)),
            None => findings.extend(about_absent(reading, step, &mut free)),
        }
    }
    findings.extend(repetitions(reading));
    findings.extend(extra_activity(reading, &free));
    findings
}

fn about_done(
    reading: &Reading<'_>,
    step: usize,
    main: &Main,
    free: &mut [Range<usize>],
) -> Vec<Finding> {
    let name = reading.plan.name(step);
    let clips = &main.occurrence.clips;
    let mut findings = Vec::new();
    if !main.in_order {
        findings.push(Finding {
            kind: DeviationType::OutOfOrder,
            step: Some(step),
            clips: clips.clone(),
            confidence: from_nats(main.occurrence.evidence),
            reason: format!("\"{name}\" was done at a place that the procedure does not allow"),
        });
    }
    let coverage = reading.likeness.coverage[step];
    if coverage < MIN_COVERAGE {
        // What stands next to the part that was done is the rest of the step,
        // done differently, and no extra activity.
        for run in free
            .iter_mut()
            .filter(|run| run.end == clips.start || run.start == clips.end)
        {
            run.end = run.start;
        }
        findings.push(Finding {
            kind: DeviationType::WrongExecution,
            step: Some(step),
            clips: clips.clone(),
            confidence: 0.5 + MIN_COVERAGE - coverage,
            reason: format!("only {:.0} % of \"{name}\" was seen", 100.0 * coverage),
        });
    } else {
        findings.extend(about_time(reading, step, clips));
    }
    findings
}

fn about_time(reading: &Reading<'_>, step: usize, clips: &Range<usize>) -> Option<Finding> {
    let planned = &reading.plan.steps[step].step;
    let thresholds = &reading.plan.thresholds;
    let duration = reading.duration_s(clips);
    let expected = reading.expected_s(step, duration);
    let (shortest, longest, allowed) = match planned.duration {
        Some(range) => (
            range.min_s,
            range.max_s,
            format!("{:.1} s to {:.1} s are allowed", range.min_s, range.max_s),
        ),
        None => (
            thresholds.under_time_ratio * expected,
            thresholds.over_time_ratio * expected,
            format!("{expected:.1} s would be usual at this trainee's tempo"),
        ),
    };
    let (kind, excess) = if duration > longest {
        (DeviationType::OverTime, (duration / longest).ln())
    } else if duration < shortest {
        (DeviationType::UnderTime, (shortest / duration).ln())
    } else {
        return None;
    };
    // Each end of an occurrence is known to about one clip.
    let uncertainty = DURATION_NOISE + reading.timeline.clip_s / duration.max(expected);
    Some(Finding {
        kind,
        step: Some(step),
        clips: clips.clone(),
        confidence: logistic(excess / uncertainty - 1.0),
        reason: format!("\"{}\" took {duration:.1} s; {allowed}", planned.name),
    })
}

fn about_absent(reading: &Reading<'_>, step: usize, free: &mut [Range<usize>]) -> Option<Finding> {
    let planned = &reading.plan.steps[step].step;
    let slot = reading.slot(step);
    let confidence = confidence_of_absence(reading, step);
    let usual_clips = (reading.usual_s(step) / reading.timeline.stride_s).max(1.0);
    let within = |run: &Range<usize>| run.start.max(slot.start)..run.end.min(slot.end);
    let filled = free
        .iter_mut()
        .find(|run| within(run).len() as f64 >= SLOT_FILLED * usual_clips);
    if let Some(run) = filled {
        let part = within(run);
        let clips = part.start..part.end.min(part.start + usual_clips.ceil() as usize);
        // What is left of the run may stand for the next step or be extra.
        run.start = clips.end;
        return Some(Finding {
            kind: DeviationType::WrongExecution,
            step: Some(step),
            clips,
            confidence,
            reason: format!("something else was done in place of \"{}\"", planned.name),
        });
    }
    (!planned.optional).then(|| Finding {
        kind: DeviationType::MissingStep,
        step: Some(step),
        clips: at_least_one(&slot, reading.likeness.clips),
        confidence,
        reason: format!("\"{}\" was not seen anywhere in the video", planned.name),
    })
}

/// How sure it is that a step was not done: by the stretch of half its length
/// that looks most like it, discounted where another step explains the clips
/// better, by the stretch that follows its course best, and by how much of its
/// place can be seen.
fn confidence_of_absence(reading: &Reading<'_>, step: usize) -> f64 {
    let likeness = reading.likeness;
    let explained = |clip: usize| match reading.decoded.step_of[clip] {
        Some(other) => HALF_ALIKE * (1.0 + likeness.of(step, clip) - likeness.of(other, clip)),
        None => likeness.of(step, clip),
    };
    let values: Vec<f64> = (0..likeness.clips)
        .map(|clip| explained(clip).clamp(-1.0, 2.0))
        .collect();
    let window = (HALF_ALIKE * reading.usual_s(step) / reading.timeline.stride_s) as usize;
    let window = window.clamp(1, likeness.clips);
    let most = values
        .windows(window)
        .map(|values| values.iter().sum::<f64>() / window as f64)
        .fold(-1.0, f64::max);
    let slot = at_least_one(&reading.slot(step), likeness.clips);
    let seen = reading.timeline.clips[slot.clone()]
        .iter()
        .filter(|clip| clip.flags.is_empty())
        .count();
    let view = seen as f64 / slot.len() as f64;
    let course = likeness.course[step].0.clamp(-1.0, 2.0);
    logistic(8.0 * (HALF_ALIKE - 0.5 * (most + course))) * (0.5 + 0.5 * view)
}

fn repetitions<'r>(reading: &'r Reading<'_>) -> impl Iterator<Item = Finding> + 'r {
    reading.surplus.iter().map(|occurrence| Finding {
        kind: DeviationType::RepeatedStep,
        step: Some(occurrence.step),
        clips: occurrence.clips.clone(),
        confidence: from_nats(occurrence.evidence),
        reason: format!(
            "\"{}\" was done once more",
            reading.plan.name(occurrence.step)
        ),
    })
}

/// Unexplained stretches between the first and the last step; what comes
/// before and after the work is none of the procedure's business.
fn extra_activity<'r>(
    reading: &'r Reading<'_>,
    free: &'r [Range<usize>],
) -> impl Iterator<Item = Finding> + 'r {
    let occurrences = &reading.decoded.occurrences;
    let work = occurrences.first().map_or(0, |first| first.clips.start)
        ..occurrences.last().map_or(0, |last| last.clips.end);
    let usual_s = median(
        (0..reading.main.len())
            .map(|step| reading.usual_s(step))
            .collect(),
    );
    let shortest = (EXTRA_SHARE * usual_s).max(2.0 * reading.timeline.clip_s);
    let lag = f64::from(reading.timeline.non_overlapping_lag());
    free.iter()
        .map(move |run| run.start.max(work.start)..run.end.min(work.end))
        .filter(move |run| run.len() as f64 * reading.timeline.stride_s >= shortest)
        .map(move |run| {
            let mean = run
                .clone()
                .map(|clip| reading.likeness.best(clip))
                .sum::<f64>()
                / run.len() as f64;
            let independent = run.len() as f64 / lag;
            let seconds = run.len() as f64 * reading.timeline.stride_s;
            Finding {
                kind: DeviationType::ExtraActivity,
                step: None,
                confidence: logistic(8.0 * (HALF_ALIKE - mean)) * independent / (independent + 1.0),
                reason: format!("for {seconds:.1} s something was done that belongs to no step"),
                clips: run,
            }
        })
}

/// Grows an empty stretch by the clips on both of its sides.
fn at_least_one(clips: &Range<usize>, of: usize) -> Range<usize> {
    if clips.is_empty() {
        clips.start.saturating_sub(1)..(clips.start + 1).min(of)
    } else {
        clips.clone()
    }
}

/// An occurrence is as sure as its evidence is large against a jump.
fn from_nats(evidence: f64) -> f64 {
    evidence / (evidence + JUMP)
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
