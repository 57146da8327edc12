//! A report as a trainer reads it.

pub(crate) mod page;
mod research;

use std::fmt::Write as _;

use sopilot_proto::scoring::v1::{
    Deviation, DeviationType, ScoreReport, StepResult, StepStatus, TimeRange, Verdict,
};

use crate::{
    table::{Align, Column, table},
    text::{clock, safe},
};

pub(crate) use research::research;

/// The whole report: score and verdict, what cost points, and every step. `effective` is the
/// verdict that counts, which a person may have changed.
pub(crate) fn report(report: &ScoreReport, effective: Verdict) -> String {
    let mut text = head(report, effective);
    if report.deviations.is_empty() {
        text.push_str("\nNothing differs from the procedure.\n");
    } else {
        text.push_str("\nWhat cost points\n");
        text.push_str(&deviations(report));
    }
    if !report.steps.is_empty() {
        text.push_str("\nSteps\n");
        text.push_str(&steps(&report.steps));
    }
    text
}

/// A verdict in words and colour.
pub(crate) fn verdict(verdict: Verdict) -> String {
    let (colour, words) = match verdict {
        Verdict::Unspecified => ("", "no verdict"),
        Verdict::Pass => (GREEN, "PASS: the procedure was followed"),
        Verdict::Fail => (
            RED,
            "FAIL: the procedure was not followed (a person should confirm this)",
        ),
        Verdict::NeedsReview => (YELLOW, "NEEDS REVIEW: a person must look"),
        Verdict::NotComparable => (
            YELLOW,
            "NOT COMPARABLE: the two videos do not show the same work, or it cannot be seen",
        ),
    };
    format!("{colour}{words}{RESET}")
}

/// A verdict in one or two words.
pub(crate) fn short_verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unspecified => "-",
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::NeedsReview => "needs review",
        Verdict::NotComparable => "not comparable",
    }
}

/// What happened, in words.
pub(crate) fn happened(kind: DeviationType) -> &'static str {
    match kind {
        DeviationType::Unspecified => "something unknown",
        DeviationType::MissingStep => "left out",
        DeviationType::OutOfOrder => "in the wrong order",
        DeviationType::RepeatedStep => "done again",
        DeviationType::ExtraActivity => "something extra",
        DeviationType::WrongExecution => "done wrongly or in part",
        DeviationType::OverTime => "too slow",
        DeviationType::UnderTime => "too fast",
    }
}

const GREEN: &str = "\x1b[1;32m";
const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const RESET: &str = "\x1b[0m";

fn head(report: &ScoreReport, effective: Verdict) -> String {
    let mut text = String::new();
    let made = report.verdict();
    // Writing to a String cannot fail.
    if made == Verdict::NotComparable {
        text.push_str("Score    none\n");
    } else {
        let _ = writeln!(text, "Score    {:.1} of 100", report.score);
    }
    let _ = writeln!(text, "Verdict  {}", verdict(effective));
    if effective != made {
        let _ = writeln!(
            text,
            "         a person changed it from: {}",
            short_verdict(made)
        );
    }
    if effective != made {
        return text;
    }
    if !report.verdict_reason.is_empty() {
        let _ = writeln!(text, "Why      {}", safe(&report.verdict_reason));
    }
    for deviation in &report.deviations {
        let without = deviation.verdict_without();
        if without != made && without != Verdict::Unspecified {
            let step = match deviation.gold_step {
                Some(_) => format!(" \"{}\"", safe(&deviation.step_name)),
                None => String::new(),
            };
            let _ = writeln!(
                text,
                "Decisive {}{step}: without it the verdict would be {}",
                happened(deviation.r#type()),
                short_verdict(without)
            );
        }
    }
    text
}

fn deviations(report: &ScoreReport) -> String {
    let numbers = numbers(&parents(&report.steps));
    let columns = [
        Column("Time", Align::Right),
        Column("What happened", Align::Left),
        Column("Step", Align::Left),
        Column("Points", Align::Right),
        Column("Sure", Align::Right),
        Column("Seen", Align::Left),
    ];
    let rows = report.deviations.iter().map(|deviation| {
        let step = match deviation.gold_step {
            Some(index) => match numbers.get(index as usize) {
                Some(number) => format!("{number} {}", deviation.step_name),
                None => deviation.step_name.clone(),
            },
            None => "-".to_owned(),
        };
        vec![
            place(report, deviation).map_or_else(dash, |time| clock(time.start_seconds)),
            happened(deviation.r#type()).to_owned(),
            step,
            format!("{:.1}", deviation.points_lost),
            format!("{:.0} %", deviation.confidence * 100.0),
            deviation.reason.clone(),
        ]
    });
    table(&columns, rows)
}

/// When the trainee did it; of a missing step, where it should have been, unless that is anywhere:
/// where the order is free, no step that was done need bound its place.
fn place(report: &ScoreReport, deviation: &Deviation) -> Option<TimeRange> {
    let place = deviation.trainee_time?;
    let mut done = report.steps.iter().filter_map(|step| step.trainee_time);
    let is_anywhere = deviation.r#type() == DeviationType::MissingStep
        && done.all(|time| {
            place.start_seconds <= time.start_seconds && time.end_seconds <= place.end_seconds
        });
    (!is_anywhere).then_some(place)
}

fn parents(steps: &[StepResult]) -> Vec<Option<u32>> {
    steps.iter().map(|step| step.parent).collect()
}

fn steps(steps: &[StepResult]) -> String {
    let columns = [
        Column("Step", Align::Left),
        Column("Gold", Align::Left),
        Column("Trainee", Align::Left),
        Column("Duration", Align::Right),
        Column("Status", Align::Left),
    ];
    let numbers = numbers(&parents(steps));
    let rows = steps.iter().zip(numbers).map(|(step, number)| {
        vec![
            numbered(&number, &step.name),
            step.gold_time.as_ref().map_or_else(dash, range),
            step.trainee_time.as_ref().map_or_else(dash, range),
            step.duration_ratio
                .map_or_else(dash, |ratio| format!("{:.0} %", ratio * 100.0)),
            status(step.status()).to_owned(),
        ]
    });
    table(&columns, rows)
}

/// What a person calls each step, further in the deeper it lies: 1, 2, 2.1, 2.2, 3. `parents` are
/// the steps that they are parts of.
pub(crate) fn numbers(parents: &[Option<u32>]) -> Vec<String> {
    let mut numbers: Vec<String> = Vec::with_capacity(parents.len());
    for (index, parent) in parents.iter().enumerate() {
        let siblings = parents[..index].iter();
        let place = 1 + siblings.filter(|other| *other == parent).count();
        let whole = parent.and_then(|parent| numbers.get(parent as usize));
        numbers.push(match whole {
            Some(whole) => format!("{whole}.{place}"),
            None => place.to_string(),
        });
    }
    numbers
}

/// A step with its number, parts further in.
pub(crate) fn numbered(number: &str, name: &str) -> String {
    format!(
        "{}{number} {name}",
        "  ".repeat(number.matches('.').count())
    )
}

fn status(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Unspecified => "unknown",
        StepStatus::Done => "done",
        StepStatus::Deviated => "done, with a deviation",
        StepStatus::Wrong => "wrong or in part",
        StepStatus::Missing => "left out",
        StepStatus::Skipped => "left out (optional)",
        StepStatus::Unresolved => "judged with its step",
    }
}

fn range(time: &TimeRange) -> String {
    format!(
        "{} – {}",
        clock(time.start_seconds),
        clock(time.end_seconds)
    )
}

fn dash() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(start_seconds: f64, end_seconds: f64) -> TimeRange {
        TimeRange {
            start_seconds,
            end_seconds,
        }
    }

    fn sample() -> ScoreReport {
        let deviation =
            |kind: DeviationType, step: Option<u32>, name: &str, start, points| Deviation {
                r#type: kind.into(),
                gold_step: step,
                step_name: name.to_owned(),
                trainee_time: Some(time(start, start + 2.0)),
                confidence: 0.914,
                points_lost: points,
                reason: format!("{name} was seen so"),
                ..Deviation::default()
            };
        let step = |index, name: &str, status: StepStatus, ratio| StepResult {
            index,
            name: name.to_owned(),
            status: status.into(),
            gold_time: Some(time(f64::from(index) * 4.0, f64::from(index) * 4.0 + 4.0)),
            trainee_time: (status != StepStatus::Missing)
                .then(|| time(f64::from(index) * 5.0, f64::from(index) * 5.0 + 5.5)),
            duration_ratio: ratio,
            ..StepResult::default()
        };
        ScoreReport {
            score: 71.25,
            verdict: Verdict::Fail.into(),
            verdict_reason: "The critical step \"Drive\" is missing.".to_owned(),
            deviations: vec![
                deviation(DeviationType::MissingStep, Some(1), "Drive", 59.97, 25.0),
                deviation(DeviationType::ExtraActivity, None, "", 61.0, 3.75),
            ],
            steps: vec![
                step(
                    0,
                    "Seat\u{202e} the board\x1b[2J",
                    StepStatus::Done,
                    Some(1.104),
                ),
                step(1, "Drive", StepStatus::Missing, None),
            ],
            ..ScoreReport::default()
        }
    }

    #[test]
    fn parts_are_numbered_within_their_step() {
        let parents = [None, None, Some(1), Some(1), Some(3), None];
        assert_eq!(numbers(&parents), ["1", "2", "2.1", "2.2", "2.2.1", "3"]);
        assert_eq!(numbered("2.2.1", "Turn"), "    2.2.1 Turn");
    }

    #[test]
    fn a_missing_step_without_a_place_has_no_time() {
        let mut sample = sample();
        sample.deviations.truncate(1);
        assert!(report(&sample, Verdict::Fail).contains("1:00.0"));
        sample.deviations[0].trainee_time = Some(time(0.0, 70.0));
        let told = report(&sample, Verdict::Fail);
        let line = told.lines().find(|line| line.contains("left out")).unwrap();
        assert!(line.trim_start().starts_with('-'), "{line}");
    }

    #[test]
    fn a_report_is_a_page_for_people() {
        let text = report(&sample(), Verdict::Fail);
        assert!(text.contains(RED), "the verdict has a colour on a terminal");
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string());
    }

    #[test]
    fn a_verdict_that_a_person_changed_says_so() {
        let text = report(
            &ScoreReport {
                deviations: vec![],
                steps: vec![],
                ..sample()
            },
            Verdict::Pass,
        );
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string());
    }

    #[test]
    fn videos_that_cannot_be_compared_have_no_score() {
        let report = ScoreReport {
            verdict: Verdict::NotComparable.into(),
            ..ScoreReport::default()
        };
        assert!(super::report(&report, Verdict::NotComparable).starts_with("Score    none\n"));
    }
}
