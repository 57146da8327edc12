//! Points and shapes on the bench, which is 16 wide and 9 deep (x to the right,
//! y towards the worker).

use std::ops::{Add, Mul, Sub};

/// Width of the bench.
pub(crate) const BENCH_WIDTH: f32 = 16.0;
/// Depth of the bench.
pub(crate) const BENCH_DEPTH: f32 = 9.0;

/// A point or a displacement.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Vec2 {
    pub(crate) x: f32,
    pub(crate) y: f32,
}

pub(crate) const fn at(x: f32, y: f32) -> Vec2 {
    Vec2 { x, y }
}

impl Vec2 {
    pub(crate) fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y
    }

    pub(crate) fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    /// The same direction with length 1; upwards for the null vector.
    pub(crate) fn direction(self) -> Self {
        let length = self.length();
        if length > 1e-6 {
            self * (1.0 / length)
        } else {
            at(0.0, -1.0)
        }
    }

    /// Turned by `angle` radians, clockwise on the screen.
    pub(crate) fn turned(self, angle: f32) -> Self {
        let (sin, cos) = angle.sin_cos();
        at(self.x * cos - self.y * sin, self.x * sin + self.y * cos)
    }

    /// Turned by a quarter, clockwise on the screen.
    pub(crate) fn side(self) -> Self {
        at(-self.y, self.x)
    }

    /// From here (0) to `to` (1).
    pub(crate) fn towards(self, to: Self, part: f32) -> Self {
        self + (to - self) * part
    }
}

impl Add for Vec2 {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        at(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Vec2 {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        at(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f32> for Vec2 {
    type Output = Self;
    fn mul(self, by: f32) -> Self {
        at(self.x * by, self.y * by)
    }
}

/// What can be painted. Distances are signed: negative inside.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// A stroke with round ends, of radius `start` at `a` and `end` at `b`.
    Capsule {
        a: Vec2,
        b: Vec2,
        start: f32,
        end: f32,
    },
    /// A rectangle with half sides `half` and rounded corners, turned by `angle`.
    Slab {
        centre: Vec2,
        half: Vec2,
        corner: f32,
        angle: f32,
    },
}

pub(crate) fn capsule(a: Vec2, b: Vec2, start: f32, end: f32) -> Shape {
    Shape::Capsule { a, b, start, end }
}

pub(crate) fn disc(centre: Vec2, radius: f32) -> Shape {
    capsule(centre, centre, radius, radius)
}

pub(crate) fn slab(centre: Vec2, half: Vec2, corner: f32) -> Shape {
    turned_slab(centre, half, corner, 0.0)
}

pub(crate) fn turned_slab(centre: Vec2, half: Vec2, corner: f32, angle: f32) -> Shape {
    Shape::Slab {
        centre,
        half,
        corner,
        angle,
    }
}

impl Shape {
    /// The same shape moved by `by`.
    pub(crate) fn moved(self, by: Vec2) -> Self {
        match self {
            Self::Capsule { a, b, start, end } => capsule(a + by, b + by, start, end),
            Self::Slab {
                centre,
                half,
                corner,
                angle,
            } => turned_slab(centre + by, half, corner, angle),
        }
    }

    /// Centre and half sides of an upright box around the shape.
    pub(crate) fn bounds(&self) -> (Vec2, Vec2) {
        match *self {
            Self::Capsule { a, b, start, end } => {
                let reach = start.max(end);
                let half = at((a.x - b.x).abs(), (a.y - b.y).abs()) * 0.5;
                (a.towards(b, 0.5), half + at(reach, reach))
            }
            Self::Slab {
                centre,
                half,
                angle,
                ..
            } => {
                let (sin, cos) = (angle.sin().abs(), angle.cos().abs());
                let across = half.x * cos + half.y * sin;
                let down = half.x * sin + half.y * cos;
                (centre, at(across, down))
            }
        }
    }
}

/// A shape prepared for measuring distances to many points.
pub(crate) enum Measure {
    Capsule {
        a: Vec2,
        axis: Vec2,
        per_length: f32,
        start: f32,
        grow: f32,
    },
    Slab {
        centre: Vec2,
        x_axis: Vec2,
        inner: Vec2,
        corner: f32,
    },
}

impl Measure {
    pub(crate) fn new(shape: &Shape) -> Self {
        match *shape {
            Shape::Capsule { a, b, start, end } => {
                let axis = b - a;
                Self::Capsule {
                    a,
                    axis,
                    per_length: 1.0 / axis.dot(axis).max(1e-9),
                    start,
                    grow: end - start,
                }
            }
            Shape::Slab {
                centre,
                half,
                corner,
                angle,
            } => {
                let corner = corner.min(half.x).min(half.y);
                Self::Slab {
                    centre,
                    x_axis: at(1.0, 0.0).turned(angle),
                    inner: half - at(corner, corner),
                    corner,
                }
            }
        }
    }

    /// Distance from `p` to the border. Close to exact for a capsule whose ends
    /// differ, exact else.
    pub(crate) fn distance(&self, p: Vec2) -> f32 {
        match *self {
            Self::Capsule {
                a,
                axis,
                per_length,
                start,
                grow,
            } => {
                let from = p - a;
                let part = (from.dot(axis) * per_length).clamp(0.0, 1.0);
                (from - axis * part).length() - start - grow * part
            }
            Self::Slab {
                centre,
                x_axis,
                inner,
                corner,
            } => {
                let from = p - centre;
                let q = at(
                    from.dot(x_axis).abs() - inner.x,
                    from.dot(x_axis.side()).abs() - inner.y,
                );
                let outside = at(q.x.max(0.0), q.y.max(0.0)).length();
                outside + q.x.max(q.y).min(0.0) - corner
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_signed_and_exact_on_the_axes() {
        let stroke = Measure::new(&capsule(at(0.0, 0.0), at(4.0, 0.0), 1.0, 1.0));
        let plate = Measure::new(&slab(at(2.0, 0.0), at(2.0, 1.0), 0.3));
        for (p, to_stroke, to_plate) in [
            (at(2.0, 0.0), -1.0, -1.0),
            (at(2.0, 3.0), 2.0, 2.0),
            (at(7.0, 0.0), 2.0, 3.0),
        ] {
            assert!((stroke.distance(p) - to_stroke).abs() < 1e-5);
            assert!((plate.distance(p) - to_plate).abs() < 1e-5);
        }
    }

    #[test]
    fn bounds_hold_the_turned_shape() {
        let shape = turned_slab(at(3.0, 3.0), at(2.0, 0.5), 0.1, 0.7);
        let (centre, half) = shape.bounds();
        let measure = Measure::new(&shape);
        for i in 0..400 {
            let p = at((i % 20) as f32 * 0.3, (i / 20) as f32 * 0.3);
            let out = (p.x - centre.x).abs() > half.x || (p.y - centre.y).abs() > half.y;
            assert!(!out || measure.distance(p) > 0.0);
        }
    }
}
