//! What the camera makes of the light: shake, blur, exposure and noise.

use std::f32::consts::TAU;

use rand::{Rng, RngExt};

use super::{camera::Shake, raster::Picture, stage::Exposure};
use crate::{
    Performance, RenderOptions,
    conditions::Aspect,
    seed::{Purpose, rng},
};

/// Pixels that the filter needs on either side.
const FILTER_REACH: usize = 2;
/// Taps of the filter, along either axis.
const TAPS: usize = 4;
/// How many places there are in the table of noise where a row may start.
const NOISE: usize = 1 << 14;

/// One recording's sensor.
#[derive(Debug)]
pub(super) struct Sensor {
    seed: u64,
    shake: Shake,
    margin: usize,
    width: usize,
    height: usize,
    /// Weight of the two neighbours in the blur.
    blur: f32,
    /// Gain by column and channel; that of rows is taken with it.
    columns: Vec<f32>,
    rows: Vec<f32>,
    /// How far and how fast the light wavers.
    flicker: (f32, f32),
    noise: Vec<f32>,
}

/// How many pixels are needed beside the picture, on every side.
pub(super) fn margin(shake: Shake, options: RenderOptions) -> usize {
    (2.0 * shake.amplitude * options.width as f32).ceil() as usize + FILTER_REACH
}

impl Sensor {
    pub(super) fn new(
        performance: &Performance,
        options: RenderOptions,
        shake: Shake,
        light: Exposure,
    ) -> Self {
        let mut sensor = performance.draw(Aspect::Sensor);
        let blur = sensor.near(0.16, 0.03, 0.02).clamp(0.0, 0.3);
        let spread = sensor.near(2.4, 0.5, 0.5).max(0.3);
        let tint = [1.0 + light.warmth, 1.0, 1.0 - light.warmth].map(|tint| tint * light.gain);
        let fall = |i: usize, size: usize| {
            let off = (i as f32 + 0.5) / size as f32 - 0.5;
            1.0 - light.falloff * off * off
        };
        let (width, height) = (options.width, options.height);
        let mut random = rng(performance.seed(), Purpose::Noise);
        Self {
            seed: performance.seed(),
            shake,
            margin: margin(shake, options),
            width,
            height,
            blur,
            columns: (0..width)
                .flat_map(|x| tint.map(|tint| tint * fall(x, width)))
                .collect(),
            rows: (0..height).map(|y| fall(y, height)).collect(),
            flicker: light.flicker,
            noise: (0..NOISE + 3 * width)
                .map(|_| {
                    let sum: f32 = (0..3).map(|_| random.random_range(-1.0..1.0_f32)).sum();
                    // Three uniform numbers have variance one together.
                    sum * spread
                })
                .collect(),
        }
    }

    /// What is recorded of `scene` as frame number `frame`, `seconds` after the
    /// start. `scene` has the sensor's margin on every side.
    pub(super) fn expose(&self, scene: &Picture, frame: usize, seconds: f64) -> Vec<u8> {
        let phase = TAU * self.shake.pace * seconds as f32;
        let reach = self.shake.amplitude * self.width as f32;
        let (left, across) = self.taps(reach * (phase.sin() + 0.4 * (2.7 * phase).sin()));
        let (top, down) = self.taps(reach * ((0.8 * phase).cos() + 0.4 * (3.1 * phase).sin()));
        let (wavering, pace) = self.flicker;
        let light = 1.0 + wavering * (TAU * pace * seconds as f32).sin();
        let mut random = rng(self.seed, Purpose::Frame(frame));
        let stride = 3 * scene.width;
        let mut blurred = vec![0.0; stride];
        let mut rgb = vec![0; 3 * self.width * self.height];
        for (y, row) in rgb.chunks_exact_mut(3 * self.width).enumerate() {
            let lines = std::array::from_fn(|tap| {
                let start = (y + top + tap) * stride;
                &scene.rgb[start..start + stride]
            });
            blur_down(&mut blurred, lines, down);
            let start = random.next_u32() as usize % NOISE;
            let noise = &self.noise[start..start + row.len()];
            let light = light * self.rows[y];
            blur_across(row, &blurred[3 * left..], across);
            for ((byte, gain), noise) in row.iter_mut().zip(&self.columns).zip(noise) {
                let lit = f32::from(*byte) * (gain * light);
                // Noise grows with the light that makes it.
                let noisy = lit + noise * (0.6 + lit * (0.6 / 256.0));
                *byte = (noisy + 0.5).clamp(0.0, 255.0) as i32 as u8;
            }
        }
        rgb
    }

    /// Blur and shift by `shift` pixels as one filter: where it starts, counted
    /// with the margin, and its weights.
    fn taps(&self, shift: f32) -> (usize, [f32; TAPS]) {
        let moved = shift + self.margin as f32;
        let (start, part) = (moved.floor(), moved - moved.floor());
        let (side, middle) = (self.blur, 1.0 - 2.0 * self.blur);
        let weights = [
            side * (1.0 - part),
            middle * (1.0 - part) + side * part,
            side * (1.0 - part) + middle * part,
            side * part,
        ];
        (start as usize - 1, weights)
    }
}

/// The weighted sum of four lines.
fn blur_down(sums: &mut [f32], lines: [&[u8]; TAPS], weights: [f32; TAPS]) {
    let [a, b, c, d] = lines;
    for ((((sum, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *sum = f32::from(*a) * weights[0]
            + f32::from(*b) * weights[1]
            + f32::from(*c) * weights[2]
            + f32::from(*d) * weights[3];
    }
}

/// The weighted sum of each pixel of a line of RGB and the three after it.
fn blur_across(sums: &mut [u8], line: &[f32], weights: [f32; TAPS]) {
    let after = |tap: usize| &line[3 * tap..];
    let neighbours = line.iter().zip(after(1)).zip(after(2)).zip(after(3));
    for (sum, (((a, b), c), d)) in sums.iter_mut().zip(neighbours) {
        let value = a * weights[0] + b * weights[1] + c * weights[2] + d * weights[3];
        *sum = (value + 0.5).clamp(0.0, 255.0) as i32 as u8;
    }
}
