//! A gold compared with itself, at a bounded size.

use std::ops::Range;

use sopilot_dtw::{DtwError, MatrixView, Options, Side, SimilarityMatrix, self_similarity};

/// Rows of a gold that are compared with each other at most; longer golds are
/// reduced by averaging neighbours, so that an hour of video costs no more
/// than some tens of MiB and a second.
pub(crate) const MAX_KERNEL_ROWS: usize = 1200;

/// Similarities of the gold's clips with each other, after runs of `factor`
/// neighbours have been averaged.
pub(crate) struct ReducedKernel {
    pub(crate) matrix: SimilarityMatrix,
    /// Clips per row.
    pub(crate) factor: usize,
    /// Rows apart from which two rows share no frame.
    pub(crate) lag: usize,
}

impl ReducedKernel {
    pub(crate) fn new(gold: &MatrixView<'_>, options: &Options<'_>) -> Result<Self, DtwError> {
        let factor = gold.rows().div_ceil(MAX_KERNEL_ROWS);
        let lag = (options.non_overlapping_lag as usize + factor - 1).div_ceil(factor);
        if factor == 1 {
            return Ok(Self {
                matrix: self_similarity(gold, options)?,
                factor,
                lag,
            });
        }
        let mut reduced = Vec::new();
        for first in (0..gold.rows()).step_by(factor) {
            let run = first..(first + factor).min(gold.rows());
            let mut mean = vec![0.0; gold.dim()];
            for clip in run {
                let row = gold.row(clip);
                // Unit length first, as the cosine sees them.
                let length = row
                    .iter()
                    .map(|value| value * value)
                    .sum::<f32>()
                    .sqrt()
                    .max(f32::MIN_POSITIVE);
                mean.iter_mut()
                    .zip(row)
                    .for_each(|(sum, value)| *sum += value / length);
            }
            reduced.extend_from_slice(&mean);
        }
        let view = MatrixView::new(Side::Gold, reduced.len() / gold.dim(), gold.dim(), &reduced)?;
        Ok(Self {
            matrix: self_similarity(&view, options)?,
            factor,
            lag,
        })
    }

    /// The rows that stand for some clips; at least one.
    pub(crate) fn rows_of(&self, clips: &Range<u32>) -> Range<usize> {
        let start = clips.start as usize / self.factor;
        start..(clips.end as usize).div_ceil(self.factor).max(start + 1)
    }
}
