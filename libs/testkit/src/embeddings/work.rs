//! What is to be seen at a time: the path of the step that is being done and
//! what the steps before it left behind.

use std::collections::BTreeMap;

use rand::RngExt;

use super::Geometry;
use super::direction::{self, Purpose, rng};
use crate::Performance;
use crate::performance::{Activity, Execution, Slot};

/// Points that a path goes through, its ends included.
const WAYPOINTS: usize = 4;
/// Seconds from one waypoint of an extra activity to the next.
const EXTRA_PACE_S: f64 = 2.0;

/// One performance of a procedure, to be asked in order of time.
pub(crate) struct Work<'a> {
    geometry: &'a Geometry,
    spectrum: Vec<f32>,
    procedure_seed: u64,
    performer_seed: u64,
    rest: Vec<f32>,
    steps: Vec<Path>,
    changes: Vec<Vec<f32>>,
    /// Per step how much of its change is there, and what changed.
    state: BTreeMap<usize, (f32, Vec<f32>)>,
    /// The slot that is being shown, by its place in the schedule.
    showing: Option<(usize, Path)>,
}

/// A smooth path through directions.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    waypoints: Vec<Vec<f32>>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(performance: &Performance, geometry: &'a Geometry) -> Self {
        let spectrum = direction::spectrum(geometry.dim, geometry.effective_dim);
        let seed = performance.procedure().seed();
        let count = performance.procedure().steps().len();
        let centres = step_centres(seed, count, geometry, &spectrum);
        let path = |(step, centre): (usize, &Vec<f32>)| {
            let mut rng = rng(seed, Purpose::Step(step));
            Path::around(centre, WAYPOINTS, geometry.travel, || {
                direction::unit(&mut rng, &spectrum)
            })
        };
        let change = |step| direction::unit(&mut rng(seed, Purpose::Change(step)), &spectrum);
        Self {
            geometry,
            procedure_seed: seed,
            performer_seed: performance.seed(),
            rest: direction::unit(&mut rng(seed, Purpose::Rest), &spectrum),
            steps: centres.iter().enumerate().map(path).collect(),
            changes: (0..count).map(change).collect(),
            state: BTreeMap::new(),
            showing: None,
            spectrum,
        }
    }

    /// What is to be seen at `at_s`, not before the last time asked for.
    pub(crate) fn shown_at(&mut self, at_s: f64, slots: &[Slot]) -> Vec<f32> {
        let current = slots
            .iter()
            .position(|slot| (slot.start_s..slot.end_s).contains(&at_s));
        let mut shown = match current {
            Some(index) => self.activity_at(at_s, index, &slots[index]),
            None => self.rest.clone(),
        };
        for (share, change) in self.state.values() {
            direction::add(&mut shown, change, share * self.geometry.state_change);
        }
        shown
    }

    fn activity_at(&mut self, at_s: f64, index: usize, slot: &Slot) -> Vec<f32> {
        let progress = (at_s - slot.start_s) / (slot.end_s - slot.start_s);
        let until = match slot.activity {
            Activity::Step { how, .. } => how.fraction,
            Activity::Extra { .. } => 1.0,
            Activity::Pause { .. } => return self.rest.clone(),
        };
        if self
            .showing
            .as_ref()
            .is_none_or(|(shown, _)| *shown != index)
        {
            self.showing = Some((index, self.path_of(slot)));
        }
        let along = (progress * until) as f32;
        if let Activity::Step { step, how, .. } = slot.activity {
            self.change(step, how, along);
        }
        let (_, path) = self.showing.as_ref().expect("it was set above");
        path.at(along)
    }

    /// Doing a step again leaves what is done.
    fn change(&mut self, step: usize, how: Execution, along: f32) {
        let (seed, share) = (self.performer_seed, self.wrong_share(how));
        let (spectrum, changes) = (&self.spectrum, &self.changes);
        let entry = self.state.entry(step).or_insert_with(|| {
            let right = &changes[step];
            let change = if share > 0.0 {
                let wrong = direction::unit(&mut rng(seed, Purpose::Change(step)), spectrum);
                direction::mix(right, &wrong, share)
            } else {
                right.clone()
            };
            (0.0, change)
        });
        entry.0 = entry.0.max(along);
    }

    /// How much of the step is another's.
    fn wrong_share(&self, how: Execution) -> f32 {
        (f64::from(self.geometry.wrong_object) * how.wrong_object) as f32
    }

    fn path_of(&self, slot: &Slot) -> Path {
        match slot.activity {
            Activity::Step {
                step, how, again, ..
            } => {
                let seed = self.performer_seed;
                let manner =
                    direction::unit(&mut rng(seed, Purpose::Manner(step, again)), &self.spectrum);
                let mut path = self.steps[step].clone();
                let wrong_share = self.wrong_share(how);
                if wrong_share > 0.0 {
                    let wrong =
                        direction::unit(&mut rng(seed, Purpose::WrongObject(step)), &self.spectrum);
                    path.displace(&wrong, wrong_share);
                }
                path.shift(&manner, self.geometry.manner);
                path
            }
            Activity::Extra { edit, seconds } => {
                let seed = self.performer_seed ^ self.procedure_seed.rotate_left(32);
                let mut rng = rng(seed, Purpose::Extra(edit));
                let centre = direction::unit(&mut rng, &self.spectrum);
                let waypoints = (seconds / EXTRA_PACE_S).ceil() as usize + 1;
                Path::around(&centre, waypoints, self.geometry.travel, || {
                    direction::unit(&mut rng, &self.spectrum)
                })
            }
            Activity::Pause { .. } => Path {
                waypoints: vec![self.rest.clone()],
            },
        }
    }
}

impl Path {
    fn around(
        centre: &[f32],
        waypoints: usize,
        travel: f32,
        mut direction: impl FnMut() -> Vec<f32>,
    ) -> Self {
        let mut waypoint = || {
            let mut point = centre.to_vec();
            direction::add(&mut point, &direction(), travel);
            direction::normalise(&mut point);
            point
        };
        Self {
            waypoints: (0..waypoints).map(|_| waypoint()).collect(),
        }
    }

    /// Replaces part `share` of every waypoint by `other`.
    fn displace(&mut self, other: &[f32], share: f32) {
        for waypoint in &mut self.waypoints {
            *waypoint = direction::mix(waypoint, other, share);
        }
    }

    fn shift(&mut self, by: &[f32], factor: f32) {
        for waypoint in &mut self.waypoints {
            direction::add(waypoint, by, factor);
        }
    }

    /// The point at `along`, from 0 (start) to 1 (end); it slows down at every
    /// waypoint, as hands do.
    fn at(&self, along: f32) -> Vec<f32> {
        let last = self.waypoints.len() - 1;
        let place = along.clamp(0.0, 1.0) * last as f32;
        let before = (place as usize).min(last.saturating_sub(1));
        let after = (before + 1).min(last);
        let part = place - before as f32;
        let eased = part * part * (3.0 - 2.0 * part);
        self.waypoints[before]
            .iter()
            .zip(&self.waypoints[after])
            .map(|(before, after)| before + (after - before) * eased)
            .collect()
    }
}

/// The directions of all steps; some look like an earlier one.
fn step_centres(seed: u64, count: usize, geometry: &Geometry, spectrum: &[f32]) -> Vec<Vec<f32>> {
    let mut choice = rng(seed, Purpose::LookAlike);
    let mut centres: Vec<Vec<f32>> = Vec::with_capacity(count);
    for _ in 0..count {
        let own = direction::unit(&mut choice, spectrum);
        let alike = choice.random_bool(geometry.look_alike_share.clamp(0.0, 1.0));
        let place = choice.random_range(0..=centres.len());
        let own_share = (1.0 - geometry.look_alike * geometry.look_alike)
            .max(0.0)
            .sqrt();
        centres.push(match centres.get(place) {
            Some(other) if alike => direction::mix(other, &own, own_share),
            _ => own,
        });
    }
    centres
}
