//! The TOML layer, with the line of every value.

use std::path::Path;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::sources::{Entry, Given, Origin};
use super::tree::is_section;

/// Appends every value of the file at `path` to `entries`, and what cannot be read to `problems`.
///
/// Tables are walked into where `schema` has a section, and are a value of their own anywhere else.
pub(super) fn read(
    path: &Path,
    schema: &Value,
    entries: &mut Vec<Entry>,
    problems: &mut Vec<String>,
) {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return problems.push(format!("cannot read {}: {error}", path.display())),
    };
    let (root, errors) = DeTable::parse_recoverable(&text);
    if !errors.is_empty() {
        // Values after a syntax error may stand in the wrong section, so none of them is looked at.
        problems.extend(errors.iter().map(|error| {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            format!(
                "{}:{line}: not valid TOML: {}",
                path.display(),
                error.message()
            )
        }));
        return;
    }
    Walk {
        path,
        text: &text,
        entries,
        problems,
    }
    .table(&mut Vec::new(), root.get_ref(), schema);
}

struct Walk<'a> {
    path: &'a Path,
    text: &'a str,
    entries: &'a mut Vec<Entry>,
    problems: &'a mut Vec<String>,
}

impl Walk<'_> {
    fn table(&mut self, keys: &mut Vec<String>, table: &DeTable<'_>, schema: &Value) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            keys.push(name.to_owned());
            match (value.get_ref(), schema.get(name)) {
                (DeValue::Table(section), Some(schema)) if is_section(schema) => {
                    self.table(keys, section, schema);
                }
                _ => self.value(keys, key.span().start, value),
            }
            keys.pop();
        }
    }

    fn value(&mut self, keys: &[String], position: usize, value: &Spanned<DeValue<'_>>) {
        let line = line_of(self.text, position);
        match typed(value.get_ref()) {
            Ok(value) => self.entries.push(Entry {
                path: keys.to_vec(),
                value: Given::Typed(value),
                origin: Origin::file(self.path, line),
            }),
            Err(problem) => {
                self.problems.push(format!(
                    "{}: {problem} (from {}:{line})",
                    keys.join("."),
                    self.path.display()
                ));
            }
        }
    }
}

/// The value as serde sees it. Fails for numbers that no Rust type holds.
pub(super) fn typed(value: &DeValue<'_>) -> Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(on) => Value::Bool(*on),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Integer(number) => {
            let number = i128::from_str_radix(number.as_str(), number.radix())
                .ok()
                .and_then(Number::from_i128);
            Value::Number(number.ok_or("the integer is too large")?)
        }
        DeValue::Float(number) => {
            let number = number.as_str().parse().ok().and_then(Number::from_f64);
            Value::Number(number.ok_or("the number must be finite")?)
        }
        DeValue::Array(items) => Value::Array(
            items
                .iter()
                .map(|i| typed(i.get_ref()))
                .collect::<Result<_, _>>()?,
        ),
        DeValue::Table(table) => {
            let pairs = table
                .iter()
                .map(|(key, value)| Ok((key.get_ref().to_string(), typed(value.get_ref())?)));
            Value::Object(pairs.collect::<Result<Map<_, _>, String>>()?)
        }
    })
}

fn line_of(text: &str, position: usize) -> usize {
    1 + text
        .bytes()
        .take(position)
        .filter(|byte| *byte == b'\n')
        .count()
}
