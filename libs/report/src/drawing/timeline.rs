//! Both videos on one scale of time: the gold above, the trainee below, and
//! bands from each step to where the trainee did it.

use std::collections::BTreeSet;

use maud::{Markup, html};
use sopilot_procedure::{DeviationType, TimeRange};

use super::label::{lines, text_width};
use super::marks::in_rows;
use super::signs::{Sign, patterns};
use super::{Drawing, length, point, tick_seconds};
use crate::foreign::Foreign;
use crate::locale::Locale;
use crate::model::{PathPoint, Report, ReportedStep};

const WIDTH: f64 = 900.0;
const EDGE: f64 = 2.0;
const GOLD_Y: f64 = 22.0;
const ROW: f64 = 48.0;
const TRAINEE_Y: f64 = 162.0;
const MARKS_Y: f64 = TRAINEE_Y + ROW + 16.0;
const MARK_RADIUS: f64 = 9.0;
const MARK_ROWS: usize = 3;
/// Names in blocks, whose lines stand this far apart.
const FONT: f64 = 11.5;
const LINE: f64 = 13.5;
const LINES: usize = 3;
/// How wide the place of a missing step is at most.
const GAP: f64 = 7.0;
/// Lines that tie moments of both videos together.
const TIES: usize = 90;

pub(crate) fn timeline(locale: &Locale, report: &Report) -> Drawing {
    let sheet = Sheet::new(report);
    let marks = sheet.marks(report);
    let rows = marks.iter().map(|mark| mark.2 + 1).max().unwrap_or(0);
    let axis_y = MARKS_Y + 20.0 * rows as f64 - if rows == 0 { 10.0 } else { 2.0 };
    let content = html! {
        (patterns())
        text .label x=(length(EDGE)) y="14" { (locale.text("label-gold")) }
        @for step in report.drawn_steps() { (sheet.band(step)) }
        (sheet.ties(&report.path))
        @for step in report.drawn_steps() { (sheet.gold_block(report, step)) }
        text .label .halo x=(length(EDGE)) y=(length(TRAINEE_Y - 8.0)) { (locale.text("label-trainee")) }
        @for step in report.drawn_steps() { (sheet.trainee_block(report, step)) }
        @for deviation in &report.deviations {
            (sheet.deviation_block(report, deviation.found.kind, deviation.found.gold_step, &deviation.found.trainee_time))
        }
        @for (number, x, row) in &marks { (mark(*number, *x, *row)) }
        (sheet.axis(locale, axis_y))
    };
    Drawing {
        id: "timeline",
        title: locale.text("timeline-title"),
        description: locale.say(
            "timeline-description",
            [
                ("steps", report.drawn_steps().count().into()),
                ("deviations", report.deviations.len().into()),
            ],
        ),
        width: WIDTH,
        height: axis_y + 24.0,
        content,
    }
}

/// The signs that the timelines of a report use, for the legend.
pub(crate) fn signs_used(report: &Report) -> BTreeSet<Sign> {
    let steps = report
        .drawn_steps()
        .map(|step| Sign::of_status(step.result.status));
    let kinds = report
        .deviations
        .iter()
        .map(|deviation| Sign::of_kind(deviation.found.kind));
    steps.chain(kinds).collect()
}

/// Where seconds lie on the paper.
struct Sheet {
    seconds: f64,
}

impl Sheet {
    fn new(report: &Report) -> Self {
        let durations = [report.gold.duration_s, report.trainee.duration_s];
        let ends = report.steps.iter().flat_map(|step| {
            let trainee = step.result.trainee_time.as_ref();
            [
                Some(step.result.gold_time.end_s),
                trainee.map(|time| time.end_s),
            ]
        });
        let seconds = durations
            .into_iter()
            .chain(ends.flatten())
            .filter(|seconds| seconds.is_finite())
            .fold(1.0, f64::max);
        Self { seconds }
    }

    fn x(&self, seconds: f64) -> f64 {
        let share = (seconds / self.seconds).clamp(0.0, 1.0);
        EDGE + (WIDTH - 2.0 * EDGE) * if share.is_nan() { 0.0 } else { share }
    }

    fn ends(&self, time: &TimeRange) -> (f64, f64) {
        let (start, end) = (self.x(time.start_s), self.x(time.end_s));
        (start, end.max(start + 2.0))
    }

    fn band(&self, step: &ReportedStep) -> Markup {
        let Some(time) = &step.result.trainee_time else {
            return html! {};
        };
        let (gold, trainee) = (self.ends(&step.result.gold_time), self.ends(time));
        let class = match Sign::of_status(step.result.status) {
            Sign::Done => "band",
            _ => "band band-off",
        };
        let (top, bottom) = (GOLD_Y + ROW, TRAINEE_Y);
        let points = [
            point(gold.0, top),
            point(gold.1, top),
            point(trainee.1, bottom),
            point(trainee.0, bottom),
        ];
        html! { polygon .(class) points=(points.join(" ")) {} }
    }

    fn ties(&self, path: &[Vec<PathPoint>]) -> Markup {
        let every = path
            .iter()
            .map(Vec::len)
            .sum::<usize>()
            .div_ceil(TIES)
            .max(1);
        let lines: Vec<String> = path
            .iter()
            .flatten()
            .step_by(every)
            .map(|tie| {
                let (gold, trainee) = (self.x(tie.gold_s), self.x(tie.trainee_s));
                format!(
                    "M{}L{}",
                    point(gold, GOLD_Y + ROW),
                    point(trainee, TRAINEE_Y)
                )
            })
            .collect();
        html! { @if !lines.is_empty() { path .tie d=(lines.concat()) {} } }
    }

    fn gold_block(&self, report: &Report, step: &ReportedStep) -> Markup {
        let sign = match Sign::of_status(step.result.status) {
            missing @ (Sign::Missing | Sign::Skipped) => missing,
            _ => Sign::Done,
        };
        self.block(report, sign, GOLD_Y, &step.result.gold_time, Some(step))
    }

    fn trainee_block(&self, report: &Report, step: &ReportedStep) -> Markup {
        let Some(time) = &step.result.trainee_time else {
            return html! {};
        };
        let sign = Sign::of_status(step.result.status);
        self.block(report, sign, TRAINEE_Y, time, Some(step))
    }

    /// What a deviation shows that no step does: extra activity, a repetition,
    /// the place where a step is missing.
    fn deviation_block(
        &self,
        report: &Report,
        kind: DeviationType,
        step: Option<u32>,
        time: &TimeRange,
    ) -> Markup {
        let step = step.and_then(|index| {
            let mut steps = report.steps.iter();
            steps.find(|step| step.result.index == index)
        });
        match kind {
            DeviationType::ExtraActivity => self.block(report, Sign::Extra, TRAINEE_Y, time, None),
            DeviationType::RepeatedStep => {
                self.block(report, Sign::Deviated, TRAINEE_Y, time, step)
            }
            DeviationType::MissingStep => self.gap(time),
            _ => html! {},
        }
    }

    /// Where a step is missing: narrow, for its neighbours stand close.
    fn gap(&self, time: &TimeRange) -> Markup {
        let (start, end) = self.ends(time);
        let width = (end - start).clamp(2.0, GAP);
        html! {
            rect .sign-missing x=(length(f64::midpoint(start, end) - width / 2.0))
                y=(length(TRAINEE_Y - 5.0)) width=(length(width)) height=(length(ROW + 10.0)) rx="2" {}
        }
    }

    fn block(
        &self,
        report: &Report,
        sign: Sign,
        y: f64,
        time: &TimeRange,
        step: Option<&ReportedStep>,
    ) -> Markup {
        let (start, end) = self.ends(time);
        let room = (end - start - 8.0) / FONT;
        let label = step.map_or_else(Vec::new, |step| {
            let name = Foreign::name(&step.result.name);
            lines(
                &report.number_of(step.result.index).unwrap_or_default(),
                &name,
                room,
                LINES,
            )
        });
        let first = y + (ROW - LINE * label.len() as f64) / 2.0 + FONT * 0.95;
        html! {
            rect .(sign.class()) x=(length(start + 0.5)) y=(length(y))
                width=(length((end - start - 1.0).max(1.0))) height=(length(ROW)) rx="2" {}
            @if sign.is_patterned() && !label.is_empty() {
                @let wide = label.iter().map(|line| text_width(line)).fold(0.0, f64::max) * FONT + 6.0;
                @let wide = wide.min(end - start - 3.0);
                rect .label-ground x=(length(f64::midpoint(start, end) - wide / 2.0)) width=(length(wide))
                    y=(length(first - FONT)) height=(length(LINE * label.len() as f64 + 1.0)) rx="2" {}
            }
            @for (index, line) in label.iter().enumerate() {
                text .block-label x=(length(f64::midpoint(start, end)))
                    y=(length(first + LINE * index as f64)) text-anchor="middle" { (line) }
            }
        }
    }

    /// Number, place and row of every deviation's mark.
    fn marks(&self, report: &Report) -> Vec<(usize, f64, usize)> {
        let places: Vec<f64> = report
            .deviations
            .iter()
            .map(|deviation| {
                let (start, end) = self.ends(&deviation.found.trainee_time);
                let (least, most) = (MARK_RADIUS + 1.0, WIDTH - MARK_RADIUS - 1.0);
                f64::midpoint(start, end).clamp(least, most)
            })
            .collect();
        let rows = in_rows(&places, MARK_RADIUS, MARK_ROWS);
        places
            .into_iter()
            .zip(rows)
            .enumerate()
            .map(|(index, (x, row))| (index + 1, x, row))
            .collect()
    }

    fn axis(&self, locale: &Locale, y: f64) -> Markup {
        let every = tick_seconds(self.seconds, 12);
        let count = (self.seconds / every).floor() as usize;
        html! {
            line .axis x1=(length(EDGE)) x2=(length(WIDTH - EDGE)) y1=(length(y)) y2=(length(y)) {}
            @for tick in 0..=count {
                @let seconds = tick as f64 * every;
                @let x = self.x(seconds);
                line .axis x1=(length(x)) x2=(length(x)) y1=(length(y)) y2=(length(y + 5.0)) {}
                text .small x=(length(x)) y=(length(y + 18.0)) text-anchor=(anchor(x)) {
                    (locale.short_clock(seconds))
                }
            }
        }
    }
}

fn anchor(x: f64) -> &'static str {
    if x < 16.0 {
        "start"
    } else if x > WIDTH - 16.0 {
        "end"
    } else {
        "middle"
    }
}

fn mark(number: usize, x: f64, row: usize) -> Markup {
    let y = MARKS_Y + 20.0 * row as f64;
    html! {
        line .mark-stem x1=(length(x)) x2=(length(x)) y1=(length(TRAINEE_Y + ROW)) y2=(length(y - MARK_RADIUS)) {}
        circle .mark cx=(length(x)) cy=(length(y)) r=(length(MARK_RADIUS)) {}
        text .mark-number x=(length(x)) y=(length(y + 4.0)) text-anchor="middle" { (number) }
    }
}
