//! Rows made ready for comparison: normalised, and centred where asked.

use std::borrow::Cow;
use std::ops::Range;
#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;

use crate::error::DtwError;
use crate::matrix::MatrixView;
use crate::options::{Centring, Cost, Options};
use crate::product::row_products;
#[cfg(target_arch = "x86_64")]
use crate::product::{Panels, Rows};
use crate::vectorised::vectorised;

/// Below this fraction of its length a centred row is rounding noise.
const COLLAPSED: f64 = 1e-4;

/// Squared lengths above this may overflow in |a|² + |b|² − 2ab.
const MAX_SQUARED_LENGTH: f64 = (f32::MAX / 8.0) as f64;

/// One side, ready for the matrix product.
pub(crate) struct Features<'a> {
    pub(crate) rows: usize,
    pub(crate) dim: usize,
    /// Rows, still to be multiplied by their scales: where nothing else is done
    /// to them, they need not be copied.
    data: Cow<'a, [f32]>,
    scales: Vec<f32>,
    /// |row|² for the squared Euclidean cost, else empty.
    squared_lengths: Vec<f32>,
    #[cfg(target_arch = "x86_64")]
    panels: OnceLock<Panels>,
}

/// Two sides that may be compared.
pub(crate) struct FeaturePair<'a> {
    pub(crate) gold: Features<'a>,
    pub(crate) trainee: Features<'a>,
    pub(crate) cost: Cost,
}

impl<'a> FeaturePair<'a> {
    pub(crate) fn new(
        gold: &MatrixView<'a>,
        trainee: &MatrixView<'a>,
        options: &Options<'_>,
    ) -> Result<Self, DtwError> {
        if gold.dim() != trainee.dim() {
            return Err(DtwError::DimensionMismatch {
                gold: gold.dim(),
                trainee: trainee.dim(),
            });
        }
        let preparation = Preparation::of_gold(gold, options)?;
        Ok(Self {
            gold: preparation.apply(gold)?,
            trainee: match options.centring {
                Centring::OnEach => preparation.on_its_own_mean(trainee)?.apply(trainee)?,
                Centring::OnGold | Centring::None => preparation.apply(trainee)?,
            },
            cost: options.cost,
        })
    }

    /// The cost of one pair of clips, with sums in 64 bits.
    #[inline(always)]
    pub(crate) fn cost(&self, gold: usize, trainee: usize) -> f32 {
        let (a, b) = (self.gold.unscaled(gold), self.trainee.unscaled(trainee));
        match self.cost {
            Cost::Cosine => {
                let scale = self.gold.scale(gold) * self.trainee.scale(trainee);
                (1.0 - dot(a, b) * scale).max(0.0) as f32
            }
            // Its rows have no scale.
            Cost::SquaredEuclidean => squared_distance(a, b) as f32,
        }
    }

    /// The same in 32 bits.
    #[inline(always)]
    pub(crate) fn rough_cost(&self, gold: usize, trainee: usize) -> f32 {
        let product = self.gold.rough_product(gold, &self.trainee, trainee);
        match self.cost {
            Cost::Cosine => (1.0 - product).max(0.0),
            Cost::SquaredEuclidean => {
                let own = self.gold.squared_lengths[gold] + self.trainee.squared_lengths[trainee];
                (own - 2.0 * product).max(0.0)
            }
        }
    }

    /// No cost is greater.
    pub(crate) fn greatest_cost(&self) -> f64 {
        match self.cost {
            Cost::Cosine => 2.0 + 1e-3,
            Cost::SquaredEuclidean => {
                let longest = |side: &Features<'_>| {
                    let squared = side.squared_lengths.iter().copied().fold(0.0, f32::max);
                    f64::from(squared).sqrt()
                };
                (longest(&self.gold) + longest(&self.trainee)).powi(2) * (1.0 + 1e-3)
            }
        }
    }

    /// Turns the products of gold row `gold` with trainee rows into costs.
    #[inline(always)]
    pub(crate) fn products_to_costs(
        &self,
        gold: usize,
        trainee: Range<usize>,
        products: &mut [f32],
    ) {
        match self.cost {
            // Rounding may exceed 1 by an ulp; a negative cost would make the
            // path prefer detours.
            Cost::Cosine => products
                .iter_mut()
                .for_each(|value| *value = (1.0 - *value).max(0.0)),
            Cost::SquaredEuclidean => {
                let own = self.gold.squared_lengths[gold];
                let others = &self.trainee.squared_lengths[trainee];
                for (value, &other) in products.iter_mut().zip(others) {
                    *value = (own + other - 2.0 * *value).max(0.0);
                }
            }
        }
    }
}

impl<'a> Features<'a> {
    /// One side compared with itself.
    pub(crate) fn of_gold(gold: &MatrixView<'a>, options: &Options<'_>) -> Result<Self, DtwError> {
        Preparation::of_gold(gold, options)?.apply(gold)
    }

    fn unscaled(&self, index: usize) -> &[f32] {
        &self.data[index * self.dim..(index + 1) * self.dim]
    }

    fn scale(&self, index: usize) -> f64 {
        f64::from(self.scales[index])
    }

    /// A row, to be multiplied by its scale.
    pub(crate) fn row_and_scale(&self, index: usize) -> (&[f32], f32) {
        (self.unscaled(index), self.scales[index])
    }

    /// The product of two rows, with sums in 32 bits.
    #[inline(always)]
    pub(crate) fn rough_product(&self, index: usize, other: &Self, of_other: usize) -> f32 {
        let (a, b) = (self.unscaled(index), other.unscaled(of_other));
        if self.is_owned() && other.is_owned() {
            return rough_dot(a, b);
        }
        // Rows of any length: their product might not fit.
        let (scale_a, scale_b) = (self.scales[index], other.scales[of_other]);
        rough_scaled_dot(a, scale_a, b, scale_b)
    }

    fn is_owned(&self) -> bool {
        matches!(self.data, Cow::Owned(_))
    }

    /// Rows as they are compared.
    pub(crate) fn scaled(&self) -> Cow<'_, [f32]> {
        if self.is_owned() {
            return Cow::Borrowed(&self.data);
        }
        let rows = self.data.chunks_exact(self.dim).zip(&self.scales);
        let scaled = rows.flat_map(|(row, &scale)| row.iter().map(move |value| value * scale));
        Cow::Owned(scaled.collect())
    }

    /// Products of some rows with rows of another sequence from a whole panel on,
    /// into rows that are `stride` apart, at least as wide as whole panels. What
    /// is written beyond the last row is 0.
    pub(crate) fn products(
        &self,
        rows: Range<usize>,
        other: &Features<'_>,
        right: Range<usize>,
        out: &mut [f32],
        stride: usize,
        threads: usize,
    ) {
        let dim = self.dim;
        #[cfg(target_arch = "x86_64")]
        if let Some(panels) = other.panels() {
            let left = Rows {
                values: &self.data[rows.start * dim..rows.end * dim],
                scales: &self.scales[rows],
            };
            panels.products(left, right, out, stride, threads);
            return;
        }
        let (left, all_right) = (self.scaled(), other.scaled());
        let left = &left[rows.start * dim..rows.end * dim];
        let right = &all_right[right.start * dim..right.end * dim];
        row_products(left, right, dim, out, stride, threads);
    }

    /// Rows that are compared as they are.
    fn new(rows: usize, dim: usize, data: Vec<f32>, squared_lengths: Vec<f32>) -> Self {
        Self {
            rows,
            dim,
            data: Cow::Owned(data),
            scales: vec![1.0; rows],
            squared_lengths,
            #[cfg(target_arch = "x86_64")]
            panels: OnceLock::new(),
        }
    }

    /// The rows as the kernel wants the right side of a product, if this
    /// processor can run it.
    #[cfg(target_arch = "x86_64")]
    fn panels(&self) -> Option<&Panels> {
        Panels::are_supported()
            .then(|| (self.panels).get_or_init(|| Panels::new(self.as_rows(), self.dim)))
    }

    #[cfg(target_arch = "x86_64")]
    fn as_rows(&self) -> Rows<'_> {
        Rows {
            values: &self.data,
            scales: &self.scales,
        }
    }

    /// The same rows from the last to the first.
    pub(crate) fn reversed(&self) -> Features<'static> {
        let data = self.scaled();
        let rows = data.chunks_exact(self.dim).rev();
        let squared_lengths = self.squared_lengths.iter().rev().copied().collect();
        let data = rows.flatten().copied().collect();
        Features::new(self.rows, self.dim, data, squared_lengths)
    }

    /// The same rows in other coordinates.
    pub(crate) fn with_data(&self, dim: usize, data: Vec<f32>) -> Features<'static> {
        Features::new(data.len() / dim, dim, data, self.squared_lengths.clone())
    }

    /// Similarity of two rows of this side.
    #[inline(always)]
    pub(crate) fn similarity(&self, cost: Cost, a: usize, b: usize) -> f32 {
        let scale = self.scale(a) * self.scale(b);
        let (a, b) = (self.unscaled(a), self.unscaled(b));
        match cost {
            Cost::Cosine => (dot(a, b) * scale).min(1.0) as f32,
            // Its rows have no scale.
            Cost::SquaredEuclidean => cost.similarity(squared_distance(a, b) as f32),
        }
    }
}

/// What is done to every row, fixed by the gold; with [`Centring::OnEach`] by
/// each side for itself.
struct Preparation {
    cost: Cost,
    /// Subtracted from every row.
    mean: Option<Vec<f64>>,
    /// Rows are scaled to unit length after the mean is subtracted.
    renormalise: bool,
}

impl Preparation {
    fn of_gold(gold: &MatrixView<'_>, options: &Options<'_>) -> Result<Self, DtwError> {
        let cost = options.cost;
        // Distances do not change when both sides move, but |a|² + |b|² − 2ab
        // cancels far less around the origin.
        let centred = options.centring != Centring::None;
        let moves = centred || cost == Cost::SquaredEuclidean;
        let mut preparation = Self {
            cost,
            mean: None,
            renormalise: false,
        };
        if !moves {
            return Ok(preparation);
        }
        preparation.mean = Some(preparation.mean_of(gold)?);
        preparation.renormalise = centred;
        if centred && preparation.collapses_everywhere(gold)? {
            preparation.renormalise = false;
            if cost == Cost::Cosine {
                preparation.mean = None;
            }
        }
        Ok(preparation)
    }

    /// The same for the other side, less its own mean, unless that leaves
    /// nothing of it, or nothing was left of the gold.
    fn on_its_own_mean(self, matrix: &MatrixView<'_>) -> Result<Self, DtwError> {
        if !self.renormalise {
            return Ok(self);
        }
        let own = Self {
            mean: Some(self.mean_of(matrix)?),
            ..self
        };
        if own.collapses_everywhere(matrix)? {
            Ok(self)
        } else {
            Ok(own)
        }
    }

    fn mean_of(&self, matrix: &MatrixView<'_>) -> Result<Vec<f64>, DtwError> {
        vectorised(
            #[inline(always)]
            || self.mean_of_rows(matrix),
        )
    }

    #[inline(always)]
    fn mean_of_rows(&self, matrix: &MatrixView<'_>) -> Result<Vec<f64>, DtwError> {
        let mut mean = vec![0.0; matrix.dim()];
        for (index, row) in matrix.iter_rows().enumerate() {
            let scale = self.scale_before(matrix, index, row)?;
            mean.iter_mut()
                .zip(row)
                .for_each(|(sum, &value)| *sum += f64::from(value) * scale);
        }
        for sum in &mut mean {
            *sum /= matrix.rows() as f64;
        }
        Ok(mean)
    }

    fn collapses_everywhere(&self, gold: &MatrixView<'_>) -> Result<bool, DtwError> {
        let mut moved = vec![0.0; gold.dim()];
        for (index, row) in gold.iter_rows().enumerate() {
            if self.shift(gold, index, row, &mut moved)?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn apply<'a>(&self, matrix: &MatrixView<'a>) -> Result<Features<'a>, DtwError> {
        vectorised(
            #[inline(always)]
            || match self.scales_alone(matrix)? {
                Some(scales) => Ok(Features {
                    data: Cow::Borrowed(matrix.data()),
                    scales,
                    ..Features::new(matrix.rows(), matrix.dim(), Vec::new(), Vec::new())
                }),
                None => self.apply_to_rows(matrix),
            },
        )
    }

    /// The scales of rows to which nothing else is done, if the kernel can
    /// multiply by them on its way.
    #[inline(always)]
    fn scales_alone(&self, matrix: &MatrixView<'_>) -> Result<Option<Vec<f32>>, DtwError> {
        if self.mean.is_some() || !kernel_scales() {
            return Ok(None);
        }
        let mut scales = Vec::with_capacity(matrix.rows());
        for (index, row) in matrix.iter_rows().enumerate() {
            let scale = self.scale_before(matrix, index, row)? as f32;
            if !scale.is_normal() {
                return Ok(None);
            }
            scales.push(scale);
        }
        Ok(Some(scales))
    }

    #[inline(always)]
    fn apply_to_rows(&self, matrix: &MatrixView<'_>) -> Result<Features<'static>, DtwError> {
        let mut data = Vec::with_capacity(matrix.rows() * matrix.dim());
        let mut squared_lengths = Vec::new();
        let mut moved = vec![0.0; matrix.dim()];
        for (index, row) in matrix.iter_rows().enumerate() {
            if self.mean.is_none() {
                let scale = self.scale_before(matrix, index, row)?;
                data.extend(row.iter().map(|&value| (f64::from(value) * scale) as f32));
                continue;
            }
            let length = self.shift(matrix, index, row, &mut moved)?;
            let scale = match (self.renormalise, length) {
                (false, _) => 1.0,
                (true, Some(length)) => length.recip(),
                (true, None) => 0.0,
            };
            data.extend(moved.iter().map(|value| (value * scale) as f32));
            if self.cost == Cost::SquaredEuclidean {
                let squared_length = moved
                    .iter()
                    .map(|value| (value * scale).powi(2))
                    .sum::<f64>();
                if squared_length > MAX_SQUARED_LENGTH {
                    return Err(DtwError::RowTooLong {
                        side: matrix.side(),
                        row: index,
                        squared_length,
                    });
                }
                squared_lengths.push(squared_length as f32);
            }
        }
        Ok(Features::new(
            matrix.rows(),
            matrix.dim(),
            data,
            squared_lengths,
        ))
    }

    /// Writes the row, scaled and minus the mean, to `moved`; returns its
    /// length, or `None` if nothing but rounding is left of it.
    #[inline(always)]
    fn shift(
        &self,
        matrix: &MatrixView<'_>,
        index: usize,
        row: &[f32],
        moved: &mut [f64],
    ) -> Result<Option<f64>, DtwError> {
        let scale = self.scale_before(matrix, index, row)?;
        moved
            .iter_mut()
            .zip(row)
            .for_each(|(out, &value)| *out = f64::from(value) * scale);
        let before = length(moved);
        if let Some(mean) = &self.mean {
            moved
                .iter_mut()
                .zip(mean)
                .for_each(|(out, mean)| *out -= mean);
        }
        let after = length(moved);
        Ok((after > COLLAPSED * before).then_some(after))
    }

    /// Unit length for the cosine; other rows stay as they are.
    #[inline(always)]
    fn scale_before(
        &self,
        matrix: &MatrixView<'_>,
        index: usize,
        row: &[f32],
    ) -> Result<f64, DtwError> {
        if self.cost == Cost::SquaredEuclidean {
            return Ok(1.0);
        }
        let length = dot(row, row).sqrt();
        if length > 0.0 {
            Ok(length.recip())
        } else {
            Err(DtwError::ZeroRow {
                side: matrix.side(),
                row: index,
            })
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn kernel_scales() -> bool {
    Panels::are_supported()
}

#[cfg(not(target_arch = "x86_64"))]
fn kernel_scales() -> bool {
    false
}

/// Eight running sums, so that the compiler may use vector registers.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    let (chunks_a, rest_a) = a.as_chunks::<8>();
    let (chunks_b, rest_b) = b.as_chunks::<8>();
    let mut sums = [0.0_f64; 8];
    for (a, b) in chunks_a.iter().zip(chunks_b) {
        for lane in 0..8 {
            sums[lane] += f64::from(a[lane]) * f64::from(b[lane]);
        }
    }
    let rest: f64 = rest_a
        .iter()
        .zip(rest_b)
        .map(|(&a, &b)| f64::from(a) * f64::from(b))
        .sum();
    sums.iter().sum::<f64>() + rest
}

/// The same in 32 bits.
#[inline(always)]
pub(crate) fn rough_dot(a: &[f32], b: &[f32]) -> f32 {
    // Multiplying by 1 is exact, and nothing once it is inlined.
    rough_scaled_dot(a, 1.0, b, 1.0)
}

/// The same for rows that are still to be scaled.
#[inline(always)]
fn rough_scaled_dot(a: &[f32], scale_a: f32, b: &[f32], scale_b: f32) -> f32 {
    let (chunks_a, rest_a) = a.as_chunks::<32>();
    let (chunks_b, rest_b) = b.as_chunks::<32>();
    let mut sums = [0.0_f32; 32];
    for (a, b) in chunks_a.iter().zip(chunks_b) {
        for lane in 0..32 {
            sums[lane] += (a[lane] * scale_a) * (b[lane] * scale_b);
        }
    }
    let rest = rest_a.iter().zip(rest_b);
    let rest: f32 = rest.map(|(&a, &b)| (a * scale_a) * (b * scale_b)).sum();
    sums.iter().sum::<f32>() + rest
}

#[inline(always)]
fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    let differences = a.iter().zip(b).map(|(&a, &b)| f64::from(a) - f64::from(b));
    differences.map(|difference| difference.powi(2)).sum()
}

#[inline(always)]
fn length(values: &[f64]) -> f64 {
    let (chunks, rest) = values.as_chunks::<8>();
    let mut sums = [0.0_f64; 8];
    for chunk in chunks {
        for lane in 0..8 {
            sums[lane] += chunk[lane] * chunk[lane];
        }
    }
    let rest: f64 = rest.iter().map(|value| value * value).sum();
    (sums.iter().sum::<f64>() + rest).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::error::Side;
    use crate::options::Pruning;

    fn view(side: Side, dim: usize, data: &[f32]) -> MatrixView<'_> {
        MatrixView::new(side, data.len() / dim, dim, data).unwrap()
    }

    const CENTRED: Options<'static> = Options {
        cost: Cost::Cosine,
        centring: Centring::OnGold,
        non_overlapping_lag: 1,
        threads: 1,
        engine: Engine::Portable,
        band_radius: None,
        pruning: Pruning::Off,
        path_bytes: usize::MAX,
        cancel: None,
    };

    #[test]
    fn centring_removes_what_all_clips_share() {
        // Nearly parallel rows that differ by sign once the mean is gone.
        let gold = view(Side::Gold, 2, &[1.0, 0.1, 1.0, -0.1]);
        let trainee = view(Side::Trainee, 2, &[2.0, 0.2]);
        let pair = FeaturePair::new(&gold, &trainee, &CENTRED).unwrap();
        assert!(pair.cost(0, 0) < 1e-6);
        assert!((pair.cost(1, 0) - 2.0).abs() < 1e-6);
    }

    #[test]
    fn what_differs_throughout_does_not_count_when_each_is_centred() {
        let gold = view(Side::Gold, 3, &[1.0, 0.1, 0.0, 1.0, -0.1, 0.0]);
        // The same work before another background.
        let trainee = view(Side::Trainee, 3, &[1.0, 0.1, 0.4, 1.0, -0.1, 0.4]);
        let each = Options {
            centring: Centring::OnEach,
            ..CENTRED
        };
        let pair = FeaturePair::new(&gold, &trainee, &each).unwrap();
        assert!(pair.cost(0, 0) < 1e-6 && pair.cost(1, 1) < 1e-6);
        assert!(pair.cost(0, 1) > 1.99);
        assert!(
            FeaturePair::new(&gold, &trainee, &CENTRED)
                .unwrap()
                .cost(1, 1)
                > 0.5
        );
        // Of one clip nothing would be left: it is compared as with the gold's mean.
        let one = view(Side::Trainee, 3, &[1.0, 0.1, 0.0]);
        let pair = FeaturePair::new(&gold, &one, &each).unwrap();
        assert!(pair.cost(0, 0) < 1e-6);
    }

    #[test]
    fn a_row_equal_to_the_mean_is_unlike_everything_and_never_nan() {
        let gold = view(Side::Gold, 2, &[1.0, 0.1, 1.0, -0.1]);
        let trainee = view(Side::Trainee, 2, &[1.0, 0.0]);
        let pair = FeaturePair::new(&gold, &trainee, &CENTRED).unwrap();
        // Not collapsed: unit rows average to a shorter vector, the trainee
        // row sticks out of it.
        assert!(pair.cost(0, 0).is_finite());
        let gold = view(Side::Gold, 1, &[1.0, 1.0, -1.0, -1.0]);
        let euclid = Options {
            cost: Cost::SquaredEuclidean,
            ..CENTRED
        };
        let trainee = view(Side::Trainee, 1, &[0.0, 2.0]);
        let pair = FeaturePair::new(&gold, &trainee, &euclid).unwrap();
        assert_eq!(pair.trainee.row_and_scale(0), (&[0.0][..], 1.0));
        assert_eq!(pair.cost(0, 0), 1.0);
        assert_eq!(pair.cost(0, 1), 0.0);
    }

    #[test]
    fn a_gold_without_variation_is_not_centred() {
        let gold = view(Side::Gold, 2, &[1.0, 1.0, 2.0, 2.0]);
        let trainee = view(Side::Trainee, 2, &[3.0, 3.0, 1.0, -1.0]);
        let pair = FeaturePair::new(&gold, &trainee, &CENTRED).unwrap();
        assert!(pair.cost(0, 0) < 1e-6);
        assert!((pair.cost(0, 1) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn names_zero_and_overlong_rows() {
        let gold = view(Side::Gold, 2, &[1.0, 0.0]);
        let zero = view(Side::Trainee, 2, &[1.0, 0.0, 0.0, 0.0]);
        let error = FeaturePair::new(&gold, &zero, &Options::default()).err();
        assert_eq!(
            error,
            Some(DtwError::ZeroRow {
                side: Side::Trainee,
                row: 1
            })
        );
        let euclid = Options {
            cost: Cost::SquaredEuclidean,
            ..Options::default()
        };
        assert!(FeaturePair::new(&gold, &zero, &euclid).is_ok());
        let long = view(Side::Trainee, 2, &[1e30, 0.0]);
        let error = FeaturePair::new(&gold, &long, &euclid).err();
        assert!(matches!(
            error,
            Some(DtwError::RowTooLong {
                side: Side::Trainee,
                row: 0,
                ..
            })
        ));
        let other = view(Side::Trainee, 1, &[1.0]);
        let error = FeaturePair::new(&gold, &other, &euclid).err();
        assert_eq!(
            error,
            Some(DtwError::DimensionMismatch {
                gold: 2,
                trainee: 1
            })
        );
    }
}
