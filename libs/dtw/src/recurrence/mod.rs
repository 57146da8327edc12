//! The recurrence of dynamic time warping, one strip of rows after the other.
//!
//! Sakoe & Chiba (1978), symmetric with weights 1: moves (1,0), (0,1) and (1,1)
//! all cost what the cell they enter costs. Costs are rounded to whole numbers
//! (see [`Scale`]) and added as 32-bit integers, so that sums are exact and no
//! order of evaluation is better than another.
//!
//! A strip is 32 rows high. Its cells on one anti-diagonal depend only on the
//! two anti-diagonals before, which is what lets one instruction compute many
//! of them; two bits a cell, the direction the path came from, remain.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod sheared;

use crate::engine::Engine;

/// Rows of a strip.
pub(crate) const STRIP_ROWS: usize = 32;

/// Values that a row of costs has after its last column, and before its first one
/// but for row 0: what a vector reads beyond the ends. They are finite and not
/// negative.
pub(crate) const MARGIN: usize = 40;

/// The greatest sum. It stands for "so much or more": such a cell lies on no
/// path of least cost.
pub(crate) const CEILING: i32 = (1 << 30) - 1;

/// The greatest cost of a cell: with the greatest sum it just fits.
const HIGHEST_COST: i32 = 1 << 30;

/// How costs become whole numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    /// Whole numbers a unit of cost.
    pub(crate) factor: f32,
}

impl Scale {
    /// For paths of at most `cells` cells of which the cheapest costs at most
    /// `bound`. A cost is off by half a unit, 2⁻³¹ of the bound.
    pub(crate) fn new(bound: f64, cells: usize) -> Self {
        let room = f64::from(CEILING) - cells as f64 - 1.0;
        // Far from overflow where there is no cost at all.
        let factor = (room.max(1.0) / bound.max(1e-12)).min(1e18);
        Self {
            // Rounded towards zero, so that the bound itself fits.
            factor: (factor * (1.0 - f64::from(f32::EPSILON))) as f32,
        }
    }

    /// The whole number of a cost, as every engine rounds it: the nearest one,
    /// of two equally near the even one.
    pub(crate) fn whole(self, cost: f32) -> i32 {
        // In numbers around 1.5 · 2⁵² the last bit stands for 1, so that adding
        // rounds; there is no instruction for it on every machine.
        const ROUNDS: f64 = 6_755_399_441_055_744.0;
        // Infinity is the greatest cost: nobody passes there.
        let scaled = (cost * self.factor).min(HIGHEST_COST as f32);
        (f64::from(scaled) + ROUNDS).to_bits() as i32
    }
}

/// What a strip is computed from, and where its results go.
pub(crate) struct Strip<'a> {
    /// Costs; column 0 of row r lies at `first + r * stride`. Around rows lie
    /// finite values, not negative: those of the row before and after, or
    /// [`MARGIN`] others.
    pub(crate) costs: &'a [f32],
    pub(crate) first: usize,
    pub(crate) stride: usize,
    pub(crate) columns: usize,
    pub(crate) scale: Scale,
    /// Sums of the row above, with those before its first column in front:
    /// columns + 1 values.
    pub(crate) above: &'a [i32],
    /// Receives the sums of row `last_row`, as `above`.
    pub(crate) below: &'a mut [i32],
    pub(crate) last_row: usize,
    /// Receives directions: one word an anti-diagonal, [`words`] of them.
    pub(crate) directions: &'a mut [u64],
}

/// Anti-diagonals that are computed at once, at most.
const AT_ONCE: usize = 8;

/// Words of directions that a strip of so many columns has: whole groups, of
/// which the last words may be of no use.
pub(crate) const fn words(columns: usize) -> usize {
    (columns + STRIP_ROWS - 1).next_multiple_of(AT_ONCE)
}

/// Which way a path came into a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// (1,1)
    Diagonal,
    /// (1,0)
    Row,
    /// (0,1)
    Column,
}

/// Computes a strip. Answers whether the engine saw that all costs were finite
/// and not negative: if not, there may be others among them or within the
/// margins, or the engine does not look. With NaN and negative costs the results
/// mean nothing.
pub(crate) fn compute(engine: Engine, strip: &mut Strip<'_>) -> bool {
    let columns = strip.columns;
    assert!(engine.is_available());
    assert!(columns > 0 && strip.last_row < STRIP_ROWS);
    assert!(strip.stride >= columns);
    assert!(strip.first + (STRIP_ROWS - 1) * strip.stride + columns + MARGIN <= strip.costs.len());
    assert_eq!(strip.above.len(), columns + 1);
    assert_eq!(strip.below.len(), columns + 1);
    assert_eq!(strip.directions.len(), words(columns));
    match engine {
        Engine::Portable => portable::compute(strip),
        // SAFETY: the asserts above are what these functions ask for.
        #[cfg(target_arch = "x86_64")]
        Engine::Avx2 => unsafe { avx2::compute(strip) },
        #[cfg(target_arch = "x86_64")]
        Engine::Avx512 => unsafe { avx512::compute(strip) },
        // SAFETY: as above.
        #[cfg(target_arch = "aarch64")]
        Engine::Neon => unsafe { neon::compute(strip) },
    }
}

/// The direction into a cell of a strip that was computed by `engine`.
pub(crate) fn direction(
    engine: Engine,
    directions: &[u64],
    row: usize,
    column: usize,
) -> Direction {
    let bit = match engine {
        Engine::Portable => row,
        #[cfg(target_arch = "x86_64")]
        Engine::Avx2 => avx2::bit_of(row),
        #[cfg(target_arch = "x86_64")]
        Engine::Avx512 => avx512::bit_of(row),
        #[cfg(target_arch = "aarch64")]
        Engine::Neon => neon::bit_of(row),
    };
    let word = directions[column + row] >> bit;
    if word >> STRIP_ROWS & 1 == 1 {
        Direction::Column
    } else if word & 1 == 1 {
        Direction::Row
    } else {
        Direction::Diagonal
    }
}

#[cfg(test)]
mod tests;
