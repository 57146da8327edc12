//! Every mistake in a procedure, found at once.

use std::collections::HashMap;

use crate::hierarchy::Hierarchy;
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
        let hierarchy = check_parents(&self.steps, &mut found);
        check_times(&self.steps, &mut found);
        check_order(&self.order, &self.steps, hierarchy.as_ref(), &mut found);
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
            found.add(
                field,
                format!(
                    "the name \"{name}\" is also that of the step at place {}: names must differ",
                    first + 1
                ),
            );
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

/// The shape of the list, if it has one.
fn check_parents(steps: &[Step], found: &mut Violations) -> Option<Hierarchy> {
    let before = found.0.len();
    for (index, step) in steps.iter().enumerate() {
        if let Some(mistake) = Hierarchy::mistake(steps, index) {
            let message = format!("step \"{}\" {mistake}", step.name);
            found.add(format!("steps[{index}].parent"), message);
        }
    }
    if found.0.len() > before {
        return None;
    }
    let hierarchy = Hierarchy::of(steps);
    for (index, step) in steps.iter().enumerate() {
        if hierarchy.has_parts(index) && step.gold_time.is_some() {
            let message = format!(
                "step \"{}\" has parts and takes its time from them: remove its own",
                step.name
            );
            found.add(format!("steps[{index}].gold_time"), message);
        }
    }
    Some(hierarchy)
}

fn check_times(steps: &[Step], found: &mut Violations) {
    let has_parts = |index: usize| steps.iter().any(|step| step.parent == Some(index));
    let timed = (steps.iter().enumerate())
        .filter(|(index, step)| step.gold_time.is_some() && !has_parts(*index))
        .count();
    let mut before: Option<(&str, &TimeRange)> = None;
    for (index, step) in steps.iter().enumerate() {
        if has_parts(index) {
            continue;
        }
        let field = format!("steps[{index}].gold_time");
        let Some(time) = &step.gold_time else {
            if timed > 0 {
                let message = format!(
                    "step \"{}\" has no time, but {timed} of {} steps have one: give times for all steps or for none",
                    step.name,
                    (0..steps.len()).filter(|&step| !has_parts(step)).count()
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

fn check_order(
    order: &Order,
    steps: &[Step],
    hierarchy: Option<&Hierarchy>,
    found: &mut Violations,
) {
    let Order::Partial(precedences) = order else {
        return;
    };
    let count = steps.len();
    let mut sound = true;
    for (index, &(before, after)) in precedences.iter().enumerate() {
        let field = format!("precedences[{index}]");
        if before >= count || after >= count {
            found.add(
                field,
                format!("step {before} before step {after}: steps are counted from 0, and there are only {count}"),
            );
            sound = false;
        } else if before == after {
            found.add(
                field,
                format!(
                    "\"{}\" cannot come before itself: remove this precedence",
                    steps[before].name
                ),
            );
            sound = false;
        } else if let Some(tree) = hierarchy
            && (tree.is_in(before, after) || tree.is_in(after, before))
        {
            found.add(
                field,
                format!("one of \"{}\" and \"{}\" is a part of the other, so neither comes first: remove this precedence", steps[before].name, steps[after].name),
            );
            sound = false;
        }
    }
    let Some(tree) = hierarchy.filter(|_| sound && count <= Procedure::MAX_STEPS) else {
        return;
    };
    let leaves = tree.leaves();
    let closure = tree.order(order, &leaves);
    let of = |step: usize| -> Vec<usize> {
        (0..leaves.len())
            .filter(|&leaf| tree.is_in(leaves[leaf], step))
            .collect()
    };
    for (index, &(before, after)) in precedences.iter().enumerate() {
        let (earlier, later) = (of(before), of(after));
        let is_reversed =
            |first: &usize| later.iter().any(|second| closure.precedes(*second, *first));
        if earlier.iter().any(is_reversed) {
            found.add(
                format!("precedences[{index}]"),
                format!(
                    "\"{0}\" before \"{1}\" closes a circle, for \"{1}\" must also come before \"{0}\": remove one precedence of the circle",
                    steps[before].name, steps[after].name
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
mod tests;
