//! Synthetic procedures with ground truth, and fixtures for tests.
//!
//! A [`Procedure`] is a list of steps done at a bench. A [`Performance`] is one
//! person doing it once: the gold, or a trainee whose [`Edit`]s are the
//! mistakes. From a performance come its truth (what was done when, and
//! every mistake) and, by [`render`], its video. All of it follows from seeds:
//! the same seeds give the same bytes.
//!
//! ```
//! use sopilot_testkit::{Edit, Performance, Procedure};
//!
//! let procedure = Procedure::demo(0);
//! let gold = Performance::gold(&procedure);
//! let trainee = Performance::new(&procedure, 7).with(Edit::Drop { step: 2 })?;
//!
//! let truth = trainee.truth();
//! assert_eq!(truth.deviations.len(), 1);
//! assert_eq!(truth.steps_done.len(), procedure.steps().len() - 1);
//! # Ok::<(), sopilot_testkit::EditError>(())
//! ```

mod bench;
mod conditions;
mod dataset;
mod edit;
mod embeddings;
mod lab;
mod performance;
mod procedure;
mod render;
mod seed;
mod style;
mod video;

pub use bench::BenchTask;
pub use conditions::{Change, Conditions};
pub use dataset::{DatasetOptions, Recording, Split, TaskPlan, plan_dataset};
pub use edit::{Edit, EditError};
pub use embeddings::{EmbeddingSequence, Geometry, simulate};
pub use lab::LabTask;
pub use performance::Performance;
pub use procedure::{GoldStep, Order, Procedure, StepSpec};
pub use render::{Frames, RenderError, RenderOptions, render};
pub use style::{Style, Task};
pub use video::{USUAL_CRF, VideoError, write_video};
