//! Mistakes that can be put into a performance.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// One thing that a trainee does differently from the gold. Steps are counted
/// from 0 in the order of the procedure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum Edit {
    /// Leave a step out.
    Drop {
        /// The step.
        step: usize,
    },
    /// Do a step and the one after it in reverse.
    Swap {
        /// The earlier of the two steps.
        first: usize,
    },
    /// Do a step at another place: it becomes the `to`-th step.
    MoveTo {
        /// The step.
        step: usize,
        /// Its new place, at least two from its own (else it is a swap).
        to: usize,
    },
    /// Do a step twice in a row.
    Repeat {
        /// The step.
        step: usize,
    },
    /// Do something that has nothing to do with the procedure.
    Insert {
        /// The step after which.
        after: usize,
        /// For how long, 1 to 60 s.
        seconds: f64,
    },
    /// Take longer over a step.
    Slow {
        /// The step.
        step: usize,
        /// How many times as long, above 1 and at most 10.
        factor: f64,
    },
    /// Hurry a step.
    Fast {
        /// The step.
        step: usize,
        /// How many times as fast, above 1 and at most 10.
        factor: f64,
    },
    /// Do a step with the wrong part or tool, or to the wrong thing.
    WrongObject {
        /// The step.
        step: usize,
        /// How much it differs from the right one: from 0.1, hardly to be
        /// seen, to 1, as much as the style can show.
        difference: f64,
    },
    /// Break a step off.
    Incomplete {
        /// The step.
        step: usize,
        /// How much of it is done, above 0 and below 1.
        fraction: f64,
    },
    /// Stop recording too early: the last steps are not in the video.
    Truncate {
        /// How many steps are lost; at least one is left.
        lost: usize,
    },
    /// Do nothing for a while.
    IdlePause {
        /// The step after which.
        after: usize,
        /// For how long, 1 to 60 s.
        seconds: f64,
    },
}

/// Why an edit cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EditError {
    /// The procedure has no such step.
    #[error("{edit:?}: step {step} does not exist, the procedure has {steps} (counted from 0)")]
    NoSuchStep {
        /// The edit.
        edit: Edit,
        /// The step it names.
        step: usize,
        /// Steps of the procedure.
        steps: usize,
    },
    /// A number of the edit is outside its range.
    #[error("{edit:?}: {what}")]
    OutOfRange {
        /// The edit.
        edit: Edit,
        /// What it must be.
        what: &'static str,
    },
    /// Another edit changed the step before, or moved a step across it. Were
    /// both made, the truth would be ambiguous.
    #[error("{edit:?}: step {step} is already changed by {earlier:?}; use one edit a step")]
    Conflict {
        /// The edit.
        edit: Edit,
        /// The step that both change.
        step: usize,
        /// The edit made before.
        earlier: Edit,
    },
}

impl Edit {
    /// The steps that this edit changes; a step that moves changes those that
    /// it jumps over too.
    pub(crate) fn changes(&self, steps: usize) -> RangeInclusive<usize> {
        match *self {
            Self::Truncate { lost } => steps.saturating_sub(lost)..=steps.saturating_sub(1),
            Self::Swap { first } => first..=first.saturating_add(1),
            Self::MoveTo { step, to } => step.min(to)..=step.max(to),
            Self::Drop { step }
            | Self::Repeat { step }
            | Self::Slow { step, .. }
            | Self::Fast { step, .. }
            | Self::WrongObject { step, .. }
            | Self::Incomplete { step, .. } => step..=step,
            // Empty: an activity between steps changes none.
            Self::Insert { .. } | Self::IdlePause { .. } => RangeInclusive::new(1, 0),
        }
    }

    /// Refuses steps that a procedure of `steps` steps does not have and
    /// numbers outside their range.
    pub(crate) fn check(&self, steps: usize) -> Result<(), EditError> {
        let last = match *self {
            Self::Insert { after, .. } | Self::IdlePause { after, .. } => after,
            _ => *self.changes(steps).end(),
        };
        if last >= steps {
            return Err(EditError::NoSuchStep {
                edit: *self,
                step: last,
                steps,
            });
        }
        let wrong = match *self {
            Self::Truncate { lost } if lost == 0 || lost >= steps => {
                Some("at least one step must be lost, and one must be left")
            }
            Self::WrongObject { difference, .. } if !(0.1..=1.0).contains(&difference) => {
                Some("the difference must be from 0.1 to 1")
            }
            Self::MoveTo { step, to } if step.abs_diff(to) < 2 => {
                Some("a step must move by at least two places; by one it is a Swap")
            }
            Self::Insert { seconds, .. } | Self::IdlePause { seconds, .. }
                if !(1.0..=60.0).contains(&seconds) =>
            {
                Some("seconds must be from 1 to 60")
            }
            Self::Slow { factor, .. } | Self::Fast { factor, .. }
                if !(factor > 1.0 && factor <= 10.0) =>
            {
                Some("the factor must be above 1 and at most 10")
            }
            Self::Incomplete { fraction, .. } if !(fraction > 0.0 && fraction < 1.0) => {
                Some("the fraction must be above 0 and below 1")
            }
            _ => None,
        };
        wrong.map_or(Ok(()), |what| {
            Err(EditError::OutOfRange { edit: *self, what })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_their_range_are_refused() {
        let wrong = [
            Edit::MoveTo { step: 3, to: 4 },
            Edit::Insert {
                after: 0,
                seconds: 0.5,
            },
            Edit::IdlePause {
                after: 0,
                seconds: f64::NAN,
            },
            Edit::Slow {
                step: 0,
                factor: 1.0,
            },
            Edit::Fast {
                step: 0,
                factor: f64::INFINITY,
            },
            Edit::Incomplete {
                step: 0,
                fraction: 1.0,
            },
            Edit::WrongObject {
                step: 0,
                difference: 0.0,
            },
            Edit::Truncate { lost: 0 },
            Edit::Truncate { lost: 8 },
        ];
        for edit in wrong {
            assert!(
                matches!(edit.check(8), Err(EditError::OutOfRange { .. })),
                "{edit:?}"
            );
        }
    }

    #[test]
    fn steps_that_do_not_exist_are_refused() {
        let wrong = [
            Edit::Drop { step: 8 },
            Edit::Swap { first: 7 },
            Edit::Swap { first: usize::MAX },
            Edit::MoveTo { step: 0, to: 8 },
            Edit::IdlePause {
                after: 9,
                seconds: 2.0,
            },
        ];
        for edit in wrong {
            assert!(
                matches!(edit.check(8), Err(EditError::NoSuchStep { .. })),
                "{edit:?}"
            );
        }
    }
}
