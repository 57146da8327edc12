//! What the hand does for each task, as places and times.

mod assemble;
mod extra;
mod treat;

use super::{
    BenchTask,
    geometry::{Vec2, at},
    item::{Item, ItemKind},
    layout::Layout,
};
use crate::Task;

pub(super) use extra::unrelated;
pub(super) use treat::SEAL_TIME;

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
    /// Whether the tool does something to be seen: the scanner's beam is on,
    /// the air bulb blows.
    pub(super) active: bool,
}

/// How `task` is done, with what is right (0) or `wrong` (up to 1).
pub(super) fn of_task(task: Task, wrong: f32, layout: &Layout) -> Gesture {
    match BenchTask::of(task) {
        BenchTask::BrushShavings => treat::brush(wrong, layout),
        BenchTask::WipeHousing => treat::wipe(wrong, layout),
        BenchTask::BlowOut => treat::blow_out(wrong, layout),
        BenchTask::PlaceBoard => assemble::place_board(wrong, layout),
        BenchTask::DriveScrews => assemble::drive_screws(wrong, layout),
        BenchTask::MarkScrews => treat::mark_screws(wrong, layout),
        BenchTask::ApplyPaste => treat::apply_paste(wrong, layout),
        BenchTask::InsertBattery => assemble::insert_battery(wrong, layout),
        BenchTask::ClipRibbon => assemble::clip_ribbon(wrong, layout),
        BenchTask::ProbeContacts => treat::probe(wrong, layout),
        BenchTask::LaySeal => treat::lay_seal(wrong, layout),
        BenchTask::PlugCable => assemble::plug_cable(wrong, layout),
        BenchTask::FitCap => assemble::fit_cap(wrong, layout),
        BenchTask::TightenStrap => assemble::tighten_strap(wrong, layout),
        BenchTask::FitCover => assemble::fit_cover(wrong, layout),
        BenchTask::ApplyLabel => assemble::apply_label(wrong, layout),
        BenchTask::HangTag => assemble::hang_tag(wrong, layout),
        BenchTask::SwitchOn => treat::switch_on(wrong, layout),
        BenchTask::ScanCode => treat::scan(wrong, layout),
        BenchTask::StampSheet => treat::stamp(wrong, layout),
    }
}

impl Gesture {
    /// Takes a thing from its place.
    fn taking(kind: ItemKind, wrong: f32, layout: &Layout) -> Self {
        let item = Item { kind, wrong };
        Self {
            takes: Some(item),
            source: layout.home(item) + kind.handle(),
            fingers: GRIP,
            strokes: Vec::new(),
            other_hand: None,
        }
    }

    /// Takes nothing.
    fn empty_handed(source: Vec2, fingers: Fingers) -> Self {
        Self {
            takes: None,
            source,
            fingers,
            strokes: Vec::new(),
            other_hand: None,
        }
    }
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
            active: false,
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

    fn active(self) -> Self {
        Self {
            active: true,
            ..self
        }
    }
}

/// Where the left hand steadies the housing.
fn steady(layout: &Layout) -> Vec2 {
    layout.housing + at(-1.75, 1.0)
}
