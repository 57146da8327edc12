//! Solids, light and shadows, put into a picture.

use std::f32::consts::{PI, TAU};

use super::{
    camera::Camera,
    raster::{Corner, Paint, Picture},
    space::{RIGHT, UP, Vec3, at},
};
use crate::{Performance, conditions::Aspect};

/// The light of a scene: one lamp and what comes from everywhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Light {
    /// Towards the lamp.
    direction: Vec3,
    ambient: f32,
    diffuse: f32,
    pub(super) exposure: Exposure,
}

/// What the light does to the whole picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exposure {
    pub(super) gain: f32,
    /// How much more red, and less blue, there is.
    pub(super) warmth: f32,
    /// How far and how fast the light wavers.
    pub(super) flicker: (f32, f32),
    /// How much darker it is at the edges.
    pub(super) falloff: f32,
}

impl Light {
    pub(super) fn new(performance: &Performance) -> Self {
        let mut draw = performance.draw(Aspect::Light);
        let direction = at(draw.near(-0.3, 0.25, 0.12), draw.near(0.1, 0.2, 0.12), 1.0);
        let ambient = draw.near(0.55, 0.03, 0.03);
        Self {
            direction: direction.unit(),
            ambient,
            diffuse: 1.0 - ambient,
            exposure: Exposure {
                gain: draw.near(1.0, 0.06, 0.08),
                warmth: draw.near(0.0, 0.03, 0.025),
                flicker: (
                    draw.near(0.004, 0.002, 0.002).max(0.0),
                    draw.near(1.1, 0.5, 0.3).max(0.1),
                ),
                falloff: draw.near(0.35, 0.1, 0.06).max(0.0),
            },
        }
    }

    /// What a surface with this normal gets.
    fn on(&self, normal: Vec3) -> f32 {
        // Half of what faces away is lit from the walls.
        let facing = self.direction.dot(normal);
        self.ambient + self.diffuse * facing.max(0.25 * facing)
    }

    /// Where the shadow of a place falls.
    fn shadow_of(&self, place: Vec3) -> Vec3 {
        (place - self.direction * (place.z / self.direction.z)).on_table()
    }
}

/// A picture being made.
pub(super) struct Stage<'a> {
    pub(super) picture: &'a mut Picture,
    pub(super) camera: &'a Camera,
    pub(super) light: &'a Light,
}

/// Whether the rings of a turned body meet in edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rings {
    Edged,
    Smooth,
}

/// Most sides that a turned body has.
const MOST_SIDES: usize = 24;

impl Stage<'_> {
    /// A body turned on a lathe: `profile` lists heights along the unit vector
    /// `axis` and radii, from bottom to top on the outside.
    pub(super) fn turned(&mut self, base: Vec3, axis: Vec3, profile: &[(f32, f32)], paint: Paint) {
        let widest = profile.iter().fold(0.0, |most: f32, ring| most.max(ring.1));
        let sides = (7.0 + 3.0 * widest) as usize;
        self.lathe(
            base,
            axis,
            profile,
            Rings::Edged,
            sides.min(MOST_SIDES),
            paint,
        );
    }

    pub(super) fn cylinder(
        &mut self,
        base: Vec3,
        axis: Vec3,
        height: f32,
        radius: f32,
        paint: Paint,
    ) {
        let profile = [(0.0, 0.0), (0.0, radius), (height, radius), (height, 0.0)];
        self.turned(base, axis, &profile, paint);
    }

    /// A rounded limb from `from` to `to`, with a radius at either end.
    pub(super) fn capsule(&mut self, from: Vec3, to: Vec3, radii: (f32, f32), paint: Paint) {
        const CAP: usize = 3;
        let length = (to - from).length();
        let cap = |i: usize| (PI * 0.5 * i as f32 / CAP as f32).sin_cos();
        let mut profile = [(0.0, 0.0); 2 * CAP + 2];
        for i in 0..=CAP {
            let (sin, cos) = cap(i);
            profile[i] = (-radii.0 * cos, radii.0 * sin);
            profile[CAP + 1 + i] = (length + radii.1 * sin, radii.1 * cos);
        }
        self.lathe(from, (to - from).unit(), &profile, Rings::Smooth, 9, paint);
    }

    pub(super) fn ball(&mut self, middle: Vec3, radius: f32, paint: Paint) {
        self.capsule(middle, middle.raised(1e-3), (radius, radius), paint);
    }

    /// A box standing on the middle of its bottom, turned about the vertical.
    pub(super) fn block(&mut self, base: Vec3, size: Vec3, angle: f32, paint: Paint) {
        let across = RIGHT.turned(UP, angle) * (size.x * 0.5);
        let along = UP.cross(across).unit() * (size.y * 0.5);
        let middle = base.raised(size.z * 0.5);
        self.slab(middle, [across, along, UP * (size.z * 0.5)], paint);
    }

    /// A box given by its middle and three half edges at right angles.
    pub(super) fn slab(&mut self, middle: Vec3, half: [Vec3; 3], paint: Paint) {
        for face in 0..3 {
            let (out, one, two) = (half[face], half[(face + 1) % 3], half[(face + 2) % 3]);
            for sign in [1.0, -1.0] {
                let centre = middle + out * sign;
                let corners = [
                    centre - one - two,
                    centre + one - two,
                    centre + one + two,
                    centre - one + two,
                ];
                self.face(corners, out.unit() * sign, paint);
            }
        }
    }

    /// A flat quadrangle; seen from both sides unless it is opaque and its
    /// normal points away.
    pub(super) fn face(&mut self, corners: [Vec3; 4], normal: Vec3, paint: Paint) {
        let faces = normal.dot(self.camera.eye() - corners[0]) > 0.0;
        if !faces && paint.coat == super::raster::Coat::Opaque {
            return;
        }
        let seen = corners.map(|corner| self.corner(corner, normal));
        if let [Some(a), Some(b), Some(c), Some(d)] = seen {
            self.picture.fill([a, b, c], paint);
            self.picture.fill([a, c, d], paint);
        }
    }

    /// A rectangle lying on the table, that takes shadows as the table does.
    pub(super) fn flat(&mut self, middle: Vec3, size: (f32, f32), angle: f32, rgb: [f32; 3]) {
        let across = RIGHT.turned(UP, angle) * (size.0 * 0.5);
        let along = UP.cross(across).unit() * (size.1 * 0.5);
        let middle = middle.on_table();
        let corners = [
            middle - across - along,
            middle + across - along,
            middle + across + along,
            middle - across + along,
        ];
        self.face(corners, UP, Paint::decal(rgb));
    }

    fn lathe(
        &mut self,
        base: Vec3,
        axis: Vec3,
        profile: &[(f32, f32)],
        rings: Rings,
        sides: usize,
        paint: Paint,
    ) {
        let other = if axis.z.abs() < 0.9 { UP } else { RIGHT };
        let one = axis.cross(other).unit();
        let two = axis.cross(one);
        let mut spokes = [Vec3::default(); MOST_SIDES + 1];
        let spokes = &mut spokes[..=sides];
        for (i, spoke) in spokes.iter_mut().enumerate() {
            let (sin, cos) = (TAU * i as f32 / sides as f32).sin_cos();
            *spoke = one * cos + two * sin;
        }
        for (i, pair) in profile.windows(2).enumerate() {
            let slope = |j: usize| outward(profile.get(j.wrapping_sub(1)), profile.get(j));
            let (below, above) = match rings {
                Rings::Edged => (slope(i + 1), slope(i + 1)),
                Rings::Smooth => (
                    halfway(slope(i), slope(i + 1)),
                    halfway(slope(i + 1), slope(i + 2)),
                ),
            };
            self.ring(
                base,
                axis,
                spokes,
                [(pair[0], below), (pair[1], above)],
                paint,
            );
        }
    }

    /// The surface between two rings, each given by height, radius and the
    /// direction of its normal.
    fn ring(
        &mut self,
        base: Vec3,
        axis: Vec3,
        spokes: &[Vec3],
        edges: [((f32, f32), (f32, f32)); 2],
        paint: Paint,
    ) {
        let opaque = paint.coat == super::raster::Coat::Opaque;
        let eye = self.camera.eye();
        let mut previous: Option<[(Corner, bool); 2]> = None;
        for spoke in spokes {
            let ends = edges.map(|((height, radius), (out, along))| {
                let place = base + axis * height + *spoke * radius;
                let normal = *spoke * out + axis * along;
                let faces = normal.dot(eye - place) > 0.0;
                self.corner(place, normal).map(|corner| (corner, faces))
            });
            let [Some(low), Some(high)] = ends else {
                return;
            };
            if let Some([old_low, old_high]) = previous {
                let faces = low.1 || high.1 || old_low.1 || old_high.1;
                if faces || !opaque {
                    self.picture.fill([old_low.0, low.0, high.0], paint);
                    self.picture.fill([old_low.0, high.0, old_high.0], paint);
                }
            }
            previous = Some([low, high]);
        }
    }

    fn corner(&self, place: Vec3, normal: Vec3) -> Option<Corner> {
        let seen = self.camera.see(place)?;
        Some(Corner {
            x: seen.x,
            y: seen.y,
            nearness: seen.nearness,
            light: self.light.on(normal),
        })
    }

    /// The soft shadow on the table of a limb from `from` to `to`: the higher,
    /// the softer and fainter.
    pub(super) fn shadow(&mut self, from: Vec3, to: Vec3, radius: f32) {
        let softness = 0.8 + 0.18 * (from.z + to.z);
        let (from, to) = (self.light.shadow_of(from), self.light.shadow_of(to));
        let (core, reach) = ((radius - 0.5 * softness).max(0.0), radius + softness);
        let depth = 0.42 * radius / (radius + 0.6 * softness);
        let Some(pixels) = self.pixels_of(from, to, reach) else {
            return;
        };
        let way = to - from;
        let length = way.dot(way).max(1e-6);
        for y in pixels[2]..pixels[3] {
            let row = self.camera.table_row(y);
            for x in pixels[0]..pixels[1] {
                let index = y * self.picture.width + x;
                let nearness = row.nearness(x);
                if !self.picture.shows(index, nearness) {
                    continue;
                }
                let (right, away) = row.place(x, nearness);
                let (right, away) = (right - from.x, away - from.y);
                let part = ((right * way.x + away * way.y) / length).clamp(0.0, 1.0);
                let (off, beyond) = (right - way.x * part, away - way.y * part);
                let squared = off * off + beyond * beyond;
                if squared > reach * reach {
                    continue;
                }
                let fade = ((reach - squared.sqrt()) / (reach - core)).min(1.0);
                let keep = 1.0 - depth * fade * fade * (3.0 - 2.0 * fade);
                for byte in &mut self.picture.rgb[3 * index..3 * index + 3] {
                    *byte = (f32::from(*byte) * keep) as u8;
                }
            }
        }
    }

    /// Columns and rows (first and end) around what lies within `reach` of a
    /// line on the table.
    fn pixels_of(&self, from: Vec3, to: Vec3, reach: f32) -> Option<[usize; 4]> {
        let low = at(from.x.min(to.x) - reach, from.y.min(to.y) - reach, 0.0);
        let high = at(from.x.max(to.x) + reach, from.y.max(to.y) + reach, 0.0);
        let mut around = [
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::INFINITY,
            f32::NEG_INFINITY,
        ];
        for corner in [low, high, at(low.x, high.y, 0.0), at(high.x, low.y, 0.0)] {
            let seen = self.camera.see(corner)?;
            around = [
                around[0].min(seen.x),
                around[1].max(seen.x),
                around[2].min(seen.y),
                around[3].max(seen.y),
            ];
        }
        let (width, height) = (self.picture.width, self.picture.height);
        let clamp = |edge: f32, most: usize| (edge.max(0.0) as usize).min(most);
        Some([
            clamp(around[0], width),
            clamp(around[1] + 1.0, width),
            clamp(around[2], height),
            clamp(around[3] + 1.0, height),
        ])
    }
}

/// The normal of a profile's line, as parts outward and along the axis.
fn outward(from: Option<&(f32, f32)>, to: Option<&(f32, f32)>) -> (f32, f32) {
    let (Some(from), Some(to)) = (from, to) else {
        return (0.0, 0.0);
    };
    let (up, out) = (to.0 - from.0, to.1 - from.1);
    let length = up.hypot(out).max(1e-6);
    (up / length, -out / length)
}

fn halfway(a: (f32, f32), b: (f32, f32)) -> (f32, f32) {
    let (out, along) = (a.0 + b.0, a.1 + b.1);
    let length = out.hypot(along).max(1e-6);
    (out / length, along / length)
}
