//! What differs from the procedure, and how sure that is.

use std::ops::Range;

use crate::calibration::{
    BROKEN_OFF, BROKEN_OFF_FAST, BROKEN_OFF_TIME, CLEARLY_ALIKE, COST_EXTRA, COST_MISSING,
    COST_OUT_OF_ORDER, COST_REPEATED, COST_TIME, COST_WRONG, DURATION_NOISE, EXPLAINED,
    EXTRA_SHARE, SLOT_FILLED,
};
use crate::clip::median;
use crate::confidence::calibrated;
use crate::decode::Occurrence;
use crate::procedure::Step;
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
    for finding in &mut findings {
        finding.confidence = calibrated(finding.kind, finding.confidence);
    }
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
            confidence: main.occurrence.sureness(),
            reason: format!("\"{name}\" was done at a place that the procedure does not allow"),
        });
    }
    let broken_off = about_completeness(reading, step, &main.occurrence);
    let least = reading.plan.thresholds.min_confidence;
    let is_reported = |finding: &Finding| calibrated(finding.kind, finding.confidence) >= least;
    if broken_off.as_ref().is_some_and(is_reported) {
        // What stands next to the part that was done is the rest of the step,
        // done differently, and no extra activity.
        for run in free
            .iter_mut()
            .filter(|run| run.end == clips.start || run.start == clips.end)
        {
            run.end = run.start;
        }
    } else {
        findings.extend(about_time(reading, step, clips));
    }
    findings.extend(broken_off);
    findings
}

/// A step that was broken off: its end is missing, and so is the time for it.
fn about_completeness(
    reading: &Reading<'_>,
    step: usize,
    occurrence: &Occurrence,
) -> Option<Finding> {
    let duration = reading.duration_s(&occurrence.clips);
    let time = duration / reading.expected_s(step, duration);
    let missing = occurrence.broken_off;
    let enough = if time < reading.plan.thresholds.under_time_ratio {
        BROKEN_OFF_FAST
    } else {
        BROKEN_OFF
    };
    (missing >= enough && time <= BROKEN_OFF_TIME).then(|| Finding {
        kind: DeviationType::WrongExecution,
        step: Some(step),
        clips: occurrence.clips.clone(),
        confidence: 1.0 - 0.5 * (-8.0 * (missing - BROKEN_OFF)).exp(),
        reason: format!(
            "\"{}\" was broken off: the last {:.0} % of it were not seen",
            reading.plan.name(step),
            100.0 * missing
        ),
    })
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
    let (kind, confidence) = time_out_of(reading, clips, shortest, longest, expected)?;
    Some(Finding {
        kind,
        step: Some(step),
        clips: clips.clone(),
        confidence,
        reason: format!("\"{}\" took {duration:.1} s; {allowed}", planned.name),
    })
}

/// The time from the first to the last of some steps, which make up one with
/// limits of its own. `None` if it has none or not all of them were done.
pub(crate) fn group_time(
    reading: &Reading<'_>,
    units: Range<usize>,
    whole: &Step,
) -> Option<Finding> {
    let limits = whole.duration?;
    let first = units.start;
    let done = units
        .map(|unit| Some(reading.main[unit].as_ref()?.occurrence.clips.clone()))
        .collect::<Option<Vec<_>>>()?;
    let clips = done
        .into_iter()
        .reduce(|all, part| all.start.min(part.start)..all.end.max(part.end))?;
    let (kind, confidence) =
        time_out_of(reading, &clips, limits.min_s, limits.max_s, limits.max_s)?;
    let duration = reading.duration_s(&clips);
    Some(Finding {
        kind,
        step: Some(first),
        clips,
        confidence: calibrated(kind, confidence),
        reason: format!(
            "\"{}\" took {duration:.1} s; {:.1} s to {:.1} s are allowed",
            whole.name, limits.min_s, limits.max_s
        ),
    })
}

/// Whether a stretch is longer or shorter than allowed, and how surely.
fn time_out_of(
    reading: &Reading<'_>,
    clips: &Range<usize>,
    shortest: f64,
    longest: f64,
    expected: f64,
) -> Option<(DeviationType, f64)> {
    let duration = reading.duration_s(clips);
    let (kind, excess) = if duration > longest {
        (DeviationType::OverTime, (duration / longest).ln())
    } else if duration < shortest {
        (DeviationType::UnderTime, (shortest / duration).ln())
    } else {
        return None;
    };
    // Each end of an occurrence is known to about one clip.
    let uncertainty = DURATION_NOISE + reading.timeline.clip_s / duration.max(expected);
    Some((kind, logistic(excess / uncertainty)))
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

/// How sure it is that a step was not done: by the stretch that follows its
/// course best, where no step was done or, less so, where another was, and by
/// how much of its place can be seen. A
/// step that was not done but has a look-alike reaches the level of background;
/// half-way from there to alike it is in doubt.
fn confidence_of_absence(reading: &Reading<'_>, step: usize) -> f64 {
    let likeness = reading.likeness;
    let slot = at_least_one(&reading.slot(step), likeness.clips);
    let seen = reading.timeline.clips[slot.clone()]
        .iter()
        .filter(|clip| clip.flags.is_empty())
        .count();
    let view = seen as f64 / slot.len() as f64;
    let elsewhere = likeness.course[step] - EXPLAINED;
    let free = reading.decoded.free_course[step].unwrap_or(elsewhere);
    let course = elsewhere.max(free).clamp(-1.0, 2.0);
    logistic(8.0 * (CLEARLY_ALIKE - course)) * (0.5 + 0.5 * view)
}

fn repetitions<'r>(reading: &'r Reading<'_>) -> impl Iterator<Item = Finding> + 'r {
    reading.surplus.iter().map(|occurrence| Finding {
        kind: DeviationType::RepeatedStep,
        step: Some(occurrence.step),
        clips: occurrence.clips.clone(),
        confidence: occurrence.sureness(),
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
            let independent = run.len() as f64 / lag;
            let seconds = run.len() as f64 * reading.timeline.stride_s;
            Finding {
                kind: DeviationType::ExtraActivity,
                step: None,
                confidence: independent / (independent + 1.5),
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

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
