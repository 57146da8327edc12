//! Random numbers that follow from a seed and from what they are for.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::conditions::Aspect;

/// What random numbers are for. Each purpose has a stream of its own, so that
/// using more of one leaves the others as they are: a trainee who drops a step
/// does all other steps exactly as without the mistake.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// The durations of a procedure.
    Procedure,
    /// Where things are on its bench.
    Bench,
    /// Where things are on a laboratory table, and their colours.
    Lab,
    /// Tempo of a performer.
    Performer,
    /// How long a performer takes for a step, done for the n-th time.
    Habit(usize, usize),
    /// How exactly a performer's hand hits its places in a step, the n-th time.
    Aim(usize, usize),
    /// What the extra activity of an edit is.
    Extra(usize),
    /// Noise of a recording.
    Noise,
    /// Noise of one frame.
    Frame(usize),
    /// How a recording differs from the gold's.
    Aspect(Aspect),
    /// What a procedure consists of.
    Steps,
    /// A part of a task of a data set.
    Dataset(usize, usize),
}

/// The generator of `seed` for `purpose`.
pub(crate) fn rng(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    let stream = match purpose {
        Purpose::Procedure => 0,
        Purpose::Performer => 1,
        Purpose::Noise => 2,
        Purpose::Bench => 3,
        Purpose::Steps => 5,
        Purpose::Lab => 6,
        Purpose::Aspect(aspect) => 16 + aspect as u64,
        Purpose::Habit(step, time) => (1 << 48) + ((step as u64) << 16) + time as u64,
        Purpose::Aim(step, time) => (2 << 48) + ((step as u64) << 16) + time as u64,
        Purpose::Extra(edit) => (3 << 48) + edit as u64,
        Purpose::Frame(frame) => (4 << 48) + frame as u64,
        Purpose::Dataset(task, part) => (5 << 48) + ((task as u64) << 16) + part as u64,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// A number uniformly from −spread to spread.
pub(crate) fn around_zero(rng: &mut ChaCha8Rng, spread: f32) -> f32 {
    rng.random_range(-1.0..=1.0_f32) * spread
}
