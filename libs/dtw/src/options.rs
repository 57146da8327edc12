//! How to align.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::Engine;
use crate::error::DtwError;

/// The local cost of two clips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cost {
    /// 1 − cosine similarity, from 0 to 2. Rows of zeros are an error.
    #[default]
    Cosine,
    /// Squared Euclidean distance.
    SquaredEuclidean,
}

impl Cost {
    /// The similarity that belongs to a cost: the cosine for [`Cost::Cosine`];
    /// 1 − d²/2 for [`Cost::SquaredEuclidean`], which is the cosine again
    /// where rows have unit length. Never above 1.
    pub(crate) fn similarity(self, cost: f32) -> f32 {
        match self {
            Self::Cosine => 1.0 - cost,
            Self::SquaredEuclidean => 1.0 - 0.5 * cost,
        }
    }
}

/// What is subtracted from every row before anything is compared, so that what
/// all clips share (the scene) does not hide what differs (the action). Then
/// every row is scaled to unit length; with [`Cost::Cosine`] it is before the
/// mean is taken, too.
///
/// A row that equals the mean (closer than 10⁻⁴ of its length) has no direction
/// left: it becomes a row of zeros, of similarity 0 to every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Centring {
    /// Nothing.
    #[default]
    None,
    /// The gold's mean row, from both sides. If that leaves nothing of any row
    /// of the gold (one clip, a frozen picture), nothing is subtracted.
    OnGold,
    /// From each side its own mean row, so that what differs between the two
    /// recordings throughout (place, camera, light, person) does not count
    /// either. A side of which that leaves nothing is treated as with
    /// [`Centring::OnGold`].
    OnEach,
}

/// Whether costs that cannot matter are left out. The path is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pruning {
    /// Where it is faster: long sequences of which consecutive clips are alike.
    #[default]
    Automatic,
    /// Never.
    Off,
}

/// How to align.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The local cost.
    pub cost: Cost,
    /// What is subtracted before anything is compared.
    pub centring: Centring,
    /// How many rows lie between two clips of one video that share no frame:
    /// ⌈clip length / stride⌉. Read only where a video is compared with
    /// itself. 0 counts as 1.
    pub non_overlapping_lag: u32,
    /// Threads for the matrix product; 0 means all of the current rayon pool.
    /// The result does not depend on it beyond the rounding of a single cost.
    pub threads: usize,
    /// What computes the recurrence.
    pub engine: Engine,
    /// How far a path may stray, in trainee clips on both sides of the straight
    /// way from the first pair to the last (Sakoe & Chiba 1978); `None`: as far
    /// as it likes. Costs outside are not computed. Read by [`crate::align()`]
    /// and [`crate::align_batch`].
    pub band_radius: Option<u32>,
    /// Whether costs that cannot matter are left out, where only the path is
    /// wanted: evidence needs all of them.
    pub pruning: Pruning,
    /// Bytes that the directions of a path may take, two bits a cell; if they
    /// would take more, rows of sums are kept at intervals, and what lies
    /// between is computed again on the way back (half as long again). Evidence
    /// is gathered in one pass and needs all of them.
    pub path_bytes: usize,
    /// Set it from elsewhere to stop: looked at before every band of rows
    /// (some milliseconds of work).
    pub cancel: Option<&'a AtomicBool>,
}

/// Enough for 30 000 × 30 000 clips.
const DEFAULT_PATH_BYTES: usize = 256 << 20;

impl Default for Options<'_> {
    /// Cosine, not centred, clips that overlap by half, one thread, never
    /// cancelled.
    fn default() -> Self {
        Self {
            cost: Cost::Cosine,
            centring: Centring::None,
            non_overlapping_lag: 2,
            threads: 1,
            engine: Engine::best(),
            band_radius: None,
            pruning: Pruning::Automatic,
            path_bytes: DEFAULT_PATH_BYTES,
            cancel: None,
        }
    }
}

impl Options<'_> {
    pub(crate) fn check_cancelled(&self) -> Result<(), DtwError> {
        match self.cancel {
            Some(flag) if flag.load(Ordering::Relaxed) => Err(DtwError::Cancelled),
            _ => Ok(()),
        }
    }

    pub(crate) fn lag(&self) -> usize {
        self.non_overlapping_lag.max(1) as usize
    }
}
