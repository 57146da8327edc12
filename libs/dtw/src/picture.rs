//! The similarity matrix, averaged down to something that can be shown.

use std::ops::Range;

use crate::engine::Engine;
use crate::recurrence::Scale;
use crate::vectorised::vectorised;
use crate::warp::{Boundary, Rules, Warp};

/// Most rows and most columns of a [`SimilarityPicture`]: eight minutes at two
/// clips a second are kept whole, and at an hour a cell still spans less than
/// four seconds.
pub const MAX_PICTURE_SIDE: usize = 1024;

/// A matrix of similarities, averaged down to at most
/// [`MAX_PICTURE_SIDE`]² cells; a smaller matrix keeps its size.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarityPicture {
    /// Rows (gold).
    pub rows: u32,
    /// Columns (trainee).
    pub columns: u32,
    /// rows × columns values, row-major; 0 is `low`, 255 is `high`.
    pub cells: Vec<u8>,
    /// The similarity that 0 stands for: the least cell.
    pub low: f32,
    /// The similarity that 255 stands for: the greatest cell.
    pub high: f32,
}

impl SimilarityPicture {
    /// The same with at most `side` rows and columns: means of neighbours.
    #[must_use]
    pub fn reduced(&self, side: usize) -> Self {
        let (rows, columns) = (self.rows as usize, self.columns as usize);
        let mut builder = PictureBuilder::with_side(rows, columns, side);
        for row in 0..rows {
            let similarities: Vec<f32> = (0..columns)
                .map(|column| self.similarity(row, column))
                .collect();
            builder.push_row(row, &similarities);
        }
        builder.finish()
    }

    /// Where some rows match best among some columns, and the mean similarity
    /// along that match: subsequence warping with free start and end on
    /// 1 − similarity. Both must not be empty, and lie in the picture.
    pub fn best_stretch(&self, rows: Range<usize>, within: Range<usize>) -> (Range<usize>, f32) {
        // 1 − similarity of a cell that is shown lies between these.
        let greatest = f64::from((1.0 - self.low).max(0.0));
        let rules = Rules {
            boundary: Boundary::OpenColumns,
            scale: Scale::new(rows.len() as f64 * greatest, rows.len() + within.len()),
            engine: Engine::best(),
        };
        let mut warp = Warp::new(rows.len(), within.len(), rules)
            .expect("a picture's directions take 256 KiB at most");
        for row in rows.clone() {
            let costs: Vec<f32> = (within.clone())
                .map(|column| (1.0 - self.similarity(row, column)).max(0.0))
                .collect();
            warp.push_row(&costs);
        }
        let path = warp.path();
        let along = path
            .iter()
            .map(|&(row, column)| (rows.start + row as usize, within.start + column as usize))
            .map(|(row, column)| self.similarity(row, column));
        let mean = along.sum::<f32>() / path.len() as f32;
        let column = |cell: (u32, u32)| within.start + cell.1 as usize;
        (column(path[0])..column(path[path.len() - 1]) + 1, mean)
    }

    /// The similarity that a cell stands for, to half of 1/255 of their range.
    pub fn similarity(&self, row: usize, column: usize) -> f32 {
        let cell = self.cells[row * self.columns as usize + column];
        self.low + (self.high - self.low) * f32::from(cell) / 255.0
    }
}

/// A picture under way: rows of similarities go in one after the other.
pub(crate) struct PictureBuilder {
    gold_clips: usize,
    rows: usize,
    /// Trainee clips in each picture column.
    widths: Vec<u32>,
    heights: Vec<u32>,
    sums: Vec<f64>,
}

impl PictureBuilder {
    pub(crate) fn new(gold_clips: usize, trainee_clips: usize) -> Self {
        Self::with_side(gold_clips, trainee_clips, MAX_PICTURE_SIDE)
    }

    fn with_side(gold_clips: usize, trainee_clips: usize, side: usize) -> Self {
        let rows = gold_clips.min(side);
        let columns = trainee_clips.min(side);
        let mut widths = vec![0; columns];
        for clip in 0..trainee_clips {
            widths[clip * columns / trainee_clips] += 1;
        }
        Self {
            gold_clips,
            rows,
            widths,
            heights: vec![0; rows],
            sums: vec![0.0; rows * columns],
        }
    }

    pub(crate) fn push_row(&mut self, gold_clip: usize, similarities: &[f32]) {
        let row = gold_clip * self.rows / self.gold_clips;
        let columns = self.widths.len();
        let sums = &mut self.sums[row * columns..(row + 1) * columns];
        if similarities.len() == columns {
            // Every column stands for one clip.
            for (sum, &value) in sums.iter_mut().zip(similarities) {
                *sum += f64::from(value);
            }
        } else {
            let mut rest = similarities;
            for (sum, &width) in sums.iter_mut().zip(&self.widths) {
                let (cell, after) = rest.split_at(width as usize);
                *sum += cell.iter().map(|&value| f64::from(value)).sum::<f64>();
                rest = after;
            }
        }
        self.heights[row] += 1;
    }

    pub(crate) fn finish(self) -> SimilarityPicture {
        vectorised(
            #[inline(always)]
            || self.shown(),
        )
    }

    #[inline(always)]
    fn shown(self) -> SimilarityPicture {
        let columns = self.widths.len();
        let mut means = self.sums;
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for (means, &height) in means.chunks_exact_mut(columns).zip(&self.heights) {
            for (mean, &width) in means.iter_mut().zip(&self.widths) {
                *mean /= f64::from(height) * f64::from(width);
                low = low.min(*mean);
                high = high.max(*mean);
            }
        }
        let scale = if high > low {
            255.0 / (high - low)
        } else {
            0.0
        };
        SimilarityPicture {
            rows: self.rows as u32,
            columns: columns as u32,
            cells: means
                .iter()
                .map(|mean| ((mean - low) * scale).round() as u8)
                .collect(),
            low: low as f32,
            high: high as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(
        gold: usize,
        trainee: usize,
        similarity: impl Fn(usize, usize) -> f32,
    ) -> SimilarityPicture {
        let mut builder = PictureBuilder::new(gold, trainee);
        for i in 0..gold {
            builder.push_row(
                i,
                &(0..trainee).map(|j| similarity(i, j)).collect::<Vec<_>>(),
            );
        }
        builder.finish()
    }

    #[test]
    fn a_small_matrix_keeps_its_cells() {
        let picture = picture(2, 3, |i, j| (i * 3 + j) as f32);
        assert_eq!(
            (picture.rows, picture.columns, picture.low, picture.high),
            (2, 3, 0.0, 5.0)
        );
        assert_eq!(picture.cells, [0, 51, 102, 153, 204, 255]);
    }

    #[test]
    fn a_large_matrix_is_averaged() {
        let picture = picture(2048, 3000, |i, _| if i < 1024 { -1.0 } else { 1.0 });
        assert_eq!((picture.rows, picture.columns), (1024, 1024));
        assert!(picture.cells[..512 * 1024].iter().all(|&cell| cell == 0));
        assert!(picture.cells[512 * 1024..].iter().all(|&cell| cell == 255));
    }

    #[test]
    fn a_flat_matrix_is_black_not_nan() {
        let picture = picture(1, 1, |_, _| 0.25);
        assert_eq!(
            (picture.cells, picture.low, picture.high),
            (vec![0], 0.25, 0.25)
        );
    }

    #[test]
    fn a_reduced_picture_is_that_of_means() {
        let similarity = |i: usize, j: usize| (i * 4 + j) as f32 / 24.0;
        let whole = picture(6, 4, similarity);
        let small = whole.reduced(2);
        assert_eq!((small.rows, small.columns), (2, 2));
        let mean = (0..3).flat_map(|i| (2..4).map(move |j| similarity(i, j)));
        let mean = mean.sum::<f32>() / 6.0;
        assert!((small.similarity(0, 1) - mean).abs() < 0.01);
        assert_eq!(whole.reduced(10).rows, 6);
        assert_eq!(whole.reduced(10).cells, whole.cells);
    }

    #[test]
    fn the_best_stretch_is_the_one_that_follows_the_rows() {
        // Rows 1 and 2 are met in columns 3 and 4.
        let shown = picture(4, 6, |i, j| if j == i + 2 { 1.0 } else { 0.0 });
        assert_eq!(shown.best_stretch(1..3, 0..6), (3..5, 1.0));
        let (elsewhere, similarity) = shown.best_stretch(1..3, 0..3);
        assert!(elsewhere.end <= 3 && similarity < 0.1);
    }
}
