//! Gestures that put parts where they belong.

use super::{FIST, FLAT, GRIP, Gesture, POINT, Stroke, steady};
use crate::bench::{
    geometry::at,
    item::{Item, ItemKind},
    layout::Layout,
};

pub(super) fn place_board(wrong: f32, layout: &Layout) -> Gesture {
    let seat = layout.housing + ItemKind::Board.handle();
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
        ..Gesture::taking(ItemKind::Board, wrong, layout)
    }
}

pub(super) fn drive_screws(wrong: f32, layout: &Layout) -> Gesture {
    let mut strokes = Vec::new();
    for (screw, place) in layout.screws().into_iter().enumerate() {
        let start = 0.5 * screw as f32;
        let grip = place + ItemKind::Driver.handle();
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
        ..Gesture::taking(ItemKind::Driver, wrong, layout)
    }
}

pub(super) fn plug_cable(wrong: f32, layout: &Layout) -> Gesture {
    let home = layout.socket() + ItemKind::Plug.handle();
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
        ..Gesture::taking(ItemKind::Plug, wrong, layout)
    }
}

pub(super) fn fit_cover(wrong: f32, layout: &Layout) -> Gesture {
    let seat = layout.housing + at(0.0, -0.08) + ItemKind::Cover.handle();
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
        ..Gesture::taking(ItemKind::Cover, wrong, layout)
    }
}

pub(super) fn apply_label(wrong: f32, layout: &Layout) -> Gesture {
    let home = layout.home(Item {
        kind: ItemKind::Label,
        wrong,
    });
    let hold = ItemKind::Label.handle();
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
        ..Gesture::taking(ItemKind::Label, wrong, layout)
    }
}

pub(super) fn insert_battery(wrong: f32, layout: &Layout) -> Gesture {
    let seat = layout.battery_place() + ItemKind::Battery.handle();
    let press = |when, lift| {
        Stroke::new(when, layout.battery_place() + at(0.05, 0.1), FIST)
            .lift(lift)
            .free()
    };
    let strokes = vec![
        Stroke::new(0.3, seat + at(0.35, 0.1), GRIP)
            .lift(0.5)
            .twist(0.6),
        Stroke::new(0.4, seat + at(0.2, 0.03), GRIP)
            .lift(0.2)
            .twist(0.5),
        Stroke::new(0.5, seat, GRIP).lift(0.1),
        Stroke::new(0.54, seat, GRIP).free(),
        press(0.64, 0.5),
        press(0.7, 0.0),
        press(0.78, 0.45),
        press(0.84, 0.0),
        press(0.94, 0.0),
    ];
    Gesture {
        strokes,
        other_hand: Some(steady(layout)),
        ..Gesture::taking(ItemKind::Battery, wrong, layout)
    }
}

pub(super) fn clip_ribbon(wrong: f32, layout: &Layout) -> Gesture {
    let place = layout.ribbon_place();
    let seat = place + ItemKind::Ribbon.handle();
    let mut strokes = vec![
        Stroke::new(0.24, seat + at(0.15, -0.2), GRIP).lift(0.5),
        Stroke::new(0.34, seat, GRIP).lift(0.1),
        Stroke::new(0.38, seat, GRIP).free(),
    ];
    for (i, end) in [-0.6, 0.6, -0.6, 0.6].into_iter().enumerate() {
        let when = 0.48 + 0.13 * i as f32;
        let tip = place + at(0.0, end);
        strokes.push(
            Stroke::new(when, tip + at(0.05, 0.1), POINT)
                .lift(0.4)
                .free(),
        );
        strokes.push(Stroke::new(when + 0.04, tip, POINT).lift(0.0).free());
        strokes.push(Stroke::new(when + 0.08, tip, POINT).lift(0.0).free());
    }
    Gesture {
        strokes,
        other_hand: Some(layout.housing + at(-1.2, 0.6)),
        ..Gesture::taking(ItemKind::Ribbon, wrong, layout)
    }
}

pub(super) fn fit_cap(wrong: f32, layout: &Layout) -> Gesture {
    let seat = layout.terminal() + ItemKind::Cap.handle();
    let mut strokes = vec![
        Stroke::new(0.2, seat + at(0.5, 0.0), GRIP).lift(0.4),
        Stroke::new(0.28, seat + at(0.15, 0.0), GRIP).lift(0.2),
    ];
    for turn in 0..6_u8 {
        let when = 0.36 + 0.09 * f32::from(turn);
        strokes.push(Stroke::new(when, seat, GRIP).twist(-0.7));
        strokes.push(Stroke::new(when + 0.055, seat, GRIP).twist(0.7));
    }
    strokes.push(Stroke::new(0.94, seat, GRIP).free());
    Gesture {
        strokes,
        other_hand: Some(steady(layout)),
        ..Gesture::taking(ItemKind::Cap, wrong, layout)
    }
}

pub(super) fn tighten_strap(wrong: f32, layout: &Layout) -> Gesture {
    // The hand goes round the nut on an arc, lifts the wrench off and sets it
    // back; the path between two places of an arc is nearly the arc.
    let on_arc = |when, twist: f32| {
        let grip = layout.nut() + ItemKind::Wrench.handle().turned(twist);
        Stroke::new(when, grip, FIST).twist(twist)
    };
    let mut strokes = Vec::new();
    for pull in 0..4_u8 {
        let when = 0.12 + 0.215 * f32::from(pull);
        strokes.push(on_arc(when, -0.55).lift(0.3));
        for (after, twist) in [(0.03, -0.55), (0.075, -0.15), (0.12, 0.3), (0.16, 0.6)] {
            strokes.push(on_arc(when + after, twist));
        }
    }
    Gesture {
        strokes,
        other_hand: Some(steady(layout)),
        ..Gesture::taking(ItemKind::Wrench, wrong, layout)
    }
}

pub(super) fn hang_tag(wrong: f32, layout: &Layout) -> Gesture {
    let seat = layout.tag_place() + ItemKind::Tag.handle();
    let mut strokes = vec![Stroke::new(0.3, seat + at(0.2, -0.5), GRIP).lift(0.5)];
    // The string goes round the lug twice.
    for step in 0..9_u8 {
        let angle = -1.6 + 1.4 * f32::from(step);
        let around = at(0.3 * angle.cos(), 0.22 * angle.sin() - 0.35);
        let when = 0.36 + 0.05 * f32::from(step);
        strokes.push(
            Stroke::new(when, seat + around, GRIP)
                .lift(0.25)
                .twist(0.4 * angle.sin()),
        );
    }
    strokes.push(Stroke::new(0.86, seat, GRIP).lift(0.05));
    strokes.push(Stroke::new(0.95, seat, GRIP).free());
    Gesture {
        strokes,
        ..Gesture::taking(ItemKind::Tag, wrong, layout)
    }
}
