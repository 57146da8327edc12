//! Vectors and where they come from.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What random numbers are for; each purpose has a stream of its own, so that
/// a mistake in one step leaves all others as they are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// What all clips of all videos share.
    Model,
    /// What all clips of a procedure's videos share.
    Scene,
    /// What a bench looks like while nothing is done.
    Rest,
    /// Which steps look alike.
    LookAlike,
    /// The direction of a step and the path around it.
    Step(usize),
    /// What a finished step leaves behind.
    Change(usize),
    /// What stands for the step if the wrong object is used.
    WrongObject(usize),
    /// How a performer does a step, the n-th time.
    Manner(usize, usize),
    /// The extra activity of an edit.
    Extra(usize),
    /// Offset, rotation and level of noise of a recording.
    Style,
    /// The noise itself.
    Noise,
}

/// The generator of `seed` for `purpose`. Its streams are none of those that
/// videos are drawn from.
pub(crate) fn rng(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    let (kind, a, b) = match purpose {
        Purpose::Model => (64, 0, 0),
        Purpose::Scene => (65, 0, 0),
        Purpose::Rest => (66, 0, 0),
        Purpose::LookAlike => (67, 0, 0),
        Purpose::Step(step) => (68, step, 0),
        Purpose::Change(step) => (69, step, 0),
        Purpose::WrongObject(step) => (70, step, 0),
        Purpose::Manner(step, again) => (71, step, again),
        Purpose::Extra(edit) => (72, edit, 0),
        Purpose::Style => (73, 0, 0),
        Purpose::Noise => (74, 0, 0),
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream((kind << 48) + ((a as u64) << 16) + b as u64);
    rng
}

/// A spectrum in which so many dimensions count: the standard deviation of each
/// coordinate, of mean square length 1 in all.
pub(crate) fn spectrum(dim: usize, effective_dim: f32) -> Vec<f32> {
    let raw: Vec<f32> = (0..dim)
        .map(|axis| (-(axis as f32) / effective_dim).exp())
        .collect();
    let length = raw.iter().map(|value| value * value).sum::<f32>().sqrt();
    raw.iter().map(|value| value / length).collect()
}

/// A vector of that spectrum, of length 1 on average. Coordinates are uniform:
/// sums over many of them, which is all that is ever looked at, are normal.
pub(crate) fn random(rng: &mut ChaCha8Rng, spectrum: &[f32]) -> Vec<f32> {
    let bound = 3.0_f32.sqrt();
    spectrum
        .iter()
        .map(|scale| scale * rng.random_range(-bound..bound))
        .collect()
}

/// As [`random`], of length 1.
pub(crate) fn unit(rng: &mut ChaCha8Rng, spectrum: &[f32]) -> Vec<f32> {
    let mut vector = random(rng, spectrum);
    normalise(&mut vector);
    vector
}

/// A number of mean 0 and standard deviation 1, within ±√12.
pub(crate) fn standard(rng: &mut ChaCha8Rng) -> f32 {
    // The sum of four uniform numbers is as good as normal here.
    (0..4).map(|_| rng.random_range(-1.0..1.0_f32)).sum::<f32>() * (3.0_f32 / 4.0).sqrt()
}

/// `a`, with part `share` of it replaced by `b`: lengths and right angles stay.
pub(crate) fn mix(a: &[f32], b: &[f32], share: f32) -> Vec<f32> {
    let rest = (1.0 - share * share).max(0.0).sqrt();
    a.iter().zip(b).map(|(a, b)| rest * a + share * b).collect()
}

pub(crate) fn add(to: &mut [f32], what: &[f32], factor: f32) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += factor * what;
    }
}

pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Scales to length 1; leaves zeros as they are.
pub(crate) fn normalise(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        for value in vector {
            *value /= length;
        }
    }
}
