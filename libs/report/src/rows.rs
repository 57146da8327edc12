//! The lines of the table of steps.

use crate::model::ReportedStep;

/// A line of the table.
pub(crate) enum Row<'a> {
    /// Names what the following steps are part of.
    Group {
        name: &'a str,
        depth: usize,
    },
    Step(&'a ReportedStep),
}

/// The steps, with a heading wherever they begin to be part of something else.
pub(crate) fn rows(steps: &[ReportedStep]) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut open: &[String] = &[];
    for step in steps {
        let shared = open
            .iter()
            .zip(&step.within)
            .take_while(|(a, b)| a == b)
            .count();
        for (depth, name) in step.within.iter().enumerate().skip(shared) {
            rows.push(Row::Group { name, depth });
        }
        rows.push(Row::Step(step));
        open = &step.within;
    }
    rows
}

#[cfg(test)]
mod tests {
    use sopilot_procedure::{StepResult, StepStatus, TimeRange};

    use super::*;

    fn step(within: &[&str]) -> ReportedStep {
        ReportedStep {
            result: StepResult {
                index: 0,
                name: String::new(),
                status: StepStatus::Done,
                gold_time: TimeRange {
                    start_s: 0.0,
                    end_s: 1.0,
                },
                trainee_time: None,
                duration_ratio: None,
                similarity: 1.0,
            },
            weight: 1.0,
            critical: false,
            optional: false,
            within: within.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    #[test]
    fn headings_stand_where_something_begins() {
        let steps = [&[][..], &["a", "b"], &["a", "b"], &["a"], &["a", "c"], &[]].map(step);
        let lines: Vec<String> = rows(&steps)
            .iter()
            .map(|row| match row {
                Row::Group { name, depth } => format!("{depth}{name}"),
                Row::Step(_) => ".".to_owned(),
            })
            .collect();
        assert_eq!(lines, [".", "0a", "1b", ".", ".", ".", "1c", ".", "."]);
    }
}
