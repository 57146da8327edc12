//! Charts over many scores: a distribution, and scores over time.

use maud::{Markup, html};
use sopilot_procedure::Verdict;

use super::{Drawing, length, point};
use crate::locale::Locale;
use crate::past::PastResult;
use crate::wording::verdict_id;

const WIDTH: f64 = 480.0;
const LEFT: f64 = 34.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 18.0;
const PLOT: f64 = 150.0;
const BOTTOM: f64 = 28.0;
/// Bars of the distribution.
pub(crate) const BARS: usize = 10;

/// How many scores lie in each tenth of the scale.
pub(crate) fn tenths(scores: &[f64]) -> [usize; BARS] {
    let mut counts = [0; BARS];
    for score in scores {
        counts[((score / 10.0).max(0.0) as usize).min(BARS - 1)] += 1;
    }
    counts
}

/// A histogram of at least one score.
pub(crate) fn distribution(locale: &Locale, scores: &[f64]) -> Drawing {
    let counts = tenths(scores);
    let (most_at, most) = (0..BARS)
        .map(|bar| (bar, counts[bar]))
        .max_by_key(|&(_, count)| count)
        .unwrap_or_default();
    let wide = (WIDTH - LEFT - RIGHT) / BARS as f64;
    let content = html! {
        line .axis x1=(length(LEFT)) x2=(length(WIDTH - RIGHT)) y1=(length(TOP + PLOT)) y2=(length(TOP + PLOT)) {}
        @for (bar, &count) in counts.iter().enumerate() {
            @let x = LEFT + wide * bar as f64;
            @let high = PLOT * count as f64 / most.max(1) as f64;
            @if count > 0 {
                rect .chart-bar x=(length(x + 2.0)) y=(length(TOP + PLOT - high))
                    width=(length(wide - 4.0)) height=(length(high)) {}
                text x=(length(x + wide / 2.0)) y=(length(TOP + PLOT - high - 5.0)) text-anchor="middle" { (count) }
            }
            text .small x=(length(x)) y=(length(TOP + PLOT + 18.0)) text-anchor="middle" { (bar * 10) }
        }
        text .small x=(length(WIDTH - RIGHT)) y=(length(TOP + PLOT + 18.0)) text-anchor="middle" { "100" }
    };
    Drawing {
        id: "distribution",
        title: locale.text("distribution-title"),
        description: locale.say(
            "distribution-description",
            [
                ("most", most.into()),
                ("from", (most_at * 10).into()),
                ("to", (most_at * 10 + 10).into()),
            ],
        ),
        width: WIDTH,
        height: TOP + PLOT + BOTTOM,
        content,
    }
}

/// Scores in the order of time, at least one, none of them without a score.
pub(crate) fn over_time(locale: &Locale, results: &[&PastResult]) -> Drawing {
    let (first, last) = (results[0], results[results.len() - 1]);
    let axis = TimeAxis::new(results);
    let places: Vec<(f64, f64, Verdict)> = results
        .iter()
        .enumerate()
        .map(|(index, result)| (axis.x(index, result), y(result.score), result.verdict))
        .collect();
    let line: Vec<String> = places.iter().map(|&(x, y, _)| point(x, y)).collect();
    let content = html! {
        @for points in [0.0, 20.0, 40.0, 60.0, 80.0, 100.0] {
            line .chart-grid x1=(length(LEFT)) x2=(length(WIDTH - RIGHT)) y1=(length(y(points))) y2=(length(y(points))) {}
            text .small x=(length(LEFT - 6.0)) y=(length(y(points) + 4.0)) text-anchor="end" { (points) }
        }
        polyline .chart-line points=(line.join(" ")) {}
        @for &(x, y, verdict) in &places { (sign(x, y, verdict)) }
        text .small x=(length(LEFT)) y=(length(TOP + PLOT + 20.0)) { (locale.day(first.at)) }
        @if results.len() > 1 {
            text .small x=(length(WIDTH - RIGHT)) y=(length(TOP + PLOT + 20.0)) text-anchor="end" { (locale.day(last.at)) }
        }
    };
    Drawing {
        id: "over-time",
        title: locale.text("over-time-title"),
        description: locale.say(
            "over-time-description",
            [
                ("first", locale.number(first.score, 1).into()),
                ("from", locale.day(first.at).into()),
                ("last", locale.number(last.score, 1).into()),
                ("to", locale.day(last.at).into()),
            ],
        ),
        width: WIDTH,
        height: TOP + PLOT + BOTTOM,
        content,
    }
}

/// How a result looks in the chart: a shape of its own for each verdict.
pub(crate) fn sign(x: f64, y: f64, verdict: Verdict) -> Markup {
    let class = format!("point-{}", verdict_id(verdict));
    let r = 5.0;
    html! {
        @match verdict {
            Verdict::Pass => circle .(class) cx=(length(x)) cy=(length(y)) r=(length(r)) {},
            Verdict::Fail => path .(class) d={
                "M" (point(x - r, y - r)) "L" (point(x + r, y + r))
                "M" (point(x - r, y + r)) "L" (point(x + r, y - r))
            } {},
            Verdict::NeedsReview | Verdict::NotComparable => polygon .(class) points={
                (point(x, y - r - 1.0)) " " (point(x + r + 1.0, y)) " " (point(x, y + r + 1.0)) " " (point(x - r - 1.0, y))
            } {},
        }
    }
}

fn y(points: f64) -> f64 {
    TOP + PLOT * (1.0 - points.clamp(0.0, 100.0) / 100.0)
}

/// By time; evenly, if everything happened at once.
struct TimeAxis {
    start: f64,
    seconds: f64,
    count: usize,
}

impl TimeAxis {
    fn new(results: &[&PastResult]) -> Self {
        let stamp = |index: usize| results[index].at.unix_timestamp() as f64;
        let count = results.len();
        Self {
            start: stamp(0),
            seconds: stamp(count - 1) - stamp(0),
            count,
        }
    }

    fn x(&self, index: usize, result: &PastResult) -> f64 {
        let share = if self.seconds > 0.0 {
            (result.at.unix_timestamp() as f64 - self.start) / self.seconds
        } else if self.count > 1 {
            index as f64 / (self.count - 1) as f64
        } else {
            0.5
        };
        let edge = 10.0;
        LEFT + edge + (WIDTH - LEFT - RIGHT - 2.0 * edge) * share.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_lies_in_one_tenth() {
        assert_eq!(
            tenths(&[0.0, 9.99, 10.0, 100.0, 95.0, -3.0]),
            [3, 1, 0, 0, 0, 0, 0, 0, 0, 2]
        );
    }
}
