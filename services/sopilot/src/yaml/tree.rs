//! A document as it stands, whatever its shape: scalars, lists and fields, each with its place.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{DuplicateKeyPolicy, NonFiniteFloatPolicy, Spanned};

use super::{Kind, Place, place, unreadable};
use crate::error::Result;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Nothing, `~` or `null`.
    Nothing,
    Scalar(Scalar),
    List(Vec<Node>),
    /// Fields in the order of the file, those given twice included.
    Fields(Vec<(Key, Node)>),
}

/// The name of a field and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) place: Place,
    pub(crate) name: String,
}

/// A single value: as it is written, and as what YAML reads it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) read: Read,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Read {
    Text,
    Number(f64),
    Flag(bool),
}

impl Scalar {
    /// The number that it is, in quotation marks or not.
    pub(crate) fn number(&self) -> Option<f64> {
        match self.read {
            Read::Number(number) => Some(number),
            Read::Text => self.text.trim().parse().ok(),
            Read::Flag(_) => None,
        }
    }

    /// Yes or no, in quotation marks or not.
    pub(crate) fn flag(&self) -> Option<bool> {
        match self.read {
            Read::Flag(flag) => Some(flag),
            Read::Text => match self.text.to_lowercase().as_str() {
                "true" | "yes" | "on" | "y" => Some(true),
                "false" | "no" | "off" | "n" => Some(false),
                _ => None,
            },
            Read::Number(_) => None,
        }
    }
}

impl Node {
    /// Reads a document. Only what is no YAML is an error.
    pub(crate) fn read(kind: &Kind, file: &str, text: &str) -> Result<Self> {
        let options = serde_saphyr::options! {
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
            non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        };
        serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options)
            .map(|raw| node(raw, text))
            .map_err(|error| unreadable(kind, file, &error))
    }

    /// A field's value, if it has one.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        self.fields()
            .find_map(|(key, value)| (key.name == name).then_some(value))
            .filter(|value| value.value != Value::Nothing)
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = (&Key, &Self)> {
        let fields: &[(Key, Self)] = match &self.value {
            Value::Fields(fields) => fields,
            _ => &[],
        };
        fields.iter().map(|(key, value)| (key, value))
    }

    /// The entries of a list; none of anything else.
    pub(crate) fn entries(&self) -> &[Self] {
        match &self.value {
            Value::List(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// A single value as it is written: the name `1.10` is not the number 1.1.
    pub(crate) fn text(&self) -> Option<&str> {
        self.scalar().map(|scalar| scalar.text.as_str())
    }
}

/// As YAML tells it: of numbers the text is lost, and found again at their place.
enum Raw {
    Nothing,
    Flag(bool),
    Number(f64),
    Text(String),
    List(Vec<Spanned<Self>>),
    Fields(Vec<(Spanned<String>, Spanned<Self>)>),
}

fn node(raw: Spanned<Raw>, text: &str) -> Node {
    let at = place(&raw);
    let written = || {
        let span = raw.defined.span();
        let (start, length) = (span.byte_offset()?, span.byte_len()?);
        let end = start.checked_add(length)?;
        text.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    };
    let scalar = |read, otherwise: String| {
        Value::Scalar(Scalar {
            text: written().map_or(otherwise, |text| text.trim().to_owned()),
            read,
        })
    };
    let value = match raw.value {
        Raw::Nothing => Value::Nothing,
        Raw::Flag(flag) => scalar(Read::Flag(flag), flag.to_string()),
        Raw::Number(number) => scalar(Read::Number(number), number.to_string()),
        Raw::Text(text) => Value::Scalar(Scalar {
            text,
            read: Read::Text,
        }),
        Raw::List(entries) => {
            Value::List(entries.into_iter().map(|entry| node(entry, text)).collect())
        }
        Raw::Fields(fields) => {
            let fields = fields.into_iter().map(|(key, value)| {
                let key = Key {
                    place: place(&key),
                    name: key.value,
                };
                (key, node(value, text))
            });
            Value::Fields(fields.collect())
        }
    };
    Node { place: at, value }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: de::Error>(self) -> std::result::Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> std::result::Result<Raw, E> {
        Ok(Raw::Flag(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> std::result::Result<Raw, E> {
        Ok(Raw::Number(value as f64))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> std::result::Result<Raw, E> {
        Ok(Raw::Number(value as f64))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> std::result::Result<Raw, E> {
        Ok(Raw::Number(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> std::result::Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element()? {
            entries.push(entry);
        }
        Ok(Raw::List(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Raw, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Raw::Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::KIND, *};

    fn read(text: &str) -> Node {
        Node::read(&KIND, "f", text).unwrap()
    }

    #[test]
    fn what_yaml_reads_as_a_number_keeps_its_text() {
        let document = read("[é, 1.10, 007, 0x1F, yes, 'a\"b']");
        let texts: Vec<_> = (document.entries().iter())
            .map(|entry| entry.text().unwrap())
            .collect();
        assert_eq!(texts, ["é", "1.10", "007", "0x1F", "yes", "a\"b"]);
    }

    #[test]
    fn places_are_those_in_the_file() {
        let document = read("é: &a {b: 1}\nc: *a\nc: [1,\n  2]\n");
        let places: Vec<_> = (document.fields())
            .map(|(key, value)| (key.name.as_str(), key.place, value.place))
            .collect();
        let expected = [
            ("é", (1, 1), (1, 7)),
            ("c", (2, 1), (2, 4)),
            ("c", (3, 1), (3, 4)),
        ];
        assert_eq!(places, expected);
    }
}
