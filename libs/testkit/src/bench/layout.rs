//! Where the things of one procedure's bench are.

use rand::RngExt;

use super::{
    BenchTask,
    geometry::{Vec2, at},
    item::{Item, ItemKind},
};
use crate::{
    Procedure,
    seed::{Purpose, around_zero, rng},
};

/// Where things are on one procedure's bench, and its colours.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// Middle of the housing.
    pub(super) housing: Vec2,
    /// Middle of the notepad.
    pub(super) notepad: Vec2,
    /// Which of the palettes the bench has.
    pub(super) palette: usize,
    /// For the grain of the wood and the places of the dirt.
    pub(super) grain: u32,
    /// What is done here: the bench has the tools for that and no others.
    tasks: Vec<BenchTask>,
    /// How far each group of things is from its usual place.
    shift: [Vec2; 5],
}

/// Buttons on the housing's front: the switch and its neighbours.
pub(super) const BUTTONS: usize = 4;
/// Dots of paste on a board.
pub(super) const DOTS: usize = 5;

impl Layout {
    pub(super) fn new(procedure: &Procedure) -> Self {
        let mut rng = rng(procedure.seed(), Purpose::Bench);
        let mut shift = |spread: f32| {
            let x = around_zero(&mut rng, spread);
            at(x, around_zero(&mut rng, spread))
        };
        let (housing, notepad) = (shift(0.15), shift(0.2));
        let shift = [
            shift(0.1),
            shift(0.15),
            shift(0.15),
            shift(0.15),
            shift(0.1),
        ];
        Self {
            housing: at(7.9, 5.1) + housing,
            notepad: at(2.3, 7.1) + notepad,
            // The first procedure has the first palette: it is the one people see.
            palette: (procedure.seed() % 3) as usize,
            grain: rng.random(),
            tasks: procedure
                .steps()
                .iter()
                .map(|step| BenchTask::of(step.task))
                .collect(),
            shift,
        }
    }

    /// Whether the procedure has this task.
    pub(super) fn has(&self, task: BenchTask) -> bool {
        self.tasks.contains(&task)
    }

    /// Where `item` is taken from. For tools it is their tip.
    pub(super) fn home(&self, item: Item) -> Vec2 {
        let [bins, tools, cables, cloths, tray] = self.shift;
        let (shift, right, beside) = match item.kind {
            ItemKind::Board => (bins, at(3.9, 1.25), at(2.3, 0.0)),
            ItemKind::Cover => (bins, at(8.5, 1.25), at(2.3, 0.0)),
            ItemKind::Label => (bins, at(12.9, 1.2), at(1.7, 0.0)),
            ItemKind::Coil => (tray, at(10.9, 2.95), at(1.0, 0.0)),
            ItemKind::Battery => (tray, at(10.9, 3.85), at(1.0, 0.0)),
            ItemKind::Cap => (tray, at(10.9, 4.6), at(1.0, 0.0)),
            ItemKind::Ribbon => (tray, at(10.9, 5.45), at(1.0, 0.0)),
            ItemKind::Tag => (tray, at(10.9, 6.4), at(1.0, 0.0)),
            ItemKind::Driver => (tools, at(12.7, 3.2), at(1.0, 0.0)),
            ItemKind::Wrench => (tools, at(12.95, 5.15), at(0.95, 0.1)),
            ItemKind::Scanner => (tools, at(15.1, 4.75), at(0.0, 0.0)),
            ItemKind::Cloth => (cloths, at(13.6, 7.0), at(1.5, 0.5)),
            ItemKind::Brush => (cloths, at(12.9, 8.2), at(1.45, 0.1)),
            ItemKind::Plug => (cables, at(3.5, 3.9), at(0.0, 1.1)),
            ItemKind::Mug => (cables, at(1.5, 1.7), at(0.0, 0.0)),
            ItemKind::Phone => (cables, at(0.55, 7.1), at(0.0, 0.0)),
            ItemKind::Stamp => (cables, at(4.05, 6.35), at(0.0, 0.95)),
            ItemKind::Marker => (tray, at(5.9, 7.8), at(0.75, 0.0)),
            ItemKind::Syringe => (tray, at(7.4, 7.8), at(0.75, 0.0)),
            ItemKind::Probe => (tray, at(8.9, 7.8), at(0.75, 0.0)),
            ItemKind::Bulb => (tray, at(4.85, 6.65), at(0.85, 0.45)),
            ItemKind::Pen => (self.notepad, at(0.75, -0.2), at(0.0, 0.0)),
        };
        right + shift + if item.beside() { beside } else { at(0.0, 0.0) }
    }

    /// Where the cable of the right plug or the one beside it comes from.
    pub(super) fn cable_origin(beside: bool) -> Vec2 {
        at(-0.6, if beside { 5.4 } else { 3.3 })
    }

    /// Where the plug goes.
    pub(super) fn socket(&self) -> Vec2 {
        self.housing + at(-2.15, 0.05)
    }

    /// Where the two screws go.
    pub(super) fn screws(&self) -> [Vec2; 2] {
        [
            self.housing + at(-1.13, -0.5),
            self.housing + at(1.13, 0.42),
        ]
    }

    /// Which button is pressed: the switch, or one the further from it the
    /// more `wrong`.
    pub(super) fn button(wrong: f32) -> usize {
        (wrong * (BUTTONS - 1) as f32).ceil() as usize
    }

    /// Where a button is on the housing's front; the switch is number 0.
    pub(super) fn button_place(&self, button: usize) -> Vec2 {
        self.housing + at(0.7 - 0.53 * button as f32, 1.16)
    }

    /// Where the label goes.
    pub(super) fn label_place(&self) -> Vec2 {
        self.housing + at(0.55, -0.25)
    }

    /// Where the dots of paste go.
    pub(super) fn dots(&self) -> [Vec2; DOTS] {
        std::array::from_fn(|i| self.housing + at(-0.95 + 0.42 * i as f32, 0.35))
    }

    /// Where the battery goes.
    pub(super) fn battery_place(&self) -> Vec2 {
        self.housing + at(-0.85, -0.1)
    }

    /// Where the ribbon cable goes.
    pub(super) fn ribbon_place(&self) -> Vec2 {
        self.housing + at(0.95, -0.25)
    }

    /// The contacts that the probe touches.
    pub(super) fn contacts(&self) -> [Vec2; 2] {
        [
            self.housing + at(-0.25, -0.45),
            self.housing + at(0.55, 0.66),
        ]
    }

    /// Where the cap goes.
    pub(super) fn terminal(&self) -> Vec2 {
        self.housing + at(2.2, 0.45)
    }

    /// The nut of the earth strap.
    pub(super) fn nut(&self) -> Vec2 {
        self.housing + at(2.12, -0.75)
    }

    /// Where the tag hangs.
    pub(super) fn tag_place(&self) -> Vec2 {
        self.housing + at(-1.55, 1.95)
    }

    /// Middle and half sides of where shavings lie.
    pub(super) fn shavings(&self) -> (Vec2, Vec2) {
        (self.housing + at(0.65, 2.05), at(1.5, 0.4))
    }

    /// Where the stamp goes.
    pub(super) fn stamp_place(&self) -> Vec2 {
        self.notepad + at(0.3, 0.85)
    }

    /// The place on the housing's rim after `part` of the way round, from 0 to
    /// 1, clockwise from the upper left corner.
    pub(super) fn rim(&self, part: f32) -> Vec2 {
        let half = at(1.8, 1.11);
        let (across, down) = (2.0 * half.x, 2.0 * half.y);
        let way = part.clamp(0.0, 1.0) * 2.0 * (across + down);
        let from_corner = if way < across {
            at(way, 0.0)
        } else if way < across + down {
            at(across, way - across)
        } else if way < 2.0 * across + down {
            at(2.0 * across + down - way, down)
        } else {
            at(0.0, 2.0 * (across + down) - way)
        };
        self.housing + at(0.0, -0.14) - half + from_corner
    }

    /// Middle of the meter.
    pub(super) fn meter(&self) -> Vec2 {
        at(5.0, 3.05) + self.shift[2]
    }

    /// Middle of the screen that shows what was scanned.
    pub(super) fn screen(&self) -> Vec2 {
        at(15.05, 3.05) + self.shift[1]
    }

    /// Whether something of `radius` at `place` would lie on or under what the
    /// work needs.
    pub(super) fn is_taken(&self, place: Vec2, radius: f32) -> bool {
        let boxes = [
            (self.housing, at(2.6, 2.0)),
            (self.notepad, at(1.2, 1.4)),
            // The row of bins, and where hands rest.
            (at(8.6, 1.1), at(7.2, 1.15)),
            (at(11.0, 7.6), at(0.8, 1.2)),
            (at(4.9, 8.5), at(0.9, 1.0)),
            // Where the cables lie.
            (at(2.6, 4.7), at(3.2, 1.2)),
        ];
        let inside = boxes.iter().any(|(middle, half)| {
            let away = place - *middle;
            away.x.abs() < half.x + radius && away.y.abs() < half.y + radius
        });
        let lying = self.lying(&[]);
        inside
            || lying.iter().any(|item| {
                let near = self.home(*item) + item.kind.handle() * 0.7;
                (place - near).length() < 0.75 + radius
            })
            || self.has(BenchTask::ProbeContacts) && (place - self.meter()).length() < 1.0 + radius
            || self.has(BenchTask::ScanCode) && (place - self.screen()).length() < 0.7 + radius
    }

    /// Everything that lies there to be taken. What a trainee takes by mistake,
    /// `mixed_up`, lies in the place of what would be right there.
    pub(super) fn lying(&self, mixed_up: &[Item]) -> Vec<Item> {
        let needed = |kind: &ItemKind| kind.task().is_none_or(|task| self.has(task));
        let mut lying = Vec::new();
        for kind in ItemKind::ALL.into_iter().filter(needed) {
            for wrong in [0.0, 1.0] {
                let usual = Item { kind, wrong };
                if usual.beside() && !kind.has_neighbour() {
                    continue;
                }
                let mistaken = |item: &&Item| item.kind == kind && item.beside() == usual.beside();
                lying.push(*mixed_up.iter().find(mistaken).unwrap_or(&usual));
            }
        }
        lying
    }
}
