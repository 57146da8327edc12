//! Golds against which there is nothing to be found.

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sopilot_judge::{Prediction, Reported};

use crate::pair::{Gold, Pair, Recording};
use crate::{BaselineError, Method, Sopilot};

/// Seed of the order of the shuffled clips.
const SHUFFLE_SEED: u64 = 1;

/// SOPilot against a gold that does not show what the trainee was to do. What it
/// finds there, it finds by chance, or by something else than the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// The own gold with its clips in random order.
    ShuffledGold,
    /// The gold of another task.
    AnotherTask,
}

/// The gold of a control, for all trainees of one task.
#[derive(Debug)]
pub struct ControlGold {
    pub(crate) control: Control,
    pub(crate) gold: Gold,
    /// How many steps the task's own gold has.
    pub(crate) own_steps: usize,
}

impl Control {
    /// The controls of a data set with so many tasks: one task has no other.
    pub fn of_tasks(tasks: usize) -> &'static [Self] {
        match tasks {
            0 | 1 => &[Self::ShuffledGold],
            _ => &[Self::ShuffledGold, Self::AnotherTask],
        }
    }

    /// Short and stable, and none of the names of [`all`](crate::all).
    pub fn name(self) -> &'static str {
        match self {
            Self::ShuffledGold => "sopilot/shuffled-gold",
            Self::AnotherTask => "sopilot/another-task",
        }
    }

    /// What it does, in one line.
    pub fn about(self) -> &'static str {
        match self {
            Self::ShuffledGold => "Control: SOPilot against the gold with its clips shuffled.",
            Self::AnotherTask => "Control: SOPilot against the gold of another task.",
        }
    }
}

/// Whose gold stands in for that of a task, in a data set with so many tasks:
/// the next one's, the first one's for the last. None if there is no other.
pub fn another_task(task: usize, tasks: usize) -> Option<usize> {
    (tasks > 1).then(|| (task + 1) % tasks)
}

impl ControlGold {
    /// The gold of a task with its clips in random order: every clip is still
    /// there, and every step where it was, but what the steps show is noise.
    pub fn shuffled(own: &Gold) -> Result<Self, BaselineError> {
        Ok(Self {
            control: Control::ShuffledGold,
            gold: shuffled_gold(own, SHUFFLE_SEED)?,
            own_steps: own.steps(),
        })
    }

    /// The gold of another task in place of a task's own.
    pub fn of_another_task(own: &Gold, another: Gold) -> Self {
        Self {
            control: Control::AnotherTask,
            gold: another,
            own_steps: own.steps(),
        }
    }

    /// Which control it is the gold of.
    pub fn control(&self) -> Control {
        self.control
    }

    /// What SOPilot makes of a trainee of the task, as if this were its gold.
    ///
    /// A step is one of the task's own by its number alone. What is said of steps
    /// that the task does not have stays as a report about no step, which is
    /// wrong.
    pub fn predict(&self, trainee: &Recording) -> Result<Prediction, BaselineError> {
        let pair = Pair::new(&self.gold, trainee, None)?;
        let mut prediction = Sopilot::FULL.predict(&pair)?;
        for report in prediction.deviations.iter_mut().flatten() {
            self.keep_own(report);
        }
        if let Some(steps) = &mut prediction.steps {
            steps.retain(|segment| segment.step < self.own_steps);
        }
        Ok(prediction)
    }

    /// Times in this gold are no times in the task's own.
    fn keep_own(&self, report: &mut Reported) {
        report.gold_time = None;
        report.gold_step = report.gold_step.filter(|&step| step < self.own_steps);
    }
}

pub(crate) fn shuffled_gold(own: &Gold, seed: u64) -> Result<Gold, BaselineError> {
    let gold = &own.recording;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..gold.clips.len()).collect();
    for last in (1..order.len()).rev() {
        order.swap(last, rng.random_range(0..=last));
    }
    let rows = order
        .iter()
        .flat_map(|&clip| &gold.rows[clip * gold.dim..(clip + 1) * gold.dim])
        .copied()
        .collect();
    Gold::new(
        own.procedure.clone(),
        Recording {
            rows,
            dim: gold.dim,
            clips: gold.clips.clone(),
        },
    )
}
