//! Who does what when: a procedure performed once.

use rand::RngExt;

use sopilot_judge::{DeviationKind, Segment, TimeRange, TrueDeviation, Truth};

use crate::{
    Change, Conditions, Edit, EditError, GoldStep, Procedure, Task,
    conditions::{Aspect, Draw},
    seed::{Purpose, rng},
};

/// Part of a step's time in which the hand reaches for what it needs.
pub(crate) const REACH_SHARE: f64 = 0.2;
/// Part of a step's time in which it goes back.
pub(crate) const RETURN_SHARE: f64 = 0.2;
/// Time before the first activity, in seconds.
const LEAD_IN_S: f64 = 0.6;
/// Time after the last activity, in seconds.
const LEAD_OUT_S: f64 = 0.8;

/// One person doing a procedure once. Two performances of the same procedure
/// with different seeds differ in tempo, hands, paths, camera, light and noise,
/// as much as their [`Conditions`] say.
#[derive(Debug, Clone)]
pub struct Performance {
    procedure: Procedure,
    seed: u64,
    conditions: Conditions,
    edits: Vec<Edit>,
}

/// One thing done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Activity {
    /// A step of the procedure.
    Step {
        /// The step.
        step: usize,
        /// What the hands do.
        task: Task,
        /// How it is done.
        how: Execution,
        /// How often it was done before.
        again: usize,
    },
    /// Something unrelated, for so many seconds.
    Extra {
        /// The edit it comes from, to find its truth.
        edit: usize,
        /// Its length.
        seconds: f64,
    },
    /// Nothing, for so many seconds.
    Pause {
        /// Its length.
        seconds: f64,
    },
}

/// How a step is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Execution {
    /// How many times the usual time it takes.
    pub(crate) stretch: f64,
    /// How much the part or tool that is used differs from the right one: 0
    /// not at all, 1 as much as it can.
    pub(crate) wrong_object: f64,
    /// How much of it is done, above 0 and up to 1.
    pub(crate) fraction: f64,
}

/// An activity with its time in the video.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Slot {
    pub(crate) activity: Activity,
    pub(crate) start_s: f64,
    pub(crate) end_s: f64,
}

impl Performance {
    /// The gold: every step once, in order, at its nominal duration.
    pub fn gold(procedure: &Procedure) -> Self {
        Self {
            conditions: Conditions::SAME,
            ..Self::new(procedure, procedure.seed())
        }
    }

    /// A trainee who makes no mistakes, yet, on another day than the gold.
    pub fn new(procedure: &Procedure, seed: u64) -> Self {
        Self {
            procedure: procedure.clone(),
            seed,
            conditions: Conditions::default(),
            edits: Vec::new(),
        }
    }

    /// Recorded under other conditions.
    #[must_use]
    pub fn under(self, conditions: Conditions) -> Self {
        Self { conditions, ..self }
    }

    /// Adds a mistake. Each step can be changed by one edit only; extra
    /// activities and pauses go after any step, changed or not, and one after a
    /// dropped step goes where that step would have been.
    ///
    /// # Errors
    /// [`EditError`] if the edit names a step or number that does not exist, or
    /// changes a step that another edit changed.
    pub fn with(mut self, edit: Edit) -> Result<Self, EditError> {
        let steps = self.procedure.steps().len();
        edit.check(steps)?;
        for earlier in &self.edits {
            let changed = earlier.changes(steps);
            if let Some(step) = edit.changes(steps).find(|step| changed.contains(step)) {
                return Err(EditError::Conflict {
                    edit,
                    step,
                    earlier: *earlier,
                });
            }
        }
        self.edits.push(edit);
        Ok(self)
    }

    /// The procedure that is performed.
    pub fn procedure(&self) -> &Procedure {
        &self.procedure
    }

    /// The seed of this performance.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The edits made so far.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// How it is recorded.
    pub fn conditions(&self) -> Conditions {
        self.conditions
    }

    /// What the video shows.
    pub fn truth(&self) -> Truth {
        let slots = self.schedule();
        Truth {
            steps_done: slots.iter().filter_map(Slot::segment).collect(),
            deviations: (self.edits.iter().enumerate())
                .flat_map(|(index, edit)| self.deviations(index, edit, &slots))
                .collect(),
        }
    }

    /// The steps as this performance first shows them: for the gold, what an
    /// SOP's list of steps needs. A step that is not shown is left out.
    pub fn gold_steps(&self) -> Vec<GoldStep> {
        let slots = self.schedule();
        let shown = |step: usize| {
            let mut segments = slots.iter().filter_map(Slot::segment);
            segments.find(|segment| segment.step == step)
        };
        (self.procedure.steps().iter().enumerate())
            .filter_map(|(index, spec)| {
                shown(index).map(|segment| GoldStep {
                    name: spec.name.clone(),
                    time: segment.time(),
                    critical: spec.critical,
                })
            })
            .collect()
    }

    /// Length of the video, in seconds. A video that is cut off ends with the
    /// last activity.
    pub fn seconds(&self) -> f64 {
        let end = self.schedule().last().map_or(LEAD_IN_S, |slot| slot.end_s);
        let cut = (self.edits.iter()).any(|edit| matches!(edit, Edit::Truncate { .. }));
        if cut { end } else { end + LEAD_OUT_S }
    }

    /// Frames of the video at `fps` frames per second.
    pub(crate) fn frames(&self, fps: u32) -> usize {
        (self.seconds() * f64::from(fps)).ceil() as usize
    }

    /// The numbers that describe one aspect of this recording.
    pub(crate) fn draw(&self, aspect: Aspect) -> Draw {
        let change = self.conditions.of(aspect);
        Draw::new(self.procedure.seed(), self.seed, aspect, change)
    }

    /// Everything that is done, in order of time, with small gaps between.
    pub(crate) fn schedule(&self) -> Vec<Slot> {
        let mut performer = rng(self.seed, Purpose::Performer);
        let tempo = match self.conditions.pace {
            Change::Same => 1.0,
            Change::Mild => performer.random_range(0.88..1.18),
            Change::Strong => performer.random_range(0.78..1.35),
        };
        let mut now = LEAD_IN_S;
        let mut slots = Vec::new();
        for activity in self.plan() {
            let (usual, gap) = self.habit(activity);
            let end = now + self.duration(activity, tempo * usual);
            slots.push(Slot {
                activity,
                start_s: now,
                end_s: end,
            });
            now = end + gap * tempo;
        }
        slots
    }

    /// Activities in the order in which they are done. The steps that the edits
    /// change do not overlap, so the order of the edits does not matter.
    fn plan(&self) -> Vec<Activity> {
        let mut order = (0..self.procedure.steps().len()).collect::<Vec<_>>();
        for edit in &self.edits {
            match edit {
                Edit::Swap { first } => order[*first..=first + 1].rotate_left(1),
                Edit::MoveTo { step, to } if step < to => order[*step..=*to].rotate_left(1),
                Edit::MoveTo { step, to } => order[*to..=*step].rotate_right(1),
                // Nothing else moves the last steps: their places are theirs.
                Edit::Truncate { lost } => order.truncate(order.len() - lost),
                _ => {}
            }
        }
        let mut plan = Vec::new();
        for step in order {
            self.plan_step(step, &mut plan);
        }
        plan
    }

    /// Adds `step`, as often as it is done, and what comes after it.
    fn plan_step(&self, step: usize, plan: &mut Vec<Activity>) {
        let mut how = Execution::USUAL;
        let mut times = 1;
        let mut after = Vec::new();
        for (index, edit) in self.edits.iter().enumerate() {
            match *edit {
                Edit::Drop { step: s } if s == step => times = 0,
                Edit::Repeat { step: s } if s == step => times = 2,
                Edit::Slow { step: s, factor } if s == step => how.stretch = factor,
                Edit::Fast { step: s, factor } if s == step => how.stretch = 1.0 / factor,
                Edit::WrongObject {
                    step: s,
                    difference,
                } if s == step => how.wrong_object = difference,
                Edit::Incomplete { step: s, fraction } if s == step => how.fraction = fraction,
                Edit::Insert { after: s, seconds } if s == step => after.push(Activity::Extra {
                    edit: index,
                    seconds,
                }),
                Edit::IdlePause { after: s, seconds } if s == step => {
                    after.push(Activity::Pause { seconds });
                }
                _ => {}
            }
        }
        plan.extend((0..times).map(|again| Activity::Step {
            step,
            task: self.procedure.steps()[step].task,
            how,
            again,
        }));
        plan.extend(after);
    }

    /// How this performer's time for `activity` relates to the nominal one, and
    /// the gap in seconds they leave after it.
    fn habit(&self, activity: Activity) -> (f64, f64) {
        match activity {
            Activity::Step { step, again, .. } => {
                let mut rng = rng(self.seed, Purpose::Habit(step, again));
                let spread = match self.conditions.pace {
                    Change::Same => return (1.0, 0.25),
                    Change::Mild => 0.07,
                    Change::Strong => 0.25,
                };
                let usual = rng.random_range(1.0 - spread..1.0 + spread);
                (usual, rng.random_range(0.15..0.4))
            }
            Activity::Extra { .. } | Activity::Pause { .. } => (1.0, 0.25),
        }
    }

    /// Seconds that `activity` takes someone who needs `usual` times the
    /// nominal time for steps.
    fn duration(&self, activity: Activity, usual: f64) -> f64 {
        match activity {
            Activity::Step { step, how, .. } => {
                let acting = 1.0 - REACH_SHARE - RETURN_SHARE;
                let shown = 1.0 - acting * (1.0 - how.fraction);
                self.procedure.steps()[step].duration_s * usual * how.stretch * shown
            }
            Activity::Extra { seconds, .. } | Activity::Pause { seconds } => seconds,
        }
    }
}

impl Execution {
    /// As the procedure asks.
    const USUAL: Self = Self {
        stretch: 1.0,
        wrong_object: 0.0,
        fraction: 1.0,
    };
}

impl Slot {
    fn time(&self) -> TimeRange {
        TimeRange {
            start_s: self.start_s,
            end_s: self.end_s,
        }
    }

    fn segment(&self) -> Option<Segment> {
        match self.activity {
            Activity::Step { step, .. } => Some(Segment {
                step,
                start_s: self.start_s,
                end_s: self.end_s,
            }),
            Activity::Extra { .. } | Activity::Pause { .. } => None,
        }
    }
}

impl Performance {
    /// The truth about the edit number `index`: nothing for a pause, and for a
    /// change of order that the procedure allows.
    fn deviations(&self, index: usize, edit: &Edit, slots: &[Slot]) -> Vec<TrueDeviation> {
        let steps = self.procedure.steps().len();
        match *edit {
            Edit::Drop { step } => vec![about(DeviationKind::MissingStep, step, slots)],
            Edit::Truncate { lost } => (steps - lost..steps)
                .map(|step| about(DeviationKind::MissingStep, step, slots))
                .collect(),
            Edit::Swap { first } if self.procedure.precedes(first, first + 1) => {
                vec![TrueDeviation {
                    swapped_with: Some(first + 1),
                    ..about(DeviationKind::OutOfOrder, first, slots)
                }]
            }
            Edit::MoveTo { step, to } => {
                let jumped_over: Vec<usize> = (step.min(to)..=step.max(to))
                    .filter(|&other| other != step)
                    .collect();
                let forbidden = jumped_over.iter().any(|&other| {
                    let (before, after) = (step.min(other), step.max(other));
                    self.procedure.precedes(before, after)
                });
                let moved = TrueDeviation {
                    jumped_over,
                    ..about(DeviationKind::OutOfOrder, step, slots)
                };
                if forbidden { vec![moved] } else { Vec::new() }
            }
            Edit::Repeat { step } => vec![about(DeviationKind::RepeatedStep, step, slots)],
            Edit::Insert { .. } => extra(index, slots).into_iter().collect(),
            Edit::Slow { step, .. } => vec![about(DeviationKind::OverTime, step, slots)],
            Edit::Fast { step, .. } => vec![about(DeviationKind::UnderTime, step, slots)],
            Edit::WrongObject { step, .. } | Edit::Incomplete { step, .. } => {
                vec![about(DeviationKind::WrongExecution, step, slots)]
            }
            Edit::Swap { .. } | Edit::IdlePause { .. } => Vec::new(),
        }
    }
}

/// A deviation of a step, seen where the step was last done: of a repeated
/// step the second time is the mistake.
fn about(kind: DeviationKind, step: usize, slots: &[Slot]) -> TrueDeviation {
    let mut segments = slots.iter().rev().filter_map(Slot::segment);
    TrueDeviation {
        kind,
        gold_step: Some(step),
        swapped_with: None,
        jumped_over: Vec::new(),
        trainee_time: segments
            .find(|segment| segment.step == step)
            .map(|segment| segment.time()),
    }
}

/// The activity that the edit number `index` put in; none if the video was cut
/// off before.
fn extra(index: usize, slots: &[Slot]) -> Option<TrueDeviation> {
    let shown =
        |slot: &&Slot| matches!(slot.activity, Activity::Extra { edit, .. } if edit == index);
    slots.iter().find(shown).map(|slot| TrueDeviation {
        kind: DeviationKind::ExtraActivity,
        gold_step: None,
        swapped_with: None,
        jumped_over: Vec::new(),
        trainee_time: Some(slot.time()),
    })
}

#[cfg(test)]
mod tests;
