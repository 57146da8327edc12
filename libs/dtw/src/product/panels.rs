//! Rows, rearranged for kernels that compute a tile of products at a time (as
//! BLIS does: Van Zee & van de Geijn 2015).

use std::ops::Range;

use super::PANEL;
use super::avx2::Avx2;
use super::avx512::Avx512;

/// Values of each row that are multiplied before the next rows come: 16 KiB of
/// a panel, half of a small first-level cache.
pub(super) const DEPTH: usize = 256;

/// Values of the panels that are fetched ahead while one group of rows is
/// multiplied: 16 groups fetch what comes next.
const FETCHED: usize = DEPTH;

/// Computes products of a few rows of the left side with one or two panels.
pub(super) trait Kernel {
    /// Rows of the left side that are multiplied at once, at most [`PANEL`].
    const LEFT: usize;

    /// Panels that are multiplied at once: 1 or 2.
    const PANELS: usize;

    /// Rows of the left side that a thread works on, a multiple of `LEFT`: some
    /// 384 KiB of 1024 dimensions, so that they stay in a second-level cache.
    const BLOCK_ROWS: usize;

    /// Whether this processor has the instructions.
    fn is_supported() -> bool;

    /// Computes a tile. Each product is summed in the order of the values, one
    /// fused multiplication and addition after the other, so that all kernels
    /// compute the same numbers. Checks the lengths of what it is given.
    ///
    /// # Safety
    ///
    /// [`is_supported`](Self::is_supported).
    unsafe fn multiply(tile: &mut Tile<'_>);
}

/// What a kernel computes at a time.
pub(super) struct Tile<'a> {
    /// The first values of `LEFT` rows, then the second ones, and so on.
    pub(super) left: &'a [f32],
    /// The same of 16 rows each; the second is empty where there is none.
    pub(super) right: [&'a [f32]; 2],
    /// Receives the products of the first `rows` rows, `stride` apart.
    pub(super) out: &'a mut [f32],
    pub(super) stride: usize,
    pub(super) rows: usize,
    /// Whether the products are added to what is there.
    pub(super) adds: bool,
    /// Fetched meanwhile: only a hint, any address may be given.
    pub(super) ahead: *const f32,
}

impl Tile<'_> {
    /// Asserts that a tile of `left` rows is whole; answers its depth.
    pub(super) fn checked_depth(&self, left: usize) -> usize {
        let depth = self.right[0].len() / PANEL;
        let width = if self.right[1].is_empty() {
            PANEL
        } else {
            assert!(self.right[1].len() == depth * PANEL);
            2 * PANEL
        };
        assert!(self.right[0].len() == depth * PANEL && self.left.len() == depth * left);
        assert!((1..=left).contains(&self.rows));
        assert!(self.out.len() >= (self.rows - 1) * self.stride + width);
        depth
    }
}

/// Rows in panels of 16: of each the first values of all rows, then the second
/// ones, and so on. Rows that are missing in the last panel are zeros.
#[derive(Debug)]
pub(crate) struct Panels {
    dim: usize,
    values: Vec<f32>,
}

/// Rows that are multiplied by their scales on the way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    /// Row-major.
    pub(crate) values: &'a [f32],
    /// One a row.
    pub(crate) scales: &'a [f32],
}

impl<'a> Rows<'a> {
    /// So many rows at a time.
    fn chunks(self, rows: usize, dim: usize) -> impl Iterator<Item = Self> + use<'a> {
        let values = self.values.chunks(rows * dim);
        values
            .zip(self.scales.chunks(rows))
            .map(|(values, scales)| Self { values, scales })
    }
}

impl Panels {
    /// Rearranges rows of `dim` values.
    pub(crate) fn new(rows: Rows<'_>, dim: usize) -> Self {
        let mut values = Vec::new();
        interleave(PANEL, rows, dim, &mut values);
        Self { dim, values }
    }

    /// Whether this processor has the instructions.
    pub(crate) fn are_supported() -> bool {
        Avx2::is_supported()
    }

    /// Products of the rows `left` with the rows `right` of these, into `out`:
    /// rows of at least `right.len()` rounded up to whole panels, `stride`
    /// apart. What is beyond `right` is overwritten, with zeros beyond the last
    /// row. `right` begins with a panel.
    ///
    /// `threads`: 0 means all of the current rayon pool.
    pub(crate) fn products(
        &self,
        left: Rows<'_>,
        right: Range<usize>,
        out: &mut [f32],
        stride: usize,
        threads: usize,
    ) {
        if Avx512::is_supported() {
            self.products_by::<Avx512>(left, right, out, stride, threads);
        } else {
            self.products_by::<Avx2>(left, right, out, stride, threads);
        }
    }

    fn products_by<K: Kernel>(
        &self,
        left: Rows<'_>,
        right: Range<usize>,
        out: &mut [f32],
        stride: usize,
        threads: usize,
    ) {
        assert!(K::is_supported());
        let rows = left.scales.len();
        assert!(left.values.len() == rows * self.dim && right.start.is_multiple_of(PANEL));
        let panels = right.start / PANEL..right.end.div_ceil(PANEL);
        assert!(panels.end * PANEL * self.dim <= self.values.len());
        let width = panels.len() * PANEL;
        assert!(stride >= width && out.len() + stride >= rows * stride + width);
        let threads = if threads == 0 {
            rayon::current_num_threads()
        } else {
            threads
        };
        // Whole groups, shared out evenly.
        let each = rows.div_ceil(K::LEFT).div_ceil(threads).max(1) * K::LEFT;
        let shares = left
            .chunks(each, self.dim)
            .zip(out.chunks_mut(each * stride));
        if threads == 1 || rows <= K::LEFT {
            for (left, out) in shares {
                self.share::<K>(left, panels.clone(), out, stride);
            }
        } else {
            rayon::scope(|scope| {
                for (left, out) in shares {
                    let panels = panels.clone();
                    scope.spawn(move |_| self.share::<K>(left, panels, out, stride));
                }
            });
        }
    }

    /// What one thread does.
    fn share<K: Kernel>(
        &self,
        left: Rows<'_>,
        panels: Range<usize>,
        out: &mut [f32],
        stride: usize,
    ) {
        let mut room = Vec::new();
        let blocks = left.chunks(K::BLOCK_ROWS, self.dim);
        for (left, out) in blocks.zip(out.chunks_mut(K::BLOCK_ROWS * stride)) {
            interleave(K::LEFT, left, self.dim, &mut room);
            self.block::<K>(&room, left.scales.len(), panels.clone(), out, stride);
        }
    }

    /// `left`: rows, rearranged.
    fn block<K: Kernel>(
        &self,
        left: &[f32],
        rows: usize,
        panels: Range<usize>,
        out: &mut [f32],
        stride: usize,
    ) {
        let dim = self.dim;
        for panel in panels.clone().step_by(K::PANELS) {
            let together = K::PANELS.min(panels.end - panel);
            let place = (panel - panels.start) * PANEL;
            for first in (0..dim).step_by(DEPTH) {
                let depth = first..dim.min(first + DEPTH);
                let part = |panel: usize| {
                    let start = panel * PANEL * dim;
                    &self.values[start + PANEL * depth.start..start + PANEL * depth.end]
                };
                let right = [
                    part(panel),
                    if together == 2 { part(panel + 1) } else { &[] },
                ];
                // What comes next among the panels, shared out among the groups.
                let ahead = right[together - 1].as_ptr_range().end;
                for (group, left) in left.chunks_exact(K::LEFT * dim).enumerate() {
                    let row = group * K::LEFT;
                    let mut tile = Tile {
                        left: &left[K::LEFT * depth.start..K::LEFT * depth.end],
                        right,
                        out: &mut out[row * stride + place..],
                        stride,
                        rows: K::LEFT.min(rows - row),
                        adds: first > 0,
                        ahead: ahead.wrapping_add(group * FETCHED),
                    };
                    // SAFETY: `products_by` has asserted that the processor has the
                    // instructions.
                    unsafe { K::multiply(&mut tile) };
                }
            }
        }
    }
}

/// The first values of `width` rows, then the second ones, and so on; then the
/// next `width` rows. Missing rows are zeros.
#[inline(always)]
fn interleave(width: usize, rows: Rows<'_>, dim: usize, out: &mut Vec<f32>) {
    /// Values of a row at a time: a line of the cache, for rows a power of two
    /// apart share a place in it.
    const LINE: usize = 16;
    let count = rows.scales.len();
    out.clear();
    out.reserve(count.div_ceil(width) * width * dim);
    let groups = rows
        .values
        .chunks(width * dim)
        .zip(rows.scales.chunks(width));
    // What `out` gets is put together here, so that its memory is touched once.
    let mut lines = [0.0; LINE * PANEL];
    for (values, scales) in groups {
        lines.fill(0.0);
        for first in (0..dim).step_by(LINE) {
            let line = first..dim.min(first + LINE);
            let lines = &mut lines[..line.len() * width];
            let rows = values.chunks_exact(dim).zip(scales);
            for (lane, (row, scale)) in rows.enumerate() {
                for (out, value) in lines.chunks_exact_mut(width).zip(&row[line.clone()]) {
                    out[lane] = value * scale;
                }
            }
            out.extend_from_slice(lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::row_products;

    #[test]
    fn products_are_those_of_plain_loops_wherever_they_begin() {
        products_are_those_of_plain_loops::<Avx2>();
        products_are_those_of_plain_loops::<Avx512>();
    }

    fn products_are_those_of_plain_loops<K: Kernel>() {
        if !K::is_supported() {
            return;
        }
        let shapes = [
            (1, 1, 1),
            (6, 16, 8),
            (7, 17, 3),
            (95, 33, 257),
            (200, 50, 300),
            (13, 100, 512),
        ];
        for (m, n, dim) in shapes {
            // Small whole numbers, so that every order of summing is exact.
            let value = |i: usize| ((i * 37 % 23) as f32) - 11.0;
            let left: Vec<f32> = (0..m * dim).map(value).collect();
            let right: Vec<f32> = (0..n * dim).map(|i| value(i + 5)).collect();
            let mut expected = vec![0.0; m * n];
            row_products(&left, &right, dim, &mut expected, n, 1);
            let (ones, twos) = (vec![1.0; m], vec![2.0; n]);
            let rows = |values, scales| Rows { values, scales };
            let panels = Panels::new(rows(&right, &twos), dim);
            for threads in [1, 2, 3] {
                for begin in (0..n).step_by(PANEL) {
                    let width = n - begin;
                    let stride = width.next_multiple_of(PANEL) + 3;
                    let mut out = vec![f32::NAN; m * stride];
                    let left = rows(&left, &ones);
                    panels.products_by::<K>(left, begin..n, &mut out, stride, threads);
                    for (row, out) in out.chunks_exact(stride).enumerate() {
                        let expected = expected[row * n + begin..(row + 1) * n].iter();
                        assert!(
                            out[..width]
                                .iter()
                                .zip(expected)
                                .all(|(a, b)| *a == 2.0 * b)
                        );
                        assert!(out[width..stride - 3].iter().all(|&beyond| beyond == 0.0));
                        assert!(out[stride - 3..].iter().all(|beyond| beyond.is_nan()));
                    }
                }
            }
        }
    }
}
