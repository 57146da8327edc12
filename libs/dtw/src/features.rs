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
        let raw_gold = Raw::new(gold, options.cost)?;
        let raw_trainee = Raw::new(trainee, options.cost)?;
        let preparation = Preparation::of_gold(&raw_gold, options);
        Ok(Self {
            gold: preparation.apply(&raw_gold)?,
            trainee: match options.centring {
                Centring::OnEach => preparation.on_its_own_mean(&raw_trainee),
                Centring::OnGold | Centring::None => preparation,
            }
            .apply(&raw_trainee)?,
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
        let gold = Raw::new(gold, options.cost)?;
        Preparation::of_gold(&gold, options).apply(&gold)
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

/// One side before anything is done to it.
struct Raw<'m, 'a> {
    matrix: &'m MatrixView<'a>,
    /// What brings each row to unit length, for the cosine; other rows stay as
    /// they are.
    scales: Vec<f64>,
}

impl<'m, 'a> Raw<'m, 'a> {
    fn new(matrix: &'m MatrixView<'a>, cost: Cost) -> Result<Self, DtwError> {
        let scales = match cost {
            Cost::Cosine => vectorised(
                #[inline(always)]
                || {
                    let lengths = matrix.iter_rows().map(|row| dot(row, row).sqrt());
                    lengths.map(f64::recip).collect()
                },
            ),
            Cost::SquaredEuclidean => vec![1.0; matrix.rows()],
        };
        match scales.iter().position(|scale| !scale.is_finite()) {
            Some(row) => Err(DtwError::ZeroRow {
                side: matrix.side(),
                row,
            }),
            None => Ok(Self { matrix, scales }),
        }
    }

    fn rows(&self) -> impl Iterator<Item = (&'a [f32], f64)> {
        self.matrix.iter_rows().zip(self.scales.iter().copied())
    }

    fn mean(&self) -> Vec<f64> {
        vectorised(
            #[inline(always)]
            || {
                let mut mean = vec![0.0; self.matrix.dim()];
                for (row, scale) in self.rows() {
                    (mean.iter_mut().zip(row))
                        .for_each(|(sum, &value)| *sum += f64::from(value) * scale);
                }
                for sum in &mut mean {
                    *sum /= self.matrix.rows() as f64;
                }
                mean
            },
        )
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
    fn of_gold(gold: &Raw<'_, '_>, options: &Options<'_>) -> Self {
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
        if moves {
            let mean = gold.mean();
            preparation.renormalise = centred && !collapses_everywhere(gold, &mean, cost);
            if preparation.renormalise || cost == Cost::SquaredEuclidean {
                preparation.mean = Some(mean);
            }
        }
        preparation
    }

    /// The same for the other side, less its own mean, unless that leaves
    /// nothing of it, or nothing was left of the gold.
    fn on_its_own_mean(self, side: &Raw<'_, '_>) -> Self {
        if !self.renormalise {
            return self;
        }
        let mean = side.mean();
        if collapses_everywhere(side, &mean, self.cost) {
            return self;
        }
        Self {
            mean: Some(mean),
            ..self
        }
    }

    fn apply<'a>(&self, side: &Raw<'_, 'a>) -> Result<Features<'a>, DtwError> {
        let matrix = side.matrix;
        let Some(mean) = &self.mean else {
            return Ok(scaled_alone(side));
        };
        let (data, squared_lengths) = vectorised(
            #[inline(always)]
            || self.less_mean(side, mean),
        )?;
        Ok(Features::new(
            matrix.rows(),
            matrix.dim(),
            data,
            squared_lengths,
        ))
    }

    /// Rows less the mean, and their squared lengths where the cost needs them.
    #[inline(always)]
    fn less_mean(
        &self,
        side: &Raw<'_, '_>,
        mean: &[f64],
    ) -> Result<(Vec<f32>, Vec<f32>), DtwError> {
        let matrix = side.matrix;
        let mut data = Vec::with_capacity(matrix.rows() * matrix.dim());
        let mut squared_lengths = Vec::new();
        let mut moved = vec![0.0; matrix.dim()];
        for (index, (row, scale)) in side.rows().enumerate() {
            let length = shift(row, scale, mean, self.cost, &mut moved);
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
        Ok((data, squared_lengths))
    }
}

/// Rows to which nothing is done but to scale them: by the kernel on its way, if
/// it can.
fn scaled_alone<'a>(side: &Raw<'_, 'a>) -> Features<'a> {
    let (rows, dim) = (side.matrix.rows(), side.matrix.dim());
    let scales: Vec<f32> = side.scales.iter().map(|&scale| scale as f32).collect();
    if kernel_scales() && scales.iter().all(|scale| scale.is_normal()) {
        return Features {
            data: Cow::Borrowed(side.matrix.data()),
            scales,
            ..Features::new(rows, dim, Vec::new(), Vec::new())
        };
    }
    let mut data = Vec::with_capacity(rows * dim);
    vectorised(
        #[inline(always)]
        || {
            for (row, scale) in side.rows() {
                data.extend(row.iter().map(|&value| (f64::from(value) * scale) as f32));
            }
        },
    );
    Features::new(rows, dim, data, Vec::new())
}

/// Whether nothing but rounding is left of any row less the mean.
fn collapses_everywhere(side: &Raw<'_, '_>, mean: &[f64], cost: Cost) -> bool {
    let mut moved = vec![0.0; mean.len()];
    side.rows()
        .all(|(row, scale)| shift(row, scale, mean, cost, &mut moved).is_none())
}

/// Writes the row, scaled and minus the mean, to `moved`; returns its length, or
/// `None` if nothing but rounding is left of it.
#[inline(always)]
fn shift(row: &[f32], scale: f64, mean: &[f64], cost: Cost, moved: &mut [f64]) -> Option<f64> {
    (moved.iter_mut().zip(row).zip(mean))
        .for_each(|((out, &value), mean)| *out = f64::from(value) * scale - mean);
    let before = match cost {
        // That is what the scale is for.
        Cost::Cosine => 1.0,
        Cost::SquaredEuclidean => dot(row, row).sqrt(),
    };
    let after = length(moved);
    (after > COLLAPSED * before).then_some(after)
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
