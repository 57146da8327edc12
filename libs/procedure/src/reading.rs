//! The trainee's work read against the plan: which occurrence of which step
//! is the one that counts, what is surplus, what is unexplained.

use std::ops::Range;

use crate::calibration::{BACKGROUND, CLEARLY_ALIKE, LEAST_WEIGHT, MIN_STEPS_FOR_TEMPO, MOVED};
use crate::clip::{Timeline, consecutive, median};
use crate::decode::{Decoded, Occurrence};
use crate::likeness::Likeness;
use crate::order::consistent_subset;
use crate::plan::Plan;
use crate::stir::Stir;

/// The trainee's work read against the plan.
pub(crate) struct Reading<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) likeness: &'a Likeness,
    pub(crate) timeline: &'a Timeline<'a>,
    pub(crate) decoded: &'a Decoded,
    /// Per step: the occurrence that counts, and whether it respects the
    /// order. `None` if the step was not found.
    pub(crate) main: Vec<Option<Main>>,
    /// Occurrences that are none of the above: repetitions.
    pub(crate) surplus: Vec<&'a Occurrence>,
    /// Runs of clips in which something is done that belongs to no step.
    pub(crate) unexplained: Vec<Range<usize>>,
    /// Per gold, how much slower than it the trainee works overall.
    tempo: Vec<f64>,
}

/// The occurrence of a step that counts.
#[derive(Clone)]
pub(crate) struct Main {
    pub(crate) occurrence: Occurrence,
    pub(crate) in_order: bool,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        likeness: &'a Likeness,
        timeline: &'a Timeline<'a>,
        decoded: &'a Decoded,
    ) -> Self {
        let (main, surplus) = choose(plan, decoded);
        let mut reading = Self {
            plan,
            likeness,
            timeline,
            decoded,
            main,
            surplus,
            unexplained: unexplained(likeness, timeline, decoded),
            tempo: Vec::new(),
        };
        let golds = plan
            .steps
            .first()
            .map_or(0, |step| step.gold_durations_s.len());
        reading.tempo = (0..golds).map(|gold| reading.tempo_against(gold)).collect();
        reading
    }

    /// How long the step would take at the trainee's tempo, by the gold that
    /// comes closest to `duration_s`.
    pub(crate) fn expected_s(&self, step: usize, duration_s: f64) -> f64 {
        let expected = self.plan.steps[step]
            .gold_durations_s
            .iter()
            .zip(&self.tempo)
            .map(|(gold, tempo)| gold * tempo);
        expected
            .min_by(|a, b| {
                (duration_s / a)
                    .ln()
                    .abs()
                    .total_cmp(&(duration_s / b).ln().abs())
            })
            .unwrap_or(duration_s)
    }

    /// How long the step would take at the trainee's tempo, by the first gold.
    pub(crate) fn usual_s(&self, step: usize) -> f64 {
        self.plan.steps[step].gold_durations_s[0] * self.tempo[0]
    }

    /// Time that an occurrence took, without what is unexplained in it.
    pub(crate) fn duration_s(&self, clips: &Range<usize>) -> f64 {
        let within = |run: &Range<usize>| run.start.max(clips.start)..run.end.min(clips.end);
        let elsewhere = self
            .unexplained
            .iter()
            .map(within)
            .filter(|run| !run.is_empty());
        let elsewhere_s: f64 = elsewhere
            .map(|run| self.timeline.time_of(&run).duration_s())
            .sum();
        self.timeline.time_of(clips).duration_s() - elsewhere_s
    }

    /// The clips between what must come before the step and what must come
    /// after it; may be empty.
    pub(crate) fn slot(&self, step: usize) -> Range<usize> {
        let in_order = |other: usize| {
            self.main[other]
                .as_ref()
                .filter(|main| main.in_order)
                .map(|main| &main.occurrence.clips)
        };
        let steps = 0..self.plan.steps.len();
        let start = steps
            .clone()
            .filter(|&other| self.plan.order.precedes(other, step))
            .filter_map(in_order)
            .map(|clips| clips.end)
            .max()
            .unwrap_or(0);
        let end = steps
            .filter(|&other| self.plan.order.precedes(step, other))
            .filter_map(in_order)
            .map(|clips| clips.start)
            .min()
            .unwrap_or(self.likeness.clips);
        start..end.max(start)
    }

    /// Durations of steps done in order relative to a gold's; the median, so
    /// that a few slow or hasty steps stand out against it.
    fn tempo_against(&self, gold: usize) -> f64 {
        let ratios: Vec<f64> = self
            .main
            .iter()
            .zip(&self.plan.steps)
            .filter_map(|(main, planned)| {
                let main = main.as_ref().filter(|main| main.in_order)?;
                Some(self.duration_s(&main.occurrence.clips) / planned.gold_durations_s[gold])
            })
            .collect();
        if ratios.len() < MIN_STEPS_FOR_TEMPO {
            1.0
        } else {
            median(ratios).max(f64::MIN_POSITIVE)
        }
    }
}

/// Of all occurrences, those of the heaviest part that respects the order
/// count; of steps without one, the heaviest occurrence, out of order. The
/// rest is surplus.
fn choose<'a>(plan: &Plan, decoded: &'a Decoded) -> (Vec<Option<Main>>, Vec<&'a Occurrence>) {
    let occurrences = &decoded.occurrences;
    let done: Vec<(usize, f64)> = occurrences
        .iter()
        .enumerate()
        .map(|(place, found)| (found.step, weight_in_order(occurrences, place)))
        .collect();
    let in_order = consistent_subset(&done, &plan.order);
    let mut chosen: Vec<Option<usize>> = vec![None; plan.steps.len()];
    for (index, found) in occurrences.iter().enumerate() {
        let best = &mut chosen[found.step];
        let weight = |index: usize| (in_order[index], occurrences[index].evidence);
        if best.is_none_or(|best| weight(index) > weight(best)) {
            *best = Some(index);
        }
    }
    let main = chosen
        .iter()
        .map(|chosen| {
            chosen.map(|index| Main {
                occurrence: occurrences[index].clone(),
                in_order: in_order[index],
            })
        })
        .collect();
    let surplus = (0..occurrences.len())
        .filter(|&index| chosen[occurrences[index].step] != Some(index))
        .map(|index| &occurrences[index])
        .collect();
    (main, surplus)
}

/// What an occurrence counts where not all can be in order: more the surer it
/// is, and less the further it stands from its place in the gold. So one step
/// that moved far is out of order rather than the two that it jumped over.
fn weight_in_order(occurrences: &[Occurrence], place: usize) -> f64 {
    let found = &occurrences[place];
    let before = occurrences.iter().filter(|other| other.step < found.step);
    let again = occurrences[..place]
        .iter()
        .filter(|other| other.step == found.step);
    let moved = place.abs_diff(before.count() + again.count()) as f64;
    (found.sureness() - MOVED * moved).max(LEAST_WEIGHT)
}

/// Runs of clips that belong to no step, resemble no idle part of a gold, are
/// not frozen, and in which about as much stirs as in steps.
fn unexplained(
    likeness: &Likeness,
    timeline: &Timeline<'_>,
    decoded: &Decoded,
) -> Vec<Range<usize>> {
    let stir = Stir::new(timeline, |clip| decoded.step_of[clip].is_some());
    // Where motion was not measured, looks alone must tell a pause.
    let alike = if stir.is_known() {
        CLEARLY_ALIKE
    } else {
        BACKGROUND
    };
    let is_foreign = |&clip: &usize| {
        let idle = likeness.idle[clip] >= alike || timeline.clips[clip].is_frozen();
        decoded.step_of[clip].is_none() && !idle
    };
    let mut runs = consecutive((0..likeness.clips).filter(is_foreign));
    runs.retain(|run| !stir.is_pause(run));
    runs
}
