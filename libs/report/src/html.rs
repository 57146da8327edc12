//! Pages: one file each, which loads nothing and runs nothing.

mod deviations;
mod numbers;
mod past;
mod similarity;
mod steps;
mod style;
mod summary;
mod timeline;

use maud::{DOCTYPE, Markup, html};

use crate::error::ReportError;
use crate::foreign::Foreign;
use crate::locale::Locale;
use crate::model::Report;
use crate::past::{TaskOverview, TraineeHistory};
use crate::pictures::{self, Chosen};

/// What a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportOptions {
    /// Whether pictures from the videos are shown.
    pub pictures: bool,
    /// How many bytes all pictures together may have; those of the costliest
    /// deviations come first. On the page they take a third more.
    pub picture_budget_bytes: usize,
}

impl Default for ReportOptions {
    /// With pictures, on a page of less than 2 MB.
    fn default() -> Self {
        Self {
            pictures: true,
            picture_budget_bytes: 1_200_000,
        }
    }
}

/// The report of a score as a page. The same report gives the same bytes.
pub fn html(
    report: &Report,
    locale: &Locale,
    options: ReportOptions,
) -> Result<String, ReportError> {
    let budget = if options.pictures {
        options.picture_budget_bytes
    } else {
        0
    };
    let chosen = pictures::choose(report, budget);
    let video = Foreign::name(&report.trainee.name);
    let task = Foreign::name(&report.task);
    let title = locale.say(
        "title",
        [
            ("task", task.alone().into()),
            ("video", video.alone().into()),
        ],
    );
    let page = Page {
        title,
        head: summary::masthead(report, locale),
        contents: contents(report),
        main: main_part(report, locale, options, &chosen)?,
        foot: made_by(locale, &report.provenance.code_version),
    };
    Ok(page.render(locale))
}

/// How everybody did at a task, as a page.
pub fn task_html(overview: &TaskOverview, locale: &Locale) -> String {
    past::task(overview, locale).render(locale)
}

/// How a trainee did over time, as a page.
pub fn history_html(history: &TraineeHistory, locale: &Locale) -> String {
    past::history(history, locale).render(locale)
}

fn main_part(
    report: &Report,
    locale: &Locale,
    options: ReportOptions,
    chosen: &Chosen<'_>,
) -> Result<Markup, ReportError> {
    let similarity = similarity::section(report, locale)?;
    Ok(html! {
        (summary::section(report, locale))
        (timeline::section(report, locale))
        (deviations::section(report, locale, options, chosen))
        (steps::section(report, locale))
        (similarity)
        (numbers::section(report, locale))
    })
}

/// Anchors and headings of the parts that a report has.
fn contents(report: &Report) -> Vec<(&'static str, &'static str)> {
    let mut parts = vec![("result", "heading-result"), ("videos", "heading-timeline")];
    if !report.deviations.is_empty() {
        parts.push(("deviations", "heading-deviations"));
    }
    parts.push(("steps", "heading-steps"));
    if report.similarity.is_some() {
        parts.push(("similarity", "heading-similarity"));
    }
    parts.push(("numbers", "heading-numbers"));
    parts
}

fn made_by(locale: &Locale, version: &str) -> String {
    let version = Foreign::name(version);
    if version.is_empty() {
        locale.text("made-by-anyone")
    } else {
        locale.say("made-by", [("version", version.isolated().into())])
    }
}

/// What all pages have in common.
struct Page {
    title: String,
    head: Markup,
    contents: Vec<(&'static str, &'static str)>,
    main: Markup,
    foot: String,
}

impl Page {
    fn render(&self, locale: &Locale) -> String {
        let page = html! {
            (DOCTYPE)
            html lang=(locale.tag()) dir=(locale.text("direction")) {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(style::policy());
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    title { (self.title) }
                    style { (style::sheet()) }
                }
                body {
                    a .skip href="#main" { (locale.text("skip")) }
                    header .masthead { (self.head) }
                    nav .contents aria-label=(locale.text("contents")) {
                        ul {
                            @for (anchor, heading) in &self.contents {
                                li { a href={ "#" (anchor) } { (locale.text(heading)) } }
                            }
                        }
                    }
                    main #main tabindex="-1" { (self.main) }
                    footer .foot { p { (crate::foreign::sentence(&self.foot)) } }
                }
            }
        };
        page.into_string()
    }
}

/// A part of a page with its heading.
fn section(id: &str, heading: &str, content: &Markup) -> Markup {
    html! {
        section #(id) aria-labelledby={ (id) "-heading" } {
            h2 #{ (id) "-heading" } { (heading) }
            (content)
        }
    }
}

/// A part that scrolls sideways by itself where the screen is narrow, also
/// with the keyboard.
fn scrolling(label: &str, class: &str, content: &Markup) -> Markup {
    html! {
        div .scrolling .(class) tabindex="0" role="region" aria-label=(label) { (content) }
    }
}
