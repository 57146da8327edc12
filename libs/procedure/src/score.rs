//! Evidence in, an outcome out.

mod check;
mod price;
mod roll_up;

use crate::ablation::Ablation;
use crate::clip::Timeline;
use crate::decode::decode;
use crate::findings::{Finding, find};
use crate::input::{GoldInput, ScoreInput};
use crate::judged::Judged;
use crate::likeness::Likeness;
use crate::metrics::metrics;
use crate::procedure::TimeRange;
use crate::reading::Reading;
use crate::report::{
    CoursePoint, Deviation, DeviationType, ScoreOutcome, StepResult, StepStatus, Verdict,
};
use crate::research::{Performance, research_metrics};
use crate::verdict::{Grounds, verdict};
use check::check;
use price::{Priced, Prices, is_failure, price, price_groups, sort};
use roll_up::{all_steps, hull, join};

/// Why no score can be made: inputs that do not belong together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScoreError {
    /// No gold.
    #[error("there is no gold to compare with: give at least one")]
    NoGold,
    /// The trainee has no clip, or one without a sensible time.
    #[error(
        "the trainee's clips are missing or clip {clip} has no sensible time: ingest the video again"
    )]
    BadClip {
        /// The clip, from 0.
        clip: usize,
    },
    /// The first gold's steps are not those of the procedure.
    #[error(
        "the procedure has {procedure} steps without parts but gold {gold} was prepared with {prepared}: prepare it again with this version of the task"
    )]
    StepCount {
        /// The gold, from 0.
        gold: usize,
        /// Steps of the procedure.
        procedure: usize,
        /// Steps of the gold.
        prepared: usize,
    },
    /// A part of the evidence has another size than gold and trainee.
    #[error(
        "{what} of gold {gold} has {found} entries instead of {expected}: align it again with this gold and this trainee"
    )]
    Size {
        /// The gold, from 0.
        gold: usize,
        /// Which part.
        what: &'static str,
        /// Entries found.
        found: usize,
        /// Entries expected.
        expected: usize,
    },
    /// A number that is not finite, or a path or step outside the videos.
    #[error(
        "{what} of gold {gold} cannot be right (not finite, or outside the videos): align it again"
    )]
    Corrupt {
        /// The gold, from 0.
        gold: usize,
        /// Which part.
        what: &'static str,
    },
}

/// Scores one trainee. Deterministic; for K steps, a picture of M columns (at
/// most 1024) and R rows of all golds' steps it costs about M · (R + K²)
/// operations and 4 · M · (R + K) bytes.
pub fn score(input: &ScoreInput<'_>) -> Result<ScoreOutcome, ScoreError> {
    score_without(input, Ablation::default())
}

/// As [`score`], without some parts of it.
pub fn score_without(
    input: &ScoreInput<'_>,
    ablation: Ablation,
) -> Result<ScoreOutcome, ScoreError> {
    let (golds, golds_left_out) = check(input)?;
    let judged = Judged::new(input.procedure, &golds);
    let gold_times: Vec<TimeRange> = (golds[0].prepared.steps.iter())
        .map(|step| step.time)
        .collect();
    let inputs = judged.golds(&golds);
    let golds: Vec<&GoldInput<'_>> = inputs.iter().collect();
    let mut plan = judged.plan(input.procedure, &golds);
    let timeline = Timeline::new(input.trainee);
    let likeness = Likeness::new(&golds, input.trainee.len());
    let decoded = decode(&golds, &likeness, &plan.order, &timeline, ablation);
    judged.leave_out(&mut plan, &decoded);
    let reading = Reading::new(&plan, &likeness, &timeline, &decoded);
    let (reported, doubted): (Vec<Finding>, Vec<Finding>) = find(&reading)
        .into_iter()
        .partition(|finding| finding.confidence >= plan.thresholds.min_confidence);
    let units: Vec<StepResult> = (0..plan.steps.len())
        .map(|step| step_result(&reading, &reported, step))
        .collect();
    let court = Court {
        reading: &reading,
        doubtful: doubtful_steps(&doubted),
        flagged: share(input.trainee, |clip| !clip.flags.is_empty()),
        explained: share(&decoded.step_of, Option::is_some),
    };
    let prices = Prices::new(&reading, &units);
    let mut priced = price(&reading, &judged, &prices, reported);
    let in_groups = price_groups(&reading, &judged, &prices, &priced);
    priced.extend(in_groups);
    sort(&mut priced);
    let in_units: Vec<Deviation> = priced.iter().map(|found| found.deviation.clone()).collect();
    let doubted = price(&reading, &judged, &prices, doubted);
    let doubted: Vec<Deviation> = doubted.into_iter().map(|found| found.deviation).collect();
    let priced = join(&judged, &units, priced);
    let (score, verdict, verdict_reason) = court.judge(&units, &priced);
    Ok(ScoreOutcome {
        score,
        verdict,
        verdict_reason,
        metrics: metrics(
            golds[0].alignment,
            golds[0].evidence,
            &plan.order,
            &units,
            &in_units,
        ),
        research: research_metrics(&Performance {
            reading: &reading,
            evidence: golds[0].evidence,
            steps: &units,
            deviations: &in_units,
            doubted: &doubted,
        }),
        steps: all_steps(&judged, &units, &gold_times, &priced),
        deviations: court.explained(&judged, &units, priced),
        course: course(&reading),
        golds_left_out,
    })
}

/// See [`ScoreOutcome::course`].
fn course(reading: &Reading<'_>) -> Vec<CoursePoint> {
    let positions = reading.decoded.positions.iter().enumerate();
    let point = |(clip, position): (usize, &Option<f64>)| {
        let position = (*position)?;
        let gold = reading.plan.steps[position as usize].gold_time;
        Some(CoursePoint {
            trainee_s: reading.timeline.clips[clip].middle_s(),
            gold_s: gold.start_s + position.fract() * gold.duration_s(),
        })
    };
    positions.filter_map(point).collect()
}

/// What passes judgement on the judged steps.
struct Court<'a> {
    reading: &'a Reading<'a>,
    /// See [`Grounds`].
    doubtful: Vec<usize>,
    flagged: f64,
    explained: f64,
}

impl Court<'_> {
    /// Score, verdict and why.
    fn judge<'p>(
        &self,
        units: &[StepResult],
        priced: impl IntoIterator<Item = &'p Priced>,
    ) -> (f64, Verdict, String) {
        let points = |found: &Priced| found.deviation.points_lost;
        let lost: f64 = priced.into_iter().map(points).sum();
        let score = (100.0 - lost).clamp(0.0, 100.0);
        let (verdict, reason) = verdict(&Grounds {
            plan: self.reading.plan,
            score,
            steps: units,
            doubtful: &self.doubtful,
            contrast: self.reading.likeness.contrast,
            clip_contrast: self.reading.likeness.clip_contrast,
            explained: self.explained,
            flagged: self.flagged,
        });
        (score, verdict, reason)
    }

    /// The deviations in terms of the procedure's steps, each with what the
    /// verdict would be without it: a step that it left out, or that was done
    /// wrongly, was then done.
    fn explained(
        &self,
        judged: &Judged,
        units: &[StepResult],
        mut priced: Vec<Priced>,
    ) -> Vec<Deviation> {
        sort(&mut priced);
        let without = |index: usize| {
            let mut steps = units.to_vec();
            if is_failure(priced[index].deviation.kind) {
                (steps[priced[index].units.clone()].iter_mut())
                    .for_each(|step| step.status = StepStatus::Done);
            }
            let others = priced.iter().enumerate();
            let others = others.filter(|(other, _)| *other != index);
            self.judge(&steps, others.map(|(_, found)| found)).1
        };
        let deviation = |(index, found): (usize, &Priced)| {
            let times = (units[found.units.clone()].iter()).map(|unit| unit.gold_time);
            Deviation {
                gold_step: found.step.map(|step| step as u32),
                step_name: (found.step)
                    .map_or_else(String::new, |step| judged.steps[step].name.clone()),
                gold_time: times.reduce(hull),
                verdict_without: without(index),
                ..found.deviation.clone()
            }
        };
        priced.iter().enumerate().map(deviation).collect()
    }
}

fn share<T>(of: &[T], holds: impl Fn(&T) -> bool) -> f64 {
    of.iter().filter(|item| holds(item)).count() as f64 / of.len() as f64
}

fn doubtful_steps(doubted: &[Finding]) -> Vec<usize> {
    doubted
        .iter()
        .filter(|finding| is_failure(finding.kind))
        .filter_map(|finding| finding.step)
        .collect()
}

fn step_result(reading: &Reading<'_>, reported: &[Finding], step: usize) -> StepResult {
    let planned = &reading.plan.steps[step];
    let found = |kind| {
        reported
            .iter()
            .find(|finding| finding.step == Some(step) && finding.kind == kind)
    };
    let occurrence = reading.main[step]
        .as_ref()
        .map(|main| &main.occurrence.clips);
    let wrong = found(DeviationType::WrongExecution);
    let status = if found(DeviationType::MissingStep).is_some() {
        StepStatus::Missing
    } else if wrong.is_some() {
        StepStatus::Wrong
    } else if occurrence.is_none() && planned.step.optional {
        StepStatus::Skipped
    } else if reported.iter().any(|finding| finding.step == Some(step)) {
        StepStatus::Deviated
    } else {
        StepStatus::Done
    };
    let clips = occurrence.or(wrong.map(|finding| &finding.clips));
    StepResult {
        index: step as u32,
        parent: None,
        name: planned.step.name.clone(),
        status,
        gold_time: planned.gold_time,
        trainee_time: clips.map(|clips| reading.timeline.time_of(clips)),
        duration_ratio: occurrence.map(|clips| {
            let duration = reading.duration_s(clips);
            duration / reading.expected_s(step, duration)
        }),
        similarity: clips.map_or(0.0, |clips| reading.likeness.mean(step, clips)),
    }
}

#[cfg(test)]
mod invariants;
#[cfg(test)]
mod tests;
