//! The value of soft-DTW (Cuturi & Blondel 2017, arXiv 1703.01541): dynamic
//! time warping with a soft minimum, −γ·ln Σ exp(−x/γ), which sees all paths.

use crate::bands::for_each_cost_row;
use crate::error::DtwError;
use crate::features::FeaturePair;
use crate::matrix::MatrixView;
use crate::options::Options;

/// The soft-DTW value of two sequences, in units of [`Options::cost`]; it may be
/// negative. For γ → 0 it approaches the total of [`crate::align()`]; it never
/// exceeds that by more than rounding. `gamma` is greater than 0 and finite.
///
/// Sums are in 64 bits; needs M numbers beside one band of costs.
pub fn soft_dtw(
    gold: &MatrixView<'_>,
    trainee: &MatrixView<'_>,
    gamma: f64,
    options: &Options<'_>,
) -> Result<f64, DtwError> {
    if !(gamma > 0.0 && gamma.is_finite()) {
        return Err(DtwError::BadGamma { gamma });
    }
    let pair = FeaturePair::new(gold, trainee, options)?;
    // Place 0 is what lies before the first column.
    let mut sums = vec![f64::INFINITY; trainee.rows() + 1];
    sums[0] = 0.0;
    for_each_cost_row(&pair, options, |_, costs| {
        let mut diagonal = sums[0];
        sums[0] = f64::INFINITY;
        let mut left = f64::INFINITY;
        for (sum, &cost) in sums[1..].iter_mut().zip(costs) {
            left = f64::from(cost) + soft_minimum([diagonal, *sum, left], gamma);
            diagonal = *sum;
            *sum = left;
        }
        Ok(())
    })?;
    Ok(sums[trainee.rows()])
}

/// Less the least first, so that nothing overflows.
fn soft_minimum(values: [f64; 3], gamma: f64) -> f64 {
    let least = values.into_iter().fold(f64::INFINITY, f64::min);
    let sum: f64 = values
        .iter()
        .map(|value| ((least - value) / gamma).exp())
        .sum();
    least - gamma * sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Side;
    use crate::{Cost, align};

    /// −γ ln Σ exp(−cost/γ) over every path, one by one.
    fn over_all_paths(costs: &[Vec<f64>], i: usize, j: usize, so_far: f64, gamma: f64) -> f64 {
        let here = so_far + costs[i][j];
        let (last_i, last_j) = (costs.len() - 1, costs[0].len() - 1);
        if (i, j) == (last_i, last_j) {
            return (-here / gamma).exp();
        }
        let mut sum = 0.0;
        for (di, dj) in [(1, 1), (1, 0), (0, 1)] {
            if i + di <= last_i && j + dj <= last_j {
                sum += over_all_paths(costs, i + di, j + dj, here, gamma);
            }
        }
        sum
    }

    #[test]
    fn it_is_the_soft_minimum_over_all_paths() {
        let (gold, trainee) = ([0.0, 1.0, 3.0, 2.5, 0.5], [0.2, 0.9, 2.0, 2.8]);
        let a = MatrixView::new(Side::Gold, 5, 1, &gold).unwrap();
        let b = MatrixView::new(Side::Trainee, 4, 1, &trainee).unwrap();
        let options = Options {
            cost: Cost::SquaredEuclidean,
            ..Options::default()
        };
        let square = |x: f32, y: f32| f64::from(x - y).powi(2);
        let costs: Vec<Vec<f64>> = (gold.iter())
            .map(|&x| trainee.iter().map(|&y| square(x, y)).collect())
            .collect();
        for gamma in [0.1, 1.0, 10.0] {
            let expected = -gamma * over_all_paths(&costs, 0, 0, 0.0, gamma).ln();
            let found = soft_dtw(&a, &b, gamma, &options).unwrap();
            assert!(
                (found - expected).abs() < 1e-5,
                "{gamma}: {found}, {expected}"
            );
        }
        let hard = align(&a, &b, &options).unwrap().total;
        let found = soft_dtw(&a, &b, 1e-6, &options).unwrap();
        assert!((found - hard).abs() < 1e-5, "{found}, {hard}");
    }

    #[test]
    fn gamma_is_positive() {
        let a = MatrixView::new(Side::Gold, 1, 1, &[1.0]).unwrap();
        for gamma in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = soft_dtw(&a, &a, gamma, &Options::default()).unwrap_err();
            assert!(matches!(error, DtwError::BadGamma { .. }), "{error}");
        }
    }
}
