//! What the trainee did when: a decoding of the trainee's clips into steps
//! that may skip, go back and pause.
//!
//! States are the K steps and a pause after each of them and before the
//! first, so that a pause does not forget how far the work was. Viterbi finds
//! the sequence of states that explains the clips best; entering a step that
//! does not follow costs [`JUMP`], a pause [`PAUSE`]. Nothing forces the order
//! of the gold, so steps that are missing, swapped or repeated show as such.

use std::ops::Range;

use crate::ablation::Ablation;
use crate::calibration::{
    FREE_ORDER, HALF_ALIKE, HALF_COURSE, JUMP, MIN_FRAGMENT, MIN_OCCURRENCE, NATS_PER_COURSE,
    NATS_PER_LIKENESS, PAUSE, POOR_VIEW, SOFT_LIMIT,
};
use crate::clip::{Clip, Timeline};
use crate::likeness::Likeness;
use crate::order::StepOrder;
use crate::plan::Plan;

/// A step that the trainee did, once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Occurrence {
    pub(crate) step: usize,
    /// From its first to its last clip, with pauses in between.
    pub(crate) clips: Range<usize>,
    /// For the step against unrelated work, in nats; at least
    /// [`MIN_OCCURRENCE`].
    pub(crate) evidence: f64,
}

/// What the trainee did.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// In time, not overlapping. Neighbours differ in their step until
    /// [`crate::repeats::split_repeats`] has looked into them.
    pub(crate) occurrences: Vec<Occurrence>,
    /// The clip's step; `None` where no step was done.
    pub(crate) step_of: Vec<Option<usize>>,
}

/// Decodes the trainee's clips. As many neighbours as share frames count as one
/// observation.
pub(crate) fn decode(
    likeness: &Likeness,
    plan: &Plan,
    timeline: &Timeline<'_>,
    ablation: Ablation,
) -> Decoded {
    let clips = timeline.clips;
    let evidence = Evidence {
        likeness,
        clips,
        lag: f64::from(timeline.non_overlapping_lag()),
    };
    let trellis = Trellis {
        shared_pause: ablation.shared_pause,
        ..Trellis::new(likeness.steps(), clips.len(), &plan.order)
    };
    let mut step_of = trellis.best_states(&evidence);
    let mut occurrences: Vec<Occurrence> = Vec::new();
    for (clip, step) in step_of.iter().enumerate() {
        let Some(step) = *step else { continue };
        let nats = evidence.nats(step, clip);
        match occurrences.last_mut() {
            Some(last) if last.step == step => {
                last.clips.end = clip + 1;
                last.evidence += nats;
            }
            _ => occurrences.push(Occurrence {
                step,
                clips: clip..clip + 1,
                evidence: nats,
            }),
        }
    }
    let fragment = |step: usize| MIN_FRAGMENT * plan.shortest_s(step) / timeline.stride_s;
    let (kept, dropped): (Vec<_>, Vec<_>) = occurrences.into_iter().partition(|found| {
        found.evidence >= MIN_OCCURRENCE && found.clips.len() as f64 >= fragment(found.step)
    });
    for occurrence in dropped {
        step_of[occurrence.clips].fill(None);
    }
    Decoded {
        occurrences: join_neighbours(kept),
        step_of,
    }
}

/// Once a weak occurrence between two of the same step is dropped, they are
/// one.
fn join_neighbours(occurrences: Vec<Occurrence>) -> Vec<Occurrence> {
    let mut joined: Vec<Occurrence> = Vec::with_capacity(occurrences.len());
    for occurrence in occurrences {
        match joined.last_mut() {
            Some(last) if last.step == occurrence.step => {
                last.clips.end = occurrence.clips.end;
                last.evidence += occurrence.evidence;
            }
            _ => joined.push(occurrence),
        }
    }
    joined
}

/// What one clip says for one step against unrelated work.
struct Evidence<'a> {
    likeness: &'a Likeness,
    clips: &'a [Clip],
    lag: f64,
}

impl Evidence<'_> {
    fn nats(&self, step: usize, clip: usize) -> f64 {
        let (course, place) = &self.likeness.course[step];
        let course = NATS_PER_COURSE * (course - HALF_COURSE);
        // A step whose best stretch is poor was done nowhere; one whose best
        // stretch is good was done there, and perhaps elsewhere, too.
        let course = if place.contains(&clip) {
            course
        } else {
            course.min(0.0)
        };
        let plain = NATS_PER_LIKENESS * (self.likeness.of(step, clip) - HALF_ALIKE) + course;
        let within = plain.clamp(-SOFT_LIMIT, SOFT_LIMIT);
        let view = if self.clips[clip].flags.is_empty() {
            1.0
        } else {
            POOR_VIEW
        };
        (within + 0.1 * (plain - within)) * view / self.lag
    }
}

/// The state before; its own index: stay.
type From = u32;

struct Trellis {
    steps: usize,
    clips: usize,
    /// Cost of entering a step after another, with or without a pause in
    /// between, by `before * steps + after`.
    entering: Vec<f64>,
    /// Cost of entering a step first, and of ending with it.
    first: Vec<f64>,
    last: Vec<f64>,
    /// Whether the pause before any step is the only one: it may then be
    /// entered from every step and left for every step.
    shared_pause: bool,
}

impl Trellis {
    fn new(steps: usize, clips: usize, order: &StepOrder) -> Self {
        let skips = |before: usize, after: usize| {
            (0..steps)
                .any(|between| order.precedes(before, between) && order.precedes(between, after))
        };
        let entering = |cell: usize| {
            let (before, after) = (cell / steps, cell % steps);
            if after == before + 1 {
                0.0
            } else if order.precedes(after, before) || skips(before, after) {
                JUMP
            } else {
                FREE_ORDER
            }
        };
        let needs_nothing = |step: usize| (0..steps).all(|other| !order.precedes(other, step));
        let leaves_nothing = |step: usize| (0..steps).all(|other| !order.precedes(step, other));
        let cost = |fine: bool, usual: bool| match (usual, fine) {
            (true, _) => 0.0,
            (false, true) => FREE_ORDER,
            (false, false) => JUMP,
        };
        Self {
            steps,
            clips,
            entering: (0..steps * steps).map(entering).collect(),
            first: (0..steps)
                .map(|step| cost(needs_nothing(step), step == 0))
                .collect(),
            last: (0..steps)
                .map(|step| cost(leaves_nothing(step), step + 1 == steps))
                .collect(),
            shared_pause: false,
        }
    }

    /// States: `step` is doing it, `steps + step` is pausing after it, and
    /// `2 * steps` is pausing before any.
    fn best_states(&self, evidence: &Evidence<'_>) -> Vec<Option<usize>> {
        let steps = self.steps;
        let (before_any, states) = (2 * steps, 2 * steps + 1);
        let mut score = vec![f64::NEG_INFINITY; states];
        for (step, first) in self.first.iter().enumerate() {
            score[step] = evidence.nats(step, 0) - first;
        }
        score[before_any] = -PAUSE;
        let mut from: Vec<From> = vec![0; self.clips * states];
        let mut next = score.clone();
        for clip in 1..self.clips {
            let from = &mut from[clip * states..(clip + 1) * states];
            self.advance(&score, &mut next, from);
            for (step, value) in next[..steps].iter_mut().enumerate() {
                *value += evidence.nats(step, clip);
            }
            std::mem::swap(&mut score, &mut next);
        }
        for (step, last) in self.last.iter().enumerate() {
            score[step] -= last;
            score[steps + step] -= last;
        }
        if !self.shared_pause {
            // Doing nothing at all leaves out the first step and the last.
            score[before_any] -= JUMP;
        }
        let mut state = (0..score.len()).fold(0, |best, state| {
            if score[state] > score[best] {
                state
            } else {
                best
            }
        });
        let mut step_of = vec![None; self.clips];
        for clip in (0..self.clips).rev() {
            step_of[clip] = (state < steps).then_some(state);
            state = from[clip * states + state] as usize;
        }
        step_of
    }

    fn advance(&self, score: &[f64], next: &mut [f64], from: &mut [From]) {
        let steps = self.steps;
        let before_any = 2 * steps;
        // Where a step after `before` is entered from: the step or its pause.
        let leave = |before: usize| {
            if score[steps + before] > score[before] {
                steps + before
            } else {
                before
            }
        };
        let leaving: Vec<usize> = (0..steps).map(leave).collect();
        for step in 0..steps {
            let (mut best, mut state) = (score[step], step);
            let mut offer = |value: f64, offered: usize| {
                if value > best {
                    (best, state) = (value, offered);
                }
            };
            offer(score[steps + step], steps + step);
            let first = if self.shared_pause {
                0.0
            } else {
                self.first[step]
            };
            offer(score[before_any] - first, before_any);
            for (before, &leaving) in leaving.iter().enumerate() {
                if before != step {
                    offer(
                        score[leaving] - self.entering[before * steps + step],
                        leaving,
                    );
                }
            }
            (next[step], from[step]) = (best, state as From);
            let pausing = score[step] - PAUSE > score[steps + step];
            let state = if pausing { step } else { steps + step };
            next[steps + step] = if pausing {
                score[step] - PAUSE
            } else {
                score[steps + step]
            };
            from[steps + step] = state as From;
        }
        (next[before_any], from[before_any]) = (score[before_any], before_any as From);
        if self.shared_pause {
            self.share_pause(score, next, from);
        }
    }

    /// Leads every step into the pause before any, and closes all others.
    fn share_pause(&self, score: &[f64], next: &mut [f64], from: &mut [From]) {
        let before_any = 2 * self.steps;
        next[self.steps..before_any].fill(f64::NEG_INFINITY);
        for (step, score) in score[..self.steps].iter().enumerate() {
            if score - PAUSE > next[before_any] {
                (next[before_any], from[before_any]) = (score - PAUSE, step as From);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps done one after the other, of so many clips; `None` is other work.
    fn decoded(parts: &[(Option<usize>, usize)]) -> Vec<(usize, Range<usize>)> {
        decoded_without(parts, Ablation::default())
    }

    fn decoded_without(
        parts: &[(Option<usize>, usize)],
        ablation: Ablation,
    ) -> Vec<(usize, Range<usize>)> {
        let shown: Vec<Option<usize>> = parts
            .iter()
            .flat_map(|&(step, clips)| std::iter::repeat_n(step, clips))
            .collect();
        let clips: Vec<Clip> = (0..shown.len())
            .map(|i| Clip::new(i as f64, i as f64 + 1.0))
            .collect();
        let alike = |step: usize| {
            shown
                .iter()
                .map(move |shown| if *shown == Some(step) { 1.0 } else { 0.0 })
        };
        let likeness = Likeness::of_values(shown.len(), (0..4).flat_map(alike).collect());
        let found = decode(
            &likeness,
            &Plan::of_durations(&[6.0; 4]),
            &Timeline::new(&clips),
            ablation,
        );
        found
            .occurrences
            .into_iter()
            .map(|found| (found.step, found.clips))
            .collect()
    }

    #[test]
    fn steps_are_found_in_whatever_order_they_are_done() {
        let all = [
            (Some(2), 6),
            (Some(0), 6),
            (None, 3),
            (Some(3), 6),
            (Some(0), 6),
        ];
        assert_eq!(
            decoded(&all),
            [(2, 0..6), (0, 6..12), (3, 15..21), (0, 21..27)]
        );
    }

    #[test]
    fn a_pause_within_a_step_does_not_split_it() {
        assert_eq!(
            decoded(&[(Some(0), 6), (Some(1), 3), (None, 4), (Some(1), 3)]),
            [(0, 0..6), (1, 6..16)]
        );
    }

    #[test]
    fn a_single_stray_clip_is_no_step() {
        let stray = [(Some(0), 6), (Some(3), 1), (Some(0), 3), (Some(1), 6)];
        assert_eq!(decoded(&stray), [(0, 0..10), (1, 10..16)]);
        assert_eq!(decoded(&[(None, 10)]), []);
    }

    #[test]
    fn a_shared_pause_forgets_how_far_the_work_was() {
        let shared = Ablation {
            shared_pause: true,
            ..Ablation::default()
        };
        // One clip alike is worth less than the two jumps to it and back …
        let stray = [
            (Some(0), 6),
            (None, 1),
            (Some(3), 2),
            (None, 1),
            (Some(1), 6),
        ];
        assert_eq!(decoded(&stray), [(0, 0..6), (1, 10..16)]);
        // … but not less than two pauses.
        let found = decoded_without(&stray, shared);
        assert_eq!(found, [(0, 0..6), (3, 7..9), (1, 10..16)]);
        let pause = [(Some(0), 6), (None, 4), (Some(1), 6)];
        assert_eq!(decoded_without(&pause, shared), decoded(&pause));
        assert_eq!(decoded_without(&[(None, 10)], shared), []);
    }
}
