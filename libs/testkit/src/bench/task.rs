//! What can be done at the bench.

use crate::style::{Task, TaskSpec};

/// What hands can do at the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BenchTask {
    /// Sweep the shavings off the mat with a brush.
    BrushShavings,
    /// Wipe the housing with a cloth: it gets clean.
    WipeHousing,
    /// Blow the lint out of the housing with an air bulb.
    BlowOut,
    /// Take a circuit board from its bin and seat it in the housing.
    PlaceBoard,
    /// Drive two screws with the screwdriver.
    DriveScrews,
    /// Mark both screws as tightened with a paint marker.
    MarkScrews,
    /// Put dots of paste on the board, along a line.
    ApplyPaste,
    /// Take a battery and press it into the housing.
    InsertBattery,
    /// Lay a ribbon cable on the board and press its ends down.
    ClipRibbon,
    /// Touch two points with a probe: the meter shows a value.
    ProbeContacts,
    /// Lay a sealing cord along the housing's rim.
    LaySeal,
    /// Take the cable's plug and push it into the housing's socket.
    PlugCable,
    /// Screw a cap onto the terminal at the housing's side.
    FitCap,
    /// Tighten the nut of the earth strap with a wrench.
    TightenStrap,
    /// Put the cover on and press its corners.
    FitCover,
    /// Take a label from the roll, lay it on and smooth it.
    ApplyLabel,
    /// Hang a tag on the housing's corner.
    HangTag,
    /// Press the switch on the front: the lamp lights up.
    SwitchOn,
    /// Take the scanner and sweep its beam over the housing.
    ScanCode,
    /// Stamp the sheet.
    StampSheet,
}

impl BenchTask {
    /// The task of a procedure that is drawn at the bench.
    pub(super) fn of(task: Task) -> Self {
        match task {
            Task::Bench(task) => task,
            Task::Lab(task) => unreachable!("procedures of the bench do not contain {task:?}"),
        }
    }
}

const BRUSH: Task = Task::Bench(BenchTask::BrushShavings);
const WIPE: Task = Task::Bench(BenchTask::WipeHousing);
const BLOW: Task = Task::Bench(BenchTask::BlowOut);
const BOARD: Task = Task::Bench(BenchTask::PlaceBoard);
const SCREWS: Task = Task::Bench(BenchTask::DriveScrews);
const MARKS: Task = Task::Bench(BenchTask::MarkScrews);
const PASTE: Task = Task::Bench(BenchTask::ApplyPaste);
const BATTERY: Task = Task::Bench(BenchTask::InsertBattery);
const RIBBON: Task = Task::Bench(BenchTask::ClipRibbon);
const PROBE: Task = Task::Bench(BenchTask::ProbeContacts);
const SEAL: Task = Task::Bench(BenchTask::LaySeal);
const PLUG: Task = Task::Bench(BenchTask::PlugCable);
const CAP: Task = Task::Bench(BenchTask::FitCap);
const STRAP: Task = Task::Bench(BenchTask::TightenStrap);
const COVER: Task = Task::Bench(BenchTask::FitCover);
const LABEL: Task = Task::Bench(BenchTask::ApplyLabel);
const TAG: Task = Task::Bench(BenchTask::HangTag);
const SWITCH: Task = Task::Bench(BenchTask::SwitchOn);
const SCAN: Task = Task::Bench(BenchTask::ScanCode);
const STAMP: Task = Task::Bench(BenchTask::StampSheet);

/// What happens inside the housing, and so before it is covered.
const INSIDE: &[Task] = &[
    WIPE, BLOW, BOARD, SCREWS, MARKS, PASTE, BATTERY, RIBBON, PROBE, SEAL,
];

/// Everything that can be done, in a sensible order.
pub(crate) const CATALOGUE: &[TaskSpec] = &[
    spec(BRUSH, "Brush the shavings away", 3.6),
    spec(WIPE, "Wipe the housing", 3.6),
    TaskSpec {
        after: &[WIPE],
        ..spec(BLOW, "Blow out the housing", 3.4)
    },
    TaskSpec {
        critical: true,
        after: &[WIPE, BLOW],
        ..spec(BOARD, "Seat the circuit board", 3.2)
    },
    TaskSpec {
        critical: true,
        requires: &[BOARD],
        ..spec(SCREWS, "Drive both screws", 4.8)
    },
    TaskSpec {
        requires: &[SCREWS],
        ..spec(MARKS, "Mark both screws", 3.8)
    },
    TaskSpec {
        requires: &[BOARD],
        ..spec(PASTE, "Apply dots of paste", 4.2)
    },
    TaskSpec {
        critical: true,
        after: &[BLOW, BOARD],
        ..spec(BATTERY, "Insert the battery", 3.2)
    },
    TaskSpec {
        critical: true,
        requires: &[BOARD],
        after: &[PASTE],
        ..spec(RIBBON, "Clip in the ribbon cable", 4.0)
    },
    TaskSpec {
        requires: &[BOARD],
        after: &[PASTE, RIBBON],
        ..spec(PROBE, "Probe the contacts", 3.8)
    },
    TaskSpec {
        after: &[WIPE],
        ..spec(SEAL, "Lay the sealing cord", 5.0)
    },
    TaskSpec {
        critical: true,
        ..spec(PLUG, "Plug in the cable", 3.4)
    },
    spec(CAP, "Screw on the terminal cap", 3.6),
    TaskSpec {
        critical: true,
        ..spec(STRAP, "Tighten the earth strap", 4.4)
    },
    TaskSpec {
        after: INSIDE,
        ..spec(COVER, "Fit the cover", 4.0)
    },
    TaskSpec {
        requires: &[COVER],
        ..spec(LABEL, "Apply the label", 3.8)
    },
    spec(TAG, "Hang the tag", 3.4),
    TaskSpec {
        critical: true,
        requires: &[PLUG],
        after: &[STRAP],
        ..spec(SWITCH, "Switch the unit on", 2.8)
    },
    TaskSpec {
        requires: &[LABEL],
        ..spec(SCAN, "Scan the code", 3.6)
    },
    spec(STAMP, "Stamp the sheet", 3.0),
];

const fn spec(task: Task, name: &'static str, seconds: f64) -> TaskSpec {
    TaskSpec {
        task,
        name,
        seconds,
        critical: false,
        requires: &[],
        after: &[],
    }
}
