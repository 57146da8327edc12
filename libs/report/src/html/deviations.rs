//! Every deviation: what was seen, when, how sure, and pictures of both videos.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use sopilot_procedure::Deviation;

use super::summary::{original_sentence, step};
use super::{ReportOptions, section as part};
use crate::foreign::{Foreign, sentence};
use crate::locale::Locale;
use crate::model::{Report, ReportedDeviation, Side};
use crate::pictures::{Beside, Chosen, Picture};

pub(super) fn section(
    report: &Report,
    locale: &Locale,
    options: ReportOptions,
    chosen: &Chosen<'_>,
) -> Markup {
    if report.deviations.is_empty() {
        return html! {};
    }
    let content = html! {
        @if !options.pictures {
            p .note { (locale.text("pictures-off")) }
        } @else if chosen.left_out > 0 {
            p .note { (locale.say("pictures-left-out", [("count", chosen.left_out.into())])) }
        }
        @for ((number, deviation), beside) in (1..).zip(&report.deviations).zip(&chosen.beside) {
            (article(report, locale, number, deviation, beside))
        }
    };
    part("deviations", &locale.text("heading-deviations"), &content)
}

fn article(
    report: &Report,
    locale: &Locale,
    number: usize,
    deviation: &ReportedDeviation,
    beside: &Beside<'_>,
) -> Markup {
    let found = &deviation.found;
    let id = format!("deviation-{number}");
    html! {
        article .deviation #(id) aria-labelledby={ (id) "-heading" } tabindex="-1" {
            h3 #{ (id) "-heading" } {
                span .number { (number) } " "
                span .kind { (locale.kind(found.kind)) }
                (step(report, locale, found))
            }
            (seen(report, locale, found))
            (facts(report, locale, deviation))
            @if !beside.is_empty() { (side_by_side(locale, beside)) }
        }
    }
}

fn seen(report: &Report, locale: &Locale, found: &Deviation) -> Markup {
    let original = Foreign::prose(&found.reason);
    html! {
        @if locale.is_own() && !original.is_empty() {
            p .seen { (original) }
        } @else {
            p .seen { (sentence(&locale.seen(report, found))) }
            (original_sentence(locale, &original))
        }
    }
}

fn facts(report: &Report, locale: &Locale, deviation: &ReportedDeviation) -> Markup {
    let found = &deviation.found;
    html! {
        dl .facts {
            @if let Some(time) = &found.gold_time {
                (fact(&locale.text("when-gold"), &html! { (locale.range(time)) }))
            }
            @if let Some(time) = report.place_of(found) {
                (fact(&locale.when_trainee(found), &html! { (locale.range(time)) }))
            }
            (fact(&locale.text("points"), &html! { (locale.points_lost(found.points_lost)) }))
            (fact(&locale.text("how-sure"), &html! { (locale.percent(found.confidence)) }))
            (fact(&locale.text("without-it"), &html! { (locale.without_it(report, found)) }))
            (fact(&locale.text("review-status"), &sentence(&locale.review_status(deviation.review.as_ref()))))
        }
        @if let Some(said) = &deviation.review {
            @let comment = Foreign::prose(&said.comment);
            @if !comment.is_empty() { blockquote { (comment) } }
        }
    }
}

fn fact(label: &str, value: &Markup) -> Markup {
    html! { div { dt { (label) } dd { (value) } } }
}

fn side_by_side(locale: &Locale, beside: &Beside<'_>) -> Markup {
    html! {
        div .beside {
            (pictures(locale, Side::Gold, &beside.gold))
            (pictures(locale, Side::Trainee, &beside.trainee))
        }
    }
}

fn pictures(locale: &Locale, side: Side, pictures: &[Picture<'_>]) -> Markup {
    let (caption, alt, label) = match side {
        Side::Gold => ("picture-gold", "picture-alt-gold", "label-gold"),
        Side::Trainee => ("picture-trainee", "picture-alt-trainee", "label-trainee"),
    };
    html! {
        div .side {
            @if pictures.is_empty() {
                p .note { (locale.text(label)) ": " (locale.text("no-picture")) }
            }
            @for picture in pictures {
                @let time = locale.clock(picture.time_s);
                figure {
                    img width=(picture.width) height=(picture.height)
                        alt=(locale.say(alt, [("time", time.as_str().into())]))
                        src={ "data:image/jpeg;base64," (STANDARD.encode(picture.jpeg)) };
                    figcaption { (locale.say(caption, [("time", time.as_str().into())])) }
                }
            }
        }
    }
}
