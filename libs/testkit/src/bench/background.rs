//! The bench without its things: its surface and a cutting mat.

use super::{
    camera::Camera,
    canvas::{Canvas, Colour, ink, shade},
    geometry::{Vec2, at, capsule, slab},
    layout::Layout,
};
use crate::conditions::Draw;

/// What a bench is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Material {
    Planks,
    Laminate,
    Steel,
}

/// Top and mat of the benches; those of the first three palettes first.
const TOPS: [(Material, Colour); 7] = [
    (Material::Planks, [176.0, 138.0, 98.0]),
    (Material::Planks, [158.0, 150.0, 138.0]),
    (Material::Planks, [128.0, 98.0, 74.0]),
    (Material::Laminate, [204.0, 202.0, 196.0]),
    (Material::Laminate, [96.0, 116.0, 108.0]),
    (Material::Steel, [150.0, 156.0, 162.0]),
    (Material::Planks, [204.0, 176.0, 132.0]),
];
const MATS: [Colour; 6] = [
    [52.0, 86.0, 98.0],
    [58.0, 92.0, 70.0],
    [84.0, 88.0, 98.0],
    [44.0, 46.0, 52.0],
    [120.0, 62.0, 58.0],
    [66.0, 104.0, 150.0],
];

/// What the bench looks like in one recording.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surface {
    material: Material,
    top: Colour,
    mat: Colour,
    grain: u32,
}

impl Surface {
    /// The bench of the gold, or at another place another one.
    pub(super) fn new(scene: &mut Draw, layout: &Layout) -> Self {
        let tone = scene.near(1.0, 0.0, 0.02);
        let (other_top, other_mat) = (scene.choose(TOPS.len()), scene.choose(MATS.len()));
        let grain = scene.choose(1 << 16) as u32;
        let elsewhere = scene.amount() > 1.0;
        let (material, top) = TOPS[if elsewhere { other_top } else { layout.palette }];
        Self {
            material,
            top: shade(top, tone),
            mat: MATS[if elsewhere { other_mat } else { layout.palette }],
            grain: if elsewhere { grain } else { layout.grain },
        }
    }

    fn colour(self, place: Vec2) -> Colour {
        match self.material {
            Material::Planks => plank(place, self.top, self.grain),
            Material::Laminate => {
                let flecks = noise(place * 14.0, self.grain) + noise(place * 31.0, self.grain ^ 3);
                shade(self.top, 0.93 + 0.07 * flecks)
            }
            Material::Steel => {
                let brushed = noise(at(place.x * 0.6, place.y * 42.0), self.grain);
                let sheen = noise(place * 0.3, self.grain ^ 9);
                shade(self.top, 0.84 + 0.12 * brushed + 0.16 * sheen)
            }
        }
    }
}

/// Middle and half sides of the mat.
const MAT: (Vec2, Vec2) = (at(7.9, 5.15), at(3.9, 2.75));
/// Distance of the lines on the mat.
const GRID: f32 = 0.5;
/// Width of a plank.
const PLANK: f32 = 1.8;

/// The bench as the camera sees it before anything is put on it.
pub(super) fn paint(camera: &Camera, shadow: Vec2, surface: Surface) -> Canvas {
    let mut canvas = Canvas::filled(camera.size, camera.view, shadow, |place| {
        surface.colour(place)
    });
    let shape = slab(MAT.0, MAT.1, 0.3);
    canvas.shadow(shape, 0.12);
    canvas.paint(shape, ink(surface.mat).round(0.12, 0.1));
    paint_grid(&mut canvas, surface.mat);
    speckle(&mut canvas, surface.grain);
    canvas
}

fn paint_grid(canvas: &mut Canvas, mat: Colour) {
    let line = ink(shade(mat, 1.22)).opacity(0.6);
    let (middle, half) = MAT;
    let half = half - at(0.3, 0.3);
    let (columns, rows) = ((half.x / GRID) as i32, (half.y / GRID) as i32);
    for i in -columns..=columns {
        let top = middle + at(i as f32 * GRID, -half.y);
        canvas.paint(
            capsule(top, top + at(0.0, 2.0 * half.y), 0.012, 0.012),
            line,
        );
    }
    for i in -rows..=rows {
        let left = middle + at(-half.x, i as f32 * GRID);
        canvas.paint(
            capsule(left, left + at(2.0 * half.x, 0.0), 0.012, 0.012),
            line,
        );
    }
}

/// Fine grain over everything, so that no surface is quite even.
fn speckle(canvas: &mut Canvas, grain: u32) {
    for (i, pixel) in canvas.rgb.chunks_exact_mut(3).enumerate() {
        let by = (hash(i as u32, 77, grain) - 0.5) * 5.0;
        for byte in pixel {
            *byte = (f32::from(*byte) + by).clamp(0.0, 255.0) as u8;
        }
    }
}

/// Colour of the wood at a place: planks along x, each with its own tone and grain.
fn plank(place: Vec2, wood: Colour, grain: u32) -> Colour {
    let number = (place.y / PLANK).floor();
    let seed = grain.wrapping_add((number as i32 as u32).wrapping_mul(7919));
    let tone = 0.95 + 0.1 * hash(number as i32 as u32, 1, grain);
    let bend = 0.35 * noise(at(place.x * 0.25, place.y * 0.6), seed);
    let fibres = noise(at(place.x * 0.5, (place.y + bend) * 9.0), seed);
    let fine = noise(at(place.x * 2.5, (place.y + bend) * 34.0), seed ^ 5);
    let seam = (place.y / PLANK - number) * PLANK;
    let gap = if seam < 0.035 { 0.72 } else { 1.0 };
    shade(wood, gap * tone * (0.9 + 0.14 * fibres + 0.07 * fine))
}

/// Smooth noise from 0 to 1 (value noise).
fn noise(place: Vec2, seed: u32) -> f32 {
    let (x0, y0) = (place.x.floor(), place.y.floor());
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(place.x - x0), ease(place.y - y0));
    let corner = |dx: i32, dy: i32| {
        let (x, y) = (x0 as i32 + dx, y0 as i32 + dy);
        hash(x as u32, y as u32, seed)
    };
    let upper = corner(0, 0) * (1.0 - u) + corner(1, 0) * u;
    let lower = corner(0, 1) * (1.0 - u) + corner(1, 1) * u;
    upper * (1.0 - v) + lower * v
}

/// A number from 0 to 1 for every pair of whole numbers (the finaliser of
/// MurmurHash3).
pub(super) fn hash(x: u32, y: u32, seed: u32) -> f32 {
    let mut h = x
        .wrapping_mul(0x9E37_79B1)
        .wrapping_add(y.wrapping_mul(0x85EB_CA77))
        .wrapping_add(seed);
    h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
    h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
    (h ^ (h >> 16)) as f32 / u32::MAX as f32
}
