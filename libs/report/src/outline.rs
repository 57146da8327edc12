//! Steps and their parts: how deep each lies, what people call it, and which
//! are drawn.

use sopilot_procedure::{Deviation, DeviationType, StepStatus, TimeRange};

use crate::model::{Report, ReportedStep};

impl Report {
    fn step(&self, index: u32) -> Option<&ReportedStep> {
        self.steps.iter().find(|step| step.result.index == index)
    }

    fn whole_of(&self, step: &ReportedStep) -> Option<&ReportedStep> {
        // Steps come before their parts; anything else would not end.
        let index = step
            .result
            .parent
            .filter(|&parent| parent < step.result.index)?;
        self.step(index)
    }

    /// How many steps it is a part of.
    pub(crate) fn depth_of(&self, step: &ReportedStep) -> usize {
        std::iter::successors(self.whole_of(step), |&at| self.whole_of(at)).count()
    }

    /// What people call a step: 1, 2, 2.1, 2.2, 3. `None` for an unknown one.
    pub(crate) fn number_of(&self, index: u32) -> Option<String> {
        let step = self.step(index)?;
        let before = self.steps.iter().filter(|other| {
            other.result.index < index && other.result.parent == step.result.parent
        });
        let place = before.count() + 1;
        let whole = self.whole_of(step);
        Some(
            match whole.and_then(|whole| self.number_of(whole.result.index)) {
                Some(whole) => format!("{whole}.{place}"),
                None => place.to_string(),
            },
        )
    }

    /// When the trainee did it; of a missing step, where it should have been. `None` if that is
    /// anywhere: where the order is free, no step that was done need bound its place.
    pub(crate) fn place_of<'a>(&self, found: &'a Deviation) -> Option<&'a TimeRange> {
        let place = &found.trainee_time;
        let mut done = (self.steps.iter()).filter_map(|step| step.result.trainee_time);
        let is_anywhere = found.kind == DeviationType::MissingStep
            && done.all(|time| place.start_s <= time.start_s && time.end_s <= place.end_s);
        (!is_anywhere).then_some(place)
    }

    pub(crate) fn has_parts(&self, step: &ReportedStep) -> bool {
        self.parts(step).next().is_some()
    }

    /// The finest steps that were judged: they follow each other in the gold.
    pub(crate) fn drawn_steps(&self) -> impl Iterator<Item = &ReportedStep> {
        self.steps.iter().filter(|step| {
            let is_judged = |part: &ReportedStep| part.result.status != StepStatus::Unresolved;
            is_judged(step) && !self.parts(step).any(is_judged)
        })
    }

    fn parts<'a>(
        &'a self,
        step: &ReportedStep,
    ) -> impl Iterator<Item = &'a ReportedStep> + use<'a> {
        let index = step.result.index;
        let is_part = move |other: &&ReportedStep| other.result.parent == Some(index);
        self.steps.iter().filter(is_part)
    }
}
