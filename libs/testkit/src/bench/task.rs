//! What can be done at the bench.

use crate::style::{Task, TaskSpec};

/// What hands can do at the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BenchTask {
    /// Wipe the housing with a cloth: it gets clean.
    WipeHousing,
    /// Take a circuit board from its bin and seat it in the housing.
    PlaceBoard,
    /// Drive two screws with the screwdriver.
    DriveScrews,
    /// Take the cable's plug and push it into the housing's socket.
    PlugCable,
    /// Put the cover on and press its corners.
    FitCover,
    /// Take a label from the roll, lay it on and smooth it.
    ApplyLabel,
    /// Press the switch on the front: the lamp lights up.
    SwitchOn,
    /// Take the scanner and sweep its beam over the housing.
    ScanCode,
}

impl BenchTask {
    /// The task of a procedure that is drawn at the bench.
    pub(super) fn of(task: Task) -> Self {
        match task {
            Task::Bench(task) => task,
        }
    }
}

use BenchTask::{
    ApplyLabel, DriveScrews, FitCover, PlaceBoard, PlugCable, ScanCode, SwitchOn, WipeHousing,
};

/// Everything that can be done, in a sensible order.
pub(crate) const CATALOGUE: &[TaskSpec] = &[
    spec(WipeHousing, "Wipe the housing", 3.6, false, &[], &[]),
    spec(
        PlaceBoard,
        "Seat the circuit board",
        3.2,
        true,
        &[],
        &[Task::Bench(WipeHousing)],
    ),
    spec(
        DriveScrews,
        "Drive both screws",
        4.8,
        true,
        &[Task::Bench(PlaceBoard)],
        &[],
    ),
    spec(PlugCable, "Plug in the cable", 3.4, true, &[], &[]),
    spec(
        FitCover,
        "Fit the cover",
        4.0,
        false,
        &[],
        &[
            Task::Bench(WipeHousing),
            Task::Bench(PlaceBoard),
            Task::Bench(DriveScrews),
        ],
    ),
    spec(
        ApplyLabel,
        "Apply the label",
        3.8,
        false,
        &[Task::Bench(FitCover)],
        &[],
    ),
    spec(
        SwitchOn,
        "Switch the unit on",
        2.8,
        true,
        &[Task::Bench(PlugCable)],
        &[],
    ),
    spec(
        ScanCode,
        "Scan the code",
        3.6,
        false,
        &[Task::Bench(ApplyLabel)],
        &[],
    ),
];

const fn spec(
    task: BenchTask,
    name: &'static str,
    seconds: f64,
    critical: bool,
    requires: &'static [Task],
    after: &'static [Task],
) -> TaskSpec {
    TaskSpec {
        task: Task::Bench(task),
        name,
        seconds,
        critical,
        requires,
        after,
    }
}
