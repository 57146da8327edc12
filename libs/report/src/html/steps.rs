//! The table of steps.

use maud::{Markup, html};
use sopilot_procedure::StepStatus;

use super::{scrolling, section as part};
use crate::drawing::signs::{Sign, sample};
use crate::foreign::Foreign;
use crate::locale::Locale;
use crate::model::{Report, ReportedStep};

/// Deepest indentation that is still shown as one.
const MAX_DEPTH: usize = 4;

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
                @for step in &report.steps { (line(report, step, locale)) }
            }
        }
    }
}

fn line(report: &Report, step: &ReportedStep, locale: &Locale) -> Markup {
    let result = &step.result;
    let sign = Sign::of_status(result.status);
    html! {
        tr .(sign.class()) .whole[report.has_parts(step)] {
            th scope="row" .(depth_class(report.depth_of(step))) {
                span .step-number { (report.number_of(result.index).unwrap_or_default()) } " " (Foreign::name(&result.name))
                @if step.critical { " " span .tag { (locale.text("critical")) } }
                @if step.optional { " " span .tag { (locale.text("optional")) } }
            }
            td .status {
                @if result.status != StepStatus::Unresolved {
                    svg viewBox="0 0 28 16" aria-hidden="true" { (sample(sign)) }
                }
                (locale.status(result.status))
            }
            td .figure { (locale.range(&result.gold_time)) }
            td .figure { (locale.trainee_time(result)) }
            td .figure { (locale.duration(result)) }
            td .figure { (locale.percent(result.similarity)) }
            td .figure { (locale.number(step.weight, 1)) }
        }
    }
}

fn depth_class(depth: usize) -> String {
    format!("depth-{}", depth.min(MAX_DEPTH))
}
