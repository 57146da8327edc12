//! Things that a hand can hold.

use super::{
    BenchTask,
    geometry::{Vec2, at},
};

/// A thing that a hand can hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Item {
    pub(super) kind: ItemKind,
    /// How much it differs from the right one: 0 not at all, 1 as the one that
    /// lies beside it: another cloth, board, driver.
    pub(super) wrong: f32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemKind {
    Cloth,
    Brush,
    Bulb,
    Board,
    Driver,
    Marker,
    Syringe,
    Battery,
    Ribbon,
    Probe,
    Coil,
    Plug,
    Cap,
    Wrench,
    Cover,
    Label,
    Tag,
    Scanner,
    Stamp,
    Pen,
    Mug,
    Phone,
}

impl Item {
    /// The thing that belongs there.
    pub(super) const fn right(kind: ItemKind) -> Self {
        Self { kind, wrong: 0.0 }
    }

    /// Whether it lies where the wrong things lie. What differs little was
    /// mixed up: it lies in the place of the right one.
    pub(super) fn beside(self) -> bool {
        self.wrong > 0.5
    }
}

impl ItemKind {
    pub(super) const ALL: [Self; 22] = [
        Self::Cloth,
        Self::Brush,
        Self::Bulb,
        Self::Board,
        Self::Driver,
        Self::Marker,
        Self::Syringe,
        Self::Battery,
        Self::Ribbon,
        Self::Probe,
        Self::Coil,
        Self::Plug,
        Self::Cap,
        Self::Wrench,
        Self::Cover,
        Self::Label,
        Self::Tag,
        Self::Scanner,
        Self::Stamp,
        Self::Pen,
        Self::Mug,
        Self::Phone,
    ];

    /// Whether it stays where it is let go, instead of going back to its place.
    pub(super) fn is_part(self) -> bool {
        matches!(
            self,
            Self::Board
                | Self::Plug
                | Self::Cover
                | Self::Label
                | Self::Battery
                | Self::Ribbon
                | Self::Cap
                | Self::Tag
        )
    }

    /// Whether another of its kind lies beside it.
    pub(super) fn has_neighbour(self) -> bool {
        !matches!(self, Self::Scanner | Self::Pen | Self::Mug | Self::Phone)
    }

    /// The task that it is for; none if it lies on every bench.
    pub(super) fn task(self) -> Option<BenchTask> {
        Some(match self {
            Self::Cloth => BenchTask::WipeHousing,
            Self::Brush => BenchTask::BrushShavings,
            Self::Bulb => BenchTask::BlowOut,
            Self::Driver => BenchTask::DriveScrews,
            Self::Marker => BenchTask::MarkScrews,
            Self::Syringe => BenchTask::ApplyPaste,
            Self::Battery => BenchTask::InsertBattery,
            Self::Ribbon => BenchTask::ClipRibbon,
            Self::Probe => BenchTask::ProbeContacts,
            Self::Coil => BenchTask::LaySeal,
            Self::Cap => BenchTask::FitCap,
            Self::Wrench => BenchTask::TightenStrap,
            Self::Tag => BenchTask::HangTag,
            Self::Scanner => BenchTask::ScanCode,
            Self::Stamp => BenchTask::StampSheet,
            Self::Board
            | Self::Plug
            | Self::Cover
            | Self::Label
            | Self::Pen
            | Self::Mug
            | Self::Phone => return None,
        })
    }

    /// From a tool's tip, or a part's middle, to the hand that holds it.
    pub(super) fn handle(self) -> Vec2 {
        match self {
            Self::Driver => at(0.42, 0.62),
            Self::Scanner => at(0.1, 0.85),
            Self::Pen => at(0.25, 0.4),
            Self::Marker | Self::Probe => at(0.3, 0.45),
            Self::Syringe => at(0.4, 0.65),
            Self::Wrench => at(0.42, 1.0),
            Self::Brush => at(0.8, 0.12),
            Self::Bulb => at(0.45, 0.5),
            Self::Stamp => at(0.05, 0.2),
            Self::Coil => at(0.3, 0.25),
            Self::Mug => at(0.6, 0.1),
            Self::Phone => at(0.25, 0.35),
            Self::Board | Self::Cover => at(0.75, 0.45),
            Self::Plug => at(-0.25, 0.1),
            Self::Label => at(0.4, 0.2),
            Self::Cloth => at(0.1, 0.2),
            Self::Battery => at(0.2, 0.2),
            Self::Ribbon => at(0.1, 0.35),
            Self::Cap => at(0.12, 0.15),
            Self::Tag => at(0.1, 0.3),
        }
    }

    /// Where the thing is and how it is turned when the hand at `grip` is
    /// turned by `twist`.
    pub(super) fn held(self, grip: Vec2, twist: f32) -> (Vec2, f32) {
        match self {
            // It swings around what it grips.
            Self::Wrench => (grip - self.handle().turned(twist), twist),
            _ if self.is_part() => (grip - self.handle(), 0.3 * twist),
            _ => (grip - self.handle(), 0.5 * twist),
        }
    }
}
