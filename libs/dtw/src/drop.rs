//! Drop-DTW (Dvornik et al. 2021, arXiv 2108.11996): a warping that may leave
//! out clips of both sequences, each at a price.

use crate::bands::for_each_cost_row;
use crate::error::{DtwError, room_for};
use crate::features::FeaturePair;
use crate::matrix::MatrixView;
use crate::options::Options;

/// What leaving out a clip costs, in units of [`Options::cost`]; not negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DropCosts {
    /// A clip of the gold.
    pub gold: f64,
    /// A clip of the trainee.
    pub trainee: f64,
}

/// A monotone match of two sequences that leaves some clips out.
#[derive(Debug, Clone, PartialEq)]
pub struct DropAlignment {
    /// Matched cells (gold clip, trainee clip), ascending. Clips in no cell are
    /// left out.
    pub cells: Vec<(u32, u32)>,
    /// Costs of the cells and of what is left out.
    pub total: f64,
}

/// How a prefix of both sequences ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// Both last clips are matched with each other: after anything that ended
    /// before both, or as one more match of the same gold or trainee clip.
    AfterAny = 0,
    SameTrainee = 1,
    SameGold = 2,
}

/// The cheapest way to match two sequences in order, where clips of both may be
/// left out. Clips in a row may be matched with one of the other side, as in
/// [`crate::align()`], but not across one that is left out.
///
/// Ties: matching before leaving out, a gold clip left out before a trainee
/// clip; among matches as in [`crate::Alignment`]. Sums are in 64 bits; needs a
/// byte a cell.
pub fn align_with_drops(
    gold: &MatrixView<'_>,
    trainee: &MatrixView<'_>,
    drop: DropCosts,
    options: &Options<'_>,
) -> Result<DropAlignment, DtwError> {
    for cost in [drop.gold, drop.trainee] {
        if !(cost >= 0.0 && cost.is_finite()) {
            return Err(DtwError::BadDropCost { cost });
        }
    }
    let pair = FeaturePair::new(gold, trainee, options)?;
    let mut table = Table::new(gold.rows(), trainee.rows(), drop)?;
    for_each_cost_row(&pair, options, |_, costs| {
        table.push_row(costs);
        Ok(())
    })?;
    Ok(table.finish())
}

/// Least costs by prefix, row by row. Place j of a row stands for the first j
/// trainee clips.
struct Table {
    drop: DropCosts,
    columns: usize,
    /// Of the row before: whatever came last, and a match.
    any: Vec<f64>,
    matched: Vec<f64>,
    /// A byte a cell: what came before a match (two bits), and whether the best
    /// of all was a match, a gold clip or a trainee clip left out (two bits).
    choices: Vec<u8>,
}

const MATCHED: u8 = 0;
const GOLD_LEFT_OUT: u8 = 1;
const TRAINEE_LEFT_OUT: u8 = 2;

impl Table {
    fn new(rows: usize, columns: usize, drop: DropCosts) -> Result<Self, DtwError> {
        Ok(Self {
            drop,
            columns,
            any: (0..=columns).map(|j| j as f64 * drop.trainee).collect(),
            matched: vec![f64::INFINITY; columns + 1],
            choices: room_for(rows.saturating_mul(columns), rows, columns)?,
        })
    }

    fn push_row(&mut self, costs: &[f32]) {
        let mut any_diagonal = self.any[0];
        self.any[0] += self.drop.gold;
        self.matched[0] = f64::INFINITY;
        for (column, &cost) in (1..).zip(costs) {
            let (above, left) = (self.matched[column], self.matched[column - 1]);
            let mut before = (any_diagonal, Last::AfterAny);
            if above < before.0 {
                before = (above, Last::SameTrainee);
            }
            if left < before.0 {
                before = (left, Last::SameGold);
            }
            let matched = before.0 + f64::from(cost);
            let mut best = (matched, MATCHED);
            let without_gold = self.any[column] + self.drop.gold;
            if without_gold < best.0 {
                best = (without_gold, GOLD_LEFT_OUT);
            }
            let without_trainee = self.any[column - 1] + self.drop.trainee;
            if without_trainee < best.0 {
                best = (without_trainee, TRAINEE_LEFT_OUT);
            }
            any_diagonal = self.any[column];
            self.any[column] = best.0;
            self.matched[column] = matched;
            self.choices.push(before.1 as u8 | best.1 << 2);
        }
    }

    fn finish(self) -> DropAlignment {
        let (mut row, mut column) = (self.choices.len() / self.columns, self.columns);
        let mut cells = Vec::new();
        // Whether the last clips of both are known to be matched.
        let mut is_match = false;
        while row > 0 && column > 0 {
            let choice = self.choices[(row - 1) * self.columns + column - 1];
            let last = if is_match { MATCHED } else { choice >> 2 };
            match last {
                GOLD_LEFT_OUT => row -= 1,
                TRAINEE_LEFT_OUT => column -= 1,
                _ => {
                    cells.push((row as u32 - 1, column as u32 - 1));
                    let before = choice & 3;
                    is_match = before != Last::AfterAny as u8;
                    row -= usize::from(before != Last::SameGold as u8);
                    column -= usize::from(before != Last::SameTrainee as u8);
                }
            }
        }
        cells.reverse();
        DropAlignment {
            cells,
            total: self.any[self.columns],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::Side;
    use crate::{Cost, align};

    const EUCLIDEAN: Options<'static> = Options {
        cost: Cost::SquaredEuclidean,
        centring: crate::Centring::None,
        non_overlapping_lag: 1,
        threads: 1,
        engine: crate::Engine::Portable,
        band_radius: None,
        pruning: crate::Pruning::Off,
        path_bytes: usize::MAX,
        cancel: None,
    };

    fn aligned(gold: &[f32], trainee: &[f32], drop: DropCosts) -> DropAlignment {
        let a = MatrixView::new(Side::Gold, gold.len(), 1, gold).unwrap();
        let b = MatrixView::new(Side::Trainee, trainee.len(), 1, trainee).unwrap();
        align_with_drops(&a, &b, drop, &EUCLIDEAN).unwrap()
    }

    /// Tries every choice: what is left, and whether the clips before are
    /// matched with each other.
    fn cheapest(gold: &[f32], trainee: &[f32], before: Option<(f32, f32)>, drop: DropCosts) -> f64 {
        let square = |x: f32, y: f32| f64::from(x - y).powi(2);
        let mut best = f64::INFINITY;
        if gold.is_empty() && trainee.is_empty() {
            return 0.0;
        }
        if let [first, rest @ ..] = gold {
            best = best.min(drop.gold + cheapest(rest, trainee, None, drop));
            if let Some((_, same)) = before {
                let cost = square(*first, same);
                best = best.min(cost + cheapest(rest, trainee, Some((*first, same)), drop));
            }
        }
        if let [first, rest @ ..] = trainee {
            best = best.min(drop.trainee + cheapest(gold, rest, None, drop));
            if let Some((same, _)) = before {
                let cost = square(same, *first);
                best = best.min(cost + cheapest(gold, rest, Some((same, *first)), drop));
            }
        }
        if let ([a, gold @ ..], [b, trainee @ ..]) = (gold, trainee) {
            best = best.min(square(*a, *b) + cheapest(gold, trainee, Some((*a, *b)), drop));
        }
        best
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn nothing_is_cheaper(
            gold in proptest::collection::vec(-3.0_f32..3.0, 1..6),
            trainee in proptest::collection::vec(-3.0_f32..3.0, 1..6),
            drop in (0.0..2.0, 0.0..2.0),
        ) {
            let drop = DropCosts { gold: drop.0, trainee: drop.1 };
            let found = aligned(&gold, &trainee, drop);
            let expected = cheapest(&gold, &trainee, None, drop);
            prop_assert!((found.total - expected).abs() < 1e-4, "{} {}", found.total, expected);
            // The total is that of the cells and of what is left out.
            let of_cells: f64 = (found.cells.iter())
                .map(|&(i, j)| f64::from(gold[i as usize] - trainee[j as usize]).powi(2))
                .sum();
            let left_out = |length: usize, is_used: &dyn Fn(u32) -> bool| {
                (0..length as u32).filter(|&clip| !is_used(clip)).count() as f64
            };
            let gold_left_out = left_out(gold.len(), &|clip| found.cells.iter().any(|cell| cell.0 == clip));
            let trainee_left_out = left_out(trainee.len(), &|clip| found.cells.iter().any(|cell| cell.1 == clip));
            let total = of_cells + gold_left_out * drop.gold + trainee_left_out * drop.trainee;
            prop_assert!((found.total - total).abs() < 1e-4, "{} {}", found.total, total);
        }
    }

    #[test]
    fn what_belongs_to_nothing_is_left_out() {
        let drop = DropCosts {
            gold: 0.5,
            trainee: 0.5,
        };
        // The gold's 9 is missing; the trainee's 5 is extra.
        let found = aligned(&[1.0, 2.0, 9.0, 3.0], &[1.0, 5.0, 2.0, 2.0, 3.0], drop);
        assert_eq!(found.cells, [(0, 0), (1, 2), (1, 3), (3, 4)]);
        assert_eq!(found.total, 1.0);
        // At a high price nothing is, and the path is that of plain warping.
        let dear = DropCosts {
            gold: 1e6,
            trainee: 1e6,
        };
        let (gold, trainee) = ([1.0, 2.0, 9.0, 3.0], [1.0, 5.0, 2.0, 2.0, 3.0]);
        let a = MatrixView::new(Side::Gold, 4, 1, &gold).unwrap();
        let b = MatrixView::new(Side::Trainee, 5, 1, &trainee).unwrap();
        let plain = align(&a, &b, &EUCLIDEAN).unwrap();
        assert_eq!(aligned(&gold, &trainee, dear).cells, plain.path);
        let error = align_with_drops(&a, &b, DropCosts { gold: -1.0, ..drop }, &EUCLIDEAN);
        assert!(matches!(error, Err(DtwError::BadDropCost { .. })));
    }
}
