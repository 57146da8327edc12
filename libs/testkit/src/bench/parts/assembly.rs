//! Parts that become part of the unit. How `wrong` one is, from 0 to 1, blends
//! its colours and one measure of its shape towards the other kind's.

use super::{DARK, Pen, STEEL, paint};
use crate::bench::{
    canvas::{Canvas, Colour, ink, mix, shade},
    geometry::{Vec2, at, capsule, disc, slab},
    item::{Item, ItemKind},
};

/// The roll that labels are taken from, with the next one sticking out.
pub(in crate::bench) fn roll(canvas: &mut Canvas, place: Vec2, wrong: f32) {
    let middle = place - at(0.0, 0.35);
    canvas.shadow(disc(middle, 0.62), 0.4);
    canvas.paint(disc(middle, 0.62), ink(label_colour(wrong)).round(0.3, 0.5));
    canvas.paint(disc(middle, 0.3), ink([92.0, 74.0, 56.0]).round(0.4, 0.1));
    canvas.paint(disc(middle, 0.2), ink([52.0, 48.0, 46.0]));
    let kind = ItemKind::Label;
    paint(
        canvas,
        Item { kind, wrong },
        place + at(0.0, 0.2),
        0.0,
        0.02,
    );
}

/// A cable that hangs through from `from` to the plug at `to`.
pub(in crate::bench) fn cable(canvas: &mut Canvas, from: Vec2, to: Vec2, wrong: f32) {
    const PIECES: u8 = 14;
    let end = to - at(0.35, 0.0);
    let (bend, slack) = (end - at(1.6, 0.0), from + at(1.8, 1.3));
    let point = |i: u8| {
        let t = f32::from(i) / f32::from(PIECES);
        let (a, b) = (from.towards(slack, t), slack.towards(bend, t));
        let (b, c) = (a.towards(b, t), b.towards(bend.towards(end, t), t));
        b.towards(c, t)
    };
    let colour = cable_colour(wrong);
    for i in 0..PIECES {
        let piece = capsule(point(i), point(i + 1), 0.075, 0.075);
        canvas.shadow(piece, 0.2);
    }
    for i in 0..PIECES {
        let piece = capsule(point(i), point(i + 1), 0.075, 0.075);
        canvas.paint(piece, ink(colour).round(0.35, 0.05));
    }
}

/// A plug with its middle at `place`, pointing to the right.
pub(in crate::bench) fn plug(canvas: &mut Canvas, place: Vec2, wrong: f32) {
    let body = slab(place - at(0.12, 0.0), at(0.28, 0.2 + 0.05 * wrong), 0.07);
    canvas.shadow(body, 0.2);
    let tip = slab(place + at(0.2, 0.0), at(0.14, 0.13), 0.02);
    canvas.paint(tip, ink(STEEL).round(0.25, 0.06));
    canvas.paint(body, ink(shade(cable_colour(wrong), 1.3)).round(0.3, 0.08));
}

/// Both screws; the first half of `depth` drives the first, the rest the other.
pub(in crate::bench) fn screws(canvas: &mut Canvas, places: [Vec2; 2], wrong: f32, depth: f32) {
    for (i, place) in places.into_iter().enumerate() {
        let driven = (2.0 * depth - i as f32).clamp(0.0, 1.0);
        if driven <= 0.15 {
            continue;
        }
        let colour = mix(STEEL, [60.0, 58.0, 60.0], wrong);
        let size = 0.19 - 0.03 * driven + 0.03 * wrong;
        canvas.shadow(disc(place, size), 0.3 * (1.0 - driven) + 0.05);
        canvas.paint(
            disc(place, size),
            ink(shade(colour, 1.15)).round(0.35, 0.08),
        );
        let slot = at(0.1, 0.0).turned(9.0 * driven);
        let groove = ink(DARK);
        canvas.paint(capsule(place - slot, place + slot, 0.025, 0.025), groove);
        let slot = slot.side();
        canvas.paint(capsule(place - slot, place + slot, 0.025, 0.025), groove);
    }
}

/// The colour of the sealing cord.
pub(in crate::bench) fn seal_colour(wrong: f32) -> Colour {
    mix([52.0, 54.0, 58.0], [196.0, 84.0, 40.0], wrong)
}

fn cable_colour(wrong: f32) -> Colour {
    mix([38.0, 38.0, 42.0], [196.0, 48.0, 44.0], wrong)
}

fn label_colour(wrong: f32) -> Colour {
    mix([246.0, 246.0, 240.0], [244.0, 150.0, 44.0], wrong)
}

impl Pen<'_> {
    pub(super) fn board(&mut self, wrong: f32) {
        const CHIP: Colour = [34.0, 36.0, 40.0];
        const GOLD: Colour = [214.0, 178.0, 84.0];
        let base = mix([34.0, 122.0, 74.0], [150.0, 52.0, 48.0], wrong);
        self.base((1.4, 0.8), base);
        let chip = (-0.25 + 0.8 * wrong, -0.08 + 0.18 * wrong);
        self.plate(chip, (0.4, 0.36), CHIP);
        let print = [120.0, 122.0, 126.0];
        self.plate((chip.0 + 0.05, chip.1 + 0.2), (0.2, 0.03), print);
        self.plate((0.75, -0.5), (0.36, 0.1), [226.0, 222.0, 208.0]);
        self.plate((-0.95, 0.45), (0.22, 0.16), CHIP);
        for i in 0..6_u8 {
            self.plate((0.1 + 0.16 * f32::from(i), 0.68), (0.05, 0.07), GOLD);
        }
        // What the other board lacks fades into the board, or its chip lies there.
        if wrong < 0.5 {
            let can = mix([182.0, 186.0, 192.0], base, 2.0 * wrong);
            self.plate((0.62, 0.12), (0.16, 0.16), can);
            let coil = mix([206.0, 160.0, 98.0], base, 2.0 * wrong);
            self.plate((0.22, -0.58), (0.1, 0.07), coil);
        }
    }

    pub(super) fn cover(&mut self, wrong: f32) {
        let base = mix([228.0, 226.0, 218.0], [58.0, 62.0, 92.0], wrong);
        self.base((1.7, 1.06), base);
        for i in 0..5_u8 {
            let x = -1.3 + 0.17 * f32::from(i);
            let vent = mix(shade(base, 0.62), base, wrong);
            self.plate((x, -0.1), (0.04, 0.55), vent);
        }
        for (x, y) in [(-1.52, -0.88), (1.52, -0.88), (1.52, 0.88), (-1.52, 0.88)] {
            self.plate((x, y), (0.08, 0.08), shade(base, 0.75));
        }
    }

    pub(super) fn label(&mut self, wrong: f32) {
        self.base((0.68, 0.42), label_colour(wrong));
        let stripe = mix([38.0, 92.0, 168.0], [120.0, 40.0, 30.0], wrong);
        self.plate((0.0, -0.26), (0.62, 0.1), stripe);
        for i in 0..9_u8 {
            let wide = if i % 3 == 0 { 0.035 } else { 0.018 };
            let x = -0.46 + 0.115 * f32::from(i);
            self.plate((x, 0.12), (wide, 0.2 - 0.1 * wrong), [30.0, 30.0, 34.0]);
        }
    }

    /// A cell lying on its side.
    pub(super) fn battery(&mut self, wrong: f32) {
        let sleeve = mix([206.0, 132.0, 52.0], [66.0, 92.0, 176.0], wrong);
        let half = 0.42 - 0.1 * wrong;
        self.base((half, 0.2), DARK);
        self.plate((0.12, 0.0), (half - 0.13, 0.2), sleeve);
        self.plate((half + 0.04, 0.0), (0.05, 0.08), STEEL);
    }

    /// A flat cable with a connector at either end.
    pub(super) fn ribbon(&mut self, wrong: f32) {
        let cable = mix([196.0, 198.0, 204.0], [104.0, 170.0, 150.0], wrong);
        let half = 0.26 - 0.07 * wrong;
        self.base((half, 0.6), cable);
        for i in 0..3_u8 {
            let x = half * (-0.5 + 0.5 * f32::from(i));
            self.line((x, -0.5), (x, 0.5), 0.014, shade(cable, 0.72));
        }
        let edge = mix([196.0, 60.0, 56.0], cable, wrong);
        self.line((-0.85 * half, -0.5), (-0.85 * half, 0.5), 0.025, edge);
        self.plate((0.0, -0.6), (half + 0.05, 0.1), DARK);
        self.plate((0.0, 0.6), (half + 0.05, 0.1), DARK);
    }

    /// A ribbed cap, seen from above.
    pub(super) fn cap(&mut self, wrong: f32) {
        let colour = mix([204.0, 44.0, 40.0], [232.0, 200.0, 60.0], wrong);
        let radius = 0.25 - 0.06 * wrong;
        self.stick((0.0, 0.0), (0.0, 0.0), radius, colour);
        for i in 0..6_u8 {
            let rib = at(radius, 0.0).turned(f32::from(i) * std::f32::consts::FRAC_PI_3);
            self.spot((rib.x, rib.y), 0.05, shade(colour, 0.7));
        }
        self.spot((0.0, 0.0), 0.5 * radius, shade(colour, 1.2));
    }

    /// A card on a string that leads up to what it hangs on.
    pub(super) fn tag(&mut self, wrong: f32) {
        let colour = mix([240.0, 214.0, 90.0], [128.0, 190.0, 214.0], wrong);
        self.line((0.0, -0.3), (0.06, -0.66), 0.03, [222.0, 216.0, 200.0]);
        self.base((0.3, 0.4 - 0.08 * wrong), colour);
        self.spot((0.0, -0.28), 0.06, DARK);
        for y in [-0.08, 0.08, 0.22] {
            self.line((-0.19, y), (0.19, y), 0.025, shade(colour, 0.5));
        }
    }
}
