//! Tools, and what lies about anyway. How `wrong` a tool is, from 0 to 1, blends
//! its colours and one measure of its shape towards the other kind's.

use super::{DARK, Pen, STEEL};
use crate::bench::{
    canvas::{Colour, ink, mix, shade},
    geometry::{capsule, disc},
    parts::assembly::seal_colour,
};

/// The colour that a marker leaves.
pub(in crate::bench) fn marker_colour(wrong: f32) -> Colour {
    mix([250.0, 226.0, 60.0], [160.0, 80.0, 190.0], wrong)
}

/// The colour of the paste in a syringe.
pub(in crate::bench) fn paste_colour(wrong: f32) -> Colour {
    mix([232.0, 234.0, 238.0], [214.0, 140.0, 70.0], wrong)
}

/// The colour that a stamp leaves.
pub(in crate::bench) fn stamp_colour(wrong: f32) -> Colour {
    mix([176.0, 40.0, 48.0], [40.0, 70.0, 150.0], wrong)
}

impl Pen<'_> {
    pub(super) fn cloth(&mut self, wrong: f32) {
        let colour = mix([240.0, 206.0, 92.0], [104.0, 78.0, 56.0], wrong);
        self.base((0.72, 0.52 - 0.1 * wrong), colour);
        for (x, y) in [(-0.4, -0.35), (0.05, -0.1), (0.3, 0.2)] {
            let (a, b) = (self.to(x - 0.25, y + 0.14), self.to(x + 0.3, y - 0.1));
            let fold = ink(shade(colour, 0.86)).opacity(0.7).soft(0.12);
            self.canvas.paint(capsule(a, b, 0.05, 0.02), fold);
        }
    }

    /// Bristles at the tip, handle to the right.
    pub(super) fn brush(&mut self, wrong: f32) {
        let bristles = mix([222.0, 206.0, 168.0], [110.0, 112.0, 118.0], wrong);
        let handle = mix([150.0, 96.0, 52.0], [60.0, 76.0, 96.0], wrong);
        let half = 0.34 - 0.1 * wrong;
        self.stick((0.35, 0.05), (1.25, 0.18), 0.1, handle);
        self.plate((0.0, 0.0), (0.16, half), bristles);
        for i in 0..5_u8 {
            let y = half * (-0.8 + 0.4 * f32::from(i));
            self.line((-0.15, y), (0.08, y), 0.015, shade(bristles, 0.75));
        }
        self.plate((0.24, 0.02), (0.12, half + 0.02), shade(handle, 0.8));
    }

    /// A rubber ball with its nozzle up and to the left.
    pub(super) fn bulb(&mut self, wrong: f32) {
        let rubber = mix([60.0, 108.0, 168.0], [172.0, 78.0, 60.0], wrong);
        self.cone((0.0, 0.0), (0.24, 0.27), (0.04, 0.1), DARK);
        let radius = 0.34 - 0.06 * wrong;
        self.stick((0.45, 0.5), (0.5, 0.56), radius, rubber);
        self.spot((0.38, 0.4), 0.1, shade(rubber, 1.3));
    }

    pub(super) fn driver(&mut self, wrong: f32) {
        let grip = mix([226.0, 74.0, 44.0], [58.0, 110.0, 62.0], wrong);
        self.stick((0.0, 0.0), (0.4, 0.58), 0.05, STEEL);
        self.stick((0.36, 0.52), (0.86, 1.26), 0.19, grip);
        self.stick((0.42, 0.7), (0.78, 1.22), 0.045, shade(grip, 0.6));
        if wrong > 0.0 {
            // The blade gets broader.
            let half = (0.16 * wrong, 0.1 * wrong);
            self.stick((-half.0, half.1), (half.0, -half.1), 0.07, STEEL);
        }
    }

    pub(super) fn marker(&mut self, wrong: f32) {
        let ink = marker_colour(wrong);
        self.stick((0.0, 0.0), (0.08, 0.12), 0.045, ink);
        self.stick((0.14, 0.21), (0.5, 0.75), 0.13, [232.0, 232.0, 228.0]);
        self.stick((0.48, 0.72), (0.56, 0.84), 0.135 - 0.04 * wrong, ink);
    }

    pub(super) fn syringe(&mut self, wrong: f32) {
        let paste = paste_colour(wrong);
        self.stick((0.0, 0.0), (0.14, 0.23), 0.035, STEEL);
        self.stick((0.2, 0.33), (0.52, 0.85), 0.16, [176.0, 200.0, 214.0]);
        self.line((0.2, 0.33), (0.4, 0.65), 0.1, paste);
        self.stick((0.52, 0.85), (0.66, 1.08), 0.05, shade(paste, 0.7));
        let half = 0.16 + 0.06 * wrong;
        let (x, y) = (0.85 * half, 0.52 * half);
        self.stick((0.67 - x, 1.1 + y), (0.67 + x, 1.1 - y), 0.05, DARK);
    }

    pub(super) fn probe(&mut self, wrong: f32) {
        let colour = mix([196.0, 40.0, 40.0], [60.0, 150.0, 90.0], wrong);
        self.stick((0.0, 0.0), (0.16, 0.24), 0.03, STEEL);
        self.cone((0.16, 0.24), (0.52, 0.78), (0.07, 0.12), colour);
        self.spot((0.22, 0.33), 0.11 - 0.04 * wrong, shade(colour, 0.7));
        self.line((0.55, 0.83), (0.75, 0.98), 0.04, DARK);
    }

    /// A ring of cord.
    pub(super) fn coil(&mut self, wrong: f32) {
        let cord = seal_colour(wrong);
        let place = self.to(0.0, 0.0);
        self.canvas.shadow(disc(place, 0.34), 0.1 + self.height);
        for (radius, by) in [(0.36, 1.0), (0.29, 1.35), (0.22, 1.0)] {
            self.spot((0.0, 0.0), radius - 0.05 * wrong, shade(cord, by));
        }
        self.spot((0.0, 0.0), 0.13, [90.0, 92.0, 96.0]);
    }

    /// An open-ended wrench, its jaw at the tip.
    pub(super) fn wrench(&mut self, wrong: f32) {
        let metal = mix([198.0, 202.0, 208.0], [84.0, 86.0, 92.0], wrong);
        let radius = 0.27 + 0.07 * wrong;
        self.stick((0.08, 0.18), (0.55, 1.32), 0.11, metal);
        self.stick((0.0, 0.0), (0.0, 0.0), radius, metal);
        self.spot((0.55, 1.32), 0.08, shade(metal, 0.5));
        self.spot((0.0, 0.0), 0.14, DARK);
        self.line((0.0, 0.0), (-0.14, -0.3), 0.12, DARK);
    }

    pub(super) fn stamp(&mut self, wrong: f32) {
        let wood = mix([148.0, 100.0, 58.0], [92.0, 94.0, 100.0], wrong);
        self.base((0.34, 0.26 - 0.06 * wrong), shade(wood, 0.7));
        self.stick((0.0, 0.0), (0.04, 0.16), 0.16, wood);
        self.spot((0.04, 0.16), 0.08, stamp_colour(wrong));
    }

    pub(super) fn scanner(&mut self) {
        let dark = [52.0, 56.0, 64.0];
        self.stick((0.04, 0.3), (0.12, 1.35), 0.2, dark);
        self.base((0.5, 0.3), [232.0, 168.0, 40.0]);
        self.plate((0.0, -0.16), (0.4, 0.1), [120.0, 24.0, 28.0]);
    }

    pub(super) fn pen(&mut self) {
        self.stick((0.0, 0.0), (0.1, 0.16), 0.03, STEEL);
        self.stick((0.08, 0.14), (0.6, 0.95), 0.07, [40.0, 60.0, 150.0]);
    }

    pub(super) fn mug(&mut self) {
        let white = [226.0, 228.0, 230.0];
        self.stick((0.5, 0.05), (0.85, 0.1), 0.13, white);
        let place = self.place;
        self.canvas.shadow(disc(place, 0.62), 0.5 + self.height);
        self.canvas
            .paint(disc(place, 0.62), ink(white).round(0.25, 0.12));
        self.canvas
            .paint(disc(place, 0.5), ink([74.0, 46.0, 30.0]).round(0.4, 0.15));
    }

    pub(super) fn phone(&mut self) {
        self.base((0.32, 0.6), [30.0, 32.0, 36.0]);
        self.plate((0.0, 0.0), (0.27, 0.5), [58.0, 76.0, 104.0]);
        for (x, y) in [(-0.14, -0.3), (0.14, -0.3), (-0.14, -0.05), (0.14, -0.05)] {
            self.plate((x, y), (0.08, 0.07), [150.0, 176.0, 206.0]);
        }
    }
}
