//! What performer, camera and model make of what is to be seen.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::direction::{self, Purpose, rng};
use super::{Geometry, SAMPLES_PER_S};
use crate::Performance;

/// One recording, sample by sample.
pub(crate) struct Recording {
    /// What every sample shares, of length 1.
    shared: Vec<f32>,
    /// What is added to every sample.
    offset: Vec<f32>,
    /// Planes, each by its two axes, and the cosine and sine of its angle.
    rotation: Vec<(usize, usize, f32, f32)>,
    /// Length of what differs between samples relative to what they share.
    contrast: f32,
    hubness: f32,
    noise: Drift,
    strength: Drift,
}

/// Correlated noise (an Ornstein–Uhlenbeck process).
struct Drift {
    rng: ChaCha8Rng,
    value: Vec<f32>,
    /// Standard deviation of each coordinate.
    scale: Vec<f32>,
    /// What is left of the value after one sample.
    memory: f32,
}

impl Recording {
    pub(crate) fn new(performance: &Performance, geometry: &Geometry) -> Self {
        let spectrum = direction::spectrum(geometry.dim, geometry.effective_dim);
        let flat = direction::spectrum(geometry.dim, f32::INFINITY);
        let bench = performance.procedure().seed();
        let model = direction::unit(&mut rng(0, Purpose::Model), &flat);
        let scene = direction::unit(&mut rng(bench, Purpose::Scene), &flat);
        let mut shared = direction::mix(&model, &scene, geometry.scene.clamp(0.0, 1.0).sqrt());
        direction::normalise(&mut shared);
        // Not the performer's other streams: who performs and what is recorded
        // vary apart.
        let mut style = rng(performance.seed(), Purpose::Style);
        let mut offset = direction::unit(&mut style, &spectrum);
        for value in &mut offset {
            *value *= geometry.offset;
        }
        let rotation = planes(&mut style, geometry);
        let level =
            geometry.noise * (geometry.noise_spread * direction::standard(&mut style)).exp();
        let noise: Vec<f32> = spectrum.iter().map(|scale| scale * level).collect();
        let memory = (-1.0 / (SAMPLES_PER_S * geometry.noise_s.max(1e-3))).exp() as f32;
        let drift = rng(performance.seed(), Purpose::Noise);
        let energy = 1.0 + square(geometry.noise) + square(geometry.manner);
        Self {
            shared,
            offset,
            rotation,
            contrast: ((1.0 - geometry.cone) / geometry.cone / energy).sqrt(),
            hubness: geometry.hubness,
            strength: Drift::new(style, vec![1.0], memory),
            noise: Drift::new(drift, noise, memory),
        }
    }

    /// The embedding of what is seen next; not of unit length.
    pub(crate) fn record(&mut self, shown: &[f32]) -> Vec<f32> {
        let strength = (self.hubness * self.strength.next()[0]).exp();
        let mut content = shown.to_vec();
        for &(a, b, cos, sin) in &self.rotation {
            (content[a], content[b]) = (
                cos * content[a] - sin * content[b],
                sin * content[a] + cos * content[b],
            );
        }
        direction::add(&mut content, &self.offset, 1.0);
        direction::add(&mut content, self.noise.next(), 1.0);
        let mut row = self.shared.clone();
        direction::add(&mut row, &content, self.contrast * strength);
        row
    }
}

impl Drift {
    /// In its stationary state from the start.
    fn new(mut rng: ChaCha8Rng, scale: Vec<f32>, memory: f32) -> Self {
        Self {
            value: direction::random(&mut rng, &scale),
            rng,
            scale,
            memory,
        }
    }

    fn next(&mut self) -> &[f32] {
        let fresh = (1.0 - self.memory * self.memory).sqrt();
        let kick = direction::random(&mut self.rng, &self.scale);
        for (value, kick) in self.value.iter_mut().zip(&kick) {
            *value = self.memory * *value + fresh * kick;
        }
        &self.value
    }
}

/// Pairs of axes, all different, each turned by an angle of its own.
fn planes(style: &mut ChaCha8Rng, geometry: &Geometry) -> Vec<(usize, usize, f32, f32)> {
    let mut axes: Vec<usize> = (0..geometry.dim).collect();
    for last in (1..axes.len()).rev() {
        axes.swap(last, style.random_range(0..=last));
    }
    axes.chunks_exact(2)
        .map(|pair| {
            let (sin, cos) = (geometry.rotation * direction::standard(style)).sin_cos();
            (pair[0], pair[1], cos, sin)
        })
        .collect()
}

fn square(value: f32) -> f32 {
    value * value
}
