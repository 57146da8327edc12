//! Evidence in, an outcome out.

use std::ops::Range;

use sopilot_dtw::{Alignment, Evidence, MAX_PICTURE_SIDE, StepMatch};

use crate::ablation::Ablation;
use crate::clip::{Clip, Timeline, find_bad_clip};
use crate::decode::decode;
use crate::findings::{Finding, find};
use crate::likeness::Likeness;
use crate::metrics::metrics;
use crate::plan::Plan;
use crate::prepare::{PreparedGold, StepSource};
use crate::procedure::Procedure;
use crate::reading::Reading;
use crate::report::{Deviation, DeviationType, ScoreOutcome, StepResult, StepStatus};
use crate::research::{Performance, research_metrics};
use crate::verdict::{Grounds, verdict};

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
    /// The alignment of gold and trainee, centred on the gold.
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

/// Scores one trainee. Deterministic; costs about M × K² operations and
/// M × K × 10 bytes for M trainee clips and K steps.
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
    let deviations = deviations(&reading, reported, &steps);
    let score = (100.0
        - deviations
            .iter()
            .map(|deviation| deviation.points_lost)
            .sum::<f64>())
    .clamp(0.0, 100.0);
    let (verdict, verdict_reason) = verdict(&Grounds {
        plan: &plan,
        score,
        steps: &steps,
        doubtful: &doubtful_steps(&doubted),
        contrast: likeness.contrast,
        flagged: input
            .trainee
            .iter()
            .filter(|clip| !clip.flags.is_empty())
            .count() as f64
            / input.trainee.len() as f64,
    });
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

/// The golds that can be used, and the indices of those that cannot.
fn check<'a>(input: &ScoreInput<'a>) -> Result<(Vec<&'a GoldInput<'a>>, Vec<usize>), ScoreError> {
    let first = input.golds.first().ok_or(ScoreError::NoGold)?;
    if input.trainee.is_empty() {
        return Err(ScoreError::BadClip { clip: 0 });
    }
    if let Some(clip) = find_bad_clip(input.trainee) {
        return Err(ScoreError::BadClip { clip });
    }
    let steps = first.prepared.steps.len();
    let (mut used, mut left_out) = (Vec::new(), Vec::new());
    for (index, gold) in input.golds.iter().enumerate() {
        let prepared = gold.prepared.steps.len();
        let expected = if input.procedure.steps.is_empty() {
            steps
        } else {
            input.procedure.steps.len()
        };
        if prepared == expected && prepared > 0 {
            check_gold(index, gold, input.trainee.len())?;
            used.push(gold);
        } else if gold.prepared.step_source == StepSource::Found && index > 0 {
            left_out.push(index);
        } else {
            return Err(ScoreError::StepCount {
                gold: index,
                procedure: expected,
                prepared,
            });
        }
    }
    Ok((used, left_out))
}

fn check_gold(gold: usize, input: &GoldInput<'_>, clips: usize) -> Result<(), ScoreError> {
    let (prepared, alignment, evidence) = (input.prepared, input.alignment, input.evidence);
    let gold_clips = alignment.gold_clips as usize;
    let sizes = [
        (
            "the trainee side of the alignment",
            alignment.trainee_clips as usize,
            clips,
        ),
        (
            "the step similarity",
            evidence.step_similarity.len(),
            prepared.steps.len() * clips,
        ),
        (
            "the best similarity of gold clips",
            evidence.gold_best.len(),
            gold_clips,
        ),
        (
            "the best similarity of trainee clips",
            evidence.trainee_best.len(),
            clips,
        ),
        (
            "the list of step matches",
            evidence.step_matches.len(),
            prepared.steps.len(),
        ),
        (
            "the picture",
            evidence.picture.cells.len(),
            evidence.picture.rows as usize * evidence.picture.columns as usize,
        ),
        (
            "the trainee side of the picture",
            evidence.picture.columns as usize,
            clips.min(MAX_PICTURE_SIDE),
        ),
        (
            "the gold side of the picture",
            evidence.picture.rows as usize,
            gold_clips.min(MAX_PICTURE_SIDE),
        ),
        (
            "the list of path costs",
            alignment.path_costs.len(),
            alignment.path.len(),
        ),
    ];
    for (what, found, expected) in sizes {
        if found != expected {
            return Err(ScoreError::Size {
                gold,
                what,
                found,
                expected,
            });
        }
    }
    check_values(gold, input)
}

/// All sizes fit; now the numbers themselves.
fn check_values(gold: usize, input: &GoldInput<'_>) -> Result<(), ScoreError> {
    let (prepared, alignment, evidence) = (input.prepared, input.alignment, input.evidence);
    let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
    let inside = |&(g, t): &(u32, u32)| g < alignment.gold_clips && t < alignment.trainee_clips;
    let meets_all_gold = alignment.path.first().is_some_and(|cell| cell.0 == 0)
        && alignment
            .path
            .last()
            .is_some_and(|cell| cell.0 + 1 == alignment.gold_clips)
        && alignment
            .path
            .windows(2)
            .all(|cells| matches!(cells[1].0.checked_sub(cells[0].0), Some(0 | 1)));
    let sound_match = |found: &StepMatch| {
        found.similarity.is_finite()
            && !found.trainee.is_empty()
            && found.trainee.end <= alignment.trainee_clips
    };
    let sound_step = |step: &crate::prepare::PreparedStep| {
        !step.clips.is_empty()
            && step.clips.end <= alignment.gold_clips
            && step.time.duration_s() > 0.0
            && step.time.duration_s().is_finite()
    };
    let sound = [
        ("the step similarity", finite(&evidence.step_similarity)),
        (
            "the best similarity of gold clips",
            finite(&evidence.gold_best),
        ),
        (
            "the best similarity of trainee clips",
            finite(&evidence.trainee_best),
        ),
        (
            "a step match",
            evidence.step_matches.iter().all(sound_match),
        ),
        (
            "the self-similarity",
            finite(&evidence.gold_self_similarity_quantiles),
        ),
        ("the Fréchet distance", finite(&[evidence.discrete_frechet])),
        (
            "the picture",
            evidence.picture.low.is_finite() && evidence.picture.high.is_finite(),
        ),
        (
            "the list of path costs",
            finite(&alignment.path_costs) && alignment.total.is_finite(),
        ),
        (
            "the path",
            meets_all_gold && alignment.path.iter().all(inside),
        ),
        ("a prepared step", prepared.steps.iter().all(sound_step)),
    ];
    match sound.iter().find(|(_, sound)| !sound) {
        Some(&(what, _)) => Err(ScoreError::Corrupt { gold, what }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod invariants;
#[cfg(test)]
mod tests;
