//! Paths through costs that somebody else computed.

use crate::align::Alignment;
use crate::error::DtwError;
use crate::options::Options;
use crate::recurrence::{MARGIN, STRIP_ROWS, Scale};
use crate::route::straight_path;
use crate::vectorised::vectorised;
use crate::warp::{Boundary, Rules, Warp};

/// The warping path of least cost through a matrix of costs: `rows` × `columns`
/// values, row-major, each finite and not negative. Ties are broken as in
/// [`Alignment`]. Of the options, only the engine and the cancel flag count.
///
/// Each cost is rounded to 2⁻³⁰ of what the straight path costs, then sums are
/// exact.
pub fn align_costs(
    rows: usize,
    columns: usize,
    costs: &[f32],
    options: &Options<'_>,
) -> Result<Alignment, DtwError> {
    if rows == 0 || columns == 0 || rows.checked_mul(columns) != Some(costs.len()) {
        return Err(DtwError::WrongCosts {
            rows,
            columns,
            len: costs.len(),
        });
    }
    let rules = Rules {
        boundary: Boundary::Closed,
        scale: Scale::new(bound(rows, columns, costs), rows + columns),
        engine: options.engine,
    };
    let mut warp = Warp::new(rows, columns, rules)?;
    for first in (0..rows).step_by(STRIP_ROWS) {
        options.check_cancelled()?;
        let strip = first * columns..columns * rows.min(first + STRIP_ROWS);
        if strip.end + MARGIN <= costs.len() {
            // What follows is margin enough. Most engines see what the costs are
            // on their way, so that these need not be read twice.
            let saw_only_costs = warp.push_whole_strip(costs, strip.start);
            if !saw_only_costs && has_impossible(&costs[strip.clone()]) {
                return Err(impossible(first, columns, &costs[strip]));
            }
        } else {
            if has_impossible(&costs[strip.clone()]) {
                return Err(impossible(first, columns, &costs[strip]));
            }
            for row in costs[strip].chunks_exact(columns) {
                warp.push_row(row);
            }
        }
    }
    let path = warp.path();
    let path_costs: Vec<f32> = path
        .iter()
        .map(|&(row, column)| costs[row as usize * columns + column as usize])
        .collect();
    Ok(Alignment {
        gold_clips: rows as u32,
        trainee_clips: columns as u32,
        total: path_costs.iter().map(|&cost| f64::from(cost)).sum(),
        path,
        path_costs,
    })
}

/// What the straight path costs.
fn bound(rows: usize, columns: usize, costs: &[f32]) -> f64 {
    straight_path(rows, columns)
        .map(|(row, column)| f64::from(costs[row * columns + column]))
        .filter(|cost| cost.is_finite())
        .sum()
}

/// No early end, so that the loop vectorises. Of finite numbers that are not
/// negative, but for −0, the bits are less than those of infinity.
fn has_impossible(costs: &[f32]) -> bool {
    let greatest = vectorised(
        #[inline(always)]
        || (costs.iter()).fold(0, |greatest: u32, cost| greatest.max(cost.to_bits())),
    );
    greatest >= f32::INFINITY.to_bits() && costs.iter().any(is_impossible)
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "iterators hand out references"
)]
fn is_impossible(cost: &f32) -> bool {
    !(0.0..f32::INFINITY).contains(cost)
}

fn impossible(first_row: usize, columns: usize, costs: &[f32]) -> DtwError {
    let at = costs.iter().position(is_impossible).unwrap_or(0);
    DtwError::ImpossibleCost {
        row: first_row + at / columns,
        column: at % columns,
        value: costs[at],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;

    #[test]
    fn the_cheapest_way_through_is_found() {
        #[rustfmt::skip]
        let costs = [
            0.0, 1.0, 9.0,
            9.0, 0.5, 9.0,
            9.0, 9.0, 0.25,
        ];
        let found = align_costs(3, 3, &costs, &Options::default()).unwrap();
        assert_eq!(found.path, [(0, 0), (1, 1), (2, 2)]);
        assert_eq!(
            (found.total, found.path_costs),
            (0.75, vec![0.0, 0.5, 0.25])
        );
    }

    #[test]
    fn costs_that_are_only_great_are_walked_around_by_every_engine() {
        let (rows, columns) = (100, 50);
        let mut costs = vec![0.5; rows * columns];
        for (index, cost) in costs.iter_mut().enumerate() {
            // The straight path stays free.
            let (row, column) = (index / columns, index % columns);
            if row % 7 == 3 && column != row / 2 {
                *cost = [3e9, f32::MAX][column % 2];
            }
        }
        let found = Engine::available().into_iter().map(|engine| {
            let options = Options {
                engine,
                ..Options::default()
            };
            align_costs(rows, columns, &costs, &options).unwrap()
        });
        let found: Vec<_> = found.collect();
        assert!(found.iter().all(|alignment| *alignment == found[0]));
        assert_eq!(found[0].total, 50.0);
    }

    #[test]
    fn costs_that_cannot_be_are_named() {
        // In strips that are copied, and in one that is taken where it lies.
        for (rows, columns, row) in [(40, 3, 35), (100, 50, 5), (100, 50, 40), (100, 50, 98)] {
            for wrong in [
                f32::NAN,
                f32::INFINITY,
                f32::NEG_INFINITY,
                -1.0,
                -1e30,
                -1e-40,
            ] {
                let mut costs = vec![1.0; rows * columns];
                costs[row * columns + 1] = wrong;
                // The first of them is named.
                costs[row * columns + 2] = f32::NAN;
                for engine in Engine::available() {
                    let options = Options {
                        engine,
                        ..Options::default()
                    };
                    let error = align_costs(rows, columns, &costs, &options).unwrap_err();
                    let DtwError::ImpossibleCost {
                        row: r,
                        column,
                        value,
                    } = error
                    else {
                        panic!("{error}");
                    };
                    assert_eq!((r, column), (row, 1), "{}", engine.name());
                    assert_eq!(value.to_bits(), wrong.to_bits());
                }
            }
        }
        let options = Options::default();
        for (rows, columns) in [(0, 4), (4, 0), (2, 3)] {
            let error = align_costs(rows, columns, &[0.0; 4], &options).unwrap_err();
            assert!(
                matches!(error, DtwError::WrongCosts { len: 4, .. }),
                "{error}"
            );
        }
    }
}
