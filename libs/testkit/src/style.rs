//! The styles in which procedures are drawn, and what can be done in each.

use serde::{Deserialize, Serialize};

use crate::{
    bench::{self, BenchTask},
    lab::{self, LabTask},
};

/// A world with a look, a geometry and activities of its own. Styles share no
/// drawing code, so that nothing can be fitted to one renderer unnoticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// A unit is assembled at a bench, seen from above.
    Bench,
    /// A sample is prepared at a laboratory table, seen from the front and above.
    Lab,
}

/// What hands can do in one of the styles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// At the bench.
    Bench(BenchTask),
    /// At the laboratory table.
    Lab(LabTask),
}

/// One entry of a style's catalogue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskSpec {
    pub(crate) task: Task,
    /// What to do, for people.
    pub(crate) name: &'static str,
    /// How long it usually takes.
    pub(crate) seconds: f64,
    /// Whether the product is unsafe or useless without it.
    pub(crate) critical: bool,
    /// What must have been done for it to make sense: a procedure that has
    /// this task has those, too, and earlier.
    pub(crate) requires: &'static [Task],
    /// What comes earlier if the procedure has it at all.
    pub(crate) after: &'static [Task],
}

impl Style {
    /// Every style.
    pub const ALL: [Self; 2] = [Self::Bench, Self::Lab];

    /// As it is written in data sets.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bench => "bench",
            Self::Lab => "lab",
        }
    }

    /// Everything that can be done, in an order that respects what each
    /// requires and comes after.
    pub(crate) fn catalogue(self) -> &'static [TaskSpec] {
        match self {
            Self::Bench => bench::CATALOGUE,
            Self::Lab => lab::CATALOGUE,
        }
    }

    /// What procedures of this style make, for people.
    pub(crate) fn product(self) -> &'static str {
        match self {
            Self::Bench => "Sensor unit assembly",
            Self::Lab => "Sample preparation",
        }
    }
}
