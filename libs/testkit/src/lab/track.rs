//! The path of one hand: a Catmull–Rom spline through knots, at some of which
//! the hand dwells.

use super::space::{UP, Vec3};

/// One hand at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct HandPose {
    /// Where the fingertips meet.
    pub(super) tip: Vec3,
    /// Where the top of what it holds points; of any length but 0.
    pub(super) axis: Vec3,
    /// How far the wrist is turned, in radians.
    pub(super) roll: f32,
    /// How far the fingers are apart: 0 closed, 1 wide.
    pub(super) open: f32,
}

/// A moment that a track passes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Knot {
    /// In seconds.
    pub(super) time: f32,
    pub(super) pose: HandPose,
    /// Whether the hand stops there.
    pub(super) dwells: bool,
}

/// How one performer's hand bends its way between two places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habit {
    /// To the side, as part of the way.
    pub(super) sideways: f32,
    /// Upwards, as part of the way.
    pub(super) lift: f32,
}

/// Ways longer than this, in centimetres, are bent.
const BENT: f32 = 9.0;

/// The way of one hand through its knots.
#[derive(Debug, Clone, Default)]
pub(super) struct Track {
    knots: Vec<Knot>,
}

impl Track {
    pub(super) fn push(&mut self, knot: Knot) {
        self.knots.push(knot);
    }

    /// Like [`push`](Self::push), over a bent way if it is long.
    pub(super) fn push_bent(&mut self, knot: Knot, habit: Habit) {
        if let Some(last) = self.knots.last().copied() {
            let way = knot.pose.tip - last.pose.tip;
            let length = way.length();
            if length > BENT {
                let side = UP.cross(way);
                let mut pose = last.pose.mixed(&knot.pose, 0.5);
                pose.tip = pose.tip + side * habit.sideways + UP * (length * habit.lift);
                self.knots.push(Knot {
                    time: 0.5 * (last.time + knot.time),
                    pose,
                    dwells: false,
                });
            }
        }
        self.knots.push(knot);
    }

    /// Ends at `time`, where the hand then is.
    pub(super) fn break_off(&mut self, time: f32) {
        let pose = self.at(time);
        self.knots.retain(|knot| knot.time < time);
        self.knots.push(Knot {
            time,
            pose,
            dwells: true,
        });
    }

    /// The hand at `time`; before the first knot and after the last as there.
    pub(super) fn at(&self, time: f32) -> HandPose {
        let after = self.knots.partition_point(|knot| knot.time <= time);
        let last = self.knots.len() - 1;
        if after == 0 || after > last {
            return self.knots[after.min(last)].pose;
        }
        let (from, to) = (&self.knots[after - 1], &self.knots[after]);
        let span = to.time - from.time;
        let part = (time - from.time) / span;
        // Cubic Hermite.
        let (t2, t3) = (part * part, part * part * part);
        let weights = [
            2.0 * t3 - 3.0 * t2 + 1.0,
            (t3 - 2.0 * t2 + part) * span,
            3.0 * t2 - 2.0 * t3,
            (t3 - t2) * span,
        ];
        let (start, end) = (self.velocity(after - 1), self.velocity(after));
        let mut pose = from.pose.mixed(&to.pose, weights[2]);
        pose.tip = from.pose.tip * weights[0]
            + start * weights[1]
            + to.pose.tip * weights[2]
            + end * weights[3];
        pose
    }

    /// The velocity at a knot: none where the hand dwells, else between its
    /// neighbours.
    fn velocity(&self, knot: usize) -> Vec3 {
        if self.knots[knot].dwells || knot == 0 || knot + 1 == self.knots.len() {
            return Vec3::default();
        }
        let (before, after) = (&self.knots[knot - 1], &self.knots[knot + 1]);
        (after.pose.tip - before.pose.tip) * (1.0 / (after.time - before.time))
    }
}

impl HandPose {
    pub(super) fn new(tip: Vec3) -> Self {
        Self {
            tip,
            axis: UP,
            roll: 0.0,
            open: 0.5,
        }
    }

    /// `part` of the way to `to`.
    pub(super) fn mixed(&self, to: &Self, part: f32) -> Self {
        let number = |from: f32, to: f32| from + (to - from) * part;
        Self {
            tip: self.tip.towards(to.tip, part),
            axis: self.axis.towards(to.axis, part),
            roll: number(self.roll, to.roll),
            open: number(self.open, to.open),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lab::space::at;

    fn track(places: &[(f32, f32, bool)]) -> Track {
        let mut track = Track::default();
        for (i, (x, y, dwells)) in places.iter().enumerate() {
            track.push(Knot {
                time: i as f32,
                pose: HandPose::new(at(*x, *y, 1.0)),
                dwells: *dwells,
            });
        }
        track
    }

    proptest! {
        #[test]
        fn a_track_passes_its_knots_without_jumps(
            places in prop::collection::vec((-9.0..9.0_f32, -9.0..9.0_f32, any::<bool>()), 2..8),
        ) {
            let track = track(&places);
            for (i, (x, y, _)) in places.iter().enumerate() {
                prop_assert!((track.at(i as f32).tip - at(*x, *y, 1.0)).length() < 1e-3);
            }
            let samples = (0..=places.len() * 100).map(|i| track.at(i as f32 / 100.0).tip);
            let samples: Vec<Vec3> = samples.collect();
            for pair in samples.windows(2) {
                // At most 27 cm from knot to knot, and up to 2.5 times the mean speed.
                prop_assert!((pair[1] - pair[0]).length() < 0.7, "{pair:?}");
            }
        }
    }

    #[test]
    fn a_track_that_is_broken_off_stays_there() {
        let mut track = track(&[(0.0, 0.0, true), (4.0, 0.0, false), (4.0, 8.0, true)]);
        let there = track.at(1.5);
        track.break_off(1.5);
        assert_eq!(track.at(9.0), there);
    }
}
