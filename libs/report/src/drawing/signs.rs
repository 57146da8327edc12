//! How steps and deviations look. Every sign differs from the others by its
//! pattern or outline, so that it can be read without colour.

use maud::{Markup, html};
use sopilot_procedure::{DeviationType, StepStatus};

/// A look with a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sign {
    Done,
    Deviated,
    Wrong,
    Missing,
    Skipped,
    Extra,
}

impl Sign {
    pub(crate) fn of_status(status: StepStatus) -> Self {
        match status {
            StepStatus::Done => Self::Done,
            StepStatus::Deviated => Self::Deviated,
            StepStatus::Wrong => Self::Wrong,
            StepStatus::Missing => Self::Missing,
            StepStatus::Skipped | StepStatus::Unresolved => Self::Skipped,
        }
    }

    pub(crate) fn of_kind(kind: DeviationType) -> Self {
        match kind {
            DeviationType::MissingStep => Self::Missing,
            DeviationType::ExtraActivity => Self::Extra,
            DeviationType::WrongExecution => Self::Wrong,
            DeviationType::OutOfOrder
            | DeviationType::RepeatedStep
            | DeviationType::OverTime
            | DeviationType::UnderTime => Self::Deviated,
        }
    }

    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Done => "sign-done",
            Self::Deviated => "sign-deviated",
            Self::Wrong => "sign-wrong",
            Self::Missing => "sign-missing",
            Self::Skipped => "sign-skipped",
            Self::Extra => "sign-extra",
        }
    }

    /// Whether it is filled with something that disturbs reading.
    pub(crate) fn is_patterned(self) -> bool {
        matches!(self, Self::Deviated | Self::Wrong | Self::Extra)
    }

    /// The text that names it.
    pub(crate) fn text_id(self) -> &'static str {
        self.class()
    }
}

/// The patterns that signs are filled with; once a page.
pub(crate) fn patterns() -> Markup {
    html! {
        defs {
            pattern #hatch width="6" height="6" patternUnits="userSpaceOnUse" {
                rect .pattern-ground width="6" height="6" {}
                path .pattern-line d="M-1 1L1 -1M0 6L6 0M5 7L7 5" {}
            }
            pattern #cross width="6" height="6" patternUnits="userSpaceOnUse" {
                rect .pattern-ground width="6" height="6" {}
                path .pattern-line d="M0 6L6 0M0 0L6 6" {}
            }
            pattern #dots width="6" height="6" patternUnits="userSpaceOnUse" {
                rect .pattern-ground width="6" height="6" {}
                circle .pattern-dot cx="3" cy="3" r="1.3" {}
            }
        }
    }
}

/// A sample of a sign for a legend.
pub(crate) fn sample(sign: Sign) -> Markup {
    html! { rect .(sign.class()) x="1" y="1" width="26" height="14" rx="2" {} }
}
