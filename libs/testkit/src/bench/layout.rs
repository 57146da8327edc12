//! The bench: where its things are, and what state the work is in.

use rand::RngExt;

use super::geometry::{Vec2, at};
use crate::{
    Procedure,
    seed::{Purpose, around_zero, rng},
};

/// A thing that a hand can hold. `wrong` is the one lying beside it that looks
/// different: another cloth, board, driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) kind: ItemKind,
    pub(super) wrong: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemKind {
    Cloth,
    Board,
    Driver,
    Plug,
    Cover,
    Label,
    Scanner,
    Pen,
    Mug,
}

impl ItemKind {
    /// Whether it stays where it is let go, instead of going back to its place.
    pub(super) fn is_part(self) -> bool {
        matches!(self, Self::Board | Self::Plug | Self::Cover | Self::Label)
    }
}

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
    /// How far each group of things is from its usual place.
    shift: [Vec2; 4],
}

impl Layout {
    pub(super) fn new(procedure: &Procedure) -> Self {
        let mut rng = rng(procedure.seed(), Purpose::Bench);
        let mut shift = |spread: f32| {
            let x = around_zero(&mut rng, spread);
            at(x, around_zero(&mut rng, spread))
        };
        let (housing, notepad) = (shift(0.15), shift(0.2));
        let shift = [shift(0.1), shift(0.15), shift(0.15), shift(0.15)];
        Self {
            housing: at(7.9, 5.1) + housing,
            notepad: at(2.3, 7.1) + notepad,
            // The first procedure has the first palette: it is the one people see.
            palette: (procedure.seed() % 3) as usize,
            grain: rng.random(),
            shift,
        }
    }

    /// Where `item` is taken from. For tools it is their tip.
    pub(super) fn home(&self, item: Item) -> Vec2 {
        let [bins, tools, cables, cloths] = self.shift;
        match (item.kind, item.wrong) {
            (ItemKind::Board, false) => at(3.9, 1.25) + bins,
            (ItemKind::Board, true) => at(6.2, 1.25) + bins,
            (ItemKind::Cover, false) => at(8.5, 1.25) + bins,
            (ItemKind::Cover, true) => at(10.8, 1.25) + bins,
            (ItemKind::Label, false) => at(12.9, 1.2) + bins,
            (ItemKind::Label, true) => at(14.6, 1.2) + bins,
            (ItemKind::Driver, false) => at(12.7, 3.2) + tools,
            (ItemKind::Driver, true) => at(13.7, 3.2) + tools,
            (ItemKind::Scanner, _) => at(15.1, 4.75) + tools,
            (ItemKind::Cloth, false) => at(13.6, 7.0) + cloths,
            (ItemKind::Cloth, true) => at(15.1, 7.5) + cloths,
            (ItemKind::Plug, false) => at(3.5, 3.9) + cables,
            (ItemKind::Plug, true) => at(3.5, 5.0) + cables,
            (ItemKind::Pen, _) => self.notepad + at(0.75, -0.2),
            (ItemKind::Mug, _) => at(1.5, 1.7) + cables,
        }
    }

    /// Where the cable of the right or wrong plug comes from.
    pub(super) fn cable_origin(wrong: bool) -> Vec2 {
        at(-0.6, if wrong { 5.4 } else { 3.3 })
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

    /// The switch on the housing's front, or the wrong one beside it.
    pub(super) fn switch(&self, wrong: bool) -> Vec2 {
        self.housing + at(if wrong { -0.9 } else { 0.7 }, 1.16)
    }

    /// Where the label goes.
    pub(super) fn label_place(&self) -> Vec2 {
        self.housing + at(0.55, -0.25)
    }
}

/// A part that was let go somewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Placed {
    /// A board, cover or label with its middle at a place, turned by an angle.
    Part(Item, Vec2, f32),
    /// The two screws, driven in this far (0..1 for both together).
    Screws { wrong: bool, depth: f32 },
}

/// What the steps done so far have made of the work. Drawn as it is, so that a
/// step that was left out is missing in every later frame.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BenchState {
    /// How much of the housing was wiped, 0..1.
    pub(super) wiped: f32,
    /// How much of it was smeared with the wrong cloth, 0..1.
    pub(super) smeared: f32,
    /// Parts in the order in which they were placed: the later lie on top.
    pub(super) placed: Vec<Placed>,
    /// Where the right and the wrong plug are.
    pub(super) plugs: [Vec2; 2],
    /// Whether the lamp is lit, and whether the wrong one.
    pub(super) lamp: Option<bool>,
    /// How much is written on the notepad, 0..1.
    pub(super) written: f32,
    /// What a hand holds and is thus not in its place.
    pub(super) held: Option<Item>,
}

impl BenchState {
    pub(super) fn new(layout: &Layout) -> Self {
        let plug = |wrong| {
            layout.home(Item {
                kind: ItemKind::Plug,
                wrong,
            })
        };
        Self {
            wiped: 0.0,
            smeared: 0.0,
            placed: Vec::new(),
            plugs: [plug(false), plug(true)],
            lamp: None,
            written: 0.0,
            held: None,
        }
    }
}
