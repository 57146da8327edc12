//! Similarities on a scale that gold and trainee set together: 0 is
//! unrelated, 1 is as alike as can be expected.

use std::ops::Range;

use sopilot_dtw::SOFT_MAXIMUM_TEMPERATURE;

use crate::calibration::{ALIKE_QUANTILE, HALF_ALIKE, MIN_CONTRAST, MIN_GOLD_CONTRAST};
use crate::clip::quantile;
use crate::score::GoldInput;

/// How alike the trainee's M clips are to the K steps.
///
/// Of several golds, every clip and step counts as alike as the most alike
/// gold says, so that what one gold shows is never a deviation.
pub(crate) struct Likeness {
    pub(crate) clips: usize,
    /// K × M.
    step: Vec<f64>,
    /// M: whether the clip resembles a part of a gold that belongs to no step.
    pub(crate) idle: Vec<bool>,
    /// K: share of the step's gold clips that something in the trainee's video
    /// resembles.
    pub(crate) coverage: Vec<f64>,
    /// What the trainee's contrast between alike and unlike is relative to the
    /// gold's own; below [`MIN_CONTRAST`] the videos show different work.
    pub(crate) contrast: f64,
    /// Per gold.
    levels: Vec<Levels>,
}

impl Likeness {
    pub(crate) fn new(golds: &[&GoldInput<'_>], clips: usize) -> Self {
        let steps = golds[0].prepared.steps.len();
        let mut all = Self {
            clips,
            step: vec![f64::NEG_INFINITY; steps * clips],
            idle: vec![false; clips],
            coverage: vec![0.0; steps],
            contrast: f64::NEG_INFINITY,
            levels: Vec::with_capacity(golds.len()),
        };
        for gold in golds {
            all.add(gold);
        }
        all
    }

    pub(crate) fn steps(&self) -> usize {
        self.coverage.len()
    }

    pub(crate) fn of(&self, step: usize, clip: usize) -> f64 {
        self.step[step * self.clips + clip]
    }

    /// A similarity with any clip of one gold as a likeness.
    pub(crate) fn against(&self, gold: usize, similarity: f32) -> f64 {
        self.levels[gold].likeness(similarity)
    }

    /// Mean over some clips, cut to 0..=1; 0 over none.
    pub(crate) fn mean(&self, step: usize, clips: &Range<usize>) -> f64 {
        let sum: f64 = clips.clone().map(|clip| self.of(step, clip)).sum();
        (sum / clips.len().max(1) as f64).clamp(0.0, 1.0)
    }

    /// Likeness to the most alike step.
    pub(crate) fn best(&self, clip: usize) -> f64 {
        (0..self.steps())
            .map(|step| self.of(step, clip))
            .fold(f64::NEG_INFINITY, f64::max)
    }

    fn add(&mut self, gold: &GoldInput<'_>) {
        let evidence = gold.evidence;
        let levels = Levels::new(
            &evidence.step_similarity,
            self.clips,
            &evidence.gold_self_similarity_quantiles,
        );
        self.contrast = self.contrast.max(levels.contrast);
        for (likeness, &similarity) in self.step.iter_mut().zip(&evidence.step_similarity) {
            *likeness = likeness.max(levels.likeness(similarity));
        }
        for (clip, idle) in self.idle.iter_mut().enumerate() {
            // A soft maximum over n clips is at most τ·ln(n) below the
            // maximum; what exceeds that for every step lies in none.
            let most_in_steps = gold
                .prepared
                .steps
                .iter()
                .enumerate()
                .map(|(step, prepared)| {
                    let slack = SOFT_MAXIMUM_TEMPERATURE * (prepared.clips.len() as f32).ln();
                    evidence.step_similarity[step * self.clips + clip] + slack
                })
                .fold(f32::NEG_INFINITY, f32::max);
            let best = evidence.trainee_best[clip];
            *idle |= best > most_in_steps + 1e-4 && levels.likeness(best) >= HALF_ALIKE;
        }
        for (coverage, prepared) in self.coverage.iter_mut().zip(&gold.prepared.steps) {
            let best =
                &evidence.gold_best[prepared.clips.start as usize..prepared.clips.end as usize];
            let seen = best
                .iter()
                .filter(|&&similarity| levels.likeness(similarity) >= HALF_ALIKE)
                .count();
            *coverage = coverage.max(seen as f64 / best.len() as f64);
        }
        self.levels.push(levels);
    }
}

/// What "unrelated" and "alike" are for one gold and one trainee.
struct Levels {
    unlike: f64,
    alike: f64,
    contrast: f64,
}

impl Levels {
    fn new(step_similarity: &[f32], clips: usize, gold_quantiles: &[f32; 5]) -> Self {
        let steps = step_similarity.len() / clips;
        let mut best = Vec::with_capacity(clips);
        let mut others = Vec::with_capacity((steps - 1) * clips);
        for clip in 0..clips {
            let mut of_clip: Vec<f64> = (0..steps)
                .map(|step| f64::from(step_similarity[step * clips + clip]))
                .collect();
            of_clip.sort_by(f64::total_cmp);
            best.extend(of_clip.pop());
            others.extend(of_clip);
        }
        // Centring pushes the gold's steps apart, below 0; but what belongs to
        // no step at all is unrelated to each of them, at about 0.
        let unlike = if others.is_empty() {
            0.0
        } else {
            quantile(&mut others, 0.5).max(0.0)
        };
        let gold = f64::from(gold_quantiles[2]).max(unlike + MIN_GOLD_CONTRAST);
        let trainee = quantile(&mut best, ALIKE_QUANTILE);
        let contrast = (trainee - unlike) / (gold - unlike);
        let alike = unlike + contrast.clamp(MIN_CONTRAST, 1.0) * (gold - unlike);
        Self {
            unlike,
            alike,
            contrast,
        }
    }

    fn likeness(&self, similarity: f32) -> f64 {
        (f64::from(similarity) - self.unlike) / (self.alike - self.unlike)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLD: [f32; 5] = [0.5, 0.6, 0.7, 0.8, 0.9];

    #[test]
    fn levels_lie_between_unrelated_and_the_gold() {
        // Two steps, four clips, all recognised with a shift of 0.1.
        let levels = Levels::new(&[0.6, 0.6, -0.3, -0.3, -0.3, -0.3, 0.6, 0.6], 4, &GOLD);
        assert!((levels.likeness(0.6) - 1.0).abs() < 1e-6);
        assert_eq!(levels.likeness(0.0), 0.0);
        assert!((levels.contrast - 6.0 / 7.0).abs() < 1e-6);
    }

    #[test]
    fn the_shift_is_bounded_on_both_sides() {
        let unrelated = Levels::new(&[0.1; 8], 4, &GOLD);
        assert!(unrelated.contrast < MIN_CONTRAST);
        assert!(unrelated.likeness(0.1) < HALF_ALIKE);
        let copy = Levels::new(&[1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0], 4, &GOLD);
        assert!(copy.likeness(1.0) > 1.4);
    }

    #[test]
    fn a_single_step_is_compared_with_unrelated_work() {
        let levels = Levels::new(&[0.7, 0.7, 0.0], 3, &GOLD);
        assert!(levels.likeness(0.7) > 0.9 && levels.likeness(0.0) == 0.0);
    }
}
