//! The truth says what the edits did.

use proptest::prelude::*;

use super::*;
use crate::{Order, Style};

const STEPS: usize = 8;

fn any_edit() -> impl Strategy<Value = Edit> {
    let step = || 0..STEPS;
    prop_oneof![
        step().prop_map(|step| Edit::Drop { step }),
        (0..STEPS - 1).prop_map(|first| Edit::Swap { first }),
        (step(), step())
            .prop_filter("two apart", |(step, to)| step.abs_diff(*to) > 1)
            .prop_map(|(step, to)| Edit::MoveTo { step, to }),
        step().prop_map(|step| Edit::Repeat { step }),
        (step(), 1.0..60.0).prop_map(|(after, seconds)| Edit::Insert { after, seconds }),
        (step(), 1.1..10.0).prop_map(|(step, factor)| Edit::Slow { step, factor }),
        (step(), 1.1..10.0).prop_map(|(step, factor)| Edit::Fast { step, factor }),
        (step(), 0.1..1.0).prop_map(|(step, difference)| Edit::WrongObject { step, difference }),
        (1..STEPS).prop_map(|lost| Edit::Truncate { lost }),
        (step(), 0.05..0.95).prop_map(|(step, fraction)| Edit::Incomplete { step, fraction }),
        (step(), 1.0..60.0).prop_map(|(after, seconds)| Edit::IdlePause { after, seconds }),
    ]
}

/// A trainee with as many of some random edits as go together.
fn any_performance() -> impl Strategy<Value = Performance> {
    (any::<u64>(), prop::collection::vec(any_edit(), 0..6)).prop_map(|(seed, edits)| {
        let perfect = Performance::new(&Procedure::demo(seed % 7), seed);
        edits.into_iter().fold(perfect, |performance, edit| {
            performance.clone().with(edit).unwrap_or(performance)
        })
    })
}

fn order(truth: &Truth) -> Vec<usize> {
    truth.steps_done.iter().map(|done| done.step).collect()
}

/// What the order must be, by the plain meaning of each edit.
fn expected_order(edits: &[Edit]) -> Vec<usize> {
    let mut order = (0..STEPS).collect::<Vec<_>>();
    for edit in edits {
        let at = |order: &[usize], step| order.iter().position(|s| *s == step).unwrap();
        match *edit {
            Edit::Swap { first } => {
                let (a, b) = (at(&order, first), at(&order, first + 1));
                order.swap(a, b);
            }
            Edit::MoveTo { step, to } => {
                // Nothing else moved between the two places, so `to` stands at its own.
                let target = at(&order, to);
                let from = at(&order, step);
                order.remove(from);
                order.insert(target, step);
            }
            Edit::Repeat { step } => order.insert(at(&order, step), step),
            _ => {}
        }
    }
    for edit in edits {
        match edit {
            Edit::Drop { step } => order.retain(|s| s != step),
            Edit::Truncate { lost } => order.retain(|s| *s < STEPS - lost),
            _ => {}
        }
    }
    order
}

proptest! {
    #[test]
    fn truth_is_consistent_with_the_edits(performance in any_performance()) {
        let truth = performance.truth();
        prop_assert_eq!(order(&truth), expected_order(performance.edits()));

        let lost = performance.edits().iter().find_map(|edit| match edit {
            Edit::Truncate { lost } => Some(*lost),
            _ => None,
        });
        let kept = STEPS - lost.unwrap_or(0);
        let told = performance.edits().iter().map(|edit| match edit {
            Edit::IdlePause { .. } => 0,
            Edit::Insert { after, .. } => usize::from(*after < kept),
            Edit::Truncate { lost } => *lost,
            _ => 1,
        });
        prop_assert_eq!(truth.deviations.len(), told.sum::<usize>());
        for mistake in &truth.deviations {
            let missing = mistake.kind == DeviationKind::MissingStep;
            let extra = mistake.kind == DeviationKind::ExtraActivity;
            prop_assert_eq!(mistake.trainee_time.is_none(), missing);
            prop_assert_eq!(mistake.gold_step.is_none(), extra);
        }
    }

    #[test]
    fn activities_follow_each_other_within_the_video(performance in any_performance()) {
        let mut now = 0.0;
        for slot in performance.schedule() {
            prop_assert!(slot.start_s > now && slot.end_s > slot.start_s, "{slot:?} at {now}");
            now = slot.end_s;
        }
        let cut = performance.edits().iter().any(|e| matches!(e, Edit::Truncate { .. }));
        prop_assert_eq!(now < performance.seconds(), !cut || now == 0.0);
    }

    #[test]
    fn a_mistake_leaves_the_other_steps_as_they_are(
        seed in any::<u64>(),
        edit in any_edit(),
    ) {
        let procedure = Procedure::demo(1);
        let good = Performance::new(&procedure, seed).truth();
        let bad = Performance::new(&procedure, seed).with(edit).unwrap();
        for done in bad.truth().steps_done {
            if !edit.changes(STEPS).contains(&done.step) {
                let usual = &good.steps_done[done.step];
                let length = usual.end_s - usual.start_s;
                prop_assert!((done.end_s - done.start_s - length).abs() < 1e-9);
            }
        }
    }
}

#[test]
fn slow_and_fast_stretch_the_step() {
    let procedure = Procedure::demo(0);
    let length = |edit: Option<Edit>| {
        let usual = Performance::new(&procedure, 5);
        let performance = edit.map_or(usual.clone(), |edit| usual.with(edit).unwrap());
        let done = performance.truth().steps_done[3];
        done.end_s - done.start_s
    };
    let usual = length(None);
    let slow = length(Some(Edit::Slow {
        step: 3,
        factor: 3.0,
    }));
    let fast = length(Some(Edit::Fast {
        step: 3,
        factor: 2.0,
    }));
    let half = length(Some(Edit::Incomplete {
        step: 3,
        fraction: 0.5,
    }));
    assert!((slow / usual - 3.0).abs() < 1e-9);
    assert!((fast / usual - 0.5).abs() < 1e-9);
    assert!(
        (half / usual - 0.7).abs() < 1e-9,
        "reach and return stay whole"
    );
}

#[test]
fn a_step_takes_one_edit() {
    let performance = Performance::new(&Procedure::demo(0), 1)
        .with(Edit::MoveTo { step: 2, to: 5 })
        .unwrap();
    let error = performance.with(Edit::Drop { step: 4 }).unwrap_err();
    assert!(
        matches!(error, EditError::Conflict { step: 4, .. }),
        "{error}"
    );
}

#[test]
fn gold_steps_are_the_steps_of_the_gold() {
    let procedure = Procedure::demo(3);
    let steps = Performance::gold(&procedure).gold_steps();
    assert_eq!(steps.len(), procedure.steps().len());
    for (step, spec) in steps.iter().zip(procedure.steps()) {
        assert_eq!((&step.name, step.critical), (&spec.name, spec.critical));
        assert!((step.time.end_s - step.time.start_s - spec.duration_s).abs() < 1e-9);
    }
}

/// A procedure that demands the order of some of its steps only.
fn partly_free() -> Procedure {
    (0..1000)
        .map(|seed| Procedure::generate(Style::Bench, seed))
        .find(|procedure| {
            let pairs = (1..procedure.steps().len()).map(|step| procedure.precedes(step - 1, step));
            matches!(procedure.order(), Order::Partial(_))
                && pairs.clone().any(|p| p)
                && !pairs.clone().all(|p| p)
        })
        .unwrap()
}

#[test]
fn a_swap_is_a_mistake_only_where_the_order_is_demanded() {
    let procedure = partly_free();
    for first in 0..procedure.steps().len() - 1 {
        let swapped = Performance::new(&procedure, 1)
            .with(Edit::Swap { first })
            .unwrap();
        let truth = swapped.truth();
        assert_eq!(
            truth.deviations.len(),
            usize::from(procedure.precedes(first, first + 1))
        );
        assert_eq!(truth.steps_done[first].step, first + 1);
    }
}

#[test]
fn a_step_moved_far_names_what_it_jumped_over() {
    let moved = Performance::new(&Procedure::demo(0), 1)
        .with(Edit::MoveTo { step: 5, to: 2 })
        .unwrap();
    let [told] = &moved.truth().deviations[..] else {
        panic!("one mistake")
    };
    assert_eq!(
        (told.gold_step, &told.jumped_over[..]),
        (Some(5), &[2, 3, 4][..])
    );
}

#[test]
fn pace_follows_the_conditions() {
    let procedure = Procedure::demo(0);
    let ratios = |pace| -> Vec<f64> {
        let conditions = Conditions {
            pace,
            ..Conditions::SAME
        };
        (0..40)
            .flat_map(|seed| {
                Performance::new(&procedure, seed)
                    .under(conditions)
                    .truth()
                    .steps_done
            })
            .map(|done| (done.end_s - done.start_s) / procedure.steps()[done.step].duration_s)
            .collect()
    };
    let within =
        |ratios: &[f64], low, high| ratios.iter().all(|ratio| (low..=high).contains(ratio));
    assert!(within(&ratios(Change::Same), 1.0 - 1e-9, 1.0 + 1e-9));
    assert!(within(&ratios(Change::Mild), 0.88 * 0.93, 1.18 * 1.07));
    let strong = ratios(Change::Strong);
    assert!(within(&strong, 0.78 * 0.75, 1.35 * 1.25) && !within(&strong, 0.75, 1.3));
}
