//! One activity: how both hands move, and what becomes of the table.

use super::{
    LabTask,
    gesture::{self, Gesture, Setting, Stroke},
    item::Item,
    layout::Layout,
    space::{Vec3, at},
    track::{Habit, HandPose, Knot, Track},
    unrelated,
    work::{Done, LET_GO, Work},
};
use crate::{
    Task,
    performance::{Activity, Execution, REACH_SHARE, RETURN_SHARE, Slot},
    seed::{Purpose, around_zero, rng},
};

/// Where the hands rest.
pub(super) const RIGHT_REST: Vec3 = at(13.0, -1.0, 1.4);
pub(super) const LEFT_REST: Vec3 = at(-13.0, -1.0, 1.4);

/// How exactly a hand hits its places, in centimetres, where it does not stop.
const AIM: f32 = 0.35;

/// One activity, planned. Times are in seconds from the start of its slot.
#[derive(Debug)]
pub(super) struct Act {
    pub(super) slot: Slot,
    /// What is done how; none for what has nothing to do with the procedure.
    step: Option<(LabTask, Execution)>,
    pub(super) left_handed: bool,
    worker: Track,
    helper: Track,
    takes: Option<Item>,
    /// When it is taken and let go.
    holding: (f32, f32),
    /// When the action starts, when it would be complete, and when it ends.
    acting: (f32, f32, f32),
    /// The table before it.
    pub(super) before: Work,
}

/// What is seen at one moment.
#[derive(Debug)]
pub(super) struct Moment {
    pub(super) right: HandPose,
    pub(super) left: HandPose,
    pub(super) work: Work,
    /// Whether the left hand holds what is held.
    pub(super) left_handed: bool,
    /// What is going on, and how far it is, 0..1.
    pub(super) doing: Option<(LabTask, f32)>,
}

impl Act {
    /// Plans what is done in `slot`; none for a pause.
    pub(super) fn new(
        slot: Slot,
        seed: u64,
        habit: Habit,
        layout: &Layout,
        before: Work,
    ) -> Option<Self> {
        let work = &before;
        let setting = Setting { layout, work };
        let (step, gesture, purpose) = match slot.activity {
            Activity::Pause { .. } => return None,
            Activity::Extra { edit, seconds } => {
                let purpose = Purpose::Extra(edit);
                let gesture = unrelated::unrelated(seconds, setting, &mut rng(seed, purpose));
                (None, gesture, purpose)
            }
            Activity::Step {
                step,
                task,
                how,
                again,
            } => {
                let task = own(task);
                let gesture = gesture::of_task(task, how.wrong_object as f32, setting);
                (Some((task, how)), gesture, Purpose::Aim(step, again))
            }
        };
        let fraction = step.map_or(1.0, |(_, how)| how.fraction);
        let share = 1.0 - REACH_SHARE - RETURN_SHARE;
        let end = slot.end_s - slot.start_s;
        let whole = end / (1.0 - share * (1.0 - fraction));
        let (from, length) = (whole * REACH_SHARE, whole * share);
        let mut act = Self {
            slot,
            step,
            left_handed: gesture.left_handed,
            worker: Track::default(),
            helper: Track::default(),
            takes: gesture.takes,
            holding: (from as f32, 0.0),
            acting: (
                from as f32,
                (from + length) as f32,
                (from + length * fraction) as f32,
            ),
            before,
        };
        act.plan_worker(&gesture, end as f32, habit, seed, purpose);
        act.plan_helper(&gesture, end as f32);
        Some(act)
    }

    /// The way of the working hand.
    fn plan_worker(
        &mut self,
        gesture: &Gesture,
        end: f32,
        habit: Habit,
        seed: u64,
        purpose: Purpose,
    ) {
        let (from, complete, to) = self.acting;
        let rest = self.rest(true);
        let track = &mut self.worker;
        track.push(Knot::still(0.0, rest));
        let source = gesture.source;
        track.push_bent(Knot::still(0.8 * from, source.opened(0.7)), habit);
        track.push(Knot::still(from, source));
        let mut aim = rng(seed, purpose);
        for stroke in &gesture.strokes {
            let mut knot = stroke.knot(from, complete);
            let missed = at(around_zero(&mut aim, AIM), around_zero(&mut aim, AIM), 0.0);
            if !stroke.dwells {
                knot.pose = knot.pose + missed;
            }
            if stroke.slides {
                track.push(knot);
            } else {
                track.push_bent(knot, habit);
            }
        }
        track.break_off(to);
        let let_go = gesture.lets_go.map(|part| from + (complete - from) * part);
        self.holding.1 = match let_go {
            Some(time) if time <= to => time,
            _ if gesture.takes.is_some() => {
                let back = to + 0.55 * (end - to);
                track.push_bent(Knot::still(back, source), habit);
                back
            }
            _ => from,
        };
        track.push_bent(Knot::still(end, rest), habit);
    }

    /// The way of the other hand.
    fn plan_helper(&mut self, gesture: &Gesture, end: f32) {
        let (from, complete, to) = self.acting;
        let rest = self.rest(false);
        self.helper.push(Knot::still(0.0, rest));
        if let Some(first) = gesture.helper.first() {
            let habit = Habit {
                sideways: 0.0,
                lift: 0.1,
            };
            // It sets out in time, but not before the act.
            let start = first.knot(from, complete).time;
            let leave = (start - from).max(0.05 * from);
            self.helper.push(Knot::still(leave, rest));
            for stroke in &gesture.helper {
                self.helper.push_bent(stroke.knot(from, complete), habit);
            }
            self.helper.break_off(to);
            self.helper.push_bent(Knot::still(end, rest), habit);
        }
    }

    fn rest(&self, worker: bool) -> HandPose {
        let left = self.left_handed == worker;
        HandPose::new(if left { LEFT_REST } else { RIGHT_REST })
    }

    /// What is seen after `time` seconds of the act.
    pub(super) fn at(&self, time: f32) -> Moment {
        let (worker, helper) = (self.worker.at(time), self.helper.at(time));
        let (left, right) = if self.left_handed {
            (worker, helper)
        } else {
            (helper, worker)
        };
        let (_, _, to) = self.acting;
        let doing = self.step.filter(|_| time < to);
        Moment {
            right,
            left,
            work: self.work_at(time),
            left_handed: self.left_handed,
            doing: doing.map(|(task, _)| (task, self.progress(time))),
        }
    }

    /// How much of the action is done.
    fn progress(&self, time: f32) -> f32 {
        let (from, complete, to) = self.acting;
        ((time.min(to) - from) / (complete - from)).clamp(0.0, 1.0)
    }

    /// The table after `time` seconds of the act.
    pub(super) fn work_at(&self, time: f32) -> Work {
        let mut work = self.before.clone();
        let (taken, let_go) = self.holding;
        work.held = self.takes.filter(|_| taken <= time && time < let_go);
        if let Some((task, how)) = self.step {
            let progress = self.progress(time);
            if progress > 0.0 {
                let before = self.before.done(task);
                let amount = after(task, before.amount, shown(task, progress));
                let wrong = how.wrong_object as f32;
                work.set(task, Done { amount, wrong });
            }
        }
        work
    }
}

/// `progress` as far as it is seen: things are in their place or not, and
/// what goes on slowly goes in steps too small to notice, so that the table
/// need not be painted for every frame.
fn shown(task: LabTask, progress: f32) -> f32 {
    const STEPS: f32 = 40.0;
    let whole = |progress: f32| if progress >= LET_GO - 1e-4 { 1.0 } else { 0.0 };
    match task {
        LabTask::SetFlask
        | LabTask::WeighDish
        | LabTask::CapVial
        | LabTask::LayFilter
        | LabTask::LabelFlask
        | LabTask::DiscardWaste => whole(progress),
        _ => (progress * STEPS + 1e-3).floor() / STEPS,
    }
}

/// How much of a task is done when it was done `before`, and `progress` of it
/// is done now.
fn after(task: LabTask, before: f32, progress: f32) -> f32 {
    match task {
        LabTask::PourSolution | LabTask::AddPowder | LabTask::AddDrops => before + progress,
        // Whoever opens what is open has closed it first.
        LabTask::LightBurner | LabTask::OpenDrawer | LabTask::LoadCentrifuge if before > 0.9 => {
            (1.0 - 2.5 * progress).max((progress - 0.4) / 0.6)
        }
        _ => before.max(progress),
    }
}

fn own(task: Task) -> LabTask {
    match task {
        Task::Lab(task) => task,
        Task::Bench(task) => unreachable!("a procedure has tasks of its own style, not {task:?}"),
    }
}

impl Stroke {
    /// The stroke as part of an action from one time to another.
    fn knot(&self, from: f32, to: f32) -> Knot {
        Knot {
            time: from + (to - from) * self.when,
            pose: self.pose,
            dwells: self.dwells,
        }
    }
}

impl Knot {
    fn still(time: f32, pose: HandPose) -> Self {
        Self {
            time,
            pose,
            dwells: true,
        }
    }
}
