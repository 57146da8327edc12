//! The table of steps.

use maud::{Markup, html};
use sopilot_procedure::TimeRange;

use super::{scrolling, section as part};
use crate::drawing::signs::{Sign, sample};
use crate::foreign::Foreign;
use crate::locale::Locale;
use crate::model::{Report, ReportedStep};
use crate::rows::{Row, rows};

/// Deepest indentation that is still shown as one.
const MAX_DEPTH: usize = 4;
const COLUMNS: usize = 7;

pub(super) fn section(report: &Report, locale: &Locale) -> Markup {
    let heading = locale.text("heading-steps");
    let content = if report.steps.is_empty() {
        html! { p { (locale.text("steps-empty")) } }
    } else {
        html! {
            (scrolling(&locale.text("steps-caption"), "table", &table(report, locale)))
            p .note { (locale.text("duration-means")) }
        }
    };
    part("steps", &heading, &content)
}

fn table(report: &Report, locale: &Locale) -> Markup {
    html! {
        table .steps {
            caption .unseen { (locale.text("steps-caption")) }
            thead {
                tr {
                    th scope="col" { (locale.text("column-step")) }
                    th scope="col" { (locale.text("column-status")) }
                    th scope="col" .figure { (locale.text("column-gold")) }
                    th scope="col" .figure { (locale.text("column-trainee")) }
                    th scope="col" .figure { (locale.text("column-duration")) }
                    th scope="col" .figure { (locale.text("column-similarity")) }
                    th scope="col" .figure { (locale.text("column-weight")) }
                }
            }
            tbody {
                @for row in rows(&report.steps) {
                    @match row {
                        Row::Group { name, depth } => (group(name, depth)),
                        Row::Step(step) => (line(step, locale)),
                    }
                }
            }
        }
    }
}

fn group(name: &str, depth: usize) -> Markup {
    html! {
        tr .group {
            th scope="colgroup" colspan=(COLUMNS) .(depth_class(depth)) { (Foreign::name(name)) }
        }
    }
}

fn line(step: &ReportedStep, locale: &Locale) -> Markup {
    let result = &step.result;
    let sign = Sign::of_status(result.status);
    html! {
        tr .(sign.class()) {
            th scope="row" .(depth_class(step.within.len())) {
                span .step-number { (result.index + 1) } " " (Foreign::name(&result.name))
                @if step.critical { " " span .tag { (locale.text("critical")) } }
                @if step.optional { " " span .tag { (locale.text("optional")) } }
            }
            td .status {
                svg viewBox="0 0 28 16" aria-hidden="true" { (sample(sign)) }
                (locale.status(result.status))
            }
            td .figure { (locale.range(&result.gold_time)) }
            td .figure { (trainee_time(result.trainee_time.as_ref(), locale)) }
            td .figure { (result.duration_ratio.map_or_else(dash, |ratio| locale.percent(ratio))) }
            td .figure { (locale.percent(result.similarity)) }
            td .figure { (locale.number(step.weight, 1)) }
        }
    }
}

fn trainee_time(time: Option<&TimeRange>, locale: &Locale) -> String {
    time.map_or_else(|| locale.text("not-seen"), |time| locale.range(time))
}

fn dash() -> String {
    "–".to_owned()
}

fn depth_class(depth: usize) -> String {
    format!("depth-{}", depth.min(MAX_DEPTH))
}
