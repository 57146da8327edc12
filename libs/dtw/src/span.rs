//! A few directions that hold most of what a sequence shows.

use crate::features::{Features, dot, rough_dot};
use crate::product::PANEL;
use crate::vectorised::vectorised;

/// Directions at most; with the length of the rest they make 48 dimensions.
const MOST_DIRECTIONS: usize = 47;

/// Rows that are looked at to say how much of a sequence lies in a span.
const SAMPLE: usize = 64;

/// Squared lengths are known to this much of themselves.
const ROUNDING: f32 = 4e-6;

/// The span of a few orthonormal directions.
pub(crate) struct Span {
    dim: usize,
    /// Directions × dim, row-major.
    directions: Vec<f32>,
}

impl Span {
    /// The span of the means of equal stretches of a sequence. Where neighbours
    /// are alike these come close to its principal directions, at a fraction of
    /// their price.
    pub(crate) fn of(features: &Features<'_>) -> Self {
        vectorised(
            #[inline(always)]
            || Self::of_rows(features),
        )
    }

    #[inline(always)]
    fn of_rows(features: &Features<'_>) -> Self {
        let (rows, dim) = (features.rows, features.dim);
        let count = MOST_DIRECTIONS.min(rows).min(dim);
        let mut basis: Vec<Vec<f32>> = Vec::with_capacity(count);
        for stretch in 0..count {
            let mut mean = vec![0.0_f32; dim];
            for row in stretch * rows / count..(stretch + 1) * rows / count {
                let (row, scale) = features.row_and_scale(row);
                (mean.iter_mut().zip(row)).for_each(|(sum, &value)| *sum += value * scale);
            }
            let length = dot(&mean, &mean).sqrt();
            // Twice, as once leaves rounding where little remains.
            for _ in 0..2 {
                for direction in &basis {
                    let along = dot(&mean, direction) as f32;
                    (mean.iter_mut().zip(direction)).for_each(|(v, &d)| *v -= along * d);
                }
            }
            let rest = dot(&mean, &mean).sqrt();
            if rest > 1e-3 * length {
                let scale = rest.recip() as f32;
                for value in &mut mean {
                    *value *= scale;
                }
                basis.push(mean);
            }
        }
        Self {
            dim,
            directions: basis.concat(),
        }
    }

    fn count(&self) -> usize {
        self.directions.len() / self.dim
    }

    /// What share of the squared lengths of a sequence lies in the span, by a
    /// sample of its rows.
    pub(crate) fn energy_share(&self, features: &Features<'_>) -> f32 {
        let count = features.rows.min(SAMPLE);
        let (mut inside, mut all) = (0.0, 0.0);
        vectorised(
            #[inline(always)]
            || {
                for place in 0..count {
                    let row = place * features.rows / count;
                    all += features.rough_product(row, features, row);
                    let (row, scale) = features.row_and_scale(row);
                    for direction in self.directions.chunks_exact(self.dim) {
                        inside += (scale * rough_dot(row, direction)).powi(2);
                    }
                }
            },
        );
        if all > 0.0 { inside / all } else { 0.0 }
    }

    /// Coordinates of every row in the span, and last the length of what is left
    /// of it: products of such rows are at least those of the rows themselves.
    pub(crate) fn project(&self, features: &Features<'_>, threads: usize) -> Features<'static> {
        let rest = self.count();
        // Whole panels; what is not used stays 0.
        let dim = (rest + 1).next_multiple_of(PANEL);
        let mut data = vec![0.0; features.rows * dim];
        if rest > 0 {
            let directions = features.with_data(self.dim, self.directions.clone());
            let rows = 0..features.rows;
            features.products(rows, &directions, 0..rest, &mut data, dim, threads);
        }
        vectorised(
            #[inline(always)]
            || {
                for (index, row) in data.chunks_exact_mut(dim).enumerate() {
                    let squared = features.rough_product(index, features, index);
                    let coordinates = &row[..rest];
                    let inside = rough_dot(coordinates, coordinates);
                    row[rest] = ((squared - inside).max(0.0) + ROUNDING * squared).sqrt();
                }
            },
        );
        features.with_data(dim, data)
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::{MatrixView, Options, Side};

    #[test]
    fn projections_bound_products_from_above() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for (rows, dim) in [(3, 2), (60, 20), (120, 200)] {
            let noise: Vec<f32> = (0..rows * dim)
                .map(|_| rng.random_range(-1.0..1.0))
                .collect();
            let view = MatrixView::new(Side::Gold, rows, dim, &noise).unwrap();
            let features = Features::of_gold(&view, &Options::default()).unwrap();
            let span = Span::of(&features);
            let share = span.energy_share(&features);
            assert!((0.0..=1.001).contains(&share), "{share}");
            let projected = span.project(&features, 1);
            for a in 0..rows {
                for b in 0..rows {
                    let exact = features.rough_product(a, &features, b);
                    let bound = projected.rough_product(a, &projected, b);
                    assert!(bound >= exact - 1e-6, "{rows} × {dim}: {bound} < {exact}");
                }
            }
        }
    }
}
