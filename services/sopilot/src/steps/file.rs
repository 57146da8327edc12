//! The YAML document and its way onto the wire.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};
use serde_saphyr::{DefaultMessageFormatter, MessageFormatter, Spanned};
use sopilot_proto::scoring::v1 as wire;

use super::mistakes;
use crate::error::{Error, Result};

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

/// A time as it is written: seconds, or text that should be `m:ss.s`. Text is judged later, so that
/// one run shows all mistakes.
#[derive(Debug)]
enum Time {
    Seconds(f64),
    Text(String),
}

/// Reads the document; the error says where it stops making sense.
pub(super) fn read(file: &str, text: &str) -> Result<File> {
    serde_saphyr::from_str(text).map_err(|error| {
        let message = DefaultMessageFormatter.format_message(error.without_snippet());
        let place = error.location().map_or_else(
            || file.to_owned(),
            |place| format!("{file}:{}:{}", place.line(), place.column()),
        );
        let advice = "`sopilot score --help` shows a whole list of steps";
        mistakes::invalid(&place, &format!("{message}: {advice}"))
    })
}

impl File {
    /// Line and column of each step.
    pub(super) fn places(&self) -> Vec<(u64, u64)> {
        self.steps.iter().map(place).collect()
    }

    /// The procedure for the wire, or every mistake in the document's values.
    pub(super) fn into_procedure(self, file: &str) -> Result<wire::Procedure> {
        let mut found = Found {
            file,
            lines: Vec::new(),
        };
        let precedences = self.precedences(&mut found);
        let steps = self
            .steps
            .iter()
            .map(|step| step.value.wire(place(step), &mut found));
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
        let index = |name: &str| self.steps.iter().position(|step| step.value.name == name);
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
        }
    }
}

/// The seconds of a time; 0 for one that is no time, which is then among `found`.
fn seconds(time: &Spanned<Time>, found: &mut Found<'_>) -> f64 {
    match &time.value {
        Time::Seconds(seconds) => *seconds,
        Time::Text(text) => clock_seconds(text).unwrap_or_else(|| {
            let message = format!(
                "\"{text}\" is not a time: write seconds such as 75.5 or m:ss.s such as 1:15.5"
            );
            found.add(place(time), message);
            0.0
        }),
    }
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
struct Found<'a> {
    file: &'a str,
    lines: Vec<String>,
}

impl Found<'_> {
    fn add(&mut self, (line, column): (u64, u64), message: impl fmt::Display) {
        self.lines
            .push(format!("{}:{line}:{column}: {message}", self.file));
    }

    fn none_or_all(self) -> std::result::Result<(), Error> {
        if self.lines.is_empty() {
            Ok(())
        } else {
            Err(mistakes::listed(self.file, self.lines))
        }
    }
}

fn place<T>(value: &Spanned<T>) -> (u64, u64) {
    (value.referenced.line(), value.referenced.column())
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_document_may_leave_out_everything_but_the_steps() {
        let file = read("f", "steps:\n  - name: Open\n  - name: Close\n").unwrap();
        let procedure = file.into_procedure("f").unwrap();
        assert_eq!(procedure.steps.len(), 2);
        assert_eq!(procedure.steps[1].gold_time, None);
        assert_eq!(procedure.thresholds, None);
    }
}
