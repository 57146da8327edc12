//! What the camera makes of the scene: framing, light and noise.

use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;

use super::{
    RenderOptions,
    canvas::View,
    geometry::{BENCH_DEPTH, BENCH_WIDTH, at},
};
use crate::{
    Performance,
    seed::{Purpose, around_zero, rng},
};

/// Length of the table of noise; a frame starts at a random place in it.
const NOISE: usize = 1 << 16;

/// One recording's camera.
#[derive(Debug)]
pub(super) struct Sensor {
    seed: u64,
    pub(super) view: View,
    /// Gain of red, green and blue: light and its colour.
    tint: [f32; 3],
    /// Gain by row and by column; their product falls off to the corners.
    rows: Vec<f32>,
    columns: Vec<f32>,
    noise: Vec<i8>,
    /// How far and how fast the light wavers.
    flicker: (f32, f32),
}

impl Sensor {
    pub(super) fn new(performance: &Performance, options: RenderOptions) -> Self {
        let mut rng = rng(performance.seed(), Purpose::Recording);
        let (width, height) = (options.width as f32, options.height as f32);
        let zoom = rng.random_range(1.0..1.05);
        let offset = at(around_zero(&mut rng, 0.012), around_zero(&mut rng, 0.012)) * width;
        let view = View {
            scale: (width / BENCH_WIDTH).max(height / BENCH_DEPTH) * zoom,
            middle: at(width, height) * 0.5 + offset,
            turn: around_zero(&mut rng, 0.012),
        };
        let gain = 1.0 + around_zero(&mut rng, 0.08);
        let warmth = around_zero(&mut rng, 0.03);
        let falloff = |size: usize| {
            let part = move |i: usize| (i as f32 + 0.5) / size as f32 - 0.5;
            (0..size)
                .map(move |i| 1.0 - 0.3 * part(i) * part(i))
                .collect()
        };
        let spread = rng.random_range(1.5..3.2);
        Self {
            seed: performance.seed(),
            view,
            tint: [1.0 + warmth, 1.0, 1.0 - warmth].map(|channel| channel * gain),
            rows: falloff(options.height),
            columns: falloff(options.width),
            noise: (0..NOISE).map(|_| bell(&mut rng, spread)).collect(),
            flicker: (rng.random_range(0.002..0.008), rng.random_range(0.3..1.5)),
        }
    }

    /// Turns the picture `rgb` of the scene into what is recorded as frame
    /// number `frame`, `seconds` after the start.
    pub(super) fn expose(&self, rgb: &mut [u8], frame: usize, seconds: f64) {
        let start = rng(self.seed, Purpose::Frame(frame)).next_u64() as usize;
        let (wavering, pace) = self.flicker;
        let light = 1.0 + wavering * (std::f32::consts::TAU * pace * seconds as f32).sin();
        let width = self.columns.len();
        let gains = self
            .columns
            .iter()
            .flat_map(|column| self.tint.map(|tint| 256.0 * light * column * tint))
            .collect::<Vec<_>>();
        for (y, (row, fall)) in rgb.chunks_exact_mut(3 * width).zip(&self.rows).enumerate() {
            let noise = self.noise_from(start.wrapping_add(y * 7_919), 3 * width);
            for ((byte, gain), noise) in row.iter_mut().zip(&gains).zip(noise) {
                let lit = (i32::from(*byte) * (gain * fall) as i32 + 128) >> 8;
                *byte = (lit + i32::from(*noise)).clamp(0, 255) as u8;
            }
        }
    }

    /// `length` values of noise from a place in the table.
    fn noise_from(&self, place: usize, length: usize) -> impl Iterator<Item = &i8> {
        let place = place % NOISE;
        self.noise[place..]
            .iter()
            .chain(self.noise.iter().cycle())
            .take(length)
    }
}

/// A whole number from roughly a normal distribution (the sum of four uniform).
fn bell(rng: &mut ChaCha8Rng, spread: f32) -> i8 {
    let sum = (0..4).map(|_| around_zero(rng, 1.0)).sum::<f32>();
    // Each uniform has variance 1/3.
    (sum * spread / (4.0_f32 / 3.0).sqrt()).round() as i8
}
