//! What should have been done: the procedure and the golds that show it.

use crate::order::StepOrder;
use crate::procedure::{Procedure, Step, Thresholds, TimeRange};
use crate::score::GoldInput;

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
}

impl Plan {
    /// All golds have the same number of steps, as many as the procedure if
    /// that lists any.
    pub(crate) fn new(procedure: &Procedure, golds: &[&GoldInput<'_>]) -> Self {
        let planned = |(index, prepared): (usize, &crate::prepare::PreparedStep)| PlannedStep {
            step: procedure
                .steps
                .get(index)
                .cloned()
                .unwrap_or_else(|| Step::named(prepared.name.clone())),
            gold_time: prepared.time,
            gold_durations_s: golds
                .iter()
                .map(|gold| gold.prepared.steps[index].time.duration_s())
                .collect(),
        };
        let steps: Vec<PlannedStep> = golds[0]
            .prepared
            .steps
            .iter()
            .enumerate()
            .map(planned)
            .collect();
        Self {
            order: StepOrder::new(&procedure.order, steps.len()),
            steps,
            thresholds: procedure.thresholds,
        }
    }

    pub(crate) fn name(&self, step: usize) -> &str {
        &self.steps[step].step.name
    }
}
