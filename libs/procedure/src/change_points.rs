//! Finding steps in a gold whose SOP gives no times: kernel change points.
//!
//! The video is cut into stretches so that the scatter of the embeddings
//! around each stretch's own mean, plus a penalty for every stretch, is least
//! (Arlot, Celisse & Harchaoui 2019, with the linear kernel on centred unit
//! rows). Dynamic programming finds the exact optimum.

use std::ops::Range;

use sopilot_dtw::SimilarityMatrix;

/// Penalty of one more stretch, in units of the scatter that chance explains:
/// noise of one row × rows that are not independent × log of the number of
/// places to cut. A cut of pure noise gains one unit on average and, at the
/// best of all places, two; as much again is asked for because a step moves
/// on by itself and should not be cut for that.
const PENALTY_FACTOR: f64 = 4.0;

/// Cuts a video into stretches of at least `min_rows` rows that cover it.
///
/// `kernel` holds the similarities of all rows: time and memory grow with the
/// square of their number, so callers reduce long videos first. `lag`: rows
/// apart from which two rows are independent; their dissimilarity is the
/// noise that cuts are judged by.
pub(crate) fn segment(kernel: &SimilarityMatrix, min_rows: usize, lag: usize) -> Vec<Range<usize>> {
    let rows = kernel.clips();
    let min_rows = min_rows.max(1);
    if rows < 2 * min_rows {
        return std::iter::once(0..rows).collect();
    }
    let scatter = Scatter::new(kernel);
    let penalty = penalty(kernel, min_rows, lag);
    // least[end]: cost of the best way to cut the rows before `end`.
    let mut least = vec![f64::INFINITY; rows + 1];
    let mut start_of = vec![0; rows + 1];
    least[0] = 0.0;
    for end in min_rows..=rows {
        for start in 0..=end - min_rows {
            let cost = least[start] + scatter.of(start..end) + penalty;
            if cost < least[end] {
                (least[end], start_of[end]) = (cost, start);
            }
        }
    }
    let mut stretches = Vec::new();
    let mut end = rows;
    while end > 0 {
        stretches.push(start_of[end]..end);
        end = start_of[end];
    }
    stretches.reverse();
    stretches
}

fn penalty(kernel: &SimilarityMatrix, min_rows: usize, lag: usize) -> f64 {
    let rows = kernel.clips();
    let lag = lag.clamp(1, rows - 1);
    let mut noise: Vec<f64> = (lag..rows)
        .map(|row| 1.0 - f64::from(kernel.get(row - lag, row)))
        .collect();
    // The median: a few real changes must not raise the bar for themselves.
    let noise = crate::clip::quantile(&mut noise, 0.5).max(1e-6);
    let places = (rows as f64 / min_rows as f64).max(2.0);
    PENALTY_FACTOR * noise * lag as f64 * (1.0 + places.ln())
}

/// Scatter of any stretch of rows around its mean, in constant time.
struct Scatter {
    /// Sums over the squares of the kernel that start at its corner.
    sums: Vec<f64>,
    /// Sums over its diagonal.
    diagonal: Vec<f64>,
    width: usize,
}

impl Scatter {
    fn new(kernel: &SimilarityMatrix) -> Self {
        let rows = kernel.clips();
        let width = rows + 1;
        let mut sums = vec![0.0; width * width];
        let mut diagonal = vec![0.0; width];
        for row in 0..rows {
            let mut along = 0.0;
            for (column, &value) in kernel.row(row).iter().enumerate() {
                along += f64::from(value);
                sums[(row + 1) * width + column + 1] = sums[row * width + column + 1] + along;
            }
            diagonal[row + 1] = diagonal[row] + f64::from(kernel.get(row, row));
        }
        Self {
            sums,
            diagonal,
            width,
        }
    }

    fn of(&self, rows: Range<usize>) -> f64 {
        let at = |row: usize, column: usize| self.sums[row * self.width + column];
        let Range { start, end } = rows;
        let block = at(end, end) - at(start, end) - at(end, start) + at(start, start);
        self.diagonal[end] - self.diagonal[start] - block / (end - start) as f64
    }
}

#[cfg(test)]
mod tests {
    use sopilot_dtw::{MatrixView, Options, Side, self_similarity};

    use super::*;
    use crate::synthetic::Work;

    fn kernel(rows: &[Vec<f32>]) -> SimilarityMatrix {
        let data = rows.concat();
        let view = MatrixView::new(Side::Gold, rows.len(), rows[0].len(), &data).unwrap();
        self_similarity(
            &view,
            &Options {
                center_on_gold: true,
                ..Options::default()
            },
        )
        .unwrap()
    }

    #[test]
    fn cuts_stand_where_the_work_changes() {
        for seed in 0..5 {
            let work = Work::new(seed, 5);
            let rows = work.gold(seed).rows;
            let found = segment(&kernel(&rows), 4, 2);
            let cuts: Vec<usize> = found.iter().skip(1).map(|stretch| stretch.start).collect();
            let truth = work.gold(seed).boundaries();
            for cut in &truth {
                assert!(
                    cuts.iter().any(|found| found.abs_diff(*cut) <= 2),
                    "seed {seed}: {cuts:?}, truth {truth:?}"
                );
            }
            assert!(
                cuts.len() <= truth.len() + 2,
                "seed {seed}: {cuts:?}, truth {truth:?}"
            );
        }
    }

    #[test]
    fn stretches_cover_the_video_and_are_long_enough() {
        let rows = Work::new(1, 6).gold(2).rows;
        for min_rows in [1, 3, 10, 40, 1000] {
            let found = segment(&kernel(&rows), min_rows, 2);
            assert_eq!(found[0].start, 0);
            assert_eq!(found[found.len() - 1].end, rows.len());
            assert!(found.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(found.len() == 1 || found.iter().all(|stretch| stretch.len() >= min_rows));
        }
        assert_eq!(segment(&kernel(&rows[..1]), 4, 2)[0], 0..1);
    }
}
