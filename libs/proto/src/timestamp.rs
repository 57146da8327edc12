//! Times and durations on the wire and in the database: milliseconds since the Unix epoch,
//! UTC, which is what both can hold without loss.

use prost_types::{Duration, Timestamp};
use time::OffsetDateTime;

/// Milliseconds since the Unix epoch, now.
pub fn now_millis() -> i64 {
    (OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000) as i64
}

/// Milliseconds since the Unix epoch as a protobuf timestamp.
pub fn from_millis(millis: i64) -> Timestamp {
    Timestamp {
        seconds: millis.div_euclid(1000),
        nanos: (millis.rem_euclid(1000) * 1_000_000) as i32,
    }
}

/// Whole seconds as a protobuf duration.
pub fn from_seconds(seconds: i64) -> Duration {
    Duration { seconds, nanos: 0 }
}

/// A protobuf timestamp as a date and a time; the Unix epoch for none and for
/// one beyond what a date can say.
pub fn to_date_time(timestamp: Option<&Timestamp>) -> OffsetDateTime {
    let seconds = timestamp.map_or(0, |timestamp| timestamp.seconds);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// A protobuf timestamp as RFC 3339 text, for people.
pub fn to_rfc3339(timestamp: &Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp(timestamp.seconds)
        .ok()
        .and_then(|time| {
            time.format(&time::format_description::well_known::Rfc3339)
                .ok()
        })
        .unwrap_or_else(|| "invalid time".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_the_epoch_have_positive_nanos() {
        assert_eq!(
            from_millis(-1),
            Timestamp {
                seconds: -1,
                nanos: 999_000_000
            }
        );
    }

    #[test]
    fn times_are_printed_as_rfc3339() {
        assert_eq!(
            to_rfc3339(&from_millis(1_700_000_000_123)),
            "2023-11-14T22:13:20Z"
        );
    }
}
