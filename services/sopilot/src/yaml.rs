//! Documents that people write in YAML, and what is wrong with them: told with file, line and
//! column, all mistakes in one run.

pub(crate) mod shape;
mod tree;

use std::{collections::HashSet, fmt, fs, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, Visitor},
};
use serde_saphyr::{DefaultMessageFormatter, MessageFormatter, Spanned};
use sopilot_chassis::Reason;

pub(crate) use self::tree::{Node, Read, Scalar};
use crate::{
    error::{Error, Result},
    exit::Exit,
    text::counted,
};

/// Line and column, counted from 1.
pub(crate) type Place = (u64, u64);

/// A kind of document.
#[derive(Debug)]
pub(crate) struct Kind {
    /// As it is called.
    pub(crate) name: &'static str,
    /// What the process exits with because of a mistake in it.
    pub(crate) exit: Exit,
    /// The stable reason of such a mistake, if it has one.
    pub(crate) reason: Option<Reason>,
    /// Longest that is read.
    pub(crate) max_bytes: u64,
    /// Where a whole one can be seen.
    pub(crate) advice: &'static str,
}

/// Reads the text of a file, unless it is so large that it can be no such document.
pub(crate) fn text_of(kind: &Kind, path: &Path) -> Result<String> {
    let metadata = fs::metadata(path).map_err(|error| Error::io(path, &error))?;
    let name = path.display().to_string();
    if metadata.len() > kind.max_bytes {
        let message = format!(
            "{name}: has {} bytes, at most {} are read: is this the {}?",
            metadata.len(),
            kind.max_bytes,
            kind.name
        );
        return Err(Error::usage(message));
    }
    let bytes = fs::read(path).map_err(|error| Error::io(path, &error))?;
    String::from_utf8(bytes)
        .map_err(|_| kind.invalid(&name, "is not text in UTF-8: save it as UTF-8"))
}

/// Reads a document; the error says where it stops making sense.
pub(crate) fn read<T: DeserializeOwned>(kind: &Kind, file: &str, text: &str) -> Result<T> {
    serde_saphyr::from_str(text).map_err(|error| unreadable(kind, file, &error))
}

fn unreadable(kind: &Kind, file: &str, error: &serde_saphyr::Error) -> Error {
    let message = match error.without_snippet() {
        serde_saphyr::Error::MultipleDocuments { .. } => {
            "a second document begins here: keep one in the file".into()
        }
        error => DefaultMessageFormatter.format_message(error),
    };
    let place = error.location().map_or_else(
        || file.to_owned(),
        |place| format!("{file}:{}:{}", place.line(), place.column()),
    );
    kind.invalid(&place, &format!("{message}: {}", kind.advice))
}

impl Kind {
    /// A single mistake at `place`.
    pub(crate) fn invalid(&self, place: &str, message: &str) -> Error {
        self.error(format!("{place}: {message}"))
    }

    /// Several mistakes, each in a line of its own that says where.
    pub(crate) fn listed(&self, file: &str, lines: Vec<String>) -> Error {
        if let [line] = &lines[..] {
            return self.error(line.clone());
        }
        let count = counted(lines.len(), "mistake");
        let message = format!("{file}: the {} has {count}: correct all of them", self.name);
        Error {
            details: lines,
            ..self.error(message)
        }
    }

    fn error(&self, message: String) -> Error {
        Error {
            reason: self.reason,
            ..Error::new(self.exit, message)
        }
    }
}

/// A time as it is written: seconds, or text that should be `m:ss.s`. Text is judged later, so that
/// one run shows all mistakes.
#[derive(Debug)]
pub(crate) enum Time {
    Seconds(f64),
    Text(String),
}

/// The seconds of a time; 0 for one that is no time, which is then among `found`.
pub(crate) fn seconds(time: &Spanned<Time>, found: &mut Found<'_>) -> f64 {
    match &time.value {
        Time::Seconds(seconds) => *seconds,
        Time::Text(text) => seconds_of(text, place(time), found).unwrap_or(0.0),
    }
}

/// The seconds of a time that is written as text; what is no time is then among `found`.
pub(crate) fn seconds_of(text: &str, place: Place, found: &mut Found<'_>) -> Option<f64> {
    let seconds = clock_seconds(text);
    if seconds.is_none() {
        let message = format!(
            "\"{text}\" is not a time: write seconds such as 75.5 or m:ss.s such as 1:15.5"
        );
        found.add(place, message);
    }
    seconds
}

/// Reads `m:ss.s` or `h:mm:ss.s`.
fn clock_seconds(text: &str) -> Option<f64> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    let (whole, last) = text.trim().rsplit_once(':')?;
    let (last_whole, fraction) = last.split_once('.').unwrap_or((last, "0"));
    if !digits(last_whole) || !digits(fraction) || last_whole.len() > 2 {
        return None;
    }
    let seconds: f64 = last.parse().ok().filter(|seconds| *seconds < 60.0)?;
    let minutes = match whole.split_once(':') {
        None => digits(whole).then(|| whole.parse().ok())??,
        Some((hours, minutes)) => {
            if !digits(hours) || !digits(minutes) || minutes.len() > 2 {
                return None;
            }
            let minutes: f64 = minutes.parse().ok().filter(|minutes| *minutes < 60.0)?;
            hours.parse::<f64>().ok()? * 60.0 + minutes
        }
    };
    Some(minutes * 60.0 + seconds)
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct TimeVisitor;

        impl Visitor<'_> for TimeVisitor {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds such as 75.5 or a time such as 1:15.5")
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> std::result::Result<Time, E> {
                Ok(Time::Seconds(value))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> std::result::Result<Time, E> {
                Ok(Time::Seconds(value as f64))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> std::result::Result<Time, E> {
                Ok(Time::Seconds(value as f64))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> std::result::Result<Time, E> {
                Ok(Time::Text(value.to_owned()))
            }
        }

        deserializer.deserialize_any(TimeVisitor)
    }
}

/// Mistakes found so far.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    kind: &'static Kind,
    file: &'a str,
    mistakes: Vec<(Option<Place>, String)>,
    places: HashSet<Place>,
}

impl<'a> Found<'a> {
    pub(crate) fn new(kind: &'static Kind, file: &'a str) -> Self {
        Self {
            kind,
            file,
            mistakes: Vec::new(),
            places: HashSet::new(),
        }
    }

    /// A mistake in a line and column, or in the document as a whole.
    pub(crate) fn add(&mut self, place: impl Into<Option<Place>>, message: impl fmt::Display) {
        let place = place.into();
        self.places.extend(place);
        self.mistakes.push((place, message.to_string()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// True if a mistake stands exactly here.
    pub(crate) fn is_at(&self, place: Place) -> bool {
        self.places.contains(&place)
    }

    /// An error that lists all mistakes in the order of the file, if there are any.
    pub(crate) fn none_or_all(mut self) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        self.mistakes.sort_by_key(|(place, _)| *place);
        let file = self.file;
        let lines = self
            .mistakes
            .into_iter()
            .map(|(place, message)| match place {
                Some((line, column)) => format!("{file}:{line}:{column}: {message}"),
                None => format!("{file}: {message}"),
            });
        Err(self.kind.listed(file, lines.collect()))
    }
}

/// Line and column of a value.
pub(crate) fn place<T>(value: &Spanned<T>) -> Place {
    (value.referenced.line(), value.referenced.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const KIND: Kind = Kind {
        name: "document",
        exit: Exit::STEP_LIST,
        reason: None,
        max_bytes: 1 << 20,
        advice: "write another",
    };

    #[test]
    fn times_are_seconds_or_clock_times() {
        assert_eq!(clock_seconds("1:15.5"), Some(75.5));
        assert_eq!(clock_seconds("0:04"), Some(4.0));
        assert_eq!(clock_seconds("90:00"), Some(5400.0));
        assert_eq!(clock_seconds("1:02:03.25"), Some(3723.25));
        for wrong in [
            "", ":", "1:", ":5", "1:75", "1:60", "-1:05", "1:-5", "1:+5", "1:2:75", "a:05",
            "1:5e0", "1:inf", "1:05.", "1:60:00",
        ] {
            assert_eq!(clock_seconds(wrong), None, "{wrong}");
        }
    }
}
