//! Similarities on a scale that gold and trainee set together: 0 is
//! unrelated, 1 is as alike as can be expected.

use std::ops::Range;

use sopilot_dtw::{Evidence, SOFT_MAXIMUM_TEMPERATURE};

use crate::calibration::{
    ALIKE_QUANTILE, HALF_ALIKE, HALF_COURSE, MIN_CONTRAST, MIN_GOLD_CONTRAST,
};
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
    /// K: how alike the stretch is that follows the step's course best, and
    /// where it is. Far more telling than single clips: a step that was not
    /// done has no such stretch.
    pub(crate) course: Vec<(f64, Range<usize>)>,
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
            course: vec![(f64::NEG_INFINITY, 0..0); steps],
            contrast: f64::NEG_INFINITY,
            levels: Vec::with_capacity(golds.len()),
        };
        for gold in golds {
            all.add(gold);
        }
        all
    }

    /// Likenesses as they are, K × M, with every step's course fully seen over
    /// the whole video.
    #[cfg(test)]
    pub(crate) fn of_values(clips: usize, step: Vec<f64>) -> Self {
        let steps = step.len() / clips;
        Self {
            clips,
            step,
            idle: vec![false; clips],
            coverage: vec![1.0; steps],
            course: vec![(1.0, 0..0); steps],
            contrast: 1.0,
            levels: Vec::new(),
        }
    }

    /// From now on no step's course speaks for or against it.
    pub(crate) fn forget_course(&mut self) {
        self.course.fill((HALF_COURSE, 0..self.clips));
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
        let levels = Levels::new(evidence, self.clips);
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
        for (course, found) in self.course.iter_mut().zip(&evidence.step_matches) {
            let likeness = levels.course_likeness(found.similarity);
            if likeness > course.0 {
                *course = (
                    likeness,
                    found.trainee.start as usize..found.trainee.end as usize,
                );
            }
        }
        self.levels.push(levels);
    }
}

/// What "unrelated" and "alike" are for one gold and one trainee.
struct Levels {
    clip: Scale,
    course: Scale,
    contrast: f64,
}

/// From a similarity to a likeness.
struct Scale {
    unlike: f64,
    alike: f64,
}

impl Levels {
    fn new(evidence: &Evidence, clips: usize) -> Self {
        let matches: Vec<f64> = evidence
            .step_matches
            .iter()
            .map(|found| f64::from(found.similarity))
            .collect();
        // The most similar that clips of one movement are to each other.
        let gold = f64::from(evidence.gold_self_similarity_quantiles[4]);
        let (best, others) = ranked(&evidence.step_similarity, clips);
        // Centring pushes the gold's steps apart, below 0; but what belongs to
        // no step at all is unrelated to each of them, at about 0.
        let level = |mut values: Vec<f64>| {
            if values.is_empty() {
                0.0
            } else {
                quantile(&mut values, 0.5).max(0.0)
            }
        };
        // A clip is compared with the best of all steps, so unrelated is what
        // the best of the wrong ones reaches; a course with that of one step.
        let second = others
            .iter()
            .filter_map(|others| others.last().copied())
            .collect();
        let clip = Scale::bounded(level(second), best, gold).0;
        let (course, contrast) = Scale::bounded(level(others.concat()), matches, gold);
        Self {
            clip,
            course,
            contrast,
        }
    }

    fn likeness(&self, similarity: f32) -> f64 {
        self.clip.likeness(similarity)
    }

    fn course_likeness(&self, similarity: f32) -> f64 {
        self.course.likeness(similarity)
    }
}

impl Scale {
    /// `found`: what the trainee reaches, at least one value. Also returns the
    /// contrast before it was bounded, as a share of the gold's.
    fn bounded(unlike: f64, mut found: Vec<f64>, gold: f64) -> (Self, f64) {
        let gold = gold.max(unlike + MIN_GOLD_CONTRAST);
        let contrast = (quantile(&mut found, ALIKE_QUANTILE) - unlike) / (gold - unlike);
        let alike = unlike + contrast.clamp(MIN_CONTRAST, 1.0) * (gold - unlike);
        (Self { unlike, alike }, contrast)
    }

    fn likeness(&self, similarity: f32) -> f64 {
        (f64::from(similarity) - self.unlike) / (self.alike - self.unlike)
    }
}

/// Per clip, the similarity with the most similar step, and with all others,
/// ascending.
fn ranked(step_similarity: &[f32], clips: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
    let steps = step_similarity.len() / clips;
    let of_clip = |clip: usize| {
        let mut similarities: Vec<f64> = (0..steps)
            .map(|step| f64::from(step_similarity[step * clips + clip]))
            .collect();
        similarities.sort_by(f64::total_cmp);
        (similarities.pop().unwrap_or(0.0), similarities)
    };
    (0..clips).map(of_clip).unzip()
}

#[cfg(test)]
mod tests {
    use sopilot_dtw::{SimilarityPicture, StepMatch};

    use super::*;

    fn levels(step_similarity: &[f32], clips: usize, matches: &[f32]) -> Levels {
        let found = |&similarity: &f32| StepMatch {
            trainee: 0..1,
            similarity,
            coverage: 1.0,
        };
        let evidence = Evidence {
            step_similarity: step_similarity.to_vec(),
            step_matches: matches.iter().map(found).collect(),
            gold_best: Vec::new(),
            trainee_best: Vec::new(),
            picture: SimilarityPicture {
                rows: 1,
                columns: 1,
                cells: vec![0],
                low: 0.0,
                high: 0.0,
            },
            gold_self_similarity_quantiles: [0.3, 0.4, 0.5, 0.6, 0.7],
        };
        Levels::new(&evidence, clips)
    }

    #[test]
    fn levels_lie_between_unrelated_and_the_gold() {
        // Two steps, four clips, all recognised with a shift of 0.1.
        let levels = levels(
            &[0.6, 0.6, -0.3, -0.3, -0.3, -0.3, 0.6, 0.6],
            4,
            &[0.6, 0.6],
        );
        assert!((levels.likeness(0.6) - 1.0).abs() < 1e-6);
        assert_eq!(levels.likeness(0.0), 0.0);
        assert!((levels.contrast - 6.0 / 7.0).abs() < 1e-6);
    }

    #[test]
    fn the_shift_is_bounded_on_both_sides() {
        let unrelated = levels(&[0.1; 8], 4, &[0.1, 0.2]);
        assert!(unrelated.contrast < MIN_CONTRAST);
        assert!(
            unrelated.likeness(0.1) < HALF_ALIKE && unrelated.course_likeness(0.2) < HALF_ALIKE
        );
        let copy = levels(&[1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0], 4, &[1.0, 1.0]);
        assert!(copy.likeness(1.0) > 1.4 && copy.course_likeness(1.0) > 1.4);
    }

    #[test]
    fn a_single_step_is_compared_with_unrelated_work() {
        let levels = levels(&[0.7, 0.7, 0.0], 3, &[0.7]);
        assert!(levels.likeness(0.7) > 0.9 && levels.likeness(0.0) == 0.0);
    }
}
