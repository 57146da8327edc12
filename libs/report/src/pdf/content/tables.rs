//! Tables as data: steps, metrics, research, provenance.

use serde_json::{Value, json};

use crate::drawing::signs::Sign;
use crate::foreign::Foreign;
use crate::locale::Locale;
use crate::model::Report;
use crate::numbers::{Measure, metrics, provenance, research};
use crate::rows::{Row, rows};

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
    let lines: Vec<Value> = rows(&report.steps)
        .into_iter()
        .map(|row| match row {
            Row::Group { name, depth } => {
                json!({ "group": Foreign::name(name).isolated(), "depth": depth })
            }
            Row::Step(step) => {
                let result = &step.result;
                let tag = match (step.critical, step.optional) {
                    (true, _) => Some(locale.text("critical")),
                    (_, true) => Some(locale.text("optional")),
                    _ => None,
                };
                let trainee = result.trainee_time.as_ref();
                let ratio = result.duration_ratio.map(|ratio| locale.percent(ratio));
                json!({
                    "depth": step.within.len(),
                    "number": (result.index + 1).to_string(),
                    "name": Foreign::name(&result.name).isolated(),
                    "tag": tag,
                    "sign": format!("{}.svg", Sign::of_status(result.status).class()),
                    "status": locale.status(result.status),
                    "figures": [
                        locale.range(&result.gold_time),
                        trainee.map_or_else(|| locale.text("not-seen"), |time| locale.range(time)),
                        ratio.unwrap_or_else(|| "–".to_owned()),
                        locale.percent(result.similarity),
                        locale.number(step.weight, 1),
                    ],
                })
            }
        })
        .collect();
    json!({
        "heading": locale.text("heading-steps"),
        "empty": locale.text("steps-empty"),
        "columns": columns,
        "rows": lines,
        "note": locale.text("duration-means"),
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
