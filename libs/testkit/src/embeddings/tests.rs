//! The sequences have the geometry that the documentation promises.

use super::direction::{dot, normalise};
use super::*;
use crate::performance::{Activity, Slot};
use crate::{Edit, Procedure};

/// One video and what each of its clips shows.
struct Video {
    dim: usize,
    rows: Vec<Vec<f32>>,
    /// Step of the clip's middle.
    step: Vec<Option<usize>>,
}

impl Video {
    fn new(performance: &Performance, geometry: &Geometry) -> Self {
        let made = simulate(performance, geometry);
        let slots = performance.schedule();
        let step = |&(start_s, end_s): &(f64, f64)| {
            let middle_s = 0.5 * (start_s + end_s);
            let shown = |slot: &&Slot| (slot.start_s..slot.end_s).contains(&middle_s);
            match slots.iter().find(shown).map(|slot| slot.activity) {
                Some(Activity::Step { step, .. }) => Some(step),
                _ => None,
            }
        };
        Self {
            dim: made.dim,
            rows: made.rows.chunks(made.dim).map(<[f32]>::to_vec).collect(),
            step: made.clips.iter().map(step).collect(),
        }
    }

    fn mean(&self) -> Vec<f32> {
        let mut mean = vec![0.0; self.dim];
        for row in &self.rows {
            direction::add(&mut mean, row, 1.0 / self.rows.len() as f32);
        }
        mean
    }

    fn centred(mut self, mean: &[f32]) -> Self {
        for row in &mut self.rows {
            direction::add(row, mean, -1.0);
            normalise(row);
        }
        self
    }
}

fn gold(seed: u64) -> Performance {
    Performance::gold(&Procedure::demo(seed))
}

fn trainee(seed: u64) -> Performance {
    Performance::new(&Procedure::demo(seed), 1000 + seed)
}

fn mean_of(values: impl Iterator<Item = f32>) -> f32 {
    let values: Vec<f32> = values.collect();
    values.iter().sum::<f32>() / values.len() as f32
}

/// Both videos, centred on the first.
fn centred_pair(first: &Performance, second: &Performance, geometry: &Geometry) -> (Video, Video) {
    let (gold, trainee) = (Video::new(first, geometry), Video::new(second, geometry));
    let mean = gold.mean();
    (gold.centred(&mean), trainee.centred(&mean))
}

/// Probability that a trainee's clip is more similar to its own step's best
/// gold clip than to another step's.
fn separability(pair: &(Video, Video)) -> f32 {
    let (gold, trainee) = pair;
    let best = |row: &[f32], step: usize| {
        let of_step = gold.rows.iter().zip(&gold.step);
        of_step
            .filter(|(_, shown)| **shown == Some(step))
            .map(|(other, _)| dot(row, other))
            .fold(f32::NEG_INFINITY, f32::max)
    };
    let wins = trainee
        .rows
        .iter()
        .zip(&trainee.step)
        .flat_map(|(row, own)| {
            let own_best = own.map(|own| best(row, own));
            (0..8).filter_map(move |other| {
                let own_best = own_best.filter(|_| *own != Some(other))?;
                Some(f32::from(u8::from(own_best > best(row, other))))
            })
        });
    mean_of(wins)
}

#[test]
fn rows_are_of_unit_length_and_follow_from_the_seeds() {
    let geometry = Geometry::default();
    let made = simulate(&trainee(3), &geometry);
    assert_eq!(made, simulate(&trainee(3), &geometry));
    assert_ne!(
        made.rows,
        simulate(&Performance::new(&Procedure::demo(3), 8), &geometry).rows
    );
    assert_eq!(made.rows.len(), made.clips.len() * made.dim);
    for row in made.rows.chunks(made.dim) {
        assert!((dot(row, row) - 1.0).abs() < 1e-5);
    }
    for clips in made.clips.windows(2) {
        assert!((clips[1].0 - clips[0].0 - 0.5).abs() < 1e-9);
        assert!((clips[0].1 - clips[0].0 - 1.0).abs() < 1e-9);
    }
    let end_s = trainee(3).schedule().last().unwrap().end_s;
    let last_s = made.clips.last().unwrap().1;
    assert!(last_s > end_s && last_s < end_s + 1.0);
}

#[test]
fn a_performance_without_any_step_still_has_a_clip() {
    let mut nothing = trainee(1);
    for step in 0..8 {
        nothing = nothing.with(Edit::Drop { step }).unwrap();
    }
    assert!(!simulate(&nothing, &Geometry::default()).clips.is_empty());
}

#[test]
fn clips_lie_in_a_cone_of_the_given_width() {
    for cone in [0.7, 0.8, 0.9] {
        let geometry = Geometry {
            cone,
            ..Geometry::default()
        };
        let cosine = mean_of((0..4).map(|seed| {
            let mean = Video::new(&gold(seed), &geometry).mean();
            dot(&mean, &mean)
        }));
        assert!((cosine - cone).abs() < 0.1, "{cone}: {cosine}");
    }
}

#[test]
fn clips_resemble_their_neighbours_for_about_a_step() {
    let similarity = |lag: usize| {
        mean_of((0..4).map(|seed| {
            let video = Video::new(&gold(seed), &Geometry::default());
            let mean = video.mean();
            let video = video.centred(&mean);
            mean_of(
                video
                    .rows
                    .iter()
                    .zip(&video.rows[lag..])
                    .map(|(a, b)| dot(a, b)),
            )
        }))
    };
    let (overlapping, touching, far) = (similarity(1), similarity(2), similarity(20));
    assert!(overlapping > 0.75 && overlapping < 0.97, "{overlapping}");
    assert!(
        touching > 0.4 && touching < overlapping - 0.05,
        "{touching}"
    );
    assert!(far < 0.15, "{far}");
}

#[test]
fn centring_tells_steps_apart_that_the_cone_hides() {
    let geometry = Geometry::default();
    let pairs: Vec<_> = (0..6)
        .map(|seed| centred_pair(&gold(seed), &trainee(seed), &geometry))
        .collect();
    let centred = mean_of(pairs.iter().map(separability));
    assert!(centred > 0.98 && centred < 1.0, "{centred}");
    let same_step = mean_of(pairs.iter().flat_map(|(gold, trainee)| {
        trainee
            .rows
            .iter()
            .zip(&trainee.step)
            .filter_map(|(row, own)| {
                let own = (*own)?;
                let of_step = gold.rows.iter().zip(&gold.step);
                of_step
                    .filter(|(_, shown)| **shown == Some(own))
                    .map(|(other, _)| dot(row, other))
                    .max_by(f32::total_cmp)
            })
    }));
    assert!(same_step > 0.5 && same_step < 0.7, "{same_step}");
}

#[test]
fn more_shift_makes_steps_harder_to_tell() {
    let at = |factor: f32| {
        let geometry = Geometry::default().with_shift(factor);
        mean_of(
            (0..6).map(|seed| separability(&centred_pair(&gold(seed), &trainee(seed), &geometry))),
        )
    };
    let (none, usual, strong) = (at(0.0), at(1.0), at(2.5));
    assert!(
        none > usual + 0.001 && usual > strong + 0.05,
        "{none} {usual} {strong}"
    );
}

#[test]
fn a_wrong_object_displaces_its_step_and_no_other() {
    let geometry = Geometry::default();
    let moved = |share: f32, of_step: usize| {
        let geometry = Geometry {
            wrong_object: share,
            state_change: 0.0,
            ..geometry
        };
        let right = Video::new(&trainee(2), &geometry);
        let wrong = trainee(2)
            .with(Edit::WrongObject {
                step: 4,
                difference: 1.0,
            })
            .unwrap();
        let wrong = Video::new(&wrong, &geometry);
        let pairs = right.rows.iter().zip(&wrong.rows).zip(&right.step);
        mean_of(
            pairs
                .filter(|(_, shown)| **shown == Some(of_step))
                .map(|((right, wrong), _)| 1.0 - dot(right, wrong)),
        )
    };
    assert!(moved(0.0, 4) < 1e-5);
    assert!(moved(0.4, 4) > 0.005 && moved(0.8, 4) > 2.0 * moved(0.4, 4));
    assert!(moved(0.8, 6) < 1e-5);
}

#[test]
fn a_step_broken_off_never_reaches_its_end() {
    let geometry = Geometry {
        manner: 0.0,
        noise: 0.0,
        hubness: 0.0,
        ..Geometry::default().with_shift(0.0)
    };
    let end_of = |performance: &Performance| {
        let video = Video::new(performance, &geometry);
        let last = video
            .step
            .iter()
            .rposition(|step| *step == Some(2))
            .unwrap();
        video.rows[last - 1].clone()
    };
    let cut = trainee(5)
        .with(Edit::Incomplete {
            step: 2,
            fraction: 0.3,
        })
        .unwrap();
    let (whole, cut) = (end_of(&trainee(5)), end_of(&cut));
    assert!(dot(&whole, &end_of(&gold(5))) > 0.99);
    assert!(dot(&cut, &whole) < 0.97, "{}", dot(&cut, &whole));
}

#[test]
fn what_a_step_did_stays_visible() {
    let geometry = Geometry {
        noise: 0.0,
        state_change: 0.6,
        ..Geometry::default().with_shift(0.0)
    };
    let last_clip = |performance: &Performance| {
        let video = Video::new(performance, &geometry);
        video.rows.last().unwrap().clone()
    };
    let dropped = trainee(4).with(Edit::Drop { step: 1 }).unwrap();
    let again = trainee(4).with(Edit::Repeat { step: 1 }).unwrap();
    let usual = last_clip(&trainee(4));
    assert!(dot(&usual, &last_clip(&dropped)) < dot(&usual, &last_clip(&again)) - 0.005);
}

#[test]
fn weak_clips_are_hubs() {
    // How often each clip of one video is the nearest to one of another's.
    let most_often = |hubness: f32| {
        mean_of((0..6).map(|seed| {
            let geometry = Geometry {
                hubness,
                ..Geometry::default()
            };
            let gold = Video::new(&gold(seed), &geometry);
            let trainee = Video::new(&trainee(seed), &geometry);
            let mut nearest = vec![0.0_f32; gold.rows.len()];
            for row in &trainee.rows {
                let to = |other: usize| dot(row, &gold.rows[other]);
                let best = (0..gold.rows.len()).max_by(|&a, &b| to(a).total_cmp(&to(b)));
                nearest[best.unwrap()] += 1.0;
            }
            nearest.iter().copied().fold(0.0, f32::max)
        }))
    };
    assert!(
        most_often(0.6) > most_often(0.0) + 1.0,
        "{} {}",
        most_often(0.6),
        most_often(0.0)
    );
}

#[test]
fn some_steps_look_alike() {
    let closest = |look_alike_share: f64| {
        let geometry = Geometry {
            look_alike_share,
            ..Geometry::default().with_shift(2.0)
        };
        mean_of(
            (0..6).map(|seed| separability(&centred_pair(&gold(seed), &trainee(seed), &geometry))),
        )
    };
    assert!(closest(0.0) > closest(1.0) + 0.02);
}
