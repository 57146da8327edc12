//! How far a recording is from the gold's: who, how fast, from where, in which
//! light.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::seed::{Purpose, around_zero, rng};

/// How far each aspect of a recording is from the gold's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// The look of the hands and the paths they take.
    pub performer: Change,
    /// The tempo of the whole and the time taken for single steps.
    pub pace: Change,
    /// Where the camera stands, how it is turned, and how it shakes.
    pub camera: Change,
    /// Strength, colour and direction of the light, and how it wavers.
    pub light: Change,
    /// Textures, and things lying about that have nothing to do with the work.
    pub scene: Change,
    /// Noise and sharpness.
    pub sensor: Change,
}

/// How far one aspect is from the gold's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// As in the gold.
    Same,
    /// As much as one day differs from another at the same place.
    Mild,
    /// As much as one place differs from another.
    Strong,
}

/// What can differ between recordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aspect {
    Performer,
    Camera,
    Light,
    Scene,
    Sensor,
}

impl Conditions {
    /// Everything as in the gold.
    pub const SAME: Self = Self::all(Change::Same);

    /// Every aspect changed alike.
    pub const fn all(change: Change) -> Self {
        Self {
            performer: change,
            pace: change,
            camera: change,
            light: change,
            scene: change,
            sensor: change,
        }
    }

    pub(crate) fn of(self, aspect: Aspect) -> Change {
        match aspect {
            Aspect::Performer => self.performer,
            Aspect::Camera => self.camera,
            Aspect::Light => self.light,
            Aspect::Scene => self.scene,
            Aspect::Sensor => self.sensor,
        }
    }
}

impl Default for Conditions {
    /// Another day at the same place.
    fn default() -> Self {
        Self::all(Change::Mild)
    }
}

impl Change {
    /// Every amount, from none.
    pub const ALL: [Self; 3] = [Self::Same, Self::Mild, Self::Strong];

    /// As it is written in data sets.
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Mild => "mild",
            Self::Strong => "strong",
        }
    }

    /// In units of what differs from one day to another.
    fn amount(self) -> f32 {
        match self {
            Self::Same => 0.0,
            Self::Mild => 1.0,
            Self::Strong => 2.5,
        }
    }
}

/// Numbers that describe one aspect of a recording. The gold's come from the
/// gold's seed; a trainee's lie around them, the further the more is changed.
/// Numbers must be drawn in the same sequence for both.
#[derive(Debug)]
pub(crate) struct Draw {
    gold: ChaCha8Rng,
    own: ChaCha8Rng,
    change: Change,
}

impl Draw {
    pub(crate) fn new(gold_seed: u64, seed: u64, aspect: Aspect, change: Change) -> Self {
        let purpose = Purpose::Aspect(aspect);
        Self {
            gold: rng(gold_seed, purpose),
            own: rng(seed, purpose),
            change,
        }
    }

    /// In the gold uniformly within `spread` of `middle`; in a trainee within
    /// `by` (times how much is changed) of the gold's.
    pub(crate) fn near(&mut self, middle: f32, spread: f32, by: f32) -> f32 {
        let gold = middle + around_zero(&mut self.gold, spread);
        gold + around_zero(&mut self.own, by) * self.change.amount()
    }

    /// One of `count` looks: the gold's, unless anything is changed.
    pub(crate) fn choose(&mut self, count: usize) -> usize {
        let (gold, own) = (
            self.gold.random_range(0..count),
            self.own.random_range(0..count),
        );
        if self.change == Change::Same {
            gold
        } else {
            own
        }
    }

    /// How much is changed: 0, or 1 for another day's change, or more.
    pub(crate) fn amount(&self) -> f32 {
        self.change.amount()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_is_the_golds_plus_the_change() {
        let draw = |seed, change| {
            let mut draw = Draw::new(1, seed, Aspect::Camera, change);
            (draw.near(10.0, 2.0, 0.5), draw.choose(1000))
        };
        let gold = draw(1, Change::Same);
        assert!((gold.0 - 10.0).abs() <= 2.0);
        assert_eq!(draw(7, Change::Same), gold);
        let (mild, strong) = (draw(7, Change::Mild), draw(7, Change::Strong));
        assert!((1e-3..=0.5).contains(&(mild.0 - gold.0).abs()));
        assert!(((strong.0 - gold.0) - 2.5 * (mild.0 - gold.0)).abs() < 1e-4);
        assert_eq!(mild.1, strong.1);
        assert_ne!(mild.1, gold.1);
    }
}
