//! The merged values, and where each of them comes from.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::{Map, Value};
use toml::de::DeTable;

use super::file::typed;
use super::sources::{Entry, Given, Origin};

/// A tree of values that begins as the defaults, which are also its schema.
pub(super) struct Tree {
    schema: Value,
    values: Value,
    origins: BTreeMap<String, Origin>,
}

impl Tree {
    pub(super) fn new(defaults: Value) -> Self {
        Self {
            values: defaults.clone(),
            schema: defaults,
            origins: BTreeMap::new(),
        }
    }

    pub(super) fn schema(&self) -> &Value {
        &self.schema
    }

    pub(super) fn values(&self) -> &Value {
        &self.values
    }

    /// Where the value at `path` comes from, in words.
    pub(super) fn origin(&self, path: &str) -> String {
        // A value inside a list or a map was set together with its parent.
        let mut set = std::iter::successors(Some(path), |path| {
            path.rfind(['.', '[']).map(|end| &path[..end])
        });
        set.find_map(|path| self.origins.get(path))
            .map_or_else(|| "the default".to_owned(), ToString::to_string)
    }

    /// Sets one value. `accepts` says whether the whole type takes the defaults with only this
    /// value changed, which is how the type of a single value is checked.
    pub(super) fn set<E: Display>(
        &mut self,
        entry: &Entry,
        accepts: impl Fn(&Value) -> Result<(), E>,
    ) -> Result<(), String> {
        let leaf = match self.find(&entry.path) {
            Ok(leaf) => leaf,
            Err(_) if entry.origin.is_service_link() => return Ok(()),
            Err(problem) => return Err(format!("{}: {problem} ({})", entry.key(), entry.origin)),
        };
        // A map or an optional table is checked as it stands, not key by key.
        let table = &entry.path[..leaf.depth];
        let present = table.iter().fold(&self.values, |at, key| &at[key]);
        let mut defaults = self.schema.clone();
        if leaf.depth < entry.path.len() {
            place(&mut defaults, table, present.clone());
        }
        let mut refusal = None;
        for value in readings(&entry.value, leaf.schema) {
            let mut candidate = defaults.clone();
            place(&mut candidate, &entry.path, value.clone());
            match accepts(&candidate) {
                Ok(()) => {
                    place(&mut self.values, &entry.path, value);
                    self.origins.insert(entry.key(), entry.origin.clone());
                    return Ok(());
                }
                // The last reading is the one that its writer most likely meant.
                Err(error) => refusal = Some(error.to_string()),
            }
        }
        let problem = refusal.unwrap_or_else(|| "cannot be read".to_owned());
        Err(format!("{}: {problem} ({})", entry.key(), entry.origin))
    }

    /// The schema's leaf that `path` leads to or into.
    fn find(&self, path: &[String]) -> Result<Leaf<'_>, String> {
        let mut at = &self.schema;
        for (depth, key) in path.iter().enumerate() {
            match at {
                Value::Object(section) if is_section(at) => {
                    at = section
                        .get(key)
                        .ok_or_else(|| unknown(&path[..depth], key, section))?;
                }
                // Optional tables and maps take any key.
                Value::Object(_) | Value::Null => {
                    let schema = &Value::Null;
                    return Ok(Leaf { schema, depth });
                }
                _ => {
                    return Err(format!(
                        "{} is a value and has no keys below it",
                        path[..depth].join(".")
                    ));
                }
            }
        }
        match at {
            Value::Object(section) if is_section(at) => {
                let keys: Vec<_> = section.keys().map(String::as_str).collect();
                Err(format!(
                    "is a section; set one of its keys: {}",
                    keys.join(", ")
                ))
            }
            schema => Ok(Leaf {
                schema,
                depth: path.len(),
            }),
        }
    }
}

/// A table whose keys the type names. Without any it is a map, which takes every key.
pub(super) fn is_section(schema: &Value) -> bool {
    schema.as_object().is_some_and(|keys| !keys.is_empty())
}

struct Leaf<'a> {
    /// The default, whose kind decides how text is read.
    schema: &'a Value,
    /// How many keys of the path lead to it; the rest lead into a table of free form.
    depth: usize,
}

/// What a given value may mean, the likeliest last if all are refused, the first accepted one if
/// not.
fn readings(given: &Given, schema: &Value) -> Vec<Value> {
    match given {
        Given::Typed(value) => vec![value.clone()],
        Given::Text(text) => {
            let as_text = Value::String(text.clone());
            match schema {
                // A default of this kind means that digits are meant as text.
                Value::String(_) => vec![as_text],
                Value::Null => std::iter::once(as_text).chain(parsed(text)).collect(),
                _ => parsed(text).map_or_else(|| vec![as_text], |value| vec![value]),
            }
        }
    }
}

/// Text that is a TOML value: a number, `true`, a list.
fn parsed(text: &str) -> Option<Value> {
    let document = format!("value = {text}");
    let table = DeTable::parse(&document).ok()?;
    // More than one line could smuggle in another key.
    let mut values = table.get_ref().iter();
    match (values.next(), values.next()) {
        (Some((_, value)), None) => typed(value.get_ref()).ok(),
        _ => None,
    }
}

/// Sets the value at `path`, making the tables on the way.
fn place(root: &mut Value, path: &[String], value: Value) {
    let mut at = root;
    for key in path {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(section) = at else {
            unreachable!("it was made a table just above")
        };
        at = section.entry(key).or_insert(Value::Null);
    }
    *at = value;
}

fn unknown(section: &[String], key: &str, known: &Map<String, Value>) -> String {
    const SIMILAR: f64 = 0.8;
    let similarity = |name: &&String| strsim::jaro_winkler(key, name);
    let nearest = known
        .keys()
        .max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    let full = |name: &str| {
        section
            .iter()
            .map(String::as_str)
            .chain([name])
            .collect::<Vec<_>>()
            .join(".")
    };
    match nearest {
        Some(name) if similarity(&name) >= SIMILAR => {
            format!("unknown key, did you mean {}?", full(name))
        }
        _ => {
            let names: Vec<_> = known.keys().map(String::as_str).collect();
            format!("unknown key; known here: {}", names.join(", "))
        }
    }
}
