//! A warping under way, and the way back through it.

use std::ops::Range;

use crate::bands::CostBand;
use crate::engine::Engine;
use crate::error::{DtwError, room_for};
use crate::recurrence::{CEILING, Direction, STRIP_ROWS, Scale, Strip, compute, direction, words};

/// Where a path may start and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Boundary {
    /// From the first row and column to the last ones.
    Closed,
    /// All rows, any stretch of columns.
    OpenColumns,
}

/// What a warping is computed with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) boundary: Boundary,
    pub(crate) scale: Scale,
    pub(crate) engine: Engine,
}

/// A warping under way: rows of costs go in one after the other, so what comes
/// out cannot depend on how they were grouped when computed.
pub(crate) struct Warp {
    rules: Rules,
    rows: usize,
    rows_done: usize,
    /// Sums of the last row of the strip before; first those before column 0.
    above: Vec<i32>,
    below: Vec<i32>,
    /// Of every strip, one after the other, unless they are not kept.
    directions: Vec<u64>,
    keeps_directions: bool,
    strips: Vec<StripPlace>,
    /// Rows that do not fill a strip yet.
    pending: CostBand,
}

/// Where the directions of a strip lie.
#[derive(Debug, Clone, Copy)]
struct StripPlace {
    first_column: usize,
    columns: usize,
    /// Of its first word.
    start: usize,
}

impl Warp {
    /// For `rows` rows of `columns` costs, both at least 1.
    pub(crate) fn new(rows: usize, columns: usize, rules: Rules) -> Result<Self, DtwError> {
        Self::resumed(rows, Self::before_the_first_row(columns, rules), rules)
    }

    /// What lies above the first row: where a path may start.
    pub(crate) fn before_the_first_row(columns: usize, rules: Rules) -> Vec<i32> {
        let elsewhere = match rules.boundary {
            Boundary::Closed => CEILING,
            Boundary::OpenColumns => 0,
        };
        let mut above = vec![elsewhere; columns + 1];
        above[0] = 0;
        above
    }

    /// For `rows` more rows below a row of sums.
    pub(crate) fn resumed(rows: usize, above: Vec<i32>, rules: Rules) -> Result<Self, DtwError> {
        let columns = above.len() - 1;
        let count = rows.div_ceil(STRIP_ROWS).saturating_mul(words(columns));
        Ok(Self {
            directions: room_for(count, rows, columns)?,
            keeps_directions: true,
            ..Self::without_directions(rows, above, rules)
        })
    }

    /// The same for the sums alone: there is no way back.
    pub(crate) fn without_directions(rows: usize, above: Vec<i32>, rules: Rules) -> Self {
        let columns = above.len() - 1;
        Self {
            rules,
            rows,
            rows_done: 0,
            below: vec![CEILING; columns + 1],
            above,
            directions: Vec::new(),
            keeps_directions: false,
            strips: Vec::new(),
            pending: CostBand::empty(columns),
        }
    }

    /// Enters the next row.
    pub(crate) fn push_row(&mut self, costs: &[f32]) {
        self.pending.push_row(costs);
        let pending = self.pending.rows();
        if pending == STRIP_ROWS || self.rows_done + pending == self.rows {
            let mut band = std::mem::replace(&mut self.pending, CostBand::empty(0));
            self.strip(&band, 0, 0);
            band.clear();
            self.pending = band;
        }
    }

    /// Enters the next rows: all of a band.
    pub(crate) fn push_band(&mut self, band: &CostBand) {
        let mut row = 0;
        while row < band.rows() {
            let is_whole =
                row + STRIP_ROWS <= band.rows() || self.rows_done + band.rows() - row == self.rows;
            if is_whole && self.pending.rows() == 0 && band.has_room_for_strip(row) {
                row += self.strip(band, row, 0);
            } else {
                self.push_row(band.row(row));
                row += 1;
            }
        }
    }

    /// Enters the strip that begins in a row of a band.
    pub(crate) fn push_strip(&mut self, band: &CostBand, row: usize) {
        debug_assert!(self.pending.rows() == 0);
        self.strip(band, row, 0);
    }

    /// Sums of the last row entered; first what lies before column 0.
    pub(crate) fn sums(&self) -> &[i32] {
        &self.above
    }

    /// The same, when nothing more is to come.
    pub(crate) fn into_sums(self) -> Vec<i32> {
        self.above
    }

    /// Enters the next strip, of which only the columns from `first_column` may
    /// be passed that the band has.
    pub(crate) fn push_window(&mut self, band: &CostBand, first_column: usize) {
        debug_assert!(self.pending.rows() == 0 && band.rows() <= STRIP_ROWS);
        self.strip(band, 0, first_column);
    }

    /// Enters a strip of rows that follow each other without a gap among `values`,
    /// the first from `first`; around the strip are values enough for margins.
    /// Answers as [`compute`].
    pub(crate) fn push_whole_strip(&mut self, values: &[f32], first: usize) -> bool {
        debug_assert!(self.pending.rows() == 0);
        let columns = self.above.len() - 1;
        self.enter(values, first, columns, STRIP_ROWS, 0..columns)
    }

    fn strip(&mut self, band: &CostBand, row: usize, first_column: usize) -> usize {
        let rows = (band.rows() - row).min(STRIP_ROWS);
        let columns = first_column..first_column + band.columns();
        self.enter(
            band.values(),
            band.start_of(row),
            band.stride(),
            rows,
            columns,
        );
        rows
    }

    /// The next strip of so many rows; only `columns` may be passed. Answers as
    /// [`compute`].
    fn enter(
        &mut self,
        costs: &[f32],
        first: usize,
        stride: usize,
        rows: usize,
        columns: Range<usize>,
    ) -> bool {
        let start = if self.keeps_directions {
            self.directions.len()
        } else {
            0
        };
        self.directions.resize(start + words(columns.len()), 0);
        self.strips.push(StripPlace {
            first_column: columns.start,
            columns: columns.len(),
            start,
        });
        // Sums of column c lie at c + 1.
        let sums = columns.start..columns.end + 1;
        self.below[..sums.start].fill(CEILING);
        self.below[sums.end..].fill(CEILING);
        let saw_only_costs = compute(
            self.rules.engine,
            &mut Strip {
                costs,
                first,
                stride,
                columns: columns.len(),
                scale: self.rules.scale,
                above: &self.above[sums.clone()],
                below: &mut self.below[sums],
                last_row: rows - 1,
                directions: &mut self.directions[start..],
            },
        );
        std::mem::swap(&mut self.above, &mut self.below);
        self.rows_done += rows;
        saw_only_costs
    }

    /// The path of least cost through all rows.
    ///
    /// Ties are broken on the way back from the end: the diagonal first, then
    /// the row step (1,0), then the column step (0,1). A free end is the first
    /// of the cheapest columns; a free start comes before any column step.
    pub(crate) fn path(&self) -> Vec<(u32, u32)> {
        let mut back = WayBack::from_end(self.rules.boundary, self.rows, self.sums());
        back.follow(self, 0);
        back.path()
    }
}

/// The way back from the end of a path, which may lead through several
/// warpings, the last rows first.
pub(crate) struct WayBack {
    boundary: Boundary,
    /// The next cell; none once the start is reached.
    cell: Option<(usize, usize)>,
    path: Vec<(u32, u32)>,
}

impl WayBack {
    /// `sums`: those of the last row.
    pub(crate) fn from_end(boundary: Boundary, rows: usize, sums: &[i32]) -> Self {
        let column = match boundary {
            Boundary::Closed => sums.len() - 2,
            Boundary::OpenColumns => first_minimum(&sums[1..]),
        };
        Self {
            boundary,
            cell: Some((rows - 1, column)),
            path: Vec::new(),
        }
    }

    /// Where the path goes on, if it does.
    pub(crate) fn cell(&self) -> Option<(usize, usize)> {
        self.cell
    }

    /// Follows the path through a warping whose first row is `first_row`.
    pub(crate) fn follow(&mut self, warp: &Warp, first_row: usize) {
        while let Some((row, column)) = self.cell
            && row >= first_row
        {
            self.path.push((row as u32, column as u32));
            let (strip, within) = (
                (row - first_row) / STRIP_ROWS,
                (row - first_row) % STRIP_ROWS,
            );
            let place = warp.strips[strip];
            let directions = &warp.directions[place.start..place.start + words(place.columns)];
            let column_within = column - place.first_column;
            let into = direction(warp.rules.engine, directions, within, column_within);
            self.cell = self.before(row, column, into);
        }
    }

    fn before(&self, row: usize, column: usize, into: Direction) -> Option<(usize, usize)> {
        match (self.boundary, row, column, into) {
            (Boundary::Closed, 0, 0, _)
            | (Boundary::OpenColumns, 0, _, Direction::Diagonal | Direction::Row) => None,
            (_, 0, _, _) | (_, _, 1.., Direction::Column) => Some((row, column - 1)),
            (_, _, 0, _) | (_, _, _, Direction::Row) => Some((row - 1, column)),
            (_, _, _, Direction::Diagonal) => Some((row - 1, column - 1)),
        }
    }

    /// From the start to the end.
    pub(crate) fn path(mut self) -> Vec<(u32, u32)> {
        self.path.reverse();
        self.path
    }
}

fn first_minimum(values: &[i32]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value < values[best] {
            best = index;
        }
    }
    best
}
