//! Things that hands take, wherever they are.

mod assembly;
mod tools;

use super::{
    canvas::{Canvas, Colour, ink},
    geometry::{Vec2, at, capsule, disc, turned_slab},
    item::{Item, ItemKind},
};

pub(super) use assembly::{cable, plug, roll, screws, seal_colour};
pub(super) use tools::{marker_colour, paste_colour, stamp_colour};

const STEEL: Colour = [176.0, 180.0, 186.0];
const DARK: Colour = [40.0, 42.0, 46.0];

/// Paints `item` with its middle (tools: their tip) at `place`, turned by
/// `angle`, at a `height` above what lies below.
pub(super) fn paint(canvas: &mut Canvas, item: Item, place: Vec2, angle: f32, height: f32) {
    let pen = Pen {
        canvas,
        place,
        angle,
        size: 1.0,
        height,
    };
    paint_with(pen, item);
}

/// Paints a part as it lies in its bin, seen deeper below.
pub(super) fn paint_small(canvas: &mut Canvas, item: Item, place: Vec2, angle: f32) {
    let pen = Pen {
        canvas,
        place,
        angle,
        size: 0.56,
        height: 0.05,
    };
    paint_with(pen, item);
}

fn paint_with(mut pen: Pen<'_>, item: Item) {
    let wrong = item.wrong;
    match item.kind {
        ItemKind::Board => pen.board(wrong),
        ItemKind::Cover => pen.cover(wrong),
        ItemKind::Label => pen.label(wrong),
        ItemKind::Battery => pen.battery(wrong),
        ItemKind::Ribbon => pen.ribbon(wrong),
        ItemKind::Cap => pen.cap(wrong),
        ItemKind::Tag => pen.tag(wrong),
        ItemKind::Plug => plug(pen.canvas, pen.place, wrong),
        ItemKind::Cloth => pen.cloth(wrong),
        ItemKind::Brush => pen.brush(wrong),
        ItemKind::Bulb => pen.bulb(wrong),
        ItemKind::Driver => pen.driver(wrong),
        ItemKind::Marker => pen.marker(wrong),
        ItemKind::Syringe => pen.syringe(wrong),
        ItemKind::Probe => pen.probe(wrong),
        ItemKind::Coil => pen.coil(wrong),
        ItemKind::Wrench => pen.wrench(wrong),
        ItemKind::Stamp => pen.stamp(wrong),
        ItemKind::Scanner => pen.scanner(),
        ItemKind::Pen => pen.pen(),
        ItemKind::Mug => pen.mug(),
        ItemKind::Phone => pen.phone(),
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
        self.cone(from, to, (radius, radius), colour);
    }

    /// A stroke whose ends have different radii, with its shadow.
    fn cone(&mut self, from: (f32, f32), to: (f32, f32), radii: (f32, f32), colour: Colour) {
        let (a, b) = (self.to(from.0, from.1), self.to(to.0, to.1));
        let shape = capsule(a, b, radii.0 * self.size, radii.1 * self.size);
        self.canvas.shadow(shape, 0.1 + self.height);
        let rim = radii.0.max(radii.1) * self.size;
        self.canvas.paint(shape, ink(colour).round(0.4, rim));
    }

    /// A flat disc without a shadow.
    fn spot(&mut self, (x, y): (f32, f32), radius: f32, colour: Colour) {
        let shape = disc(self.to(x, y), radius * self.size);
        self.canvas.paint(shape, ink(colour).round(0.25, 0.06));
    }

    /// A thin line without a shadow.
    fn line(&mut self, from: (f32, f32), to: (f32, f32), radius: f32, colour: Colour) {
        let (a, b) = (self.to(from.0, from.1), self.to(to.0, to.1));
        let radius = radius * self.size;
        self.canvas
            .paint(capsule(a, b, radius, radius), ink(colour));
    }
}
