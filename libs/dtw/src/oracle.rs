//! Slow, obvious versions in 64 bits that the real ones are compared with.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::align::align_in_bands;
use crate::*;

/// A full matrix of costs, computed entry by entry.
struct Oracle {
    costs: Vec<Vec<f64>>,
}

impl Oracle {
    fn new(gold: &[Vec<f32>], trainee: &[Vec<f32>], options: &Options<'_>) -> Self {
        let unit = |row: &[f64]| {
            let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
            row.iter()
                .map(|v| if length > 1e-12 { v / length } else { 0.0 })
                .collect::<Vec<_>>()
        };
        let cosine = options.cost == Cost::Cosine;
        let prepare = |rows: &[Vec<f32>]| -> Vec<Vec<f64>> {
            let wide = |row: &Vec<f32>| row.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
            rows.iter()
                .map(|row| if cosine { unit(&wide(row)) } else { wide(row) })
                .collect()
        };
        let (mut gold, mut trainee) = (prepare(gold), prepare(trainee));
        if options.centring != Centring::None {
            let mean = |rows: &[Vec<f64>]| -> Vec<f64> {
                let sum = |d: usize| rows.iter().map(|row| row[d]).sum::<f64>();
                (0..rows[0].len())
                    .map(|d| sum(d) / rows.len() as f64)
                    .collect()
            };
            let of_gold = mean(&gold);
            let of_trainee = match options.centring {
                Centring::OnEach => mean(&trainee),
                _ => of_gold.clone(),
            };
            let centre = |rows: &mut [Vec<f64>], mean: &[f64]| {
                for row in rows {
                    let moved: Vec<f64> = row.iter().zip(mean).map(|(v, m)| v - m).collect();
                    *row = unit(&moved);
                }
            };
            centre(&mut gold, &of_gold);
            centre(&mut trainee, &of_trainee);
        }
        let cost = |a: &Vec<f64>, b: &Vec<f64>| {
            if cosine {
                1.0 - a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>()
            } else {
                a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>()
            }
        };
        Self {
            costs: gold
                .iter()
                .map(|a| trainee.iter().map(|b| cost(a, b)).collect())
                .collect(),
        }
    }

    /// Least cost of a path; all of the columns or any stretch of them.
    fn optimum(&self, rows: std::ops::Range<usize>, open: bool) -> f64 {
        let columns = self.costs[0].len();
        let mut best: Vec<f64> = Vec::new();
        for i in rows {
            let mut next = vec![0.0; columns];
            for j in 0..columns {
                let mut from = f64::INFINITY;
                if best.is_empty() && (open || j == 0) {
                    from = 0.0;
                }
                if !best.is_empty() {
                    from = from.min(best[j]);
                    if j > 0 {
                        from = from.min(best[j - 1]);
                    }
                }
                if j > 0 {
                    from = from.min(next[j - 1]);
                }
                next[j] = self.costs[i][j] + from;
            }
            best = next;
        }
        if open {
            best.into_iter().fold(f64::INFINITY, f64::min)
        } else {
            best[columns - 1]
        }
    }

    /// The recursive definition of Eiter & Mannila (1994), c(i, j), each pair
    /// once.
    fn frechet(&self, i: usize, j: usize, known: &mut HashMap<(usize, usize), f64>) -> f64 {
        if let Some(&distance) = known.get(&(i, j)) {
            return distance;
        }
        let cost = self.costs[i][j];
        let distance = match (i, j) {
            (0, 0) => cost,
            (_, 0) => self.frechet(i - 1, 0, known).max(cost),
            (0, _) => self.frechet(0, j - 1, known).max(cost),
            _ => {
                let before = self
                    .frechet(i - 1, j, known)
                    .min(self.frechet(i - 1, j - 1, known))
                    .min(self.frechet(i, j - 1, known));
                before.max(cost)
            }
        };
        known.insert((i, j), distance);
        distance
    }

    fn cost_of(&self, path: &[(u32, u32)]) -> f64 {
        path.iter()
            .map(|&(i, j)| self.costs[i as usize][j as usize])
            .sum()
    }
}

fn random(seed: u64, rows: usize, dim: usize) -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..rows)
        .map(|_| (0..dim).map(|_| rng.random_range(-1.0..1.0)).collect())
        .collect()
}

/// A narrow cone with strong autocorrelation, as learned embeddings have it.
fn smooth(seed: u64, rows: usize, dim: usize) -> Vec<Vec<f32>> {
    let noise = random(seed, rows, dim);
    let mut state = vec![0.0_f32; dim];
    noise
        .iter()
        .map(|row| {
            state
                .iter_mut()
                .zip(row)
                .for_each(|(s, n)| *s = 0.9 * *s + 0.1 * n);
            state.iter().map(|s| 1.0 + s).collect()
        })
        .collect()
}

fn flat(rows: &[Vec<f32>]) -> Vec<f32> {
    rows.concat()
}

fn view<'a>(side: Side, rows: &[Vec<f32>], data: &'a [f32]) -> MatrixView<'a> {
    MatrixView::new(side, rows.len(), rows[0].len(), data).unwrap()
}

fn assert_is_path(path: &[(u32, u32)], rows: usize) {
    assert_eq!(path[0].0, 0);
    assert_eq!(path[path.len() - 1].0 as usize, rows - 1);
    for pair in path.windows(2) {
        let step = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        assert!([(1, 0), (0, 1), (1, 1)].contains(&step), "{step:?}");
    }
}

/// Dimensions and lengths, with those around vector widths and one.
fn shape() -> impl Strategy<Value = (usize, usize, usize)> {
    let length = || prop_oneof![Just(1_usize), 2..20_usize, 30..70_usize];
    (
        length(),
        length(),
        prop_oneof![Just(1_usize), 2..10_usize, Just(33_usize)],
    )
}

fn centring() -> impl Strategy<Value = Centring> {
    prop_oneof![
        Just(Centring::None),
        Just(Centring::OnGold),
        Just(Centring::OnEach)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_path_is_optimal(
        (n, m, dim) in shape(),
        seed in any::<u64>(),
        is_smooth in any::<bool>(),
        cosine in any::<bool>(),
        centring in centring(),
        band in 1..40_usize,
    ) {
        let make = if is_smooth { smooth } else { random };
        let (gold, trainee) = (make(seed, n, dim), make(seed ^ 1, m, dim));
        let options = Options {
            cost: if cosine { Cost::Cosine } else { Cost::SquaredEuclidean },
            // One row has no mean to remove; the oracle knows no such rule.
            centring: if n > 1 && m > 1 && dim > 1 { centring } else { Centring::None },
            ..Options::default()
        };
        let (gold_data, trainee_data) = (flat(&gold), flat(&trainee));
        let (a, b) = (view(Side::Gold, &gold, &gold_data), view(Side::Trainee, &trainee, &trainee_data));
        let oracle = Oracle::new(&gold, &trainee, &options);

        let whole = align_in_bands(&a, &b, &options, band).unwrap();
        assert_is_path(&whole.path, n);
        prop_assert_eq!(whole.path[0], (0, 0));
        prop_assert_eq!(whole.path[whole.path.len() - 1], (n as u32 - 1, m as u32 - 1));
        let slack = |optimum: f64, cells: usize| 1e-5 * optimum + 1e-6 * cells as f64;
        let optimum = oracle.optimum(0..n, false);
        prop_assert!(oracle.cost_of(&whole.path) <= optimum + slack(optimum, whole.path.len()));
        prop_assert!((whole.total - oracle.cost_of(&whole.path)).abs() <= slack(optimum, whole.path.len()));

        let part = align_subsequence(&a, &b, &options).unwrap();
        assert_is_path(&part.path, n);
        let optimum = oracle.optimum(0..n, true);
        prop_assert!(oracle.cost_of(&part.path) <= optimum + slack(optimum, part.path.len()));
        prop_assert!((part.total - oracle.cost_of(&part.path)).abs() <= slack(optimum, part.path.len()));
        prop_assert_eq!(part.sequence, part.path[0].1..part.path[part.path.len() - 1].1 + 1);
    }

    #[test]
    fn the_frechet_distance_is_what_its_definition_says(
        (n, m, dim) in shape(),
        seed in any::<u64>(),
        is_smooth in any::<bool>(),
        cosine in any::<bool>(),
        centring in centring(),
    ) {
        let make = if is_smooth { smooth } else { random };
        let (gold, trainee) = (make(seed, n, dim), make(seed ^ 1, m, dim));
        let options = Options {
            cost: if cosine { Cost::Cosine } else { Cost::SquaredEuclidean },
            centring: if n > 1 && m > 1 && dim > 1 { centring } else { Centring::None },
            ..Options::default()
        };
        let (gold_data, trainee_data) = (flat(&gold), flat(&trainee));
        let (a, b) = (view(Side::Gold, &gold, &gold_data), view(Side::Trainee, &trainee, &trainee_data));
        let found = f64::from(discrete_frechet(&a, &b, &options).unwrap());
        let exact = Oracle::new(&gold, &trainee, &options).frechet(n - 1, m - 1, &mut HashMap::new());
        prop_assert!((found - exact).abs() < 2e-5 * (1.0 + exact), "{} instead of {}", found, exact);
        // A warping path is one way to couple the two; none is better.
        let (path, evidence) = align_with_evidence(&a, &b, &[], &options).unwrap();
        prop_assert_eq!(f64::from(evidence.discrete_frechet), found);
        let worst = path.path_costs.iter().copied().fold(0.0, f32::max);
        prop_assert!(found <= f64::from(worst) * (1.0 + 2e-5) + 2e-5);
    }

    /// Small whole numbers have exact costs and many ties.
    #[test]
    fn ties_do_not_depend_on_bands((n, m, _) in shape(), seed in any::<u64>(), band in 1..40_usize) {
        let whole = |seed, rows| -> Vec<Vec<f32>> {
            random(seed, rows, 2).into_iter().map(|row| row.into_iter().map(|v| (2.0 * v).round()).collect()).collect()
        };
        // A gold that is symmetric about the origin, so that centring is exact.
        let mut gold = whole(seed, n);
        gold.extend(gold.clone().into_iter().map(|row| row.into_iter().map(|v| -v).collect()));
        let trainee = whole(seed ^ 1, m);
        let (gold_data, trainee_data) = (flat(&gold), flat(&trainee));
        let (a, b) = (view(Side::Gold, &gold, &gold_data), view(Side::Trainee, &trainee, &trainee_data));
        let options = Options { cost: Cost::SquaredEuclidean, ..Options::default() };
        let one = align_in_bands(&a, &b, &options, 1).unwrap();
        prop_assert_eq!(&one, &align_in_bands(&a, &b, &options, band).unwrap());
        prop_assert_eq!(&one, &align(&a, &b, &Options { threads: 2, ..options }).unwrap());
    }

    #[test]
    fn evidence_is_what_the_full_matrix_says(
        (n, m, dim) in shape(),
        seed in any::<u64>(),
        cuts in proptest::collection::btree_set(0..70_u32, 2..6),
        centring in centring(),
    ) {
        let (gold, trainee) = (smooth(seed, n, dim), smooth(seed ^ 1, m, dim));
        let centring = if n > 1 && m > 1 && dim > 1 { centring } else { Centring::None };
        let options = Options { centring, ..Options::default() };
        let cuts: Vec<u32> = cuts.into_iter().filter(|&cut| cut as usize <= n).collect();
        // Every other gap is idle time.
        let steps: Vec<_> = cuts.windows(2).enumerate().filter(|(i, _)| i % 2 == 0).map(|(_, w)| w[0]..w[1]).collect();
        let (gold_data, trainee_data) = (flat(&gold), flat(&trainee));
        let (a, b) = (view(Side::Gold, &gold, &gold_data), view(Side::Trainee, &trainee, &trainee_data));
        let (alignment, evidence) = align_with_evidence(&a, &b, &steps, &options).unwrap();
        prop_assert_eq!(&alignment, &align(&a, &b, &options).unwrap());

        let oracle = Oracle::new(&gold, &trainee, &options);
        let similarity = |i: usize, j: usize| 1.0 - oracle.costs[i][j];
        let close = |x: f32, y: f64| (f64::from(x) - y).abs() < 2e-5;
        for i in 0..n {
            prop_assert!(close(evidence.gold_best[i], (0..m).map(|j| similarity(i, j)).fold(-2.0, f64::max)));
        }
        for j in 0..m {
            prop_assert!(close(evidence.trainee_best[j], (0..n).map(|i| similarity(i, j)).fold(-2.0, f64::max)));
        }
        let tau = f64::from(SOFT_MAXIMUM_TEMPERATURE);
        for (k, step) in steps.iter().enumerate() {
            let rows = step.start as usize..step.end as usize;
            for j in 0..m {
                let mean = rows.clone().map(|i| (similarity(i, j) / tau).exp()).sum::<f64>() / rows.len() as f64;
                prop_assert!(close(evidence.step_similarity[k * m + j], tau * mean.ln()));
            }
            let found = &evidence.step_matches[k];
            prop_assert!(found.trainee.start < found.trainee.end && found.trainee.end as usize <= m);
            prop_assert!((0.0..=1.0).contains(&found.coverage));
            // The mean similarity of an optimal match of at least as many
            // cells as the step has clips.
            let optimum = oracle.optimum(rows.clone(), true);
            prop_assert!(f64::from(found.similarity) >= 1.0 - optimum / rows.len() as f64 - 1e-5);
        }
        prop_assert_eq!(evidence.step_similarity.len(), steps.len() * m);
        prop_assert_eq!(evidence.step_matches.len(), steps.len());
        let picture = &evidence.picture;
        prop_assert_eq!((picture.rows as usize, picture.columns as usize), (n, m));
        for i in 0..n {
            for j in 0..m {
                let shown = picture.low + (picture.high - picture.low) * f32::from(picture.cells[i * m + j]) / 255.0;
                prop_assert!((f64::from(shown) - similarity(i, j)).abs() < 0.5001 * f64::from(picture.high - picture.low) / 255.0 + 1e-5);
            }
        }
    }
}

#[test]
fn bands_as_they_are_used_agree_with_the_oracle() {
    // More rows than one band has at most.
    let (gold, trainee) = (smooth(7, 530, 16), smooth(8, 300, 16));
    let (gold_data, trainee_data) = (flat(&gold), flat(&trainee));
    let (a, b) = (
        view(Side::Gold, &gold, &gold_data),
        view(Side::Trainee, &trainee, &trainee_data),
    );
    let options = Options {
        centring: Centring::OnEach,
        ..Options::default()
    };
    let found = align(&a, &b, &options).unwrap();
    let oracle = Oracle::new(&gold, &trainee, &options);
    let optimum = oracle.optimum(0..530, false);
    assert!(oracle.cost_of(&found.path) <= optimum * (1.0 + 1e-5));
}

/// Least cost of a path through allowed cells only.
fn optimum_within(costs: &[Vec<f64>], is_allowed: impl Fn(usize, usize) -> bool) -> f64 {
    let (rows, columns) = (costs.len(), costs[0].len());
    let mut sums = vec![vec![f64::INFINITY; columns + 1]; rows + 1];
    sums[0][0] = 0.0;
    for i in 0..rows {
        for j in 0..columns {
            if is_allowed(i, j) {
                let before = sums[i][j].min(sums[i][j + 1]).min(sums[i + 1][j]);
                sums[i + 1][j + 1] = costs[i][j] + before;
            }
        }
    }
    sums[rows][columns]
}

#[test]
fn a_band_keeps_the_path_near_the_straight_way() {
    for (n, m) in [(90, 90), (70, 150), (150, 33), (1, 40), (40, 1)] {
        let (gold, trainee) = (smooth(7, n, 16), smooth(8, m, 16));
        let (gold_data, trainee_data) = (flat(&gold), flat(&trainee));
        let (a, b) = (
            view(Side::Gold, &gold, &gold_data),
            view(Side::Trainee, &trainee, &trainee_data),
        );
        let centring = if n > 1 && m > 1 {
            Centring::OnEach
        } else {
            Centring::None
        };
        for radius in [0, 1, 5, 40, u32::MAX] {
            let options = Options {
                centring,
                band_radius: Some(radius),
                ..Options::default()
            };
            let found = align(&a, &b, &options).unwrap();
            assert_is_path(&found.path, n);
            let is_allowed = |i: usize, j: usize| {
                let radius = radius as usize;
                (j + radius >= i * m / n) && j < ((i + 1) * m).div_ceil(n).saturating_add(radius)
            };
            assert!((found.path.iter()).all(|&(i, j)| is_allowed(i as usize, j as usize)));
            let oracle = Oracle::new(&gold, &trainee, &options);
            let optimum = optimum_within(&oracle.costs, is_allowed);
            assert!(oracle.cost_of(&found.path) <= optimum * (1.0 + 1e-5) + 1e-5);
        }
        let free = Options {
            centring,
            ..Options::default()
        };
        let wide = Options {
            band_radius: Some(u32::MAX),
            ..free
        };
        assert_eq!(align(&a, &b, &free), align(&a, &b, &wide));
    }
}

/// Products that are computed beside a window, because panels are computed as a
/// whole, are no costs: they may be negative, and a path must not see them.
#[test]
fn what_lies_beside_a_window_does_not_count() {
    for rows in [70, 100, 133] {
        let gold = random(3, rows, 24);
        let data = flat(&gold);
        let (a, b) = (
            view(Side::Gold, &gold, &data),
            view(Side::Trainee, &gold, &data),
        );
        let in_band = Options {
            band_radius: Some(5),
            ..Options::default()
        };
        let in_blocks = Options {
            path_bytes: 1,
            ..Options::default()
        };
        for options in [in_band, in_blocks] {
            let found = align(&a, &b, &options).unwrap();
            assert!(found.path.iter().all(|&(row, column)| row == column));
        }
    }
}

/// Slow changes, a few things at once, and another tempo, as videos have them.
fn slow(seed: u64, rows: usize, tempo: f32, dim: usize) -> Vec<Vec<f32>> {
    let patterns = random(99, 12, dim);
    let noise = random(seed, rows, dim);
    (0..rows)
        .map(|row| {
            let time = row as f32 * tempo;
            let strength =
                |pattern: usize| (time / (20.0 + 7.0 * pattern as f32) + pattern as f32).sin();
            (0..dim)
                .map(|d| {
                    let shown: f32 = patterns
                        .iter()
                        .enumerate()
                        .map(|(p, pattern)| pattern[d] * strength(p) / (p + 1) as f32)
                        .sum();
                    shown + 0.02 * noise[row][d]
                })
                .collect()
        })
        .collect()
}

/// The path is the same to the last tie, and costs are left out indeed.
#[test]
fn pruning_changes_nothing() {
    for (n, m, dim) in [
        (300, 250, 40),
        (530, 610, 64),
        (417, 230, 100),
        (256, 256, 30),
        (450, 400, 260),
    ] {
        let tempo = n as f32 / m as f32;
        let (gold, trainee) = (slow(1, n, 1.0, dim), slow(2, m, tempo, dim));
        let (gold_data, trainee_data) = (flat(&gold), flat(&trainee));
        let (a, b) = (
            view(Side::Gold, &gold, &gold_data),
            view(Side::Trainee, &trainee, &trainee_data),
        );
        for cost in [Cost::Cosine, Cost::SquaredEuclidean] {
            for centring in [Centring::None, Centring::OnEach] {
                let pruned = Options {
                    cost,
                    centring,
                    ..Options::default()
                };
                let whole = Options {
                    pruning: Pruning::Off,
                    ..pruned
                };
                let whole = align(&a, &b, &whole).unwrap();
                assert_eq!(align(&a, &b, &pruned).as_ref(), Ok(&whole));
                let pair = features::FeaturePair::new(&a, &b, &pruned).unwrap();
                let rules = route::rules(&pair, warp::Boundary::Closed, &pruned);
                let path = prune::pruned_path(&pair, rules, &pruned).unwrap();
                assert_eq!(
                    path.as_ref(),
                    Some(&whole.path),
                    "{n} × {m}, {cost:?}, {centring:?}"
                );
            }
        }
    }
}

/// A path that is computed block by block costs as much.
#[test]
fn little_memory_changes_nothing() {
    for (n, m) in [(530, 300), (100, 700), (33, 20), (300, 1)] {
        let (gold, trainee) = (smooth(7, n, 16), smooth(8, m, 16));
        let (gold_data, trainee_data) = (flat(&gold), flat(&trainee));
        let (a, b) = (
            view(Side::Gold, &gold, &gold_data),
            view(Side::Trainee, &trainee, &trainee_data),
        );
        for engine in Engine::available() {
            let whole = Options {
                centring: Centring::OnEach,
                engine,
                ..Options::default()
            };
            let blocks = Options {
                path_bytes: 3 * 8 * (m + 31),
                ..whole
            };
            assert_eq!(align(&a, &b, &whole), align(&a, &b, &blocks));
            assert_eq!(
                align_subsequence(&a, &b, &whole),
                align_subsequence(&a, &b, &blocks)
            );
        }
    }
}

#[test]
fn a_video_aligned_with_itself_takes_the_diagonal() {
    let gold = random(3, 200, 64);
    let data = flat(&gold);
    let (a, b) = (
        view(Side::Gold, &gold, &data),
        view(Side::Trainee, &gold, &data),
    );
    for centring in [Centring::None, Centring::OnGold, Centring::OnEach] {
        let steps = [0..50, 60..200];
        let (found, evidence) = align_with_evidence(
            &a,
            &b,
            &steps,
            &Options {
                centring,
                ..Options::default()
            },
        )
        .unwrap();
        assert!(
            found
                .path
                .iter()
                .enumerate()
                .all(|(i, &cell)| cell == (i as u32, i as u32))
        );
        assert!(found.total < 1e-4);
        assert_eq!(evidence.step_matches[1].trainee, 60..200);
        assert_eq!(evidence.step_matches[1].coverage, 1.0);
    }
}

#[test]
fn a_set_cancel_flag_stops_the_alignment() {
    let gold = random(1, 4, 2);
    let data = flat(&gold);
    let (a, b) = (
        view(Side::Gold, &gold, &data),
        view(Side::Trainee, &gold, &data),
    );
    let flag = AtomicBool::new(false);
    let options = Options {
        cancel: Some(&flag),
        ..Options::default()
    };
    assert!(align(&a, &b, &options).is_ok());
    flag.store(true, Ordering::Relaxed);
    assert_eq!(align(&a, &b, &options).unwrap_err(), DtwError::Cancelled);
    assert_eq!(
        align_subsequence(&a, &b, &options).unwrap_err(),
        DtwError::Cancelled
    );
    assert_eq!(
        align_with_evidence(&a, &b, &[], &options).unwrap_err(),
        DtwError::Cancelled
    );
    assert_eq!(
        self_similarity(&a, &options).unwrap_err(),
        DtwError::Cancelled
    );
}

#[test]
fn a_set_cancel_flag_is_seen_between_bands() {
    let gold = random(1, 600, 2);
    let data = flat(&gold);
    let (a, b) = (
        view(Side::Gold, &gold, &data),
        view(Side::Trainee, &gold, &data),
    );
    let flag = AtomicBool::new(false);
    let options = Options {
        cancel: Some(&flag),
        ..Options::default()
    };
    let pair = features::FeaturePair::new(&a, &b, &options).unwrap();
    let mut rows = 0;
    let outcome = bands::for_each_cost_row(&pair, &options, |_, _| {
        rows += 1;
        flag.store(true, Ordering::Relaxed);
        Ok(())
    });
    assert_eq!((outcome, rows), (Err(DtwError::Cancelled), 256));
}
