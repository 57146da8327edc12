//! What the hand does for each task, as places and times.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::BenchTask;
use super::{
    geometry::{Vec2, at},
    layout::{Item, ItemKind, Layout},
};
use crate::Task;

/// How far each finger is bent: 0 stretched, 1 a fist. Index finger first.
pub(super) type Fingers = [f32; 4];
pub(super) const FLAT: Fingers = [0.0; 4];
pub(super) const GRIP: Fingers = [0.45, 0.5, 0.55, 0.6];
pub(super) const FIST: Fingers = [0.8, 0.85, 0.85, 0.85];
pub(super) const POINT: Fingers = [0.0, 0.85, 0.95, 0.95];
pub(super) const REST: Fingers = [0.25, 0.25, 0.3, 0.35];

/// One thing done: reach for something, act, go back.
#[derive(Debug)]
pub(super) struct Gesture {
    /// What is taken, and where the hand takes it; without a thing, where the
    /// hand goes first.
    pub(super) takes: Option<Item>,
    pub(super) source: Vec2,
    /// The fingers on the way there.
    pub(super) fingers: Fingers,
    /// The action.
    pub(super) strokes: Vec<Stroke>,
    /// Where the other hand helps meanwhile.
    pub(super) other_hand: Option<Vec2>,
}

/// Where the hand is at one moment of the action.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    /// When: 0 is the start of the action, 1 its end.
    pub(super) when: f32,
    /// Where the fingertips are.
    pub(super) grip: Vec2,
    /// How high above the bench, in bench units.
    pub(super) lift: f32,
    /// How far the wrist is turned, in radians.
    pub(super) twist: f32,
    pub(super) fingers: Fingers,
    /// Whether the thing that was taken is still held.
    pub(super) holds: bool,
    /// Whether the scanner's beam is on.
    pub(super) beam: bool,
}

impl Stroke {
    fn new(when: f32, grip: Vec2, fingers: Fingers) -> Self {
        Self {
            when,
            grip,
            lift: 0.05,
            twist: 0.0,
            fingers,
            holds: true,
            beam: false,
        }
    }

    fn lift(self, lift: f32) -> Self {
        Self { lift, ..self }
    }

    fn twist(self, twist: f32) -> Self {
        Self { twist, ..self }
    }

    fn free(self) -> Self {
        Self {
            holds: false,
            ..self
        }
    }

    fn beam(self) -> Self {
        Self { beam: true, ..self }
    }
}

/// From a tool's tip to the hand that holds it.
pub(super) fn handle(kind: ItemKind) -> Vec2 {
    match kind {
        ItemKind::Driver => at(0.42, 0.62),
        ItemKind::Scanner => at(0.1, 0.85),
        ItemKind::Pen => at(0.25, 0.4),
        ItemKind::Mug => at(0.6, 0.1),
        ItemKind::Board | ItemKind::Cover => at(0.75, 0.45),
        ItemKind::Plug => at(-0.25, 0.1),
        ItemKind::Label => at(0.4, 0.2),
        ItemKind::Cloth => at(0.1, 0.2),
    }
}

/// How `task` is done, rightly or with the wrong thing.
pub(super) fn of_task(task: Task, wrong: bool, layout: &Layout) -> Gesture {
    match BenchTask::of(task) {
        BenchTask::WipeHousing => wipe(wrong, layout),
        BenchTask::PlaceBoard => place_board(wrong, layout),
        BenchTask::DriveScrews => drive_screws(wrong, layout),
        BenchTask::PlugCable => plug_cable(wrong, layout),
        BenchTask::FitCover => fit_cover(wrong, layout),
        BenchTask::ApplyLabel => apply_label(wrong, layout),
        BenchTask::SwitchOn => switch_on(wrong, layout),
        BenchTask::ScanCode => scan(wrong, layout),
    }
}

/// Something unrelated for about `seconds`: a note, a sip, rummaging in a bin.
pub(super) fn unrelated(seconds: f64, layout: &Layout, rng: &mut ChaCha8Rng) -> Gesture {
    match rng.random_range(0..3) {
        0 => write_note(seconds, layout),
        1 => drink(layout),
        _ => rummage(seconds, layout, rng),
    }
}

fn takes(kind: ItemKind, wrong: bool, layout: &Layout) -> Gesture {
    let item = Item { kind, wrong };
    Gesture {
        takes: Some(item),
        source: layout.home(item) + handle(kind),
        fingers: GRIP,
        strokes: Vec::new(),
        other_hand: None,
    }
}

/// Where the left hand steadies the housing.
fn steady(layout: &Layout) -> Vec2 {
    layout.housing + at(-1.75, 1.0)
}

fn wipe(wrong: bool, layout: &Layout) -> Gesture {
    let row = |i: usize| {
        let x = if i.is_multiple_of(2) { -1.4 } else { 1.4 };
        let y = -0.8 + 1.7 * i as f32 / 8.0;
        let place = layout.housing + at(x, y) + handle(ItemKind::Cloth);
        Stroke::new(0.1 + 0.1125 * i as f32, place, FLAT).lift(0.25)
    };
    Gesture {
        strokes: (0..=8).map(row).collect(),
        other_hand: Some(steady(layout)),
        ..takes(ItemKind::Cloth, wrong, layout)
    }
}

fn place_board(wrong: bool, layout: &Layout) -> Gesture {
    let seat = layout.housing + handle(ItemKind::Board);
    let strokes = vec![
        Stroke::new(0.4, seat + at(0.1, -0.15), GRIP)
            .lift(0.7)
            .twist(-0.25),
        Stroke::new(0.55, seat + at(0.08, 0.08), GRIP).lift(0.3),
        Stroke::new(0.64, seat + at(-0.1, 0.04), GRIP).lift(0.2),
        Stroke::new(0.72, seat + at(0.07, -0.04), GRIP).lift(0.12),
        Stroke::new(0.8, seat, GRIP).lift(0.05).free(),
        Stroke::new(0.9, seat + at(-0.2, -0.1), FLAT).free(),
        Stroke::new(1.0, seat + at(-0.2, -0.1), FLAT).free(),
    ];
    Gesture {
        strokes,
        ..takes(ItemKind::Board, wrong, layout)
    }
}

fn drive_screws(wrong: bool, layout: &Layout) -> Gesture {
    let mut strokes = Vec::new();
    for (screw, place) in layout.screws().into_iter().enumerate() {
        let start = 0.5 * screw as f32;
        let grip = place + handle(ItemKind::Driver);
        strokes.push(Stroke::new(start + 0.1, grip + at(0.0, -0.1), FIST).lift(0.4));
        for turn in 0..6 {
            let when = start + 0.15 + 0.055 * turn as f32;
            strokes.push(Stroke::new(when, grip, FIST).twist(-0.45));
            strokes.push(Stroke::new(when + 0.032, grip, FIST).twist(0.55));
        }
    }
    Gesture {
        strokes,
        other_hand: Some(steady(layout)),
        ..takes(ItemKind::Driver, wrong, layout)
    }
}

fn plug_cable(wrong: bool, layout: &Layout) -> Gesture {
    let home = layout.socket() + handle(ItemKind::Plug);
    let out = |by: f32| home - at(by, 0.0);
    let strokes = vec![
        Stroke::new(0.4, out(0.7) + at(0.0, 0.1), GRIP).lift(0.4),
        Stroke::new(0.5, out(0.25), GRIP),
        Stroke::new(0.58, out(0.5), GRIP),
        Stroke::new(0.66, out(0.12), GRIP),
        Stroke::new(0.74, out(0.3), GRIP).twist(0.2),
        Stroke::new(0.84, home, GRIP).twist(-0.1),
        Stroke::new(0.95, home, GRIP).free(),
    ];
    Gesture {
        strokes,
        other_hand: Some(steady(layout) + at(0.9, 0.3)),
        ..takes(ItemKind::Plug, wrong, layout)
    }
}

fn fit_cover(wrong: bool, layout: &Layout) -> Gesture {
    let seat = layout.housing + at(0.0, -0.08) + handle(ItemKind::Cover);
    let mut strokes = vec![
        Stroke::new(0.26, seat + at(0.15, -0.3), GRIP)
            .lift(0.8)
            .twist(0.2),
        Stroke::new(0.36, seat + at(0.05, -0.05), GRIP).lift(0.35),
        Stroke::new(0.42, seat, GRIP).free(),
    ];
    let corners = [(-1.1, -0.6), (1.2, -0.6), (1.2, 0.6), (-1.1, 0.6)];
    for (i, (x, y)) in corners.into_iter().enumerate() {
        let corner = layout.housing + at(x, y);
        let when = 0.5 + 0.13 * i as f32;
        strokes.push(Stroke::new(when, corner, FIST).lift(0.55).free());
        strokes.push(Stroke::new(when + 0.025, corner, FIST).lift(0.0).free());
        strokes.push(Stroke::new(when + 0.05, corner, FIST).lift(0.0).free());
    }
    Gesture {
        strokes,
        other_hand: Some(steady(layout) + at(0.1, 0.4)),
        ..takes(ItemKind::Cover, wrong, layout)
    }
}

fn apply_label(wrong: bool, layout: &Layout) -> Gesture {
    let home = layout.home(Item {
        kind: ItemKind::Label,
        wrong,
    });
    let hold = handle(ItemKind::Label);
    let place = layout.label_place();
    let mut strokes = vec![
        Stroke::new(0.1, home + hold + at(0.1, 0.5), GRIP).twist(0.4),
        Stroke::new(0.38, place + hold + at(0.0, 0.05), GRIP).lift(0.4),
        Stroke::new(0.48, place + hold, GRIP).free(),
    ];
    for stroke in 0..6_u8 {
        let x = if stroke.is_multiple_of(2) { -0.5 } else { 0.55 };
        let when = 0.56 + 0.085 * f32::from(stroke);
        strokes.push(Stroke::new(when, place + at(x, 0.05), POINT).free());
    }
    Gesture {
        strokes,
        ..takes(ItemKind::Label, wrong, layout)
    }
}

fn switch_on(wrong: bool, layout: &Layout) -> Gesture {
    let switch = layout.switch(wrong);
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
        takes: None,
        source: switch + at(0.2, 0.6),
        fingers: POINT,
        strokes,
        other_hand: None,
    }
}

fn scan(wrong: bool, layout: &Layout) -> Gesture {
    let target = if wrong {
        layout.notepad
    } else {
        layout.housing
    };
    let above = target + at(0.0, 0.9) + handle(ItemKind::Scanner);
    let sweep = |when, x: f32| Stroke::new(when, above + at(x, 0.0), FIST).lift(0.7).beam();
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
        ..takes(ItemKind::Scanner, false, layout)
    }
}

fn write_note(seconds: f64, layout: &Layout) -> Gesture {
    let letters = (seconds * 0.6 * 5.0).ceil().max(6.0) as usize;
    let letter = |i: usize| {
        let part = i as f32 / letters as f32;
        let (line, along) = ((part * 3.0).floor().min(2.0), (part * 3.0).fract());
        let wobble = if i.is_multiple_of(2) { -0.06 } else { 0.06 };
        let place = at(-0.6 + 1.1 * along, -0.45 + 0.4 * line + wobble);
        let pen = layout.notepad + place + handle(ItemKind::Pen);
        Stroke::new(0.06 + 0.92 * part, pen, GRIP)
    };
    Gesture {
        strokes: (0..=letters).map(letter).collect(),
        other_hand: Some(layout.notepad + at(-0.3, 1.2)),
        ..takes(ItemKind::Pen, false, layout)
    }
}

fn drink(layout: &Layout) -> Gesture {
    let mouth = at(10.4, 9.9);
    Gesture {
        strokes: vec![
            Stroke::new(0.35, mouth, FIST).lift(1.2),
            Stroke::new(0.7, mouth, FIST).lift(1.2),
        ],
        ..takes(ItemKind::Mug, false, layout)
    }
}

fn rummage(seconds: f64, layout: &Layout, rng: &mut ChaCha8Rng) -> Gesture {
    let bin = layout.home(Item {
        kind: ItemKind::Cover,
        wrong: true,
    });
    let moves = (seconds * 0.6 * 3.0).ceil().max(4.0) as usize;
    let stir = |i: usize| {
        let place = at(rng.random_range(-0.6..0.6), rng.random_range(-0.3..0.4));
        Stroke::new((i + 1) as f32 / moves as f32, bin + place, GRIP).free()
    };
    Gesture {
        takes: None,
        source: bin,
        fingers: GRIP,
        strokes: (0..moves).map(stir).collect(),
        other_hand: None,
    }
}
