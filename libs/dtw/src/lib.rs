//! Dynamic time warping and the evidence that scoring reads from an alignment.
//!
//! Two sequences of embeddings (one row per clip) go in; out come the warping
//! path of least cost ([`align()`], for many pairs [`align_batch`]), the best
//! place of a short sequence inside a long one ([`align_subsequence`]) and, in
//! the same pass over the matrix of costs, what scoring needs to know about it
//! ([`align_with_evidence`]). From the same costs come a match that may leave
//! clips out ([`align_with_drops`]), the value of soft-DTW ([`soft_dtw`]) and the
//! discrete Fréchet distance ([`discrete_frechet()`]). [`align_costs`] takes costs
//! that somebody else computed.
//!
//! Costs are products of 32-bit numbers; the recurrence rounds them to whole
//! numbers, whose sums are exact, so that every [`Engine`], every block size and
//! every number of threads finds the same path.
//!
//! The matrix of N × M costs is never held as a whole: it is computed in bands
//! of rows, and only two bits a cell remain, the direction the path came from;
//! beyond [`Options::path_bytes`] not even those, and part of the matrix is
//! computed twice. An alignment therefore needs N × M / 4 bytes at most, one band
//! (at most about 16 MiB), the trainee's rows rearranged for the product, and,
//! where rows are centred, a copy of both inputs.
//!
//! Where only the path is wanted, costs that can lie on no path of least cost are
//! left out if that is faster ([`Pruning`]).
//!
//! | Module | What it does |
//! |---|---|
//! | `features`, `vectorised` | rows made ready for comparison |
//! | `product`, `bands` | costs, band by band |
//! | `recurrence` | sums and directions, strip by strip, per engine |
//! | `warp`, `route` | a warping under way, the way back, blocks and windows |
//! | `span`, `prune` | bounds on costs, and which cells are left |
//! | `align`, `batch`, `given`, `drop`, `soft`, `frechet` | what callers ask for |
//! | `evidence`, `picture`, `self_similarity` | what scoring reads |
//!
//! Pure: no I/O, no clock, no state but what the processor can do. One call uses
//! as many threads as [`Options::threads`] says.

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
