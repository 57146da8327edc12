//! The discrete Fréchet distance of two sequences (Eiter & Mannila, Computing
//! Discrete Fréchet Distance, TR 94/64, TU Wien 1994): of all warping paths,
//! the least that the worst cell can cost.
//!
//! Eiter & Mannila measure between points; here it is the local cost. Both
//! costs are rising functions of a distance (cosine: √(2·cost) between rows of
//! unit length; squared Euclidean: √cost), and the least of the greatest does
//! not care about rising functions, so the same function of the result is the
//! Fréchet distance in that metric.

use crate::bands::for_each_cost_row;
use crate::error::DtwError;
use crate::features::FeaturePair;
use crate::matrix::MatrixView;
use crate::options::Options;

/// The discrete Fréchet distance of two whole sequences, in units of
/// [`Options::cost`]; from 0 to 2 for the cosine. Needs M numbers beside one
/// band of costs.
///
/// One clip that resembles nothing is enough to make it large: it measures the
/// worst moment, not the whole.
pub fn discrete_frechet(
    gold: &MatrixView<'_>,
    trainee: &MatrixView<'_>,
    options: &Options<'_>,
) -> Result<f32, DtwError> {
    let pair = FeaturePair::new(gold, trainee, options)?;
    let mut frechet = Frechet::new(trainee.rows());
    for_each_cost_row(&pair, options, |_, costs| {
        frechet.push_row(costs);
        Ok(())
    })?;
    Ok(frechet.distance())
}

/// The recurrence under way: rows of costs go in one after the other.
pub(crate) struct Frechet {
    /// The distance between the gold up to the row before and the trainee up
    /// to each column.
    reach: Vec<f32>,
    is_empty: bool,
}

impl Frechet {
    /// For rows of `columns` costs, at least one.
    pub(crate) fn new(columns: usize) -> Self {
        Self {
            reach: vec![f32::INFINITY; columns],
            is_empty: true,
        }
    }

    /// Enters the next row.
    pub(crate) fn push_row(&mut self, costs: &[f32]) {
        debug_assert_eq!(costs.len(), self.reach.len());
        // Only the first cell is entered from nowhere.
        let mut left = if self.is_empty { 0.0 } else { f32::INFINITY };
        let mut diagonal = f32::INFINITY;
        for (reach, &cost) in self.reach.iter_mut().zip(costs) {
            let above = *reach;
            left = cost.max(above.min(left).min(diagonal));
            diagonal = above;
            *reach = left;
        }
        self.is_empty = false;
    }

    /// Between the rows entered, at least one, and all columns.
    pub(crate) fn distance(&self) -> f32 {
        self.reach[self.reach.len() - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[f32]]) -> f32 {
        let mut frechet = Frechet::new(rows[0].len());
        for row in rows {
            frechet.push_row(row);
        }
        frechet.distance()
    }

    #[test]
    fn the_worst_cell_of_the_best_path_counts() {
        assert_eq!(of(&[&[0.3]]), 0.3);
        // A single row or column has one path.
        assert_eq!(of(&[&[0.1, 0.7, 0.2]]), 0.7);
        assert_eq!(of(&[&[0.7, 0.1, 0.2]]), 0.7);
        assert_eq!(of(&[&[0.1], &[0.7], &[0.2]]), 0.7);
        assert_eq!(
            of(&[&[0.0, 0.9, 0.9], &[0.9, 0.4, 0.9], &[0.9, 0.9, 0.1]]),
            0.4
        );
        // Around the middle, along the border.
        assert_eq!(
            of(&[&[0.0, 0.2, 0.9], &[0.9, 0.8, 0.3], &[0.9, 0.9, 0.1]]),
            0.3
        );
    }
}
