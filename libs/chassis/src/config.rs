//! Typed configuration in layers: defaults, then a TOML file, then environment variables, then
//! `key=value` flags.
//!
//! A configuration is a struct of structs that serialises with serde, has a [`Default`], and checks
//! itself with [`Validate`]. [`load`] uses the serialised default as the schema:
//!
//! - A key that is not in it is unknown, so every field must appear in the default (write no
//!   `skip_serializing`), optional ones as `None`.
//! - A table in it is a section. [`load`] fills in all fields of a section, so that it needs no
//!   `#[serde(default)]`, and sets them one by one, so that its form must not depend on a value in
//!   it: a choice is an enum without data.
//! - The value of a field that is `None` in it, and of a map that is empty, may be any table. A
//!   file sets it as a whole, a variable one key of it. Unknown keys in it are found only if its
//!   type has `#[serde(deny_unknown_fields)]`.
//!
//! [`load`] finds every mistake in one go: syntax, unknown keys, wrong types, and values out of
//! range.

pub mod duration;
mod file;
mod problems;
mod secret;
mod sources;
mod tree;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use problems::{Problems, Validate};
pub use secret::Secret;
pub use sources::Sources;
use tree::Tree;

/// The exit code of a process whose configuration is wrong: `EX_CONFIG` of sysexits.h.
pub const EX_CONFIG: u8 = 78;

/// Everything that is wrong with a configuration, one problem a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors {
    /// Each names the key, where its value comes from, and what is wrong.
    pub problems: Vec<String>,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        write!(
            f,
            "the configuration has {count} {}:",
            if count == 1 { "error" } else { "errors" }
        )?;
        self.problems
            .iter()
            .try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// Reads a configuration from `sources`, each layer over the ones before it.
///
/// Values that are wrong are reported and left at their defaults while the rest is checked, so that
/// one run shows all problems.
pub fn load<T>(sources: &Sources) -> Result<T, ConfigErrors>
where
    T: DeserializeOwned + Serialize + Default + Validate,
{
    let mut problems = Vec::new();
    let mut tree = Tree::new(default_tree::<T>());
    for entry in sources.entries(tree.schema(), &mut problems) {
        if let Err(problem) = tree.set(&entry, |candidate| T::deserialize(candidate).map(drop)) {
            problems.push(problem);
        }
    }
    // Every single value was accepted with the defaults around it, so only values that contradict
    // each other remain.
    match T::deserialize(tree.values()) {
        Ok(config) => {
            let mut found = Problems::new();
            config.validate(&mut found);
            for (path, text) in found.into_vec() {
                problems.push(format!("{path}: {text} ({})", tree.origin(&path)));
            }
            if problems.is_empty() {
                Ok(config)
            } else {
                Err(ConfigErrors { problems })
            }
        }
        Err(error) => {
            problems.push(format!("the values contradict each other: {error}"));
            Err(ConfigErrors { problems })
        }
    }
}

/// The configuration in effect, as a TOML file that [`load`] reads back, but for the secrets, which
/// are not shown. Optional values that are not set stand there as comments.
pub fn print_config<T: Serialize>(config: &T) -> String {
    const MADE_OF: &str = "a configuration is made of tables with string keys, scalars and lists";
    let mut lines: Vec<String> = toml::to_string_pretty(config)
        .expect(MADE_OF)
        .lines()
        .map(str::to_owned)
        .collect();
    let tree = serde_json::to_value(config).expect(MADE_OF);
    tell_unset(&tree, "", &mut lines);
    lines.join("\n") + "\n"
}

/// Adds to each section a line for each value that is not set: TOML cannot write that there is
/// none, and nobody would learn that it exists.
fn tell_unset(section: &Value, path: &str, lines: &mut Vec<String>) {
    let values = section.as_object().into_iter().flatten();
    let unset: Vec<_> = values
        .clone()
        .filter(|(_, value)| value.is_null())
        .map(|(key, _)| format!("# {key} = (not set)"))
        .collect();
    if !unset.is_empty() {
        let header = format!("[{path}]");
        let at = if path.is_empty() {
            Some(0)
        } else {
            let found = lines.iter().position(|line| *line == header);
            found.map(|header| header + 1)
        };
        // A section of nothing but sections has no header of its own.
        let at = at.unwrap_or_else(|| {
            lines.extend([String::new(), header]);
            lines.len()
        });
        lines.splice(at..at, unset);
    }
    for (key, value) in values {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        tell_unset(value, &path, lines);
    }
}

fn default_tree<T: Serialize + Default>() -> Value {
    secret::revealed(|| serde_json::to_value(T::default()))
        .expect("a configuration is made of tables with string keys, scalars and lists")
}

#[cfg(test)]
mod tests;
