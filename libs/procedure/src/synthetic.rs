//! Made-up performances with the geometry of learned embeddings, for tests: a
//! narrow cone (one direction that all clips share), a trajectory per step
//! that every performer follows, and noise of the performer that is strongly
//! correlated in time.

use std::ops::Range;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::clip::Clip;
use crate::procedure::{Procedure, Step, TimeRange};

pub(crate) const DIM: usize = 48;
/// Clips start this far apart and last twice as long.
pub(crate) const STRIDE_S: f64 = 0.5;

/// A kind of work: the truth behind every performance.
pub(crate) struct Work {
    seed: u64,
    scene: Vec<f32>,
    /// Per step the directions that its trajectory passes, and its length.
    steps: Vec<(Vec<Vec<f32>>, usize)>,
}

/// What somebody does, in order.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Act {
    /// A step, at a multiple of its usual duration.
    Step(usize, f64),
    /// The first part of a step, as a fraction.
    Part(usize, f64),
    /// Something else, of so many clips; the seed says what.
    Other(u64, usize),
}

/// One performance: embeddings, and which clips show which step.
pub(crate) struct Performance {
    pub(crate) rows: Vec<Vec<f32>>,
    pub(crate) steps: Vec<(usize, Range<usize>)>,
}

impl Work {
    pub(crate) fn new(seed: u64, steps: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let scene = direction(&mut rng);
        let step = |rng: &mut ChaCha8Rng| {
            let centre = direction(rng);
            let anchors = (0..4).map(|_| add(&centre, &direction(rng), 0.7)).collect();
            (anchors, rng.random_range(12..30))
        };
        let steps = (0..steps).map(|_| step(&mut rng)).collect();
        Self { seed, scene, steps }
    }

    /// The same work with every step so many times longer.
    pub(crate) fn stretched(mut self, factor: usize) -> Self {
        self.steps
            .iter_mut()
            .for_each(|(_, clips)| *clips *= factor);
        self
    }

    pub(crate) fn in_order(&self) -> Vec<Act> {
        (0..self.steps.len())
            .map(|step| Act::Step(step, 1.0))
            .collect()
    }

    pub(crate) fn gold(&self, seed: u64) -> Performance {
        self.perform(&self.in_order(), seed)
    }

    /// `seed` is the performer.
    pub(crate) fn perform(&self, acts: &[Act], seed: u64) -> Performance {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5eed);
        let mut noise = vec![0.0; DIM];
        let mut performance = Performance {
            rows: Vec::new(),
            steps: Vec::new(),
        };
        for &act in acts {
            let start = performance.rows.len();
            for signal in self.signal(act) {
                let fresh = direction(&mut rng);
                noise = add(&scaled(&noise, 0.8), &fresh, 0.6);
                let action = add(&signal, &noise, 0.5);
                performance
                    .rows
                    .push(add(&scaled(&self.scene, 3.0), &action, 1.0));
            }
            if let Act::Step(step, _) | Act::Part(step, _) = act {
                performance
                    .steps
                    .push((step, start..performance.rows.len()));
            }
        }
        performance
    }

    fn signal(&self, act: Act) -> Vec<Vec<f32>> {
        let along = |anchors: &[Vec<f32>], clips: usize, until: f64| -> Vec<Vec<f32>> {
            (0..clips)
                .map(|clip| {
                    let at =
                        until * (clip as f64 + 0.5) / clips as f64 * (anchors.len() - 1) as f64;
                    let below = (at as usize).min(anchors.len() - 2);
                    let share = (at - below as f64) as f32;
                    add(
                        &scaled(&anchors[below], 1.0 - share),
                        &anchors[below + 1],
                        share,
                    )
                })
                .collect()
        };
        match act {
            Act::Step(step, tempo) => {
                let (anchors, clips) = &self.steps[step];
                along(
                    anchors,
                    ((*clips as f64 * tempo).round() as usize).max(2),
                    1.0,
                )
            }
            Act::Part(step, fraction) => {
                let (anchors, clips) = &self.steps[step];
                along(
                    anchors,
                    ((*clips as f64 * fraction).round() as usize).max(2),
                    fraction,
                )
            }
            Act::Other(seed, clips) => {
                let other = Self::new(self.seed.wrapping_add(1000 + seed), 1);
                along(&other.steps[0].0, clips, 1.0)
            }
        }
    }
}

impl Performance {
    pub(crate) fn clips(&self) -> Vec<Clip> {
        let clip = |index| Clip::new(index as f64 * STRIDE_S, (index + 2) as f64 * STRIDE_S);
        (0..self.rows.len()).map(clip).collect()
    }

    /// The procedure that this performance is the gold of.
    pub(crate) fn procedure(&self) -> Procedure {
        let clips = self.clips();
        let step = |(step, range): &(usize, Range<usize>)| {
            let start_s = if range.start == 0 {
                0.0
            } else {
                clips[range.start].middle_s() - 0.25
            };
            let end_s = clips[range.end - 1].middle_s() + 0.25;
            Step {
                gold_time: Some(TimeRange { start_s, end_s }),
                ..Step::named(format!("step {step}"))
            }
        };
        Procedure {
            steps: self.steps.iter().map(step).collect(),
            ..Procedure::default()
        }
    }

    /// First clips of all steps but the first.
    pub(crate) fn boundaries(&self) -> Vec<usize> {
        self.steps
            .iter()
            .skip(1)
            .map(|(_, clips)| clips.start)
            .collect()
    }
}

fn direction(rng: &mut ChaCha8Rng) -> Vec<f32> {
    let raw: Vec<f32> = (0..DIM)
        .map(|_| rng.random_range(-1.0_f32..1.0) + rng.random_range(-1.0_f32..1.0))
        .collect();
    let length = raw.iter().map(|value| value * value).sum::<f32>().sqrt();
    scaled(&raw, 1.0 / length)
}

fn scaled(a: &[f32], factor: f32) -> Vec<f32> {
    a.iter().map(|value| value * factor).collect()
}

fn add(a: &[f32], b: &[f32], factor: f32) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + factor * b).collect()
}
