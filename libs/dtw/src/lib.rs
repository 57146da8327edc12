//! Dynamic time warping and the evidence that scoring reads from an alignment.
//!
//! Two sequences of embeddings (one row per clip) go in; out come the warping
//! path of least cost ([`align()`]), the best place of a short sequence inside a
//! long one ([`align_subsequence`]) and, in the same pass over the matrix of
//! costs, what scoring needs to know about it ([`align_with_evidence`]). The
//! discrete Fréchet distance ([`discrete_frechet()`]) comes from the same costs.
//!
//! The matrix of N × M costs is never held as a whole: it is computed in bands
//! of rows by a matrix product, and only two bits a cell remain, the direction
//! the path came from. An alignment therefore needs N × M / 4 bytes, one band
//! (at most about 16 MiB) and a normalised copy of both inputs.
//!
//! Pure: no I/O, no clock, no global state. One call uses as many threads as
//! [`Options::threads`] says, for the matrix product only.

// Tests compare exactly where the arithmetic is exact.
#![cfg_attr(test, allow(clippy::float_cmp))]
// What is to be compiled for the machine's vectors must be part of the function
// that is.
#![allow(clippy::inline_always)]

mod align;
mod bands;
mod batch;
mod drop;
mod engine;
mod error;
mod evidence;
mod features;
mod frechet;
mod given;
mod matrix;
mod options;
mod picture;
mod product;
mod prune;
mod recurrence;
mod route;
mod self_similarity;
mod soft;
mod span;
mod vectorised;
mod warp;

pub use align::{Alignment, SubsequenceMatch, align, align_subsequence, align_with_evidence};
pub use batch::align_batch;
pub use drop::{DropAlignment, DropCosts, align_with_drops};
pub use engine::Engine;
pub use error::{DtwError, Side};
pub use evidence::{Evidence, SOFT_MAXIMUM_TEMPERATURE, StepMatch};
pub use frechet::discrete_frechet;
pub use given::align_costs;
pub use matrix::MatrixView;
pub use options::{Centring, Cost, Options, Pruning};
pub use picture::{MAX_PICTURE_SIDE, SimilarityPicture};
pub use self_similarity::{
    SELF_SIMILARITY_QUANTILES, SimilarityMatrix, neighbour_quantiles, self_similarity,
};
pub use soft::soft_dtw;

/// The engine that computes alignments by default, as reports name it.
pub fn engine_name() -> &'static str {
    Engine::best().name()
}

#[cfg(test)]
mod oracle;
