//! Mistakes in a list of steps, told with file, line and step.

use sopilot_chassis::Reason;

use super::{Steps, file::KIND};
use crate::error::Error;

/// Maps the fields that the server names to places in the file.
pub(super) fn explain(steps: &Steps, error: Error) -> Error {
    if error.reason != Some(Reason::StepListInvalid) || error.violations.is_empty() {
        return error;
    }
    let line =
        |(field, description): &(String, String)| format!("{}: {description}", place(steps, field));
    KIND.listed(&steps.file, error.violations.iter().map(line).collect())
}

/// `steps.yaml:7:5: step "Drive" (gold_time)` for `procedure.steps[2].gold_time`.
fn place(steps: &Steps, field: &str) -> String {
    let file = &steps.file;
    let field = field.strip_prefix("procedure.").unwrap_or(field);
    let Some((index, rest)) = indexed(field, "steps") else {
        return match indexed(field, "precedences") {
            Some((index, _)) => match steps.procedure.precedences.get(index) {
                Some(pair) => {
                    let before = steps.step_name(pair.before as usize);
                    let after = steps.step_name(pair.after as usize);
                    format!("{file}: precedence [{before}, {after}]")
                }
                None => format!("{file}: {field}"),
            },
            None => format!("{file}: {}", in_the_file(field)),
        };
    };
    let name = steps.step_name(index);
    let part = in_the_file(rest.trim_start_matches('.'));
    let part = if part.is_empty() {
        String::new()
    } else {
        format!(" ({part})")
    };
    match steps.places.get(index) {
        Some((line, column)) => format!(
            "{file}:{line}:{column}: step {} \"{name}\"{part}",
            index + 1
        ),
        None => format!("{file}: step {}{part}", index + 1),
    }
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
