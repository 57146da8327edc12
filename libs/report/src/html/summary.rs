//! The top: what was compared, the score, the verdict, what cost points.

use maud::{Markup, html};
use sopilot_procedure::{Deviation, Verdict};
use time::format_description::well_known::Rfc3339;

use super::section as part;
use crate::drawing::scale::score_scale;
use crate::foreign::{Foreign, sentence};
use crate::locale::Locale;
use crate::model::{Report, ReportedDeviation, VerdictReview};
use crate::wording::verdict_id;

pub(super) fn masthead(report: &Report, locale: &Locale) -> Markup {
    html! {
        h1 { (Foreign::name(&report.task)) }
        dl .pair {
            div { dt { (locale.text("label-trainee")) } dd { (Foreign::name(&report.trainee.name)) } }
            div { dt { (locale.text("label-gold")) } dd { (Foreign::name(&report.gold.name)) } }
            div { dt { (locale.text("label-date")) } dd { (moment(locale, report.provenance.created_at)) } }
        }
    }
}

pub(super) fn section(report: &Report, locale: &Locale) -> Markup {
    let content = html! {
        div .result {
            div .score { (score(report, locale)) }
            div .verdict-block {
                p .verdict .(verdict_id(report.effective_verdict())) {
                    span .verdict-sign aria-hidden="true" {}
                    (locale.verdict(report.effective_verdict()))
                }
                p .meaning { (locale.verdict_means(report)) }
                (why(report, locale))
                @if let Some(said) = &report.review { (review(report, said, locale)) }
            }
        }
        (cost(report, locale))
    };
    part("result", &locale.text("heading-result"), &content)
}

fn score(report: &Report, locale: &Locale) -> Markup {
    if report.verdict == Verdict::NotComparable {
        return html! { p .no-score { (locale.text("no-score")) } };
    }
    let interval = report.score_interval();
    html! {
        p .points { strong { (locale.number(report.score, 1)) } " " span { (locale.text("of-100")) } }
        (score_scale(locale, report.score, interval).inline())
        @if let Some(shown) = locale.score_interval(interval) { p .note { (shown) } }
    }
}

/// In the page's language; elsewhere than in English, with the sentence that
/// came with the score.
fn why(report: &Report, locale: &Locale) -> Markup {
    let Some(reason) = report.standing_reason() else {
        return html! {};
    };
    let original = Foreign::prose(reason);
    html! {
        @if locale.is_own() && !original.is_empty() {
            p { (original) }
        } @else {
            p { (sentence(&locale.why(report))) }
            (original_sentence(locale, &original))
        }
    }
}

/// The English sentence that came with a score, marked as such.
pub(super) fn original_sentence(locale: &Locale, original: &Foreign) -> Markup {
    html! {
        @if !locale.is_own() && !original.is_empty() {
            p .original { (locale.text("original-sentence")) ": " q lang="en" { (original) } }
        }
    }
}

fn review(report: &Report, review: &VerdictReview, locale: &Locale) -> Markup {
    let reviewer = Foreign::name(&review.reviewer).isolated();
    let said = locale.say(
        "reviewed-by",
        [
            ("reviewer", reviewer.into()),
            ("date", locale.moment(review.at).into()),
        ],
    );
    let comment = Foreign::prose(&review.comment);
    html! {
        div .review {
            p {
                (sentence(&said)) " "
                @if review.verdict == report.verdict {
                    (locale.text("review-confirmed"))
                } @else {
                    (locale.say("review-changed", [("verdict", locale.verdict(report.verdict).into())]))
                }
            }
            @if !comment.is_empty() { blockquote { (comment) } }
        }
    }
}

fn cost(report: &Report, locale: &Locale) -> Markup {
    html! {
        h3 { (locale.text("heading-cost")) }
        @if report.deviations.is_empty() {
            p { (locale.text("nothing-differs")) }
        } @else {
            @let (first, rest) = costliest(&report.deviations);
            (cost_lines(report, &first, locale))
            @if !rest.is_empty() {
                details {
                    summary { (locale.say("cost-more", [("count", rest.len().into())])) }
                    (cost_lines(report, &rest, locale))
                }
            }
        }
    }
}

/// Most deviations that are listed at once: what a glance takes in.
const AT_A_GLANCE: usize = 12;

/// The places of the deviations that cost most, and of all others, both in the
/// order of the report.
fn costliest(deviations: &[ReportedDeviation]) -> (Vec<usize>, Vec<usize>) {
    let points = |place: &usize| deviations[*place].found.points_lost;
    let mut ranked: Vec<usize> = (0..deviations.len()).collect();
    ranked.sort_by(|a, b| points(b).total_cmp(&points(a)));
    let mut rest = ranked.split_off(ranked.len().min(AT_A_GLANCE));
    ranked.sort_unstable();
    rest.sort_unstable();
    (ranked, rest)
}

fn cost_lines(report: &Report, places: &[usize], locale: &Locale) -> Markup {
    html! {
        ol .cost {
            @for &place in places {
                (cost_line(report, place + 1, &report.deviations[place], locale))
            }
        }
    }
}

fn cost_line(
    report: &Report,
    number: usize,
    deviation: &ReportedDeviation,
    locale: &Locale,
) -> Markup {
    let found = &deviation.found;
    let is_false_alarm = deviation
        .review
        .as_ref()
        .is_some_and(|review| !review.confirmed);
    html! {
        li {
            a href={ "#deviation-" (number) } {
                span .number { (number) }
                span .what {
                    span .kind { (locale.kind(found.kind)) }
                    (step(report, locale, found))
                    @if is_false_alarm { " " span .tag { (locale.text("false-alarm")) } }
                }
                span .time { @if let Some(place) = report.place_of(found) { (locale.clock(place.start_s)) } }
                @if is_false_alarm {
                    span .lost { s { (locale.points_lost(found.points_lost)) } }
                } @else {
                    span .lost { (locale.points_lost(found.points_lost)) }
                }
            }
        }
    }
}

/// A step with its number, or nothing where a deviation is about none.
pub(super) fn step(report: &Report, locale: &Locale, found: &Deviation) -> Markup {
    html! {
        @if !found.step_name.is_empty() { " " span .step { (Foreign::name(&found.step_name)) } }
        @if let Some(number) = found.gold_step.and_then(|index| report.number_of(index)) {
            " " span .step-label { (locale.say("step-numbered", [("number", number.into())])) }
        }
    }
}

/// A date that programs can read too.
pub(super) fn moment(locale: &Locale, at: time::OffsetDateTime) -> Markup {
    let stamp = at
        .to_offset(time::UtcOffset::UTC)
        .format(&Rfc3339)
        .unwrap_or_default();
    html! { time datetime=(stamp) { (locale.moment(at)) } }
}
