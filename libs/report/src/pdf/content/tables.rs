//! Tables as data: steps, metrics, research, provenance.

use serde_json::{Value, json};
use sopilot_procedure::StepStatus;

use crate::drawing::signs::Sign;
use crate::foreign::Foreign;
use crate::locale::Locale;
use crate::model::{Report, ReportedStep};
use crate::numbers::{Measure, metrics, provenance, research};

pub(super) fn steps(report: &Report, locale: &Locale) -> Value {
    let columns = [
        "step",
        "status",
        "gold",
        "trainee",
        "duration",
        "similarity",
        "weight",
    ]
    .map(|column| locale.text(&format!("column-{column}")));
    let lines: Vec<Value> = (report.steps.iter())
        .map(|step| line(report, step, locale))
        .collect();
    json!({
        "heading": locale.text("heading-steps"),
        "empty": locale.text("steps-empty"),
        "columns": columns,
        "rows": lines,
        "note": locale.text("duration-means"),
    })
}

fn line(report: &Report, step: &ReportedStep, locale: &Locale) -> Value {
    let result = &step.result;
    let tag = match (step.critical, step.optional) {
        (true, _) => Some(locale.text("critical")),
        (_, true) => Some(locale.text("optional")),
        _ => None,
    };
    let is_judged = result.status != StepStatus::Unresolved;
    let sign = format!("{}.svg", Sign::of_status(result.status).class());
    json!({
        "depth": report.depth_of(step),
        "whole": report.has_parts(step),
        "number": report.number_of(result.index).unwrap_or_default(),
        "name": Foreign::name(&result.name).isolated(),
        "tag": tag,
        "sign": is_judged.then_some(sign),
        "status": locale.status(result.status),
        "figures": [
            locale.range(&result.gold_time),
            locale.trainee_time(result),
            locale.duration(result),
            locale.percent(result.similarity),
            locale.number(step.weight, 1),
        ],
    })
}

pub(super) fn numbers(report: &Report, locale: &Locale) -> Value {
    let part = |heading: &str, note: &str, measures: Vec<Measure>| {
        let lines = measures.into_iter();
        json!({
            "heading": locale.text(heading),
            "note": locale.text(note),
            "rows": lines.map(|line| [line.name, line.value, line.meaning]).collect::<Vec<_>>(),
        })
    };
    let found = report.metrics.as_ref();
    let metrics =
        found.map(|found| part("heading-metrics", "metrics-note", metrics(locale, found)));
    let found = report.research.as_ref();
    let research =
        found.map(|found| part("heading-research", "research-note", research(locale, found)));
    let parts: Vec<Value> = [metrics, research].into_iter().flatten().collect();
    let columns =
        ["metric", "value", "meaning"].map(|column| locale.text(&format!("column-{column}")));
    json!({
        "heading": locale.text("heading-numbers"),
        "columns": columns,
        "parts": parts,
        "provenance_heading": locale.text("heading-provenance"),
        "provenance": provenance(locale, &report.provenance),
    })
}
