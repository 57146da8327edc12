//! One activity: how the right hand moves, and what becomes of the work.

use super::{
    BenchTask,
    choreography::{HandPose, LEFT_REST, Moment, RIGHT_REST},
    geometry::{Vec2, at},
    gesture::{self, FLAT, GRIP, Gesture},
    item::{Item, ItemKind},
    layout::Layout,
    state::{BenchState, Layer},
};
use crate::{
    Task,
    performance::{Activity, REACH_SHARE, RETURN_SHARE, Slot},
    seed::{Purpose, around_zero, rng},
};

/// How exactly hands hit their places, in bench units.
const AIM: f32 = 0.06;

/// One activity, planned.
#[derive(Debug)]
pub(super) struct Act {
    pub(super) slot: Slot,
    keys: Vec<Key>,
    /// When the action starts, in seconds from the start of the slot.
    acting_from: f32,
    /// When it would be complete.
    complete_at: f32,
    /// When it ends: earlier if the step is broken off.
    acting_to: f32,
    other_hand: Option<Vec2>,
    /// The work before it.
    pub(super) before: BenchState,
}

/// The right hand at one moment of an act; between keys it moves smoothly.
#[derive(Debug, Clone, Copy)]
struct Key {
    /// Seconds from the start of the slot.
    time: f32,
    pose: HandPose,
    /// What it holds from now on.
    holds: Option<Item>,
    /// Whether the tool does something to be seen.
    active: bool,
}

impl Act {
    /// Plans what is done in `slot`; none for a pause.
    pub(super) fn new(slot: Slot, seed: u64, layout: &Layout, before: BenchState) -> Option<Self> {
        let (gesture, fraction, purpose) = match slot.activity {
            Activity::Pause { .. } => return None,
            Activity::Extra { edit, seconds } => {
                let purpose = Purpose::Extra(edit);
                let gesture = gesture::unrelated(seconds, layout, &mut rng(seed, purpose));
                (gesture, 1.0, purpose)
            }
            Activity::Step {
                step,
                task,
                how,
                again,
            } => {
                let gesture = gesture::of_task(task, how.wrong_object as f32, layout);
                (gesture, how.fraction, Purpose::Aim(step, again))
            }
        };
        let acting = 1.0 - REACH_SHARE - RETURN_SHARE;
        let whole = (slot.end_s - slot.start_s) / (1.0 - acting * (1.0 - fraction));
        let acting_from = whole * REACH_SHARE;
        let mut act = Self {
            slot,
            keys: Vec::new(),
            acting_from: acting_from as f32,
            complete_at: (acting_from + whole * acting) as f32,
            acting_to: (acting_from + whole * acting * fraction) as f32,
            other_hand: gesture.other_hand,
            before,
        };
        act.keys = act.plan(&gesture, fraction as f32, seed, purpose);
        Some(act)
    }

    /// The keys of a gesture of which only `fraction` is done.
    fn plan(&self, gesture: &Gesture, fraction: f32, seed: u64, purpose: Purpose) -> Vec<Key> {
        let mut aim = rng(seed, purpose);
        let end = (self.slot.end_s - self.slot.start_s) as f32;
        let mut keys = vec![
            Key::free(0.0, HandPose::rest(RIGHT_REST)),
            Key {
                holds: gesture.takes,
                ..Key::free(
                    self.acting_from,
                    HandPose {
                        fingers: gesture.fingers,
                        ..HandPose::rest(gesture.source)
                    },
                )
            },
        ];
        let length = self.complete_at - self.acting_from;
        for stroke in &gesture.strokes {
            let missed = at(around_zero(&mut aim, AIM), around_zero(&mut aim, AIM));
            keys.push(Key {
                time: self.acting_from + length * stroke.when,
                pose: HandPose {
                    grip: stroke.grip + missed,
                    lift: stroke.lift,
                    twist: stroke.twist,
                    fingers: stroke.fingers,
                },
                holds: gesture.takes.filter(|_| stroke.holds),
                active: stroke.active,
            });
        }
        if fraction < 1.0 {
            break_off(&mut keys, self.acting_to);
        }
        self.go_back(&mut keys, gesture, end);
        keys
    }

    /// Puts a tool back, or lets go of a part, and returns to rest.
    fn go_back(&self, keys: &mut Vec<Key>, gesture: &Gesture, end: f32) {
        let back = end - self.acting_to;
        let held = keys.last().and_then(|key| key.holds);
        match held {
            Some(item) if item.kind.is_part() => {
                if let Some(last) = keys.last().copied() {
                    keys.push(Key {
                        time: self.acting_to + 0.1 * back,
                        holds: None,
                        ..last
                    });
                }
            }
            Some(_) => {
                let pose = HandPose {
                    fingers: GRIP,
                    ..HandPose::rest(gesture.source)
                };
                keys.push(Key::free(self.acting_to + 0.6 * back, pose));
            }
            None => {}
        }
        keys.push(Key::free(end, HandPose::rest(RIGHT_REST)));
    }

    /// What is seen after `time` seconds of the act; see `Choreography` for `bow`.
    pub(super) fn at(&self, time: f32, bow: f32) -> Moment {
        let (key, pose) = self.pose_at(time, bow);
        Moment {
            right: pose,
            left: self.left_at(time),
            state: self.state_at_pose(time, &key, pose),
            holds: key.holds,
            active: key.active,
        }
    }

    /// The key passed last, and the hand.
    fn pose_at(&self, time: f32, bow: f32) -> (Key, HandPose) {
        let after = self.keys.partition_point(|key| key.time <= time);
        let key = self.keys[after.max(1) - 1];
        match self.keys.get(after) {
            None => (key, key.pose),
            Some(next) => {
                let part = (time - key.time) / (next.time - key.time).max(1e-3);
                (key, key.pose.on_the_way(&next.pose, part, bow))
            }
        }
    }

    fn left_at(&self, time: f32) -> HandPose {
        let rest = HandPose::rest(LEFT_REST);
        let Some(place) = self.other_hand else {
            return rest;
        };
        let helping = HandPose {
            fingers: FLAT,
            ..HandPose::rest(place)
        };
        let end = (self.slot.end_s - self.slot.start_s) as f32;
        if time < self.acting_to {
            rest.on_the_way(&helping, time / self.acting_from, 0.0)
        } else {
            helping.on_the_way(&rest, (time - self.acting_to) / (end - self.acting_to), 0.0)
        }
    }

    /// The work after `time` seconds of the act.
    pub(super) fn state_at(&self, time: f32) -> BenchState {
        // The end of an act does not depend on how paths bend: keys are places.
        let (key, pose) = self.pose_at(time, 0.0);
        self.state_at_pose(time, &key, pose)
    }

    /// The work, given where the hand is and what it holds.
    fn state_at_pose(&self, time: f32, key: &Key, pose: HandPose) -> BenchState {
        let mut state = self.before.clone();
        state.held = key.holds;
        let acted = time.min(self.acting_to) - self.acting_from;
        let progress = (acted / (self.complete_at - self.acting_from)).clamp(0.0, 1.0);
        match self.slot.activity {
            Activity::Step { task, how, .. } => {
                leave_trace(&mut state, task, how.wrong_object as f32, progress);
            }
            Activity::Extra { .. } => {
                let writes = self
                    .keys
                    .iter()
                    .any(|k| k.holds.is_some_and(|item| item.kind == ItemKind::Pen));
                if writes {
                    state.written = state.written.max(progress);
                }
            }
            Activity::Pause { .. } => {}
        }
        self.carry_parts(time, key, pose, &mut state);
        state
    }

    /// Moves the part in hand, or leaves it where the hand let go.
    fn carry_parts(&self, time: f32, key: &Key, pose: HandPose, state: &mut BenchState) {
        let taken = self.keys.iter().position(|key| key.holds.is_some());
        let Some((first, item)) = taken.and_then(|i| Some((i, self.keys[i].holds?))) else {
            return;
        };
        if !item.kind.is_part() || time < self.keys[first].time {
            return;
        }
        // Parts are let go at a key, so that the place is exact.
        let let_go = self.keys[first..].iter().find(|key| key.holds.is_none());
        let held = key.holds.is_some();
        let pose = let_go.filter(|_| !held).map_or(pose, |key| key.pose);
        let (place, angle) = item.kind.held(pose.grip, pose.twist);
        if item.kind == ItemKind::Plug {
            state.plugs[usize::from(item.beside())].1 = place;
        } else if !held {
            state.layers.push(Layer::Part(item, place, angle));
        }
    }
}

/// What a task leaves besides moving parts, when `progress` of it is done.
fn leave_trace(state: &mut BenchState, task: Task, wrong: f32, progress: f32) {
    let task = BenchTask::of(task);
    let from = match task {
        BenchTask::PlaceBoard
        | BenchTask::InsertBattery
        | BenchTask::ClipRibbon
        | BenchTask::PlugCable
        | BenchTask::FitCap
        | BenchTask::FitCover
        | BenchTask::ApplyLabel
        | BenchTask::HangTag => return,
        BenchTask::SwitchOn => 0.8,
        BenchTask::ScanCode => 0.5,
        BenchTask::StampSheet => 0.36,
        BenchTask::ProbeContacts => 0.18,
        BenchTask::BrushShavings
        | BenchTask::WipeHousing
        | BenchTask::BlowOut
        | BenchTask::DriveScrews
        | BenchTask::MarkScrews
        | BenchTask::ApplyPaste
        | BenchTask::LaySeal
        | BenchTask::TightenStrap => 0.05,
    };
    if progress > from {
        state.layers.push(Layer::Trace {
            task,
            wrong,
            progress,
        });
    }
}

/// Cuts the keys off at `time`, where the hand then is.
fn break_off(keys: &mut Vec<Key>, time: f32) {
    let after = keys.partition_point(|key| key.time < time);
    let (done, ahead) = keys.split_at(after);
    if let (Some(&last), Some(next)) = (done.last(), ahead.first()) {
        let part = (time - last.time) / (next.time - last.time).max(1e-3);
        let pose = last.pose.on_the_way(&next.pose, part, 0.0);
        keys.truncate(after);
        keys.push(Key { time, pose, ..last });
    }
}

impl Key {
    fn free(time: f32, pose: HandPose) -> Self {
        Self {
            time,
            pose,
            holds: None,
            active: false,
        }
    }
}
