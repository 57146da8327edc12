//! Pauses that look like a moment of a step. Only where motion was measured.

use std::ops::Range;

use super::{Run, Shown};
use crate::calibration::LEAST_PAUSE;
use crate::clip::Timeline;
use crate::stir::Stir;
use crate::trellis::Place;

impl Shown<'_> {
    /// What tells a pause from work, by what shows a step.
    pub(super) fn stir(&self, places: &[Place], timeline: &Timeline<'_>) -> Stir {
        let mut works = vec![false; timeline.clips.len()];
        for (column, place) in places.iter().enumerate() {
            works[self.clips(column)].fill(*place != Place::Elsewhere);
        }
        Stir::new(timeline, |clip| works[clip])
    }

    /// Columns at an end of a step in which the trainee stays at one of its places
    /// while hardly anything stirs. Whoever stops in the middle is slow.
    pub(super) fn pauses(
        &self,
        places: &[Place],
        timeline: &Timeline<'_>,
        stir: &Stir,
    ) -> Vec<Range<usize>> {
        let mut waits: Vec<Range<usize>> = Vec::new();
        for (column, place) in places.iter().enumerate() {
            match waits.last_mut() {
                _ if *place == Place::Elsewhere => {}
                Some(wait) if wait.end == column && places[wait.start] == *place => {
                    wait.end = column + 1;
                }
                _ => waits.push(column..column + 1),
            }
        }
        let least = LEAST_PAUSE * timeline.non_overlapping_lag() as usize;
        waits.retain(|wait| {
            let clips = self.clips_of(wait);
            clips.len() > least && is_at_an_end(wait, places, timeline) && stir.is_pause(&clips)
        });
        waits
    }

    /// Pauses speak for no place of the gold: whoever pauses looks like some
    /// moment of some step.
    pub(super) fn ignore(&mut self, pauses: Vec<Range<usize>>) {
        for column in pauses.into_iter().flatten() {
            self.worth[column] = 0.0;
        }
    }

    /// Whether a run hardly stirs, of a step that stirs at another time: that is
    /// no time of the step. What hardly stirs at any time is a quiet step.
    pub(super) fn is_pause(&self, run: &Run, runs: &[Run], stir: &Stir) -> bool {
        let step = |run: &Run| self.tracks[run.track].step;
        let is_still = |run: &Run| stir.is_pause(&self.occurrence(run).clips);
        let stirs = |other: &Run| step(other) == step(run) && !is_still(other);
        is_still(run) && runs.iter().any(stirs)
    }

    fn clips_of(&self, columns: &Range<usize>) -> Range<usize> {
        self.clips(columns.start).start..self.clips(columns.end - 1).end
    }
}

/// Whether a step begins or ends with a stretch that shows it, but for clips
/// that share frames with what is done beside it.
fn is_at_an_end(wait: &Range<usize>, places: &[Place], timeline: &Timeline<'_>) -> bool {
    let track = |place: &Place| match *place {
        Place::Step { track, .. } => Some(track),
        Place::Elsewhere => None,
    };
    let own = track(&places[wait.start]);
    let is_other = |place: &Place| track(place) != own;
    let near = timeline.non_overlapping_lag() as usize;
    let ends = |mut places: &mut dyn Iterator<Item = &Place>| {
        (&mut places).take(near).any(is_other) || places.next().is_none()
    };
    ends(&mut places[..wait.start].iter().rev()) || ends(&mut places[wait.end..].iter())
}
