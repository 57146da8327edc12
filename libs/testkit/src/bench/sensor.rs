//! What the sensor makes of the picture: light, sharpness and noise.

use std::f32::consts::TAU;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{
    RenderOptions,
    canvas::Canvas,
    geometry::{Vec2, at},
};
use crate::{
    Performance,
    conditions::{Aspect, Draw},
    seed::{Purpose, around_zero, rng},
};

/// Length of the table of noise; a frame starts at a random place in it.
const NOISE: usize = 1 << 16;

/// One recording's light and sensor.
#[derive(Debug)]
pub(super) struct Sensor {
    seed: u64,
    light: Light,
    /// Gain by row and by column; their product falls off to the corners and
    /// away from the light.
    rows: Vec<f32>,
    columns: Vec<f32>,
    noise: Vec<i8>,
    /// Variance of the blur, in square pixels.
    blur: f32,
}

/// The light on the bench.
#[derive(Debug)]
pub(super) struct Light {
    /// Where the shadow of something 1 bench unit above the bench falls.
    pub(super) shadow: Vec2,
    /// Gain of red, green and blue: strength and colour.
    tint: [f32; 3],
    /// By how much of itself it grows across the picture and down.
    slope: Vec2,
    /// How far it wavers, and how often a second.
    flicker: (f32, f32),
}

impl Light {
    pub(super) fn new(draw: &mut Draw) -> Self {
        let gain = draw.near(1.0, 0.08, 0.08);
        let warmth = draw.near(0.0, 0.03, 0.03);
        let direction = draw.near(0.94, 0.2, 0.4);
        Self {
            shadow: at(1.0, 0.0).turned(direction) * draw.near(0.27, 0.02, 0.04),
            tint: [1.0 + warmth, 1.0, 1.0 - warmth].map(|channel| channel * gain),
            slope: at(draw.near(0.0, 0.03, 0.05), draw.near(0.0, 0.03, 0.05)),
            flicker: (
                draw.near(0.005, 0.003, 0.002).max(0.0),
                draw.near(0.9, 0.6, 0.3),
            ),
        }
    }

    /// The light's strength at a time, as part of the usual.
    fn wavering(&self, seconds: f32) -> f32 {
        let (by, pace) = self.flicker;
        1.0 + by * (TAU * pace * seconds).sin()
    }
}

impl Sensor {
    pub(super) fn new(performance: &Performance, light: Light, options: RenderOptions) -> Self {
        let mut draw = performance.draw(Aspect::Sensor);
        let falloff = |size: usize, slope: f32| {
            let part = move |i: usize| (i as f32 + 0.5) / size as f32 - 0.5;
            (0..size)
                .map(move |i| 1.0 + slope * part(i) - 0.3 * part(i) * part(i))
                .collect()
        };
        let spread = draw.near(2.35, 0.85, 0.4) + 0.4 * draw.amount();
        let unsharp = draw.near(0.03, 0.03, 0.03) + 0.06 * draw.amount();
        let mut noise = rng(performance.seed(), Purpose::Noise);
        Self {
            seed: performance.seed(),
            rows: falloff(options.height, light.slope.y),
            columns: falloff(options.width, light.slope.x),
            light,
            noise: (0..NOISE).map(|_| bell(&mut noise, spread)).collect(),
            // A blur belongs to the lens, so it grows with the picture.
            blur: unsharp.max(0.0) * (options.width as f32 / 640.0).powi(2),
        }
    }

    /// What is recorded as frame number `frame`, `seconds` after the start, of
    /// a picture with a `margin` that has moved by `shift` pixels, by less than
    /// the margin.
    pub(super) fn expose(
        &self,
        picture: &Canvas,
        margin: usize,
        shift: Vec2,
        frame: usize,
        seconds: f32,
    ) -> Vec<u8> {
        let mut rgb = self.cut_out(picture, margin, shift);
        let start = rng(self.seed, Purpose::Frame(frame)).next_u64() as usize;
        let light = self.light.wavering(seconds);
        let width = self.columns.len();
        let gains = self
            .columns
            .iter()
            .flat_map(|column| self.light.tint.map(|tint| 256.0 * light * column * tint))
            .collect::<Vec<_>>();
        for (y, (row, fall)) in rgb.chunks_exact_mut(3 * width).zip(&self.rows).enumerate() {
            let noise = self.noise_from(start.wrapping_add(y * 7_919), 3 * width);
            for ((byte, gain), noise) in row.iter_mut().zip(&gains).zip(noise) {
                let lit = (i32::from(*byte) * (gain * fall) as i32 + 128) >> 8;
                *byte = (lit + i32::from(*noise)).clamp(0, 255) as u8;
            }
        }
        rgb
    }

    /// The middle of the picture, moved and a little unsharp.
    fn cut_out(&self, picture: &Canvas, margin: usize, shift: Vec2) -> Vec<u8> {
        let (width, height) = (self.columns.len(), self.rows.len());
        // A picture that moves to the right shows what was to the left.
        let (column, across) = Taps::new(margin as f32 - shift.x, self.blur);
        let (row, down) = Taps::new(margin as f32 - shift.y, self.blur);
        let mut smooth = Vec::with_capacity((height + 2) * width * 3);
        for y in row - 1..=row + height {
            let start = (y * picture.width + column - 1) * 3;
            let line = &picture.rgb[start..start + (width + 2) * 3];
            across.weigh(line, &line[3..], &line[6..], &mut smooth);
        }
        let line = width * 3;
        let mut rgb = Vec::with_capacity(height * line);
        let body = height * line;
        down.weigh(
            &smooth[..body],
            &smooth[line..],
            &smooth[2 * line..],
            &mut rgb,
        );
        rgb
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

/// Weights of a pixel's left neighbour, itself and its right one, in 256ths.
#[derive(Debug, Clone, Copy)]
struct Taps([u16; 3]);

impl Taps {
    /// The whole pixel nearest to `place` and the weights around it whose mean
    /// is `place` and whose variance is `blur`, or what it must be at least.
    fn new(place: f32, blur: f32) -> (usize, Self) {
        let whole = place.round();
        let rest = place - whole;
        let variance = blur.max(rest.abs() * (1.0 - rest.abs())).min(0.66);
        let second = variance + rest * rest;
        let right = (128.0 * (second + rest)).round() as u16;
        let left = (128.0 * (second - rest)).round() as u16;
        (whole as usize, Self([left, 256 - left - right, right]))
    }

    /// Adds the weighted mean of the three rows to `out`, as far as all go.
    fn weigh(self, left: &[u8], middle: &[u8], right: &[u8], out: &mut Vec<u8>) {
        let [a, b, c] = self.0;
        out.extend(left.iter().zip(middle).zip(right).map(|((l, m), r)| {
            // At most 255 · 256 + 128: it fits.
            ((u16::from(*l) * a + u16::from(*m) * b + u16::from(*r) * c + 128) >> 8) as u8
        }));
    }
}

/// A whole number from roughly a normal distribution (the sum of four uniform).
fn bell(rng: &mut ChaCha8Rng, spread: f32) -> i8 {
    let sum = (0..4).map(|_| around_zero(rng, 1.0)).sum::<f32>();
    // Each uniform has variance 1/3.
    (sum * spread / (4.0_f32 / 3.0).sqrt()).round() as i8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn taps_move_by_what_they_are_asked_to(place in 1.0..9.0_f32, blur in 0.0..0.6_f32) {
            let (whole, Taps([left, middle, right])) = Taps::new(place, blur);
            prop_assert_eq!(left + middle + right, 256);
            let mean = (f32::from(right) - f32::from(left)) / 256.0;
            prop_assert!((whole as f32 + mean - place).abs() < 0.01);
        }
    }
}
