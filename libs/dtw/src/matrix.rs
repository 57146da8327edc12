//! A checked view of a sequence of embeddings.

use crate::error::{DtwError, Side};
use crate::vectorised::vectorised;

/// A sequence of embeddings: `rows` clips of `dim` values, row-major. Not
/// empty, and every entry is finite.
#[derive(Debug, Clone, Copy)]
pub struct MatrixView<'a> {
    side: Side,
    rows: usize,
    dim: usize,
    data: &'a [f32],
}

impl<'a> MatrixView<'a> {
    /// Checks shape and entries; `side` is what errors call the matrix.
    pub fn new(side: Side, rows: usize, dim: usize, data: &'a [f32]) -> Result<Self, DtwError> {
        if rows == 0 || dim == 0 {
            return Err(DtwError::Empty { side, rows, dim });
        }
        if u32::try_from(rows).is_err() {
            return Err(DtwError::TooManyRows { side, rows });
        }
        if rows.checked_mul(dim) != Some(data.len()) {
            return Err(DtwError::WrongLength {
                side,
                rows,
                dim,
                len: data.len(),
            });
        }
        // No early end, so that the loop vectorises.
        let all_finite = vectorised(
            #[inline(always)]
            || (data.iter()).fold(true, |all, value| all & value.is_finite()),
        );
        let is_wrong = |value: &f32| !value.is_finite();
        match (!all_finite)
            .then(|| data.iter().position(is_wrong))
            .flatten()
        {
            Some(at) => Err(DtwError::NotFinite {
                side,
                row: at / dim,
                column: at % dim,
                value: data[at],
            }),
            None => Ok(Self {
                side,
                rows,
                dim,
                data,
            }),
        }
    }

    /// Clips.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Values per clip.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The embedding of one clip. Panics if `index` is not below `rows`.
    pub fn row(&self, index: usize) -> &'a [f32] {
        &self.data[index * self.dim..(index + 1) * self.dim]
    }

    pub(crate) fn data(&self) -> &'a [f32] {
        self.data
    }

    pub(crate) fn side(&self) -> Side {
        self.side
    }

    pub(crate) fn iter_rows(&self) -> impl Iterator<Item = &'a [f32]> + use<'a> {
        self.data.chunks_exact(self.dim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_first_entry_that_is_not_finite() {
        let data = [0.0, 1.0, 2.0, 3.0, f32::NAN, f32::INFINITY];
        let error = MatrixView::new(Side::Trainee, 2, 3, &data).unwrap_err();
        assert!(matches!(
            error,
            DtwError::NotFinite {
                side: Side::Trainee,
                row: 1,
                column: 1,
                ..
            }
        ));
        assert!(
            error
                .to_string()
                .starts_with("trainee matrix, row 1, column 1: NaN"),
            "{error}"
        );
    }

    #[test]
    fn refuses_shapes_that_do_not_fit() {
        let data = [1.0; 6];
        for (rows, dim) in [(0, 3), (3, 0)] {
            assert_eq!(
                MatrixView::new(Side::Gold, rows, dim, &data).unwrap_err(),
                DtwError::Empty {
                    side: Side::Gold,
                    rows,
                    dim
                }
            );
        }
        assert!(matches!(
            MatrixView::new(Side::Gold, 2, 2, &data),
            Err(DtwError::WrongLength { len: 6, .. })
        ));
        assert!(matches!(
            MatrixView::new(Side::Gold, 2, usize::MAX, &data),
            Err(DtwError::WrongLength { .. })
        ));
        assert!(matches!(
            MatrixView::new(Side::Gold, usize::MAX, 1, &data),
            Err(DtwError::TooManyRows {
                rows: usize::MAX,
                ..
            })
        ));
    }
}
