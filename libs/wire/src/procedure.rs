//! Procedures.

use sopilot_procedure::{DurationRange, Order, Procedure, Step, Thresholds, TimeRange, Violation};
use sopilot_proto::scoring::v1 as wire;

/// Reads a procedure. Values that the domain type cannot hold are refused
/// here, each named; whether the rest makes sense is for
/// [`Procedure::validate`].
pub fn procedure(wire: &wire::Procedure) -> Result<Procedure, Vec<Violation>> {
    let order = order(wire)?;
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

fn order(wire: &wire::Procedure) -> Result<Order, Vec<Violation>> {
    let violation = |field: &str, message: &str| {
        vec![Violation {
            field: field.to_owned(),
            message: message.to_owned(),
        }]
    };
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
    fn an_unknown_order_policy_is_refused() {
        let wire = wire::Procedure {
            order_policy: 99,
            ..wire::Procedure::default()
        };
        assert_eq!(procedure(&wire).unwrap_err()[0].field, "order_policy");
    }
}
