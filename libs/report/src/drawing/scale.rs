//! The score on its scale from 0 to 100, with its interval.

use maud::html;
use sopilot_procedure::research::Interval;

use super::{Drawing, length};
use crate::locale::Locale;

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 34.0;
const EDGE: f64 = 6.0;

pub(crate) fn score_scale(locale: &Locale, score: f64, interval: Option<Interval>) -> Drawing {
    let x = |points: f64| EDGE + (WIDTH - 2.0 * EDGE) * points.clamp(0.0, 100.0) / 100.0;
    let title = match interval {
        Some(interval) => locale.say(
            "score-scale-with-interval",
            [
                ("score", locale.number(score, 1).into()),
                ("low", locale.number(interval.low, 1).into()),
                ("high", locale.number(interval.high, 1).into()),
            ],
        ),
        None => locale.say("score-scale", [("score", locale.number(score, 1).into())]),
    };
    let content = html! {
        line .axis x1=(length(x(0.0))) x2=(length(x(100.0))) y1="12" y2="12" {}
        @for tick in [0.0, 20.0, 40.0, 60.0, 80.0, 100.0] {
            line .axis x1=(length(x(tick))) x2=(length(x(tick))) y1="12" y2="17" {}
            text .small x=(length(x(tick))) y="29" text-anchor=(anchor(tick)) { (tick) }
        }
        @if let Some(interval) = interval {
            @let (low, high) = (x(interval.low), x(interval.high));
            rect .interval x=(length(low)) y="7" width=(length((high - low).max(2.0)))
                height="10" rx="5" {}
        }
        circle .score-point cx=(length(x(score))) cy="12" r="5" {}
    };
    Drawing {
        id: "score-scale",
        description: locale.text("score-interval-means"),
        title,
        width: WIDTH,
        height: HEIGHT,
        content,
    }
}

fn anchor(tick: f64) -> &'static str {
    if tick < 1.0 {
        "start"
    } else if tick > 99.0 {
        "end"
    } else {
        "middle"
    }
}
