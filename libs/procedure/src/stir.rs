//! How much stirs: what tells a pause from work.

use std::ops::Range;

use crate::calibration::{CALM_QUANTILE, CALM_SHARE, IDLE_MOTION};
use crate::clip::{Timeline, median, quantile};

/// How much stirs in a trainee's clips, beside how much stirs where steps are
/// done.
#[derive(Debug)]
pub(crate) struct Stir {
    /// Per clip; empty where it was not measured.
    motions: Vec<f64>,
    /// What stirs less is a pause. `None` if that cannot be told.
    least: Option<f64>,
}

impl Stir {
    /// `works`: whether the clip shows a step.
    pub(crate) fn new(timeline: &Timeline<'_>, works: impl Fn(usize) -> bool) -> Self {
        let motions: Option<Vec<f64>> = timeline.clips.iter().map(|clip| clip.motion).collect();
        let motions = motions.unwrap_or_default();
        let least = least_of_work(&motions, works);
        Self { motions, least }
    }

    /// Whether pauses can be told from work.
    pub(crate) fn is_known(&self) -> bool {
        self.least.is_some()
    }

    /// Whether hardly anything stirs in a stretch, which must not be empty.
    /// `false` if that cannot be told.
    pub(crate) fn is_pause(&self, clips: &Range<usize>) -> bool {
        self.least.is_some_and(|least| {
            let stirred: f64 = self.motions[clips.clone()].iter().sum();
            stirred / (clips.len() as f64) < least
        })
    }
}

/// What stirs less than this is a pause. Noise and a trembling camera stir at
/// all times, so what counts is what exceeds the calmest clips. `None` if that
/// cannot be told.
fn least_of_work(motions: &[f64], works: impl Fn(usize) -> bool) -> Option<f64> {
    let working: Vec<f64> = (0..motions.len())
        .filter(|&clip| works(clip))
        .map(|clip| motions[clip])
        .collect();
    if working.is_empty() {
        return None;
    }
    let calm = quantile(&mut motions.to_vec(), CALM_QUANTILE);
    let working = median(working);
    // Without a calm moment there is nothing to tell noise from work by.
    (calm <= CALM_SHARE * working).then_some(calm + IDLE_MOTION * (working - calm))
}
