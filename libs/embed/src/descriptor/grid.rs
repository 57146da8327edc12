//! Means over a grid of cells with soft borders.

use super::raster::{HEIGHT, WIDTH};

/// Cells across and down: about an eighth of a metre of a bench two metres
/// wide, less than a hand.
const COLUMNS: usize = 12;
const ROWS: usize = 7;
/// Cells of the grid.
pub(super) const CELLS: usize = COLUMNS * ROWS;

/// The constants of this module, for the checksum.
pub(super) const CONSTANTS: &str = "grid 12x7";

/// Appends the mean of `plane` (HEIGHT × WIDTH) in each cell, row-major.
///
/// Every pixel counts for the two nearest cells of each axis, by its distance
/// to their centres (the trilinear binning of Dalal & Triggs 2005, without the
/// orientation axis), so that a small shift of the camera changes little.
pub(super) fn pool(plane: &[f32], into: &mut Vec<f32>) {
    let mut sums = [0.0_f32; CELLS];
    let mut weights = [0.0_f32; CELLS];
    let columns = (0..WIDTH)
        .map(|x| split(x, WIDTH, COLUMNS))
        .collect::<Vec<_>>();
    let column_weights = totals(&columns);
    for (y, row) in plane.chunks_exact(WIDTH).enumerate() {
        let mut row_sums = [0.0_f32; COLUMNS];
        for (value, &(cell, next, part)) in row.iter().zip(&columns) {
            row_sums[cell] += value * (1.0 - part);
            row_sums[next] += value * part;
        }
        let (cell, next, part) = split(y, HEIGHT, ROWS);
        for (to, weight) in [(cell, 1.0 - part), (next, part)] {
            for column in 0..COLUMNS {
                sums[to * COLUMNS + column] += weight * row_sums[column];
                weights[to * COLUMNS + column] += weight * column_weights[column];
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

fn totals(columns: &[(usize, usize, f32)]) -> [f32; COLUMNS] {
    let mut totals = [0.0; COLUMNS];
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
    fn the_constants_are_in_the_checksum() {
        assert_eq!(CONSTANTS, format!("grid {COLUMNS}x{ROWS}"));
    }

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
        assert_eq!(lit, [CELLS - 1]);
    }
}
