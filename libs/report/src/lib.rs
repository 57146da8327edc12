//! A score's report for people: as a page ([`html()`]), as PDF (`pdf`), and
//! pages over many scores ([`task_html`], [`history_html`]).
//!
//! A [`Report`] goes in, plain values that the caller has gathered; a file
//! comes out that needs nothing beside it: no network, no script, no other
//! file. Names and comments come from strangers: they are escaped, cut to a
//! sane length and isolated, so that they can neither run nor mislead.
//!
//! The same report gives the same bytes.

// Tests compare exactly where the arithmetic is exact.
#![cfg_attr(test, allow(clippy::float_cmp))]

mod drawing;
mod error;
mod foreign;
mod html;
mod jpeg;
mod locale;
mod model;
mod numbers;
mod outline;
mod past;
#[cfg(feature = "pdf")]
mod pdf;
mod pictures;
mod similarity_picture;
mod tally;
mod wording;

pub use error::ReportError;
pub use html::{ReportOptions, history_html, html, task_html};
pub use locale::Locale;
pub use model::{
    DeviationReview, Embedder, GoldReference, PathPoint, Provenance, Report, ReportedDeviation,
    ReportedStep, Side, SimilarityMatrix, Thumbnail, VerdictReview, Video,
};
pub use past::{PastDeviation, PastResult, TaskOverview, TraineeHistory};
#[cfg(feature = "pdf")]
pub use pdf::{Fonts, Pdf, PdfWarning, pdf};
