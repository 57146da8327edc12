//! The table's top, what lies about on it, and the wall behind.

use super::{
    camera::Camera,
    layout::{Layout, TABLE_DEPTH, TABLE_SIDE},
    raster::{Paint, Picture, Rgb, hue, mix},
    space::{UP, Vec3, at},
    stage::Stage,
};
use crate::{
    Performance,
    conditions::{Aspect, Draw},
};

/// What one recording's table looks like beside the work.
#[derive(Debug)]
pub(super) struct Scene {
    top: Top,
    wall: Rgb,
    clutter: Vec<Clutter>,
}

/// A table top: its colour, a second one, and the pattern that both make.
#[derive(Debug, Clone, Copy)]
struct Top {
    base: Rgb,
    second: Rgb,
    pattern: Pattern,
    /// Shifts the pattern, in centimetres.
    origin: (f32, f32),
}

#[derive(Debug, Clone, Copy)]
enum Pattern {
    /// Square tiles with joints.
    Tiles,
    /// Speckled laminate.
    Speckles,
    /// Brushed along its length.
    Brushed,
}

/// Something that has nothing to do with the work.
#[derive(Debug, Clone, Copy)]
struct Clutter {
    kind: usize,
    place: Vec3,
    angle: f32,
    colour: Rgb,
}

/// Where clutter lies: behind and beside the work.
const CORNERS: [Vec3; 4] = [
    at(-51.0, 52.5, 0.0),
    at(-10.5, 53.5, 0.0),
    at(10.5, 53.5, 0.0),
    at(51.0, 52.5, 0.0),
];

impl Scene {
    pub(super) fn new(performance: &Performance, layout: &Layout) -> Self {
        let mut draw = performance.draw(Aspect::Scene);
        let (base, second, pattern) = match layout.top {
            0 => ([206.0, 210.0, 208.0], [168.0, 174.0, 174.0], Pattern::Tiles),
            1 => (
                [112.0, 122.0, 130.0],
                [140.0, 150.0, 156.0],
                Pattern::Speckles,
            ),
            _ => (
                [176.0, 172.0, 160.0],
                [158.0, 152.0, 140.0],
                Pattern::Brushed,
            ),
        };
        let stain = hue(draw.near(0.5, 0.5, 0.3), 0.35, 0.7);
        let change = (0.06 * draw.amount()).min(0.3);
        let origin = (draw.near(0.0, 20.0, 1.0), draw.near(0.0, 20.0, 1.0));
        let wall = hue(draw.near(0.5, 0.5, 0.04), 0.12, draw.near(0.6, 0.12, 0.03));
        let clutter = CORNERS.map(|corner| Clutter {
            kind: draw.choose(5),
            place: corner + draw_shift(&mut draw),
            angle: draw.near(0.0, 0.5, 0.3),
            colour: hue(draw.near(0.5, 0.5, 0.15), 0.4, 0.7),
        });
        Self {
            top: Top {
                base: mix(base, stain, change),
                second,
                pattern,
                origin,
            },
            wall,
            clutter: clutter.to_vec(),
        }
    }

    /// Fills a whole picture with the table and the wall.
    pub(super) fn paint(&self, picture: &mut Picture, camera: &Camera) {
        for y in 0..picture.height {
            let row = camera.table_row(y);
            for x in 0..picture.width {
                let index = y * picture.width + x;
                let nearness = row.nearness(x);
                let (right, away) = row.place(x, nearness);
                let on_table = nearness > 0.0 && away < TABLE_DEPTH && right.abs() < TABLE_SIDE;
                let rgb = if on_table {
                    picture.nearness[index] = nearness;
                    self.top.at(right, away)
                } else {
                    let down = y as f32 / picture.height as f32;
                    self.wall.map(|channel| channel * (0.75 + 0.5 * down))
                };
                for (byte, channel) in picture.rgb[3 * index..].iter_mut().zip(rgb) {
                    *byte = channel as u8;
                }
            }
        }
    }

    /// Draws what lies about.
    pub(super) fn draw_clutter(&self, stage: &mut Stage<'_>) {
        for thing in &self.clutter {
            stage.shadow(thing.place, thing.place.raised(2.0), 3.4);
        }
        for &Clutter {
            kind,
            place,
            angle,
            colour,
        } in &self.clutter
        {
            let paint = Paint::opaque(colour);
            match kind {
                0 => stage.block(place, at(9.0, 5.0, 4.0), angle, paint),
                1 => {
                    let tape = [(0.0, 1.8), (0.0, 3.4), (2.4, 3.4), (2.4, 1.8), (0.0, 1.8)];
                    stage.turned(place, UP, &tape, paint);
                }
                2 => {
                    stage.block(place, at(8.0, 6.0, 1.2), angle, paint);
                    let cover = Paint::opaque(mix(colour, [240.0; 3], 0.5));
                    stage.block(place.raised(1.2), at(7.0, 5.0, 1.0), angle + 0.4, cover);
                }
                3 => {
                    stage.cylinder(place, UP, 6.0, 2.4, paint);
                    stage.cylinder(place.raised(6.0), UP, 1.4, 1.6, Paint::opaque([60.0; 3]));
                }
                _ => {
                    let end = place + at(5.0, 0.0, 0.6).turned(UP, angle);
                    stage.capsule(place.raised(0.6), end, (0.6, 0.6), paint);
                }
            }
        }
    }
}

impl Top {
    /// The colour at a place, in centimetres.
    fn at(&self, x: f32, y: f32) -> Rgb {
        let (x, y) = (x + self.origin.0, y + self.origin.1);
        let grain = |scale: f32| noise((x * scale).floor() as i32, (y * scale).floor() as i32);
        let part = match self.pattern {
            Pattern::Tiles => {
                let joint = |v: f32| {
                    let off = (v / 12.0).rem_euclid(1.0) * 12.0;
                    off < 0.35
                };
                let tile = noise((x / 12.0).floor() as i32, (y / 12.0).floor() as i32);
                f32::from(u8::from(joint(x) || joint(y))) + 0.22 * tile
            }
            Pattern::Speckles => {
                let speckle = grain(2.2);
                if speckle > 0.82 {
                    speckle
                } else {
                    0.15 * grain(0.7)
                }
            }
            Pattern::Brushed => noise(0, (y * 3.0).floor() as i32) * 0.7 + 0.2 * grain(1.5),
        };
        mix(self.base, self.second, part.min(1.0))
    }
}

fn draw_shift(draw: &mut Draw) -> Vec3 {
    at(draw.near(0.0, 2.0, 1.0), draw.near(0.0, 1.0, 0.5), 0.0)
}

/// A number from 0 to 1 that looks random, the same for the same place.
fn noise(x: i32, y: i32) -> f32 {
    let mut bits = (x as u32).wrapping_mul(0x9E37_79B9) ^ (y as u32).wrapping_mul(0x7FEB_352D);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2C1B_3C6D);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297A_2D39);
    (bits ^ (bits >> 15)) as f32 / u32::MAX as f32
}
