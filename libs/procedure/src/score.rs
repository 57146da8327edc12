//! Evidence in, an outcome out.

mod check;

use std::ops::Range;

use sopilot_dtw::{Alignment, Evidence};

use crate::ablation::Ablation;
use crate::clip::{Clip, Timeline};
use crate::decode::decode;
use crate::findings::{Finding, find};
use crate::likeness::Likeness;
use crate::metrics::metrics;
use crate::plan::Plan;
use crate::prepare::PreparedGold;
use crate::procedure::Procedure;
use crate::reading::Reading;
use crate::report::{Deviation, DeviationType, ScoreOutcome, StepResult, StepStatus, Verdict};
use crate::research::{Performance, research_metrics};
use crate::verdict::{Grounds, verdict};
use check::check;

/// What a score is made from.
#[derive(Debug, Clone, Copy)]
pub struct ScoreInput<'a> {
    /// The procedure; without [violations](Procedure::validate).
    pub procedure: &'a Procedure,
    /// At least one gold; the first is the one whose times are shown. What any
    /// of them shows is never a deviation.
    pub golds: &'a [GoldInput<'a>],
    /// The trainee's clips.
    pub trainee: &'a [Clip],
}

/// One gold, and the trainee aligned with it.
#[derive(Debug, Clone, Copy)]
pub struct GoldInput<'a> {
    /// The gold.
    pub prepared: &'a PreparedGold,
    /// The alignment of gold and trainee, each centred on its own mean.
    pub alignment: &'a Alignment,
    /// The evidence for the steps of `prepared`.
    pub evidence: &'a Evidence,
}

impl GoldInput<'_> {
    /// The rows of the picture that show a step; never empty.
    pub(crate) fn picture_rows(&self, step: usize) -> Range<usize> {
        let clips = &self.prepared.steps[step].clips;
        let row = |clip: u32| {
            let rows = u64::from(self.evidence.picture.rows);
            (u64::from(clip) * rows / u64::from(self.alignment.gold_clips)) as usize
        };
        row(clips.start)..row(clips.end - 1) + 1
    }
}

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
        "the procedure has {procedure} steps but gold {gold} was prepared with {prepared}: prepare it again with this version of the task"
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
    let plan = Plan::new(input.procedure, &golds);
    let timeline = Timeline::new(input.trainee);
    let likeness = Likeness::new(&golds, input.trainee.len());
    let decoded = decode(&golds, &likeness, &plan.order, &timeline, ablation);
    let reading = Reading::new(&plan, &likeness, &timeline, &decoded);
    let (reported, doubted): (Vec<Finding>, Vec<Finding>) = find(&reading)
        .into_iter()
        .partition(|finding| finding.confidence >= plan.thresholds.min_confidence);
    let steps: Vec<StepResult> = (0..plan.steps.len())
        .map(|step| step_result(&reading, &reported, step))
        .collect();
    let mut deviations = deviations(&reading, reported, &steps);
    let doubtful = doubtful_steps(&doubted);
    let flagged = input
        .trainee
        .iter()
        .filter(|clip| !clip.flags.is_empty())
        .count() as f64
        / input.trainee.len() as f64;
    let explained = decoded.step_of.iter().flatten().count() as f64 / input.trainee.len() as f64;
    let judge = |score: f64, steps: &[StepResult]| {
        verdict(&Grounds {
            plan: &plan,
            score,
            steps,
            doubtful: &doubtful,
            contrast: likeness.contrast,
            clip_contrast: likeness.clip_contrast,
            explained,
            flagged,
        })
    };
    let lost: f64 = deviations.iter().map(|found| found.points_lost).sum();
    let score = (100.0 - lost).clamp(0.0, 100.0);
    let (verdict, verdict_reason) = judge(score, &steps);
    for index in 0..deviations.len() {
        let others = deviations
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index);
        let lost: f64 = others.map(|(_, other)| other.points_lost).sum();
        let steps = steps_without(&steps, &deviations[index]);
        deviations[index].verdict_without = judge((100.0 - lost).clamp(0.0, 100.0), &steps).0;
    }
    let metrics = metrics(
        golds[0].alignment,
        golds[0].evidence,
        &plan.order,
        &steps,
        &deviations,
    );
    let research = research_metrics(&Performance {
        reading: &reading,
        evidence: golds[0].evidence,
        steps: &steps,
        deviations: &deviations,
        doubted: &self::deviations(&reading, doubted, &steps),
    });
    Ok(ScoreOutcome {
        score,
        verdict,
        verdict_reason,
        deviations,
        steps,
        metrics,
        research,
        golds_left_out,
    })
}

/// The steps had one deviation not happened: a step that it left out, or that
/// was done wrongly, was done.
fn steps_without(steps: &[StepResult], deviation: &Deviation) -> Vec<StepResult> {
    let mut steps = steps.to_vec();
    if let Some(step) = deviation.gold_step
        && is_failure(deviation.kind)
    {
        steps[step as usize].status = StepStatus::Done;
    }
    steps
}

fn is_failure(kind: DeviationType) -> bool {
    matches!(
        kind,
        DeviationType::MissingStep | DeviationType::WrongExecution
    )
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

/// Prices the findings: a step's points are its weight's share of 100 among
/// the steps that were not skipped.
fn deviations(
    reading: &Reading<'_>,
    reported: Vec<Finding>,
    steps: &[StepResult],
) -> Vec<Deviation> {
    let counts = |step: &&StepResult| step.status != StepStatus::Skipped;
    let weight = |step: &StepResult| reading.plan.steps[step.index as usize].step.weight;
    let total: f64 = steps.iter().filter(counts).map(weight).sum();
    let mean_share = 100.0 / steps.iter().filter(counts).count().max(1) as f64;
    let share = |step: usize| {
        if total > 0.0 {
            100.0 * weight(&steps[step]) / total
        } else {
            0.0
        }
    };
    let mut deviations: Vec<Deviation> = reported
        .into_iter()
        .map(|finding| Deviation {
            kind: finding.kind,
            gold_step: finding.step.map(|step| step as u32),
            step_name: finding
                .step
                .map_or_else(String::new, |step| reading.plan.name(step).to_owned()),
            gold_time: finding.step.map(|step| reading.plan.steps[step].gold_time),
            trainee_time: reading.timeline.time_of(&finding.clips),
            confidence: finding.confidence.clamp(0.0, 1.0),
            // Known once the verdict is.
            verdict_without: Verdict::NotComparable,
            points_lost: finding.kind.cost() * finding.step.map_or(mean_share, share),
            reason: finding.reason,
        })
        .collect();
    let key =
        |deviation: &Deviation| (deviation.trainee_time.start_s, deviation.trainee_time.end_s);
    deviations.sort_by(|a, b| {
        let ((a_start, a_end), (b_start, b_end)) = (key(a), key(b));
        a_start
            .total_cmp(&b_start)
            .then(a_end.total_cmp(&b_end))
            .then(a.gold_step.cmp(&b.gold_step))
    });
    deviations
}

#[cfg(test)]
mod invariants;
#[cfg(test)]
mod tests;
