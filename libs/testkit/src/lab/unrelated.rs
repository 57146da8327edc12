//! What people do beside the procedure.

use std::f32::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{
    act::{LEFT_REST, RIGHT_REST},
    gesture::{Gesture, Setting, Stroke, held_at},
    item::{Item, ItemKind, Placing},
    space::{Vec3, at},
    track::HandPose,
};

/// Kinds of activities.
pub(super) const KINDS: usize = 6;

/// Something of `seconds` that has nothing to do with the procedure.
pub(super) fn unrelated(seconds: f64, setting: Setting<'_>, rng: &mut ChaCha8Rng) -> Gesture {
    of_kind(rng.random_range(0..KINDS), seconds as f32, setting)
}

/// One of the [`KINDS`].
pub(super) fn of_kind(kind: usize, seconds: f32, setting: Setting<'_>) -> Gesture {
    match kind {
        0 => phone(seconds, setting),
        1 => adjust_glove(seconds),
        2 => drink(seconds, setting),
        3 => move_box(seconds, setting),
        4 => gesticulate(seconds),
        _ => drum_fingers(seconds),
    }
}

/// How often something that takes `period` seconds fits into the action.
fn times(seconds: f32, period: f32) -> usize {
    ((0.6 * seconds / period).round() as usize).max(1)
}

fn taking(kind: ItemKind, setting: Setting<'_>) -> Gesture {
    let item = Item::new(kind, 0.0);
    let home = setting.work.home(item, setting.layout);
    Gesture {
        left_handed: home.base.x < 0.0,
        takes: Some(item),
        source: held_at(kind, home),
        lets_go: None,
        strokes: Vec::new(),
        helper: Vec::new(),
    }
}

fn empty_handed(left_handed: bool, source: Vec3) -> Gesture {
    Gesture {
        left_handed,
        takes: None,
        source: HandPose::new(source),
        lets_go: None,
        strokes: Vec::new(),
        helper: Vec::new(),
    }
}

/// Looks at the phone and taps on it.
fn phone(seconds: f32, setting: Setting<'_>) -> Gesture {
    let mut gesture = taking(ItemKind::Phone, setting);
    let placing = Placing {
        base: at(12.0, 4.0, 12.0),
        axis: at(-0.1, 0.5, 0.85).unit(),
    };
    let before_eyes = held_at(ItemKind::Phone, placing);
    gesture.dwell(0.12, before_eyes);
    gesture.dwell(1.0, before_eyes + at(0.6, 0.3, 0.5));
    let taps = times(seconds, 0.7);
    let screen = placing.base + at(-2.0, 0.5, 6.0);
    for i in 0..taps {
        let when = (i as f32 + 0.3) / taps as f32;
        let place = screen + at(0.8 * (i % 3) as f32, 0.9 * (i % 2) as f32, 0.0);
        let tap = HandPose::new(place).opened(0.0);
        let lifted = tap + at(-1.5, -1.0, 1.8);
        gesture.helper.push(Stroke::at(when, lifted));
        let pressed = when + 0.4 / taps as f32;
        gesture.helper.push(Stroke::at(pressed, tap));
    }
    gesture
}

/// Tugs at the left hand's glove and scratches.
fn adjust_glove(seconds: f32) -> Gesture {
    let other = at(-3.0, 9.0, 8.0);
    let wrist = other + at(-2.0, -9.0, 5.0);
    let mut gesture = empty_handed(false, wrist + at(2.0, 1.0, 1.0));
    let tugs = times(seconds, 0.6);
    for i in 0..tugs {
        let when = (i as f32 + 0.3) / tugs as f32;
        let near = HandPose::new(wrist).opened(0.1).rolled(0.5);
        gesture.slide(when, near);
        gesture.slide(when + 0.5 / tugs as f32, near + at(1.4, 4.0, -1.0));
    }
    let still = HandPose::new(other).opened(0.9);
    gesture.helper = vec![Stroke::at(0.0, still), Stroke::at(1.0, still)];
    gesture
}

/// Lifts the mug, tips it, and holds it.
fn drink(seconds: f32, setting: Setting<'_>) -> Gesture {
    let mut gesture = taking(ItemKind::Mug, setting);
    let sips = times(seconds, 2.4);
    let raised = Placing::upright(at(-9.0, 2.0, 16.0));
    for i in 0..sips {
        let when = |part: f32| (i as f32 + part) / sips as f32;
        let mut tipped = raised;
        tipped.base = at(-4.0, -3.0, 22.0);
        tipped.axis = at(0.2, -0.8, 0.6).unit();
        gesture.add(when(0.25), held_at(ItemKind::Mug, raised));
        gesture.dwell(when(0.5), held_at(ItemKind::Mug, tipped));
        gesture.dwell(when(0.75), held_at(ItemKind::Mug, tipped));
        gesture.dwell(when(1.0), held_at(ItemKind::Mug, raised));
    }
    gesture
}

/// Carries a box about and back.
fn move_box(seconds: f32, setting: Setting<'_>) -> Gesture {
    let mut gesture = taking(ItemKind::Box, setting);
    let home = gesture.source;
    let rounds = times(seconds, 2.6);
    for i in 0..rounds {
        let when = |part: f32| (i as f32 + part) / rounds as f32;
        let there = held_at(ItemKind::Box, Placing::upright(at(-22.0, 16.0, 0.0)));
        gesture.add(when(0.2), home.raised(5.0));
        gesture.dwell(when(0.5), there);
        gesture.dwell(when(0.65), there);
        gesture.add(when(0.85), home.raised(5.0));
    }
    gesture
}

/// Explains something to somebody with both hands.
fn gesticulate(seconds: f32) -> Gesture {
    let middle = at(11.0, 12.0, 13.0);
    let mut gesture = empty_handed(false, middle);
    let beats = times(seconds, 0.5).max(3);
    for i in 1..=beats {
        let when = i as f32 / beats as f32;
        let (sin, cos) = (TAU * 0.38 * i as f32).sin_cos();
        let pose = HandPose::new(middle + at(4.0 * cos, 3.0 * sin, 2.5 * sin))
            .opened(1.0)
            .rolled(0.8 * sin);
        gesture.slide(when, pose);
        let mirrored = at(-pose.tip.x, pose.tip.y, pose.tip.z + 2.0 * cos);
        gesture
            .helper
            .push(Stroke::at(when, HandPose::new(mirrored).opened(1.0)));
    }
    gesture
}

/// Drums with the fingers on the table, near where the hands rest.
fn drum_fingers(seconds: f32) -> Gesture {
    let place = RIGHT_REST + at(4.0, 6.0, 0.0);
    let mut gesture = empty_handed(false, place);
    let beats = times(seconds, 0.25);
    for i in 1..=beats {
        let up = if i % 2 == 0 { 0.0 } else { 2.6 };
        let sway = 2.0 * (0.4 * i as f32).sin();
        let pose = HandPose::new(place + at(sway, 0.0, up)).opened(0.6);
        gesture.slide(i as f32 / beats as f32, pose);
    }
    let other = HandPose::new(LEFT_REST + at(-3.0, 3.0, 0.5)).opened(0.2);
    gesture.helper = vec![Stroke::at(0.0, other), Stroke::at(1.0, other)];
    gesture
}
