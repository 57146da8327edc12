//! What should have been done: the steps that are judged and the golds that
//! show them.

use crate::input::GoldInput;
use crate::order::StepOrder;
use crate::procedure::{Step, Thresholds, TimeRange};

pub(crate) struct Plan {
    pub(crate) steps: Vec<PlannedStep>,
    pub(crate) order: StepOrder,
    pub(crate) thresholds: Thresholds,
}

pub(crate) struct PlannedStep {
    pub(crate) step: Step,
    /// When the first gold shows it.
    pub(crate) gold_time: TimeRange,
    /// How long it takes in every gold.
    pub(crate) gold_durations_s: Vec<f64>,
    /// The critical step that it is a part of, if it is not critical itself.
    pub(crate) part_of_critical: Option<String>,
}

impl Plan {
    /// All golds have these steps.
    pub(crate) fn new(
        steps: Vec<Step>,
        order: StepOrder,
        thresholds: Thresholds,
        golds: &[&GoldInput<'_>],
    ) -> Self {
        let planned = |(index, step): (usize, Step)| PlannedStep {
            step,
            gold_time: golds[0].prepared.steps[index].time,
            gold_durations_s: golds
                .iter()
                .map(|gold| gold.prepared.steps[index].time.duration_s())
                .collect(),
            part_of_critical: None,
        };
        Self {
            steps: steps.into_iter().enumerate().map(planned).collect(),
            order,
            thresholds,
        }
    }

    pub(crate) fn name(&self, step: usize) -> &str {
        &self.steps[step].step.name
    }
}
