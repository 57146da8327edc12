//! What can be done at the laboratory table.

use LabTask::{
    AddDrops, AddPowder, CapVial, DiscardWaste, HeatLoop, LabelFlask, LayFilter, LightBurner,
    LoadCentrifuge, OpenDrawer, PourSolution, ScrewLid, SetFlask, SetTimer, ShakeVial, StirBeaker,
    StopperFlask, WeighDish, WipeTable, WriteLog,
};

use crate::style::{Task, TaskSpec};

/// What hands can do at the laboratory table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LabTask {
    /// Wipe a spill off the table with the sponge: it goes.
    WipeTable,
    /// Stand the flask on the mat.
    SetFlask,
    /// Put the weighing dish on the balance: its bars light up.
    WeighDish,
    /// Pour from the bottle into the beaker, which the other hand holds: the
    /// level rises.
    PourSolution,
    /// Carry three spoons of powder to the beaker: a mound grows.
    AddPowder,
    /// Stir with the rod: what is in the beaker changes its colour.
    StirBeaker,
    /// Drip from the pipette into the beaker: a tint appears.
    AddDrops,
    /// Turn the burner's knob: a flame appears.
    LightBurner,
    /// Hold the wire loop into the flame: it glows, and stays dark.
    HeatLoop,
    /// Put the lid on the vial.
    CapVial,
    /// Twist the lid while the other hand holds the vial: it goes down.
    ScrewLid,
    /// Shake the vial: what is in it gets cloudy.
    ShakeVial,
    /// Put the vial into the centrifuge; the other hand closes the hood.
    LoadCentrifuge,
    /// Press the timer's button twice: its lamp lights up.
    SetTimer,
    /// Pull a drawer open.
    OpenDrawer,
    /// Take a filter paper and press it into the funnel.
    LayFilter,
    /// Stick a label on the flask and smooth it, while the other hand holds it.
    LabelFlask,
    /// Push the stopper into the flask's neck.
    StopperFlask,
    /// Drop the crumpled paper into the bin.
    DiscardWaste,
    /// Write three lines in the log book.
    WriteLog,
}

impl LabTask {
    /// How many there are.
    pub(super) const COUNT: usize = CATALOGUE.len();
}

/// Everything that can be done, in a sensible order.
pub(crate) const CATALOGUE: &[TaskSpec] = &[
    spec(WipeTable, "Wipe up the spill", 4.2, false, &[], &[]),
    spec(SetFlask, "Stand the flask on the mat", 3.0, false, &[], &[]),
    spec(WeighDish, "Weigh the dish", 3.4, true, &[], &[]),
    spec(
        PourSolution,
        "Pour the solution into the beaker",
        5.2,
        true,
        &[],
        &[],
    ),
    spec(
        AddPowder,
        "Add three spoons of powder",
        6.4,
        true,
        &[],
        &[Task::Lab(WeighDish)],
    ),
    spec(
        StirBeaker,
        "Stir with the rod",
        5.0,
        false,
        &[Task::Lab(PourSolution)],
        &[Task::Lab(AddPowder)],
    ),
    spec(
        AddDrops,
        "Drip in the indicator",
        5.4,
        true,
        &[Task::Lab(PourSolution)],
        &[Task::Lab(StirBeaker)],
    ),
    spec(LightBurner, "Light the burner", 3.2, false, &[], &[]),
    spec(
        HeatLoop,
        "Heat the wire loop in the flame",
        4.4,
        true,
        &[Task::Lab(LightBurner)],
        &[],
    ),
    spec(CapVial, "Put the lid on the vial", 3.0, false, &[], &[]),
    spec(
        ScrewLid,
        "Screw the lid tight",
        4.4,
        true,
        &[Task::Lab(CapVial)],
        &[],
    ),
    spec(
        ShakeVial,
        "Shake the vial",
        4.6,
        false,
        &[Task::Lab(CapVial)],
        &[Task::Lab(ScrewLid)],
    ),
    spec(
        LoadCentrifuge,
        "Load the centrifuge and close its hood",
        5.0,
        true,
        &[Task::Lab(CapVial)],
        &[Task::Lab(ScrewLid), Task::Lab(ShakeVial)],
    ),
    spec(SetTimer, "Set the timer", 2.8, false, &[], &[]),
    spec(OpenDrawer, "Open the drawer", 2.8, false, &[], &[]),
    spec(
        LayFilter,
        "Lay a filter paper into the funnel",
        4.0,
        true,
        &[Task::Lab(OpenDrawer)],
        &[],
    ),
    spec(
        LabelFlask,
        "Label the flask",
        4.4,
        false,
        &[],
        &[Task::Lab(SetFlask)],
    ),
    spec(
        StopperFlask,
        "Close the flask with the stopper",
        3.2,
        true,
        &[],
        &[Task::Lab(SetFlask)],
    ),
    spec(
        DiscardWaste,
        "Throw the waste into the bin",
        2.8,
        false,
        &[],
        &[],
    ),
    spec(WriteLog, "Write the log book", 5.6, false, &[], &[]),
];

const fn spec(
    task: LabTask,
    name: &'static str,
    seconds: f64,
    critical: bool,
    requires: &'static [Task],
    after: &'static [Task],
) -> TaskSpec {
    TaskSpec {
        task: Task::Lab(task),
        name,
        seconds,
        critical,
        requires,
        after,
    }
}
