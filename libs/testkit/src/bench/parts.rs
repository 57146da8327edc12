//! Things that hands take: parts and tools, wherever they are.

use super::{
    canvas::{Canvas, Colour, ink, shade},
    geometry::{Vec2, at, capsule, disc, slab, turned_slab},
    layout::{Item, ItemKind},
};

const STEEL: Colour = [176.0, 180.0, 186.0];

/// Paints `item` with its middle (tools: their tip) at `place`, turned by
/// `angle`, at a `height` above what lies below.
pub(super) fn paint(canvas: &mut Canvas, item: Item, place: Vec2, angle: f32, height: f32) {
    let mut pen = Pen {
        canvas,
        place,
        angle,
        size: 1.0,
        height,
    };
    match item.kind {
        ItemKind::Board => pen.board(item.wrong),
        ItemKind::Cover => pen.cover(item.wrong),
        ItemKind::Label => pen.label(item.wrong),
        ItemKind::Cloth => pen.cloth(item.wrong),
        ItemKind::Driver => pen.driver(item.wrong),
        ItemKind::Scanner => pen.scanner(),
        ItemKind::Pen => pen.pen(),
        ItemKind::Mug => pen.mug(),
        ItemKind::Plug => plug(canvas, place, item.wrong),
    }
}

/// Paints a board or cover as it lies in its bin, seen deeper below.
pub(super) fn paint_small(canvas: &mut Canvas, item: Item, place: Vec2, angle: f32) {
    let mut pen = Pen {
        canvas,
        place,
        angle,
        size: 0.56,
        height: 0.05,
    };
    match item.kind {
        ItemKind::Board => pen.board(item.wrong),
        _ => pen.cover(item.wrong),
    }
}

/// The roll that labels are taken from, with the next one sticking out.
pub(super) fn roll(canvas: &mut Canvas, place: Vec2, wrong: bool) {
    let middle = place - at(0.0, 0.35);
    canvas.shadow(disc(middle, 0.62), 0.4);
    canvas.paint(disc(middle, 0.62), ink(label_colour(wrong)).round(0.3, 0.5));
    canvas.paint(disc(middle, 0.3), ink([92.0, 74.0, 56.0]).round(0.4, 0.1));
    canvas.paint(disc(middle, 0.2), ink([52.0, 48.0, 46.0]));
    paint(
        canvas,
        Item {
            kind: ItemKind::Label,
            wrong,
        },
        place + at(0.0, 0.2),
        0.0,
        0.02,
    );
}

/// A cable that hangs through from `from` to the plug at `to`.
pub(super) fn cable(canvas: &mut Canvas, from: Vec2, to: Vec2, wrong: bool) {
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
pub(super) fn plug(canvas: &mut Canvas, place: Vec2, wrong: bool) {
    let body = slab(place - at(0.12, 0.0), at(0.28, 0.2), 0.07);
    canvas.shadow(body, 0.2);
    let tip = slab(place + at(0.2, 0.0), at(0.14, 0.13), 0.02);
    canvas.paint(tip, ink(STEEL).round(0.25, 0.06));
    canvas.paint(body, ink(shade(cable_colour(wrong), 1.3)).round(0.3, 0.08));
}

/// Both screws; the first half of `depth` drives the first, the rest the other.
pub(super) fn screws(canvas: &mut Canvas, places: [Vec2; 2], wrong: bool, depth: f32) {
    for (i, place) in places.into_iter().enumerate() {
        let driven = (2.0 * depth - i as f32).clamp(0.0, 1.0);
        if driven <= 0.15 {
            continue;
        }
        let colour = if wrong { [60.0, 58.0, 60.0] } else { STEEL };
        let size = 0.19 - 0.03 * driven;
        canvas.shadow(disc(place, size), 0.3 * (1.0 - driven) + 0.05);
        canvas.paint(
            disc(place, size),
            ink(shade(colour, 1.15)).round(0.35, 0.08),
        );
        let slot = at(0.1, 0.0).turned(9.0 * driven);
        let groove = ink([40.0, 40.0, 44.0]);
        canvas.paint(capsule(place - slot, place + slot, 0.025, 0.025), groove);
        let slot = slot.side();
        canvas.paint(capsule(place - slot, place + slot, 0.025, 0.025), groove);
    }
}

fn cable_colour(wrong: bool) -> Colour {
    if wrong {
        [196.0, 48.0, 44.0]
    } else {
        [38.0, 38.0, 42.0]
    }
}

fn label_colour(wrong: bool) -> Colour {
    if wrong {
        [244.0, 150.0, 44.0]
    } else {
        [246.0, 246.0, 240.0]
    }
}

/// Paints in the frame of one thing.
struct Pen<'a> {
    canvas: &'a mut Canvas,
    place: Vec2,
    angle: f32,
    size: f32,
    height: f32,
}

impl Pen<'_> {
    fn to(&self, x: f32, y: f32) -> Vec2 {
        self.place + at(x, y).turned(self.angle) * self.size
    }

    /// A plate with its middle at (x, y).
    fn plate(&mut self, (x, y): (f32, f32), (half_x, half_y): (f32, f32), colour: Colour) {
        let half = at(half_x, half_y) * self.size;
        let shape = turned_slab(self.to(x, y), half, 0.05 * self.size, self.angle);
        self.canvas.paint(shape, ink(colour).round(0.18, 0.06));
    }

    /// The plate that the rest lies on, with its shadow.
    fn base(&mut self, (half_x, half_y): (f32, f32), colour: Colour) {
        let half = at(half_x, half_y) * self.size;
        let shape = turned_slab(self.place, half, 0.07 * self.size, self.angle);
        self.canvas.shadow(shape, 0.1 + self.height);
        self.canvas.paint(shape, ink(colour).round(0.2, 0.09));
    }

    fn stick(&mut self, from: (f32, f32), to: (f32, f32), radius: f32, colour: Colour) {
        let (a, b) = (self.to(from.0, from.1), self.to(to.0, to.1));
        let radius = radius * self.size;
        let shape = capsule(a, b, radius, radius);
        self.canvas.shadow(shape, 0.1 + self.height);
        self.canvas.paint(shape, ink(colour).round(0.4, radius));
    }

    fn board(&mut self, wrong: bool) {
        const CHIP: Colour = [34.0, 36.0, 40.0];
        const GOLD: Colour = [214.0, 178.0, 84.0];
        let base = if wrong {
            [150.0, 52.0, 48.0]
        } else {
            [34.0, 122.0, 74.0]
        };
        self.base((1.4, 0.8), base);
        let chip = if wrong { (0.55, 0.1) } else { (-0.25, -0.08) };
        self.plate(chip, (0.4, 0.36), CHIP);
        self.plate(
            (chip.0 + 0.05, chip.1 + 0.2),
            (0.2, 0.03),
            [120.0, 122.0, 126.0],
        );
        self.plate((0.75, -0.5), (0.36, 0.1), [226.0, 222.0, 208.0]);
        self.plate((-0.95, 0.45), (0.22, 0.16), CHIP);
        for i in 0..6_u8 {
            self.plate((0.1 + 0.16 * f32::from(i), 0.68), (0.05, 0.07), GOLD);
        }
        if !wrong {
            self.plate((0.62, 0.12), (0.16, 0.16), [182.0, 186.0, 192.0]);
            self.plate((0.22, -0.58), (0.1, 0.07), [206.0, 160.0, 98.0]);
        }
    }

    fn cover(&mut self, wrong: bool) {
        let base = if wrong {
            [58.0, 62.0, 92.0]
        } else {
            [228.0, 226.0, 218.0]
        };
        self.base((1.7, 1.06), base);
        for i in 0..5_u8 {
            let x = -1.3 + 0.17 * f32::from(i);
            if !wrong {
                self.plate((x, -0.1), (0.04, 0.55), shade(base, 0.62));
            }
        }
        for (x, y) in [(-1.52, -0.88), (1.52, -0.88), (1.52, 0.88), (-1.52, 0.88)] {
            self.plate((x, y), (0.08, 0.08), shade(base, 0.75));
        }
    }

    fn label(&mut self, wrong: bool) {
        let colour = label_colour(wrong);
        self.base((0.68, 0.42), colour);
        self.plate(
            (0.0, -0.26),
            (0.62, 0.1),
            if wrong {
                [120.0, 40.0, 30.0]
            } else {
                [38.0, 92.0, 168.0]
            },
        );
        for i in 0..9_u8 {
            let wide = if i % 3 == 0 { 0.035 } else { 0.018 };
            self.plate(
                (-0.46 + 0.115 * f32::from(i), 0.12),
                (wide, 0.2),
                [30.0, 30.0, 34.0],
            );
        }
    }

    fn cloth(&mut self, wrong: bool) {
        let colour = if wrong {
            [104.0, 78.0, 56.0]
        } else {
            [240.0, 206.0, 92.0]
        };
        self.base((0.72, 0.52), colour);
        for (x, y) in [(-0.4, -0.35), (0.05, -0.1), (0.3, 0.2)] {
            let (a, b) = (self.to(x - 0.25, y + 0.14), self.to(x + 0.3, y - 0.1));
            let fold = ink(shade(colour, 0.86)).opacity(0.7).soft(0.12);
            self.canvas.paint(capsule(a, b, 0.05, 0.02), fold);
        }
    }

    fn driver(&mut self, wrong: bool) {
        let grip = if wrong {
            [58.0, 110.0, 62.0]
        } else {
            [226.0, 74.0, 44.0]
        };
        self.stick((0.0, 0.0), (0.4, 0.58), 0.05, STEEL);
        self.stick((0.36, 0.52), (0.86, 1.26), 0.19, grip);
        self.stick((0.42, 0.7), (0.78, 1.22), 0.045, shade(grip, 0.6));
        if wrong {
            self.stick((-0.16, 0.1), (0.16, -0.1), 0.07, STEEL);
        }
    }

    fn scanner(&mut self) {
        let dark = [52.0, 56.0, 64.0];
        self.stick((0.04, 0.3), (0.12, 1.35), 0.2, dark);
        self.base((0.5, 0.3), [232.0, 168.0, 40.0]);
        self.plate((0.0, -0.16), (0.4, 0.1), [120.0, 24.0, 28.0]);
    }

    fn pen(&mut self) {
        self.stick((0.0, 0.0), (0.1, 0.16), 0.03, STEEL);
        self.stick((0.08, 0.14), (0.6, 0.95), 0.07, [40.0, 60.0, 150.0]);
    }

    fn mug(&mut self) {
        let white = [226.0, 228.0, 230.0];
        self.stick((0.5, 0.05), (0.85, 0.1), 0.13, white);
        let place = self.place;
        self.canvas.shadow(disc(place, 0.62), 0.5 + self.height);
        self.canvas
            .paint(disc(place, 0.62), ink(white).round(0.25, 0.12));
        self.canvas
            .paint(disc(place, 0.5), ink([74.0, 46.0, 30.0]).round(0.4, 0.15));
    }
}
