//! Who does what when: a procedure performed once.

use rand::RngExt;

use crate::{
    DeviationKind, Edit, EditError, Procedure, RenderOptions, Segment, Task, TimeRange,
    TrueDeviation, Truth,
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
/// with different seeds differ in tempo, hands, paths, camera, light and noise.
#[derive(Debug, Clone)]
pub struct Performance {
    procedure: Procedure,
    seed: u64,
    is_gold: bool,
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
    /// Whether the wrong part or tool is used.
    pub(crate) wrong_object: bool,
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
    /// The gold: every step once, in order, at its nominal duration. The times
    /// in [`TrueDeviation::gold_time`] are this performance's.
    pub fn gold(procedure: &Procedure) -> Self {
        Self {
            is_gold: true,
            ..Self::new(procedure, procedure.seed)
        }
    }

    /// A trainee who makes no mistakes, yet.
    pub fn new(procedure: &Procedure, seed: u64) -> Self {
        Self {
            procedure: procedure.clone(),
            seed,
            is_gold: false,
            edits: Vec::new(),
        }
    }

    /// Adds a mistake. Each step can be changed by one edit only; extra
    /// activities and pauses go after any step, changed or not, and one after a
    /// dropped step goes where that step would have been.
    ///
    /// # Errors
    /// [`EditError`] if the edit names a step or number that does not exist, or
    /// changes a step that another edit changed.
    pub fn with(mut self, edit: Edit) -> Result<Self, EditError> {
        edit.check(self.procedure.steps.len())?;
        for earlier in &self.edits {
            if let Some(step) = edit.changes().find(|step| earlier.changes().contains(step)) {
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

    /// What the video rendered with `options` shows. The options are taken to be
    /// ones that [`render`](crate::render()) accepts.
    pub fn truth(&self, options: RenderOptions) -> Truth {
        let slots = self.schedule();
        let gold = Self::gold(&self.procedure).schedule();
        let mistake = |(index, edit): (usize, &Edit)| deviation(index, edit, &gold, &slots);
        let pauses = slots
            .iter()
            .filter(|slot| matches!(slot.activity, Activity::Pause { .. }));
        Truth {
            procedure: self.procedure.name.clone(),
            seed: self.seed,
            fps: options.fps,
            width: options.width,
            height: options.height,
            seconds: self.frames(options) as f64 / f64::from(options.fps),
            steps_done: slots.iter().filter_map(Slot::segment).collect(),
            mistakes: self.edits.iter().enumerate().filter_map(mistake).collect(),
            pauses: pauses.map(Slot::time).collect(),
        }
    }

    /// Frames of the video rendered with `options`.
    pub(crate) fn frames(&self, options: RenderOptions) -> usize {
        let end = self.schedule().last().map_or(0.0, |slot| slot.end_s);
        ((end + LEAD_OUT_S) * f64::from(options.fps)).ceil() as usize
    }

    /// Everything that is done, in order of time, with small gaps between.
    pub(crate) fn schedule(&self) -> Vec<Slot> {
        let tempo = if self.is_gold {
            1.0
        } else {
            rng(self.seed, Purpose::Performer).random_range(0.88..1.18)
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
        let mut order = (0..self.procedure.steps.len()).collect::<Vec<_>>();
        for edit in &self.edits {
            match edit {
                Edit::Swap { first } => order[*first..=first + 1].rotate_left(1),
                Edit::MoveTo { step, to } if step < to => order[*step..=*to].rotate_left(1),
                Edit::MoveTo { step, to } => order[*to..=*step].rotate_right(1),
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
                Edit::WrongObject { step: s } if s == step => how.wrong_object = true,
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
            task: self.procedure.steps[step].task,
            how,
            again,
        }));
        plan.extend(after);
    }

    /// How this performer's time for `activity` relates to the nominal one, and
    /// the gap in seconds they leave after it.
    fn habit(&self, activity: Activity) -> (f64, f64) {
        match activity {
            Activity::Step { step, again, .. } if !self.is_gold => {
                let mut rng = rng(self.seed, Purpose::Habit(step, again));
                (rng.random_range(0.93..1.07), rng.random_range(0.15..0.4))
            }
            _ => (1.0, 0.25),
        }
    }

    /// Seconds that `activity` takes someone who needs `usual` times the
    /// nominal time for steps.
    fn duration(&self, activity: Activity, usual: f64) -> f64 {
        match activity {
            Activity::Step { step, how, .. } => {
                let acting = 1.0 - REACH_SHARE - RETURN_SHARE;
                let shown = 1.0 - acting * (1.0 - how.fraction);
                self.procedure.steps[step].duration_s * usual * how.stretch * shown
            }
            Activity::Extra { seconds, .. } | Activity::Pause { seconds } => seconds,
        }
    }
}

impl Execution {
    /// As the procedure asks.
    const USUAL: Self = Self {
        stretch: 1.0,
        wrong_object: false,
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

/// The truth about one edit, the `index`-th; none for a pause.
fn deviation(index: usize, edit: &Edit, gold: &[Slot], slots: &[Slot]) -> Option<TrueDeviation> {
    let (kind, step) = match *edit {
        Edit::Drop { step } => (DeviationKind::MissingStep, Some(step)),
        Edit::Swap { first } => (DeviationKind::OutOfOrder, Some(first)),
        Edit::MoveTo { step, .. } => (DeviationKind::OutOfOrder, Some(step)),
        Edit::Repeat { step } => (DeviationKind::RepeatedStep, Some(step)),
        Edit::Insert { .. } => (DeviationKind::ExtraActivity, None),
        Edit::Slow { step, .. } => (DeviationKind::OverTime, Some(step)),
        Edit::Fast { step, .. } => (DeviationKind::UnderTime, Some(step)),
        Edit::WrongObject { step } | Edit::Incomplete { step, .. } => {
            (DeviationKind::WrongExecution, Some(step))
        }
        Edit::IdlePause { .. } => return None,
    };
    let shown = |slot: &&Slot| match slot.activity {
        Activity::Step { step: s, .. } => Some(s) == step,
        Activity::Extra { edit, .. } => edit == index,
        Activity::Pause { .. } => false,
    };
    Some(TrueDeviation {
        kind,
        gold_step: step,
        swapped_with: match *edit {
            Edit::Swap { first } => Some(first + 1),
            _ => None,
        },
        gold_time: step.and_then(|_| gold.iter().find(shown).map(Slot::time)),
        // The last: a repeated step is seen twice, and the second time is the mistake.
        trainee_time: slots.iter().rfind(shown).map(Slot::time),
    })
}

#[cfg(test)]
mod tests;
