//! What depends on a gold video alone: its steps and what they look like.

use std::ops::Range;

use sopilot_dtw::{
    DtwError, MatrixView, Options, Side, SimilarityMatrix, neighbour_quantiles, self_similarity,
};

use crate::change_points;
use crate::clip::{Clip, Timeline, find_bad_clip};
use crate::lint::{LintFinding, lint};
use crate::procedure::{Procedure, TimeRange};
use crate::validate::{neighbour_mistake, time_mistake};

/// Rows of a gold that are compared with each other at most; longer golds are
/// reduced by averaging neighbours, so that an hour of video costs no more
/// than some tens of MiB and a second.
const MAX_KERNEL_ROWS: usize = 1200;

/// Shortest step that is looked for, in seconds: below it, parts of a movement
/// are found rather than steps.
const MIN_FOUND_STEP_S: f64 = 3.0;

/// Everything that depends on a gold video alone.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedGold {
    /// The gold's steps in order; at least one.
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
}

/// Where a gold's steps came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepSource {
    /// The SOP gives their times.
    Given,
    /// Found as change points of the video.
    Found,
}

/// Why a gold cannot be prepared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PrepareError {
    /// As many clips as embeddings are needed.
    #[error(
        "there are {clips} clips but {rows} embeddings: both must come from the same run of the embedder"
    )]
    ClipCount {
        /// Clips given.
        clips: usize,
        /// Rows of the matrix.
        rows: usize,
    },
    /// A clip whose times are not finite, inverted or out of order.
    #[error(
        "clip {clip} has no sensible time or does not follow the clip before: ingest the video again"
    )]
    BadClip {
        /// The clip, from 0.
        clip: usize,
    },
    /// Another number of times than of steps.
    #[error(
        "{times} step times are given for this gold, but the procedure has {steps} steps: give one time per step, in the procedure's order"
    )]
    StepTimesCount {
        /// Times given.
        times: usize,
        /// Steps of the procedure.
        steps: usize,
    },
    /// A step time that is wrong in itself or collides with its neighbour.
    #[error("{message}")]
    BadStepTime {
        /// The step, from 0.
        step: usize,
        /// What is wrong and what to do; names the step.
        message: String,
    },
    /// Only some steps have a time.
    #[error("step \"{name}\" has no time, but others have: give times for all steps or for none")]
    StepTimeMissing {
        /// Name of the step.
        name: String,
    },
    /// The procedure names steps, but nobody says when this gold shows them.
    #[error(
        "the procedure has {steps} named steps without times, so they cannot be told apart in the gold: give every step its time, or remove the steps to have them found"
    )]
    NoTimes {
        /// Steps of the procedure.
        steps: usize,
    },
    /// A step that lies beyond the end of the gold.
    #[error(
        "step \"{name}\" ({start_s} s to {end_s} s) lies outside the video, which is {video_s:.1} s long: correct the step's time or choose the video that it was made for"
    )]
    StepOutside {
        /// Name of the step.
        name: String,
        /// Its start.
        start_s: f64,
        /// Its end.
        end_s: f64,
        /// Length of the video.
        video_s: f64,
    },
    /// A step too short to hold the middle of a clip.
    #[error(
        "step \"{name}\" ({start_s} s to {end_s} s) is too short to be seen: the middle of no clip lies in it, and clips follow each other every {stride_s:.2} s in the {video_s:.1} s of video; make the step longer or merge it with a neighbour"
    )]
    StepWithoutClip {
        /// Name of the step.
        name: String,
        /// Its start.
        start_s: f64,
        /// Its end.
        end_s: f64,
        /// Length of the video.
        video_s: f64,
        /// Time from one clip to the next.
        stride_s: f64,
    },
    /// The embeddings cannot be compared.
    #[error(transparent)]
    Embeddings(#[from] DtwError),
}

/// Prepares a gold: its steps, what "similar" means in it, and what its author
/// should know.
///
/// `step_times`, if not empty, replaces the times of the procedure's steps:
/// every gold but the first shows them at other times. If there are no times
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
        center_on_gold: true,
        non_overlapping_lag: timeline.non_overlapping_lag(),
        ..Options::default()
    };
    let kernel = ReducedKernel::new(gold, &options)?;
    let named = named_times(procedure, step_times)?;
    let (steps, step_source) = if named.is_empty() {
        (found_steps(&kernel, &timeline), StepSource::Found)
    } else {
        (given_steps(&named, &timeline)?, StepSource::Given)
    };
    let ranges: Vec<Range<u32>> = steps.iter().map(|step| step.clips.clone()).collect();
    Ok(PreparedGold {
        lint: lint(&steps, &timeline, &kernel, step_source),
        self_similarity_quantiles: neighbour_quantiles(gold, &ranges, &options)?,
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

/// Similarities of the gold's clips with each other, after runs of `factor`
/// neighbours have been averaged.
pub(crate) struct ReducedKernel {
    pub(crate) matrix: SimilarityMatrix,
    /// Clips per row.
    pub(crate) factor: usize,
    /// Rows apart from which two rows share no frame.
    pub(crate) lag: usize,
}

impl ReducedKernel {
    fn new(gold: &MatrixView<'_>, options: &Options<'_>) -> Result<Self, DtwError> {
        let factor = gold.rows().div_ceil(MAX_KERNEL_ROWS);
        let lag = (options.non_overlapping_lag as usize + factor - 1).div_ceil(factor);
        if factor == 1 {
            return Ok(Self {
                matrix: self_similarity(gold, options)?,
                factor,
                lag,
            });
        }
        let mut reduced = Vec::new();
        for first in (0..gold.rows()).step_by(factor) {
            let run = first..(first + factor).min(gold.rows());
            let mut mean = vec![0.0; gold.dim()];
            for clip in run {
                let row = gold.row(clip);
                // Unit length first, as the cosine sees them.
                let length = row
                    .iter()
                    .map(|value| value * value)
                    .sum::<f32>()
                    .sqrt()
                    .max(f32::MIN_POSITIVE);
                mean.iter_mut()
                    .zip(row)
                    .for_each(|(sum, value)| *sum += value / length);
            }
            reduced.extend_from_slice(&mean);
        }
        let view = MatrixView::new(Side::Gold, reduced.len() / gold.dim(), gold.dim(), &reduced)?;
        Ok(Self {
            matrix: self_similarity(&view, options)?,
            factor,
            lag,
        })
    }

    /// The rows that stand for some clips; at least one.
    pub(crate) fn rows_of(&self, clips: &Range<u32>) -> Range<usize> {
        let start = clips.start as usize / self.factor;
        start..(clips.end as usize).div_ceil(self.factor).max(start + 1)
    }
}

/// Steps with their times; empty if they are to be found.
fn named_times<'p>(
    procedure: &'p Procedure,
    step_times: &[TimeRange],
) -> Result<Vec<(&'p str, TimeRange)>, PrepareError> {
    let steps = &procedure.steps;
    let named: Vec<(&str, TimeRange)> = if !step_times.is_empty() {
        if step_times.len() != steps.len() {
            return Err(PrepareError::StepTimesCount {
                times: step_times.len(),
                steps: steps.len(),
            });
        }
        steps
            .iter()
            .map(|step| step.name.as_str())
            .zip(step_times.iter().copied())
            .collect()
    } else if steps.iter().all(|step| step.gold_time.is_none()) && !steps.is_empty() {
        return Err(PrepareError::NoTimes { steps: steps.len() });
    } else {
        let with_time = |step: &'p crate::procedure::Step| {
            let missing = || PrepareError::StepTimeMissing {
                name: step.name.clone(),
            };
            step.gold_time
                .map(|time| (step.name.as_str(), time))
                .ok_or_else(missing)
        };
        steps.iter().map(with_time).collect::<Result<_, _>>()?
    };
    for (step, (name, time)) in named.iter().enumerate() {
        if let Some(mistake) = time_mistake(time) {
            return Err(PrepareError::BadStepTime {
                step,
                message: format!("step \"{name}\" {mistake}"),
            });
        }
    }
    for (step, pair) in named.windows(2).enumerate() {
        if let Some(message) = neighbour_mistake((pair[0].0, &pair[0].1), (pair[1].0, &pair[1].1)) {
            return Err(PrepareError::BadStepTime {
                step: step + 1,
                message,
            });
        }
    }
    Ok(named)
}

fn given_steps(
    named: &[(&str, TimeRange)],
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
    let prepared = |&(name, time): &(&str, TimeRange)| {
        let TimeRange { start_s, end_s } = time;
        let name = name.to_owned();
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
        Ok(PreparedStep { name, time, clips })
    };
    named.iter().map(prepared).collect()
}

fn found_steps(kernel: &ReducedKernel, timeline: &Timeline<'_>) -> Vec<PreparedStep> {
    let row_s = timeline.stride_s * kernel.factor as f64;
    let shortest_s = MIN_FOUND_STEP_S.max(2.0 * timeline.clip_s);
    let min_rows = ((shortest_s / row_s).ceil() as usize)
        .max(kernel.matrix.clips().div_ceil(Procedure::MAX_STEPS));
    change_points::segment(&kernel.matrix, min_rows, kernel.lag)
        .into_iter()
        .enumerate()
        .map(|(index, rows)| {
            let clips =
                rows.start * kernel.factor..(rows.end * kernel.factor).min(timeline.clips.len());
            PreparedStep {
                name: format!("Step {}", index + 1),
                time: timeline.time_of(&clips),
                clips: clips.start as u32..clips.end as u32,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procedure::Step;
    use crate::synthetic::{Performance, Work};

    fn prepare_gold(
        performance: &Performance,
        procedure: &Procedure,
        step_times: &[TimeRange],
    ) -> Result<PreparedGold, PrepareError> {
        let data = performance.rows.concat();
        let view = MatrixView::new(
            Side::Gold,
            performance.rows.len(),
            performance.rows[0].len(),
            &data,
        )
        .unwrap();
        prepare(&view, &performance.clips(), procedure, step_times)
    }

    fn timed(name: &str, start_s: f64, end_s: f64) -> Step {
        Step {
            gold_time: Some(TimeRange { start_s, end_s }),
            ..Step::named(name)
        }
    }

    fn with_steps(steps: Vec<Step>) -> Procedure {
        Procedure {
            steps,
            ..Procedure::default()
        }
    }

    #[test]
    fn given_times_become_clips() {
        let work = Work::new(1, 4);
        let gold = work.gold(1);
        let prepared = prepare_gold(&gold, &gold.procedure(), &[]).unwrap();
        assert_eq!(prepared.step_source, StepSource::Given);
        let ranges: Vec<_> = prepared
            .steps
            .iter()
            .map(|s| s.clips.start as usize..s.clips.end as usize)
            .collect();
        assert_eq!(
            ranges,
            gold.steps
                .iter()
                .map(|(_, clips)| clips.clone())
                .collect::<Vec<_>>()
        );
        assert!(prepared.self_similarity_quantiles.is_sorted());
    }

    #[test]
    fn steps_are_found_where_none_are_given() {
        let gold = Work::new(1, 4).gold(1);
        let prepared = prepare_gold(&gold, &Procedure::default(), &[]).unwrap();
        assert_eq!(prepared.step_source, StepSource::Found);
        assert!(prepared.steps.len() >= 4, "{:?}", prepared.steps);
        assert_eq!(prepared.steps[0].name, "Step 1");
        assert_eq!(prepared.steps[0].time.start_s, 0.0);
        assert!(
            prepared
                .steps
                .windows(2)
                .all(|pair| pair[0].time.end_s == pair[1].time.start_s)
        );
    }

    #[test]
    fn a_long_gold_is_reduced_and_still_cut_right() {
        let work = Work::new(1, 4).stretched(80);
        let gold = work.gold(1);
        assert!(gold.rows.len() > 2 * MAX_KERNEL_ROWS);
        let prepared = prepare_gold(&gold, &Procedure::default(), &[]).unwrap();
        for cut in gold.boundaries() {
            let near = |step: &PreparedStep| (step.clips.start as usize).abs_diff(cut) < 30;
            assert!(
                prepared.steps.iter().any(near),
                "{cut}: {:?}",
                prepared.steps
            );
        }
    }

    #[test]
    fn one_clip_is_one_step() {
        let gold = Performance {
            rows: vec![vec![1.0, 2.0]],
            steps: Vec::new(),
        };
        let prepared = prepare_gold(&gold, &Procedure::default(), &[]).unwrap();
        assert_eq!(prepared.steps[0].clips, 0..1);
        assert_eq!(prepared.self_similarity_quantiles, [1.0; 5]);
    }

    #[test]
    fn wrong_times_are_explained() {
        let gold = Work::new(1, 4).gold(1);
        let error = |steps: Vec<Step>, times: &[TimeRange]| {
            prepare_gold(&gold, &with_steps(steps), times)
                .unwrap_err()
                .to_string()
        };
        let outside = error(
            vec![timed("wash", 0.0, 5.0), timed("dry", 900.0, 910.0)],
            &[],
        );
        for part in [
            "\"dry\"",
            "900 s to 910 s",
            "outside the video",
            " s long",
            "correct",
        ] {
            assert!(outside.contains(part), "{outside}");
        }
        assert!(error(vec![timed("blink", 0.0, 0.01)], &[]).contains("too short to be seen"));
        assert!(
            error(vec![timed("a", 0.0, 5.0), Step::named("b")], &[]).contains("\"b\" has no time")
        );
        assert!(error(vec![Step::named("b")], &[]).contains("without times"));
        let time = |start_s, end_s| TimeRange { start_s, end_s };
        let two = || vec![timed("a", 0.0, 5.0), timed("b", 5.0, 9.0)];
        assert!(error(two(), &[time(0.0, 5.0)]).contains("1 step times"));
        assert!(error(two(), &[time(0.0, 5.0), time(4.0, 9.0)]).contains("overlaps"));
        assert!(error(two(), &[time(0.0, f64::NAN), time(4.0, 9.0)]).contains("\"a\" has a time"));
        let moved =
            prepare_gold(&gold, &with_steps(two()), &[time(1.0, 5.0), time(6.0, 9.0)]).unwrap();
        assert_eq!(moved.steps[1].time, time(6.0, 9.0));
    }

    #[test]
    fn clips_must_fit_the_embeddings() {
        let gold = Work::new(1, 2).gold(1);
        let data = gold.rows.concat();
        let view = MatrixView::new(Side::Gold, gold.rows.len(), gold.rows[0].len(), &data).unwrap();
        let mut clips = gold.clips();
        clips[3].start_s = f64::NAN;
        let error = prepare(&view, &clips, &Procedure::default(), &[]).unwrap_err();
        assert_eq!(error, PrepareError::BadClip { clip: 3 });
        let error = prepare(&view, &clips[1..], &Procedure::default(), &[]).unwrap_err();
        assert!(matches!(error, PrepareError::ClipCount { .. }));
    }
}
