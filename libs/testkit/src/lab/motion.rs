//! How the hands do each task.

use std::f32::consts::TAU;

use super::{
    gesture::{
        Gesture, Setting, Stroke, button_at, drawer_knob, held_at, hood_edge, knob_at, line_at,
        loop_stand,
    },
    item::{ItemKind, Placing},
    layout::Station,
    space::{AWAY, RIGHT, Vec3, at},
    track::HandPose,
    work::{LET_GO, LOADED},
};

/// Height above the beaker's bottom at which things go in.
const BRIM: f32 = 10.5;

impl Setting<'_> {
    /// A gesture that begins by taking a thing.
    fn taking(self, kind: ItemKind, wrong: f32) -> Gesture {
        let item = self.work.taken(kind, wrong);
        let from = self.work.place_of(item, self.layout);
        Gesture {
            left_handed: from.base.x < -12.0,
            takes: Some(item),
            source: held_at(kind, from),
            lets_go: None,
            strokes: Vec::new(),
            helper: Vec::new(),
        }
    }

    /// A gesture of the empty hand.
    fn touching(source: Vec3) -> Gesture {
        Gesture {
            left_handed: source.x < -6.0,
            takes: None,
            source: HandPose {
                open: 0.15,
                ..HandPose::new(source)
            },
            lets_go: None,
            strokes: Vec::new(),
            helper: Vec::new(),
        }
    }

    /// Carries a thing to where the task puts it.
    pub(super) fn place(self, kind: ItemKind, wrong: f32) -> Gesture {
        let mut gesture = self.taking(kind, wrong);
        let home = held_at(
            kind,
            self.work.home(self.work.taken(kind, wrong), self.layout),
        );
        let Some(target) = self.work.target(kind, self.layout) else {
            return gesture;
        };
        let target = held_at(kind, target);
        let back_home = (home.tip - gesture.source.tip).length() > 1.0;
        gesture.add(0.1, gesture.source.raised(3.0));
        if back_home {
            // It is there already: it is put where it came from, and again.
            gesture.add(0.28, home.raised(2.0));
        }
        gesture.add(0.5, target.raised(5.0));
        gesture.dwell(LET_GO - 0.08, target);
        gesture.dwell(LET_GO, target);
        gesture.add(0.85, target.raised(2.5).opened(0.8));
        gesture.add(1.0, target.raised(4.0).opened(0.5));
        gesture.lets_go = Some(LET_GO);
        gesture
    }

    pub(super) fn wipe(self, wrong: f32) -> Gesture {
        let mut gesture = self.taking(ItemKind::Sponge, wrong);
        let middle = self.layout.place(Station::Spill);
        for i in 0..9 {
            let side = if i % 2 == 0 { -5.5 } else { 5.5 };
            let place = middle + at(side, 3.6 - 0.9 * i as f32, 0.0);
            let pose = held_at(ItemKind::Sponge, Placing::upright(place));
            gesture.slide(0.1 + 0.1 * i as f32, pose);
        }
        gesture
    }

    pub(super) fn pour(self, wrong: f32) -> Gesture {
        let mut gesture = self.taking(ItemKind::Bottle, wrong);
        let mouth = self.layout.beaker.raised(BRIM + 1.5);
        let from_right = gesture.source.tip.x > mouth.x;
        gesture.left_handed = !from_right;
        let side = if from_right { 1.0 } else { -1.0 };
        let leaning = |x: f32, z: f32| {
            let axis = at(-x * side, 0.0, z).unit();
            held_at(
                ItemKind::Bottle,
                Placing {
                    base: mouth + RIGHT * (0.8 * side) - axis * ItemKind::Bottle.height(),
                    axis,
                },
            )
        };
        gesture.add(0.08, gesture.source.raised(4.0));
        gesture.dwell(0.22, leaning(0.75, 0.6));
        for (when, x, z) in [(0.34, 0.97, -0.22), (0.6, 0.97, -0.3), (0.86, 0.95, -0.34)] {
            gesture.dwell(when, leaning(x, z));
        }
        gesture.dwell(1.0, leaning(0.6, 0.8));
        gesture.hold_with_helper(self.layout.beaker + at(-4.6 * side, -1.0, 5.0));
        gesture
    }

    pub(super) fn spoon(self, wrong: f32) -> Gesture {
        let mut gesture = self.taking(ItemKind::Spoon, wrong);
        let jar = self.layout.place(Station::Tools) + at(0.0, -4.0, 3.2);
        let beaker = self.layout.beaker.raised(BRIM);
        let spoon = |base, axis| held_at(ItemKind::Spoon, Placing { base, axis });
        for i in 0..3 {
            let start = i as f32 / 3.0;
            gesture.dwell(start + 0.08, spoon(jar, at(0.3, -0.3, 1.0)));
            gesture.add(start + 0.13, spoon(jar.raised(3.0), at(0.7, -0.2, 0.9)));
            gesture.dwell(start + 0.22, spoon(beaker, at(0.9, -0.3, 0.8)));
            let tipped = spoon(beaker.raised(-0.8), at(0.5, -0.5, 1.0)).rolled(1.2);
            gesture.dwell(start + 0.28, tipped);
        }
        gesture
    }

    pub(super) fn stir(self, wrong: f32) -> Gesture {
        const TURNS: usize = 5;
        let mut gesture = self.taking(ItemKind::Rod, wrong);
        for i in 0..=TURNS * 8 {
            let (sin, cos) = (TAU * i as f32 / 8.0).sin_cos();
            let placing = Placing {
                base: self.layout.beaker + at(2.4 * cos, 2.4 * sin, 1.2),
                axis: at(0.14 * cos + 0.1, 0.14 * sin, 1.0),
            };
            let when = 0.14 + 0.84 * i as f32 / (TURNS * 8) as f32;
            gesture.slide(when, held_at(ItemKind::Rod, placing));
        }
        gesture.hold_with_helper(self.layout.beaker + at(-4.6, -1.0, 5.0));
        gesture
    }

    pub(super) fn drip(self, wrong: f32) -> Gesture {
        let mut gesture = self.taking(ItemKind::Pipette, wrong);
        let source = self.layout.place(Station::Tools) + at(5.5, -3.5, 1.0);
        let pipette = |base| held_at(ItemKind::Pipette, Placing::upright(base));
        gesture.add(0.08, pipette(source.raised(6.0)));
        gesture.dwell(0.16, pipette(source));
        gesture.add(0.22, pipette(source.raised(7.0)));
        let over = self.layout.beaker.raised(BRIM - 1.0);
        for i in 0..5 {
            let when = 0.36 + 0.13 * i as f32;
            gesture.slide(when, pipette(over.raised(3.2)));
            gesture.dwell(when + 0.06, pipette(over).opened(0.1));
        }
        gesture
    }

    pub(super) fn turn_knob(self, wrong: f32) -> Gesture {
        let knob = self.layout.place(Station::Burner) + knob_at(wrong);
        let mut gesture = Self::touching(knob + at(0.0, -1.0, 0.4));
        let grip = gesture.source;
        for i in 0..3 {
            let start = 0.05 + 0.3 * i as f32;
            gesture.dwell(start, grip.rolled(-1.0).opened(0.1));
            gesture.dwell(start + 0.2, grip.rolled(1.0).opened(0.1));
        }
        gesture.dwell(1.0, grip.raised(1.0).opened(0.6));
        gesture
    }

    pub(super) fn heat(self, wrong: f32) -> Gesture {
        let mut gesture = self.taking(ItemKind::Loop, wrong);
        let flame = self.layout.place(Station::Burner) + at(0.0, 0.0, 11.5);
        let side = loop_stand(self.layout).x.signum();
        let axis = at(0.9 * side, -0.35, 0.35).unit();
        let held = |base| held_at(ItemKind::Loop, Placing { base, axis });
        gesture.add(0.1, gesture.source.raised(5.0));
        gesture.dwell(0.25, held(flame));
        for i in 0..4 {
            let sway = if i % 2 == 0 { 0.9 } else { -0.9 };
            let pose = held(flame + at(0.0, sway, 0.4 * sway));
            gesture.slide(0.4 + 0.15 * i as f32, pose);
        }
        gesture.dwell(1.0, held(flame + at(5.0 * side, -4.0, 1.0)));
        gesture
    }

    pub(super) fn screw(self, wrong: f32) -> Gesture {
        let vial = self.work.vial(self.layout);
        let lid = vial.base + at(2.2 * wrong, 0.0, 8.6 + 0.8 * wrong);
        let mut gesture = Self::touching(lid);
        // The wrong way round.
        let turn = 1.1 * (1.0 - 2.0 * wrong);
        let grip = gesture.source;
        for i in 0..4 {
            let start = 0.04 + 0.24 * i as f32;
            gesture.dwell(start, grip.rolled(-turn).opened(0.15));
            gesture.dwell(start + 0.12, grip.rolled(turn).opened(0.15));
            gesture.add(start + 0.18, grip.raised(0.8).opened(0.45));
        }
        let side = if gesture.left_handed { 1.0 } else { -1.0 };
        gesture.hold_with_helper(vial.base + at(2.6 * side, -1.6, 3.6));
        gesture
    }

    pub(super) fn shake(self, wrong: f32) -> Gesture {
        let mut gesture = self.taking(ItemKind::Vial, wrong);
        let middle = gesture
            .source
            .tip
            .towards(at(0.0, 10.0, 0.0), 0.45)
            .on_table();
        gesture.add(0.12, gesture.source.raised(6.0));
        for i in 0..13 {
            let up = if i % 2 == 0 { 1.0 } else { -1.0 };
            let placing = Placing {
                base: middle + at(0.0, 0.0, 10.0 + 3.4 * up),
                axis: at(0.55 * up, -0.3, 1.0).unit(),
            };
            let pose = held_at(ItemKind::Vial, placing);
            gesture.slide(0.22 + 0.06 * i as f32, pose);
        }
        gesture
    }

    pub(super) fn load(self, wrong: f32) -> Gesture {
        let mut gesture = self.taking(ItemKind::Vial, wrong);
        let Some(well) = self.work.target(ItemKind::Vial, self.layout) else {
            return gesture;
        };
        let inside = held_at(ItemKind::Vial, well);
        gesture.left_handed = well.base.x < -10.0;
        gesture.add(0.1, gesture.source.raised(9.0));
        gesture.add(0.26, inside.raised(9.0));
        gesture.dwell(LOADED - 0.07, inside);
        gesture.dwell(LOADED, inside);
        gesture.add(0.58, inside.raised(8.0).opened(0.7));
        gesture.add(1.0, inside.raised(7.0) + at(0.0, -12.0, 0.0));
        gesture.lets_go = Some(LOADED);
        let hood = |closed| self.layout.place(Station::Centrifuge) + hood_edge(closed);
        gesture.helper = [
            (0.5, 0.0),
            (0.6, 0.0),
            (0.7, 0.3),
            (0.8, 0.7),
            (0.9, 1.0),
            (1.0, 1.0),
        ]
        .map(|(when, closed)| Stroke::at(when, HandPose::new(hood(closed)).opened(0.1)))
        .to_vec();
        gesture
    }

    pub(super) fn press(self, wrong: f32) -> Gesture {
        let button = self.layout.place(Station::Timer) + button_at(wrong);
        let mut gesture = Self::touching(button.raised(2.5));
        let over = gesture.source;
        for start in [0.1, 0.5] {
            gesture.dwell(start, over.opened(0.0));
            gesture.dwell(start + 0.15, over.raised(-2.5).opened(0.0));
            gesture.dwell(start + 0.3, over.opened(0.0));
        }
        gesture
    }

    pub(super) fn pull(self, wrong: f32) -> Gesture {
        let cabinet = self.layout.place(Station::Cabinet);
        let mut gesture = Self::touching(cabinet + drawer_knob(wrong, 0.0));
        for (when, open) in [(0.08, 0.0), (0.45, 0.5), (0.85, 1.0), (1.0, 1.0)] {
            let pose = HandPose::new(cabinet + drawer_knob(wrong, open)).opened(0.1);
            gesture.slide(when, pose);
        }
        gesture
    }

    pub(super) fn label(self, wrong: f32) -> Gesture {
        let mut gesture = self.place(ItemKind::Label, wrong);
        let flask = self.work.flask(self.layout);
        let front = flask.base + at(0.0, -4.6, 3.4);
        gesture.strokes.retain(|stroke| stroke.when <= LET_GO);
        for (i, x) in [-2.0, 2.0, -2.0, 2.0].into_iter().enumerate() {
            let pose = HandPose::new(front + RIGHT * x).opened(0.05);
            gesture.slide(LET_GO + 0.06 * (i + 1) as f32, pose);
        }
        gesture.dwell(1.0, HandPose::new(front - AWAY * 3.0));
        let side = if gesture.left_handed { 1.0 } else { -1.0 };
        gesture.hold_with_helper(flask.base + at(3.4 * side, 1.0, 7.0));
        gesture
    }

    pub(super) fn throw_away(self, wrong: f32) -> Gesture {
        let mut gesture = self.taking(ItemKind::Waste, wrong);
        let bin = self.layout.place(Station::Bin);
        let over = held_at(ItemKind::Waste, Placing::upright(bin.raised(10.0)));
        gesture.add(0.12, gesture.source.raised(5.0));
        gesture.dwell(0.5, over);
        gesture.dwell(LET_GO, over.raised(-4.0));
        gesture.dwell(0.8, over.raised(-3.0).opened(1.0));
        gesture.dwell(1.0, over.opened(0.8));
        gesture.lets_go = Some(LET_GO);
        gesture
    }

    pub(super) fn write(self, wrong: f32) -> Gesture {
        const LINES: usize = 3;
        let mut gesture = self.taking(ItemKind::Pen, wrong);
        let side = if gesture.left_handed { -1.0 } else { 1.0 };
        let axis = at(0.45 * side, -0.5, 0.8).unit();
        for line in 0..LINES {
            for i in 0..=8 {
                let place = self.layout.place(Station::LogBook) + line_at(line, i as f32 / 8.0);
                let wiggle = if i % 2 == 0 { 0.35 } else { -0.35 };
                let base = place + at(0.0, wiggle, 0.0);
                let when = 0.06 + 0.94 * (line as f32 + 0.1 * i as f32) / LINES as f32;
                gesture.slide(when, held_at(ItemKind::Pen, Placing { base, axis }));
            }
        }
        gesture
    }
}
