//! The perspective camera.

use super::space::{AWAY, UP, Vec3, at};
use crate::{
    Performance, RenderOptions,
    conditions::{Aspect, Draw},
};

/// The middle of the work, at which the camera looks.
const AIM: Vec3 = at(0.0, 24.5, 0.0);
/// How far above the table the camera usually stands, and how far back.
const EYE: Vec3 = at(0.0, -36.0, 70.0);
/// How much of the table is in view at its middle, in centimetres.
const VIEW_WIDTH: f32 = 103.0;

/// A pinhole camera.
#[derive(Debug, Clone)]
pub(super) struct Camera {
    eye: Vec3,
    right: Vec3,
    up: Vec3,
    ahead: Vec3,
    /// Focal length in pixels.
    focal: f32,
    /// Where the axis meets the picture.
    middle: (f32, f32),
}

/// Where a place is seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) x: f32,
    pub(super) y: f32,
    /// One over the depth along the camera's axis.
    pub(super) nearness: f32,
}

/// How far each shake moves the picture, as part of its width, and how fast.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shake {
    pub(super) amplitude: f32,
    pub(super) pace: f32,
}

impl Camera {
    /// The camera of a recording, for pictures with `margin` more pixels on
    /// every side than are shown.
    pub(super) fn new(
        performance: &Performance,
        options: RenderOptions,
        margin: impl Fn(Shake) -> usize,
    ) -> (Self, Shake) {
        let mut draw = performance.draw(Aspect::Camera);
        let eye = EYE + draw_place(&mut draw, 2.0, 0.7);
        let aim = AIM + draw_place(&mut draw, 1.0, 0.35).on_table();
        let zoom = draw.near(1.0, 0.03, 0.012);
        let roll = draw.near(0.0, 0.01, 0.008);
        let shake = Shake {
            amplitude: 0.0004 * draw.amount() * draw.near(1.0, 0.2, 0.2).max(0.0),
            pace: draw.near(1.4, 0.3, 0.2).max(0.2),
        };
        let (width, height) = (options.width as f32, options.height as f32);
        let ahead = (aim - eye).unit();
        let level = ahead.cross(UP).unit();
        let right = level.turned(ahead, roll);
        // Scenes are framed for 16:9; other shapes are cut to fill the picture.
        let scale = width.max(height * 16.0 / 9.0);
        let margin = margin(shake) as f32;
        let camera = Self {
            eye,
            right,
            up: right.cross(ahead),
            ahead,
            focal: scale * zoom * (AIM - EYE).length() / VIEW_WIDTH,
            middle: (width * 0.5 + margin, height * 0.5 + margin),
        };
        (camera, shake)
    }

    pub(super) fn eye(&self) -> Vec3 {
        self.eye
    }

    /// None for what is not well in front of the camera.
    pub(super) fn see(&self, place: Vec3) -> Option<Seen> {
        let from_eye = place - self.eye;
        let depth = from_eye.dot(self.ahead);
        (depth > 1.0).then(|| {
            let nearness = 1.0 / depth;
            let scale = self.focal * nearness;
            Seen {
                x: self.middle.0 + from_eye.dot(self.right) * scale,
                y: self.middle.1 - from_eye.dot(self.up) * scale,
                nearness,
            }
        })
    }

    /// What a row of pixels, from the middle of its first, would see of the
    /// table's plane.
    pub(super) fn table_row(&self, y: usize) -> TableRow {
        let across = 1.0 / self.focal;
        let first = self.ahead
            + self.right * ((0.5 - self.middle.0) * across)
            + self.up * ((self.middle.1 - y as f32 - 0.5) * across);
        TableRow {
            eye: self.eye,
            first,
            step: self.right * across,
        }
    }
}

/// Rays through a row of pixels. They advance by one along the camera's axis,
/// so that their length is a depth.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableRow {
    eye: Vec3,
    first: Vec3,
    step: Vec3,
}

impl TableRow {
    /// How near the table is at a pixel; at most 0 above the horizon.
    pub(super) fn nearness(&self, x: usize) -> f32 {
        -(self.first.z + self.step.z * x as f32) / self.eye.z
    }

    /// The place on the table seen at a pixel where it is that near.
    pub(super) fn place(&self, x: usize, nearness: f32) -> (f32, f32) {
        let (x, depth) = (x as f32, 1.0 / nearness);
        (
            self.eye.x + (self.first.x + self.step.x * x) * depth,
            self.eye.y + (self.first.y + self.step.y * x) * depth,
        )
    }
}

fn draw_place(draw: &mut Draw, spread: f32, by: f32) -> Vec3 {
    let (x, y) = (draw.near(0.0, spread, by), draw.near(0.0, spread, by));
    at(x, 0.0, 0.0) + AWAY * y + UP * draw.near(0.0, spread, by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Procedure, Style};

    #[test]
    fn what_is_seen_on_the_table_is_found_there() {
        let performance = Performance::gold(&Procedure::generate(Style::Lab, 0));
        let (camera, _) = Camera::new(&performance, RenderOptions::default(), |_| 0);
        for place in [at(0.0, 0.0, 0.0), at(-30.0, 40.0, 0.0), at(22.0, 10.0, 0.0)] {
            let seen = camera.see(place).unwrap();
            let row = camera.table_row(seen.y as usize);
            let nearness = row.nearness(seen.x as usize);
            let (x, y) = row.place(seen.x as usize, nearness);
            // A pixel is about 2 mm.
            assert!(
                (x - place.x).hypot(y - place.y) < 0.3,
                "{x} {y} for {place:?}"
            );
            assert!((nearness - seen.nearness).abs() < 5e-3 * seen.nearness);
        }
        assert!(camera.see(camera.eye() - camera.ahead).is_none());
    }
}
