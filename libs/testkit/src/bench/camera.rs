//! Where the camera stands, and how it shakes.

use std::f32::consts::{PI, TAU};

use super::{
    RenderOptions,
    canvas::View,
    geometry::{BENCH_DEPTH, BENCH_WIDTH, Vec2, at},
};
use crate::conditions::Draw;

/// One recording's camera. The picture is painted with a margin, and the shake
/// moves what is cut out of it.
#[derive(Debug)]
pub(super) struct Camera {
    /// How the bench is seen in the picture with its margin.
    pub(super) view: View,
    /// Width and height of that picture.
    pub(super) size: (usize, usize),
    /// Pixels at every side that may not be seen.
    pub(super) margin: usize,
    shake: [Vec<Wave>; 2],
}

/// One part of a movement.
#[derive(Debug, Clone, Copy)]
struct Wave {
    /// In pixels.
    height: f32,
    /// In cycles per second.
    pace: f32,
    /// In radians.
    phase: f32,
}

/// Slow drifts of a hand-held camera and its tremor: shares of the whole
/// movement and cycles per second.
const WAVES: [(f32, f32); 4] = [(0.55, 0.13), (0.25, 0.41), (0.14, 1.3), (0.06, 7.0)];

impl Camera {
    pub(super) fn new(draw: &mut Draw, options: RenderOptions) -> Self {
        let (width, height) = (options.width as f32, options.height as f32);
        let zoom = draw.near(1.025, 0.025, 0.025);
        let offset = at(draw.near(0.0, 0.012, 0.012), draw.near(0.0, 0.012, 0.012)) * width;
        let turn = draw.near(0.0, 0.012, 0.012);
        // From one day to another a stand trembles by a thousandth of the
        // picture's width; elsewhere the camera is held in a hand.
        let reach = 0.001 * width * draw.amount().powi(2);
        let mut waves = || {
            let wave = |(share, pace): (f32, f32)| Wave {
                height: share * reach,
                pace: pace * draw.near(1.0, 0.2, 0.1),
                phase: draw.near(0.0, PI, PI),
            };
            WAVES.map(wave).to_vec()
        };
        let shake = [waves(), waves()];
        let margin = reach.ceil() as usize + 2;
        let whole = at(width, height) + at(1.0, 1.0) * (2 * margin) as f32;
        Self {
            view: View {
                scale: (width / BENCH_WIDTH).max(height / BENCH_DEPTH) * zoom,
                middle: whole * 0.5 + offset,
                turn,
            },
            size: (options.width + 2 * margin, options.height + 2 * margin),
            margin,
            shake,
        }
    }

    /// How far the picture is moved, in pixels: less than the margin minus 1.
    pub(super) fn shaken(&self, seconds: f32) -> Vec2 {
        let [across, down] = &self.shake;
        let sum = |waves: &[Wave]| waves.iter().map(|wave| wave.at(seconds)).sum::<f32>();
        at(sum(across), sum(down))
    }
}

impl Wave {
    fn at(self, seconds: f32) -> f32 {
        self.height * (TAU * self.pace * seconds + self.phase).sin()
    }
}
