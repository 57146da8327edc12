//! Means over grids of cells with soft borders.

use super::raster::{HEIGHT, WIDTH};

/// Cells a side of the coarse grid: where on the bench, roughly.
const COARSE: usize = 3;
/// Cells a side of the fine grid: which part of the workpiece.
const FINE: usize = 6;
/// Cells of the fine grid.
pub(super) const FINE_CELLS: usize = FINE * FINE;
/// Cells of both grids.
pub(super) const CELLS: usize = COARSE * COARSE + FINE_CELLS;

/// Appends the mean of `plane` (HEIGHT × WIDTH) in each cell of the coarse
/// grid, then of the fine grid, row-major.
pub(super) fn pool(plane: &[f32], into: &mut Vec<f32>) {
    pool_one(plane, COARSE, into);
    pool_one(plane, FINE, into);
}

/// Appends the mean of `plane` in each cell of the fine grid, row-major.
pub(super) fn pool_fine(plane: &[f32], into: &mut Vec<f32>) {
    pool_one(plane, FINE, into);
}

/// Every pixel counts for the two nearest cells of each axis, by its distance
/// to their centres (the trilinear binning of Dalal & Triggs 2005, without the
/// orientation axis), so that a small shift of the camera changes little.
fn pool_one(plane: &[f32], cells: usize, into: &mut Vec<f32>) {
    let mut sums = vec![0.0_f32; cells * cells];
    let mut weights = vec![0.0_f32; cells * cells];
    let columns = (0..WIDTH)
        .map(|x| split(x, WIDTH, cells))
        .collect::<Vec<_>>();
    let column_weights = totals(&columns, cells);
    let mut row_sums = vec![0.0_f32; cells];
    for (y, row) in plane.chunks_exact(WIDTH).enumerate() {
        row_sums.fill(0.0);
        for (value, &(cell, next, part)) in row.iter().zip(&columns) {
            row_sums[cell] += value * (1.0 - part);
            row_sums[next] += value * part;
        }
        let (cell, next, part) = split(y, HEIGHT, cells);
        for (to, weight) in [(cell, 1.0 - part), (next, part)] {
            for column in 0..cells {
                sums[to * cells + column] += weight * row_sums[column];
                weights[to * cells + column] += weight * column_weights[column];
            }
        }
    }
    into.extend(sums.iter().zip(&weights).map(|(sum, weight)| sum / weight));
}

/// The two cells that position `at` of `length` counts for, and the part of
/// it that the second gets. Beyond the outermost centres both are the same.
fn split(at: usize, length: usize, cells: usize) -> (usize, usize, f32) {
    let place = (at as f32 + 0.5) * cells as f32 / length as f32 - 0.5;
    let below = place.floor();
    let cell = (below.max(0.0) as usize).min(cells - 1);
    let next = ((below + 1.0) as usize).min(cells - 1);
    (cell, next, place - below)
}

fn totals(columns: &[(usize, usize, f32)], cells: usize) -> Vec<f32> {
    let mut totals = vec![0.0; cells];
    for &(cell, next, part) in columns {
        totals[cell] += 1.0 - part;
        totals[next] += part;
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_plane_has_constant_cells() {
        let mut cells = Vec::new();
        pool(&vec![0.7; WIDTH * HEIGHT], &mut cells);
        assert_eq!(cells.len(), CELLS);
        assert!(
            cells.iter().all(|cell| (cell - 0.7).abs() < 1e-4),
            "{cells:?}"
        );
    }

    #[test]
    fn a_corner_is_in_the_corner_cell() {
        let mut plane = vec![0.0; WIDTH * HEIGHT];
        plane[WIDTH * HEIGHT - 1] = 1.0;
        let mut cells = Vec::new();
        pool(&plane, &mut cells);
        let lit = (0..CELLS).filter(|c| cells[*c] > 0.0).collect::<Vec<_>>();
        assert_eq!(lit, [COARSE * COARSE - 1, CELLS - 1]);
    }
}
