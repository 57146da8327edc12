//! The list of steps of a procedure as people write it, in YAML.

mod file;
mod mistakes;

use std::path::Path;

use sopilot_chassis::Reason;
use sopilot_procedure::{Procedure as Judged, Violation};
use sopilot_proto::scoring::v1::{OrderPolicy, Procedure};

use crate::{
    error::{Error, Result},
    yaml::{self, Found, Node},
};

/// A list of steps that was read from a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Steps {
    /// The task's name, if the file gives one.
    pub(crate) task: Option<String>,
    /// The procedure for the wire.
    pub(crate) procedure: Procedure,
    /// The file's name as the user gave it.
    file: String,
    /// What was read, with the place of everything.
    document: Node,
}

impl Steps {
    /// Reads a file, or tells every mistake in it. What only the server can know is told by
    /// [`explain`](Self::explain).
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = yaml::text_of(&file::KIND, path)?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads a file that is to score with: in this, its steps need times.
    pub(crate) fn read_complete(path: &Path) -> Result<Self> {
        let text = yaml::text_of(&file::KIND, path)?;
        Self::parse_complete(&path.display().to_string(), &text)
    }

    /// Reads the text of a file called `file`. Mistakes of which the server knows more are left to
    /// it, unless there are others: then all are told in one run.
    fn parse(file: &str, text: &str) -> Result<Self> {
        let mut found = Found::new(&file::KIND, file);
        let steps = Self::parse_into(file, text, &mut found)?;
        if !found.is_empty() {
            steps.validate_into(&mut found);
        }
        found.none_or_all()?;
        Ok(steps)
    }

    fn parse_complete(file: &str, text: &str) -> Result<Self> {
        let mut found = Found::new(&file::KIND, file);
        let steps = Self::parse_into(file, text, &mut found)?;
        steps.validate_into(&mut found);
        steps.require_times(&mut found);
        steps.require_short_name(&mut found);
        found.none_or_all()?;
        Ok(steps)
    }

    fn parse_into(file: &str, text: &str, found: &mut Found<'_>) -> Result<Self> {
        let document = file::read(text, file, found)?;
        let task = document.field("task").and_then(Node::text);
        Ok(Self {
            task: task.map(str::to_owned),
            procedure: file::procedure(&document, found),
            file: file.to_owned(),
            document,
        })
    }

    /// The procedure, or all that a server would say against it.
    fn judged(&self) -> std::result::Result<Judged, Vec<Violation>> {
        let (procedure, mut violations) = match sopilot_wire::procedure(&self.procedure) {
            Ok(procedure) => (procedure, Vec::new()),
            // An order that forbids precedences hides nothing else, nor does a
            // time to keep videos for.
            Err(violations) => {
                let mut partial = self.procedure.clone();
                partial.order_policy = OrderPolicy::Partial.into();
                partial.retention = None;
                (sopilot_wire::procedure(&partial)?, violations)
            }
        };
        violations.extend(procedure.validate());
        if violations.is_empty() {
            Ok(procedure)
        } else {
            Err(violations)
        }
    }

    fn validate_into(&self, found: &mut Found<'_>) {
        if let Err(violations) = self.judged() {
            mistakes::add_independent(self, &violations, found);
        }
    }

    fn require_times(&self, found: &mut Found<'_>) {
        let listed = file::listed(&self.document);
        let is_timed = |(step, _): &file::Listed<'_>| {
            step.field("start").is_some() || step.field("end").is_some()
        };
        if !listed.is_empty() && !listed.iter().any(is_timed) {
            let message = "no step has a time, so they cannot be told apart in the gold: give `start` and `end` of every step, or leave --steps out to have them found";
            found.add(mistakes::place_of(&self.document, "steps"), message);
        }
    }

    fn require_short_name(&self, found: &mut Found<'_>) {
        let Some(task) = &self.task else { return };
        let (chars, most) = (task.chars().count(), Judged::MAX_NAME_CHARS);
        if chars == 0 || chars > most {
            let message = format!(
                "`task` has {chars} characters, and must have 1 to {most}: {}",
                if chars == 0 {
                    "name it or leave it out"
                } else {
                    "shorten it"
                }
            );
            found.add(mistakes::place_of(&self.document, "task"), message);
        }
    }

    /// The procedure, if nothing is wrong with it that can be told without the gold: what a server
    /// would say, with the places in the file.
    pub(crate) fn validated(&self) -> Result<Judged> {
        self.judged().map_err(|violations| {
            let message = "the list of steps is not valid";
            let violations = violations
                .into_iter()
                .map(|violation| (violation.field, violation.message));
            self.explain(Error {
                violations: violations.collect(),
                ..Error::because(Reason::StepListInvalid, message)
            })
        })
    }

    /// Says where in the file the mistakes are that the server found in the procedure. Any other
    /// error stays as it is.
    pub(crate) fn explain(&self, error: Error) -> Error {
        mistakes::explain(self, error)
    }

    /// An error about the list as a whole.
    pub(crate) fn mistake(&self, message: &str) -> Error {
        file::KIND.invalid(&self.file, message)
    }

    /// Name of the step at `index`, counted from 0.
    fn step_name(&self, index: usize) -> &str {
        self.procedure
            .steps
            .get(index)
            .map_or("?", |step| &step.name)
    }
}

/// The JSON Schema of lists of steps, for editors.
pub(crate) const SCHEMA: &str = include_str!("steps/schema.json");

/// A small, complete list of steps, for `--help`.
pub(crate) const EXAMPLE: &str = "\
A list of steps (YAML; only `name` is required):
  task: Sensor unit assembly
  order: partial                        # or sequential, the default
  precedences:                          # only with `order: partial`
    - [Seat the board, Fit the cover]   # the first must come before the second
  steps:
    - name: Seat the board
      description: Push until it clicks
      start: 0:04.2                     # in the gold: seconds or m:ss.s,
      end: 0:09                         # for all steps or for none
      critical: true                    # without it nobody passes
      duration: {min: 3, max: 10}
    - name: Fit the cover
      start: 0:09
      end: 14.5
      optional: true
      weight: 0.5
  thresholds: {pass: 80, fail: 60, over_time: 1.6, under_time: 0.6, min_confidence: 0.5}
";

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        Steps::parse("steps.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn the_example_of_the_help_is_read() {
        let (_, yaml) = EXAMPLE.split_once('\n').unwrap();
        let steps = Steps::parse("steps.yaml", yaml).unwrap();
        assert_eq!(steps.task.as_deref(), Some("Sensor unit assembly"));
        insta::assert_json_snapshot!(sopilot_proto::json::to_value(&steps.procedure));
    }

    #[test]
    fn an_unknown_field_is_named_with_its_place_and_what_is_allowed() {
        insta::assert_snapshot!(message("steps:\n  - name: Open\n    crtical: true\n"));
    }

    #[test]
    fn broken_yaml_is_named_with_its_place() {
        insta::assert_snapshot!(message("steps:\n  - name: [Open\n"));
    }

    #[test]
    fn every_mistake_in_values_is_listed() {
        insta::assert_snapshot!(message(
            "order: partial\nprecedences:\n  - [Open, Cloze]\nsteps:\n  - name: Open\n    start: 1:75\n    end: 2\n  - name: Close\n    start: 3\n  - name: Seal\n    start: soon\n    end: 9\n"
        ));
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named_with_its_place() {
        insta::assert_snapshot!(message("steps:\n  - name: Open\n    weight: heavy\n"));
    }

    #[test]
    fn mistakes_that_the_server_finds_are_mapped_to_lines_and_names() {
        use sopilot_chassis::{ApiError, Reason};
        let yaml = "steps:\n  - name: Open\n    start: 0\n    end: 5\n  - name: Close\n    start: 4\n    end: 8\n";
        let steps = Steps::parse("steps.yaml", yaml).unwrap();
        let answer = ApiError::new(Reason::StepListInvalid, "steps[1].gold_time: overlaps")
            .with_violation(
                "procedure.steps[1].gold_time",
                "step \"Close\" overlaps step \"Open\"",
            )
            .with_violation(
                "procedure.thresholds.fail_score",
                "90 is greater than pass_score (80)",
            )
            .with_violation(
                "procedure.precedences[0]",
                "step 1 before step 0 closes a circle",
            );
        insta::assert_snapshot!(steps.explain(answer.into()));
    }

    /// Several mistakes of shape, and beside them mistakes in values.
    #[test]
    fn every_mistake_of_shape_is_listed_with_those_in_values() {
        insta::assert_snapshot!(message(
            "order: parallel\nprecedences:\n  - [Open]\n  - Close\ntitle: Lid\nsteps:\n  - name: Open\n    crtical: true\n    start: [1, 2]\n    end: 1:75\n  - name: 1.10\n    weight: heavy\n    duration: 3\n    wieght: 2\n  - start: 3\n    critical: maybe\n  - Close\n  - name: Open\n    weight: -1\n    note: x\n    optional: yes\n    optional: no\nthresholds: {pass: high, fail: 90, over: 1.6, under_time: 2}\n"
        ));
    }

    #[test]
    fn mistakes_about_the_whole_have_a_place() {
        let told = |text: &str| Steps::parse_complete("f", text).unwrap_err().to_string();
        let steps = "steps:\n  - name: Open\n  - name: Close\n";
        insta::assert_snapshot!(told(&format!(
            "task: ''\nprecedences: [[Open, Close]]\n{steps}thresholds:\n  pass: 80\n  fail: 90\n  over_time: 0.5\n"
        )));
        insta::assert_snapshot!(told(&format!(
            "order: partial\nprecedences:\n  - [Open, Close]\n  - [Close, Open]\n  - [Open, Open]\n{steps}thresholds: {{pass: 50}}\n"
        )));
    }

    #[test]
    fn what_yaml_takes_for_numbers_may_be_names_and_the_other_way_round() {
        let text = "task: 2024\nsteps:\n  - {name: 1.10, weight: '0.5', critical: 'yes'}\n  - {name: 007, description: true}\n  - name: yes\n    description:\n    steps: ~\n";
        let steps = Steps::parse("f", text).unwrap();
        assert_eq!(steps.task.as_deref(), Some("2024"));
        let names: Vec<_> = (steps.procedure.steps.iter())
            .map(|step| step.name.as_str())
            .collect();
        assert_eq!(names, ["1.10", "007", "yes"]);
        assert_eq!(steps.procedure.steps[0].weight, Some(0.5));
        assert!(steps.procedure.steps[0].critical);
    }

    #[test]
    fn a_retention_that_is_too_short_is_named_with_its_place() {
        let told = message("steps:\n  - name: Open\n    weight: -1\nretention: 0h\norder: [1]\n");
        assert!(told.contains("4:1"), "{told}");
        assert!(told.contains("from 1 hour to 36525 days"), "{told}");
        assert!(told.contains("weight"), "{told}");
    }

    #[test]
    fn an_empty_file_is_told_as_such() {
        insta::assert_snapshot!(message("# nothing\n"));
    }

    /// What the schema allows is read: without it, something else comes out.
    #[test]
    fn every_field_of_the_schema_is_read() {
        use serde_json::{Value, json};
        let full = json!({
            "task": "Lid", "order": "partial", "precedences": [["a", "b"]], "retention": "90d",
            "steps": [
                {"name": "a", "description": "d", "start": 1, "end": 2, "critical": true,
                 "optional": true, "weight": 2, "duration": {"min": 1, "max": 2},
                 "steps": [{"name": "c"}]},
                {"name": "b"},
            ],
            "thresholds": {
                "pass": 70, "fail": 50, "over_time": 2, "under_time": 0.5, "min_confidence": 0.4,
            },
        });
        let read = |document: &Value| {
            let steps = Steps::parse("f", &document.to_string()).ok()?;
            Some((steps.task, steps.procedure))
        };
        let (whole, schema) = (read(&full), serde_json::from_str::<Value>(SCHEMA).unwrap());
        assert!(whole.is_some());
        for (within, described) in [
            ("", "/properties"),
            ("/steps/0", "/$defs/step/properties"),
            (
                "/steps/0/duration",
                "/$defs/step/properties/duration/properties",
            ),
            ("/thresholds", "/properties/thresholds/properties"),
        ] {
            let fields = schema.pointer(described).unwrap().as_object().unwrap();
            for field in fields.keys() {
                let mut without = full.clone();
                let removed = without
                    .pointer_mut(within)
                    .unwrap()
                    .as_object_mut()
                    .unwrap();
                assert!(removed.remove(field).is_some(), "{field}");
                assert_ne!(read(&without), whole, "{field}");
            }
        }
    }
}
