//! The matrix of costs, computed in bands of rows.

use std::ops::Range;

use crate::error::DtwError;
use crate::features::FeaturePair;
use crate::options::Options;
use crate::product::PANEL;
use crate::recurrence::{MARGIN, STRIP_ROWS};
use crate::vectorised::vectorised;

/// Values in one band: 16 MiB, unless a single strip is longer.
const BAND_VALUES: usize = 4 << 20;

/// More rows a band gain nothing: the product then reads each trainee row
/// from cache often enough.
const MAX_BAND_ROWS: usize = 256;

/// How many rows of `columns` costs are computed at once: whole strips.
pub(crate) fn band_rows(columns: usize) -> usize {
    let rows = (BAND_VALUES / columns).clamp(1, MAX_BAND_ROWS);
    rows.next_multiple_of(STRIP_ROWS)
}

/// Some rows of costs, with margins as the recurrence wants them.
#[derive(Debug, Default)]
pub(crate) struct CostBand {
    columns: usize,
    rows: usize,
    values: Vec<f32>,
}

impl CostBand {
    /// Without rows; room is made when the first comes.
    pub(crate) fn empty(columns: usize) -> Self {
        Self {
            columns,
            rows: 0,
            values: Vec::new(),
        }
    }

    /// Distance of two rows: odd multiples of a cache line, as rows a power of
    /// two apart would fight for the same places in the cache.
    pub(crate) fn stride(&self) -> usize {
        ((self.columns + MARGIN).div_ceil(16) | 1) * 16
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Where column 0 of a row lies among the values.
    pub(crate) fn start_of(&self, row: usize) -> usize {
        MARGIN + row * self.stride()
    }

    pub(crate) fn row(&self, row: usize) -> &[f32] {
        let start = self.start_of(row);
        &self.values[start..start + self.columns]
    }

    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [f32] {
        let start = self.start_of(row);
        &mut self.values[start..start + self.columns]
    }

    /// Everything, margins included.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    /// Whether a strip may begin at `row`: rows that are not filled may be read.
    pub(crate) fn has_room_for_strip(&self, row: usize) -> bool {
        self.values.len() >= self.start_of(row + STRIP_ROWS)
    }

    pub(crate) fn clear(&mut self) {
        self.rows = 0;
    }

    pub(crate) fn push_row(&mut self, costs: &[f32]) {
        self.make_room(STRIP_ROWS.max(self.rows + 1));
        let start = self.start_of(self.rows);
        self.values[start..start + self.columns].copy_from_slice(costs);
        self.rows += 1;
    }

    fn make_room(&mut self, rows: usize) {
        let needed = self.start_of(rows);
        if self.values.len() < needed {
            self.values.resize(needed, 0.0);
        }
    }

    /// Replaces what it holds by the costs of some gold clips with trainee clips
    /// from `first_column`, a multiple of [`PANEL`].
    pub(crate) fn fill(
        &mut self,
        pair: &FeaturePair<'_>,
        gold: Range<usize>,
        first_column: usize,
        threads: usize,
    ) {
        let stride = self.stride();
        let trainee = first_column..first_column + self.columns;
        self.rows = gold.len();
        self.make_room(gold.len().next_multiple_of(STRIP_ROWS));
        debug_assert!(first_column.is_multiple_of(PANEL) && PANEL <= MARGIN);
        let out = &mut self.values[MARGIN..];
        (pair.gold).products(
            gold.clone(),
            &pair.trainee,
            trainee.clone(),
            out,
            stride,
            threads,
        );
        let values = &mut self.values[MARGIN..];
        vectorised(
            #[inline(always)]
            || {
                for (index, row) in gold.zip(values.chunks_mut(stride)) {
                    let (costs, margin) = row.split_at_mut(trainee.len());
                    pair.products_to_costs(index, trainee.clone(), costs);
                    // Where the last panel is not whole, products lie beyond.
                    margin.fill(0.0);
                }
            },
        );
    }
}

/// Calls `visit(first gold clip, costs)` for bands of the gold clips `gold`, in
/// order, with the costs of each with the first `columns` trainee clips.
pub(crate) fn for_each_cost_band(
    pair: &FeaturePair<'_>,
    gold: Range<usize>,
    columns: usize,
    band_rows: usize,
    options: &Options<'_>,
    mut visit: impl FnMut(usize, &CostBand) -> Result<(), DtwError>,
) -> Result<(), DtwError> {
    let mut band = CostBand::empty(columns);
    for first in gold.clone().step_by(band_rows) {
        options.check_cancelled()?;
        band.fill(
            pair,
            first..gold.end.min(first + band_rows),
            0,
            options.threads,
        );
        visit(first, &band)?;
    }
    Ok(())
}

/// Calls `visit(gold clip, costs with all trainee clips)` for every gold clip
/// in order.
pub(crate) fn for_each_cost_row(
    pair: &FeaturePair<'_>,
    options: &Options<'_>,
    mut visit: impl FnMut(usize, &[f32]) -> Result<(), DtwError>,
) -> Result<(), DtwError> {
    let columns = pair.trainee.rows;
    for_each_cost_band(
        pair,
        0..pair.gold.rows,
        columns,
        band_rows(columns),
        options,
        |first, band| (0..band.rows()).try_for_each(|row| visit(first + row, band.row(row))),
    )
}
