//! Similarities on a scale that gold and trainee set together: 0 is
//! unrelated, 1 is as alike as can be expected.

use std::ops::Range;

use sopilot_dtw::SOFT_MAXIMUM_TEMPERATURE;

use crate::calibration::{ALIKE_QUANTILE, MIN_CONTRAST, MIN_GOLD_CONTRAST};
use crate::clip::{median, quantile};
use crate::input::GoldInput;

/// How alike the trainee's M clips are to the K steps.
///
/// Of several golds, every clip and step counts as alike as the most alike
/// gold says, so that what one gold shows is never a deviation.
pub(crate) struct Likeness {
    pub(crate) clips: usize,
    /// K × M.
    step: Vec<f64>,
    /// M: how alike the clip is to a part of a gold that belongs to no step, if
    /// it is more like that than like any step; else below 0.
    pub(crate) idle: Vec<f64>,
    /// K: how alike the stretch is that follows the step's course best. A step
    /// that was not done has no such stretch.
    pub(crate) course: Vec<f64>,
    /// What the trainee's contrast between alike and unlike is relative to the
    /// gold's own, by stretches that follow a step's course; below
    /// [`MIN_CONTRAST`] the videos show different work.
    pub(crate) contrast: f64,
    /// The same by single clips.
    pub(crate) clip_contrast: f64,
    /// Per gold.
    levels: Vec<Levels>,
}

impl Likeness {
    pub(crate) fn new(golds: &[&GoldInput<'_>], clips: usize) -> Self {
        let steps = golds[0].prepared.steps.len();
        let mut all = Self {
            clips,
            step: vec![f64::NEG_INFINITY; steps * clips],
            idle: vec![-1.0; clips],
            course: vec![f64::NEG_INFINITY; steps],
            contrast: f64::NEG_INFINITY,
            clip_contrast: f64::NEG_INFINITY,
            levels: Vec::with_capacity(golds.len()),
        };
        for gold in golds {
            all.add(gold);
        }
        all
    }

    pub(crate) fn of(&self, step: usize, clip: usize) -> f64 {
        self.step[step * self.clips + clip]
    }

    /// A similarity with any clip of one gold as a likeness.
    pub(crate) fn against(&self, gold: usize, similarity: f32) -> f64 {
        self.levels[gold].clip.likeness(similarity)
    }

    /// The similarity of a stretch that follows a step's course in one gold, as
    /// a likeness.
    pub(crate) fn course_against(&self, gold: usize, similarity: f32) -> f64 {
        self.levels[gold].course.likeness(similarity)
    }

    /// Mean over some clips, cut to 0..=1; 0 over none.
    pub(crate) fn mean(&self, step: usize, clips: &Range<usize>) -> f64 {
        let sum: f64 = clips.clone().map(|clip| self.of(step, clip)).sum();
        (sum / clips.len().max(1) as f64).clamp(0.0, 1.0)
    }

    fn add(&mut self, gold: &GoldInput<'_>) {
        let evidence = gold.evidence;
        let levels = Levels::new(gold, self.clips);
        self.contrast = self.contrast.max(levels.contrast);
        self.clip_contrast = self.clip_contrast.max(levels.clip_contrast);
        for (likeness, &similarity) in self.step.iter_mut().zip(&evidence.step_similarity) {
            *likeness = likeness.max(levels.clip.likeness(similarity));
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
            if best > most_in_steps + 1e-4 {
                *idle = idle.max(levels.clip.likeness(best));
            }
        }
        for (course, found) in self.course.iter_mut().zip(&evidence.step_matches) {
            *course = course.max(levels.course.likeness(found.similarity));
        }
        self.levels.push(levels);
    }
}

/// What "unrelated" and "alike" are for one gold and one trainee.
struct Levels {
    /// For one clip with one clip.
    clip: Scale,
    /// For a stretch that follows a step's course.
    course: Scale,
    contrast: f64,
    clip_contrast: f64,
}

/// From a similarity to a likeness.
struct Scale {
    unlike: f64,
    alike: f64,
}

impl Levels {
    fn new(gold: &GoldInput<'_>, clips: usize) -> Self {
        let evidence = gold.evidence;
        // The most similar that clips of one movement are to each other.
        let own = f64::from(evidence.gold_self_similarity_quantiles[4]);
        let (best, others) = ranked(&step_maxima(gold), evidence.picture.columns as usize);
        let (clip, clip_contrast) = Scale::bounded(level(others), best, own);
        let matches: Vec<f64> = evidence
            .step_matches
            .iter()
            .map(|found| f64::from(found.similarity))
            .collect();
        let similarities: Vec<f64> = evidence
            .step_similarity
            .iter()
            .map(|&value| f64::from(value))
            .collect();
        let (_, others) = ranked(&similarities, clips);
        let (course, contrast) = Scale::bounded(level(others), matches, own);
        Self {
            clip,
            course,
            contrast,
            clip_contrast,
        }
    }
}

/// Of similarities with all steps but the best: what is unrelated. Centring
/// pushes the gold's steps apart, below 0; but what belongs to no step at all
/// is unrelated to each of them, at about 0.
fn level(others: Vec<f64>) -> f64 {
    if others.is_empty() {
        0.0
    } else {
        median(others).max(0.0)
    }
}

/// K × columns of the picture: similarity of the most similar row of the step.
fn step_maxima(gold: &GoldInput<'_>) -> Vec<f64> {
    let picture = &gold.evidence.picture;
    let columns = picture.columns as usize;
    let mut maxima = Vec::with_capacity(gold.prepared.steps.len() * columns);
    for step in 0..gold.prepared.steps.len() {
        let rows = gold.picture_rows(step);
        maxima.extend((0..columns).map(|column| {
            rows.clone()
                .map(|row| f64::from(picture.similarity(row, column)))
                .fold(f64::NEG_INFINITY, f64::max)
        }));
    }
    maxima
}

impl Scale {
    /// `found`: what the trainee reaches, at least one value. The trainee says
    /// what alike is, but at least a share of the gold's contrast. Also returns
    /// the contrast before it was bounded, as a share of the gold's.
    fn bounded(unlike: f64, mut found: Vec<f64>, gold: f64) -> (Self, f64) {
        let gold = gold.max(unlike + MIN_GOLD_CONTRAST);
        let contrast = (quantile(&mut found, ALIKE_QUANTILE) - unlike) / (gold - unlike);
        let alike = unlike + contrast.max(MIN_CONTRAST) * (gold - unlike);
        (Self { unlike, alike }, contrast)
    }

    fn likeness(&self, similarity: f32) -> f64 {
        (f64::from(similarity) - self.unlike) / (self.alike - self.unlike)
    }
}

/// Of K × `columns` similarities: per column that of the most similar step,
/// and those of all others.
fn ranked(similarity: &[f64], columns: usize) -> (Vec<f64>, Vec<f64>) {
    let steps = similarity.len() / columns;
    let (mut best, mut others) = (Vec::with_capacity(columns), Vec::new());
    for column in 0..columns {
        let of_column = (0..steps).map(|step| similarity[step * columns + column]);
        let (most, _) =
            of_column
                .clone()
                .enumerate()
                .fold((0, f64::NEG_INFINITY), |most, (step, value)| {
                    if value > most.1 { (step, value) } else { most }
                });
        for (step, value) in of_column.enumerate() {
            if step == most {
                best.push(value);
            } else {
                others.push(value);
            }
        }
    }
    (best, others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_step_is_told_from_the_others() {
        // Two steps, three columns.
        let (best, others) = ranked(&[0.6, 0.1, 0.5, -0.3, 0.7, 0.5], 3);
        assert_eq!(best, [0.6, 0.7, 0.5]);
        assert_eq!(others, [-0.3, 0.1, 0.5]);
    }

    #[test]
    fn levels_lie_between_unrelated_and_what_the_trainee_reaches() {
        let (scale, contrast) = Scale::bounded(0.1, vec![0.6; 8], 0.8);
        assert!((scale.likeness(0.6) - 1.0).abs() < 1e-6);
        assert!(scale.likeness(0.1).abs() < 1e-6);
        assert!((contrast - 5.0 / 7.0).abs() < 1e-6);
    }

    #[test]
    fn unrelated_work_does_not_set_its_own_level() {
        let (scale, contrast) = Scale::bounded(0.1, vec![0.2; 8], 0.8);
        assert!(contrast < MIN_CONTRAST);
        assert!(scale.likeness(0.2) < 0.5);
    }

    #[test]
    fn a_gold_without_structure_does_not_make_noise_look_alike() {
        let (scale, _) = Scale::bounded(0.1, vec![0.11; 8], 0.1);
        assert!(scale.likeness(0.11) < 0.5);
    }

    #[test]
    fn a_single_step_is_compared_with_unrelated_work() {
        assert_eq!(level(Vec::new()), 0.0);
        assert_eq!(level(vec![-0.4, -0.2, -0.3]), 0.0);
    }
}
