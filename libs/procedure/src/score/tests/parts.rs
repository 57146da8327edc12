//! Steps that have parts.

use super::*;
use crate::procedure::Step;

/// Work of six steps, written as three steps of two parts each: step 0 has the
/// parts 1 and 2, step 3 the parts 4 and 5, step 6 the parts 7 and 8.
fn grouped(procedure: &mut Procedure) {
    let mut steps = Vec::new();
    for (group, pair) in procedure.steps.chunks(2).enumerate() {
        let parent = Some(steps.len());
        steps.push(Step::named(format!("group {group}")));
        steps.extend(pair.iter().cloned().map(|step| Step { parent, ..step }));
    }
    procedure.steps = steps;
}

/// The outcome for every seed.
fn outcomes(acts: &[usize], change: impl Fn(&mut Procedure)) -> Vec<ScoreOutcome> {
    let acts: Vec<Act> = acts.iter().map(|&step| Act::Step(step, 1.0)).collect();
    let run = |seed| {
        let work = Work::new(seed, 6);
        run_with(&work, &acts, seed, |procedure| {
            grouped(procedure);
            change(procedure);
        })
    };
    SEEDS.map(run).collect()
}

/// Nearly always, and never worse than once off.
fn mostly(outcomes: &[ScoreOutcome], holds: impl Fn(&ScoreOutcome) -> bool) {
    let right = outcomes.iter().filter(|outcome| holds(outcome)).count();
    let found: Vec<_> = outcomes.iter().map(kinds).collect();
    assert!(right + 1 >= outcomes.len(), "{right}: {found:?}");
}

fn statuses(outcome: &ScoreOutcome) -> Vec<StepStatus> {
    outcome.steps.iter().map(|step| step.status).collect()
}

#[test]
fn work_done_right_is_right_at_every_level() {
    let all = outcomes(&[0, 1, 2, 3, 4, 5], |_| ());
    mostly(&all, |outcome| {
        outcome.score == 100.0 && statuses(outcome) == [StepStatus::Done; 9]
    });
    let steps = &all[0].steps;
    let parents: Vec<Option<u32>> = steps.iter().map(|step| step.parent).collect();
    let (a, b, c) = (Some(0), Some(3), Some(6));
    assert_eq!(parents, [None, a, a, None, b, b, None, c, c]);
    assert_eq!(steps[3].name, "group 1");
    assert_eq!(steps[3].gold_time.start_s, steps[4].gold_time.start_s);
    assert_eq!(steps[3].gold_time.end_s, steps[5].gold_time.end_s);
    let time = |step: usize| steps[step].trainee_time.unwrap();
    assert_eq!(
        (time(3).start_s, time(3).end_s),
        (time(4).start_s, time(5).end_s)
    );
}

#[test]
fn a_part_that_is_missing_is_named_and_makes_its_step_wrong() {
    let all = outcomes(&[0, 1, 2, 4, 5], |_| ());
    mostly(&all, |outcome| {
        kinds(outcome) == [(DeviationType::MissingStep, Some(5))]
            && (outcome.score - (100.0 - 100.0 / 6.0)).abs() < 1e-9
            && outcome.steps[3].status == StepStatus::Wrong
    });
}

#[test]
fn a_step_of_which_all_parts_are_missing_is_missing_as_a_whole() {
    let all = outcomes(&[0, 1, 4, 5], |procedure| {
        procedure.thresholds.pass_score = 95.0;
        procedure.thresholds.fail_score = 90.0;
    });
    mostly(&all, |outcome| {
        kinds(outcome) == [(DeviationType::MissingStep, Some(3))]
            && (outcome.score - 100.0 * 2.0 / 3.0).abs() < 1e-9
            && statuses(outcome)[3..6] == [StepStatus::Missing; 3]
            && outcome.deviations[0].step_name == "group 1"
            && outcome.verdict == Verdict::Fail
            && outcome.deviations[0].verdict_without == Verdict::Pass
    });
}

#[test]
fn a_step_done_at_the_wrong_place_with_all_its_parts_is_one_deviation() {
    let all = outcomes(&[2, 3, 0, 1, 4, 5], |_| ());
    mostly(&all, |outcome| {
        let [(DeviationType::OutOfOrder, Some(step))] = kinds(outcome)[..] else {
            return false;
        };
        step == 0 || step == 3
    });
    let all = outcomes(&[0, 1, 0, 1, 2, 3, 4, 5], |_| ());
    mostly(&all, |outcome| {
        kinds(outcome) == [(DeviationType::RepeatedStep, Some(0))]
    });
}

#[test]
fn what_holds_for_a_step_holds_for_its_parts() {
    let critical = outcomes(&[0, 1, 2, 4, 5], |procedure| {
        procedure.steps[3].critical = true;
    });
    let reason = "\"step 3\", a part of the critical step \"group 1\", was left out.";
    mostly(&critical, |outcome| {
        outcome.verdict == Verdict::Fail && outcome.verdict_reason == reason
    });
    let optional = |procedure: &mut Procedure| procedure.steps[3].optional = true;
    mostly(&outcomes(&[0, 1, 4, 5], optional), |outcome| {
        outcome.score == 100.0 && statuses(outcome)[3..6] == [StepStatus::Skipped; 3]
    });
    // Begun, it must be done whole.
    mostly(&outcomes(&[0, 1, 2, 4, 5], optional), |outcome| {
        kinds(outcome) == [(DeviationType::MissingStep, Some(5))]
    });
    let heavy = outcomes(&[0, 1, 2, 4, 5], |procedure| {
        procedure.steps[3].weight = 2.0;
        procedure.steps[5].weight = 3.0;
    });
    mostly(&heavy, |outcome| {
        (outcome.score - (100.0 - 50.0 * 0.75)).abs() < 1e-9
    });
}

#[test]
fn a_free_order_of_steps_frees_their_parts_only_with_them() {
    let free = |procedure: &mut Procedure| {
        procedure.order = Order::Partial(vec![(1, 2), (4, 5), (7, 8), (3, 6)]);
    };
    mostly(&outcomes(&[2, 3, 0, 1, 4, 5], free), |outcome| {
        outcome.score == 100.0
    });
    mostly(&outcomes(&[1, 0, 2, 3, 4, 5], free), |outcome| {
        let [(DeviationType::OutOfOrder, Some(step))] = kinds(outcome)[..] else {
            return false;
        };
        step == 1 || step == 2
    });
}

#[test]
fn a_limit_for_the_time_of_a_whole_step_is_held_against_all_its_parts() {
    let limited = |max_s| {
        outcomes(&[0, 1, 2, 3, 4, 5], move |procedure| {
            procedure.steps[3].duration = Some(DurationRange { min_s: 0.0, max_s });
        })
    };
    mostly(&limited(3.0), |outcome| {
        kinds(outcome) == [(DeviationType::OverTime, Some(3))]
            && (outcome.score - (100.0 - 0.2 * 100.0 / 3.0)).abs() < 1e-9
            && outcome.steps[3].status == StepStatus::Deviated
            && outcome.deviations[0].reason.contains("\"group 1\" took")
    });
    mostly(&limited(100.0), |outcome| outcome.score == 100.0);
}

/// Step 2 of the work is cut after its first two seconds, which are too short.
fn cut(procedure: &mut Procedure) {
    let mut whole = procedure.steps[2].clone();
    let time = whole.gold_time.take().unwrap();
    let part = |name: &str, start_s, end_s| Step {
        parent: Some(2),
        gold_time: Some(TimeRange { start_s, end_s }),
        ..Step::named(name)
    };
    let middle_s = time.start_s + 2.0;
    let parts = [
        whole,
        part("begin", time.start_s, middle_s),
        part("go on", middle_s, time.end_s),
    ];
    procedure.steps.splice(2..3, parts);
}

#[test]
fn a_step_with_a_part_too_short_is_judged_as_a_whole() {
    for (acts, expected) in [
        (&[0, 1, 2, 3, 4, 5][..], None),
        (&[0, 1, 3, 4, 5][..], Some(2)),
    ] {
        let acts: Vec<Act> = acts.iter().map(|&step| Act::Step(step, 1.0)).collect();
        let all: Vec<ScoreOutcome> = SEEDS
            .map(|seed| run_with(&Work::new(seed, 6), &acts, seed, cut))
            .collect();
        mostly(&all, |outcome| {
            let missing = |step| (DeviationType::MissingStep, Some(step));
            kinds(outcome) == expected.map(missing).into_iter().collect::<Vec<_>>()
                && statuses(outcome)[3..5] == [StepStatus::Unresolved; 2]
        });
    }
}

#[test]
fn the_lint_says_what_is_judged_as_a_whole() {
    let gold = Work::new(2, 6).gold(2);
    let mut procedure = gold.procedure();
    cut(&mut procedure);
    let compared = compare(&procedure, &gold, &[], &gold);
    let resolved: Vec<bool> = (compared.prepared.steps.iter())
        .map(|step| step.resolved)
        .collect();
    assert_eq!(resolved, [true, true, false, true, true, true, true]);
    let lint = &compared.prepared.lint;
    assert_eq!(lint.len(), 1, "{lint:?}");
    assert_eq!(lint[0].steps, [3]);
    assert!(lint[0].message.contains("\"step 2\" is judged as a whole"));
}
