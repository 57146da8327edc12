//! Lists of steps and truths as YAML. A JSON string is a YAML string, too.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;
use sopilot_judge::{TimeRange, TrueDeviation, Truth};
use sopilot_testkit::{Order, Performance, Procedure};

/// The list of steps of a procedure, as `--steps` reads it.
pub(crate) fn steps_yaml(procedure: &Procedure) -> String {
    let mut yaml = format!("task: {}\n", quoted(procedure.name()));
    let steps = Performance::gold(procedure).gold_steps();
    // Writing to a String cannot fail.
    if let Order::Partial(pairs) = procedure.order() {
        yaml.push_str("order: partial\n");
        if !pairs.is_empty() {
            yaml.push_str("precedences:\n");
        }
        for &(before, after) in pairs {
            let names = [before, after].map(|step| quoted(&steps[step].name));
            let _ = writeln!(yaml, "  - [{}, {}]", names[0], names[1]);
        }
    }
    yaml.push_str("steps:\n");
    for step in steps {
        let _ = writeln!(
            yaml,
            "  - name: {}\n    start: {:.2}\n    end: {:.2}",
            quoted(&step.name),
            step.time.start_s,
            step.time.end_s
        );
        if step.critical {
            yaml.push_str("    critical: true\n");
        }
    }
    yaml
}

/// The truth about the trainees of a procedure: file names, strata, and what they show.
pub(crate) fn truth_yaml<'a>(
    procedure: &Procedure,
    gold: &str,
    trainees: impl IntoIterator<Item = (&'a str, &'a BTreeMap<String, String>, Truth)>,
) -> String {
    let mut yaml = format!("gold: {}\ntrainees:\n", quoted(gold));
    let name = |step: usize| quoted(&procedure.steps()[step].name);
    for (video, strata, truth) in trainees {
        // Writing to a String cannot fail.
        let _ = writeln!(yaml, "  - video: {}", quoted(video));
        if !strata.is_empty() {
            let strata = strata
                .iter()
                .map(|(key, value)| format!("{}: {}", quoted(key), quoted(value)));
            let _ = writeln!(
                yaml,
                "    strata: {{{}}}",
                strata.collect::<Vec<_>>().join(", ")
            );
        }
        if !truth.steps_done.is_empty() {
            yaml.push_str("    steps_done:\n");
        }
        for done in &truth.steps_done {
            let _ = writeln!(
                yaml,
                "      - {{step: {}, {}}}",
                name(done.step),
                range(&done.time())
            );
        }
        if !truth.deviations.is_empty() {
            yaml.push_str("    deviations:\n");
        }
        for told in &truth.deviations {
            let _ = writeln!(yaml, "      - {{{}}}", deviation(told, name));
        }
    }
    yaml
}

fn deviation(told: &TrueDeviation, name: impl Fn(usize) -> String) -> String {
    let kind = serde_json::to_value(told.kind).unwrap_or_default();
    let mut fields = vec![format!("kind: {}", kind.as_str().unwrap_or_default())];
    fields.extend(told.gold_step.map(|step| format!("step: {}", name(step))));
    fields.extend(
        told.swapped_with
            .map(|step| format!("swapped_with: {}", name(step))),
    );
    if !told.jumped_over.is_empty() {
        let names: Vec<String> = told.jumped_over.iter().map(|step| name(*step)).collect();
        fields.push(format!("jumped_over: [{}]", names.join(", ")));
    }
    fields.extend(told.trainee_time.as_ref().map(range));
    fields.join(", ")
}

fn range(time: &TimeRange) -> String {
    format!("start: {:.2}, end: {:.2}", time.start_s, time.end_s)
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
