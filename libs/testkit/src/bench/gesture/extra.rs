//! Gestures that have nothing to do with the procedure.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{FIST, FLAT, GRIP, Gesture, POINT, Stroke};
use crate::bench::{
    choreography::RIGHT_REST,
    geometry::at,
    item::{Item, ItemKind},
    layout::Layout,
};

/// Something unrelated for about `seconds`: a note, a sip, rummaging in a bin, a
/// look at the phone, a tug at the cuff, talking with the hand, tidying up.
pub(in crate::bench) fn unrelated(seconds: f64, layout: &Layout, rng: &mut ChaCha8Rng) -> Gesture {
    match rng.random_range(0..7) {
        0 => write_note(seconds, layout),
        1 => drink(layout),
        2 => rummage(seconds, layout, rng),
        3 => look_at_phone(seconds, layout),
        4 => tug_cuff(seconds),
        5 => talk(seconds, rng),
        _ => tidy(layout),
    }
}

/// How often something of a length of `each` seconds is done in the part of
/// `seconds` that is left for the action.
fn times(seconds: f64, each: f64) -> usize {
    (seconds * 0.6 / each).ceil().max(3.0) as usize
}

fn write_note(seconds: f64, layout: &Layout) -> Gesture {
    let letters = (seconds * 0.6 * 5.0).ceil().max(6.0) as usize;
    let letter = |i: usize| {
        let part = i as f32 / letters as f32;
        let (line, along) = ((part * 3.0).floor().min(2.0), (part * 3.0).fract());
        let wobble = if i.is_multiple_of(2) { -0.06 } else { 0.06 };
        let place = at(-0.6 + 1.1 * along, -0.45 + 0.4 * line + wobble);
        let pen = layout.notepad + place + ItemKind::Pen.handle();
        Stroke::new(0.06 + 0.92 * part, pen, GRIP)
    };
    Gesture {
        strokes: (0..=letters).map(letter).collect(),
        other_hand: Some(layout.notepad + at(-0.3, 1.2)),
        ..Gesture::taking(ItemKind::Pen, 0.0, layout)
    }
}

fn drink(layout: &Layout) -> Gesture {
    let mouth = at(10.4, 9.9);
    Gesture {
        strokes: vec![
            Stroke::new(0.35, mouth, FIST).lift(1.2),
            Stroke::new(0.7, mouth, FIST).lift(1.2),
        ],
        ..Gesture::taking(ItemKind::Mug, 0.0, layout)
    }
}

fn rummage(seconds: f64, layout: &Layout, rng: &mut ChaCha8Rng) -> Gesture {
    let bin = layout.home(Item {
        kind: ItemKind::Cover,
        wrong: 1.0,
    });
    let moves = (seconds * 0.6 * 3.0).ceil().max(4.0) as usize;
    let stir = |i: usize| {
        let place = at(rng.random_range(-0.6..0.6), rng.random_range(-0.3..0.4));
        Stroke::new((i + 1) as f32 / moves as f32, bin + place, GRIP).free()
    };
    Gesture {
        strokes: (0..moves).map(stir).collect(),
        ..Gesture::empty_handed(bin, GRIP)
    }
}

fn look_at_phone(seconds: f64, layout: &Layout) -> Gesture {
    let near = at(8.2, 8.1);
    let swipes = times(seconds, 0.6);
    let swipe = |i: usize| {
        let part = (i + 1) as f32 / (swipes + 1) as f32;
        let away = if i.is_multiple_of(2) { -0.08 } else { 0.08 };
        Stroke::new(0.3 + 0.7 * part, near + at(0.0, away), GRIP)
            .lift(1.0)
            .twist(away)
    };
    let there = Stroke::new(0.3, near, GRIP).lift(1.0);
    Gesture {
        strokes: std::iter::once(there)
            .chain((0..swipes).map(swipe))
            .collect(),
        ..Gesture::taking(ItemKind::Phone, 0.0, layout)
    }
}

/// Tugs at the left hand's cuff; both hands come into view for it.
fn tug_cuff(seconds: f64) -> Gesture {
    let hand = at(6.9, 6.7);
    let cuff = hand + at(-0.1, 1.3);
    let tugs = times(seconds, 0.4);
    let tug = |i: usize| {
        let along = if i.is_multiple_of(2) { -0.35 } else { 0.3 };
        let when = (i + 1) as f32 / (tugs + 1) as f32;
        Stroke::new(when, cuff + at(0.1 * along, along), GRIP)
            .lift(0.3)
            .free()
    };
    Gesture {
        strokes: (0..tugs).map(tug).collect(),
        other_hand: Some(hand),
        ..Gesture::empty_handed(cuff, GRIP)
    }
}

fn talk(seconds: f64, rng: &mut ChaCha8Rng) -> Gesture {
    let beats = times(seconds, 0.5);
    let beat = |i: usize| {
        let to = at(rng.random_range(-1.1..0.8), rng.random_range(-1.0..0.6));
        let fingers = if i.is_multiple_of(2) { FLAT } else { POINT };
        let when = (i + 1) as f32 / (beats + 1) as f32;
        let twist = rng.random_range(-0.5..0.5);
        Stroke::new(when, RIGHT_REST + at(-0.2, -0.9) + to, fingers)
            .lift(1.0)
            .twist(twist)
            .free()
    };
    Gesture {
        strokes: (0..beats).map(beat).collect(),
        ..Gesture::empty_handed(RIGHT_REST + at(-0.2, -0.9), FLAT)
    }
}

/// Pushes the bins and rolls into line, one after the other.
fn tidy(layout: &Layout) -> Gesture {
    let mut strokes = Vec::new();
    let kinds = [ItemKind::Label, ItemKind::Cover, ItemKind::Board];
    for (i, kind) in kinds.into_iter().enumerate() {
        let edge = layout.home(Item::right(kind)) + at(0.3, 0.8);
        let when = 0.04 + 0.32 * i as f32;
        strokes.push(
            Stroke::new(when, edge + at(0.0, 0.3), FLAT)
                .lift(0.3)
                .free(),
        );
        strokes.push(Stroke::new(when + 0.1, edge, FLAT).free());
        strokes.push(Stroke::new(when + 0.2, edge + at(-0.2, 0.0), FIST).free());
    }
    Gesture {
        strokes,
        ..Gesture::empty_handed(
            layout.home(Item::right(ItemKind::Label)) + at(0.2, 1.3),
            FLAT,
        )
    }
}
