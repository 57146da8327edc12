//! The things on the bench: bins, tools, paper, and the work itself.

use super::{
    background::hash,
    canvas::{Canvas, Colour, ink, shade},
    geometry::{Vec2, at, capsule, disc, slab, turned_slab},
    layout::{BenchState, Item, ItemKind, Layout, Placed},
    parts,
};

const BIN: Colour = [46.0, 74.0, 122.0];
const PAPER: Colour = [238.0, 236.0, 226.0];
const HOUSING: Colour = [196.0, 200.0, 204.0];
const DIRT: Colour = [104.0, 84.0, 58.0];
/// Spots of dirt on a housing that was not wiped.
const SPOTS: u32 = 22;

/// Paints everything that lies on the bench.
pub(super) fn paint(canvas: &mut Canvas, layout: &Layout, state: &BenchState) {
    paint_bins(canvas, layout);
    paint_notepad(canvas, layout, state.written);
    for wrong in [false, true] {
        paint_home(canvas, layout, state, item(ItemKind::Cloth, wrong));
        paint_home(canvas, layout, state, item(ItemKind::Driver, wrong));
    }
    paint_home(canvas, layout, state, item(ItemKind::Scanner, false));
    paint_home(canvas, layout, state, item(ItemKind::Pen, false));
    paint_home(canvas, layout, state, item(ItemKind::Mug, false));
    for wrong in [true, false] {
        let end = state.plugs[usize::from(wrong)];
        parts::cable(canvas, Layout::cable_origin(wrong), end, wrong);
    }
    paint_housing(canvas, layout, state);
    for placed in &state.placed {
        match *placed {
            Placed::Part(item, place, angle) => parts::paint(canvas, item, place, angle, 0.05),
            Placed::Screws { wrong, depth } => parts::screws(canvas, layout.screws(), wrong, depth),
        }
    }
    for wrong in [false, true] {
        parts::plug(canvas, state.plugs[usize::from(wrong)], wrong);
    }
    paint_front(canvas, layout, state.lamp);
}

fn item(kind: ItemKind, wrong: bool) -> Item {
    Item { kind, wrong }
}

/// Paints a tool in its place unless a hand holds it.
fn paint_home(canvas: &mut Canvas, layout: &Layout, state: &BenchState, item: Item) {
    if state.held != Some(item) {
        parts::paint(canvas, item, layout.home(item), 0.0, 0.1);
    }
}

fn paint_bins(canvas: &mut Canvas, layout: &Layout) {
    for (kind, wrong) in [
        (ItemKind::Board, false),
        (ItemKind::Board, true),
        (ItemKind::Cover, false),
        (ItemKind::Cover, true),
    ] {
        let middle = layout.home(item(kind, wrong));
        let outside = slab(middle, at(1.1, 0.88), 0.12);
        canvas.shadow(outside, 0.45);
        canvas.paint(outside, ink(BIN).round(0.25, 0.08));
        let inside = slab(middle + at(0.0, 0.04), at(0.96, 0.74), 0.08);
        canvas.paint(inside, ink(shade(BIN, 0.55)).round(0.35, 0.12));
        for (x, y, angle) in [(-0.08, 0.1, 0.09), (0.07, -0.06, -0.06)] {
            parts::paint_small(canvas, item(kind, wrong), middle + at(x, y), angle);
        }
    }
    for wrong in [false, true] {
        parts::roll(canvas, layout.home(item(ItemKind::Label, wrong)), wrong);
    }
}

fn paint_notepad(canvas: &mut Canvas, layout: &Layout, written: f32) {
    let middle = layout.notepad;
    let sheet = slab(middle, at(1.05, 1.25), 0.05);
    canvas.shadow(sheet, 0.15);
    canvas.paint(sheet, ink(PAPER).round(0.06, 0.1));
    canvas.paint(
        slab(middle - at(0.0, 1.12), at(1.05, 0.13), 0.05),
        ink([92.0, 96.0, 108.0]),
    );
    for line in 0..6_u8 {
        let left = middle + at(-0.85, -0.75 + 0.32 * f32::from(line));
        let ruled = capsule(left, left + at(1.7, 0.0), 0.012, 0.012);
        canvas.paint(ruled, ink([164.0, 184.0, 208.0]));
    }
    let letters = (written * 36.0) as u32;
    for letter in 0..letters {
        let (line, along) = (letter / 12, letter % 12);
        let place = at(-0.6 + 0.1 * along as f32, -0.45 + 0.4 * line as f32);
        let height = 0.05 + 0.06 * hash(letter, 3, 1);
        let start = middle + place;
        let stroke = capsule(start, start + at(0.05, -height), 0.02, 0.02);
        canvas.paint(stroke, ink([36.0, 40.0, 88.0]));
    }
}

fn paint_housing(canvas: &mut Canvas, layout: &Layout, state: &BenchState) {
    let middle = layout.housing;
    let outside = slab(middle, at(1.95, 1.38), 0.16);
    canvas.shadow(outside, 0.5);
    canvas.paint(outside, ink(HOUSING).round(0.22, 0.1));
    let inside = slab(middle - at(0.0, 0.1), at(1.66, 1.02), 0.1);
    canvas.paint(inside, ink([112.0, 118.0, 126.0]).round(0.35, 0.16));
    for place in layout.screws() {
        canvas.paint(
            disc(place, 0.17),
            ink([150.0, 154.0, 160.0]).round(0.3, 0.08),
        );
        canvas.paint(disc(place, 0.07), ink([60.0, 62.0, 68.0]));
    }
    let socket = slab(middle + at(-1.93, 0.05), at(0.13, 0.24), 0.04);
    canvas.paint(socket, ink([34.0, 36.0, 40.0]).round(0.2, 0.05));
    paint_dirt(canvas, layout, state);
}

/// Spots that go as they are wiped from the top down, or streaks that come.
fn paint_dirt(canvas: &mut Canvas, layout: &Layout, state: &BenchState) {
    for spot in 0..SPOTS {
        let random = |what: u32| hash(spot, what, layout.grain);
        let height = random(2);
        let place = layout.housing + at((random(1) - 0.5) * 3.3, (height - 0.5) * 2.2);
        let seen = ((height - state.wiped) * 8.0 + 1.0).clamp(0.0, 1.0);
        if state.wiped < 1.0 && seen > 0.0 {
            let size = 0.1 + 0.16 * random(3);
            let blot = capsule(place, place + at(0.3 * random(4), 0.1), size, 0.6 * size);
            canvas.paint(blot, ink(DIRT).opacity(0.62 * seen).soft(0.12));
        }
        if state.smeared * SPOTS as f32 > spot as f32 {
            let streak = capsule(place - at(0.6, 0.05), place + at(0.6, 0.05), 0.07, 0.04);
            canvas.paint(streak, ink([70.0, 52.0, 36.0]).opacity(0.5).soft(0.08));
        }
    }
}

/// Switches and lamp on the housing's front.
fn paint_front(canvas: &mut Canvas, layout: &Layout, lamp: Option<bool>) {
    for (wrong, colour) in [(false, [64.0, 68.0, 76.0]), (true, [168.0, 60.0, 52.0])] {
        let place = layout.switch(wrong);
        canvas.paint(disc(place, 0.15), ink([90.0, 94.0, 100.0]));
        canvas.paint(disc(place, 0.11), ink(colour).round(0.3, 0.06));
    }
    let place = layout.housing + at(1.25, 1.16);
    paint_lamp(canvas, place, lamp);
}

fn paint_lamp(canvas: &mut Canvas, place: Vec2, lamp: Option<bool>) {
    let colour = match lamp {
        None => [48.0, 58.0, 50.0],
        Some(false) => [96.0, 250.0, 120.0],
        Some(true) => [255.0, 84.0, 64.0],
    };
    if lamp.is_some() {
        canvas.paint(disc(place, 0.3), ink(colour).opacity(0.45).soft(0.5));
    }
    canvas.paint(disc(place, 0.11), ink(colour).round(0.25, 0.05));
}

/// The scanner's beam from `grip`, as a red line across what lies before it.
pub(super) fn paint_beam(canvas: &mut Canvas, scanner: Vec2) {
    let start = scanner + at(0.0, -1.75);
    let glow = turned_slab(start + at(0.0, 0.75), at(0.14, 0.95), 0.1, 0.0);
    canvas.paint(glow, ink([255.0, 60.0, 60.0]).opacity(0.25).soft(0.25));
    let line = capsule(start, start + at(0.0, 1.5), 0.03, 0.03);
    canvas.paint(line, ink([255.0, 40.0, 48.0]).opacity(0.9));
}
