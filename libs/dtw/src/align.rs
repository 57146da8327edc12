//! Warping paths between two sequences.

use std::ops::Range;

use crate::bands::{band_rows, for_each_cost_band};
use crate::error::DtwError;
use crate::evidence::{Evidence, EvidenceBuilder};
use crate::features::FeaturePair;
use crate::matrix::MatrixView;
use crate::options::Options;
use crate::route::{best_path, rules};
use crate::vectorised::vectorised;
use crate::warp::{Boundary, Warp};

/// A warping path of least cost through N gold clips and M trainee clips.
///
/// Costs are products of 32-bit numbers, summed in 64 bits: evaluated exactly,
/// the path costs at most a relative 10⁻⁵ plus 10⁻⁶ a cell (times the largest
/// squared length of a row, for the squared Euclidean cost) more than the
/// optimum. Among paths of equal cost, the one is taken that is found from the
/// end backwards preferring (1,1), then (1,0), then (0,1).
#[derive(Debug, Clone, PartialEq)]
pub struct Alignment {
    /// N.
    pub gold_clips: u32,
    /// M.
    pub trainee_clips: u32,
    /// Cells (gold clip, trainee clip) from (0, 0) to (N−1, M−1); each exceeds
    /// the one before by (1,0), (0,1) or (1,1).
    pub path: Vec<(u32, u32)>,
    /// Local cost of each cell of the path, never negative.
    pub path_costs: Vec<f32>,
    /// Sum of `path_costs`.
    pub total: f64,
}

/// Where a short sequence lies best inside a long one.
#[derive(Debug, Clone, PartialEq)]
pub struct SubsequenceMatch {
    /// The clips of the sequence that are matched; not empty.
    pub sequence: Range<u32>,
    /// Cells (query clip, sequence clip): all of the query, moves as in
    /// [`Alignment::path`].
    pub path: Vec<(u32, u32)>,
    /// Local cost of each cell of the path.
    pub path_costs: Vec<f32>,
    /// Sum of `path_costs`.
    pub total: f64,
}

/// Aligns two whole sequences.
pub fn align(
    gold: &MatrixView<'_>,
    trainee: &MatrixView<'_>,
    options: &Options<'_>,
) -> Result<Alignment, DtwError> {
    align_in_bands(gold, trainee, options, band_rows(trainee.rows()))
}

/// As [`align`], and gathers the evidence for scoring in the same pass.
/// `steps`: the gold clips of each step; non-empty, ascending, not overlapping;
/// clips between steps are allowed, and so are no steps at all.
pub fn align_with_evidence(
    gold: &MatrixView<'_>,
    trainee: &MatrixView<'_>,
    steps: &[Range<u32>],
    options: &Options<'_>,
) -> Result<(Alignment, Evidence), DtwError> {
    let pair = FeaturePair::new(gold, trainee, options)?;
    let mut evidence = EvidenceBuilder::new(&pair, steps, options)?;
    let mut warp = Warp::new(
        gold.rows(),
        trainee.rows(),
        rules(&pair, Boundary::Closed, options),
    )?;
    for_each_cost_band(
        &pair,
        0..gold.rows(),
        trainee.rows(),
        band_rows(trainee.rows()),
        options,
        |first, band| {
            warp.push_band(band);
            (0..band.rows()).try_for_each(|row| evidence.push_row(first + row, band.row(row)))
        },
    )?;
    Ok((alignment(&pair, warp.path()), evidence.finish()))
}

/// Finds the stretch of `sequence` that all of `query` matches best; both
/// ends of the stretch are free. Ties: the first of the cheapest ends, then
/// as in [`Alignment`].
///
/// `query` takes the place of the gold in `options` (centring).
pub fn align_subsequence(
    query: &MatrixView<'_>,
    sequence: &MatrixView<'_>,
    options: &Options<'_>,
) -> Result<SubsequenceMatch, DtwError> {
    let pair = FeaturePair::new(query, sequence, options)?;
    let path = best_path(
        &pair,
        Boundary::OpenColumns,
        options,
        band_rows(sequence.rows()),
    )?;
    let (first, last) = (path[0].1, path[path.len() - 1].1);
    let (path_costs, total) = costs_along(&pair, &path);
    Ok(SubsequenceMatch {
        sequence: first..last + 1,
        path,
        path_costs,
        total,
    })
}

pub(crate) fn align_in_bands(
    gold: &MatrixView<'_>,
    trainee: &MatrixView<'_>,
    options: &Options<'_>,
    band_rows: usize,
) -> Result<Alignment, DtwError> {
    let pair = FeaturePair::new(gold, trainee, options)?;
    let path = best_path(&pair, Boundary::Closed, options, band_rows)?;
    Ok(alignment(&pair, path))
}

fn alignment(pair: &FeaturePair<'_>, path: Vec<(u32, u32)>) -> Alignment {
    let (path_costs, total) = costs_along(pair, &path);
    Alignment {
        gold_clips: pair.gold.rows as u32,
        trainee_clips: pair.trainee.rows as u32,
        path,
        path_costs,
        total,
    }
}

/// Evaluated again with sums in 64 bits: there are few cells on a path.
fn costs_along(pair: &FeaturePair<'_>, path: &[(u32, u32)]) -> (Vec<f32>, f64) {
    let cost = |&(row, column): &(u32, u32)| pair.cost(row as usize, column as usize);
    let costs: Vec<f32> = vectorised(
        #[inline(always)]
        || path.iter().map(cost).collect(),
    );
    let total = costs.iter().map(|&cost| f64::from(cost)).sum();
    (costs, total)
}
