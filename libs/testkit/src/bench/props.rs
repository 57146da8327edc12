//! What lies on the bench around the work: bins, tools, paper, instruments.

use super::{
    BenchTask,
    background::hash,
    canvas::{Canvas, Colour, ink, mix, shade},
    geometry::{Vec2, at, capsule, slab, turned_slab},
    item::{Item, ItemKind},
    layout::Layout,
    parts::{self, stamp_colour},
    state::BenchState,
};

const BIN: Colour = [46.0, 74.0, 122.0];
const PAPER: Colour = [238.0, 236.0, 226.0];
const CASE: Colour = [58.0, 62.0, 70.0];
const DISPLAY: Colour = [26.0, 36.0, 32.0];

/// Paints what never changes: what parts are taken from, and instruments.
pub(super) fn paint_stock(canvas: &mut Canvas, layout: &Layout, lying: &[Item]) {
    for item in lying {
        let place = layout.home(*item);
        match item.kind {
            ItemKind::Board | ItemKind::Cover => paint_bin(canvas, place, *item),
            ItemKind::Label => parts::roll(canvas, place, item.wrong),
            ItemKind::Battery | ItemKind::Ribbon | ItemKind::Cap | ItemKind::Tag => {
                paint_tray(canvas, place, *item);
            }
            _ => {}
        }
    }
    if layout.has(BenchTask::ProbeContacts) {
        let case = slab(layout.meter(), at(0.72, 0.5), 0.12);
        canvas.shadow(case, 0.4);
        canvas.paint(case, ink(CASE).round(0.3, 0.1));
        let knob = capsule(
            layout.meter() + at(0.5, 0.28),
            layout.meter() + at(0.5, 0.28),
            0.12,
            0.12,
        );
        canvas.paint(knob, ink([206.0, 160.0, 60.0]).round(0.3, 0.08));
    }
    if layout.has(BenchTask::ScanCode) {
        let case = slab(layout.screen(), at(0.46, 0.36), 0.08);
        canvas.shadow(case, 0.3);
        canvas.paint(case, ink(CASE).round(0.3, 0.08));
    }
}

/// Paints what hands take away or change: tools in their places, notepad,
/// displays.
pub(super) fn paint_tools(
    canvas: &mut Canvas,
    layout: &Layout,
    lying: &[Item],
    state: &BenchState,
) {
    paint_notepad(canvas, layout, state);
    if layout.has(BenchTask::ProbeContacts) {
        paint_reading(canvas, layout.meter(), state.last(BenchTask::ProbeContacts));
    }
    if layout.has(BenchTask::ScanCode) {
        paint_code(canvas, layout.screen(), state.last(BenchTask::ScanCode));
    }
    for item in lying {
        let held = state
            .held
            .is_some_and(|held| held.kind == item.kind && held.beside() == item.beside());
        let is_tool = !item.kind.is_part();
        if is_tool && !held {
            parts::paint(canvas, *item, layout.home(*item), 0.0, 0.1);
        }
    }
}

fn paint_bin(canvas: &mut Canvas, middle: Vec2, item: Item) {
    let outside = slab(middle, at(1.1, 0.88), 0.12);
    canvas.shadow(outside, 0.45);
    canvas.paint(outside, ink(BIN).round(0.25, 0.08));
    let inside = slab(middle + at(0.0, 0.04), at(0.96, 0.74), 0.08);
    canvas.paint(inside, ink(shade(BIN, 0.55)).round(0.35, 0.12));
    for (x, y, angle) in [(-0.08, 0.1, 0.09), (0.07, -0.06, -0.06)] {
        parts::paint_small(canvas, item, middle + at(x, y), angle);
    }
}

/// A shallow tray with the next two of a small part.
fn paint_tray(canvas: &mut Canvas, middle: Vec2, item: Item) {
    let tray = slab(middle, at(0.46, 0.38), 0.1);
    canvas.shadow(tray, 0.12);
    canvas.paint(tray, ink([206.0, 204.0, 196.0]).round(0.3, 0.08));
    for (x, y, angle) in [(-0.07, 0.05, 0.12), (0.05, -0.03, -0.1)] {
        parts::paint_small(canvas, item, middle + at(x, y), angle);
    }
}

fn paint_notepad(canvas: &mut Canvas, layout: &Layout, state: &BenchState) {
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
    let letters = (state.written * 36.0) as u32;
    for letter in 0..letters {
        let (line, along) = (letter / 12, letter % 12);
        let place = at(-0.6 + 0.1 * along as f32, -0.45 + 0.4 * line as f32);
        let height = 0.05 + 0.06 * hash(letter, 3, 1);
        let start = middle + place;
        let stroke = capsule(start, start + at(0.05, -height), 0.02, 0.02);
        canvas.paint(stroke, ink([36.0, 40.0, 88.0]));
    }
    if let Some((wrong, _)) = state.last(BenchTask::StampSheet) {
        paint_imprint(canvas, layout.stamp_place(), wrong);
    }
}

/// What a stamp leaves: a frame with a bar across; the wrong one is narrower.
fn paint_imprint(canvas: &mut Canvas, place: Vec2, wrong: f32) {
    let half = at(0.42, 0.26 - 0.08 * wrong);
    let colour = ink(stamp_colour(wrong)).opacity(0.85);
    let angle = -0.12;
    canvas.paint(turned_slab(place, half, 0.1, angle), colour);
    canvas.paint(
        turned_slab(place, half - at(0.06, 0.06), 0.06, angle),
        ink(PAPER),
    );
    let end = at(half.x - 0.12, 0.0).turned(angle);
    canvas.paint(capsule(place - end, place + end, 0.05, 0.05), colour);
}

/// The meter's display: while it is dark nothing was measured. Two bars, one
/// for each contact, the lower the more `wrong` the probe.
fn paint_reading(canvas: &mut Canvas, meter: Vec2, measured: Option<(f32, f32)>) {
    let middle = meter - at(0.12, 0.05);
    canvas.paint(
        slab(middle, at(0.5, 0.3), 0.04),
        ink(DISPLAY).round(0.3, 0.06),
    );
    let Some((wrong, progress)) = measured else {
        return;
    };
    let lit = mix([110.0, 246.0, 140.0], [250.0, 110.0, 80.0], wrong);
    let glow = slab(middle, at(0.46, 0.26), 0.04);
    canvas.paint(glow, ink(shade(lit, 0.45)));
    for (bar, from) in [(-0.13, 0.18), (0.13, 0.63)] {
        if progress > from {
            let length = 0.38 - 0.2 * wrong;
            let left = middle + at(-0.38, bar);
            canvas.paint(
                capsule(left, left + at(2.0 * length, 0.0), 0.08, 0.08),
                ink(lit),
            );
        }
    }
}

/// The screen beside the scanner: lines once something was read.
fn paint_code(canvas: &mut Canvas, screen: Vec2, scanned: Option<(f32, f32)>) {
    let face = slab(screen, at(0.38, 0.28), 0.04);
    let Some((wrong, _)) = scanned else {
        canvas.paint(face, ink(DISPLAY).round(0.3, 0.06));
        return;
    };
    let lit = mix([120.0, 214.0, 250.0], [250.0, 150.0, 60.0], wrong);
    canvas.paint(face, ink(shade(lit, 0.7)));
    for i in 0..3_u8 {
        let left = screen + at(-0.26, -0.14 + 0.14 * f32::from(i));
        let length = 0.5 - 0.24 * wrong * f32::from(i % 2);
        canvas.paint(
            capsule(left, left + at(length, 0.0), 0.03, 0.03),
            ink([240.0; 3]),
        );
    }
}
