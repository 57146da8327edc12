//! What "similar" means in one video: its clips compared with each other.

use std::ops::Range;

use crate::error::DtwError;
use crate::evidence::check_steps;
use crate::features::Features;
use crate::matrix::MatrixView;
use crate::options::{Cost, Options};
use crate::product::row_products;
use crate::vectorised::vectorised;

/// The quantiles that describe self-similarity.
pub const SELF_SIMILARITY_QUANTILES: [f32; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Clips of a step that are compared with each other, at most: enough for a
/// median, and bounded for steps of any length.
const MAX_CLIPS_COMPARED: usize = 64;

/// All clips of one video against each other.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarityMatrix {
    clips: usize,
    values: Vec<f32>,
}

impl SimilarityMatrix {
    /// Rows and columns.
    pub fn clips(&self) -> usize {
        self.clips
    }

    /// Similarity of two clips. Panics outside the matrix.
    pub fn get(&self, a: usize, b: usize) -> f32 {
        self.row(a)[b]
    }

    /// Similarities of one clip with all others.
    pub fn row(&self, clip: usize) -> &[f32] {
        &self.values[clip * self.clips..(clip + 1) * self.clips]
    }
}

/// Compares all clips of a gold with each other. Holds all N × N values: keep
/// N to a few thousand, for example by taking every k-th clip.
pub fn self_similarity(
    gold: &MatrixView<'_>,
    options: &Options<'_>,
) -> Result<SimilarityMatrix, DtwError> {
    options.check_cancelled()?;
    let features = Features::of_gold(gold, options)?;
    let clips = gold.rows();
    let mut values = vec![0.0; clips * clips];
    match options.cost {
        Cost::Cosine => {
            let rows = features.scaled();
            row_products(
                &rows,
                &rows,
                features.dim,
                &mut values,
                clips,
                options.threads,
            );
            for value in &mut values {
                *value = value.min(1.0);
            }
        }
        Cost::SquaredEuclidean => {
            for a in 0..clips {
                for b in 0..clips {
                    values[a * clips + b] = features.similarity(options.cost, a, b);
                }
            }
        }
    }
    Ok(SimilarityMatrix { clips, values })
}

/// Similarity of neighbouring clips that share no frame
/// ([`Options::non_overlapping_lag`] apart), as
/// [`SELF_SIMILARITY_QUANTILES`]; ascending.
///
/// Only pairs within one of `steps` count. If there are none (no steps, or
/// only short ones), all such pairs of the video count; if the video is too
/// short for any, every quantile is 1.
pub fn neighbour_quantiles(
    gold: &MatrixView<'_>,
    steps: &[Range<u32>],
    options: &Options<'_>,
) -> Result<[f32; 5], DtwError> {
    check_steps(steps, gold.rows())?;
    let features = Features::of_gold(gold, options)?;
    Ok(quantiles_of(&features, steps, options))
}

pub(crate) fn quantiles_of(
    features: &Features<'_>,
    steps: &[Range<u32>],
    options: &Options<'_>,
) -> [f32; 5] {
    let lag = options.lag();
    let within = |range: Range<usize>| {
        let last = range.end.saturating_sub(lag);
        (range.start..last.max(range.start))
            .map(|clip| features.similarity(options.cost, clip, clip + lag))
    };
    let mut similarities: Vec<f32> = Vec::new();
    vectorised(
        #[inline(always)]
        || {
            for step in steps {
                similarities.extend(within(step.start as usize..step.end as usize));
            }
            if similarities.is_empty() {
                similarities.extend(within(0..features.rows));
            }
        },
    );
    similarities.sort_by(f32::total_cmp);
    SELF_SIMILARITY_QUANTILES.map(|q| quantile(&similarities, q).unwrap_or(1.0))
}

/// How similar the clips of one step usually are to each other: the median
/// over its pairs that share no frame. `None` if there is no such pair.
pub(crate) fn usual_similarity(
    features: &Features<'_>,
    step: &Range<u32>,
    options: &Options<'_>,
) -> Option<f32> {
    let clips: Vec<usize> = evenly(step, MAX_CLIPS_COMPARED);
    let mut similarities: Vec<f32> = Vec::new();
    vectorised(
        #[inline(always)]
        || {
            for (place, &a) in clips.iter().enumerate() {
                for &b in &clips[place + 1..] {
                    if b - a >= options.lag() {
                        similarities.push(features.similarity(options.cost, a, b));
                    }
                }
            }
        },
    );
    similarities.sort_by(f32::total_cmp);
    quantile(&similarities, 0.5)
}

fn evenly(range: &Range<u32>, at_most: usize) -> Vec<usize> {
    let (start, len) = (range.start as usize, range.len());
    let taken = len.min(at_most);
    (0..taken)
        .map(|place| start + place * len / taken)
        .collect()
}

/// Linear between the two nearest ranks; `None` of nothing.
fn quantile(sorted: &[f32], q: f32) -> Option<f32> {
    let last = sorted.len().checked_sub(1)?;
    let at = q * last as f32;
    let below = at.floor() as usize;
    let above = (below + 1).min(last);
    Some(sorted[below] + (sorted[above] - sorted[below]) * (at - below as f32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Side;

    /// Two steps of three equal clips, orthogonal to each other.
    const TWO_STEPS: [f32; 12] = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0];

    fn gold() -> MatrixView<'static> {
        MatrixView::new(Side::Gold, 6, 2, &TWO_STEPS).unwrap()
    }

    #[test]
    fn neighbours_across_a_boundary_do_not_count() {
        let lag_one = Options {
            non_overlapping_lag: 1,
            ..Options::default()
        };
        let within = neighbour_quantiles(&gold(), &[0..3, 3..6], &lag_one).unwrap();
        assert_eq!(within, [1.0; 5]);
        let across = neighbour_quantiles(&gold(), &[], &lag_one).unwrap();
        assert!(across[0] < 0.5 && across[4] == 1.0, "{across:?}");
    }

    #[test]
    fn steps_too_short_for_a_pair_fall_back_to_the_whole_video() {
        let lag_three = Options {
            non_overlapping_lag: 3,
            ..Options::default()
        };
        assert_eq!(
            neighbour_quantiles(&gold(), &[0..3, 3..6], &lag_three).unwrap(),
            [0.0; 5]
        );
        let lag_ten = Options {
            non_overlapping_lag: 10,
            ..Options::default()
        };
        assert_eq!(
            neighbour_quantiles(&gold(), &[0..3, 3..6], &lag_ten).unwrap(),
            [1.0; 5]
        );
    }

    #[test]
    fn the_matrix_is_symmetric_with_a_diagonal_of_one() {
        for cost in [Cost::Cosine, Cost::SquaredEuclidean] {
            let matrix = self_similarity(
                &gold(),
                &Options {
                    cost,
                    ..Options::default()
                },
            )
            .unwrap();
            assert_eq!(matrix.clips(), 6);
            for a in 0..6 {
                for b in 0..6 {
                    assert_eq!(matrix.get(a, b), if a / 3 == b / 3 { 1.0 } else { 0.0 });
                }
            }
        }
    }

    #[test]
    fn usual_similarity_needs_a_pair_without_common_frames() {
        let options = Options::default();
        let features = Features::of_gold(&gold(), &options).unwrap();
        assert_eq!(usual_similarity(&features, &(0..3), &options), Some(1.0));
        assert_eq!(usual_similarity(&features, &(0..2), &options), None);
        assert_eq!(evenly(&(10..210), 64).len(), 64);
    }

    #[test]
    fn quantiles_are_interpolated() {
        assert_eq!(quantile(&[0.0, 1.0, 2.0], 0.25), Some(0.5));
        assert_eq!(quantile(&[7.0], 0.95), Some(7.0));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
