//! The YAML document and its way onto the wire.

use serde::Deserialize;
use serde_saphyr::Spanned;
use sopilot_chassis::Reason;
use sopilot_proto::scoring::v1 as wire;

use crate::{
    error::Result,
    exit::Exit,
    yaml::{self, Found, Kind, Time, place, seconds},
};

/// The document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) task: Option<String>,
    #[serde(default)]
    order: Order,
    #[serde(default)]
    precedences: Vec<Spanned<(String, String)>>,
    steps: Vec<Spanned<Step>>,
    #[serde(default)]
    thresholds: Option<Thresholds>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Sequential,
    Partial,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    start: Option<Spanned<Time>>,
    #[serde(default)]
    end: Option<Spanned<Time>>,
    #[serde(default)]
    critical: bool,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    weight: Option<f64>,
    #[serde(default)]
    duration: Option<Duration>,
    #[serde(default)]
    steps: Vec<Spanned<Self>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Duration {
    min: Spanned<Time>,
    max: Spanned<Time>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Thresholds {
    #[serde(default)]
    pass: Option<f64>,
    #[serde(default)]
    fail: Option<f64>,
    #[serde(default)]
    over_time: Option<f64>,
    #[serde(default)]
    under_time: Option<f64>,
    #[serde(default)]
    min_confidence: Option<f64>,
}

/// Reads the document; the error says where it stops making sense.
pub(super) fn read(file: &str, text: &str) -> Result<File> {
    yaml::read(&KIND, file, text)
}

/// How mistakes in a list of steps are told.
pub(super) const KIND: Kind = Kind {
    name: "list of steps",
    exit: Exit::STEP_LIST,
    reason: Some(Reason::StepListInvalid),
    // 200 steps with long descriptions need a tenth.
    max_bytes: 4 << 20,
    advice: "`sopilot score --help` shows a whole list of steps",
};

/// A step, and the index of the step that it is a part of.
type Listed<'a> = (&'a Spanned<Step>, Option<u32>);

/// Adds some steps and their parts.
fn list<'a>(steps: &'a [Spanned<Step>], parent: Option<u32>, listed: &mut Vec<Listed<'a>>) {
    for step in steps {
        let index = listed.len() as u32;
        listed.push((step, parent));
        list(&step.value.steps, Some(index), listed);
    }
}

impl File {
    /// Every step, followed by its parts, with its parent.
    fn listed(&self) -> Vec<Listed<'_>> {
        let mut listed = Vec::new();
        list(&self.steps, None, &mut listed);
        listed
    }

    /// Line and column of each step, in the order of the procedure.
    pub(super) fn places(&self) -> Vec<(u64, u64)> {
        self.listed().iter().map(|(step, _)| place(step)).collect()
    }

    /// The procedure for the wire, or every mistake in the document's values.
    pub(super) fn into_procedure(self, file: &str) -> Result<wire::Procedure> {
        let mut found = Found::new(&KIND, file);
        let precedences = self.precedences(&mut found);
        let listed = self.listed();
        let steps = listed.into_iter().map(|(step, parent)| wire::Step {
            parent,
            ..step.value.wire(place(step), &mut found)
        });
        let procedure = wire::Procedure {
            steps: steps.collect(),
            order_policy: match self.order {
                Order::Sequential => wire::OrderPolicy::Sequential.into(),
                Order::Partial => wire::OrderPolicy::Partial.into(),
            },
            precedences,
            thresholds: self.thresholds.as_ref().map(|given| wire::Thresholds {
                pass_score: given.pass,
                fail_score: given.fail,
                over_time_ratio: given.over_time,
                under_time_ratio: given.under_time,
                min_confidence: given.min_confidence,
            }),
        };
        found.none_or_all()?;
        Ok(procedure)
    }

    fn precedences(&self, found: &mut Found<'_>) -> Vec<wire::Precedence> {
        let listed = self.listed();
        let index = |name: &str| listed.iter().position(|(step, _)| step.value.name == name);
        let mut precedences = Vec::with_capacity(self.precedences.len());
        for pair in &self.precedences {
            let (before, after) = &pair.value;
            match (index(before), index(after)) {
                (Some(before), Some(after)) => precedences.push(wire::Precedence {
                    before: before as u32,
                    after: after as u32,
                }),
                (unknown, _) => {
                    let name = if unknown.is_none() { before } else { after };
                    found.add(
                        place(pair),
                        format!("there is no step called \"{name}\": write the name as in `steps`"),
                    );
                }
            }
        }
        precedences
    }
}

impl Step {
    fn wire(&self, place: (u64, u64), found: &mut Found<'_>) -> wire::Step {
        let gold_time = match (&self.start, &self.end) {
            (Some(start), Some(end)) => Some(wire::TimeRange {
                start_seconds: seconds(start, found),
                end_seconds: seconds(end, found),
            }),
            (None, None) => None,
            (Some(_), None) => {
                found.add(
                    place,
                    format!("step \"{}\" has a start and no end: add `end`", self.name),
                );
                None
            }
            (None, Some(_)) => {
                found.add(
                    place,
                    format!(
                        "step \"{}\" has an end and no start: add `start`",
                        self.name
                    ),
                );
                None
            }
        };
        wire::Step {
            name: self.name.clone(),
            description: self.description.clone(),
            gold_time,
            critical: self.critical,
            optional: self.optional,
            weight: self.weight,
            duration: self.duration.as_ref().map(|range| wire::DurationRange {
                min_seconds: seconds(&range.min, found),
                max_seconds: seconds(&range.max, found),
            }),
            parent: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_their_step_with_its_index() {
        let text = "steps:\n  - name: Open\n  - name: Fill\n    steps:\n      - name: Pour\n        steps: [{name: Tilt}, {name: Stop}]\n      - name: Wait\n  - name: Close\n";
        let file = read("f", text).unwrap();
        assert_eq!(file.places()[3], (6, 17));
        let procedure = file.into_procedure("f").unwrap();
        let listed: Vec<(&str, Option<u32>)> = (procedure.steps.iter())
            .map(|step| (step.name.as_str(), step.parent))
            .collect();
        let expected = [
            ("Open", None),
            ("Fill", None),
            ("Pour", Some(1)),
            ("Tilt", Some(2)),
            ("Stop", Some(2)),
            ("Wait", Some(1)),
            ("Close", None),
        ];
        assert_eq!(listed, expected);
    }

    #[test]
    fn a_document_may_leave_out_everything_but_the_steps() {
        let file = read("f", "steps:\n  - name: Open\n  - name: Close\n").unwrap();
        let procedure = file.into_procedure("f").unwrap();
        assert_eq!(procedure.steps.len(), 2);
        assert_eq!(procedure.steps[1].gold_time, None);
        assert_eq!(procedure.thresholds, None);
    }
}
