//! Whether what a score is to be made from belongs together.

use sopilot_dtw::{MAX_PICTURE_SIDE, StepMatch};

use crate::clip::find_bad_clip;
use crate::hierarchy::Hierarchy;
use crate::input::{GoldInput, ScoreInput};
use crate::prepare::{PreparedStep, StepSource};
use crate::score::ScoreError;

/// The golds that can be used, and the indices of those that cannot.
pub(super) fn check<'a>(
    input: &ScoreInput<'a>,
) -> Result<(Vec<&'a GoldInput<'a>>, Vec<usize>), ScoreError> {
    let first = input.golds.first().ok_or(ScoreError::NoGold)?;
    if input.trainee.is_empty() {
        return Err(ScoreError::BadClip { clip: 0 });
    }
    if let Some(clip) = find_bad_clip(input.trainee) {
        return Err(ScoreError::BadClip { clip });
    }
    let steps = first.prepared.steps.len();
    let leaves = Hierarchy::of(&input.procedure.steps).leaves().len();
    let (mut used, mut left_out) = (Vec::new(), Vec::new());
    for (index, gold) in input.golds.iter().enumerate() {
        let prepared = gold.prepared.steps.len();
        let expected = if input.procedure.steps.is_empty() {
            steps
        } else {
            leaves
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
    let sound_step = |step: &PreparedStep| {
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
