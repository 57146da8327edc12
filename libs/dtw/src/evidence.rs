//! What scoring needs to know about the matrix of similarities, gathered
//! while its rows pass by.

use std::ops::Range;

use crate::error::DtwError;
use crate::features::FeaturePair;
use crate::frechet::Frechet;
use crate::options::Options;
use crate::picture::{PictureBuilder, SimilarityPicture};
use crate::recurrence::Scale;
use crate::self_similarity::{quantiles_of, usual_similarity};
use crate::vectorised::vectorised;
use crate::warp::{Boundary, Rules, Warp};

/// Temperature τ of the soft maximum τ·ln(mean(exp(s/τ))) over the clips of a
/// step. It lies between the mean and the maximum, at most τ·ln(n) below the
/// maximum of n clips: 0.05 tells one matching clip among many from none,
/// without resting on a single chance match.
pub const SOFT_MAXIMUM_TEMPERATURE: f32 = 0.05;

/// Similarities more than this many temperatures below 1 count as this far;
/// cosines never are.
const MAX_TEMPERATURES_BELOW_ONE: f32 = 80.0;

/// What scoring needs to know beside the path. K steps, N gold clips, M
/// trainee clips.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// K × M, row-major: soft maximum over the clips of the step of the
    /// similarity with each trainee clip; see [`SOFT_MAXIMUM_TEMPERATURE`].
    pub step_similarity: Vec<f32>,
    /// K: where each step matches best inside the trainee.
    pub step_matches: Vec<StepMatch>,
    /// N: similarity of the best trainee clip.
    pub gold_best: Vec<f32>,
    /// M: similarity of the best gold clip.
    pub trainee_best: Vec<f32>,
    /// The similarity matrix, reduced.
    pub picture: SimilarityPicture,
    /// What "similar" means in this gold; see [`crate::neighbour_quantiles`].
    pub gold_self_similarity_quantiles: [f32; 5],
    /// Between the two whole sequences; see [`crate::discrete_frechet`].
    pub discrete_frechet: f32,
}

/// Where one step matches best inside the trainee: subsequence warping with
/// free start and end.
#[derive(Debug, Clone, PartialEq)]
pub struct StepMatch {
    /// The trainee clips of the match; not empty.
    pub trainee: Range<u32>,
    /// Mean similarity along the match.
    pub similarity: f32,
    /// Fraction of the step's gold clips whose best clip on the match is as
    /// similar as the step's own clips usually are to each other (the median
    /// over pairs that share no frame; for steps too short to have one, the
    /// quantile 0.25 of the gold's self-similarity). From 0 to 1.
    pub coverage: f32,
}

/// Steps must be non-empty, ascending, disjoint and inside the gold.
pub(crate) fn check_steps(steps: &[Range<u32>], gold_clips: usize) -> Result<(), DtwError> {
    let mut free_from = 0;
    for (step, range) in steps.iter().enumerate() {
        if range.start < free_from || range.is_empty() || range.end as usize > gold_clips {
            return Err(DtwError::BadStep {
                step,
                start: range.start,
                end: range.end,
                gold_clips,
            });
        }
        free_from = range.end;
    }
    Ok(())
}

/// Evidence under way: rows of costs go in one after the other.
pub(crate) struct EvidenceBuilder<'a> {
    pair: &'a FeaturePair<'a>,
    options: &'a Options<'a>,
    steps: &'a [Range<u32>],
    quantiles: [f32; 5],
    /// The step that is being entered, or the next one.
    step: usize,
    warp: Option<Warp>,
    /// Σ exp((s − 1)/τ) over the clips of the step so far, per trainee clip.
    exponentials: Vec<f32>,
    similarities: Vec<f32>,
    picture: PictureBuilder,
    frechet: Frechet,
    step_similarity: Vec<f32>,
    step_matches: Vec<StepMatch>,
    gold_best: Vec<f32>,
    trainee_best: Vec<f32>,
}

impl<'a> EvidenceBuilder<'a> {
    pub(crate) fn new(
        pair: &'a FeaturePair<'a>,
        steps: &'a [Range<u32>],
        options: &'a Options<'a>,
    ) -> Result<Self, DtwError> {
        let (gold_clips, trainee_clips) = (pair.gold.rows, pair.trainee.rows);
        check_steps(steps, gold_clips)?;
        Ok(Self {
            pair,
            options,
            steps,
            quantiles: quantiles_of(&pair.gold, steps, options),
            step: 0,
            warp: None,
            exponentials: vec![0.0; trainee_clips],
            similarities: vec![0.0; trainee_clips],
            picture: PictureBuilder::new(gold_clips, trainee_clips),
            frechet: Frechet::new(trainee_clips),
            step_similarity: Vec::with_capacity(steps.len() * trainee_clips),
            step_matches: Vec::with_capacity(steps.len()),
            gold_best: Vec::with_capacity(gold_clips),
            trainee_best: vec![f32::NEG_INFINITY; trainee_clips],
        })
    }

    pub(crate) fn push_row(&mut self, gold_clip: usize, costs: &[f32]) -> Result<(), DtwError> {
        let step = self.steps.get(self.step);
        let step = step.filter(|step| step.contains(&(gold_clip as u32)));
        vectorised(
            #[inline(always)]
            || self.look_at(costs, step.is_some()),
        );
        self.picture.push_row(gold_clip, &self.similarities);
        self.frechet.push_row(costs);
        match step {
            Some(step) => self.push_step_row(step, gold_clip, costs),
            None => Ok(()),
        }
    }

    #[inline(always)]
    fn look_at(&mut self, costs: &[f32], is_in_step: bool) {
        let cost = self.pair.cost;
        let mut greatest = f32::NEG_INFINITY;
        let similarities = self.similarities.iter_mut().zip(&mut self.trainee_best);
        for ((similarity, best), &value) in similarities.zip(costs) {
            *similarity = cost.similarity(value);
            *best = best.max(*similarity);
            greatest = greatest.max(*similarity);
        }
        self.gold_best.push(greatest);
        if is_in_step {
            for (sum, &similarity) in self.exponentials.iter_mut().zip(&self.similarities) {
                let below_one = (1.0 - similarity) / SOFT_MAXIMUM_TEMPERATURE;
                *sum += exp_negative(below_one.min(MAX_TEMPERATURES_BELOW_ONE));
            }
        }
    }

    pub(crate) fn finish(self) -> Evidence {
        Evidence {
            step_similarity: self.step_similarity,
            step_matches: self.step_matches,
            gold_best: self.gold_best,
            trainee_best: self.trainee_best,
            picture: self.picture.finish(),
            gold_self_similarity_quantiles: self.quantiles,
            discrete_frechet: self.frechet.distance(),
        }
    }

    fn push_step_row(
        &mut self,
        step: &Range<u32>,
        gold_clip: usize,
        costs: &[f32],
    ) -> Result<(), DtwError> {
        let mut warp = match self.warp.take() {
            Some(warp) => warp,
            None => Warp::new(step.len(), costs.len(), self.rules_of(step))?,
        };
        warp.push_row(costs);
        if gold_clip + 1 == step.end as usize {
            self.finish_step(step, &warp);
        } else {
            self.warp = Some(warp);
        }
        Ok(())
    }

    /// No path through a step costs more than the worst cost of every row.
    fn rules_of(&self, step: &Range<u32>) -> Rules {
        Rules {
            boundary: Boundary::OpenColumns,
            scale: Scale::new(
                step.len() as f64 * self.pair.greatest_cost(),
                step.len() + self.similarities.len(),
            ),
            engine: self.options.engine,
        }
    }

    fn finish_step(&mut self, step: &Range<u32>, warp: &Warp) {
        let clips = step.len() as f32;
        for sum in &mut self.exponentials {
            self.step_similarity
                .push(1.0 + SOFT_MAXIMUM_TEMPERATURE * (*sum / clips).ln());
            *sum = 0.0;
        }
        self.step_matches.push(self.match_along(step, &warp.path()));
        self.step += 1;
    }

    fn match_along(&self, step: &Range<u32>, path: &[(u32, u32)]) -> StepMatch {
        let usual =
            usual_similarity(&self.pair.gold, step, self.options).unwrap_or(self.quantiles[1]);
        let mut sum = 0.0;
        let mut best = vec![f32::NEG_INFINITY; step.len()];
        for &(row, column) in path {
            let gold = step.start as usize + row as usize;
            let similarity = self
                .pair
                .cost
                .similarity(self.pair.cost(gold, column as usize));
            sum += f64::from(similarity);
            best[row as usize] = best[row as usize].max(similarity);
        }
        let covered = best
            .iter()
            .filter(|&&similarity| similarity >= usual)
            .count();
        let (first, last) = (path[0].1, path[path.len() - 1].1);
        StepMatch {
            trainee: first..last + 1,
            similarity: (sum / path.len() as f64) as f32,
            coverage: covered as f32 / step.len() as f32,
        }
    }
}

/// exp(−x) for 0 ≤ x ≤ 80, to a relative 10⁻⁶; unlike the library's it
/// vectorises.
#[inline(always)]
fn exp_negative(x: f32) -> f32 {
    // exp(−x) = 2^(−k) · e^r with |r| ≤ ln(2)/2; e^r by its Taylor series.
    let k = (x * std::f32::consts::LOG2_E + 0.5).floor();
    let r = k * std::f32::consts::LN_2 - x;
    let series = 1.0
        + r * (1.0
            + r * (1.0 / 2.0 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r / 720.0)))));
    series * f32::from_bits(((127 - k as i32) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_negative_agrees_with_the_library() {
        for i in 0..=8000 {
            let x = i as f32 / 100.0;
            let exact = (-f64::from(x)).exp();
            let error = (f64::from(exp_negative(x)) - exact).abs() / exact;
            assert!(error < 1e-5, "exp(-{x}): relative error {error}");
        }
    }

    #[test]
    fn steps_are_checked() {
        assert!(check_steps(&[], 5).is_ok());
        assert!(check_steps(&[0..2, 2..3, 4..5], 5).is_ok());
        let bad: [&[Range<u32>]; 4] = [&[0..2, 1..3], &[0..1, 2..2], &[0..1, 3..6], &[3..4, 0..1]];
        for steps in bad {
            assert!(
                matches!(
                    check_steps(steps, 5),
                    Err(DtwError::BadStep { step: 1, .. })
                ),
                "{steps:?}"
            );
        }
    }
}
