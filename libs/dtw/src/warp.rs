//! The recurrence of dynamic time warping and the way back through it.
//!
//! Sakoe & Chiba (1978), symmetric with weights 1: moves (1,0), (0,1) and
//! (1,1) all cost what the cell they enter costs. Sums are in 64 bits.

use crate::error::DtwError;

/// Where a path may start and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Boundary {
    /// From the first row and column to the last ones.
    Closed,
    /// All rows, any stretch of columns.
    OpenColumns,
}

const DIAGONAL: u8 = 0;
const ROW_STEP: u8 = 1;
const COLUMN_STEP: u8 = 2;
/// First cell of a path whose first column is free.
const START: u8 = 3;

/// A warping under way: rows of costs go in one after the other, so what
/// comes out cannot depend on how they were grouped when computed.
pub(crate) struct Warp {
    columns: usize,
    boundary: Boundary,
    rows_done: usize,
    /// Least cost of a path that ends in each cell of the row before.
    accumulated: Vec<f64>,
    /// Best of diagonal and row step into each cell of the current row.
    from_above: Vec<f64>,
    /// Direction into each cell of the current row, one a byte.
    current: Vec<u8>,
    /// Two bits a cell, four cells a byte, rows padded to whole bytes.
    directions: Vec<u8>,
}

impl Warp {
    /// For at most `rows` rows of `columns` costs.
    pub(crate) fn new(rows: usize, columns: usize, boundary: Boundary) -> Result<Self, DtwError> {
        let bytes = rows.saturating_mul(columns.div_ceil(4));
        let mut directions = Vec::new();
        directions
            .try_reserve_exact(bytes)
            .map_err(|_| DtwError::OutOfMemory {
                gold_clips: rows,
                trainee_clips: columns,
                bytes,
            })?;
        Ok(Self {
            columns,
            boundary,
            rows_done: 0,
            accumulated: vec![0.0; columns],
            from_above: vec![0.0; columns],
            current: vec![0; columns],
            directions,
        })
    }

    /// Enters the next row.
    pub(crate) fn push_row(&mut self, costs: &[f32]) {
        debug_assert_eq!(costs.len(), self.columns);
        if self.rows_done == 0 {
            self.first_row(costs);
        } else {
            self.next_row(costs);
        }
        self.rows_done += 1;
        self.directions.extend(self.current.chunks(4).map(|cells| {
            cells
                .iter()
                .enumerate()
                .fold(0, |byte, (place, direction)| {
                    byte | (direction << (2 * place))
                })
        }));
    }

    /// The path of least cost through the rows entered. At least one row must
    /// have been entered.
    ///
    /// Ties are broken on the way back from the end: the diagonal first, then
    /// the row step (1,0), then the column step (0,1). A free end is the first
    /// of the cheapest columns; a free start comes before any column step.
    pub(crate) fn path(&self) -> Vec<(u32, u32)> {
        let mut row = self.rows_done - 1;
        let mut column = match self.boundary {
            Boundary::Closed => self.columns - 1,
            Boundary::OpenColumns => first_minimum(&self.accumulated),
        };
        let mut path = vec![(row as u32, column as u32)];
        loop {
            let direction = self.direction(row, column);
            if direction == START {
                break;
            }
            row -= usize::from(direction != COLUMN_STEP);
            column -= usize::from(direction != ROW_STEP);
            path.push((row as u32, column as u32));
        }
        path.reverse();
        path
    }

    fn first_row(&mut self, costs: &[f32]) {
        let mut sum = 0.0;
        for (accumulated, &cost) in self.accumulated.iter_mut().zip(costs) {
            sum = match self.boundary {
                Boundary::Closed => sum + f64::from(cost),
                Boundary::OpenColumns => f64::from(cost),
            };
            *accumulated = sum;
        }
        self.current.fill(if self.boundary == Boundary::Closed {
            COLUMN_STEP
        } else {
            START
        });
        self.current[0] = START;
    }

    fn next_row(&mut self, costs: &[f32]) {
        let (above, best, direction) = (
            &mut self.accumulated,
            &mut self.from_above,
            &mut self.current,
        );
        best[0] = above[0];
        direction[0] = ROW_STEP;
        // What comes from the row above is independent from cell to cell, so
        // this loop vectorises; only the next one is a chain.
        for ((pair, best), direction) in above
            .windows(2)
            .zip(&mut best[1..])
            .zip(&mut direction[1..])
        {
            let diagonal = pair[0] <= pair[1];
            *best = if diagonal { pair[0] } else { pair[1] };
            *direction = if diagonal { DIAGONAL } else { ROW_STEP };
        }
        let mut left = f64::INFINITY;
        for (((out, &best), direction), &cost) in
            above.iter_mut().zip(&*best).zip(direction).zip(costs)
        {
            let from_left = left < best;
            left = f64::from(cost) + if from_left { left } else { best };
            *direction = if from_left { COLUMN_STEP } else { *direction };
            *out = left;
        }
    }

    fn direction(&self, row: usize, column: usize) -> u8 {
        let byte = self.directions[row * self.columns.div_ceil(4) + column / 4];
        (byte >> (2 * (column % 4))) & 3
    }
}

fn first_minimum(values: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value < values[best] {
            best = index;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(boundary: Boundary, rows: &[&[f32]]) -> Vec<(u32, u32)> {
        let mut warp = Warp::new(rows.len(), rows[0].len(), boundary).unwrap();
        for row in rows {
            warp.push_row(row);
        }
        warp.path()
    }

    #[test]
    fn ties_prefer_the_diagonal_then_the_row_step() {
        let flat: &[f32] = &[0.0, 0.0, 0.0];
        assert_eq!(
            path(Boundary::Closed, &[flat, flat, flat]),
            [(0, 0), (1, 1), (2, 2)]
        );
        // More columns than rows: diagonals are taken from the end backwards.
        assert_eq!(
            path(Boundary::Closed, &[flat, flat]),
            [(0, 0), (0, 1), (1, 2)]
        );
    }

    #[test]
    fn a_row_step_beats_a_column_step_of_equal_cost() {
        // Both (1,2) and (2,1) are reached free of charge, (1,1) is not.
        let rows: [&[f32]; 3] = [&[0.0, 0.0, 9.0], &[0.0, 5.0, 0.0], &[9.0, 0.0, 0.0]];
        assert_eq!(
            path(Boundary::Closed, &rows),
            [(0, 0), (0, 1), (1, 2), (2, 2)]
        );
    }

    #[test]
    fn an_open_path_starts_and_ends_where_it_is_cheapest() {
        let rows: [&[f32]; 2] = [&[9.0, 9.0, 1.0, 9.0, 1.0], &[9.0, 9.0, 9.0, 1.0, 9.0]];
        assert_eq!(path(Boundary::OpenColumns, &rows), [(0, 2), (1, 3)]);
        let one: [&[f32]; 1] = [&[3.0, 2.0, 2.0]];
        assert_eq!(path(Boundary::OpenColumns, &one), [(0, 1)]);
    }
}
