//! Pages over many scores.

use maud::{Markup, html};
use sopilot_procedure::Verdict;

use super::summary::moment;
use super::{Page, made_by, scrolling, section as part};
use crate::drawing::chart::{distribution, over_time, sign};
use crate::drawing::length;
use crate::foreign::Foreign;
use crate::locale::Locale;
use crate::past::{PastResult, TaskOverview, TraineeHistory};
use crate::tally::{
    Frequent, TraineeTally, VERDICTS, by_trainee, count, frequent, has_score, mean, median,
    newest_of_each_video, scores,
};
use crate::wording::NOTHING;

/// Most rows of a table.
const MAX_ROWS: usize = 500;

pub(super) fn task(overview: &TaskOverview, locale: &Locale) -> Page {
    let ordered = newest_of_each_video(&overview.results);
    let older = overview.results.len() - ordered.len();
    let all = scores(&ordered);
    let figures = [("label-mean", mean(&all)), ("label-median", median(&all))];
    let main = html! {
        (overview_part(locale, &ordered, older, &figures))
        @if !ordered.is_empty() {
            (verdicts(locale, &ordered))
            @if !all.is_empty() { (scores_part(locale, &ordered, &all)) }
            (frequent_part(locale, &ordered))
            (trainees(locale, &by_trainee(&ordered)))
            (results(locale, &ordered, true))
        }
    };
    let mut contents = vec![("overview", "heading-overview")];
    if !ordered.is_empty() {
        contents.push(("verdicts", "heading-verdicts"));
        if !all.is_empty() {
            contents.push(("scores", "heading-distribution"));
        }
        contents.push(("frequent", "heading-frequent"));
        contents.push(("trainees", "heading-trainees"));
        contents.push(("results", "heading-results"));
    }
    let task = Foreign::name(&overview.task);
    Page {
        title: locale.say("overview-title", [("task", task.alone().into())]),
        head: html! { h1 { (task) } },
        contents,
        main,
        foot: made_by(locale, ""),
    }
}

pub(super) fn history(history: &TraineeHistory, locale: &Locale) -> Page {
    let ordered = newest_of_each_video(&history.results);
    let older = history.results.len() - ordered.len();
    let all = scores(&ordered);
    let figures = [
        ("label-latest", all.last().copied()),
        ("label-mean", mean(&all)),
    ];
    let with_score: Vec<&PastResult> = ordered
        .iter()
        .copied()
        .filter(|result| has_score(result))
        .collect();
    let main = html! {
        (overview_part(locale, &ordered, older, &figures))
        @if !with_score.is_empty() {
            @let drawing = over_time(locale, &with_score).inline();
            @let content = html! {
                (scrolling(&locale.text("over-time-title"), "chart", &drawing))
                (verdict_legend(locale, &with_score))
            };
            (part("over-time-part", &locale.text("heading-over-time"), &content))
        }
        @if !ordered.is_empty() {
            (frequent_part(locale, &ordered))
            (results(locale, &ordered, false))
        }
    };
    let mut contents = vec![("overview", "heading-overview")];
    if !with_score.is_empty() {
        contents.push(("over-time-part", "heading-over-time"));
    }
    if !ordered.is_empty() {
        contents.push(("frequent", "heading-frequent"));
        contents.push(("results", "heading-results"));
    }
    let (task, trainee) = (
        Foreign::name(&history.task),
        Foreign::name(&history.trainee),
    );
    Page {
        title: locale.say(
            "history-title",
            [
                ("task", task.alone().into()),
                ("trainee", trainee.alone().into()),
            ],
        ),
        head: html! {
            h1 { (trainee) }
            p .meaning { (task) }
        },
        contents,
        main,
        foot: made_by(locale, ""),
    }
}

fn overview_part(
    locale: &Locale,
    results: &[&PastResult],
    older: usize,
    figures: &[(&str, Option<f64>)],
) -> Markup {
    let passed = locale.say(
        "passed-of",
        [
            ("passed", count(results, Verdict::Pass).into()),
            ("count", results.len().into()),
        ],
    );
    let content = html! {
        @if results.is_empty() {
            p { (locale.text("no-results")) }
        } @else {
            dl .key-figures {
                @for (label, value) in figures {
                    div { dt { (locale.text(label)) } dd { (score(locale, *value)) } }
                }
                div { dt { (locale.text("label-passed")) } dd { (passed) } }
            }
            @if older > 0 {
                p .note { (locale.say("older-not-counted", [("count", older.into())])) }
            }
        }
    };
    part("overview", &locale.text("heading-overview"), &content)
}

fn verdicts(locale: &Locale, results: &[&PastResult]) -> Markup {
    let content = html! {
        table .counts {
            thead { tr {
                th scope="col" { (locale.text("column-verdict")) }
                th scope="col" .figure { (locale.text("column-count")) }
                th scope="col" { (locale.text("column-share")) }
            } }
            tbody {
                @for verdict in VERDICTS {
                    @let number = count(results, verdict);
                    tr {
                        th scope="row" { (locale.verdict(verdict)) }
                        td .figure { (number) }
                        td { (share(locale, number, results.len())) }
                    }
                }
            }
        }
    };
    part("verdicts", &locale.text("heading-verdicts"), &content)
}

fn scores_part(locale: &Locale, results: &[&PastResult], all: &[f64]) -> Markup {
    let drawing = distribution(locale, all).inline();
    let left_out = results.len() - all.len();
    let content = html! {
        (scrolling(&locale.text("distribution-title"), "chart", &drawing))
        @if left_out > 0 {
            p .note { (locale.say("distribution-left-out", [("count", left_out.into())])) }
        }
    };
    part("scores", &locale.text("heading-distribution"), &content)
}

/// A bar, with its percentage in words.
fn share(locale: &Locale, number: usize, of: usize) -> Markup {
    let share = number as f64 / of.max(1) as f64;
    html! {
        span .share {
            svg .bar viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                rect .chart-bar x="0" y="0" width=(length(100.0 * share)) height="10" {}
            }
            span { (locale.percent(share)) }
        }
    }
}

fn frequent_part(locale: &Locale, results: &[&PastResult]) -> Markup {
    let found = frequent(results);
    let content = html! {
        @if found.is_empty() {
            p { (locale.text("frequent-none")) }
        } @else {
            (scrolling(&locale.text("frequent-caption"), "past-table", &frequent_table(locale, &found, results.len())))
            (cut_note(locale, found.len()))
        }
    };
    part("frequent", &locale.text("heading-frequent"), &content)
}

fn frequent_table(locale: &Locale, found: &[Frequent<'_>], of: usize) -> Markup {
    html! {
        table .past {
            caption .unseen { (locale.text("frequent-caption")) }
            thead { tr {
                th scope="col" { (locale.text("column-step")) }
                th scope="col" { (locale.text("column-what")) }
                th scope="col" .figure { (locale.text("column-results")) }
                th scope="col" { (locale.text("column-share")) }
            } }
            tbody {
                @for line in found.iter().take(MAX_ROWS) {
                    tr {
                        th scope="row" {
                            @if line.step.is_empty() { (locale.text("no-trainee")) } @else { (Foreign::name(line.step)) }
                        }
                        td { (locale.kind(line.kind)) }
                        td .figure { (line.results) }
                        td { (share(locale, line.results, of)) }
                    }
                }
            }
        }
    }
}

fn trainees(locale: &Locale, tallies: &[TraineeTally<'_>]) -> Markup {
    let table = html! {
        table .past {
            caption .unseen { (locale.text("trainees-caption")) }
            thead { tr {
                th scope="col" { (locale.text("column-trainee-label")) }
                th scope="col" .figure { (locale.text("column-results")) }
                th scope="col" .figure { (locale.text("label-passed")) }
                th scope="col" .figure { (locale.text("column-mean")) }
                th scope="col" .figure { (locale.text("column-latest")) }
            } }
            tbody {
                @for tally in tallies.iter().take(MAX_ROWS) {
                    tr {
                        th scope="row" { (name_or_none(locale, tally.trainee)) }
                        td .figure { (tally.results) }
                        td .figure { (tally.passed) }
                        td .figure { (score(locale, tally.mean)) }
                        td .figure { (score(locale, tally.latest)) }
                    }
                }
            }
        }
    };
    let content = html! {
        (scrolling(&locale.text("trainees-caption"), "past-table", &table))
        (cut_note(locale, tallies.len()))
    };
    part("trainees", &locale.text("heading-trainees"), &content)
}

fn results(locale: &Locale, ordered: &[&PastResult], with_trainee: bool) -> Markup {
    let table = html! {
        table .past {
            caption .unseen { (locale.text("results-caption")) }
            thead { tr {
                th scope="col" { (locale.text("column-video")) }
                @if with_trainee { th scope="col" { (locale.text("column-trainee-label")) } }
                th scope="col" { (locale.text("column-when")) }
                th scope="col" .figure { (locale.text("column-score")) }
                th scope="col" { (locale.text("column-verdict")) }
                th scope="col" .figure { (locale.text("column-deviations")) }
            } }
            tbody {
                @for result in ordered.iter().rev().take(MAX_ROWS) {
                    tr {
                        th scope="row" { (Foreign::name(&result.video)) }
                        @if with_trainee { td { (name_or_none(locale, result.trainee.as_deref())) } }
                        td .date { (moment(locale, result.at)) }
                        td .figure { (score(locale, has_score(result).then_some(result.score))) }
                        td { (locale.verdict(result.verdict)) }
                        td .figure { (result.deviations.len()) }
                    }
                }
            }
        }
    };
    let content = html! {
        (scrolling(&locale.text("results-caption"), "past-table", &table))
        (cut_note(locale, ordered.len()))
    };
    part("results", &locale.text("heading-results"), &content)
}

fn verdict_legend(locale: &Locale, results: &[&PastResult]) -> Markup {
    let used = VERDICTS
        .into_iter()
        .filter(|&verdict| count(results, verdict) > 0);
    html! {
        ul .legend aria-label=(locale.text("legend")) {
            @for verdict in used {
                li {
                    svg viewBox="0 0 28 16" aria-hidden="true" { (sign(14.0, 8.0, verdict)) }
                    (locale.verdict(verdict))
                }
            }
        }
    }
}

fn cut_note(locale: &Locale, rows: usize) -> Markup {
    html! {
        @if rows > MAX_ROWS {
            p .note { (locale.say("rows-cut", [("shown", MAX_ROWS.into()), ("count", rows.into())])) }
        }
    }
}

fn score(locale: &Locale, score: Option<f64>) -> String {
    score.map_or_else(|| NOTHING.to_owned(), |score| locale.number(score, 1))
}

fn name_or_none(locale: &Locale, name: Option<&str>) -> Markup {
    html! {
        @match name {
            Some(name) => (Foreign::name(name)),
            None => (locale.text("no-trainee")),
        }
    }
}
