//! Measures of several methods side by side, as text.
//!
//! Every row is a method, by its name. Values are rounded to two decimals,
//! `0.81 [0.77, 0.85]` with the 95 % interval where there is one; what is
//! undefined is "–". All rows of a table must be on the same videos.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle, presets};

use crate::{Comparison, DeviationKind, DeviationMeasures, Estimate, Measures, StepMeasures};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns of text, for terminals.
    Text,
    /// A Markdown table.
    Markdown,
}

/// What is undefined.
const UNDEFINED: &str = "–";

/// Behind an area that good videos of other strata were needed for.
const BORROWED: &str = " †";

const BORROWED_NOTE: &str =
    "†: no good video is in the stratum; against the good ones of all strata.\n";

/// The main table: F1 over all kinds and per kind, and the area under the
/// curve of suspicion.
pub fn overview(rows: &[(&str, &Measures)], format: Format) -> String {
    let kinds = DeviationKind::ALL.map(|kind| format!("F1\n{kind}"));
    let header = ["method", "F1", "macro F1"]
        .map(str::to_owned)
        .into_iter()
        .chain(kinds)
        .chain(["AUC any".to_owned()]);
    let lines = rows.iter().map(|(name, measures)| {
        let found = measures.deviations.as_ref();
        let mut line = vec![
            (*name).to_owned(),
            estimate(found.map(|found| found.overall.f1)),
            estimate(found.map(|found| found.macro_f1)),
        ];
        line.extend(DeviationKind::ALL.map(|kind| {
            let of_kind = found.and_then(|found| found.by_kind.get(&kind));
            number(of_kind.and_then(|found| found.detection.f1.value))
        }));
        line.push(estimate(Some(measures.area_under_curve.any)));
        line
    });
    table(header, lines, format) + &notes(rows.iter().map(|(_, measures)| *measures))
}

/// Areas under the curve: good videos against those with a mistake of each kind.
/// They say what F1 does not: whether a method that reports no deviations, or
/// other ones, notices that something is wrong.
pub fn areas(rows: &[(&str, &Measures)], format: Format) -> String {
    let kinds = DeviationKind::ALL.map(|kind| format!("AUC\n{kind}"));
    let header = std::iter::once("method".to_owned()).chain(kinds);
    let lines = rows.iter().map(|(name, measures)| {
        let of_kind = |kind| measures.area_under_curve.by_kind.get(&kind).copied();
        let mut line = vec![(*name).to_owned()];
        line.extend(DeviationKind::ALL.map(|kind| estimate(of_kind(kind))));
        line
    });
    table(header, lines, format) + &notes(rows.iter().map(|(_, measures)| *measures))
}

/// The second table: precision and recall, decoded steps, false alarms,
/// calibration, and how often a method does not answer.
pub fn details(rows: &[(&str, &Measures)], format: Format) -> String {
    let header = [
        "method",
        "precision",
        "recall",
        "segmental\nF1@10",
        "F1@25",
        "F1@50",
        "edit",
        "boundary\nmedian s",
        "boundary\nmean s",
        "good videos\nwith false alarm",
        "false alarms\nper good video",
        "ECE",
        "not\ncomparable",
    ];
    let lines = rows.iter().map(|(name, measures)| {
        let mut line = vec![(*name).to_owned()];
        let found = measures.deviations.as_ref();
        line.push(estimate(found.map(|found| found.overall.precision)));
        line.push(estimate(found.map(|found| found.overall.recall)));
        line.extend(steps(measures.steps.as_ref()));
        line.extend(alarms(found));
        line.push(number(measures.share_not_comparable));
        line
    });
    table(header.map(str::to_owned), lines, format)
        + &notes(rows.iter().map(|(_, measures)| *measures))
}

/// The strata of [`Judgement::by_stratum`](crate::Judgement::by_stratum), under
/// the key that made them: for each value every method. An area with † contrasts
/// with good videos of other strata, because the stratum has none.
pub fn strata(key: &str, rows: &[(&str, &BTreeMap<String, Measures>)], format: Format) -> String {
    let key = plain(key);
    let header = [
        key.as_str(),
        "method",
        "videos",
        "tasks",
        "F1",
        "precision",
        "recall",
        "AUC any",
        "good videos\nwith false alarm",
    ];
    let values: BTreeSet<&String> = rows.iter().flat_map(|(_, strata)| strata.keys()).collect();
    let cells = values.into_iter().flat_map(|value| {
        rows.iter()
            .map(move |(name, strata)| (value, name, strata.get(value)))
    });
    let lines = cells.filter_map(|(value, name, measures)| {
        let measures = measures?;
        let found = measures.deviations.as_ref();
        Some(vec![
            value.clone(),
            (*name).to_owned(),
            measures.videos.to_string(),
            measures.tasks.to_string(),
            estimate(found.map(|found| found.overall.f1)),
            number(found.and_then(|found| found.overall.precision.value)),
            number(found.and_then(|found| found.overall.recall.value)),
            area(measures),
            false_alarm_share(found),
        ])
    });
    let measures = || rows.iter().flat_map(|(_, strata)| strata.values());
    let borrowed = if measures().any(is_borrowed_area) {
        BORROWED_NOTE
    } else {
        ""
    };
    table(header.map(str::to_owned), lines, format) + &interval_note(measures()) + borrowed
}

/// Differences between two methods each, by what the row is called.
pub fn comparisons(rows: &[(&str, &Comparison)], format: Format) -> String {
    let kinds = DeviationKind::ALL.map(|kind| format!("Δ F1\n{kind}"));
    let header = ["methods", "Δ F1", "Δ macro F1"]
        .map(str::to_owned)
        .into_iter()
        .chain(kinds)
        .chain(["Δ AUC any".to_owned()]);
    let lines = rows.iter().map(|(name, comparison)| {
        let mut line = vec![
            (*name).to_owned(),
            estimate(Some(comparison.f1)),
            estimate(Some(comparison.macro_f1)),
        ];
        let of_kind = |kind| comparison.f1_by_kind.get(&kind).copied();
        line.extend(DeviationKind::ALL.map(|kind| estimate(of_kind(kind))));
        line.push(estimate(Some(comparison.area_under_curve_any)));
        line
    });
    let tasks = rows.iter().map(|(_, comparison)| comparison.tasks);
    table(header, lines, format) + &task_note(tasks)
}

fn steps(found: Option<&StepMeasures>) -> [String; 6] {
    [
        estimate(found.map(|found| found.segmental_f1_at_10)),
        estimate(found.map(|found| found.segmental_f1_at_25)),
        estimate(found.map(|found| found.segmental_f1_at_50)),
        estimate(found.map(|found| found.edit_score)),
        number(found.and_then(|found| found.boundaries.median_s)),
        estimate(found.map(|found| found.boundaries.mean_s)),
    ]
}

fn alarms(found: Option<&DeviationMeasures>) -> [String; 3] {
    let alarms = found.map(|found| found.false_alarms);
    let calibration = found.and_then(|found| found.calibration.as_ref());
    let per_video = alarms.and_then(|alarms| Some((alarms.per_video?, alarms.per_video_upper?)));
    [
        false_alarm_share(found),
        per_video.map_or(UNDEFINED.to_owned(), |(mean, upper)| {
            format!("{mean:.2} (< {upper:.2})")
        }),
        number(calibration.map(|calibration| calibration.expected_calibration_error)),
    ]
}

/// The area, marked if it needs the good videos of other strata.
fn area(measures: &Measures) -> String {
    let area = estimate(Some(measures.area_under_curve.any));
    if is_borrowed_area(measures) {
        area + BORROWED
    } else {
        area
    }
}

fn is_borrowed_area(measures: &Measures) -> bool {
    measures.borrows_good_videos() && measures.area_under_curve.any.value.is_some()
}

fn false_alarm_share(found: Option<&DeviationMeasures>) -> String {
    let alarms = found.map(|found| found.false_alarms);
    estimate(alarms.map(|alarms| Estimate {
        value: alarms.share_of_videos,
        interval: alarms.share_of_videos_interval,
    }))
}

fn number(value: Option<f64>) -> String {
    value.map_or(UNDEFINED.to_owned(), rounded)
}

fn estimate(estimate: Option<Estimate>) -> String {
    let estimate = estimate.unwrap_or_default();
    match (estimate.value, estimate.interval) {
        (Some(value), Some(interval)) => format!(
            "{} [{}, {}]",
            rounded(value),
            rounded(interval.low),
            rounded(interval.high)
        ),
        (value, _) => number(value),
    }
}

/// Without the sign of a zero.
fn rounded(value: f64) -> String {
    let text = format!("{value:.2}");
    if text == "-0.00" {
        "0.00".to_owned()
    } else {
        text
    }
}

fn notes<'a>(measures: impl Iterator<Item = &'a Measures> + Clone) -> String {
    let counts = measures.clone().next().map_or(String::new(), |first| {
        format!(
            "\n{} ({} without a mistake), {}.",
            counted(first.videos, "video"),
            first.good_videos,
            counted(first.tasks, "task")
        )
    });
    counts + &interval_note(measures)
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn interval_note<'a>(measures: impl Iterator<Item = &'a Measures>) -> String {
    task_note(measures.map(|measures| measures.tasks))
}

fn task_note(tasks: impl Iterator<Item = usize>) -> String {
    let has_one = tasks.min().is_some_and(|least| least < 2);
    let caveat = if has_one {
        " Where all videos are of one task, measures over tasks have no interval."
    } else {
        ""
    };
    format!("\nBrackets: 95 % intervals. {UNDEFINED}: undefined.{caveat}\n")
}

/// One line below the heading, and nothing else.
const TEXT: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

fn table(
    header: impl IntoIterator<Item = String>,
    lines: impl IntoIterator<Item = Vec<String>>,
    format: Format,
) -> String {
    let mut table = Table::new();
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.load_style(match format {
        Format::Text => TEXT,
        Format::Markdown => presets::ASCII_MARKDOWN,
    });
    table.set_header(header.into_iter().map(|text| match format {
        Format::Text => Cell::new(text),
        Format::Markdown => cell(&text, format),
    }));
    for line in lines {
        table.add_row(line.iter().map(|text| cell(text, format)));
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n") + "\n"
}

/// Foreign text stays on its line and in its cell.
fn cell(text: &str, format: Format) -> Cell {
    let plain = plain(text);
    let is_value =
        plain == UNDEFINED || plain.starts_with(|char: char| char.is_ascii_digit() || char == '-');
    let text = match format {
        Format::Text => plain,
        Format::Markdown => plain.replace('\\', "\\\\").replace('|', "\\|"),
    };
    Cell::new(text).set_alignment(if is_value {
        CellAlignment::Right
    } else {
        CellAlignment::Left
    })
}

fn plain(text: &str) -> String {
    text.chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}

#[cfg(test)]
mod tests;
