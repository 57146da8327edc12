//! The trainees of one round: every kind of mistake, and none.

use std::collections::BTreeMap;

use rand::{Rng, RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

use super::Recording;
use crate::{Change, Conditions, Edit, Performance, Procedure, RenderOptions};

/// How large a mistake is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Small,
    Medium,
    Large,
}

/// A mistake to be made.
#[derive(Debug, Clone, Copy)]
enum Mistake {
    Drop,
    Insert,
    Swap,
    Move,
    Repeat,
    Slow,
    Fast,
    Truncate,
    WrongObject,
    Incomplete,
}

const MISTAKES: [Mistake; 10] = [
    Mistake::Drop,
    Mistake::Insert,
    Mistake::Swap,
    Mistake::Move,
    Mistake::Repeat,
    Mistake::Slow,
    Mistake::Fast,
    Mistake::Truncate,
    Mistake::WrongObject,
    Mistake::Incomplete,
];

/// A difference that is no mistake.
#[derive(Debug, Clone, Copy)]
enum Harmless {
    /// Recorded as the gold was.
    SameDay,
    /// Recorded on another day.
    AnotherDay,
    NewPerformer,
    NewCamera,
    NewLight,
    NewScene,
    /// Every step up to a quarter slower or faster.
    Pace,
    IdlePause,
    /// Steps in another order that the procedure allows.
    LegalOrder,
}

const HARMLESS: [Harmless; 9] = [
    Harmless::SameDay,
    Harmless::AnotherDay,
    Harmless::NewPerformer,
    Harmless::NewCamera,
    Harmless::NewLight,
    Harmless::NewScene,
    Harmless::Pace,
    Harmless::IdlePause,
    Harmless::LegalOrder,
];

/// Sizes and rates of videos.
const FORMATS: [(usize, usize, u32); 4] = [
    (320, 180, 10),
    (384, 216, 12),
    (426, 240, 15),
    (480, 270, 12),
];

/// The trainees of one round. Each kind of mistake goes through all sizes as
/// `turn` goes on, and each round through all, too.
pub(super) fn round(procedure: &Procedure, turn: usize, rng: &mut ChaCha8Rng) -> Vec<Recording> {
    let mut trainees = Vec::new();
    for (index, mistake) in MISTAKES.into_iter().enumerate() {
        let size = [Size::Small, Size::Medium, Size::Large][(turn + index) % 3];
        let edit = mistake.edit(procedure, size, rng);
        let performance = Performance::new(procedure, seed(rng)).under(any_conditions(rng));
        // A procedure may leave no way to make a mistake of this kind.
        if let Some(with) = edit.and_then(|edit| performance.with(edit).ok()) {
            let strata = [("edit", mistake.name()), ("size", size.name())];
            trainees.push(recording(mistake.name(), with, &strata, rng));
        }
    }
    trainees.push(several(procedure, rng));
    for harmless in HARMLESS {
        let performance = Performance::new(procedure, seed(rng)).under(harmless.conditions());
        if let Some(performance) = harmless.perform(performance, rng) {
            let strata = [("edit", "none"), ("case", harmless.name())];
            trainees.push(recording(harmless.name(), performance, &strata, rng));
        }
    }
    trainees
}

/// Somebody who makes two or three mistakes.
fn several(procedure: &Procedure, rng: &mut ChaCha8Rng) -> Recording {
    let conditions = any_conditions(rng);
    let mut performance = Performance::new(procedure, seed(rng)).under(conditions);
    let wanted = rng.random_range(2..=3);
    while performance.edits().len() < wanted {
        let mistake = *MISTAKES.choose(rng).expect("there are mistakes");
        let size = *[Size::Medium, Size::Large].choose(rng).expect("two sizes");
        // One that conflicts with an earlier one is not made: another is drawn.
        if let Some(edit) = mistake.edit(procedure, size, rng)
            && let Ok(with) = performance.clone().with(edit)
        {
            performance = with;
        }
    }
    recording("several", performance, &[("edit", "several")], rng)
}

fn recording(
    name: &str,
    performance: Performance,
    strata: &[(&str, &str)],
    rng: &mut ChaCha8Rng,
) -> Recording {
    let (width, height, fps) = *FORMATS.choose(rng).expect("there are formats");
    let strata = strata
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Recording {
        name: name.to_owned(),
        performance,
        options: RenderOptions { width, height, fps },
        crf: rng.random_range(18..=32),
        strata: strata.collect::<BTreeMap<_, _>>(),
    }
}

/// A seed short enough to be told to others.
fn seed(rng: &mut ChaCha8Rng) -> u64 {
    rng.next_u64() >> 32
}

/// Two recordings of five from where and in the light in which the gold was
/// recorded, two from another day, and one with something changed strongly.
fn any_conditions(rng: &mut ChaCha8Rng) -> Conditions {
    let usual = Conditions::default();
    match rng.random_range(0..5) {
        0 | 1 => Conditions {
            camera: Change::Same,
            light: Change::Same,
            ..usual
        },
        2 | 3 => usual,
        _ => match rng.random_range(0..4) {
            0 => Harmless::NewPerformer.conditions(),
            1 => Harmless::NewCamera.conditions(),
            2 => Harmless::NewLight.conditions(),
            _ => Harmless::NewScene.conditions(),
        },
    }
}

impl Mistake {
    fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Insert => "insert",
            Self::Swap => "swap",
            Self::Move => "move",
            Self::Repeat => "repeat",
            Self::Slow => "slow",
            Self::Fast => "fast",
            Self::Truncate => "truncate",
            Self::WrongObject => "wrong-object",
            Self::Incomplete => "incomplete",
        }
    }

    /// The mistake at a random place; none if the procedure has none.
    fn edit(self, procedure: &Procedure, size: Size, rng: &mut ChaCha8Rng) -> Option<Edit> {
        let steps = procedure.steps().len();
        let step = rng.random_range(0..steps);
        Some(match self {
            Self::Drop => Edit::Drop { step },
            Self::Insert => Edit::Insert {
                after: step,
                seconds: rng.random_range(size.of([3.0..4.0, 5.0..7.0, 8.0..12.0])),
            },
            Self::Swap => {
                let forbidden =
                    (0..steps - 1).filter(|&first| procedure.precedes(first, first + 1));
                Edit::Swap {
                    first: *forbidden.collect::<Vec<_>>().choose(rng)?,
                }
            }
            Self::Move => {
                let places = moves(procedure, size.of([2..=2, 3..=3, 4..=steps]), true);
                let (step, to) = *places.choose(rng)?;
                Edit::MoveTo { step, to }
            }
            Self::Repeat => Edit::Repeat { step },
            Self::Slow => Edit::Slow {
                step,
                factor: rng.random_range(size.of([2.2..2.4, 2.4..2.7, 2.7..3.0])),
            },
            Self::Fast => Edit::Fast {
                step,
                factor: 1.0 / rng.random_range(size.of([0.42..0.45, 0.38..0.42, 0.35..0.38])),
            },
            Self::Truncate => Edit::Truncate {
                lost: size.of([1, 2, steps / 2]),
            },
            Self::WrongObject => Edit::WrongObject {
                step,
                difference: rng.random_range(size.of([0.3..0.5, 0.5..0.8, 0.8..1.0])),
            },
            Self::Incomplete => Edit::Incomplete {
                step,
                fraction: rng.random_range(size.of([0.5..0.6, 0.35..0.5, 0.15..0.35])),
            },
        })
    }
}

/// Every way to move one step by so many places that the procedure forbids, or
/// that it allows.
fn moves(
    procedure: &Procedure,
    distance: std::ops::RangeInclusive<usize>,
    forbidden: bool,
) -> Vec<(usize, usize)> {
    let steps = procedure.steps().len();
    let pairs = (0..steps).flat_map(|step| (0..steps).map(move |to| (step, to)));
    pairs
        .filter(|(step, to)| step.abs_diff(*to) >= 2 && distance.contains(&step.abs_diff(*to)))
        .filter(|&(step, to)| {
            let moved = Performance::new(procedure, 0).with(Edit::MoveTo { step, to });
            moved.is_ok_and(|moved| moved.truth().deviations.is_empty() != forbidden)
        })
        .collect()
}

impl Size {
    fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    fn of<T>(self, [small, medium, large]: [T; 3]) -> T {
        match self {
            Self::Small => small,
            Self::Medium => medium,
            Self::Large => large,
        }
    }
}

impl Harmless {
    fn name(self) -> &'static str {
        match self {
            Self::SameDay => "same-day",
            Self::AnotherDay => "another-day",
            Self::NewPerformer => "new-performer",
            Self::NewCamera => "new-camera",
            Self::NewLight => "new-light",
            Self::NewScene => "new-scene",
            Self::Pace => "pace",
            Self::IdlePause => "idle-pause",
            Self::LegalOrder => "legal-order",
        }
    }

    fn conditions(self) -> Conditions {
        let usual = Conditions::default();
        match self {
            Self::SameDay => Conditions {
                pace: Change::Mild,
                ..Conditions::SAME
            },
            Self::AnotherDay | Self::IdlePause | Self::LegalOrder => usual,
            Self::NewPerformer => Conditions {
                performer: Change::Strong,
                ..usual
            },
            Self::NewCamera => Conditions {
                camera: Change::Strong,
                ..usual
            },
            Self::NewLight => Conditions {
                light: Change::Strong,
                ..usual
            },
            Self::NewScene => Conditions {
                scene: Change::Strong,
                ..usual
            },
            Self::Pace => Conditions {
                pace: Change::Strong,
                ..usual
            },
        }
    }

    /// None if the procedure leaves no way.
    fn perform(self, performance: Performance, rng: &mut ChaCha8Rng) -> Option<Performance> {
        let procedure = performance.procedure().clone();
        let steps = procedure.steps().len();
        let edit = match self {
            Self::IdlePause => Edit::IdlePause {
                after: rng.random_range(0..steps - 1),
                seconds: rng.random_range(3.0..10.0),
            },
            Self::LegalOrder => {
                let swaps = (0..steps - 1)
                    .filter(|&first| !procedure.precedes(first, first + 1))
                    .map(|first| Edit::Swap { first });
                let moves = moves(&procedure, 2..=steps, false)
                    .into_iter()
                    .map(|(step, to)| Edit::MoveTo { step, to });
                *swaps.chain(moves).collect::<Vec<_>>().choose(rng)?
            }
            _ => return Some(performance),
        };
        performance.with(edit).ok()
    }
}
