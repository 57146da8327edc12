//! Hands and work at every moment of a performance.

use super::{
    act::Act,
    geometry::{Vec2, at},
    gesture::{self, Fingers, REST},
    item::Item,
    layout::Layout,
    state::BenchState,
};
use crate::{
    Performance,
    conditions::Draw,
    performance::{Activity, Slot},
};

/// Where the right hand rests.
pub(super) const RIGHT_REST: Vec2 = at(11.0, 7.7);
/// Where the left hand rests.
pub(super) const LEFT_REST: Vec2 = at(4.9, 8.5);
/// One hand at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct HandPose {
    /// Where the fingertips are.
    pub(super) grip: Vec2,
    /// How high above the bench, in bench units.
    pub(super) lift: f32,
    /// How far the wrist is turned, in radians.
    pub(super) twist: f32,
    pub(super) fingers: Fingers,
}

/// What is seen at one moment.
#[derive(Debug)]
pub(super) struct Moment {
    pub(super) right: HandPose,
    pub(super) left: HandPose,
    pub(super) state: BenchState,
    /// What the right hand holds.
    pub(super) holds: Option<Item>,
    /// Whether what it holds does something to be seen.
    pub(super) active: bool,
}

/// All movements of a performance.
#[derive(Debug)]
pub(super) struct Choreography {
    layout: Layout,
    /// Everything that lies there to be taken.
    lying: Vec<Item>,
    acts: Vec<Act>,
    end: BenchState,
    /// How much this performer's paths bend, as part of their length.
    bow: f32,
    /// Where in its cycle the tremor starts.
    tremor: f32,
}

impl Choreography {
    /// `performer` says how the hands move.
    pub(super) fn new(performance: &Performance, performer: &mut Draw) -> Self {
        let layout = Layout::new(performance.procedure());
        let schedule = performance.schedule();
        let lying = layout.lying(&mixed_up(&schedule, &layout));
        let mut state = BenchState::new(&layout, &lying);
        let mut acts = Vec::new();
        for slot in schedule {
            let act = Act::new(slot, performance.seed(), &layout, state.clone());
            if let Some(act) = act {
                state = act.state_at((slot.end_s - slot.start_s) as f32);
                acts.push(act);
            }
        }
        Self {
            layout,
            lying,
            acts,
            end: state,
            bow: performer.near(0.0, 0.07, 0.05),
            tremor: performer.near(5.0, 5.0, 2.0),
        }
    }

    /// Everything that lies there to be taken.
    pub(super) fn lying(&self) -> &[Item] {
        &self.lying
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What is seen `seconds` after the start.
    pub(super) fn at(&self, seconds: f64) -> Moment {
        let next = self.acts.iter().find(|act| seconds < act.slot.end_s);
        let mut moment = match next {
            Some(act) if seconds >= act.slot.start_s => {
                act.at((seconds - act.slot.start_s) as f32, self.bow)
            }
            Some(act) => Moment::idle(act.before.clone()),
            None => Moment::idle(self.end.clone()),
        };
        self.tremble(&mut moment.right, seconds as f32, 1.0);
        self.tremble(&mut moment.left, seconds as f32, 1.7);
        moment
    }

    /// No hand is ever quite still.
    fn tremble(&self, hand: &mut HandPose, seconds: f32, pace: f32) {
        let phase = self.tremor + pace * seconds;
        let sway = at((0.9 * phase).sin(), (0.7 * phase + 1.0).sin()) * 0.05;
        let tremor = at((9.1 * phase).sin(), (11.3 * phase).cos()) * 0.012;
        hand.grip = hand.grip + sway + tremor;
        hand.twist += 0.03 * (1.3 * phase).sin();
    }
}

/// What is taken by mistake, and so lies on the bench from the start.
fn mixed_up(schedule: &[Slot], layout: &Layout) -> Vec<Item> {
    let taken = schedule.iter().filter_map(|slot| match slot.activity {
        Activity::Step { task, how, .. } => {
            gesture::of_task(task, how.wrong_object as f32, layout).takes
        }
        Activity::Extra { .. } | Activity::Pause { .. } => None,
    });
    taken.filter(|item| item.wrong > 0.0).collect()
}

impl Moment {
    fn idle(state: BenchState) -> Self {
        Self {
            right: HandPose::rest(RIGHT_REST),
            left: HandPose::rest(LEFT_REST),
            state,
            holds: None,
            active: false,
        }
    }
}

impl HandPose {
    pub(super) fn rest(grip: Vec2) -> Self {
        Self {
            grip,
            lift: 0.05,
            twist: 0.0,
            fingers: REST,
        }
    }

    /// On the way to `to`, raised and bent sideways in proportion to its length.
    pub(super) fn on_the_way(&self, to: &Self, part: f32, bow: f32) -> Self {
        let eased = minimum_jerk(part);
        let way = to.grip - self.grip;
        let arc = (std::f32::consts::PI * eased).sin();
        let mix = |a: f32, b: f32| a + (b - a) * eased;
        Self {
            grip: self.grip.towards(to.grip, eased) + way.side() * (bow * arc),
            lift: mix(self.lift, to.lift) + arc * (0.2 * (way.length() - 1.0)).clamp(0.0, 0.7),
            twist: mix(self.twist, to.twist),
            fingers: std::array::from_fn(|i| mix(self.fingers[i], to.fingers[i])),
        }
    }
}

/// The speed profile of human reaching (Flash & Hogan 1985): from 0 to 1.
fn minimum_jerk(part: f32) -> f32 {
    let t = part.clamp(0.0, 1.0);
    t * t * t * (10.0 - 15.0 * t + 6.0 * t * t)
}
