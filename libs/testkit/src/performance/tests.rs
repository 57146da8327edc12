//! The truth says what the edits did.

use proptest::prelude::*;

use super::*;

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
        step().prop_map(|step| Edit::WrongObject { step }),
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
        if let Edit::Drop { step } = edit {
            order.retain(|s| s != step);
        }
    }
    order
}

proptest! {
    #[test]
    fn truth_is_consistent_with_the_edits(performance in any_performance()) {
        let truth = performance.truth(RenderOptions::default());
        prop_assert_eq!(order(&truth), expected_order(performance.edits()));

        let pauses = performance.edits().iter().filter(|e| matches!(e, Edit::IdlePause { .. }));
        let pauses = pauses.count();
        prop_assert_eq!(truth.pauses.len(), pauses);
        prop_assert_eq!(truth.mistakes.len(), performance.edits().len() - pauses);
        for mistake in &truth.mistakes {
            let missing = mistake.kind == DeviationKind::MissingStep;
            let extra = mistake.kind == DeviationKind::ExtraActivity;
            prop_assert_eq!(mistake.trainee_time.is_none(), missing);
            prop_assert_eq!(mistake.gold_step.is_none(), extra);
            prop_assert_eq!(mistake.gold_time.is_none(), extra);
        }
    }

    #[test]
    fn activities_follow_each_other_within_the_video(performance in any_performance()) {
        let truth = performance.truth(RenderOptions::default());
        let mut now = 0.0;
        for slot in performance.schedule() {
            prop_assert!(slot.start_s > now && slot.end_s > slot.start_s, "{slot:?} at {now}");
            now = slot.end_s;
        }
        prop_assert!(now < truth.seconds);
        prop_assert!(((truth.seconds * 25.0).round() - truth.seconds * 25.0).abs() < 1e-6, "whole frames: {}", truth.seconds);
    }

    #[test]
    fn a_mistake_leaves_the_other_steps_as_they_are(
        seed in any::<u64>(),
        edit in any_edit(),
    ) {
        let procedure = Procedure::demo(1);
        let good = Performance::new(&procedure, seed).truth(RenderOptions::default());
        let bad = Performance::new(&procedure, seed).with(edit).unwrap();
        for done in bad.truth(RenderOptions::default()).steps_done {
            if !edit.changes().contains(&done.step) {
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
        let done = performance.truth(RenderOptions::default()).steps_done[3];
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
    let truth = Performance::gold(&procedure).truth(RenderOptions::default());
    let steps = procedure.gold_steps(&truth);
    assert_eq!(steps.len(), procedure.steps.len());
    for (step, spec) in steps.iter().zip(&procedure.steps) {
        assert_eq!((&step.name, step.critical), (&spec.name, spec.critical));
        assert!((step.end_s - step.start_s - spec.duration_s).abs() < 1e-9);
        assert!((2.5..=5.0).contains(&spec.duration_s));
    }
}

#[test]
fn truth_survives_json() {
    let performance = Performance::new(&Procedure::demo(0), 9)
        .with(Edit::Swap { first: 1 })
        .unwrap();
    let truth = performance.truth(RenderOptions::default());
    let back: Truth = serde_json::from_str(&truth.to_json()).unwrap();
    assert_eq!(back.steps_done.len(), truth.steps_done.len());
    assert_eq!(back.mistakes[0].swapped_with, Some(2));
    assert!(truth.to_json().contains("\"out_of_order\""));
}
