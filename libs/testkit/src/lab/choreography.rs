//! Hands and table at every moment of a performance.

use super::{
    act::{Act, LEFT_REST, Moment, RIGHT_REST},
    gesture,
    layout::Layout,
    space::at,
    track::{Habit, HandPose},
    work::Work,
};
use crate::{Performance, Task, conditions::Aspect, performance::Activity};

/// All movements of a performance.
#[derive(Debug)]
pub(super) struct Choreography {
    pub(super) layout: Layout,
    acts: Vec<Act>,
    end: Work,
    /// Where in its cycle the tremor starts, and how strong it is.
    tremor: (f32, f32),
}

impl Choreography {
    pub(super) fn new(performance: &Performance) -> Self {
        let layout = Layout::new(performance.procedure());
        let mut draw = performance.draw(Aspect::Performer);
        let habit = Habit {
            sideways: draw.near(0.0, 0.05, 0.05),
            lift: draw.near(0.13, 0.03, 0.03).max(0.02),
        };
        let tremor = (draw.near(5.0, 5.0, 2.0), draw.near(1.0, 0.2, 0.2).max(0.0));
        let schedule = performance.schedule();
        let wrong: Vec<_> = schedule
            .iter()
            .filter_map(|slot| match slot.activity {
                Activity::Step {
                    task: Task::Lab(task),
                    how,
                    ..
                } if how.wrong_object > 0.0 => {
                    Some((gesture::taken_by(task)?, how.wrong_object as f32))
                }
                _ => None,
            })
            .collect();
        let mut work = Work::new(&wrong);
        let mut acts = Vec::new();
        for slot in schedule {
            if let Some(act) = Act::new(slot, performance.seed(), habit, &layout, work.clone()) {
                work = act.work_at((slot.end_s - slot.start_s) as f32);
                acts.push(act);
            }
        }
        Self {
            layout,
            acts,
            end: work,
            tremor,
        }
    }

    /// What is seen `seconds` after the start.
    pub(super) fn at(&self, seconds: f64) -> Moment {
        let next = self.acts.iter().find(|act| seconds < act.slot.end_s);
        let mut moment = match next {
            Some(act) if seconds >= act.slot.start_s => act.at((seconds - act.slot.start_s) as f32),
            Some(act) => Moment::idle(act.before.clone()),
            None => Moment::idle(self.end.clone()),
        };
        self.tremble(&mut moment.right, seconds as f32, 1.0);
        self.tremble(&mut moment.left, seconds as f32, 1.6);
        moment
    }

    /// No hand is ever quite still.
    fn tremble(&self, hand: &mut HandPose, seconds: f32, pace: f32) {
        let (start, strength) = self.tremor;
        let phase = start + pace * seconds;
        let sway = at((0.8 * phase).sin(), (0.6 * phase).cos(), 0.0) * 0.16;
        let tremor = at((8.3 * phase).cos(), 0.0, (10.1 * phase).sin()) * 0.05;
        hand.tip = hand.tip + (sway + tremor) * strength;
        hand.roll += 0.03 * (1.1 * phase).sin();
    }
}

impl Moment {
    fn idle(work: Work) -> Self {
        Self {
            right: HandPose::new(RIGHT_REST),
            left: HandPose::new(LEFT_REST),
            work,
            left_handed: false,
            doing: None,
        }
    }
}
