//! Procedures.

use std::time::Duration;

use sopilot_procedure::{DurationRange, Order, Procedure, Step, Thresholds, TimeRange, Violation};
use sopilot_proto::scoring::v1 as wire;

/// The shortest time for which videos are kept: less would delete them under
/// the hands of those who score them.
const SHORTEST_RETENTION: Duration = Duration::from_hours(1);

/// The longest: 100 years, beyond which somebody has mistyped.
const LONGEST_RETENTION: Duration = Duration::from_hours(36_525 * 24);

/// Reads a procedure. Values that the domain type cannot hold are refused
/// here, each named; whether the rest makes sense is for
/// [`Procedure::validate`].
pub fn procedure(wire: &wire::Procedure) -> Result<Procedure, Vec<Violation>> {
    let order = match (order(wire), retention(wire)) {
        (Ok(order), Ok(_)) => order,
        (order, retention) => {
            let found = [order.err(), retention.err()];
            return Err(found.into_iter().flatten().collect());
        }
    };
    let defaults = Thresholds::default();
    let given = wire.thresholds.unwrap_or_default();
    Ok(Procedure {
        steps: wire.steps.iter().map(step).collect(),
        order,
        thresholds: Thresholds {
            pass_score: given.pass_score.unwrap_or(defaults.pass_score),
            fail_score: given.fail_score.unwrap_or(defaults.fail_score),
            over_time_ratio: given.over_time_ratio.unwrap_or(defaults.over_time_ratio),
            under_time_ratio: given.under_time_ratio.unwrap_or(defaults.under_time_ratio),
            min_confidence: given.min_confidence.unwrap_or(defaults.min_confidence),
        },
    })
}

/// For how long a procedure lets the videos of trainees and audits be kept;
/// `None`: for ever. Scoring does not ask.
pub fn retention(wire: &wire::Procedure) -> Result<Option<Duration>, Violation> {
    let Some(given) = &wire.retention else {
        return Ok(None);
    };
    let seconds = u64::try_from(given.seconds).ok();
    let nanos = (u32::try_from(given.nanos).ok()).filter(|nanos| *nanos < 1_000_000_000);
    let read = (seconds.zip(nanos)).map(|(seconds, nanos)| Duration::new(seconds, nanos));
    match read.filter(|time| (SHORTEST_RETENTION..=LONGEST_RETENTION).contains(time)) {
        Some(time) => Ok(Some(time)),
        None => Err(violation(
            "retention",
            "videos can be kept from 1 hour to 36525 days (100 years): give a time in between, or leave it out to keep them for ever",
        )),
    }
}

/// Reads a stretch of a video.
pub fn time_range(wire: &wire::TimeRange) -> TimeRange {
    TimeRange {
        start_s: wire.start_seconds,
        end_s: wire.end_seconds,
    }
}

/// Writes a stretch of a video.
pub fn wire_time_range(time: &TimeRange) -> wire::TimeRange {
    wire::TimeRange {
        start_seconds: time.start_s,
        end_seconds: time.end_s,
    }
}

fn step(wire: &wire::Step) -> Step {
    Step {
        name: wire.name.clone(),
        description: wire.description.clone(),
        parent: wire.parent.map(|parent| parent as usize),
        gold_time: wire.gold_time.as_ref().map(time_range),
        critical: wire.critical,
        optional: wire.optional,
        weight: wire.weight.unwrap_or(1.0),
        duration: wire.duration.as_ref().map(|range| DurationRange {
            min_s: range.min_seconds,
            max_s: range.max_seconds,
        }),
    }
}

fn violation(field: &str, message: &str) -> Violation {
    Violation {
        field: field.to_owned(),
        message: message.to_owned(),
    }
}

fn order(wire: &wire::Procedure) -> Result<Order, Violation> {
    match wire::OrderPolicy::try_from(wire.order_policy) {
        Ok(wire::OrderPolicy::Unspecified | wire::OrderPolicy::Sequential) => {
            if wire.precedences.is_empty() {
                Ok(Order::Sequential)
            } else {
                Err(violation(
                    "precedences",
                    "a sequential order has no precedences: leave them out, or set order_policy to ORDER_POLICY_PARTIAL",
                ))
            }
        }
        Ok(wire::OrderPolicy::Partial) => Ok(Order::Partial(
            wire.precedences
                .iter()
                .map(|pair| (pair.before as usize, pair.after as usize))
                .collect(),
        )),
        Err(_) => Err(violation(
            "order_policy",
            "is not one of the values of the contract",
        )),
    }
}

#[cfg(test)]
mod tests {
    use sopilot_proto::timestamp::from_seconds;

    use super::*;

    #[test]
    fn unset_fields_have_the_documented_defaults() {
        let read = procedure(&wire::Procedure {
            steps: vec![wire::Step {
                name: "Open".to_owned(),
                ..wire::Step::default()
            }],
            ..wire::Procedure::default()
        })
        .unwrap();
        assert_eq!(read.order, Order::Sequential);
        assert_eq!(read.thresholds, Thresholds::default());
        assert_eq!(read.steps, [Step::named("Open")]);
    }

    #[test]
    fn precedences_need_a_partial_order() {
        let mut wire = wire::Procedure {
            precedences: vec![wire::Precedence {
                before: 0,
                after: 1,
            }],
            ..wire::Procedure::default()
        };
        assert_eq!(procedure(&wire).unwrap_err()[0].field, "precedences");
        wire.order_policy = wire::OrderPolicy::Partial.into();
        assert_eq!(
            procedure(&wire).unwrap().order,
            Order::Partial(vec![(0, 1)])
        );
    }

    #[test]
    fn videos_are_kept_from_an_hour_to_a_hundred_years() {
        let kept = |retention| {
            let wire = wire::Procedure {
                retention,
                ..wire::Procedure::default()
            };
            assert_eq!(procedure(&wire).is_ok(), super::retention(&wire).is_ok());
            super::retention(&wire)
        };
        assert_eq!(kept(None), Ok(None));
        let longest = 36_525 * 24 * 3600;
        for seconds in [3600, 90 * 24 * 3600, longest] {
            let read = Duration::from_secs(seconds as u64);
            assert_eq!(kept(Some(from_seconds(seconds))), Ok(Some(read)));
        }
        for seconds in [i64::MIN, -3600, 0, 3599, longest + 1, i64::MAX] {
            let refused = kept(Some(from_seconds(seconds))).unwrap_err();
            assert_eq!(refused.field, "retention");
        }
        for nanos in [-1, 1_000_000_000] {
            let mut malformed = from_seconds(7200);
            malformed.nanos = nanos;
            assert!(kept(Some(malformed)).is_err());
        }
    }

    #[test]
    fn a_wrong_order_and_a_wrong_retention_are_both_named() {
        let wire = wire::Procedure {
            order_policy: 99,
            retention: Some(from_seconds(1)),
            ..wire::Procedure::default()
        };
        let found = procedure(&wire).unwrap_err();
        let fields: Vec<_> = found.iter().map(|found| found.field.as_str()).collect();
        assert_eq!(fields, ["order_policy", "retention"]);
    }

    #[test]
    fn an_unknown_order_policy_is_refused() {
        let wire = wire::Procedure {
            order_policy: 99,
            ..wire::Procedure::default()
        };
        assert_eq!(procedure(&wire).unwrap_err()[0].field, "order_policy");
    }
}
