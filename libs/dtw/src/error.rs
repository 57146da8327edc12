//! What can be wrong with an alignment's inputs.

use std::fmt;

/// One of the two sequences of an alignment; names the culprit in errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The video that shows the procedure done right: rows of the alignment.
    Gold,
    /// The video that is judged: columns of the alignment.
    Trainee,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gold => "gold",
            Self::Trainee => "trainee",
        })
    }
}

/// A vector with room for `count` values about every pair of clips.
pub(crate) fn room_for<T>(
    count: usize,
    gold_clips: usize,
    trainee_clips: usize,
) -> Result<Vec<T>, DtwError> {
    let mut values = Vec::new();
    match values.try_reserve_exact(count) {
        Ok(()) => Ok(values),
        Err(_) => Err(DtwError::OutOfMemory {
            gold_clips,
            trainee_clips,
            bytes: count.saturating_mul(size_of::<T>()),
        }),
    }
}

/// Why there is no alignment.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DtwError {
    /// A matrix without rows or columns.
    #[error(
        "{side} matrix is {rows} × {dim}: it needs at least one row (a clip) and one column; send a video that is at least one clip long"
    )]
    Empty {
        /// Which matrix.
        side: Side,
        /// Rows announced.
        rows: usize,
        /// Columns announced.
        dim: usize,
    },
    /// More rows than clips can be counted (`u32`).
    #[error("{side} matrix has {rows} rows, more than 4294967295: cut the video into pieces")]
    TooManyRows {
        /// Which matrix.
        side: Side,
        /// Rows announced.
        rows: usize,
    },
    /// Data of another length than rows × dim.
    #[error("{side} matrix is announced as {rows} × {dim} but carries {len} values instead of {expected}: announce the shape that is sent", expected = rows.saturating_mul(*dim))]
    WrongLength {
        /// Which matrix.
        side: Side,
        /// Rows announced.
        rows: usize,
        /// Columns announced.
        dim: usize,
        /// Values found.
        len: usize,
    },
    /// An entry that is NaN or infinite.
    #[error(
        "{side} matrix, row {row}, column {column}: {value} is not a finite number; the embedding of clip {row} must be made again"
    )]
    NotFinite {
        /// Which matrix.
        side: Side,
        /// Row (clip) of the entry.
        row: usize,
        /// Column of the entry.
        column: usize,
        /// The entry.
        value: f32,
    },
    /// A row of zeros, which has no direction to take a cosine with.
    #[error(
        "{side} matrix, row {row}: all entries are 0, so the cosine cost is undefined; the embedding of clip {row} must be made again"
    )]
    ZeroRow {
        /// Which matrix.
        side: Side,
        /// The row (clip).
        row: usize,
    },
    /// A row so long that its squared distances leave the range of `f32`.
    #[error(
        "{side} matrix, row {row}: squared length {squared_length:e} is too large for squared Euclidean costs in 32 bits; scale the embeddings down or use the cosine cost"
    )]
    RowTooLong {
        /// Which matrix.
        side: Side,
        /// The row (clip).
        row: usize,
        /// Its squared length after the gold's mean has been subtracted.
        squared_length: f64,
    },
    /// The two sides have different numbers of columns.
    #[error(
        "gold embeddings have {gold} dimensions and trainee embeddings {trainee}: both must come from the same embedder"
    )]
    DimensionMismatch {
        /// Columns of the gold.
        gold: usize,
        /// Columns of the trainee.
        trainee: usize,
    },
    /// A step that is empty, outside the gold, or overlaps the step before.
    #[error(
        "step {step} covers gold clips {start}..{end}: steps must be non-empty, in order, without overlap and within the {gold_clips} clips of the gold"
    )]
    BadStep {
        /// The step, from 0.
        step: usize,
        /// Its first clip.
        start: u32,
        /// One past its last clip.
        end: u32,
        /// Clips of the gold.
        gold_clips: usize,
    },
    /// Costs of another number than rows × columns, or none.
    #[error(
        "{rows} × {columns} costs are announced and {len} are given: both sides need at least one, and all must be there"
    )]
    WrongCosts {
        /// Rows announced.
        rows: usize,
        /// Columns announced.
        columns: usize,
        /// Costs found.
        len: usize,
    },
    /// A cost that is negative, NaN or infinite.
    #[error("the cost in row {row}, column {column} is {value}: costs are finite and not negative")]
    ImpossibleCost {
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
        /// The cost.
        value: f32,
    },
    /// A temperature of soft-DTW that is not positive.
    #[error("gamma is {gamma}: it must be greater than 0 and finite")]
    BadGamma {
        /// The temperature.
        gamma: f64,
    },
    /// A price of leaving out a clip that is negative, NaN or infinite.
    #[error("leaving out a clip costs {cost}: it must be 0 or more, and finite")]
    BadDropCost {
        /// The price.
        cost: f64,
    },
    /// The memory for the directions could not be had.
    #[error(
        "aligning {gold_clips} with {trainee_clips} clips needs {bytes} bytes for the path, which this process cannot get: give it more memory or use shorter videos"
    )]
    OutOfMemory {
        /// Clips of the gold.
        gold_clips: usize,
        /// Clips of the trainee.
        trainee_clips: usize,
        /// Bytes that were asked for.
        bytes: usize,
    },
    /// The caller's cancel flag was set.
    #[error("the alignment was cancelled")]
    Cancelled,
}
