//! By what trainees are chosen and grouped.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    dataset::LabelledTask,
    error::{Error, Result},
};

/// The values that there are, by the stratum that has them.
#[derive(Debug, Default)]
pub(super) struct Strata(BTreeMap<String, BTreeSet<String>>);

impl Strata {
    pub(super) fn of(trainees: impl Iterator<Item = BTreeMap<String, String>>) -> Self {
        let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (key, value) in trainees.flatten() {
            values.entry(key).or_default().insert(value);
        }
        Self(values)
    }

    fn of_tasks(tasks: &[LabelledTask]) -> Self {
        let trainees = tasks.iter().flat_map(|task| &task.trainees);
        Self::of(trainees.map(|trainee| trainee.strata.clone()))
    }

    /// Refuses to group by what no trainee has.
    pub(super) fn check(&self, by: &[String]) -> Result<()> {
        match by.iter().find(|key| !self.0.contains_key(*key)) {
            Some(key) => Err(self.unknown("--by", key)),
            None => Ok(()),
        }
    }

    /// That no trainee has a value.
    fn nobody(&self, key: &str, value: &str) -> Error {
        match self.0.get(key) {
            Some(values) if !values.contains(value) => {
                let known: Vec<&str> = values.iter().map(String::as_str).collect();
                let known = known.join(", ");
                Error::usage(format!(
                    "--where {key}={value}: no trainee has it: {key} is one of {known}"
                ))
            }
            Some(_) => Error::usage(format!(
                "--where {key}={value}: no trainee has it together with the others: name fewer"
            )),
            None => self.unknown("--where", key),
        }
    }

    fn unknown(&self, option: &str, key: &str) -> Error {
        let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
        let known = if known.is_empty() {
            "the labels give none".to_owned()
        } else {
            format!("there are {}", known.join(", "))
        };
        Error::usage(format!("{option} {key}: there is no such stratum: {known}"))
    }
}

/// Only the trainees with all these values, and only tasks that have any. Refuses to group by what
/// none of them has.
pub(super) fn chosen(
    mut tasks: Vec<LabelledTask>,
    only: &[(String, String)],
    by: &[String],
) -> Result<Vec<LabelledTask>> {
    let all = Strata::of_tasks(&tasks);
    for (key, value) in only {
        for task in &mut tasks {
            task.trainees
                .retain(|trainee| trainee.strata.get(key) == Some(value));
        }
        tasks.retain(|task| !task.trainees.is_empty());
        if tasks.is_empty() {
            return Err(all.nobody(key, value));
        }
    }
    Strata::of_tasks(&tasks).check(by)?;
    Ok(tasks)
}

/// Reads what `--where` names.
pub(super) fn value(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => {
            Ok((key.to_owned(), value.to_owned()))
        }
        _ => Err("write stratum=value, such as camera=same".to_owned()),
    }
}
