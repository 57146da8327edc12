use super::*;
use crate::procedure::DurationRange;

fn timed(name: &str, start_s: f64, end_s: f64) -> Step {
    Step {
        gold_time: Some(TimeRange { start_s, end_s }),
        ..Step::named(name)
    }
}

fn violations(procedure: &Procedure) -> Vec<(String, String)> {
    procedure
        .validate()
        .into_iter()
        .map(|violation| (violation.field, violation.message))
        .collect()
}

fn only(steps: Vec<Step>) -> (String, String) {
    let found = violations(&Procedure {
        steps,
        ..Procedure::default()
    });
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

#[test]
fn sound_procedures_have_no_violation() {
    assert!(Procedure::default().validate().is_empty());
    let steps = vec![
        timed("a", 0.0, 2.0),
        timed("b", 2.0, 3.0),
        timed("c", 5.0, 6.0),
    ];
    let order = Order::Partial(vec![(0, 2), (1, 2)]);
    assert!(
        Procedure {
            steps,
            order,
            ..Procedure::default()
        }
        .validate()
        .is_empty()
    );
}

#[test]
fn names_are_checked() {
    assert_eq!(only(vec![Step::named(" ")]).0, "steps[0].name");
    assert!(only(vec![Step::named("é".repeat(201))]).1.contains("201"));
    assert!(
        Procedure {
            steps: vec![Step::named("é".repeat(200))],
            ..Procedure::default()
        }
        .validate()
        .is_empty()
    );
    assert!(only(vec![Step::named("a\nb")]).1.contains("control"));
    let (field, message) = only(vec![Step::named("a"), Step::named("b"), Step::named("a ")]);
    assert_eq!(field, "steps[2].name");
    assert!(message.contains("at place 1"), "{message}");
}

#[test]
fn times_are_checked() {
    for (step, word) in [
        (timed("a", f64::NAN, 1.0), "finite"),
        (timed("a", 0.0, f64::INFINITY), "finite"),
        (timed("a", -1.0, 1.0), "before the video"),
        (timed("a", 2.0, 2.0), "not after its start"),
    ] {
        let (field, message) = only(vec![step]);
        assert_eq!(field, "steps[0].gold_time");
        assert!(message.contains(word), "{message}");
    }
    let (field, message) = only(vec![timed("a", 0.0, 1.0), Step::named("b")]);
    assert_eq!(field, "steps[1].gold_time");
    assert!(message.contains("1 of 2"), "{message}");
    let (field, message) = only(vec![timed("wash", 0.0, 3.0), timed("dry", 2.5, 4.0)]);
    assert_eq!(field, "steps[1].gold_time");
    for part in [
        "\"wash\" (0 s to 3 s)",
        "\"dry\" (2.5 s to 4 s)",
        "end the first",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert!(
        only(vec![timed("a", 5.0, 6.0), timed("b", 1.0, 2.0)])
            .1
            .contains("listed before")
    );
    // The short step inside the long one must not hide that the third
    // overlaps the long one, too.
    let steps = vec![
        timed("long", 0.0, 10.0),
        timed("short", 1.0, 2.0),
        timed("third", 3.0, 4.0),
    ];
    assert_eq!(
        violations(&Procedure {
            steps,
            ..Procedure::default()
        })
        .len(),
        2
    );
}

#[test]
fn weights_and_durations_are_checked() {
    for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(
            only(vec![Step {
                weight,
                ..Step::named("a")
            }])
            .0,
            "steps[0].weight"
        );
    }
    for (min_s, max_s) in [(2.0, 1.0), (-1.0, 1.0), (0.0, 0.0), (f64::NAN, 1.0)] {
        let duration = Some(DurationRange { min_s, max_s });
        assert_eq!(
            only(vec![Step {
                duration,
                ..Step::named("a")
            }])
            .0,
            "steps[0].duration"
        );
    }
}

#[test]
fn precedences_are_checked() {
    let steps: Vec<Step> = ["a", "b", "c"].map(Step::named).into();
    let with = |pairs: &[(usize, usize)]| {
        violations(&Procedure {
            steps: steps.clone(),
            order: Order::Partial(pairs.to_vec()),
            ..Procedure::default()
        })
    };
    assert!(with(&[(0, 1), (0, 2)]).is_empty());
    assert_eq!(with(&[(0, 1), (1, 3)])[0].0, "precedences[1]");
    assert_eq!(with(&[(1, 1)])[0].0, "precedences[0]");
    assert_eq!(with(&[(0, 1), (1, 2), (2, 0)]).len(), 3);
    // A precedence outside the circle is not blamed for it.
    assert_eq!(with(&[(0, 1), (1, 0), (1, 2)]).len(), 2);
}

#[test]
fn thresholds_are_checked() {
    let with = |thresholds| {
        violations(&Procedure {
            thresholds,
            ..Procedure::default()
        })
    };
    let fine = Thresholds::default();
    for (thresholds, field) in [
        (
            Thresholds {
                pass_score: 101.0,
                ..fine
            },
            "thresholds.pass_score",
        ),
        (
            Thresholds {
                pass_score: f64::NAN,
                ..fine
            },
            "thresholds.pass_score",
        ),
        (
            Thresholds {
                fail_score: 90.0,
                ..fine
            },
            "thresholds.fail_score",
        ),
        (
            Thresholds {
                over_time_ratio: 1.0,
                ..fine
            },
            "thresholds.over_time_ratio",
        ),
        (
            Thresholds {
                under_time_ratio: 1.0,
                ..fine
            },
            "thresholds.under_time_ratio",
        ),
        (
            Thresholds {
                min_confidence: -0.1,
                ..fine
            },
            "thresholds.min_confidence",
        ),
    ] {
        let found = with(thresholds);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, field);
    }
}

#[test]
fn every_mistake_is_found_at_once() {
    let mut steps: Vec<Step> = (0..201).map(|i| Step::named(format!("s{i}"))).collect();
    steps[3].weight = 0.0;
    steps[4].name.clear();
    let thresholds = Thresholds {
        min_confidence: 2.0,
        ..Thresholds::default()
    };
    let found = violations(&Procedure {
        steps,
        thresholds,
        ..Procedure::default()
    });
    let fields: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "steps",
            "steps[4].name",
            "steps[3].weight",
            "thresholds.min_confidence"
        ]
    );
}
