//! The list of steps of a procedure as people write it, in YAML.

mod file;
mod mistakes;

use std::path::Path;

use sopilot_chassis::Reason;
use sopilot_proto::scoring::v1::Procedure;

use crate::{
    error::{Error, Result},
    yaml,
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
    /// Line and column of each step.
    places: Vec<(u64, u64)>,
}

impl Steps {
    /// Reads a file. Mistakes that need no knowledge of procedures (YAML, names of fields, times
    /// that are no times, precedences of unknown steps) are found here; the server finds the rest,
    /// and [`explain`](Self::explain) maps them back to the file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = yaml::text_of(&file::KIND, path)?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads the text of a file called `file`.
    fn parse(file: &str, text: &str) -> Result<Self> {
        let read = file::read(file, text)?;
        let places = read.places();
        let task = read.task.clone();
        let procedure = read.into_procedure(file)?;
        Ok(Self {
            task,
            procedure,
            file: file.to_owned(),
            places,
        })
    }

    /// The procedure, if nothing is wrong with it that can be told without the gold: what a server
    /// would say, with the places in the file.
    pub(crate) fn validated(&self) -> Result<sopilot_procedure::Procedure> {
        let read = sopilot_wire::procedure(&self.procedure).and_then(|procedure| {
            let violations = procedure.validate();
            if violations.is_empty() {
                Ok(procedure)
            } else {
                Err(violations)
            }
        });
        read.map_err(|violations| {
            let message = "the list of steps is not valid";
            let violations = violations
                .into_iter()
                .map(|violation| (format!("procedure.{}", violation.field), violation.message));
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

    /// The reader itself says which fields it knows.
    #[test]
    fn the_schema_has_the_fields_that_are_read() {
        let known = |text: &str| {
            let told = message(text);
            let (_, fields) = told.split_once("expected one of ").unwrap();
            let fields = fields.split(": `").next().unwrap();
            let mut fields: Vec<String> = fields.split(", ").map(str::to_owned).collect();
            fields.sort();
            fields
        };
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let listed = |pointer: &str| {
            let object = schema.pointer(pointer).unwrap().as_object().unwrap();
            let mut fields: Vec<String> = object.keys().cloned().collect();
            fields.sort();
            fields
        };
        assert_eq!(listed("/properties"), known("nothing: 1\n"));
        assert_eq!(
            listed("/$defs/step/properties"),
            known("steps:\n  - {name: a, nothing: 1}\n")
        );
        assert_eq!(
            listed("/properties/thresholds/properties"),
            known("steps: []\nthresholds: {nothing: 1}\n")
        );
    }
}
