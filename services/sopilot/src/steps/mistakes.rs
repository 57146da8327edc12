//! Mistakes in a list of steps, told with file, line and step.

use sopilot_chassis::Reason;
use sopilot_procedure::Violation;

use super::{
    Steps,
    file::{self, KIND, Listed},
};
use crate::{
    error::Error,
    yaml::{Found, Node, Place},
};

/// Maps the fields that the server names to places in the file.
pub(super) fn explain(steps: &Steps, error: Error) -> Error {
    if error.reason != Some(Reason::StepListInvalid) || error.violations.is_empty() {
        return error;
    }
    let mut found = Found::new(&KIND, &steps.file);
    let listed = file::listed(&steps.document);
    for (field, description) in &error.violations {
        add(steps, &listed, field, description, &mut found);
    }
    found.none_or_all().err().unwrap_or(error)
}

/// Adds what follows from no mistake that is already among `found`: where a time cannot be read,
/// what it does to its neighbours says nothing.
pub(super) fn add_independent(steps: &Steps, violations: &[Violation], found: &mut Found<'_>) {
    let listed = file::listed(&steps.document);
    let times_wrong = listed.iter().any(|(step, _)| is_time_wrong(step, found));
    let follows = |violation: &Violation| match indexed(&violation.field, "steps") {
        // A time says something about its neighbours.
        Some((_, ".gold_time")) => times_wrong,
        Some((index, rest)) => listed.get(index).is_some_and(|(step, _)| {
            let name = in_the_file(rest.trim_start_matches('.'));
            name == "name" && step.field(name).is_none() || is_field_wrong(step, name, found)
        }),
        None => is_threshold_wrong(&steps.document, in_the_file(&violation.field), found),
    };
    let independent: Vec<&Violation> = (violations.iter())
        .filter(|violation| !follows(violation))
        .collect();
    for violation in independent {
        add(steps, &listed, &violation.field, &violation.message, found);
    }
}

fn is_time_wrong(step: &Node, found: &Found<'_>) -> bool {
    step.field("start").is_some() != step.field("end").is_some()
        || step.fields().next().is_none()
        || is_field_wrong(step, "start", found)
        || is_field_wrong(step, "end", found)
}

fn is_threshold_wrong(document: &Node, field: &str, found: &Found<'_>) -> bool {
    let Some((within, name)) = field.split_once('.') else {
        return false;
    };
    document.field(within).is_some_and(|thresholds| {
        is_field_wrong(thresholds, name, found)
            || name == "fail" && is_field_wrong(thresholds, "pass", found)
    })
}

fn is_field_wrong(node: &Node, name: &str, found: &Found<'_>) -> bool {
    (node.fields().filter(|(key, _)| key.name == name))
        .any(|(key, value)| found.is_at(key.place) || is_wrong(value, found))
}

/// True if something in this node is wrong.
fn is_wrong(node: &Node, found: &Found<'_>) -> bool {
    found.is_at(node.place)
        || node.entries().iter().any(|entry| is_wrong(entry, found))
        || (node.fields()).any(|(key, value)| found.is_at(key.place) || is_wrong(value, found))
}

fn add(
    steps: &Steps,
    listed: &[Listed<'_>],
    field: &str,
    description: &str,
    found: &mut Found<'_>,
) {
    let field = field.strip_prefix("procedure.").unwrap_or(field);
    let (place, subject) = subject(steps, listed, field);
    found.add(place, format!("{subject}: {}", in_its_words(description)));
}

/// `7:5` and `step 3 "Drive" (start, end)` for `steps[2].gold_time`.
fn subject(steps: &Steps, listed: &[Listed<'_>], field: &str) -> (Option<Place>, String) {
    if let Some((index, rest)) = indexed(field, "steps") {
        let place = listed.get(index).map(|(step, _)| step.place);
        let name = steps.step_name(index);
        let part = match in_the_file(rest.trim_start_matches('.')) {
            "" => String::new(),
            part => format!(" ({part})"),
        };
        return (place, format!("step {} \"{name}\"{part}", index + 1));
    }
    if let Some((index, _)) = indexed(field, "precedences")
        && let Some((pair, [before, after])) = file::precedences(&steps.document).nth(index)
    {
        let subject = format!("precedence [{before}, {after}]");
        return (Some(pair.place), subject);
    }
    let field = in_the_file(field);
    (place_of(&steps.document, field), field.to_owned())
}

/// Where a field such as `thresholds.fail` stands, or what it would stand in.
pub(super) fn place_of(document: &Node, field: &str) -> Option<Place> {
    let mut place = None;
    let mut within = document;
    for name in field.split('.') {
        let Some((key, value)) = within.fields().find(|(key, _)| key.name == name) else {
            break;
        };
        (place, within) = (Some(key.place), value);
    }
    place
}

/// The index and the rest of `list[index]rest`.
fn indexed<'a>(field: &'a str, list: &str) -> Option<(usize, &'a str)> {
    let (index, rest) = field
        .strip_prefix(list)?
        .strip_prefix('[')?
        .split_once(']')?;
    Some((index.parse().ok()?, rest))
}

/// A field of the contract as the file calls it.
fn in_the_file(field: &str) -> &str {
    match field {
        "gold_time" => "start, end",
        "parent" => "steps",
        "order_policy" => "order",
        "thresholds.pass_score" => "thresholds.pass",
        "thresholds.fail_score" => "thresholds.fail",
        "thresholds.over_time_ratio" => "thresholds.over_time",
        "thresholds.under_time_ratio" => "thresholds.under_time",
        other => other,
    }
}

/// A description that names the contract's fields, with those of the file.
fn in_its_words(description: &str) -> String {
    description
        .replace(
            "set order_policy to ORDER_POLICY_PARTIAL",
            "add `order: partial`",
        )
        .replace("pass_score", "`pass`")
}
