//! Who does what wrong, and how it is told.

use std::fmt::Write as _;

use sopilot_judge::{DeviationKind, Truth};
use sopilot_proto::scoring::v1::{Deviation, DeviationType, ScoreReport, Verdict};
use sopilot_testkit::{Edit, EditError, Performance, Procedure};

use crate::{
    report::{happened, verdict},
    text::{clock, safe},
};

/// One video to be drawn.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// Name of its files.
    pub(super) name: &'static str,
    /// Who does what.
    pub(super) performance: Performance,
}

/// The gold, then the trainees.
pub(super) fn cases(procedure: &Procedure) -> Result<Vec<Case>, EditError> {
    let trainees: [(&str, &[Edit]); 5] = [
        ("careful", &[]),
        ("forgot-a-step", &[Edit::Drop { step: 3 }]),
        ("wrong-order", &[Edit::Swap { first: 4 }]),
        (
            "slow-and-distracted",
            &[
                Edit::Slow {
                    step: 2,
                    factor: 2.5,
                },
                Edit::Insert {
                    after: 5,
                    seconds: 6.0,
                },
            ],
        ),
        (
            "wrong-part",
            &[Edit::WrongObject {
                step: 1,
                difference: 1.0,
            }],
        ),
    ];
    let mut cases = vec![Case {
        name: "gold",
        performance: Performance::gold(procedure),
    }];
    for (index, (name, edits)) in trainees.into_iter().enumerate() {
        let seed = procedure.seed() + 1 + index as u64;
        let mut performance = Performance::new(procedure, seed);
        for edit in edits {
            performance = performance.with(*edit)?;
        }
        cases.push(Case { name, performance });
    }
    Ok(cases)
}

/// What was done wrong on purpose, and what was found.
pub(super) fn told(case: &Case, truth: &Truth, report: &ScoreReport) -> String {
    let score = match report.verdict() {
        Verdict::NotComparable => String::new(),
        _ => format!("{:.1} of 100, ", report.score),
    };
    let mut text = format!(
        "{}\n  verdict    {score}{}\n",
        case.name,
        verdict(report.verdict())
    );
    let steps = case.performance.procedure().steps();
    let mistakes = truth.deviations.iter().map(|mistake| {
        let step = mistake
            .gold_step
            .and_then(|step| Some((step, steps.get(step)?.name.as_str())));
        line(
            kind(mistake.kind),
            step,
            mistake.trainee_time.map(|time| time.start_s),
        )
    });
    list(&mut text, "on purpose", mistakes);
    let found = report.deviations.iter().map(|found| {
        let step = found
            .gold_step
            .map(|step| (step as usize, found.step_name.as_str()));
        let when = found
            .trainee_time
            .filter(|_| found.r#type() != DeviationType::MissingStep);
        let line = line(found.r#type(), step, when.map(|time| time.start_seconds));
        format!("{line}{}", cost(found))
    });
    list(&mut text, "found", found);
    text
}

fn list(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut title = title;
    for line in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {title:10} {line}");
        title = "";
    }
    if !title.is_empty() {
        let _ = writeln!(text, "  {title:10} nothing");
    }
}

fn line(kind: DeviationType, step: Option<(usize, &str)>, at: Option<f64>) -> String {
    let step = step.map_or_else(String::new, |(index, name)| {
        format!(": step {} \"{}\"", index + 1, safe(name))
    });
    let at = at.map_or_else(String::new, |seconds| format!(" at {}", clock(seconds)));
    format!("{}{step}{at}", happened(kind))
}

fn cost(deviation: &Deviation) -> String {
    format!(
        ", {:.1} points, {:.0} % sure",
        deviation.points_lost,
        deviation.confidence * 100.0
    )
}

fn kind(kind: DeviationKind) -> DeviationType {
    match kind {
        DeviationKind::MissingStep => DeviationType::MissingStep,
        DeviationKind::OutOfOrder => DeviationType::OutOfOrder,
        DeviationKind::RepeatedStep => DeviationType::RepeatedStep,
        DeviationKind::ExtraActivity => DeviationType::ExtraActivity,
        DeviationKind::WrongExecution => DeviationType::WrongExecution,
        DeviationKind::OverTime => DeviationType::OverTime,
        DeviationKind::UnderTime => DeviationType::UnderTime,
    }
}

#[cfg(test)]
mod tests {
    use sopilot_judge::TrueDeviation;

    use super::*;

    fn procedure() -> Procedure {
        Procedure::demo(7)
    }

    #[test]
    fn every_trainee_does_what_its_name_says() {
        let cases = cases(&procedure()).unwrap();
        let mistakes = |name: &str| -> Vec<TrueDeviation> {
            let case = cases.iter().find(|case| case.name == name).unwrap();
            case.performance.truth().deviations
        };
        assert!(mistakes("gold").is_empty() && mistakes("careful").is_empty());
        assert_eq!(
            mistakes("forgot-a-step")[0].kind,
            DeviationKind::MissingStep
        );
        assert_eq!(mistakes("slow-and-distracted").len(), 2);
    }
}
