use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::bands::CostBand;
use crate::warp::{Boundary, Rules, Warp};

/// The plain version: every sum is held, in 64 bits.
fn plain_path(costs: &[Vec<i64>], is_open: bool) -> Vec<(u32, u32)> {
    let (rows, columns) = (costs.len(), costs[0].len());
    let far = i64::from(CEILING);
    let mut sums = vec![vec![far; columns + 1]; rows + 1];
    if is_open {
        sums[0].fill(0);
    }
    sums[0][0] = 0;
    for i in 0..rows {
        for j in 0..columns {
            let before = sums[i][j].min(sums[i][j + 1]).min(sums[i + 1][j]);
            sums[i + 1][j + 1] = (before + costs[i][j]).min(far);
        }
    }
    let mut j = columns;
    if is_open {
        let least = sums[rows][1..].iter().min().unwrap();
        j = 1 + sums[rows][1..].iter().position(|sum| sum == least).unwrap();
    }
    let mut i = rows;
    let mut path = Vec::new();
    loop {
        path.push((i as u32 - 1, j as u32 - 1));
        let (diagonal, above, left) = (sums[i - 1][j - 1], sums[i - 1][j], sums[i][j - 1]);
        if diagonal.min(above) > left {
            j -= 1;
        } else {
            i -= 1;
            j -= usize::from(diagonal <= above);
        }
        if i == 0 {
            path.reverse();
            return path;
        }
    }
}

fn random(seed: u64, rows: usize, columns: usize, levels: u32) -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut cost = || rng.random_range(0..levels) as f32 / 7.0;
    (0..rows)
        .map(|_| (0..columns).map(|_| cost()).collect())
        .collect()
}

/// Lengths around strips, vectors and one.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![
        1..10_usize,
        Just(31_usize),
        Just(32),
        Just(33),
        60..70_usize,
        90..140_usize
    ]
}

fn paths(costs: &[Vec<f32>], rules: Rules, at_once: usize) -> Vec<(u32, u32)> {
    let mut warp = Warp::new(costs.len(), costs[0].len(), rules).unwrap();
    for rows in costs.chunks(at_once) {
        let mut band = CostBand::empty(rows[0].len());
        for row in rows {
            band.push_row(row);
        }
        warp.push_band(&band);
    }
    warp.path()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Few levels make many ties.
    #[test]
    fn every_engine_finds_the_path_of_the_plain_version(
        rows in length(),
        columns in length(),
        seed in any::<u64>(),
        levels in prop_oneof![1..4_u32, Just(1000)],
        is_open in any::<bool>(),
        at_once in prop_oneof![1..70_usize, Just(32), Just(64)],
    ) {
        let costs = random(seed, rows, columns, levels);
        let bound = costs.iter().flatten().map(|&cost| f64::from(cost)).sum::<f64>();
        let scale = Scale::new(bound, rows + columns);
        let whole: Vec<Vec<i64>> = (costs.iter())
            .map(|row| row.iter().map(|&cost| i64::from(scale.whole(cost))).collect())
            .collect();
        let expected = plain_path(&whole, is_open);
        let boundary = if is_open { Boundary::OpenColumns } else { Boundary::Closed };
        for engine in Engine::available() {
            let rules = Rules { boundary, scale, engine };
            prop_assert_eq!(&paths(&costs, rules, at_once), &expected, "{}", engine.name());
        }
    }

    /// What lies beyond the bound is never on the path, and nothing overflows.
    #[test]
    fn impassable_cells_are_walked_around(rows in 2..80_usize, columns in 2..80_usize, seed in any::<u64>()) {
        let mut costs = random(seed, rows, columns, 5);
        for (i, row) in costs.iter_mut().enumerate() {
            for (j, cost) in row.iter_mut().enumerate() {
                // A corridor along the left and the lower border stays open.
                if j > 0 && i + 1 < rows {
                    *cost = [f32::INFINITY, 1e30, 4000.0][(i + j) % 3];
                }
            }
        }
        let bound = costs.iter().map(|row| f64::from(row[0])).sum::<f64>()
            + costs[rows - 1].iter().map(|&cost| f64::from(cost)).sum::<f64>();
        let scale = Scale::new(bound, rows + columns);
        let whole: Vec<Vec<i64>> = (costs.iter())
            .map(|row| row.iter().map(|&cost| i64::from(scale.whole(cost))).collect())
            .collect();
        let expected = plain_path(&whole, false);
        prop_assert!(expected.iter().all(|&(i, j)| j == 0 || i as usize == rows - 1));
        for engine in Engine::available() {
            let rules = Rules { boundary: Boundary::Closed, scale, engine };
            prop_assert_eq!(&paths(&costs, rules, 32), &expected, "{}", engine.name());
        }
    }
}

#[test]
fn costs_are_rounded_to_the_nearest_whole_number() {
    let scale = Scale { factor: 2.0 };
    let rounded = [0.0, 0.2, 0.25, 0.3, 0.75, 1e30, f32::INFINITY].map(|cost| scale.whole(cost));
    assert_eq!(rounded, [0, 0, 0, 1, 2, HIGHEST_COST, HIGHEST_COST]);
    // The bound itself fits, even if every cell was rounded up.
    for (bound, cells) in [(1.0, 10), (4000.0, 40_000), (0.0, 1), (1e-20, 5), (1e30, 3)] {
        let scale = Scale::new(bound, cells);
        let whole = i64::from(scale.whole(bound as f32)) + cells as i64 / 2;
        assert!(whole <= i64::from(CEILING), "{bound}: {whole}");
    }
}

#[test]
fn ties_prefer_the_diagonal_then_the_row_step() {
    let path = |boundary, rows: &[&[f32]]| {
        let costs: Vec<Vec<f32>> = rows.iter().map(|row| row.to_vec()).collect();
        let scale = Scale::new(100.0, 10);
        let path = |engine| {
            paths(
                &costs,
                Rules {
                    boundary,
                    scale,
                    engine,
                },
                32,
            )
        };
        let portable = path(Engine::Portable);
        assert!(
            Engine::available()
                .into_iter()
                .all(|engine| path(engine) == portable)
        );
        portable
    };
    let flat: &[f32] = &[0.0, 0.0, 0.0];
    let closed = |rows: &[&[f32]]| path(Boundary::Closed, rows);
    assert_eq!(closed(&[flat, flat, flat]), [(0, 0), (1, 1), (2, 2)]);
    // More columns than rows: diagonals are taken from the end backwards.
    assert_eq!(closed(&[flat, flat]), [(0, 0), (0, 1), (1, 2)]);
    // Both (1,2) and (2,1) are reached free of charge, (1,1) is not.
    let rows: [&[f32]; 3] = [&[0.0, 0.0, 9.0], &[0.0, 5.0, 0.0], &[9.0, 0.0, 0.0]];
    assert_eq!(closed(&rows), [(0, 0), (0, 1), (1, 2), (2, 2)]);
    // An open path starts and ends where it is cheapest.
    let open = |rows: &[&[f32]]| path(Boundary::OpenColumns, rows);
    let rows: [&[f32]; 2] = [&[9.0, 9.0, 1.0, 9.0, 1.0], &[9.0, 9.0, 9.0, 1.0, 9.0]];
    assert_eq!(open(&rows), [(0, 2), (1, 3)]);
    assert_eq!(open(&[&[3.0, 2.0, 2.0]]), [(0, 1)]);
}
