//! Clips in, embeddings out.
//!
//! An [`Embedder`] turns a clip, a short run of frames ([`ClipFrames`]), into
//! a vector of unit length. It also says how it wants videos sampled
//! ([`Sampling`]) and what it is ([`EmbedderInfo`]): embeddings may be compared
//! only if name, version and checksum are equal.
//!
//! [`Descriptor`] is the embedder that needs no model: hand-made statistics of
//! colour, layout and motion. [`conformance`] holds what every embedder must
//! do, to be run in each one's tests.

mod clip;
pub mod conformance;
mod descriptor;
mod embedder;
mod error;

pub use clip::ClipFrames;
pub use descriptor::Descriptor;
pub use embedder::{Embedder, EmbedderInfo, Sampling};
pub use error::EmbedError;
