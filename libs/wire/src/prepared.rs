//! Prepared golds.

use std::ops::Range;

use sopilot_procedure::{LintFinding, LintKind, PreparedGold, PreparedStep, StepSource, TimeRange};
use sopilot_proto::alignment::v1 as wire;

use crate::Malformed;

/// Writes a prepared gold.
pub fn wire_prepared_gold(gold: &PreparedGold) -> wire::PreparedGold {
    let step_source = match gold.step_source {
        StepSource::Given => wire::StepSource::Given,
        StepSource::Found => wire::StepSource::Found,
    };
    wire::PreparedGold {
        steps: gold.steps.iter().map(wire_step).collect(),
        step_source: step_source.into(),
        lint: gold.lint.iter().map(wire_finding).collect(),
        self_similarity_quantiles: gold.self_similarity_quantiles.to_vec(),
        non_overlapping_lag: gold.non_overlapping_lag,
    }
}

/// Reads a prepared gold.
pub fn prepared_gold(wire: &wire::PreparedGold) -> Result<PreparedGold, Malformed> {
    let step_source = match wire.step_source() {
        wire::StepSource::Given => StepSource::Given,
        wire::StepSource::Found => StepSource::Found,
        wire::StepSource::Unspecified => {
            return Err(malformed("the source of its steps is not set"));
        }
    };
    if wire.steps.is_empty() {
        return Err(malformed("it has no steps"));
    }
    let quantiles = <[f32; 5]>::try_from(wire.self_similarity_quantiles.as_slice())
        .map_err(|_| malformed("the self-similarity has not five quantiles"))?;
    Ok(PreparedGold {
        steps: wire.steps.iter().map(step).collect::<Result<_, _>>()?,
        step_source,
        lint: wire.lint.iter().map(finding).collect::<Result<_, _>>()?,
        self_similarity_quantiles: quantiles,
        non_overlapping_lag: wire.non_overlapping_lag.max(1),
    })
}

/// The clips of each step.
pub fn step_ranges(wire: &[wire::ClipRange]) -> Vec<Range<u32>> {
    wire.iter().map(|range| range.first..range.end).collect()
}

fn wire_step(step: &PreparedStep) -> wire::PreparedStep {
    wire::PreparedStep {
        name: step.name.clone(),
        start_seconds: step.time.start_s,
        end_seconds: step.time.end_s,
        clips: Some(wire::ClipRange {
            first: step.clips.start,
            end: step.clips.end,
        }),
        resolved: step.resolved,
    }
}

fn step(wire: &wire::PreparedStep) -> Result<PreparedStep, Malformed> {
    let clips = wire.clips.unwrap_or_default();
    let timed = wire.end_seconds > wire.start_seconds && wire.end_seconds.is_finite();
    if clips.first >= clips.end || !timed {
        return Err(malformed(format!(
            "step {:?} has no clips or no time",
            wire.name
        )));
    }
    Ok(PreparedStep {
        name: wire.name.clone(),
        time: TimeRange {
            start_s: wire.start_seconds,
            end_s: wire.end_seconds,
        },
        clips: clips.first..clips.end,
        resolved: wire.resolved,
    })
}

fn wire_finding(finding: &LintFinding) -> wire::LintFinding {
    let kind = match finding.kind {
        LintKind::StepsAlike => wire::LintKind::StepsAlike,
        LintKind::StepTooShort => wire::LintKind::StepTooShort,
        LintKind::TooMuchIdle => wire::LintKind::TooMuchIdle,
        LintKind::PoorPicture => wire::LintKind::PoorPicture,
    };
    wire::LintFinding {
        kind: kind.into(),
        steps: finding.steps.clone(),
        message: finding.message.clone(),
    }
}

fn finding(wire: &wire::LintFinding) -> Result<LintFinding, Malformed> {
    let kind = match wire.kind() {
        wire::LintKind::StepsAlike => LintKind::StepsAlike,
        wire::LintKind::StepTooShort => LintKind::StepTooShort,
        wire::LintKind::TooMuchIdle => LintKind::TooMuchIdle,
        wire::LintKind::PoorPicture => LintKind::PoorPicture,
        wire::LintKind::Unspecified => return Err(malformed("a finding has no kind")),
    };
    Ok(LintFinding {
        kind,
        steps: wire.steps.clone(),
        message: wire.message.clone(),
    })
}

fn malformed(what: impl Into<String>) -> Malformed {
    Malformed::new("prepared gold", what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prepared_gold_survives_the_wire() {
        let gold = PreparedGold {
            steps: vec![PreparedStep {
                name: "Open".to_owned(),
                time: TimeRange {
                    start_s: 0.0,
                    end_s: 2.5,
                },
                clips: 0..4,
                resolved: true,
            }],
            step_source: StepSource::Found,
            lint: vec![LintFinding {
                kind: LintKind::StepTooShort,
                steps: vec![0],
                message: "make it longer".to_owned(),
            }],
            self_similarity_quantiles: [0.1, 0.2, 0.3, 0.4, 0.5],
            non_overlapping_lag: 2,
        };
        assert_eq!(prepared_gold(&wire_prepared_gold(&gold)).unwrap(), gold);
    }

    #[test]
    fn a_gold_without_steps_is_refused() {
        let wire = wire::PreparedGold {
            step_source: wire::StepSource::Given.into(),
            self_similarity_quantiles: vec![0.0; 5],
            ..wire::PreparedGold::default()
        };
        assert!(prepared_gold(&wire).is_err());
    }
}
