//! What about a gold will make scores unreliable.

use std::ops::Range;

use crate::clip::Timeline;
use crate::kernel::ReducedKernel;
use crate::prepare::{PreparedStep, StepSource};

/// Two steps are alike if their clips find one another this similar, as a
/// share of what clips of one movement reach (the gold's quantile 0.95).
const ALIKE_SHARE: f64 = 0.8;

/// A share of idle time above this is more than pauses between steps.
const IDLE_SHARE: f64 = 0.3;

/// Above this share of flagged clips a step cannot be relied on.
const POOR_SHARE: f64 = 0.3;

/// Something about the gold that will make scores unreliable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintFinding {
    /// What kind of thing.
    pub kind: LintKind,
    /// The steps it is about, from 0.
    pub steps: Vec<u32>,
    /// What is wrong and what to do.
    pub message: String,
}

/// What can be wrong with a gold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LintKind {
    /// Two steps look the same to the embedder.
    StepsAlike,
    /// A step is shorter than the clips that should show it.
    StepTooShort,
    /// Much of the gold belongs to no step.
    TooMuchIdle,
    /// Clips that are dark, burnt out, blurry or frozen.
    PoorPicture,
}

pub(crate) fn lint(
    steps: &[PreparedStep],
    timeline: &Timeline<'_>,
    kernel: &ReducedKernel,
    source: StepSource,
    quantiles: &[f32; 5],
) -> Vec<LintFinding> {
    let mut findings = steps_alike(steps, kernel, quantiles);
    findings.extend(steps_too_short(steps, timeline));
    if source == StepSource::Given {
        findings.extend(too_much_idle(steps, timeline));
    }
    findings.extend(poor_picture(steps, timeline));
    findings
}

fn steps_alike(
    steps: &[PreparedStep],
    kernel: &ReducedKernel,
    quantiles: &[f32; 5],
) -> Vec<LintFinding> {
    let rows: Vec<Range<usize>> = steps
        .iter()
        .map(|step| kernel.rows_of(&step.clips))
        .collect();
    let alike = ALIKE_SHARE * f64::from(quantiles[4]);
    let mut findings = Vec::new();
    for second in 0..steps.len() {
        for first in 0..second {
            let (a, b) = (&rows[first], &rows[second]);
            let mutual = mean_best(kernel, a, b)
                .zip(mean_best(kernel, b, a))
                .map(|(a, b)| a.min(b));
            if mutual.is_some_and(|mutual| mutual > 0.0 && mutual >= alike) {
                findings.push(LintFinding {
                    kind: LintKind::StepsAlike,
                    steps: vec![first as u32, second as u32],
                    message: format!(
                        "steps \"{}\" and \"{}\" look alike and may be confused: merge them, or film what tells them apart",
                        steps[first].name, steps[second].name
                    ),
                });
            }
        }
    }
    findings
}

/// How similar a row of `from` is to the most similar one of `to` that shares
/// no frame with it; the mean. `None` if all of them share frames.
fn mean_best(kernel: &ReducedKernel, from: &Range<usize>, to: &Range<usize>) -> Option<f64> {
    let best = |row: usize| {
        to.clone()
            .filter(|other| row.abs_diff(*other) >= kernel.lag)
            .map(|other| f64::from(kernel.matrix.get(row, other)))
            .max_by(f64::total_cmp)
    };
    let best: Vec<f64> = from.clone().filter_map(best).collect();
    (!best.is_empty()).then(|| best.iter().sum::<f64>() / best.len() as f64)
}

fn steps_too_short(steps: &[PreparedStep], timeline: &Timeline<'_>) -> Vec<LintFinding> {
    let too_short = |(index, step): (usize, &PreparedStep)| {
        let duration = step.time.duration_s();
        (duration < timeline.clip_s).then(|| LintFinding {
            kind: LintKind::StepTooShort,
            steps: vec![index as u32],
            message: format!(
                "step \"{}\" lasts {duration:.1} s, less than one clip ({:.1} s), so every clip of it shows its neighbours, too: merge it with a neighbour",
                step.name, timeline.clip_s
            ),
        })
    };
    steps.iter().enumerate().filter_map(too_short).collect()
}

fn too_much_idle(steps: &[PreparedStep], timeline: &Timeline<'_>) -> Option<LintFinding> {
    let video_s = timeline.end_s() - timeline.clips[0].start_s;
    let in_steps: f64 = steps.iter().map(|step| step.time.duration_s()).sum();
    let idle = 1.0 - in_steps / video_s;
    (idle > IDLE_SHARE).then(|| LintFinding {
        kind: LintKind::TooMuchIdle,
        steps: Vec::new(),
        message: format!(
            "{:.0} % of the gold belongs to no step: what a trainee does there is not judged; add steps or cut the video",
            100.0 * idle
        ),
    })
}

fn poor_picture(steps: &[PreparedStep], timeline: &Timeline<'_>) -> Option<LintFinding> {
    let flagged = |clips: Range<usize>| {
        let clips = &timeline.clips[clips];
        clips.iter().filter(|clip| !clip.flags.is_empty()).count() as f64 / clips.len() as f64
    };
    let poor: Vec<usize> = (0..steps.len())
        .filter(|&index| {
            flagged(steps[index].clips.start as usize..steps[index].clips.end as usize) > POOR_SHARE
        })
        .collect();
    let overall = flagged(0..timeline.clips.len());
    if poor.is_empty() && overall <= POOR_SHARE {
        return None;
    }
    let names: Vec<String> = poor
        .iter()
        .map(|&index| format!("\"{}\"", steps[index].name))
        .collect();
    let place = if names.is_empty() {
        String::new()
    } else {
        format!(", most in {}", names.join(", "))
    };
    Some(LintFinding {
        kind: LintKind::PoorPicture,
        steps: poor.iter().map(|&index| index as u32).collect(),
        message: format!(
            "{:.0} % of the gold's clips are dark, burnt out, blurry or frozen{place}: film it again in better light with a steady camera",
            100.0 * overall
        ),
    })
}

#[cfg(test)]
mod tests {
    use sopilot_dtw::{MatrixView, Side};

    use super::*;
    use crate::clip::ClipFlag;
    use crate::prepare::prepare;
    use crate::procedure::{Procedure, Step, TimeRange};
    use crate::synthetic::Work;

    fn findings(
        change: impl FnOnce(&mut Vec<Vec<f32>>, &mut Vec<crate::Clip>, &mut Procedure),
    ) -> Vec<LintFinding> {
        let work = Work::new(4, 4);
        let gold = work.gold(1);
        let (mut rows, mut clips, mut procedure) =
            (gold.rows.clone(), gold.clips(), gold.procedure());
        change(&mut rows, &mut clips, &mut procedure);
        let data = rows.concat();
        let view = MatrixView::new(Side::Gold, rows.len(), rows[0].len(), &data).unwrap();
        prepare(&view, &clips, &procedure, &[]).unwrap().lint
    }

    fn kinds(findings: &[LintFinding]) -> Vec<LintKind> {
        findings.iter().map(|finding| finding.kind).collect()
    }

    #[test]
    fn a_good_gold_has_no_findings() {
        assert_eq!(findings(|_, _, _| ()), []);
    }

    #[test]
    fn steps_that_look_alike_are_named() {
        let found = findings(|rows, _, procedure| {
            let gold = Work::new(4, 4).gold(1);
            let (first, third) = (gold.steps[0].1.clone(), gold.steps[2].1.clone());
            for (offset, row) in third.enumerate() {
                rows[row] = rows[first.start + offset % first.len()].clone();
            }
            procedure.steps[0].name = "wipe".into();
        });
        assert_eq!(kinds(&found), [LintKind::StepsAlike]);
        assert_eq!(found[0].steps, [0, 2]);
        assert!(
            found[0].message.contains("\"wipe\""),
            "{}",
            found[0].message
        );
    }

    #[test]
    fn short_steps_idle_time_and_poor_pictures_are_found() {
        let idle = findings(|_, _, procedure| procedure.steps.truncate(2));
        assert_eq!(kinds(&idle), [LintKind::TooMuchIdle]);
        let short = findings(|_, _, procedure| {
            let time = procedure.steps[3].gold_time.unwrap();
            let cut = time.end_s - 0.6;
            procedure.steps[3].gold_time = Some(TimeRange { end_s: cut, ..time });
            let last = TimeRange {
                start_s: cut,
                ..time
            };
            procedure.steps.push(Step {
                gold_time: Some(last),
                ..Step::named("flick")
            });
        });
        assert!(
            short
                .iter()
                .any(|finding| finding.kind == LintKind::StepTooShort && finding.steps == [4]),
            "{short:?}"
        );
        let dark = findings(|_, clips, _| {
            let second = Work::new(4, 4).gold(1).steps[1].1.clone();
            clips[second]
                .iter_mut()
                .for_each(|clip| clip.flags.push(ClipFlag::LowLight));
        });
        assert_eq!(kinds(&dark), [LintKind::PoorPicture]);
        assert_eq!(dark[0].steps, [1]);
    }
}
