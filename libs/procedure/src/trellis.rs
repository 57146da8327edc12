//! The most plausible way through the golds' clips, with jumps: dynamic time
//! warping that may leave a step, enter any other, start again, or do something
//! that belongs to no step.
//!
//! States are the golds' rows, step by step, and a background after each step
//! and before the first, so that a pause does not forget how far the work was.
//! Within a step the rows are gone through in order, at the gold's tempo, slower
//! (a row for several columns) or faster (some rows passed by); a part at either
//! end may be left out at a cost. Viterbi; O(columns · (states + steps²)).

use std::ops::Range;

use crate::ablation::Ablation;
use crate::calibration::{AGAIN, FREE_ORDER, HASTE, JUMP, LEFT_OUT, MAX_LEFT_OUT, PAUSE, WAIT};
use crate::order::StepOrder;

/// Most rows passed at once, in units of the gold's pace: a step done three
/// times as fast.
const MAX_PACE: usize = 3;

/// One step as one gold shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Track {
    /// The step.
    pub(crate) step: usize,
    /// Its states, one after the other.
    pub(crate) states: Range<usize>,
    /// Rows a column at the gold's tempo: 1 unless the trainee's video is so
    /// much longer that its columns stand for more clips. At least 1.
    pub(crate) pace: usize,
}

/// Where the trainee is in one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// At a state of a track.
    Step {
        /// Which track.
        track: usize,
        /// How many of its states come before.
        row: usize,
    },
    /// Doing something that belongs to no step.
    Elsewhere,
}

/// States and what leads from one to another.
pub(crate) struct Trellis<'a> {
    steps: usize,
    tracks: &'a [Track],
    /// Cost of entering a step after another, with or without a pause in
    /// between, by `before * steps + after`.
    entering: Vec<f64>,
    /// Cost of entering a step first, and of ending with it.
    first: Vec<f64>,
    last: Vec<f64>,
    /// Whether the background before any step is the only one: it may then be
    /// entered from every step and left for every step.
    shared_pause: bool,
    /// Whether the order within a step does not matter.
    no_course: bool,
}

/// Which state a column is entered from.
type From = u32;

/// A value and the state it belongs to.
type Best = (f64, usize);

const NEVER: Best = (f64::NEG_INFINITY, 0);

fn better(best: &mut Best, value: f64, state: usize) {
    if value > best.0 {
        *best = (value, state);
    }
}

/// Cost of leaving out so many rows at one end of a step.
fn left_out(rows: usize) -> f64 {
    (LEFT_OUT * rows as f64).min(MAX_LEFT_OUT)
}

impl<'a> Trellis<'a> {
    /// `tracks` tile their states from 0.
    pub(crate) fn new(order: &StepOrder, steps: usize, tracks: &'a [Track]) -> Self {
        let skips = |before: usize, after: usize| {
            (0..steps)
                .any(|between| order.precedes(before, between) && order.precedes(between, after))
        };
        let entering = |cell: usize| {
            let (before, after) = (cell / steps, cell % steps);
            if after == before + 1 {
                0.0
            } else if after == before {
                AGAIN
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
            tracks,
            entering: (0..steps * steps).map(entering).collect(),
            first: (0..steps)
                .map(|step| cost(needs_nothing(step), step == 0))
                .collect(),
            last: (0..steps)
                .map(|step| cost(leaves_nothing(step), step + 1 == steps))
                .collect(),
            shared_pause: false,
            no_course: false,
        }
    }

    pub(crate) fn without(self, ablation: Ablation) -> Self {
        let Ablation {
            shared_pause,
            no_course,
        } = ablation;
        Self {
            shared_pause,
            no_course,
            ..self
        }
    }

    /// States of all tracks; after them one background a step, and the one
    /// before any.
    fn rows(&self) -> usize {
        self.tracks.last().map_or(0, |track| track.states.end)
    }

    fn before_any(&self) -> usize {
        self.rows() + self.steps
    }

    fn left_out(&self, rows: usize) -> f64 {
        if self.no_course { 0.0 } else { left_out(rows) }
    }

    /// The best place for each of `columns`, at least one; `nats(state, column)`
    /// is the evidence of a column for a state against background.
    pub(crate) fn best_places(
        &self,
        columns: usize,
        nats: impl Fn(usize, usize) -> f64,
    ) -> Vec<Place> {
        let states = self.before_any() + 1;
        let mut score = self.start(&nats);
        let mut next = vec![f64::NEG_INFINITY; states];
        let mut from: Vec<From> = vec![0; columns * states];
        for column in 1..columns {
            let from = &mut from[column * states..(column + 1) * states];
            self.advance(&score, &mut next, from);
            for (state, value) in next[..self.rows()].iter_mut().enumerate() {
                *value += nats(state, column);
            }
            std::mem::swap(&mut score, &mut next);
        }
        let mut state = self.end(&score);
        let mut places = vec![Place::Elsewhere; columns];
        for column in (0..columns).rev() {
            places[column] = self.place(state);
            state = from[column * states + state] as usize;
        }
        places
    }

    fn start(&self, nats: impl Fn(usize, usize) -> f64) -> Vec<f64> {
        let mut score = vec![f64::NEG_INFINITY; self.before_any() + 1];
        for track in self.tracks {
            for (row, state) in track.states.clone().enumerate() {
                score[state] = nats(state, 0) - self.first[track.step] - self.left_out(row);
            }
        }
        score[self.before_any()] = -PAUSE;
        score
    }

    fn end(&self, score: &[f64]) -> usize {
        let mut best = NEVER;
        for track in self.tracks {
            let leave = self.leaving(track, score);
            better(&mut best, leave.0 - self.last[track.step], leave.1);
        }
        for (step, last) in self.last.iter().enumerate() {
            let state = self.rows() + step;
            better(&mut best, score[state] - last, state);
        }
        // Doing nothing at all leaves out the first step and the last.
        let nothing = if self.shared_pause { 0.0 } else { JUMP };
        let state = self.before_any();
        better(&mut best, score[state] - nothing, state);
        best.1
    }

    fn place(&self, state: usize) -> Place {
        let track = self
            .tracks
            .partition_point(|track| track.states.end <= state);
        self.tracks
            .get(track)
            .map_or(Place::Elsewhere, |found| Place::Step {
                track,
                row: state - found.states.start,
            })
    }

    /// The best way to leave a track: from its end, or earlier at a cost.
    fn leaving(&self, track: &Track, score: &[f64]) -> Best {
        let mut best = NEVER;
        for state in track.states.clone() {
            let cost = self.left_out(track.states.end - 1 - state);
            better(&mut best, score[state] - cost, state);
        }
        best
    }

    fn advance(&self, score: &[f64], next: &mut [f64], from: &mut [From]) {
        let mut leaving = vec![NEVER; self.steps];
        for track in self.tracks {
            let leave = self.leaving(track, score);
            better(&mut leaving[track.step], leave.0, leave.1);
        }
        let entering: Vec<Best> = (0..self.steps)
            .map(|step| self.entering_step(step, score, &leaving))
            .collect();
        for track in self.tracks {
            self.advance_track(track, entering[track.step], score, next, from);
        }
        self.advance_background(&leaving, score, next, from);
    }

    /// The best way into a step, from other steps, their backgrounds, and the
    /// one before any.
    fn entering_step(&self, step: usize, score: &[f64], leaving: &[Best]) -> Best {
        let mut best = NEVER;
        for (before, leave) in leaving.iter().enumerate() {
            let cost = self.entering[before * self.steps + step];
            better(&mut best, leave.0 - cost, leave.1);
            let background = self.rows() + before;
            better(&mut best, score[background] - cost, background);
        }
        let first = if self.shared_pause {
            0.0
        } else {
            self.first[step]
        };
        let before_any = self.before_any();
        better(&mut best, score[before_any] - first, before_any);
        best
    }

    fn advance_track(
        &self,
        track: &Track,
        entering: Best,
        score: &[f64],
        next: &mut [f64],
        from: &mut [From],
    ) {
        if self.no_course {
            let within = self.leaving(track, score);
            for state in track.states.clone() {
                let mut best = within;
                better(&mut best, entering.0, entering.1);
                (next[state], from[state]) = (best.0, best.1 as From);
            }
            return;
        }
        for (row, state) in track.states.clone().enumerate() {
            let mut best = (score[state] - WAIT, state);
            for pace in 1..=(MAX_PACE * track.pace).min(row) {
                let haste = HASTE * pace.saturating_sub(track.pace) as f64;
                better(&mut best, score[state - pace] - haste, state - pace);
            }
            better(&mut best, entering.0 - left_out(row), entering.1);
            (next[state], from[state]) = (best.0, best.1 as From);
        }
    }

    fn advance_background(
        &self,
        leaving: &[Best],
        score: &[f64],
        next: &mut [f64],
        from: &mut [From],
    ) {
        let before_any = self.before_any();
        (next[before_any], from[before_any]) = (score[before_any], before_any as From);
        for (step, leave) in leaving.iter().enumerate() {
            let state = self.rows() + step;
            let mut best = (score[state], state);
            better(&mut best, leave.0 - PAUSE, leave.1);
            if self.shared_pause {
                if leave.0 - PAUSE > next[before_any] {
                    (next[before_any], from[before_any]) = (leave.0 - PAUSE, leave.1 as From);
                }
                best = (f64::NEG_INFINITY, state);
            }
            (next[state], from[state]) = (best.0, best.1 as From);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procedure::Order;

    /// Three steps of four rows each.
    fn tracks() -> Vec<Track> {
        let track = |step: usize| Track {
            step,
            states: 4 * step..4 * step + 4,
            pace: 1,
        };
        (0..3).map(track).collect()
    }

    /// The places when every column shows one state, or nothing.
    fn places(shown: &[Option<usize>]) -> Vec<Option<(usize, usize)>> {
        let tracks = tracks();
        let order = StepOrder::new(&Order::Sequential, 3);
        let trellis = Trellis::new(&order, 3, &tracks);
        let nats = |state: usize, column: usize| {
            if shown[column] == Some(state) {
                2.0
            } else {
                -2.0
            }
        };
        let found = trellis.best_places(shown.len(), nats);
        found
            .into_iter()
            .map(|place| match place {
                Place::Step { track, row } => Some((track, row)),
                Place::Elsewhere => None,
            })
            .collect()
    }

    fn rows(states: impl IntoIterator<Item = usize>) -> Vec<Option<usize>> {
        states.into_iter().map(Some).collect()
    }

    fn told(shown: &[Option<usize>]) -> Vec<Option<(usize, usize)>> {
        shown
            .iter()
            .map(|state| state.map(|state| (state / 4, state % 4)))
            .collect()
    }

    #[test]
    fn the_gold_itself_is_followed_row_by_row() {
        let shown = rows(0..12);
        assert_eq!(places(&shown), told(&shown));
    }

    #[test]
    fn steps_may_be_left_out_swapped_and_done_again() {
        for states in [
            (0..4).chain(8..12).collect::<Vec<_>>(),
            (4..8).chain(0..4).chain(8..12).collect(),
            (0..8).chain(4..8).chain(8..12).collect(),
        ] {
            let shown = rows(states);
            assert_eq!(places(&shown), told(&shown));
        }
    }

    #[test]
    fn other_work_is_no_step_and_does_not_end_the_order() {
        let mut shown = rows(0..4);
        shown.extend([None; 5]);
        shown.extend(rows(4..12));
        assert_eq!(places(&shown), told(&shown));
    }

    #[test]
    fn slow_and_hasty_work_stays_in_its_step() {
        let slow = rows((0..12).flat_map(|state| [state; 3]));
        assert_eq!(places(&slow), told(&slow));
        let hasty = rows((0..12).step_by(2));
        assert_eq!(places(&hasty), told(&hasty));
    }

    #[test]
    fn a_column_that_stands_for_more_clips_passes_more_rows() {
        let tracks = [Track {
            step: 0,
            states: 0..16,
            pace: 4,
        }];
        let order = StepOrder::new(&Order::Sequential, 1);
        let trellis = Trellis::new(&order, 1, &tracks);
        let found = trellis.best_places(
            4,
            |state, column| {
                if state == 4 * column { 2.0 } else { -2.0 }
            },
        );
        let expected: Vec<Place> = (0..4)
            .map(|column| Place::Step {
                track: 0,
                row: 4 * column,
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_fits_several_golds_follows_the_one_that_fits() {
        let tracks = [
            Track {
                step: 0,
                states: 0..3,
                pace: 1,
            },
            Track {
                step: 0,
                states: 3..6,
                pace: 1,
            },
        ];
        let order = StepOrder::new(&Order::Sequential, 1);
        let trellis = Trellis::new(&order, 1, &tracks);
        let found = trellis.best_places(
            3,
            |state, column| {
                if state == 3 + column { 1.0 } else { -1.0 }
            },
        );
        assert!(
            found
                .iter()
                .enumerate()
                .all(|(row, &place)| place == Place::Step { track: 1, row })
        );
    }
}
