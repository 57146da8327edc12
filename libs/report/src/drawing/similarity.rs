//! The map of similarities with the decoded path on it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use sopilot_procedure::TimeRange;

use super::{Drawing, length, point};
use crate::error::ReportError;
use crate::locale::Locale;
use crate::model::{Report, ReportedStep, SimilarityMatrix};
use crate::similarity_picture;

const LEFT: f64 = 58.0;
const TOP: f64 = 6.0;
const MAP_WIDTH: f64 = 520.0;
const BOTTOM: f64 = 50.0;
const RIGHT: f64 = 8.0;
/// Steps closer than this have no number.
const NUMBER_ROOM: f64 = 13.0;
/// Points of the path that can be told apart on the paper.
const MAX_POINTS: usize = 800;

pub(crate) fn similarity(
    locale: &Locale,
    report: &Report,
    matrix: &SimilarityMatrix,
) -> Result<Drawing, ReportError> {
    let picture = similarity_picture::png(matrix)?;
    let map = Map::new(report);
    let bottom = TOP + map.height;
    let content = html! {
        image x=(length(LEFT)) y=(length(TOP)) width=(length(MAP_WIDTH)) height=(length(map.height))
            preserveAspectRatio="none" .pixels
            href={ "data:image/png;base64," (STANDARD.encode(picture)) } {}
        rect .map-frame x=(length(LEFT)) y=(length(TOP)) width=(length(MAP_WIDTH)) height=(length(map.height)) {}
        (map.path(report))
        (map.gold_ticks(report))
        (map.trainee_ticks(report))
        text .label x=(length(LEFT + MAP_WIDTH / 2.0)) y=(length(bottom + 44.0)) text-anchor="middle" {
            (locale.text("axis-trainee"))
        }
        text .label text-anchor="middle"
            transform={ "translate(14 " (length(TOP + map.height / 2.0)) ") rotate(-90)" } {
            (locale.text("axis-gold"))
        }
        text .small x=(length(LEFT)) y=(length(bottom + 44.0)) { (locale.short_clock(0.0)) }
        text .small x=(length(LEFT + MAP_WIDTH)) y=(length(bottom + 44.0)) text-anchor="end" {
            (locale.short_clock(report.trainee.duration_s))
        }
    };
    Ok(Drawing {
        id: "similarity",
        title: locale.text("similarity-title"),
        description: locale.say(
            "similarity-description",
            [
                ("rows", matrix.rows.into()),
                ("columns", matrix.columns.into()),
                ("jumps", report.path.len().saturating_sub(1).into()),
            ],
        ),
        width: LEFT + MAP_WIDTH + RIGHT,
        height: bottom + BOTTOM,
        content,
    })
}

/// Where times lie on the map.
struct Map {
    gold_s: f64,
    trainee_s: f64,
    height: f64,
}

impl Map {
    fn new(report: &Report) -> Self {
        let at_least_one = |seconds: f64| if seconds >= 1.0 { seconds } else { 1.0 };
        let gold_s = at_least_one(report.gold.duration_s);
        let trainee_s = at_least_one(report.trainee.duration_s);
        // As long as it is, within what fits a page.
        let height = (MAP_WIDTH * gold_s / trainee_s).clamp(0.4 * MAP_WIDTH, 1.1 * MAP_WIDTH);
        Self {
            gold_s,
            trainee_s,
            height,
        }
    }

    fn x(&self, seconds: f64) -> f64 {
        LEFT + MAP_WIDTH * (seconds / self.trainee_s).clamp(0.0, 1.0)
    }

    fn y(&self, seconds: f64) -> f64 {
        TOP + self.height * (seconds / self.gold_s).clamp(0.0, 1.0)
    }

    /// The runs of the path, joined by thin lines where it jumps.
    fn path(&self, report: &Report) -> Markup {
        let every = report
            .path
            .iter()
            .map(Vec::len)
            .sum::<usize>()
            .div_ceil(MAX_POINTS)
            .max(1);
        let at =
            |place: &crate::model::PathPoint| point(self.x(place.trainee_s), self.y(place.gold_s));
        let runs: Vec<String> = report
            .path
            .iter()
            .map(|run| {
                let last = run.len().saturating_sub(1);
                let kept = run
                    .iter()
                    .enumerate()
                    .filter(|(index, _)| index % every == 0 || *index == last);
                kept.map(|(_, place)| at(place))
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        let jumps = report.path.windows(2).filter_map(|pair| {
            let (from, to) = (pair[0].last()?, pair[1].first()?);
            Some(format!("M{}L{}", at(from), at(to)))
        });
        let jumps: String = jumps.collect();
        html! {
            @if !jumps.is_empty() { path .path-jump d=(jumps) {} }
            @for run in &runs { polyline .path-halo points=(run) {} }
            @for run in &runs { polyline .path-line points=(run) {} }
        }
    }

    fn gold_ticks(&self, report: &Report) -> Markup {
        let mut free_from = f64::NEG_INFINITY;
        html! {
            @for step in report.drawn_steps() {
                @let time = &step.result.gold_time;
                @let middle = self.y(middle(time));
                @for end in [self.y(time.start_s), self.y(time.end_s)] {
                    line .axis x1=(length(LEFT - 5.0)) x2=(length(LEFT)) y1=(length(end)) y2=(length(end)) {}
                }
                @if take(&mut free_from, middle) {
                    text .small x=(length(LEFT - 9.0)) y=(length(middle + 4.0)) text-anchor="end" {
                        (report.number_of(step.result.index).unwrap_or_default())
                    }
                }
            }
        }
    }

    fn trainee_ticks(&self, report: &Report) -> Markup {
        let bottom = TOP + self.height;
        let place = |step: &ReportedStep| {
            let time = step.result.trainee_time?;
            Some((report.number_of(step.result.index)?, time))
        };
        let mut done: Vec<(String, TimeRange)> = report.drawn_steps().filter_map(place).collect();
        done.sort_by(|a, b| a.1.start_s.total_cmp(&b.1.start_s));
        let mut free_from = f64::NEG_INFINITY;
        html! {
            @for (number, time) in &done {
                @let middle = self.x(middle(time));
                @for end in [self.x(time.start_s), self.x(time.end_s)] {
                    line .axis x1=(length(end)) x2=(length(end)) y1=(length(bottom)) y2=(length(bottom + 5.0)) {}
                }
                @if take(&mut free_from, middle) {
                    text .small x=(length(middle)) y=(length(bottom + 18.0)) text-anchor="middle" { (number) }
                }
            }
        }
    }
}

fn middle(time: &TimeRange) -> f64 {
    f64::midpoint(time.start_s, time.end_s)
}

/// Whether there is room for a number here, which is then taken.
fn take(free_from: &mut f64, place: f64) -> bool {
    let free = place >= *free_from;
    if free {
        *free_from = place + NUMBER_ROOM;
    }
    free
}
