//! What is to be done: the steps of a procedure.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::{
    Truth,
    seed::{Purpose, rng},
};

/// A standard operating procedure that can be performed and rendered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Procedure {
    /// What the procedure makes, for people.
    pub name: String,
    /// Where the bench, its things and their colours come from.
    pub seed: u64,
    /// The steps in the order in which they are to be done.
    pub steps: Vec<StepSpec>,
}

/// One step of a procedure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepSpec {
    /// What to do, for people.
    pub name: String,
    /// What the hands do.
    pub task: Task,
    /// How long the gold takes, in seconds.
    pub duration_s: f64,
    /// Whether the product is unsafe or useless without the step.
    pub critical: bool,
}

/// What hands can do at the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
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

/// One step of the gold as an SOP lists it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GoldStep {
    /// What to do.
    pub name: String,
    /// Start in the gold video, in seconds.
    pub start_s: f64,
    /// End in the gold video, in seconds.
    pub end_s: f64,
    /// Whether the product is unsafe or useless without the step.
    pub critical: bool,
}

impl Procedure {
    /// The assembly of a sensor unit, in eight steps of 2.5 to 5 seconds. The
    /// seed varies durations, places and colours; steps and their order stay.
    pub fn demo(seed: u64) -> Self {
        let mut rng = rng(seed, Purpose::Procedure);
        let steps = [
            ("Wipe the housing", Task::WipeHousing, 3.6, false),
            ("Seat the circuit board", Task::PlaceBoard, 3.2, true),
            ("Drive both screws", Task::DriveScrews, 4.8, true),
            ("Plug in the cable", Task::PlugCable, 3.4, true),
            ("Fit the cover", Task::FitCover, 4.0, false),
            ("Apply the label", Task::ApplyLabel, 3.8, false),
            ("Switch the unit on", Task::SwitchOn, 2.8, true),
            ("Scan the code", Task::ScanCode, 3.6, false),
        ];
        let steps = steps.map(|(name, task, seconds, critical)| StepSpec {
            name: name.to_owned(),
            task,
            duration_s: f64::clamp(seconds * rng.random_range(0.93..1.07), 2.5, 5.0),
            critical,
        });
        Self {
            name: "Sensor unit assembly".to_owned(),
            seed,
            steps: steps.to_vec(),
        }
    }

    /// The steps as `gold`, the truth of a performance without mistakes, shows
    /// them: what an SOP's list of steps needs.
    ///
    /// A step that `gold` does not show is left out; one that it shows twice is
    /// listed where it was first done.
    pub fn gold_steps(&self, gold: &Truth) -> Vec<GoldStep> {
        let shown = |step: usize| gold.steps_done.iter().find(|done| done.step == step);
        self.steps
            .iter()
            .enumerate()
            .filter_map(|(index, spec)| {
                shown(index).map(|done| GoldStep {
                    name: spec.name.clone(),
                    start_s: done.start_s,
                    end_s: done.end_s,
                    critical: spec.critical,
                })
            })
            .collect()
    }
}
