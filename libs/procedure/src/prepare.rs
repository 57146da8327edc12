//! What depends on a gold video alone: its steps and what they look like.

use std::ops::Range;

use sopilot_dtw::{Centring, MatrixView, Options, neighbour_quantiles};

use crate::change_points;
use crate::clip::{Clip, Timeline, find_bad_clip};
use crate::hierarchy::Hierarchy;
use crate::kernel::ReducedKernel;
use crate::lint::{LintFinding, Linted, lint};
use crate::procedure::{Procedure, Step, TimeRange};
use crate::validate::{neighbour_mistake, time_mistake};

/// Shortest step that is looked for, in seconds: below it, parts of a movement
/// are found rather than steps.
const MIN_FOUND_STEP_S: f64 = 3.0;

/// A part of a step is judged by itself from this many clips that share no
/// frame: of fewer, a stretch that follows its course is found by chance. With
/// every step of the tuning half cut in two, the F1 of 0.89 falls to 0.88 with
/// three, to 0.84 with two and to 0.70 with one.
pub(crate) const MIN_PART_CLIPS: f64 = 3.0;

pub use error::PrepareError;

mod error;

/// Everything that depends on a gold video alone.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedGold {
    /// The gold's steps in order, those without parts; at least one.
    pub steps: Vec<PreparedStep>,
    /// Where the steps came from.
    pub step_source: StepSource,
    /// What the author of the SOP should know.
    pub lint: Vec<LintFinding>,
    /// Similarity of neighbouring, non-overlapping clips within steps, as
    /// [`sopilot_dtw::SELF_SIMILARITY_QUANTILES`], centred on the gold.
    pub self_similarity_quantiles: [f32; 5],
    /// How many clips lie between two that share no frame; for
    /// [`Options::non_overlapping_lag`] when this gold is aligned.
    pub non_overlapping_lag: u32,
}

/// One step of a gold.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedStep {
    /// Name from the SOP, or "Step 1", "Step 2", … where steps were found.
    pub name: String,
    /// When the gold shows it.
    pub time: TimeRange,
    /// The clips whose middle lies in the step; at least one.
    pub clips: Range<u32>,
    /// Whether a part of a step is long enough, and unlike enough to the other
    /// parts, to be judged by itself in this gold. Says nothing about a step
    /// that is no part of another: it always is.
    pub resolved: bool,
}

/// Where a gold's steps came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepSource {
    /// The SOP gives their times.
    Given,
    /// Found as change points of the video.
    Found,
}

/// Prepares a gold: its steps, what "similar" means in it, and what its author
/// should know.
///
/// `step_times`, if not empty, replaces the times of the procedure's steps
/// without parts: every gold but the first shows them at other times. If there are no times
/// at all and the procedure lists no steps, they are found as change points.
pub fn prepare(
    gold: &MatrixView<'_>,
    clips: &[Clip],
    procedure: &Procedure,
    step_times: &[TimeRange],
) -> Result<PreparedGold, PrepareError> {
    if clips.len() != gold.rows() {
        return Err(PrepareError::ClipCount {
            clips: clips.len(),
            rows: gold.rows(),
        });
    }
    if let Some(clip) = find_bad_clip(clips) {
        return Err(PrepareError::BadClip { clip });
    }
    let timeline = Timeline::new(clips);
    let options = Options {
        centring: Centring::OnGold,
        non_overlapping_lag: timeline.non_overlapping_lag(),
        ..Options::default()
    };
    let kernel = ReducedKernel::new(gold, &options)?;
    let named = named_times(procedure, step_times)?;
    let (mut steps, step_source) = if named.is_empty() {
        (found_steps(&kernel, &timeline), StepSource::Found)
    } else {
        (given_steps(&named, &timeline)?, StepSource::Given)
    };
    let ranges: Vec<Range<u32>> = steps.iter().map(|step| step.clips.clone()).collect();
    let self_similarity_quantiles = neighbour_quantiles(gold, &ranges, &options)?;
    let hierarchy = match step_source {
        StepSource::Given => Hierarchy::of(&procedure.steps),
        StepSource::Found => Hierarchy::flat(steps.len()),
    };
    let lint = lint(&Linted {
        leaves: hierarchy.leaves(),
        hierarchy,
        procedure,
        steps: &steps,
        timeline: &timeline,
        kernel: &kernel,
        source: step_source,
        quantiles: &self_similarity_quantiles,
    });
    for part in lint.parts_alike {
        steps[part].resolved = false;
    }
    Ok(PreparedGold {
        lint: lint.findings,
        self_similarity_quantiles,
        non_overlapping_lag: options.non_overlapping_lag,
        steps,
        step_source,
    })
}

/// Where the steps of a procedure lie among a gold's clips, and how many clips
/// lie between two that share no frame: the part of [`prepare`] that needs no
/// embeddings. Every step must have a time.
pub fn place_steps(
    clips: &[Clip],
    procedure: &Procedure,
) -> Result<(Vec<PreparedStep>, u32), PrepareError> {
    if clips.is_empty() {
        return Err(PrepareError::ClipCount { clips: 0, rows: 0 });
    }
    if let Some(clip) = find_bad_clip(clips) {
        return Err(PrepareError::BadClip { clip });
    }
    let timeline = Timeline::new(clips);
    let named = named_times(procedure, &[])?;
    if named.is_empty() {
        return Err(PrepareError::NoTimes { steps: 0 });
    }
    Ok((
        given_steps(&named, &timeline)?,
        timeline.non_overlapping_lag(),
    ))
}

/// Steps with their times; empty if they are to be found.
fn named_times<'p>(
    procedure: &'p Procedure,
    step_times: &[TimeRange],
) -> Result<Vec<(&'p Step, TimeRange)>, PrepareError> {
    let leaves = Hierarchy::of(&procedure.steps).leaves();
    let steps: Vec<&Step> = leaves.iter().map(|&leaf| &procedure.steps[leaf]).collect();
    let named: Vec<(&Step, TimeRange)> = if !step_times.is_empty() {
        if step_times.len() != steps.len() {
            return Err(PrepareError::StepTimesCount {
                times: step_times.len(),
                steps: steps.len(),
            });
        }
        steps.into_iter().zip(step_times.iter().copied()).collect()
    } else if steps.iter().all(|step| step.gold_time.is_none()) && !steps.is_empty() {
        return Err(PrepareError::NoTimes { steps: steps.len() });
    } else {
        let with_time = |step: &'p Step| {
            let missing = || PrepareError::StepTimeMissing {
                name: step.name.clone(),
            };
            step.gold_time.map(|time| (step, time)).ok_or_else(missing)
        };
        steps.into_iter().map(with_time).collect::<Result<_, _>>()?
    };
    for (index, (step, time)) in named.iter().enumerate() {
        if let Some(mistake) = time_mistake(time) {
            return Err(PrepareError::BadStepTime {
                step: index,
                message: format!("step \"{}\" {mistake}", step.name),
            });
        }
    }
    for (step, pair) in named.windows(2).enumerate() {
        if let Some(message) =
            neighbour_mistake((&pair[0].0.name, &pair[0].1), (&pair[1].0.name, &pair[1].1))
        {
            return Err(PrepareError::BadStepTime {
                step: step + 1,
                message,
            });
        }
    }
    Ok(named)
}

fn given_steps(
    named: &[(&Step, TimeRange)],
    timeline: &Timeline<'_>,
) -> Result<Vec<PreparedStep>, PrepareError> {
    let video_s = timeline.end_s();
    let clips_in = |time: &TimeRange| {
        let before = |limit: f64| {
            timeline
                .clips
                .partition_point(|clip| clip.middle_s() < limit) as u32
        };
        before(time.start_s)..before(time.end_s)
    };
    let prepared = |&(step, time): &(&Step, TimeRange)| {
        let TimeRange { start_s, end_s } = time;
        let name = step.name.clone();
        // The last clip may end before the video does: times up to one clip
        // beyond it still name something that was filmed.
        if end_s > video_s + timeline.clip_s || start_s >= video_s {
            return Err(PrepareError::StepOutside {
                name,
                start_s,
                end_s,
                video_s,
            });
        }
        let clips = clips_in(&time);
        if clips.is_empty() {
            return Err(PrepareError::StepWithoutClip {
                name,
                start_s,
                end_s,
                video_s,
                stride_s: timeline.stride_s,
            });
        }
        Ok(PreparedStep {
            name,
            time,
            clips,
            resolved: step.parent.is_none()
                || time.duration_s() >= MIN_PART_CLIPS * timeline.clip_s,
        })
    };
    named.iter().map(prepared).collect()
}

fn found_steps(kernel: &ReducedKernel, timeline: &Timeline<'_>) -> Vec<PreparedStep> {
    let row_s = timeline.stride_s * kernel.factor as f64;
    let shortest_s = MIN_FOUND_STEP_S.max(2.0 * timeline.clip_s);
    let min_rows = ((shortest_s / row_s).ceil() as usize)
        .max(kernel.matrix.clips().div_ceil(Procedure::MAX_STEPS));
    change_points::segment(&kernel.matrix, min_rows)
        .into_iter()
        .enumerate()
        .map(|(index, rows)| {
            let clips =
                rows.start * kernel.factor..(rows.end * kernel.factor).min(timeline.clips.len());
            PreparedStep {
                name: format!("Step {}", index + 1),
                time: timeline.time_of(&clips),
                clips: clips.start as u32..clips.end as u32,
                resolved: true,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
