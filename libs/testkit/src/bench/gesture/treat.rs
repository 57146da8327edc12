//! Gestures that clean, treat, test and mark the work.

use std::ops::Range;

use super::{FIST, FLAT, GRIP, Gesture, POINT, Stroke, steady};
use crate::bench::{geometry::at, item::ItemKind, layout::Layout};

/// When the sealing cord is laid, in parts of the action.
pub(in crate::bench) const SEAL_TIME: Range<f32> = 0.14..0.96;

pub(super) fn wipe(wrong: f32, layout: &Layout) -> Gesture {
    let row = |i: usize| {
        let x = if i.is_multiple_of(2) { -1.4 } else { 1.4 };
        let y = -0.8 + 1.7 * i as f32 / 8.0;
        let place = layout.housing + at(x, y) + ItemKind::Cloth.handle();
        Stroke::new(0.16 + 0.105 * i as f32, place, FLAT).lift(0.25)
    };
    Gesture {
        strokes: (0..=8).map(row).collect(),
        other_hand: Some(steady(layout)),
        ..Gesture::taking(ItemKind::Cloth, wrong, layout)
    }
}

pub(super) fn brush(wrong: f32, layout: &Layout) -> Gesture {
    let (middle, half) = layout.shavings();
    let handle = ItemKind::Brush.handle();
    let mut strokes = Vec::new();
    for sweep in 0..5_u8 {
        let y = half.y * (f32::from(sweep) / 2.0 - 1.0) * 0.8;
        let when = 0.16 + 0.165 * f32::from(sweep);
        let from = middle + at(-half.x, y) + handle;
        let to = middle + at(half.x, y - 0.05) + handle;
        strokes.push(Stroke::new(when, from, GRIP).lift(0.1).twist(-0.4));
        strokes.push(Stroke::new(when + 0.1, to, GRIP).lift(0.1).twist(0.4));
        strokes.push(Stroke::new(when + 0.13, to + at(-0.3, -0.1), GRIP).lift(0.5));
    }
    Gesture {
        strokes,
        ..Gesture::taking(ItemKind::Brush, wrong, layout)
    }
}

pub(super) fn blow_out(wrong: f32, layout: &Layout) -> Gesture {
    let mut strokes = Vec::new();
    for (i, x) in [-1.2, -0.4, 0.4, 1.2].into_iter().enumerate() {
        let nozzle = layout.housing + at(x + 0.35, 0.45) + ItemKind::Bulb.handle();
        let start = 0.1 + 0.22 * i as f32;
        strokes.push(Stroke::new(start, nozzle, GRIP).lift(0.45));
        for squeeze in [0.03, 0.11] {
            let when = start + squeeze;
            strokes.push(
                Stroke::new(when, nozzle + at(-0.04, -0.05), FIST)
                    .lift(0.4)
                    .active(),
            );
            strokes.push(Stroke::new(when + 0.045, nozzle, GRIP).lift(0.45));
        }
    }
    Gesture {
        strokes,
        ..Gesture::taking(ItemKind::Bulb, wrong, layout)
    }
}

pub(super) fn mark_screws(wrong: f32, layout: &Layout) -> Gesture {
    let mut strokes = Vec::new();
    for (screw, place) in layout.screws().into_iter().enumerate() {
        let start = 0.1 + 0.44 * screw as f32;
        let grip = place + ItemKind::Marker.handle();
        strokes.push(Stroke::new(start, grip + at(-0.2, -0.3), GRIP).lift(0.4));
        for line in 0..4_u8 {
            let when = start + 0.06 + 0.08 * f32::from(line);
            strokes.push(Stroke::new(when, grip + at(-0.26, -0.1), GRIP).lift(0.0));
            strokes.push(Stroke::new(when + 0.05, grip + at(0.28, 0.1), GRIP).lift(0.0));
        }
    }
    Gesture {
        strokes,
        other_hand: Some(steady(layout)),
        ..Gesture::taking(ItemKind::Marker, wrong, layout)
    }
}

pub(super) fn apply_paste(wrong: f32, layout: &Layout) -> Gesture {
    let mut strokes = Vec::new();
    for (i, dot) in layout.dots().into_iter().enumerate() {
        let grip = dot + ItemKind::Syringe.handle();
        let when = 0.1 + 0.18 * i as f32;
        strokes.push(Stroke::new(when, grip + at(0.02, -0.12), FIST).lift(0.4));
        strokes.push(Stroke::new(when + 0.06, grip, FIST).lift(0.05));
        strokes.push(Stroke::new(when + 0.13, grip, FIST).lift(0.05).twist(0.1));
    }
    Gesture {
        strokes,
        other_hand: Some(steady(layout)),
        ..Gesture::taking(ItemKind::Syringe, wrong, layout)
    }
}

pub(super) fn probe(wrong: f32, layout: &Layout) -> Gesture {
    let mut strokes = Vec::new();
    for (i, contact) in layout.contacts().into_iter().enumerate() {
        let grip = contact + ItemKind::Probe.handle();
        let start = 0.1 + 0.45 * i as f32;
        strokes.push(Stroke::new(start, grip + at(0.1, 0.2), GRIP).lift(0.5));
        strokes.push(Stroke::new(start + 0.08, grip, GRIP).lift(0.0));
        strokes.push(Stroke::new(start + 0.35, grip, GRIP).lift(0.0));
    }
    Gesture {
        strokes,
        other_hand: Some(layout.meter() + at(-0.2, 0.75)),
        ..Gesture::taking(ItemKind::Probe, wrong, layout)
    }
}

pub(super) fn lay_seal(wrong: f32, layout: &Layout) -> Gesture {
    const PLACES: u8 = 24;
    let handle = ItemKind::Coil.handle();
    let strokes = (0..=PLACES).map(|i| {
        let part = f32::from(i) / f32::from(PLACES);
        let when = SEAL_TIME.start + (SEAL_TIME.end - SEAL_TIME.start) * part;
        let wobble = if i.is_multiple_of(2) { 0.1 } else { -0.1 };
        Stroke::new(when, layout.rim(part) + handle, GRIP)
            .lift(0.08)
            .twist(wobble)
    });
    Gesture {
        strokes: strokes.collect(),
        ..Gesture::taking(ItemKind::Coil, wrong, layout)
    }
}

pub(super) fn switch_on(wrong: f32, layout: &Layout) -> Gesture {
    let switch = layout.button_place(Layout::button(wrong));
    let up = |when| {
        Stroke::new(when, switch + at(0.08, 0.3), POINT)
            .lift(0.5)
            .free()
    };
    let down = |when| Stroke::new(when, switch, POINT).lift(0.0).free();
    let strokes = vec![
        up(0.05),
        down(0.15),
        down(0.25),
        up(0.38),
        down(0.5),
        down(0.85),
        up(0.98),
    ];
    Gesture {
        strokes,
        ..Gesture::empty_handed(switch + at(0.2, 0.6), POINT)
    }
}

pub(super) fn scan(wrong: f32, layout: &Layout) -> Gesture {
    // The wrong thing is off the code, and in the end another sheet.
    let target = layout.housing.towards(layout.notepad, wrong);
    let above = target + at(0.0, 0.9) + ItemKind::Scanner.handle();
    let sweep = |when, x: f32| {
        Stroke::new(when, above + at(x, 0.0), FIST)
            .lift(0.7)
            .active()
    };
    let strokes = vec![
        Stroke::new(0.22, above + at(-1.3, 0.0), FIST).lift(0.7),
        sweep(0.26, -1.3),
        sweep(0.52, 1.3),
        sweep(0.76, -1.1),
        sweep(0.92, 0.2),
        Stroke::new(1.0, above, FIST).lift(0.7),
    ];
    Gesture {
        strokes,
        ..Gesture::taking(ItemKind::Scanner, 0.0, layout)
    }
}

pub(super) fn stamp(wrong: f32, layout: &Layout) -> Gesture {
    let place = layout.stamp_place() + ItemKind::Stamp.handle();
    let down = |when| Stroke::new(when, place, FIST).lift(0.0);
    let up = |when| Stroke::new(when, place + at(0.0, -0.15), FIST).lift(0.8);
    Gesture {
        strokes: vec![
            up(0.25),
            down(0.36),
            down(0.5),
            up(0.62),
            down(0.72),
            down(0.86),
            up(0.96),
        ],
        other_hand: Some(layout.notepad + at(-0.6, 1.2)),
        ..Gesture::taking(ItemKind::Stamp, wrong, layout)
    }
}
