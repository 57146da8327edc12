//! Vectors and frames of the laboratory, in centimetres: x to the right, y away
//! from the performer, z up. The table's surface is z = 0.

use std::ops::{Add, Mul, Neg, Sub};

/// A place or a direction.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Vec3 {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) z: f32,
}

pub(super) const UP: Vec3 = at(0.0, 0.0, 1.0);
/// Away from the performer.
pub(super) const AWAY: Vec3 = at(0.0, 1.0, 0.0);
/// To the performer's right.
pub(super) const RIGHT: Vec3 = at(1.0, 0.0, 0.0);

pub(super) const fn at(x: f32, y: f32, z: f32) -> Vec3 {
    Vec3 { x, y, z }
}

impl Vec3 {
    pub(super) fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(super) fn cross(self, other: Self) -> Self {
        at(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )
    }

    pub(super) fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    /// Of length one; a vector without length becomes [`UP`].
    pub(super) fn unit(self) -> Self {
        let length = self.length();
        if length > 1e-6 {
            self * (1.0 / length)
        } else {
            UP
        }
    }

    /// The place `part` of the way to `to`.
    pub(super) fn towards(self, to: Self, part: f32) -> Self {
        self + (to - self) * part
    }

    /// Its shadow straight below on the table.
    pub(super) fn on_table(self) -> Self {
        at(self.x, self.y, 0.0)
    }

    pub(super) fn raised(self, by: f32) -> Self {
        self + UP * by
    }

    /// Turned by `angle` radians about the unit vector `axis` (Rodrigues).
    pub(super) fn turned(self, axis: Self, angle: f32) -> Self {
        let (sin, cos) = angle.sin_cos();
        self * cos + axis.cross(self) * sin + axis * (axis.dot(self) * (1.0 - cos))
    }
}

impl Add for Vec3 {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        at(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl Sub for Vec3 {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        at(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Mul<f32> for Vec3 {
    type Output = Self;

    fn mul(self, by: f32) -> Self {
        at(self.x * by, self.y * by, self.z * by)
    }
}

impl Neg for Vec3 {
    type Output = Self;

    fn neg(self) -> Self {
        self * -1.0
    }
}
