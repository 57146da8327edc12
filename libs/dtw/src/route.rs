//! The path of least cost through a whole matrix of costs, in bounded memory.

use crate::bands::{CostBand, for_each_cost_band};
use crate::error::DtwError;
use crate::features::FeaturePair;
use crate::options::{Options, Pruning};
use crate::product::PANEL;
use crate::prune::{may_help, pruned_path};
use crate::recurrence::{STRIP_ROWS, Scale, words};
use crate::vectorised::vectorised;
use crate::warp::{Boundary, Rules, Warp, WayBack};

/// How to warp a pair.
pub(crate) fn rules(pair: &FeaturePair<'_>, boundary: Boundary, options: &Options<'_>) -> Rules {
    let cells = pair.gold.rows + pair.trainee.rows;
    Rules {
        boundary,
        scale: Scale::new(bound(pair), cells),
        engine: options.engine,
    }
}

/// What the cheapest path costs at most: as much as one that goes straight from
/// the first pair of clips to the last.
fn bound(pair: &FeaturePair<'_>) -> f64 {
    let (rows, columns) = (pair.gold.rows, pair.trainee.rows);
    let cost = |(row, column)| f64::from(pair.rough_cost(row, column));
    let total: f64 = vectorised(
        #[inline(always)]
        || straight_path(rows, columns).map(cost).sum(),
    );
    let cells = rows.max(columns) as f64;
    total * (1.0 + 1e-3) + 1e-5 * cells * pair.greatest_cost()
}

/// The cells of the path that goes straight from the first to the last.
pub(crate) fn straight_path(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    let cells = rows.max(columns);
    (0..cells).map(move |cell| (cell * rows / cells, cell * columns / cells))
}

/// The path of least cost. Ties are broken as [`Warp::path`] says.
///
/// Where the directions would take more than [`Options::path_bytes`], one pass
/// keeps sums at the border of every block of strips; from the last block back,
/// directions are then computed again, as far to the right as the path goes.
pub(crate) fn best_path(
    pair: &FeaturePair<'_>,
    boundary: Boundary,
    options: &Options<'_>,
    band_rows: usize,
) -> Result<Vec<(u32, u32)>, DtwError> {
    let (rows, columns) = (pair.gold.rows, pair.trainee.rows);
    let rules = rules(pair, boundary, options);
    if let (Some(radius), Boundary::Closed) = (options.band_radius, boundary) {
        return path_in_band(pair, radius as usize, rules, options);
    }
    if options.pruning == Pruning::Automatic
        && may_help(pair)
        && let Some(path) = pruned_path(pair, rules, options)?
    {
        return Ok(path);
    }
    let block = block_rows(columns, options.path_bytes);
    if rows <= block {
        let mut warp = Warp::new(rows, columns, rules)?;
        for_each_cost_band(pair, 0..rows, columns, band_rows, options, |_, band| {
            warp.push_band(band);
            Ok(())
        })?;
        return Ok(warp.path());
    }
    let mut above = Warp::before_the_first_row(columns, rules);
    let mut borders = Vec::with_capacity(rows.div_ceil(block));
    for first in (0..rows).step_by(block) {
        let block = first..rows.min(first + block);
        borders.push(above.clone());
        let mut warp = Warp::without_directions(block.len(), above, rules);
        for_each_cost_band(pair, block, columns, band_rows, options, |_, band| {
            warp.push_band(band);
            Ok(())
        })?;
        above = warp.into_sums();
    }
    let mut back = WayBack::from_end(boundary, rows, &above);
    for (number, mut border) in borders.into_iter().enumerate().rev() {
        let Some((last, column)) = back.cell() else {
            break;
        };
        let first = number * block;
        border.truncate(column + 2);
        let mut warp = Warp::resumed(last + 1 - first, border, rules)?;
        let block = first..last + 1;
        for_each_cost_band(pair, block, column + 1, band_rows, options, |_, band| {
            warp.push_band(band);
            Ok(())
        })?;
        back.follow(&warp, first);
    }
    Ok(back.path())
}

/// The path of least cost of those that stay within `radius` columns of the
/// straight way.
fn path_in_band(
    pair: &FeaturePair<'_>,
    radius: usize,
    rules: Rules,
    options: &Options<'_>,
) -> Result<Vec<(u32, u32)>, DtwError> {
    let (rows, columns) = (pair.gold.rows, pair.trainee.rows);
    // The straight way has a cell in every row and every column.
    let allowed = |row: usize| {
        let first = (row * columns / rows).saturating_sub(radius);
        first
            ..((row + 1) * columns)
                .div_ceil(rows)
                .saturating_add(radius)
                .min(columns)
    };
    let mut warp = Warp::new(rows, columns, rules)?;
    for first in (0..rows).step_by(STRIP_ROWS) {
        options.check_cancelled()?;
        let strip = first..rows.min(first + STRIP_ROWS);
        let start = allowed(strip.start).start / PANEL * PANEL;
        let window = start..allowed(strip.end - 1).end;
        let mut band = CostBand::empty(window.len());
        band.fill(pair, strip.clone(), window.start, options.threads);
        for (offset, row) in strip.enumerate() {
            let (allowed, costs) = (allowed(row), band.row_mut(offset));
            costs[..allowed.start - window.start].fill(f32::INFINITY);
            costs[allowed.end - window.start..].fill(f32::INFINITY);
        }
        warp.push_window(&band, window.start);
    }
    Ok(warp.path())
}

/// Rows whose directions fit: whole strips, one at least.
fn block_rows(columns: usize, bytes: usize) -> usize {
    let strips = bytes / (words(columns) * size_of::<u64>());
    strips.max(1).saturating_mul(STRIP_ROWS)
}
