//! Stretches that the decoding left unexplained, but that resemble one step
//! clearly more than every other: a slow step, whose clips are like the gold's
//! only now and then, or a step done at a place where the surroundings differ.

use std::ops::Range;

use crate::calibration::{
    CLAIM_MARGIN, CLAIM_SHARE, HALF_ALIKE, MIN_FRAGMENT, MIN_OCCURRENCE, NATS_PER_LIKENESS,
};
use crate::clip::Timeline;
use crate::decode::{Decoded, Occurrence};
use crate::likeness::Likeness;
use crate::plan::Plan;
use crate::reading::unexplained;

/// Gives every such stretch to its step: it prolongs an occurrence that it
/// touches, or is the occurrence of a step that has none. A step that was done
/// elsewhere does not claim it.
pub(crate) fn settle(
    decoded: &mut Decoded,
    likeness: &Likeness,
    plan: &Plan,
    timeline: &Timeline<'_>,
) {
    for run in unexplained(likeness, timeline, decoded) {
        let Some((step, margin)) = clearly_most_alike(likeness, &run) else {
            continue;
        };
        let touches = |found: &Occurrence| {
            found.step == step && (found.clips.end == run.start || found.clips.start == run.end)
        };
        if let Some(found) = decoded.occurrences.iter_mut().find(|found| touches(found)) {
            found.clips = found.clips.start.min(run.start)..found.clips.end.max(run.end);
        } else if decoded.occurrences.iter().all(|found| found.step != step)
            && run.len() as f64 >= 2.0 * MIN_FRAGMENT * plan.shortest_s(step) / timeline.stride_s
        {
            let clips = run.len() as f64 / f64::from(timeline.non_overlapping_lag());
            let evidence = (NATS_PER_LIKENESS * HALF_ALIKE * margin * clips).max(MIN_OCCURRENCE);
            let place = decoded
                .occurrences
                .partition_point(|found| found.clips.start < run.start);
            let inside = place > 0 && decoded.occurrences[place - 1].clips.end > run.start;
            if inside {
                continue;
            }
            decoded.occurrences.insert(
                place,
                Occurrence {
                    step,
                    clips: run.clone(),
                    evidence,
                },
            );
        } else {
            continue;
        }
        decoded.step_of[run].fill(Some(step));
    }
}

/// The step that most of the clips resemble most, if it is ahead of all others
/// on average, and by how much.
fn clearly_most_alike(likeness: &Likeness, run: &Range<usize>) -> Option<(usize, f64)> {
    let steps = likeness.steps();
    let mean = |step: usize| {
        run.clone().map(|clip| likeness.of(step, clip)).sum::<f64>() / run.len() as f64
    };
    let means: Vec<f64> = (0..steps).map(mean).collect();
    let best = (0..steps).fold(0, |best, step| {
        if means[step] > means[best] {
            step
        } else {
            best
        }
    });
    let second = (0..steps)
        .filter(|&step| step != best)
        .map(|step| means[step])
        .fold(f64::NEG_INFINITY, f64::max);
    let leads =
        |clip: usize| (0..steps).all(|step| likeness.of(step, clip) <= likeness.of(best, clip));
    let share = run.clone().filter(|&clip| leads(clip)).count() as f64 / run.len() as f64;
    // With a single step there is nothing to be ahead of.
    let margin = means[best] - second;
    (steps > 1 && means[best] >= 0.0 && margin >= CLAIM_MARGIN && share >= CLAIM_SHARE)
        .then_some((best, margin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ablation::Ablation;
    use crate::clip::Clip;
    use crate::decode::decode;

    /// What the trainee resembles, clip by clip: `(step, likeness)`; everything
    /// else at −0.3.
    fn settled(shown: &[(usize, f64)]) -> Vec<(usize, Range<usize>)> {
        let clips: Vec<Clip> = (0..shown.len())
            .map(|i| Clip::new(i as f64, i as f64 + 1.0))
            .collect();
        let mut values = vec![-0.3; 3 * shown.len()];
        for (clip, &(step, likeness)) in shown.iter().enumerate() {
            values[step * shown.len() + clip] = likeness;
        }
        let likeness = Likeness::of_values(shown.len(), values);
        let (plan, timeline) = (Plan::of_durations(&[8.0; 3]), Timeline::new(&clips));
        let mut decoded = decode(&likeness, &plan, &timeline, Ablation::default());
        settle(&mut decoded, &likeness, &plan, &timeline);
        decoded
            .occurrences
            .into_iter()
            .map(|found| (found.step, found.clips))
            .collect()
    }

    fn work(parts: &[(usize, f64, usize)]) -> Vec<(usize, f64)> {
        parts
            .iter()
            .flat_map(|&(step, likeness, clips)| std::iter::repeat_n((step, likeness), clips))
            .collect()
    }

    #[test]
    fn a_step_that_goes_on_less_alike_is_still_that_step() {
        let found = settled(&work(&[
            (0, 1.0, 8),
            (1, 1.0, 8),
            (1, 0.1, 10),
            (2, 1.0, 8),
        ]));
        assert_eq!(found, [(0, 0..8), (1, 8..26), (2, 26..34)]);
    }

    #[test]
    fn a_step_that_is_nowhere_else_is_found_where_it_leads() {
        let found = settled(&work(&[(0, 1.0, 8), (2, 1.0, 8), (1, 0.1, 10)]));
        assert_eq!(found, [(0, 0..8), (2, 8..16), (1, 16..26)]);
    }

    #[test]
    fn foreign_work_stays_unexplained() {
        let no_lead = settled(&work(&[
            (0, 1.0, 8),
            (1, 1.0, 8),
            (0, -0.2, 5),
            (2, -0.2, 5),
            (2, 1.0, 8),
        ]));
        assert_eq!(no_lead, [(0, 0..8), (1, 8..16), (2, 26..34)]);
        // Resembles a step that was done elsewhere and is no neighbour.
        let elsewhere = settled(&work(&[
            (0, 1.0, 8),
            (1, 1.0, 8),
            (0, 0.1, 10),
            (2, 1.0, 8),
        ]));
        assert_eq!(elsewhere, [(0, 0..8), (1, 8..16), (2, 26..34)]);
    }
}
