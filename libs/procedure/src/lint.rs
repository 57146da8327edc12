//! What about a gold will make scores unreliable.

use std::ops::Range;

use crate::clip::Timeline;
use crate::hierarchy::Hierarchy;
use crate::kernel::ReducedKernel;
use crate::prepare::{MIN_PART_CLIPS, PreparedStep, StepSource};
use crate::procedure::Procedure;

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
    /// A step is shorter than the clips that should show it, or a part of a step
    /// too short to be judged by itself.
    StepTooShort,
    /// Much of the gold belongs to no step.
    TooMuchIdle,
    /// Clips that are dark, burnt out, blurry or frozen.
    PoorPicture,
}

/// What is looked at.
pub(crate) struct Linted<'a> {
    pub(crate) procedure: &'a Procedure,
    pub(crate) hierarchy: Hierarchy,
    /// The procedure's steps without parts, …
    pub(crate) leaves: Vec<usize>,
    /// … and when the gold shows them.
    pub(crate) steps: &'a [PreparedStep],
    pub(crate) timeline: &'a Timeline<'a>,
    pub(crate) kernel: &'a ReducedKernel,
    pub(crate) source: StepSource,
    pub(crate) quantiles: &'a [f32; 5],
}

/// What was found.
pub(crate) struct Lint {
    pub(crate) findings: Vec<LintFinding>,
    /// Of the steps without parts, counted among themselves: those that look
    /// like another part of the same step.
    pub(crate) parts_alike: Vec<usize>,
}

pub(crate) fn lint(linted: &Linted<'_>) -> Lint {
    let mut lint = Lint {
        findings: Vec::new(),
        parts_alike: Vec::new(),
    };
    linted.steps_alike(&mut lint);
    linted.steps_too_short(&mut lint);
    if linted.source == StepSource::Given {
        lint.findings
            .extend(too_much_idle(linted.steps, linted.timeline));
    }
    lint.findings.extend(poor_picture(linted));
    lint
}

impl Linted<'_> {
    /// The step that a step without parts is a part of.
    fn whole(&self, leaf: usize) -> Option<usize> {
        self.hierarchy.parent(self.leaves[leaf])
    }

    /// Which steps of the procedure some steps without parts are.
    fn named(&self, leaves: &[usize]) -> Vec<u32> {
        leaves
            .iter()
            .map(|&leaf| self.leaves[leaf] as u32)
            .collect()
    }

    fn steps_alike(&self, lint: &mut Lint) {
        let rows: Vec<Range<usize>> = (self.steps.iter())
            .map(|step| self.kernel.rows_of(&step.clips))
            .collect();
        let alike = ALIKE_SHARE * f64::from(self.quantiles[4]);
        for second in 0..rows.len() {
            for first in 0..second {
                let (a, b) = (&rows[first], &rows[second]);
                let mutual = mean_best(self.kernel, a, b)
                    .zip(mean_best(self.kernel, b, a))
                    .map(|(a, b)| a.min(b));
                if mutual.is_some_and(|mutual| mutual > 0.0 && mutual >= alike) {
                    self.add_alike(first, second, lint);
                }
            }
        }
    }

    fn add_alike(&self, first: usize, second: usize, lint: &mut Lint) {
        let whole = self
            .whole(second)
            .filter(|_| self.whole(first) == self.whole(second));
        let consequence = match whole {
            Some(whole) => {
                lint.parts_alike.extend([first, second]);
                format!(
                    ", so \"{}\" is judged as a whole: merge them, or film what tells them apart",
                    self.procedure.steps[whole].name
                )
            }
            None => " and may be confused: merge them, or film what tells them apart".to_owned(),
        };
        lint.findings.push(LintFinding {
            kind: LintKind::StepsAlike,
            steps: self.named(&[first, second]),
            message: format!(
                "steps \"{}\" and \"{}\" look alike{consequence}",
                self.steps[first].name, self.steps[second].name
            ),
        });
    }

    fn steps_too_short(&self, lint: &mut Lint) {
        let clip_s = self.timeline.clip_s;
        for (leaf, step) in self.steps.iter().enumerate() {
            let (name, duration) = (&step.name, step.time.duration_s());
            let message = match self.whole(leaf) {
                Some(whole) if !step.resolved => {
                    format!(
                        "step \"{name}\" lasts {duration:.1} s, less than the {:.1} s from which a part of a step can be judged by itself, so \"{}\" is judged as a whole: merge it with a neighbour, or leave it as it is",
                        MIN_PART_CLIPS * clip_s,
                        self.procedure.steps[whole].name
                    )
                }
                None if duration < clip_s => format!(
                    "step \"{name}\" lasts {duration:.1} s, less than one clip ({clip_s:.1} s), so every clip of it shows its neighbours, too: merge it with a neighbour"
                ),
                _ => continue,
            };
            lint.findings.push(LintFinding {
                kind: LintKind::StepTooShort,
                steps: self.named(&[leaf]),
                message,
            });
        }
    }
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

fn poor_picture(linted: &Linted<'_>) -> Option<LintFinding> {
    let (steps, timeline) = (linted.steps, linted.timeline);
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
        steps: linted.named(&poor),
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
        let told = &found[0].message;
        assert!(told.contains("\"wipe\""), "{told}");
        assert!(told.contains("look alike and may be confused"), "{told}");
    }

    #[test]
    fn parts_that_look_alike_are_named_with_their_step() {
        let found = findings(|rows, _, procedure| {
            let gold = Work::new(4, 4).gold(1);
            let (first, third) = (gold.steps[0].1.clone(), gold.steps[2].1.clone());
            for (offset, row) in third.enumerate() {
                rows[row] = rows[first.start + offset % first.len()].clone();
            }
            for step in &mut procedure.steps {
                step.parent = Some(0);
            }
            procedure.steps.insert(0, Step::named("tidy up"));
        });
        let told = &found[0].message;
        let expected = "look alike, so \"tidy up\" is judged as a whole";
        assert!(told.contains(expected), "{told}");
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
