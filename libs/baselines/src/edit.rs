//! The edit comparison: from steps as they were decoded to deviations. Shared
//! by all methods that decode steps, so that they differ in the decoding only.
//!
//! The subset of largest weight that the procedure's order allows is done
//! right. A step outside it is out of order; done once more, it is repeated; not
//! done, it is missing, or done wrongly if other work fills its place. Other
//! work elsewhere is extra activity. Durations are compared with the gold's at
//! the trainee's tempo, the median ratio of the steps done in order.

use std::ops::Range;

use sopilot_judge::{DeviationKind, Prediction, Reported, Segment, TimeRange};
use sopilot_procedure::{Clip, StepOrder};

use crate::decoded::{Decoded, Occurrence};
use crate::likelihood::{JUMP, Likelihood, quantile};
use crate::pair::Pair;

/// What is shorter than this share of the step in the gold is no occurrence of
/// it: nobody works four times as fast.
const MIN_FRAGMENT: f64 = 0.25;
/// Other work fills the place of a step from this share of its usual time.
const SLOT_FILLED: f64 = 0.5;
/// Extra activity counts from this share of a usual step's time, …
const EXTRA_SHARE: f64 = 0.5;
/// … and from so many clip lengths: a clip on either side shows both.
const EXTRA_CLIPS: f64 = 2.0;
/// With fewer steps done, a slow step cannot be told from a slow trainee.
const MIN_STEPS_FOR_TEMPO: usize = 3;
/// Uncertainty of a duration's logarithm beside that of its ends.
const DURATION_NOISE: f64 = 0.1;

/// Compares what the trainee did with the procedure. With a likelihood, what
/// is reported has a confidence; without, only times have.
pub(crate) fn compare(
    pair: &Pair<'_>,
    decoded: &Decoded,
    likelihood: Option<&Likelihood>,
) -> Prediction {
    let clips = &pair.trainee.clips;
    let decoded = &decoded.without_fragments(|found| {
        let time = time_of(clips, &found.clips);
        time.end_s - time.start_s < MIN_FRAGMENT * pair.gold.duration_s(found.step)
    });
    let deviations = Comparison::new(pair, decoded, likelihood).deviations();
    let step = |found: &Occurrence| {
        let time = time_of(clips, &found.clips);
        Segment {
            step: found.step,
            start_s: time.start_s,
            end_s: time.end_s,
        }
    };
    Prediction {
        suspicion: deviations
            .iter()
            .map(|found| found.confidence.unwrap_or(1.0))
            .sum(),
        deviations: Some(deviations),
        steps: Some(decoded.occurrences.iter().map(step).collect()),
        not_comparable: false,
    }
}

/// The time that clips stand for: half-way to their neighbours, and to the ends
/// of the video.
pub(crate) fn time_of(clips: &[Clip], range: &Range<usize>) -> TimeRange {
    let middle = |clip: &Clip| 0.5 * (clip.start_s + clip.end_s);
    let half_way = |later: usize| 0.5 * (middle(&clips[later - 1]) + middle(&clips[later]));
    TimeRange {
        start_s: match range.start {
            0 => clips[0].start_s,
            start => half_way(start),
        },
        end_s: if range.end == clips.len() {
            clips[range.end - 1].end_s
        } else {
            half_way(range.end)
        },
    }
}

struct Comparison<'a> {
    pair: &'a Pair<'a>,
    decoded: &'a Decoded,
    likelihood: Option<&'a Likelihood>,
    order: StepOrder,
    /// Per step the occurrence that counts and whether it is in order.
    main: Vec<Option<(usize, bool)>>,
    /// How many times the gold's time the trainee takes.
    tempo: f64,
}

impl<'a> Comparison<'a> {
    fn new(pair: &'a Pair<'a>, decoded: &'a Decoded, likelihood: Option<&'a Likelihood>) -> Self {
        let steps = pair.gold.steps();
        let order = StepOrder::new(&pair.gold.procedure.order, steps);
        let done: Vec<(usize, f64)> = decoded
            .occurrences
            .iter()
            .map(|found| (found.step, found.weight))
            .collect();
        let right = order.done_right(&done);
        let mut main: Vec<Option<(usize, bool)>> = vec![None; steps];
        for (index, &(step, weight)) in done.iter().enumerate() {
            let better = main[step]
                .is_none_or(|(best, in_order)| (right[index], weight) > (in_order, done[best].1));
            if better {
                main[step] = Some((index, right[index]));
            }
        }
        let mut comparison = Self {
            pair,
            decoded,
            likelihood,
            order,
            main,
            tempo: 1.0,
        };
        comparison.tempo = comparison.measured_tempo();
        comparison
    }

    fn deviations(&self) -> Vec<Reported> {
        let mut free = self.decoded.other_work.clone();
        let mut found = Vec::new();
        for step in 0..self.main.len() {
            match self.main[step] {
                Some((index, in_order)) => {
                    let occurrence = &self.decoded.occurrences[index];
                    if !in_order {
                        found.push(self.about(DeviationKind::OutOfOrder, occurrence));
                    }
                    found.extend(self.about_time(occurrence));
                }
                None => found.extend(self.about_absent(step, &mut free)),
            }
        }
        let surplus = self.decoded.occurrences.iter().enumerate();
        found.extend(
            surplus
                .filter(|(index, done)| self.main[done.step].is_some_and(|main| main.0 != *index))
                .map(|(_, done)| self.about(DeviationKind::RepeatedStep, done)),
        );
        found.extend(self.extra_activity(&free));
        found
    }

    fn about(&self, kind: DeviationKind, occurrence: &Occurrence) -> Reported {
        let confidence = self
            .likelihood
            .map(|_| occurrence.weight.max(0.0) / (occurrence.weight.max(0.0) + JUMP));
        self.report(
            kind,
            Some(occurrence.step),
            Some(&occurrence.clips),
            confidence,
        )
    }

    fn about_time(&self, occurrence: &Occurrence) -> Option<Reported> {
        let thresholds = &self.pair.gold.procedure.thresholds;
        let step = self.pair.gold.procedure.steps.get(occurrence.step);
        let expected = self.usual_s(occurrence.step);
        let (shortest, longest) = match step.and_then(|step| step.duration) {
            Some(range) => (range.min_s, range.max_s),
            None => (
                thresholds.under_time_ratio * expected,
                thresholds.over_time_ratio * expected,
            ),
        };
        let duration = self.duration_s(occurrence);
        let (kind, excess) = if duration > longest {
            (DeviationKind::OverTime, (duration / longest).ln())
        } else if duration < shortest {
            (DeviationKind::UnderTime, (shortest / duration).ln())
        } else {
            return None;
        };
        // Each end is known to about one clip.
        let clip_s = length_s(&self.pair.trainee.clips[occurrence.clips.start]);
        let uncertainty = DURATION_NOISE + clip_s / duration.max(expected);
        let confidence = logistic(excess / uncertainty - 1.0);
        Some(self.report(
            kind,
            Some(occurrence.step),
            Some(&occurrence.clips),
            Some(confidence),
        ))
    }

    fn about_absent(&self, step: usize, free: &mut [Range<usize>]) -> Option<Reported> {
        let optional = self
            .pair
            .gold
            .procedure
            .steps
            .get(step)
            .is_some_and(|step| step.optional);
        let confidence = self
            .likelihood
            .map(|likelihood| confidence_of_absence(likelihood, self.decoded, step));
        let slot = self.slot(step);
        let usual = (self.usual_s(step) / self.pair.trainee.stride_s()).max(1.0);
        let within = |run: &Range<usize>| run.start.max(slot.start)..run.end.min(slot.end);
        let filled = free
            .iter_mut()
            .find(|run| within(run).len() as f64 >= SLOT_FILLED * usual);
        if let Some(run) = filled {
            let part = within(run);
            let clips = part.start..part.end.min(part.start + usual.ceil() as usize);
            // What is left of the run may stand for the next step, or be extra.
            run.start = clips.end;
            let kind = DeviationKind::WrongExecution;
            return Some(self.report(kind, Some(step), Some(&clips), confidence));
        }
        let kind = DeviationKind::MissingStep;
        (!optional).then(|| self.report(kind, Some(step), None, confidence))
    }

    /// Between the first and the last step; what comes before and after the
    /// work is none of the procedure's business.
    fn extra_activity(&self, free: &[Range<usize>]) -> Vec<Reported> {
        let done = &self.decoded.occurrences;
        let work = done.first().map_or(0, |first| first.clips.start)
            ..done.last().map_or(0, |last| last.clips.end);
        let usual_s = quantile(
            (0..self.main.len())
                .map(|step| self.usual_s(step))
                .collect(),
            0.5,
        );
        let clip_s = length_s(&self.pair.trainee.clips[0]);
        let shortest = (EXTRA_SHARE * usual_s).max(EXTRA_CLIPS * clip_s);
        let stride_s = self.pair.trainee.stride_s();
        free.iter()
            .map(|run| run.start.max(work.start)..run.end.min(work.end))
            .filter(|run| run.len() as f64 * stride_s >= shortest)
            .map(|run| {
                let confidence = self.likelihood.map(|likelihood| {
                    let against: f64 = run.clone().map(|clip| -likelihood.best(clip)).sum();
                    against.max(0.0) / (against.max(0.0) + JUMP)
                });
                self.report(DeviationKind::ExtraActivity, None, Some(&run), confidence)
            })
            .collect()
    }

    fn report(
        &self,
        kind: DeviationKind,
        step: Option<usize>,
        clips: Option<&Range<usize>>,
        confidence: Option<f64>,
    ) -> Reported {
        let least = self.pair.gold.procedure.thresholds.min_confidence;
        Reported {
            kind,
            gold_step: step,
            gold_time: step.map(|step| {
                let time = self.pair.gold.prepared.steps[step].time;
                TimeRange {
                    start_s: time.start_s,
                    end_s: time.end_s,
                }
            }),
            trainee_time: clips.map(|clips| time_of(&self.pair.trainee.clips, clips)),
            confidence,
            is_shown: confidence.is_none_or(|confidence| confidence >= least),
        }
    }

    /// How long the step takes at the trainee's tempo.
    fn usual_s(&self, step: usize) -> f64 {
        self.pair.gold.duration_s(step) * self.tempo
    }

    fn duration_s(&self, occurrence: &Occurrence) -> f64 {
        let time = time_of(&self.pair.trainee.clips, &occurrence.clips);
        time.end_s - time.start_s
    }

    fn measured_tempo(&self) -> f64 {
        let ratios: Vec<f64> = self
            .main
            .iter()
            .enumerate()
            .filter_map(|(step, main)| {
                let (index, _) = main.filter(|(_, in_order)| *in_order)?;
                let duration = self.duration_s(&self.decoded.occurrences[index]);
                Some(duration / self.pair.gold.duration_s(step))
            })
            .collect();
        if ratios.len() < MIN_STEPS_FOR_TEMPO {
            1.0
        } else {
            quantile(ratios, 0.5)
        }
    }

    /// The clips between what must come before the step and what must come
    /// after it; may be empty.
    fn slot(&self, step: usize) -> Range<usize> {
        let in_order = |other: usize| {
            let (index, _) = self.main[other].filter(|(_, in_order)| *in_order)?;
            Some(&self.decoded.occurrences[index].clips)
        };
        let steps = 0..self.main.len();
        let start = steps
            .clone()
            .filter(|&other| self.order.precedes(other, step))
            .filter_map(in_order)
            .map(|clips| clips.end)
            .max()
            .unwrap_or(0);
        let end = steps
            .filter(|&other| self.order.precedes(step, other))
            .filter_map(in_order)
            .map(|clips| clips.start)
            .min()
            .unwrap_or(self.pair.trainee.clips.len());
        start..end.max(start)
    }
}

/// How sure it is that a step was not done: the evidence that would be gained
/// at most if some stretch were given to it, against the jump that it costs.
fn confidence_of_absence(likelihood: &Likelihood, decoded: &Decoded, step: usize) -> f64 {
    let mut explained = vec![0.0; likelihood.clips()];
    for found in &decoded.occurrences {
        for clip in found.clips.clone() {
            explained[clip] = likelihood.of(found.step, clip);
        }
    }
    // The stretch of largest sum (Kadane's algorithm).
    let (mut best, mut ending_here) = (0.0_f64, 0.0_f64);
    for (clip, explained) in explained.iter().enumerate() {
        ending_here = (ending_here + likelihood.of(step, clip) - explained).max(0.0);
        best = best.max(ending_here);
    }
    logistic(JUMP - best)
}

pub(crate) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn length_s(clip: &Clip) -> f64 {
    clip.end_s - clip.start_s
}
