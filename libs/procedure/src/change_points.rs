//! Finding steps in a gold whose SOP gives no times: kernel change points.
//!
//! The video is cut into stretches so that the scatter of the embeddings
//! around each stretch's own mean, plus a penalty for every stretch, is least
//! (Arlot, Celisse & Harchaoui 2019, with the linear kernel on centred unit
//! rows). Dynamic programming finds the exact optimum; the penalty follows
//! from how much needless stretches gain in this very video.

use std::ops::Range;

use sopilot_dtw::SimilarityMatrix;

/// More stretches are never looked for: the search grows with their number.
const MAX_STRETCHES: usize = 80;

/// The bend must stand out from a straight line by this share of all that cuts
/// gain, or there is no structure to find.
const MIN_BEND: f64 = 0.05;

/// Cuts a video into stretches of at least `min_rows` rows that cover it.
///
/// `kernel` holds the similarities of all rows: time and memory grow with the
/// square of their number, so callers reduce long videos first.
pub(crate) fn segment(kernel: &SimilarityMatrix, min_rows: usize) -> Vec<Range<usize>> {
    let rows = kernel.clips();
    let min_rows = min_rows.max(1);
    let most = (rows / min_rows).clamp(1, MAX_STRETCHES);
    let cuts = BestCuts::new(&Scatter::new(kernel), rows, min_rows, most);
    cuts.stretches(bend(&cuts.costs))
}

/// The number of stretches after which more gain only as much as they always
/// do: where the curve of costs lies furthest below the straight line between
/// its ends. The slope of that line is the price of a stretch, which makes
/// this the penalised optimum.
fn bend(costs: &[f64]) -> usize {
    let last = costs.len() - 1;
    let gain = costs[0] - costs[last];
    let below = |index: usize| costs[0] - gain * index as f64 / last.max(1) as f64 - costs[index];
    let best = (0..costs.len()).fold(0, |best, index| {
        if below(index) > below(best) {
            index
        } else {
            best
        }
    });
    if below(best) >= MIN_BEND * gain {
        best + 1
    } else {
        1
    }
}

/// The best ways to cut rows into 1, 2, … stretches.
struct BestCuts {
    /// Total scatter, by number of stretches less one.
    costs: Vec<f64>,
    /// By number of stretches less one: start of the last stretch of the rows
    /// before each end.
    start_of: Vec<Vec<usize>>,
    rows: usize,
}

impl BestCuts {
    fn new(scatter: &Scatter, rows: usize, min_rows: usize, most: usize) -> Self {
        // Always one stretch, be it too short.
        let first: Vec<f64> = (0..=rows)
            .map(|end| {
                if end == 0 {
                    f64::INFINITY
                } else {
                    scatter.of(0..end)
                }
            })
            .collect();
        let mut cuts = Self {
            costs: vec![first[rows]],
            start_of: vec![vec![0; rows + 1]],
            rows,
        };
        let mut least = first;
        for count in 2..=most {
            let mut next = vec![f64::INFINITY; rows + 1];
            let mut start_of = vec![0; rows + 1];
            for end in count * min_rows..=rows {
                let places = (count - 1) * min_rows..=end - min_rows;
                for (start, before) in least
                    .iter()
                    .enumerate()
                    .take(places.end() + 1)
                    .skip(*places.start())
                {
                    let cost = before + scatter.of(start..end);
                    if cost < next[end] {
                        (next[end], start_of[end]) = (cost, start);
                    }
                }
            }
            cuts.costs.push(next[rows]);
            cuts.start_of.push(start_of);
            least = next;
        }
        cuts
    }

    fn stretches(&self, count: usize) -> Vec<Range<usize>> {
        let mut end = self.rows;
        let mut stretches: Vec<Range<usize>> = self.start_of[..count]
            .iter()
            .rev()
            .map(|start_of| {
                let stretch = start_of[end]..end;
                end = stretch.start;
                stretch
            })
            .collect();
        stretches.reverse();
        stretches
    }
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
    use sopilot_dtw::{Centring, MatrixView, Options, Side, self_similarity};

    use super::*;
    use crate::synthetic::Work;

    fn kernel(rows: &[Vec<f32>]) -> SimilarityMatrix {
        let data = rows.concat();
        let view = MatrixView::new(Side::Gold, rows.len(), rows[0].len(), &data).unwrap();
        self_similarity(
            &view,
            &Options {
                centring: Centring::OnGold,
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
            let found = segment(&kernel(&rows), 4);
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
            let found = segment(&kernel(&rows), min_rows);
            assert_eq!(found[0].start, 0);
            assert_eq!(found[found.len() - 1].end, rows.len());
            assert!(found.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(found.len() == 1 || found.iter().all(|stretch| stretch.len() >= min_rows));
        }
        assert_eq!(segment(&kernel(&rows[..1]), 4)[0], 0..1);
    }
}
