//! Durations in configuration files are written with their unit: `"30s"`, `"1m 30s"`, `"250ms"`.
//!
//! `#[serde(with = "sopilot_chassis::config::duration")]` for a [`Duration`], and
//! `#[serde(with = "sopilot_chassis::config::duration::option")]` for an `Option<Duration>`.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::Serializer;

/// Writes `duration` with its units.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*duration))
}

/// Reads a number with its unit.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(Error::custom)
}

fn parse(text: &str) -> Result<Duration, String> {
    let hint = "write a number and its unit, such as \"30s\", \"250ms\" or \"1m 30s\"";
    humantime::parse_duration(text)
        .map_err(|error| format!("`{text}` is not a duration ({error}); {hint}"))
}

/// The same for a duration that may be missing.
pub mod option {
    use super::{Deserialize, Deserializer, Duration, Error, Serializer, parse};

    /// How a missing duration is written: TOML and environment variables have no other way to take
    /// a default away.
    const NONE: &str = "none";

    /// Writes the duration with its units, or `none`.
    // serde's `with` passes a reference to the field.
    #[allow(clippy::ref_option)]
    pub fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => super::serialize(duration, serializer),
            None => serializer.serialize_str(NONE),
        }
    }

    /// Reads a number with its unit, or `none`.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        match Option::<String>::deserialize(deserializer)? {
            Some(text) if text != NONE => parse(&text).map(Some).map_err(Error::custom),
            _ => Ok(None),
        }
    }
}
