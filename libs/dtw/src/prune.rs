//! Exact pruning: most costs are only bounded, not computed.
//!
//! Let the rows of an orthonormal basis span most of what the clips of the gold
//! hold. Of two clips a and b, with parts p and q in that span and lengths r
//! and s of what is left of them, a·b ≤ p·q + r s (Cauchy–Schwarz), and every
//! cost is bounded from below by products of a few dozen dimensions. The same
//! warping over these bounds, once from the start and once from the end, says
//! what a path must cost at least that passes a strip of rows in a given
//! column; the exact cost of the path that is cheapest over the bounds says
//! what the cheapest may cost at most. Costs are then computed only where the
//! two leave room. Every path of least cost lies there, so the one that is
//! found is the same, ties included.
//!
//! What it gains depends on the videos: consecutive clips of real ones are much
//! alike and leave little outside a small span; of unrelated rows nothing can
//! be pruned.

use std::ops::Range;

use crate::bands::{CostBand, band_rows, for_each_cost_band};
use crate::error::DtwError;
use crate::features::FeaturePair;
use crate::options::Options;
use crate::product::PANEL;
use crate::recurrence::{CEILING, STRIP_ROWS};
use crate::span::Span;
use crate::vectorised::vectorised;
use crate::warp::{Boundary, Rules, Warp};

/// Fewer cells are computed faster than they are bounded.
const FEWEST_CELLS: usize = 400 * 400;

/// Of fewer dimensions a product costs little more than its bound.
const FEWEST_DIMENSIONS: usize = 256;

/// If less than this share of the clips' energy lies in the span, bounds are
/// too weak to be worth their time.
const LEAST_ENERGY: f32 = 0.7;

/// With a larger share of the cells left, the way through the whole matrix is
/// as short.
const MOST_LEFT: f64 = 0.5;

/// Whether a pair is large enough for pruning to be tried.
pub(crate) fn may_help(pair: &FeaturePair<'_>) -> bool {
    pair.gold.rows * pair.trainee.rows >= FEWEST_CELLS && pair.gold.dim >= FEWEST_DIMENSIONS
}

/// The path of least cost from the first pair of clips to the last, or `None`
/// where pruning does not help.
pub(crate) fn pruned_path(
    pair: &FeaturePair<'_>,
    rules: Rules,
    options: &Options<'_>,
) -> Result<Option<Vec<(u32, u32)>>, DtwError> {
    let (rows, columns) = (pair.gold.rows, pair.trainee.rows);
    // Directions of all cells and sums above every strip: a quarter and an
    // eighth of a byte a cell.
    let is_too_large = rows.saturating_mul(columns) / 2 > options.path_bytes;
    if rules.boundary != Boundary::Closed || is_too_large {
        return Ok(None);
    }
    let span = Span::of(&pair.gold);
    if span
        .energy_share(&pair.gold)
        .min(span.energy_share(&pair.trainee))
        < LEAST_ENERGY
    {
        return Ok(None);
    }
    let bounds = FeaturePair {
        gold: span.project(&pair.gold, options.threads),
        trainee: span.project(&pair.trainee, options.threads),
        cost: pair.cost,
    };
    let from_start = FromStart::warp(&bounds, rules, options)?;
    let most = Most::along(&from_start.path, pair, rules);
    let Some(windows) = windows(&bounds, &from_start, most, rules, options)? else {
        return Ok(None);
    };
    let left: usize = windows.iter().map(Range::len).sum();
    if left as f64 > MOST_LEFT * (windows.len() * columns) as f64 {
        return Ok(None);
    }
    let mut warp = Warp::new(rows, columns, rules)?;
    for (strip, window) in windows.into_iter().enumerate() {
        options.check_cancelled()?;
        let first = strip * STRIP_ROWS;
        let gold = first..rows.min(first + STRIP_ROWS);
        let mut band = CostBand::empty(window.len());
        band.fill(pair, gold, window.start, options.threads);
        warp.push_window(&band, window.start);
    }
    Ok(Some(warp.path()))
}

/// The most that a path may cost that is to be found, in whole numbers.
#[derive(Debug, Clone, Copy)]
struct Most(i64);

impl Most {
    /// What `path` costs exactly, and the rounding of bounds and costs: sums of
    /// D products in 32 bits are off by √D · 2⁻²⁴ of the rows' lengths, times a
    /// factor that random rounding does not reach (Higham & Mary 2019).
    fn along(path: &[(u32, u32)], pair: &FeaturePair<'_>, rules: Rules) -> Self {
        let cost =
            |&(row, column): &(u32, u32)| f64::from(pair.rough_cost(row as usize, column as usize));
        let total: f64 = vectorised(
            #[inline(always)]
            || path.iter().map(cost).sum(),
        );
        let unit = 32.0 * (pair.gold.dim as f64).sqrt() * f64::from(f32::EPSILON) / 2.0;
        let longest = (pair.gold.rows + pair.trainee.rows) as f64;
        let rounding = longest * unit * pair.greatest_cost() / 2.0;
        let whole = (total + 2.0 * rounding) * f64::from(rules.scale.factor);
        Self(whole as i64 + 2 * longest as i64)
    }
}

/// The warping over the bounds, from the start.
struct FromStart {
    /// Sums above each strip.
    borders: Vec<Vec<i32>>,
    /// What any path costs at least within each strip: it has a cell in every
    /// row.
    floors: Vec<i32>,
    path: Vec<(u32, u32)>,
}

impl FromStart {
    fn warp(
        bounds: &FeaturePair<'_>,
        rules: Rules,
        options: &Options<'_>,
    ) -> Result<Self, DtwError> {
        let (rows, columns) = (bounds.gold.rows, bounds.trainee.rows);
        let mut warp = Warp::new(rows, columns, rules)?;
        let (mut borders, mut floors) = (Vec::new(), Vec::new());
        for_each_cost_band(
            bounds,
            0..rows,
            columns,
            band_rows(columns),
            options,
            |_, band| {
                for first in (0..band.rows()).step_by(STRIP_ROWS) {
                    borders.push(warp.sums().to_vec());
                    let strip = first..band.rows().min(first + STRIP_ROWS);
                    let least: i64 = vectorised(
                        #[inline(always)]
                        || {
                            strip
                                .map(|row| i64::from(rules.scale.whole(least(band.row(row)))))
                                .sum()
                        },
                    );
                    floors.push(least.min(i64::from(CEILING)) as i32);
                    warp.push_strip(band, first);
                }
                Ok(())
            },
        )?;
        Ok(Self {
            borders,
            floors,
            path: warp.path(),
        })
    }
}

/// Sixteen running minima, so that the compiler may use vector registers.
#[inline(always)]
fn least(values: &[f32]) -> f32 {
    let smaller = |a: f32, b: f32| if b < a { b } else { a };
    let (chunks, rest) = values.as_chunks::<16>();
    let mut lanes = [f32::INFINITY; 16];
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = smaller(*lane, value);
        }
    }
    lanes
        .iter()
        .chain(rest)
        .copied()
        .fold(f32::INFINITY, smaller)
}

/// For each strip the columns in which a path may pass it that costs no more
/// than `most`.
fn windows(
    bounds: &FeaturePair<'_>,
    from_start: &FromStart,
    most: Most,
    rules: Rules,
    options: &Options<'_>,
) -> Result<Option<Vec<Range<usize>>>, DtwError> {
    let (rows, columns) = (bounds.gold.rows, bounds.trainee.rows);
    let backwards = FeaturePair {
        gold: bounds.gold.reversed(),
        trainee: bounds.trainee.reversed(),
        cost: bounds.cost,
    };
    let mut windows = vec![0..0; from_start.floors.len()];
    let mut below = Warp::before_the_first_row(columns, rules);
    let mut band = CostBand::empty(columns);
    // The last strip may be a low one: it is the first here.
    let mut first = 0;
    for strip in (0..windows.len()).rev() {
        let height = rows - first - strip * STRIP_ROWS;
        let Some(window) = window(
            &from_start.borders[strip],
            &below,
            most.0 - i64::from(from_start.floors[strip]),
        ) else {
            return Ok(None);
        };
        windows[strip] = window;
        if strip > 0 {
            let mut warp = Warp::without_directions(height, below, rules);
            options.check_cancelled()?;
            band.fill(&backwards, first..first + height, 0, options.threads);
            warp.push_strip(&band, 0);
            below = warp.into_sums();
        }
        first += height;
    }
    Ok(Some(windows))
}

/// Columns c for which a path may come from above in a column up to c, and go
/// on below in a column from c, for at most `most`; whole panels. `above`: sums by column,
/// first that before column 0; `below`: the same from the last column back.
fn window(above: &[i32], below: &[i32], most: i64) -> Option<Range<usize>> {
    let columns = above.len() - 1;
    let mut least = CEILING;
    let mut least_below = vec![CEILING; columns];
    // Place k of `below` stands for column `columns` − k.
    for column in (0..columns).rev() {
        let here = below[columns - column];
        least = least.min(here);
        if column == columns - 1 {
            least = least.min(below[0]);
        }
        least_below[column] = least;
    }
    let mut least_above = above[0];
    let mut window: Option<Range<usize>> = None;
    let whole_panels = |window: Range<usize>| {
        window.start / PANEL * PANEL..window.end.next_multiple_of(PANEL).min(columns)
    };
    for column in 0..columns {
        least_above = least_above.min(above[column + 1]);
        if i64::from(least_above) + i64::from(least_below[column]) <= most {
            window = Some(window.map_or(column, |window| window.start)..column + 1);
        }
    }
    window.map(whole_panels)
}
