//! Whether a document has the shape that a JSON Schema asks for. Ranges of values and the form of
//! times are the affair of whoever reads the document: they know more about them.

use serde_json::Value as Schema;

use super::{
    Found,
    tree::{Key, Node, Read, Scalar, Value},
};

/// Adds all that `schema` does not allow of the shape of `document`, which is called `name`.
pub(crate) fn check(schema: &Schema, document: &Node, name: &str, found: &mut Found<'_>) {
    let mut shape = Shape { schema, found };
    if document.value == Value::Nothing {
        let advice = shape.found.kind.advice;
        (shape.found).add(document.place, format!("{name} is empty: {advice}"));
    } else {
        shape.value(schema, document, name);
    }
}

struct Shape<'a, 'f> {
    schema: &'a Schema,
    found: &'a mut Found<'f>,
}

impl<'a> Shape<'a, '_> {
    fn value(&mut self, schema: &'a Schema, node: &Node, name: &str) {
        let schema = self.resolved(schema);
        if !fits(schema, &node.value) {
            let message = format!("{name} {}: {}", told(&node.value), wanted(schema));
            self.found.add(node.place, message);
            return;
        }
        match &node.value {
            Value::Fields(fields) => self.fields(schema, node, fields, name),
            Value::List(entries) => self.entries(schema, node, entries, name),
            Value::Nothing | Value::Scalar(_) => {}
        }
    }

    fn fields(&mut self, schema: &'a Schema, node: &Node, fields: &[(Key, Node)], name: &str) {
        let known = schema["properties"].as_object();
        let required: Vec<&str> = texts(&schema["required"]).collect();
        for (at, (key, value)) in fields.iter().enumerate() {
            let field = key.name.as_str();
            if fields[..at].iter().any(|(other, _)| other.name == field) {
                let message = format!("`{field}` is given twice: remove one");
                self.found.add(key.place, message);
            }
            match known.and_then(|known| known.get(field)) {
                None => {
                    let message = unknown(field, known.into_iter().flat_map(|known| known.keys()));
                    self.found.add(key.place, message);
                }
                Some(_) if value.value == Value::Nothing => {
                    if required.contains(&field) {
                        let message = format!("`{field}` has no value: give one");
                        self.found.add(key.place, message);
                    }
                }
                Some(schema) => self.value(schema, value, &format!("`{field}`")),
            }
        }
        for field in required {
            if !fields.iter().any(|(key, _)| key.name == field) {
                let message = format!("{name} has no `{field}`: add it");
                self.found.add(node.place, message);
            }
        }
    }

    fn entries(&mut self, schema: &'a Schema, node: &Node, entries: &[Node], name: &str) {
        // Where any number up to a limit is allowed, the reader counts.
        if let (Some(least), Some(most)) = (count(schema, "minItems"), count(schema, "maxItems"))
            && least == most
            && entries.len() != most
        {
            let message = format!(
                "{name} has {}: write {most}",
                counted_entries(entries.len())
            );
            self.found.add(node.place, message);
        }
        let name = format!("an entry of {}", name.trim_start_matches("an entry of "));
        for entry in entries {
            self.value(&schema["items"], entry, &name);
        }
    }

    /// The schema that another refers to.
    fn resolved(&self, schema: &'a Schema) -> &'a Schema {
        let reference = schema["$ref"].as_str();
        let pointed = reference.and_then(|reference| reference.strip_prefix('#'));
        pointed.map_or(schema, |pointer| {
            (self.schema.pointer(pointer)).expect("the schema refers to what it has")
        })
    }
}

/// True if a value itself is as wanted, whatever is inside it.
fn fits(schema: &Schema, value: &Value) -> bool {
    if let Some(choices) = schema["oneOf"].as_array() {
        return choices.iter().any(|choice| fits(choice, value));
    }
    if schema["enum"].is_array() {
        return matches!(value, Value::Scalar(Scalar { text, .. })
            if texts(&schema["enum"]).any(|choice| choice == text));
    }
    match (schema["type"].as_str(), value) {
        (Some("object"), Value::Fields(_))
        | (Some("array"), Value::List(_))
        // A name may be a number for YAML.
        | (Some("string"), Value::Scalar(_))
        | (None, _) => true,
        (Some("number"), Value::Scalar(scalar)) => scalar.number().is_some(),
        (Some("boolean"), Value::Scalar(scalar)) => scalar.flag().is_some(),
        _ => false,
    }
}

/// What a value is instead of what it should be.
fn told(value: &Value) -> String {
    match value {
        Value::Nothing => "has no value".to_owned(),
        Value::List(_) => "is a list".to_owned(),
        Value::Fields(_) => "has fields of its own".to_owned(),
        Value::Scalar(scalar) => match scalar.read {
            Read::Text => format!("is \"{}\"", shortened(&scalar.text)),
            Read::Number(_) | Read::Flag(_) => format!("is {}", shortened(&scalar.text)),
        },
    }
}

/// What to write instead.
fn wanted(schema: &Schema) -> String {
    if schema["enum"].is_array() {
        let choices: Vec<&str> = texts(&schema["enum"]).collect();
        return format!("write {}", choices.join(" or "));
    }
    match schema["type"].as_str() {
        Some("object") => {
            let mut fields: Vec<&str> = texts(&schema["required"]).collect();
            if fields.is_empty() {
                let known = schema["properties"].as_object();
                fields = (known.into_iter().flat_map(|known| known.keys()))
                    .map(String::as_str)
                    .collect();
            }
            format!("write fields such as `{}: …`", fields.join(": …`, `"))
        }
        Some("array") => "write a list, each entry after a hyphen".to_owned(),
        Some("number") => "write a number".to_owned(),
        Some("boolean") => "write true or false".to_owned(),
        Some("string") => "write text".to_owned(),
        _ => {
            let description = schema["description"].as_str().unwrap_or("another value");
            let mut letters = description.chars();
            let first = letters.next().into_iter().flat_map(char::to_lowercase);
            format!("write {}{}", first.collect::<String>(), letters.as_str())
        }
    }
}

fn unknown<'a>(field: &str, known: impl Iterator<Item = &'a String>) -> String {
    let known: Vec<&str> = known.map(String::as_str).collect();
    let begins = |name: &str, with: &str| with.len() > 2 && name.starts_with(with);
    let distance = |name: &str| strsim::damerau_levenshtein(&field.to_lowercase(), name);
    let nearest = (known.iter().map(|name| (distance(name), *name)))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 5)
        .map(|(_, name)| name)
        .or_else(|| known.iter().copied().find(|name| begins(name, field)));
    let field = shortened(field);
    let advice = nearest.map_or_else(
        || format!("remove it, or use one of {}", known.join(", ")),
        |name| format!("did you mean `{name}`?"),
    );
    format!("there is no field `{field}` here: {advice}")
}

fn counted_entries(count: usize) -> String {
    match count {
        1 => "1 entry".to_owned(),
        _ => format!("{count} entries"),
    }
}

/// A text that fits into a message.
fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    if text.chars().count() <= MOST {
        text.to_owned()
    } else {
        text.chars().take(MOST).chain(['…']).collect()
    }
}

fn texts(list: &Schema) -> impl Iterator<Item = &str> {
    (list.as_array().into_iter().flatten()).filter_map(Schema::as_str)
}

fn count(schema: &Schema, keyword: &str) -> Option<usize> {
    usize::try_from(schema[keyword].as_u64()?).ok()
}
