//! What is done at the laboratory table is seen on it.

use std::collections::BTreeMap;

use super::{space::Vec3, *};
use crate::{Change, Conditions, Edit, Procedure, Style, Task, render, style::TaskSpec};

const SMALL: RenderOptions = RenderOptions {
    width: 320,
    height: 180,
    fps: 10,
};

/// For every task a generated procedure that has it, and its step.
fn procedures() -> BTreeMap<&'static str, (Procedure, usize)> {
    let find = |index: usize, spec: &TaskSpec| {
        // Each from a table of its own.
        (0..1000).find_map(|seed| {
            let seed = seed + 1000 * index as u64;
            let procedure = Procedure::generate(Style::Lab, seed);
            let step = procedure.steps().iter().position(|s| s.task == spec.task)?;
            // Something follows, before which an edit can put an activity.
            (step + 1 < procedure.steps().len()).then_some((procedure, step))
        })
    };
    CATALOGUE
        .iter()
        .enumerate()
        .map(|(index, spec)| {
            let found = find(index, spec).expect("every task is chosen by some seed");
            (spec.name, found)
        })
        .collect()
}

fn performance(procedure: &Procedure, edit: Option<Edit>) -> Performance {
    let perfect = Performance::new(procedure, 77).under(Conditions::SAME);
    edit.map_or(perfect.clone(), |edit| perfect.with(edit).unwrap())
}

/// The table after a performance, without hands and noise.
fn end(performance: &Performance) -> Vec<u8> {
    let mut painter = LabPainter::new(performance, SMALL);
    let moment = painter.choreography.at(1e6);
    painter.paint_still(&moment.work);
    let layout = &painter.choreography.layout;
    let work = &moment.work;
    Props { layout, work }.draw_clear(&mut Stage {
        picture: &mut painter.still,
        camera: &painter.camera,
        light: &painter.light,
    });
    painter.still.rgb
}

/// How many pixels differ clearly.
fn differing(a: &[u8], b: &[u8]) -> usize {
    let far = |(a, b): (&[u8], &[u8])| a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > 12);
    a.chunks_exact(3)
        .zip(b.chunks_exact(3))
        .filter(|pair| far(*pair))
        .count()
}

#[test]
fn a_dropped_step_is_missing_to_the_end() {
    for (name, (procedure, step)) in procedures() {
        let good = end(&performance(&procedure, None));
        let dropped = end(&performance(&procedure, Some(Edit::Drop { step })));
        let pixels = differing(&good, &dropped);
        println!("{name}: {pixels} pixels");
        assert!(pixels >= 8, "{name}: {pixels} pixels");
    }
}

#[test]
fn a_broken_off_step_is_done_in_part() {
    for (name, (procedure, step)) in procedures() {
        let edit = Edit::Incomplete {
            step,
            fraction: 0.4,
        };
        let good = end(&performance(&procedure, None));
        let half = end(&performance(&procedure, Some(edit)));
        assert!(differing(&good, &half) >= 4, "{name}");
    }
}

#[test]
fn the_more_wrong_the_more_the_pictures_differ() {
    for (name, (procedure, step)) in procedures() {
        let good = performance(&procedure, None);
        let done = good.truth().steps_done[step];
        let tiny = RenderOptions {
            width: 160,
            height: 90,
            ..SMALL
        };
        let frames = |performance: &Performance| -> Vec<Vec<u8>> {
            let from = (done.start_s * 10.0) as usize;
            let until = (done.end_s * 10.0) as usize;
            let frames = render(performance, tiny).unwrap();
            frames.skip(from).take(until - from).step_by(4).collect()
        };
        let right = frames(&good);
        let difference = |difference: f64| {
            let edit = Edit::WrongObject { step, difference };
            let wrong = frames(&performance(&procedure, Some(edit)));
            let sums = right.iter().flatten().zip(wrong.iter().flatten());
            sums.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2))
                .sum::<u64>() as f64
        };
        let (small, middle, large) = (difference(0.1), difference(0.5), difference(1.0));
        println!("{name}: {small:.2e} {middle:.2e} {large:.2e}");
        assert!(small > 0.0 && middle > small && large > middle, "{name}");
    }
}

#[test]
fn hands_never_jump() {
    const RATE: f64 = 500.0;
    for (procedure, step) in procedures().into_values() {
        let edits = [
            Edit::Incomplete {
                step,
                fraction: 0.4,
            },
            Edit::Insert {
                after: step,
                seconds: 5.0,
            },
            Edit::WrongObject {
                step,
                difference: 1.0,
            },
            Edit::Repeat { step },
            Edit::Fast { step, factor: 2.0 },
            Edit::IdlePause {
                after: step,
                seconds: 2.0,
            },
        ];
        for edit in edits {
            let performance = performance(&procedure, Some(edit));
            let choreography = Choreography::new(&performance);
            let moments = (performance.seconds() * RATE) as u32;
            let tips = (0..moments).map(|i| {
                let moment = choreography.at(f64::from(i) / RATE);
                [moment.right.tip, moment.left.tip]
            });
            let tips: Vec<[Vec3; 2]> = tips.collect();
            for pair in tips.windows(2) {
                for (from, to) in pair[0].iter().zip(pair[1]) {
                    let way = (to - *from).length();
                    // Hands reach 4 m/s when twice as fast as usual.
                    assert!(way < 1.0, "{edit:?}: {way} cm in 2 ms");
                }
            }
        }
    }
}

#[test]
fn what_hands_do_is_in_the_picture() {
    for (name, (procedure, step)) in procedures() {
        let edit = Edit::Insert {
            after: step,
            seconds: 5.0,
        };
        let performance = Performance::new(&procedure, 31).with(edit).unwrap();
        let painter = LabPainter::new(&performance, SMALL);
        let (mut inside, mut all) = (0, 0);
        let truth = performance.truth();
        let extra = truth.deviations[0].trainee_time.unwrap();
        for i in 0..(performance.seconds() * 10.0) as u32 {
            let seconds = f64::from(i) / 10.0;
            let moment = painter.choreography.at(seconds);
            let during = (extra.start_s..extra.end_s).contains(&seconds);
            if moment.doing.is_none() && !during {
                continue;
            }
            for hand in [&moment.right, &moment.left] {
                let seen = painter.camera.see(hand.tip).unwrap();
                let within = (0.0..320.0).contains(&seen.x) && (0.0..180.0).contains(&seen.y);
                inside += usize::from(within);
                all += 1;
            }
        }
        println!("{name}: {inside} of {all}");
        assert!(inside * 50 >= all * 49, "{name}: {inside} of {all}");
    }
}

#[test]
fn unrelated_activities_move_hands_and_leave_the_table() {
    let (procedure, _) = &procedures()["Set the timer"];
    let layout = layout::Layout::new(procedure);
    let work = Work::new(&[]);
    let setting = gesture::Setting {
        layout: &layout,
        work: &work,
    };
    for kind in 0..unrelated::KINDS {
        for seconds in [1.0, 5.0, 60.0] {
            let gesture = unrelated::of_kind(kind, seconds, setting);
            let whens: Vec<f32> = gesture.strokes.iter().map(|stroke| stroke.when).collect();
            assert!(!whens.is_empty(), "{kind}");
            assert!(whens.is_sorted_by(|a, b| a < b), "{kind}: {whens:?}");
            assert!(
                whens.iter().all(|when| *when > 0.0 && *when <= 1.0),
                "{kind}"
            );
        }
    }
    let edit = Edit::Insert {
        after: 1,
        seconds: 4.0,
    };
    let (good, extra) = (
        performance(procedure, None),
        performance(procedure, Some(edit)),
    );
    assert_eq!(end(&good), end(&extra));
}

#[test]
fn under_the_same_conditions_pictures_differ_by_noise_and_aim_only() {
    let procedure = Procedure::generate(Style::Lab, 5);
    let frames = |performance: &Performance| -> Vec<Vec<u8>> {
        render(performance, SMALL).unwrap().step_by(20).collect()
    };
    let gold = frames(&Performance::gold(&procedure));
    let share = |change| {
        let trainee = Performance::new(&procedure, 901).under(Conditions {
            pace: Change::Same,
            ..Conditions::all(change)
        });
        let far = gold
            .iter()
            .zip(frames(&trainee))
            .map(|(a, b)| differing(a, &b));
        far.sum::<usize>() as f64 / (gold.len() * 320 * 180) as f64
    };
    let (same, mild, strong) = (
        share(Change::Same),
        share(Change::Mild),
        share(Change::Strong),
    );
    println!("same {same:.4}, mild {mild:.3}, strong {strong:.3}");
    assert!(same < 0.01, "{same}");
    assert!(mild > 5.0 * same && strong > mild, "{mild} {strong}");
}

#[test]
fn the_same_seeds_give_the_same_bytes_in_any_order() {
    let procedure = Procedure::generate(Style::Lab, 2);
    let performance = Performance::new(&procedure, 5);
    let mut painter = LabPainter::new(&performance, SMALL);
    let forward: Vec<Vec<u8>> = (0..400).step_by(40).map(|i| painter.paint(i)).collect();
    let mut again = LabPainter::new(&performance, SMALL);
    for (i, frame) in forward.iter().enumerate().rev() {
        assert_eq!(again.paint(40 * i), *frame, "frame {}", 40 * i);
    }
    let other = Performance::new(&procedure, 6);
    assert_ne!(LabPainter::new(&other, SMALL).paint(0), forward[0]);
}

#[test]
fn pictures_have_any_size() {
    let performance = Performance::new(&Procedure::generate(Style::Lab, 1), 4)
        .under(Conditions::all(Change::Strong));
    for (width, height) in [(64, 4096), (64, 64), (1000, 100)] {
        let fps = 10;
        let options = RenderOptions { width, height, fps };
        let frame = render(&performance, options).unwrap().nth(30).unwrap();
        assert_eq!(frame.len(), width * height * 3);
    }
}

#[test]
fn every_task_has_a_place_of_its_own_in_the_state() {
    let mut seen = std::collections::BTreeSet::new();
    for spec in CATALOGUE {
        let Task::Lab(task) = spec.task else {
            panic!("{}: not of this style", spec.name)
        };
        assert!(seen.insert(task as usize) && (task as usize) < LabTask::COUNT);
    }
    assert!(seen.len() >= 15);
}
