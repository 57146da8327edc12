//! Every mistake in a procedure, found at once.

use std::collections::HashMap;

use crate::order::StepOrder;
use crate::procedure::{Order, Procedure, Step, Thresholds, TimeRange};

/// One mistake in a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where it is, as a path of the protobuf message, for example
    /// `steps[2].gold_time`.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Procedure {
    /// Finds every mistake that can be found without the gold video; empty if
    /// there is none. Whether times lie inside the gold is checked when the
    /// gold is prepared.
    pub fn validate(&self) -> Vec<Violation> {
        let mut found = Violations::default();
        if self.steps.len() > Self::MAX_STEPS {
            found.add(
                "steps",
                format!(
                    "there are {} steps, at most {} are allowed: merge small steps or split the procedure",
                    self.steps.len(),
                    Self::MAX_STEPS
                ),
            );
        }
        check_names(&self.steps, &mut found);
        for (index, step) in self.steps.iter().enumerate() {
            check_numbers(index, step, &mut found);
        }
        check_times(&self.steps, &mut found);
        check_order(&self.order, self.steps.len(), &mut found);
        check_thresholds(&self.thresholds, &mut found);
        found.0
    }
}

/// Mistakes in one stretch of time on its own, worded to follow its name.
pub(crate) fn time_mistake(time: &TimeRange) -> Option<String> {
    let TimeRange { start_s, end_s } = *time;
    if !start_s.is_finite() || !end_s.is_finite() {
        Some(
            "has a time that is not a finite number: give seconds from the start of the video"
                .to_owned(),
        )
    } else if start_s < 0.0 {
        Some(format!(
            "starts at {start_s} s, before the video: start at 0 s or later"
        ))
    } else if end_s <= start_s {
        Some(format!(
            "ends at {end_s} s, not after its start at {start_s} s: exchange or correct the two times"
        ))
    } else {
        None
    }
}

/// What is wrong with two neighbouring steps, both sound on their own.
pub(crate) fn neighbour_mistake(
    first: (&str, &TimeRange),
    second: (&str, &TimeRange),
) -> Option<String> {
    let ((first_name, first), (second_name, second)) = (first, second);
    if second.start_s < first.start_s {
        Some(format!(
            "step \"{second_name}\" ({} s to {} s) starts before step \"{first_name}\" ({} s to {} s), which is listed before it: list the steps in the order in which the gold shows them",
            second.start_s, second.end_s, first.start_s, first.end_s
        ))
    } else if second.start_s < first.end_s {
        Some(format!(
            "step \"{second_name}\" ({} s to {} s) overlaps step \"{first_name}\" ({} s to {} s): end the first at or before {} s or start the second at or after {} s",
            second.start_s, second.end_s, first.start_s, first.end_s, second.start_s, first.end_s
        ))
    } else {
        None
    }
}

#[derive(Default)]
struct Violations(Vec<Violation>);

impl Violations {
    fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Violation {
            field: field.into(),
            message: message.into(),
        });
    }
}

fn check_names(steps: &[Step], found: &mut Violations) {
    let mut first_use: HashMap<&str, usize> = HashMap::new();
    for (index, step) in steps.iter().enumerate() {
        let field = format!("steps[{index}].name");
        let name = step.name.trim();
        let chars = step.name.chars().count();
        if name.is_empty() {
            found.add(field, "the name is empty: give the step a name");
            continue;
        }
        if chars > Procedure::MAX_NAME_CHARS {
            found.add(
                field.clone(),
                format!(
                    "the name has {chars} characters, at most {} are allowed: shorten it and put the rest into the description",
                    Procedure::MAX_NAME_CHARS
                ),
            );
        }
        if step.name.chars().any(char::is_control) {
            found.add(
                field.clone(),
                "the name contains a control character, such as a tab or a line break: remove it",
            );
        }
        if let Some(first) = first_use.get(name) {
            found.add(field, format!("the name \"{name}\" is also that of step {first} (counted from 0): names must differ"));
        } else {
            first_use.insert(name, index);
        }
    }
}

fn check_numbers(index: usize, step: &Step, found: &mut Violations) {
    if !(step.weight > 0.0 && step.weight.is_finite()) {
        found.add(
            format!("steps[{index}].weight"),
            format!(
                "the weight {} is not a number greater than 0: mark the step optional if it should not count",
                step.weight
            ),
        );
    }
    if let Some(duration) = step.duration {
        let field = format!("steps[{index}].duration");
        let (min, max) = (duration.min_s, duration.max_s);
        if !min.is_finite() || !max.is_finite() {
            found.add(
                field,
                "the shortest and the longest duration must be finite numbers of seconds",
            );
        } else if min < 0.0 || max <= 0.0 {
            found.add(field, format!("the durations {min} s to {max} s must not be negative, and the longest must be greater than 0"));
        } else if max < min {
            found.add(
                field,
                format!("the longest duration ({max} s) is less than the shortest ({min} s): exchange or correct them"),
            );
        }
    }
}

fn check_times(steps: &[Step], found: &mut Violations) {
    let timed = steps.iter().filter(|step| step.gold_time.is_some()).count();
    let mut before: Option<(&str, &TimeRange)> = None;
    for (index, step) in steps.iter().enumerate() {
        let field = format!("steps[{index}].gold_time");
        let Some(time) = &step.gold_time else {
            if timed > 0 {
                let message = format!(
                    "step \"{}\" has no time, but {timed} of {} steps have one: give times for all steps or for none",
                    step.name,
                    steps.len()
                );
                found.add(field, message);
            }
            continue;
        };
        if let Some(mistake) = time_mistake(time) {
            found.add(field, format!("step \"{}\" {mistake}", step.name));
            continue;
        }
        if let Some(mistake) =
            before.and_then(|before| neighbour_mistake(before, (&step.name, time)))
        {
            found.add(field, mistake);
        }
        // Later steps are compared with the one that reaches furthest, so that
        // a long step cannot hide an overlap behind a short one.
        if before.is_none_or(|(_, reach)| time.end_s >= reach.end_s) {
            before = Some((&step.name, time));
        }
    }
}

fn check_order(order: &Order, steps: usize, found: &mut Violations) {
    let Order::Partial(precedences) = order else {
        return;
    };
    let mut sound = true;
    for (index, &(before, after)) in precedences.iter().enumerate() {
        let field = format!("precedences[{index}]");
        if before >= steps || after >= steps {
            found.add(
                field,
                format!("step {before} before step {after}: steps are counted from 0, and there are only {steps}"),
            );
            sound = false;
        } else if before == after {
            found.add(
                field,
                format!("step {before} cannot come before itself: remove this precedence"),
            );
            sound = false;
        }
    }
    if !sound || steps > Procedure::MAX_STEPS {
        return;
    }
    let closure = StepOrder::new(order, steps);
    for (index, &(before, after)) in precedences.iter().enumerate() {
        if closure.precedes(after, before) {
            found.add(
                format!("precedences[{index}]"),
                format!(
                    "step {before} before step {after} closes a circle, for step {after} must also come before step {before}: remove one precedence of the circle"
                ),
            );
        }
    }
}

fn check_thresholds(thresholds: &Thresholds, found: &mut Violations) {
    let Thresholds {
        pass_score,
        fail_score,
        over_time_ratio,
        under_time_ratio,
        min_confidence,
    } = *thresholds;
    let mut check = |fine: bool, field: &str, message: String| {
        if !fine {
            found.add(format!("thresholds.{field}"), message);
        }
    };
    check(
        (0.0..=100.0).contains(&pass_score),
        "pass_score",
        format!("{pass_score} is not from 0 to 100"),
    );
    check(
        (0.0..=100.0).contains(&fail_score),
        "fail_score",
        format!("{fail_score} is not from 0 to 100"),
    );
    check(
        fail_score <= pass_score || fail_score.is_nan() || pass_score.is_nan(),
        "fail_score",
        format!(
            "{fail_score} is greater than pass_score ({pass_score}): a score cannot pass and fail"
        ),
    );
    check(
        over_time_ratio > 1.0 && over_time_ratio.is_finite(),
        "over_time_ratio",
        format!("{over_time_ratio} is not greater than 1"),
    );
    check(
        under_time_ratio > 0.0 && under_time_ratio < 1.0,
        "under_time_ratio",
        format!("{under_time_ratio} is not between 0 and 1"),
    );
    check(
        (0.0..=1.0).contains(&min_confidence),
        "min_confidence",
        format!("{min_confidence} is not from 0 to 1"),
    );
}

#[cfg(test)]
mod tests {
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
        assert!(message.contains("step 0"), "{message}");
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
}
