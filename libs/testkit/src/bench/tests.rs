//! What is done at the bench changes the work, and conditions the picture.

use std::collections::HashSet;

use super::*;
use crate::{Change, Conditions, Edit, Procedure, Style, Task};
use state::Layer;

const SMALL: RenderOptions = RenderOptions {
    width: 320,
    height: 180,
    fps: 10,
};

/// A few generated procedures that have all tasks between them.
fn covering() -> Vec<Procedure> {
    let mut missing: HashSet<Task> = CATALOGUE.iter().map(|spec| spec.task).collect();
    let mut chosen = Vec::new();
    for procedure in (0..).map(|seed| Procedure::generate(Style::Bench, seed)) {
        let before = missing.len();
        for step in procedure.steps() {
            missing.remove(&step.task);
        }
        if missing.len() < before {
            chosen.push(procedure);
        }
        if missing.is_empty() {
            break;
        }
    }
    chosen
}

/// For every task a trainee whose procedure ends with it, with its step.
fn one_of_each() -> Vec<(Performance, usize, Task)> {
    let procedures = covering();
    let with = |task: Task| {
        let (procedure, step) = procedures
            .iter()
            .find_map(|procedure| {
                let mut steps = procedure.steps().iter();
                Some((procedure, steps.position(|step| step.task == task)?))
            })
            .unwrap();
        (
            Performance::new(&procedure.clone().first_steps(step + 1), 5),
            step,
            task,
        )
    };
    CATALOGUE.iter().map(|spec| with(spec.task)).collect()
}

fn end(performance: &Performance) -> BenchState {
    let mut performer = performance.draw(Aspect::Performer);
    Choreography::new(performance, &mut performer).at(1e6).state
}

/// How much two pictures differ: the sum over all bytes.
fn difference(one: &Canvas, other: &Canvas) -> u64 {
    let bytes = one.rgb.iter().zip(&other.rgb);
    bytes.map(|(a, b)| u64::from(a.abs_diff(*b))).sum()
}

#[test]
fn every_task_leaves_its_effect() {
    for (performance, step, task) in one_of_each() {
        let done = end(&performance);
        let left_out = end(&performance.clone().with(Edit::Drop { step }).unwrap());
        assert_ne!(done, left_out, "{task:?}");
        let mut painter = BenchPainter::new(&performance, SMALL);
        let (with, without) = (painter.still(&done), painter.still(&left_out));
        let changed = with.rgb.iter().zip(&without.rgb);
        let changed = changed.filter(|(a, b)| a.abs_diff(**b) > 24).count();
        assert!(changed > 60, "{task:?} changes {changed} bytes");
    }
}

#[test]
fn a_wrong_object_leaves_the_more_the_more_it_differs() {
    for (performance, step, task) in one_of_each() {
        let mut painter = BenchPainter::new(&performance, SMALL);
        let right = painter.still(&end(&performance));
        let mut last = 0;
        for difference_of in [0.1, 0.25, 0.5, 0.75, 1.0] {
            let edit = Edit::WrongObject {
                step,
                difference: difference_of,
            };
            let wrong = end(&performance.clone().with(edit).unwrap());
            let seen = difference(&right, &painter.still(&wrong));
            assert!(seen > last, "{task:?} at {difference_of}: {seen} <= {last}");
            last = seen;
        }
        assert!(last > 2000, "{task:?}: {last}");
    }
}

#[test]
fn a_wrong_object_is_seen_while_it_is_used() {
    for (performance, step, task) in one_of_each() {
        let wrong = Edit::WrongObject {
            step,
            difference: 1.0,
        };
        let wrong = performance.clone().with(wrong).unwrap();
        let time = performance.truth().steps_done[step].time();
        let frame = ((time.start_s + 0.5 * (time.end_s - time.start_s)) * 10.0) as usize;
        let picture = |performance| BenchPainter::new(performance, SMALL).paint(frame);
        let (right, wrong) = (picture(&performance), picture(&wrong));
        let changed = right.iter().zip(&wrong);
        let changed = changed.filter(|(a, b)| a.abs_diff(**b) > 40).count();
        assert!(changed > 60, "{task:?} changes {changed} bytes");
    }
}

#[test]
fn an_incomplete_step_leaves_part_of_its_effect() {
    let wiped = |edit: Option<Edit>| {
        let good = Performance::new(&Procedure::demo(0), 8);
        let performance = edit.map_or(good.clone(), |edit| good.with(edit).unwrap());
        end(&performance).cleaned(BenchTask::WipeHousing).0
    };
    assert!(wiped(None) > 0.999);
    let half = wiped(Some(Edit::Incomplete {
        step: 0,
        fraction: 0.5,
    }));
    assert!((half - 0.5).abs() < 0.02, "{half}");
}

#[test]
fn parts_lie_on_each_other_in_the_order_of_the_steps() {
    let state = end(&Performance::new(&Procedure::demo(0), 8));
    let parts = state.layers.iter().filter_map(|layer| match layer {
        Layer::Part(item, ..) => Some(item.kind),
        Layer::Trace { .. } => None,
    });
    let expected = [ItemKind::Board, ItemKind::Cover, ItemKind::Label];
    assert!(parts.eq(expected));
}

/// The edit that changes step number `step` in the `variant`-th of five ways.
fn some_edit(step: usize, variant: usize) -> Edit {
    match (step + variant) % 5 {
        0 => Edit::Incomplete {
            step,
            fraction: 0.2 + 0.07 * step as f64 % 0.7,
        },
        1 => Edit::Insert {
            after: step,
            seconds: 5.0,
        },
        2 => Edit::WrongObject {
            step,
            difference: 0.1 + 0.06 * step as f64,
        },
        3 => Edit::Fast { step, factor: 2.0 },
        _ => Edit::Repeat { step },
    }
}

#[test]
fn hands_never_jump() {
    for (seed, procedure) in covering().iter().enumerate() {
        for variant in 0..5 {
            let steps = 0..procedure.steps().len();
            let good = Performance::new(procedure, seed as u64)
                .under(Conditions::all(Change::ALL[variant % 3]));
            let performance = steps.fold(good, |performance, step| {
                performance.with(some_edit(step, variant)).unwrap()
            });
            let mut performer = performance.draw(Aspect::Performer);
            let choreography = Choreography::new(&performance, &mut performer);
            let moments = (0..(performance.seconds() * 100.0) as u32)
                .map(|i| choreography.at(f64::from(i) / 100.0))
                .map(|moment| (moment.right.grip, moment.left.grip))
                .collect::<Vec<_>>();
            for (i, pair) in moments.windows(2).enumerate() {
                let right = (pair[1].0 - pair[0].0).length();
                let left = (pair[1].1 - pair[0].1).length();
                let now = i as f64 / 100.0;
                assert!(
                    right.max(left) < 1.2,
                    "{:?} at {now}: {pair:?}",
                    performance.edits()
                );
            }
        }
    }
}

#[test]
fn extra_activities_are_of_many_kinds() {
    let procedure = Procedure::demo(0);
    let kinds: HashSet<String> = (0..60)
        .map(|seed| {
            let performance = Performance::new(&procedure, seed);
            let edit = Edit::Insert {
                after: 2,
                seconds: 6.0,
            };
            let slots = performance.with(edit).unwrap().schedule();
            let layout = layout::Layout::new(&procedure);
            let mut rng = crate::seed::rng(seed, crate::seed::Purpose::Extra(0));
            let gesture = gesture::unrelated(6.0, &layout, &mut rng);
            assert!(slots.len() > procedure.steps().len());
            format!("{:?} {:?}", gesture.takes, gesture.source)
        })
        .collect();
    assert!(kinds.len() >= 5, "{kinds:?}");
}

/// Mean of every block of 8 × 8 pixels, so that noise averages out.
fn blocks(rgb: &[u8]) -> Vec<f32> {
    let line = SMALL.width * 3;
    let mut means = Vec::new();
    for rows in rgb.chunks_exact(8 * line) {
        for x in (0..line).step_by(24) {
            let sum = rows.chunks_exact(line).flat_map(|row| &row[x..x + 24]);
            means.push(sum.map(|byte| f32::from(*byte)).sum::<f32>() / 192.0);
        }
    }
    means
}

/// The part of the picture's blocks that differ from the gold's at `seconds`.
fn unlike_gold(seed: u64, change: Change, seconds: usize) -> f32 {
    let procedure = Procedure::demo(1);
    let frame = |performance: &Performance| {
        blocks(&BenchPainter::new(performance, SMALL).paint(10 * seconds))
    };
    let gold = frame(&Performance::gold(&procedure));
    let trainee = frame(&Performance::new(&procedure, seed).under(Conditions::all(change)));
    let differ = gold
        .iter()
        .zip(&trainee)
        .filter(|(a, b)| (*a - *b).abs() > 2.5);
    differ.count() as f32 / gold.len() as f32
}

#[test]
fn under_the_same_conditions_only_noise_and_aim_differ() {
    for seed in [3, 4] {
        let resting = unlike_gold(seed, Change::Same, 0);
        assert!(resting < 1e-6, "while hands rest: {resting}");
        let acting = unlike_gold(seed, Change::Same, 9);
        assert!(acting < 0.03, "while a hand acts: {acting}");
        let mild = unlike_gold(seed, Change::Mild, 0);
        let strong = unlike_gold(seed, Change::Strong, 0);
        assert!(mild > 0.2 && strong > mild, "mild {mild}, strong {strong}");
    }
}

#[test]
fn a_frame_does_not_depend_on_those_before() {
    let performance = Performance::new(&Procedure::generate(Style::Bench, 3), 9)
        .under(Conditions::all(Change::Strong));
    let mut painter = BenchPainter::new(&performance, SMALL);
    let ahead = painter.paint(150);
    assert_eq!(
        painter.paint(40),
        BenchPainter::new(&performance, SMALL).paint(40)
    );
    assert_eq!(painter.paint(150), ahead);
}

#[test]
fn the_camera_shakes_as_much_as_it_is_changed() {
    let most = |change| {
        let conditions = Conditions::all(change);
        let performance = Performance::new(&Procedure::demo(0), 7).under(conditions);
        let options = RenderOptions::default();
        let camera = Camera::new(&mut performance.draw(Aspect::Camera), options);
        let shifts = (0..1000).map(|i| camera.shaken(i as f32 * 0.04));
        let most = shifts
            .map(|by| by.x.abs().max(by.y.abs()))
            .fold(0.0, f32::max);
        assert!(
            most < camera.margin as f32 - 1.0,
            "{most} of {}",
            camera.margin
        );
        most
    };
    assert!(most(Change::Same) < 1e-6);
    assert!((0.1..1.0).contains(&most(Change::Mild)));
    assert!((1.5..5.0).contains(&most(Change::Strong)));
}

#[test]
fn clutter_lies_beside_the_work() {
    let procedure = Procedure::demo(2);
    let layout = layout::Layout::new(&procedure);
    let strewn = |seed, change| {
        let performance = Performance::new(&procedure, seed).under(Conditions::all(change));
        Clutter::strew(&mut performance.draw(Aspect::Scene), &layout)
    };
    assert!(strewn(7, Change::Same).is_empty());
    let view = Camera::new(
        &mut Performance::gold(&procedure).draw(Aspect::Camera),
        SMALL,
    );
    let empty = Canvas::filled(view.size, view.view, geometry::at(0.2, 0.2), |_| [90.0; 3]);
    let mut things = 0;
    for seed in 0..30 {
        let mut canvas = empty.clone();
        for thing in strewn(seed, Change::Strong) {
            thing.paint(&mut canvas);
            things += 1;
        }
        let untouched = |place| {
            let at = view.view.to_pixel(place);
            let start = (at.y as usize * canvas.width + at.x as usize) * 3;
            canvas.rgb[start..start + 3] == [90; 3]
        };
        assert!(
            untouched(layout.housing) && untouched(layout.socket()),
            "{seed}"
        );
        for item in layout.lying(&[]) {
            assert!(untouched(layout.home(item)), "{seed}: {item:?}");
        }
    }
    assert!(things > 40, "{things}");
}
