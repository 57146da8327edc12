//! The work itself: the housing, what is in and on it, and its dirt.

use super::{
    BenchTask,
    background::hash,
    canvas::{Canvas, Colour, ink, mix, shade},
    geometry::{Vec2, at, capsule, disc, slab, turned_slab},
    gesture::SEAL_TIME,
    item::{Item, ItemKind},
    layout::{BUTTONS, Layout},
    parts::{self, marker_colour, paste_colour, seal_colour},
    state::{BenchState, Layer},
};

const HOUSING: Colour = [196.0, 200.0, 204.0];
const COPPER: Colour = [196.0, 126.0, 78.0];
const DIRT: Colour = [104.0, 84.0, 58.0];
const OIL: Colour = [70.0, 52.0, 36.0];
/// Spots of dirt on a housing that was not wiped.
const SPOTS: u32 = 22;
/// Fibres of lint in a housing that was not blown out.
const FIBRES: u32 = 26;
/// Shavings on a mat that was not brushed.
const SHAVINGS: u32 = 44;

/// Paints the work in its `state`, with the cables that lead to it.
pub(super) fn paint(canvas: &mut Canvas, layout: &Layout, state: &BenchState) {
    for (plug, place) in state.plugs.into_iter().rev() {
        let origin = Layout::cable_origin(plug.beside());
        parts::cable(canvas, origin, place, plug.wrong);
    }
    paint_fittings(canvas, layout, state);
    paint_housing(canvas, layout);
    paint_dirt(canvas, layout, state);
    for layer in &state.layers {
        match *layer {
            Layer::Part(item, place, angle) => parts::paint(canvas, item, place, angle, 0.05),
            Layer::Trace {
                task,
                wrong,
                progress,
            } => paint_trace(canvas, layout, task, wrong, progress),
        }
    }
    for (plug, place) in state.plugs {
        parts::plug(canvas, place, plug.wrong);
    }
    paint_front(canvas, layout, state.last(BenchTask::SwitchOn));
}

/// What the tool in hand does: the scanner's beam, or a puff of air.
pub(super) fn paint_action(canvas: &mut Canvas, item: Item, tip: Vec2) {
    if item.kind == ItemKind::Scanner {
        let start = tip + at(0.0, -1.75);
        let glow = turned_slab(start + at(0.0, 0.75), at(0.14, 0.95), 0.1, 0.0);
        canvas.paint(glow, ink([255.0, 60.0, 60.0]).opacity(0.25).soft(0.25));
        let line = capsule(start, start + at(0.0, 1.5), 0.03, 0.03);
        canvas.paint(line, ink([255.0, 40.0, 48.0]).opacity(0.9));
    } else {
        let puff = capsule(tip - at(0.1, 0.1), tip - at(0.5, 0.55), 0.05, 0.3);
        canvas.paint(puff, ink([246.0; 3]).opacity(0.45).soft(0.3));
    }
}

fn paint_housing(canvas: &mut Canvas, layout: &Layout) {
    let middle = layout.housing;
    let outside = slab(middle, at(1.95, 1.38), 0.16);
    canvas.shadow(outside, 0.5);
    canvas.paint(outside, ink(HOUSING).round(0.22, 0.1));
    let inside = slab(middle - at(0.0, 0.1), at(1.66, 1.02), 0.1);
    canvas.paint(inside, ink([112.0, 118.0, 126.0]).round(0.35, 0.16));
    for place in layout.screws() {
        let boss = ink([150.0, 154.0, 160.0]).round(0.3, 0.08);
        canvas.paint(disc(place, 0.17), boss);
        canvas.paint(disc(place, 0.07), ink([60.0, 62.0, 68.0]));
    }
    let socket = slab(middle + at(-1.93, 0.05), at(0.13, 0.24), 0.04);
    canvas.paint(socket, ink([34.0, 36.0, 40.0]).round(0.2, 0.05));
}

/// What the procedure's tasks need at the housing's outside.
fn paint_fittings(canvas: &mut Canvas, layout: &Layout, state: &BenchState) {
    if layout.has(BenchTask::FitCap) {
        let post = slab(layout.terminal() - at(0.1, 0.0), at(0.3, 0.1), 0.04);
        canvas.shadow(post, 0.2);
        canvas.paint(post, ink(COPPER).round(0.3, 0.06));
    }
    if layout.has(BenchTask::HangTag) {
        let lug = layout.tag_place() + at(0.06, -0.62);
        canvas.paint(disc(lug, 0.16), ink(shade(HOUSING, 0.8)).round(0.3, 0.06));
        canvas.paint(disc(lug, 0.07), ink([60.0, 62.0, 68.0]));
    }
    if layout.has(BenchTask::TightenStrap) {
        paint_strap(canvas, layout, state.last(BenchTask::TightenStrap));
    }
    if layout.has(BenchTask::BrushShavings) {
        paint_shavings(canvas, layout, state.cleaned(BenchTask::BrushShavings));
    }
}

/// A strap that swings into line, and its nut that sinks, as it is tightened.
fn paint_strap(canvas: &mut Canvas, layout: &Layout, done: Option<(f32, f32)>) {
    let (wrong, progress) = done.unwrap_or_default();
    let tight = progress * (1.0 - 0.6 * wrong);
    let nut = layout.nut();
    let ear = slab(nut - at(0.1, 0.0), at(0.34, 0.28), 0.06);
    canvas.shadow(ear, 0.3);
    canvas.paint(ear, ink(HOUSING).round(0.25, 0.08));
    let way = at(0.0, -1.0).turned(1.1 * (1.0 - tight));
    let strap = capsule(nut, nut + way * 1.15, 0.16, 0.16);
    canvas.shadow(strap, 0.25 * (1.0 - tight) + 0.05);
    canvas.paint(strap, ink(COPPER).round(0.3, 0.1));
    let metal = mix([206.0, 208.0, 212.0], [90.0, 92.0, 98.0], wrong * progress);
    let half = 0.17 - 0.03 * tight;
    canvas.shadow(disc(nut, half), 0.3 * (1.0 - tight) + 0.05);
    // Two slabs, a third of a right angle apart, look like six sides.
    for turn in [0.0, 0.52] {
        let side = turned_slab(nut, at(half, half), 0.03, turn + 6.0 * progress);
        canvas.paint(side, ink(metal).round(0.2, 0.05));
    }
    canvas.paint(disc(nut, 0.07), ink([70.0, 72.0, 78.0]));
}

/// Shavings that go, or scratches that come, as the mat is brushed.
fn paint_shavings(canvas: &mut Canvas, layout: &Layout, (brushed, scratched): (f32, f32)) {
    let (middle, half) = layout.shavings();
    for i in 0..SHAVINGS {
        let random = |what: u32| hash(i, 100 + what, layout.grain) * 2.0 - 1.0;
        let place = middle + at(random(1) * half.x, random(2) * half.y);
        if hash(i, 103, layout.grain) >= brushed {
            let curl = at(0.09, 0.0).turned(3.0 * random(4));
            let bright = [216.0, 214.0, 204.0];
            canvas.paint(
                capsule(place - curl, place + curl, 0.035, 0.015),
                ink(bright),
            );
            let bend = place + curl + curl.side() * 0.8;
            canvas.paint(
                capsule(place + curl, bend, 0.02, 0.015),
                ink(shade(bright, 0.8)),
            );
        }
        if scratched * SHAVINGS as f32 > i as f32 {
            let scratch = capsule(place - at(0.3, 0.02), place + at(0.3, 0.0), 0.022, 0.01);
            canvas.paint(scratch, ink([214.0, 120.0, 84.0]).opacity(0.75));
        }
    }
}

/// Spots that go as they are wiped from the top down and lint that goes as it is
/// blown out from the left, or streaks and drops that come.
fn paint_dirt(canvas: &mut Canvas, layout: &Layout, state: &BenchState) {
    if layout.has(BenchTask::WipeHousing) {
        paint_spots(canvas, layout, state.cleaned(BenchTask::WipeHousing));
    }
    if layout.has(BenchTask::BlowOut) {
        paint_lint(canvas, layout, state.cleaned(BenchTask::BlowOut));
    }
}

fn paint_spots(canvas: &mut Canvas, layout: &Layout, (wiped, smeared): (f32, f32)) {
    for spot in 0..SPOTS {
        let random = |what: u32| hash(spot, what, layout.grain);
        let height = random(2);
        let place = layout.housing + at((random(1) - 0.5) * 3.3, (height - 0.5) * 2.2);
        let seen = ((height - wiped) * 8.0 + 1.0).clamp(0.0, 1.0);
        if wiped < 1.0 && seen > 0.0 {
            let size = 0.1 + 0.16 * random(3);
            let blot = capsule(place, place + at(0.3 * random(4), 0.1), size, 0.6 * size);
            canvas.paint(blot, ink(DIRT).opacity(0.62 * seen).soft(0.12));
        }
        if smeared * SPOTS as f32 > spot as f32 {
            let streak = capsule(place - at(0.6, 0.05), place + at(0.6, 0.05), 0.07, 0.04);
            canvas.paint(streak, ink(OIL).opacity(0.5).soft(0.08));
        }
    }
}

fn paint_lint(canvas: &mut Canvas, layout: &Layout, (blown, oiled): (f32, f32)) {
    for fibre in 0..FIBRES {
        let random = |what: u32| hash(fibre, 200 + what, layout.grain);
        let along = random(1);
        let place = layout.housing + at((along - 0.5) * 3.1, (random(2) - 0.55) * 1.7);
        if along >= blown {
            let curl = at(0.16, 0.0).turned(6.3 * random(3));
            let pale = ink([228.0, 226.0, 234.0]).opacity(0.9);
            canvas.paint(capsule(place - curl, place, 0.022, 0.022), pale);
            let end = place + curl.turned(1.2);
            canvas.paint(capsule(place, end, 0.022, 0.015), pale);
        }
        if oiled * FIBRES as f32 > fibre as f32 {
            canvas.paint(disc(place, 0.09), ink(OIL).opacity(0.7).soft(0.05));
        }
    }
}

/// What a task leaves that comes to lie between parts.
fn paint_trace(canvas: &mut Canvas, layout: &Layout, task: BenchTask, wrong: f32, progress: f32) {
    match task {
        BenchTask::DriveScrews => parts::screws(canvas, layout.screws(), wrong, progress),
        BenchTask::MarkScrews => {
            for (i, place) in layout.screws().into_iter().enumerate() {
                let done = ((progress - 0.12 - 0.44 * i as f32) / 0.35).clamp(0.0, 1.0);
                if done > 0.0 {
                    let (left, right) = (place - at(0.26, 0.1), place + at(0.28, 0.1));
                    let line = capsule(left, left.towards(right, done), 0.065, 0.05);
                    canvas.paint(line, ink(marker_colour(wrong)));
                }
            }
        }
        BenchTask::ApplyPaste => {
            for (i, place) in layout.dots().into_iter().enumerate() {
                let grown = ((progress - 0.16 - 0.18 * i as f32) / 0.07).clamp(0.0, 1.0);
                if grown > 0.0 {
                    let dot = disc(place, (0.14 - 0.04 * wrong) * grown);
                    canvas.shadow(dot, 0.08);
                    canvas.paint(dot, ink(paste_colour(wrong)).round(0.25, 0.1));
                }
            }
        }
        BenchTask::LaySeal => paint_seal(canvas, layout, wrong, progress),
        _ => {}
    }
}

/// The cord along the rim, as far as it is laid.
fn paint_seal(canvas: &mut Canvas, layout: &Layout, wrong: f32, progress: f32) {
    const PIECES: u8 = 32;
    let laid = (progress - SEAL_TIME.start) / (SEAL_TIME.end - SEAL_TIME.start);
    let radius = 0.075 - 0.025 * wrong;
    let colour = ink(seal_colour(wrong)).round(0.35, radius);
    for i in 0..PIECES {
        let from = f32::from(i) / f32::from(PIECES);
        if from < laid {
            let to = (from + 1.0 / f32::from(PIECES)).min(laid);
            let piece = capsule(layout.rim(from), layout.rim(to), radius, radius);
            canvas.paint(piece, colour);
        }
    }
}

/// Buttons and lamp on the housing's front.
fn paint_front(canvas: &mut Canvas, layout: &Layout, switched: Option<(f32, f32)>) {
    for button in 0..BUTTONS {
        let place = layout.button_place(button);
        let other = button as f32 / (BUTTONS - 1) as f32;
        let colour = mix([64.0, 68.0, 76.0], [168.0, 60.0, 52.0], other);
        canvas.paint(disc(place, 0.15), ink([90.0, 94.0, 100.0]));
        canvas.paint(disc(place, 0.11), ink(colour).round(0.3, 0.06));
    }
    let place = layout.housing + at(1.25, 1.16);
    let colour = switched.map_or([48.0, 58.0, 50.0], |(wrong, _)| {
        mix([96.0, 250.0, 120.0], [255.0, 84.0, 64.0], wrong)
    });
    if switched.is_some() {
        canvas.paint(disc(place, 0.3), ink(colour).opacity(0.45).soft(0.5));
    }
    canvas.paint(disc(place, 0.11), ink(colour).round(0.25, 0.05));
}
