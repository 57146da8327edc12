//! Numbers for those who ask for them: metrics, research, provenance.

use maud::{Markup, html};

use super::section as part;
use crate::foreign::sentence;
use crate::locale::Locale;
use crate::model::Report;
use crate::numbers::{Measure, metrics, provenance, research};

pub(super) fn section(report: &Report, locale: &Locale) -> Markup {
    let content = html! {
        @if let Some(found) = &report.metrics {
            (folded(locale, "heading-metrics", &measures(locale, "metrics-note", &metrics(locale, found))))
        }
        @if let Some(found) = &report.research {
            (folded(locale, "heading-research", &measures(locale, "research-note", &research(locale, found))))
        }
        @let made = html! {
            dl .provenance {
                @for (name, value) in provenance(locale, &report.provenance) {
                    div { dt { (name) } dd { (sentence(&value)) } }
                }
            }
        };
        (folded(locale, "heading-provenance", &made))
    };
    part("numbers", &locale.text("heading-numbers"), &content)
}

fn folded(locale: &Locale, heading: &str, content: &Markup) -> Markup {
    html! {
        details {
            summary { (locale.text(heading)) }
            (content)
        }
    }
}

fn measures(locale: &Locale, note: &str, measures: &[Measure]) -> Markup {
    html! {
        p .note { (locale.text(note)) }
        table .measures {
            thead {
                tr {
                    th scope="col" { (locale.text("column-metric")) }
                    th scope="col" .figure { (locale.text("column-value")) }
                    th scope="col" { (locale.text("column-meaning")) }
                }
            }
            tbody {
                @for measure in measures {
                    tr {
                        th scope="row" { (measure.name) }
                        td .figure { (measure.value) }
                        td { (measure.meaning) }
                    }
                }
            }
        }
    }
}
