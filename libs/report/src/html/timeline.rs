//! The timelines of both videos with their legend.

use maud::{Markup, html};

use super::{scrolling, section as part};
use crate::drawing::signs::sample;
use crate::drawing::timeline::{signs_used, timeline};
use crate::locale::Locale;
use crate::model::Report;

pub(super) fn section(report: &Report, locale: &Locale) -> Markup {
    let drawing = timeline(locale, report).inline();
    let content = html! {
        (scrolling(&locale.text("timeline-region"), "wide", &drawing))
        ul .legend aria-label=(locale.text("legend")) {
            @for sign in signs_used(report) {
                li {
                    svg viewBox="0 0 28 16" aria-hidden="true" { (sample(sign)) }
                    (locale.text(sign.text_id()))
                }
            }
        }
        p .note { (locale.text("timeline-hint")) }
    };
    part("videos", &locale.text("heading-timeline"), &content)
}
