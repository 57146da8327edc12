//! Synthetic procedures with ground truth, and fixtures for tests.
//!
//! A [`Procedure`] is a list of steps done at a bench. A [`Performance`] is one
//! person doing it once: the gold, or a trainee whose [`Edit`]s are the
//! mistakes. From a performance come its [`Truth`] (what was done when, and
//! every mistake) and, by [`render`], its video. All of it follows from seeds:
//! the same seeds give the same bytes.
//!
//! ```
//! use sopilot_testkit::{Edit, Performance, Procedure, RenderOptions};
//!
//! let procedure = Procedure::demo(0);
//! let gold = Performance::gold(&procedure);
//! let trainee = Performance::new(&procedure, 7).with(Edit::Drop { step: 2 })?;
//!
//! let truth = trainee.truth(RenderOptions::default());
//! assert_eq!(truth.mistakes.len(), 1);
//! assert_eq!(truth.steps_done.len(), procedure.steps.len() - 1);
//! # Ok::<(), sopilot_testkit::EditError>(())
//! ```

mod edit;
mod performance;
mod procedure;
mod render;
mod seed;
mod truth;
mod video;

pub use edit::{Edit, EditError};
pub use performance::Performance;
pub use procedure::{GoldStep, Procedure, StepSpec, Task};
pub use render::{Frames, RenderError, RenderOptions, render};
pub use truth::{DeviationKind, Segment, TimeRange, TrueDeviation, Truth};
pub use video::{VideoError, write_video};
