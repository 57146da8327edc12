//! What findings cost.

use std::ops::Range;

use crate::findings::{Finding, group_time};
use crate::judged::Judged;
use crate::reading::Reading;
use crate::report::{Deviation, DeviationType, StepResult, StepStatus, Verdict};

/// A deviation with its price, in terms of the steps that are judged.
#[derive(Debug, Clone)]
pub(super) struct Priced {
    /// Its step is the first of `units`.
    pub(super) deviation: Deviation,
    /// The judged steps that it is about; none for extra activity.
    pub(super) units: Range<usize>,
    /// The procedure's step that they make up. `None` for extra activity.
    pub(super) step: Option<usize>,
}

/// Points per step: its weight's share of 100 among the steps that were not
/// skipped.
pub(super) struct Prices {
    points: Vec<f64>,
    mean: f64,
}

impl Prices {
    pub(super) fn new(reading: &Reading<'_>, steps: &[StepResult]) -> Self {
        let counts = |step: &&StepResult| step.status != StepStatus::Skipped;
        let weight = |step: &StepResult| reading.plan.steps[step.index as usize].step.weight;
        let total: f64 = steps.iter().filter(counts).map(weight).sum();
        let share = |step: &StepResult| {
            if total > 0.0 {
                100.0 * weight(step) / total
            } else {
                0.0
            }
        };
        Self {
            points: steps.iter().map(share).collect(),
            mean: 100.0 / steps.iter().filter(counts).count().max(1) as f64,
        }
    }

    fn of(&self, units: &Range<usize>) -> f64 {
        if units.is_empty() {
            self.mean
        } else {
            self.points[units.clone()].iter().sum()
        }
    }
}

/// Prices the findings about judged steps.
pub(super) fn price(
    reading: &Reading<'_>,
    judged: &Judged,
    prices: &Prices,
    findings: Vec<Finding>,
) -> Vec<Priced> {
    let mut priced: Vec<Priced> = findings
        .into_iter()
        .map(|finding| {
            let units = finding.step.map_or(0..0, |unit| unit..unit + 1);
            let step = finding.step.map(|unit| judged.units[unit].step);
            priced(reading, prices, finding, units, step)
        })
        .collect();
    sort(&mut priced);
    priced
}

/// The times of steps whose parts are judged, where a limit of their own is
/// broken; unless a part is to blame already.
pub(super) fn price_groups(
    reading: &Reading<'_>,
    judged: &Judged,
    prices: &Prices,
    known: &[Priced],
) -> Vec<Priced> {
    let least = reading.plan.thresholds.min_confidence;
    let groups = (0..judged.steps.len())
        .filter(|&step| judged.hierarchy.has_parts(step) && judged.units_of(step).len() > 1);
    groups
        .filter_map(|step| {
            let units = judged.units_of(step);
            let finding = group_time(reading, units.clone(), &judged.steps[step])?;
            let is_known = |priced: &&Priced| {
                priced.deviation.kind == finding.kind
                    && priced.units.start >= units.start
                    && priced.units.end <= units.end
            };
            let is_new =
                finding.confidence >= least && !known.iter().any(|priced| is_known(&priced));
            is_new.then(|| priced(reading, prices, finding, units, Some(step)))
        })
        .collect()
}

fn priced(
    reading: &Reading<'_>,
    prices: &Prices,
    finding: Finding,
    units: Range<usize>,
    step: Option<usize>,
) -> Priced {
    let first = finding.step;
    let deviation = Deviation {
        kind: finding.kind,
        gold_step: first.map(|unit| unit as u32),
        step_name: first.map_or_else(String::new, |unit| reading.plan.name(unit).to_owned()),
        gold_time: first.map(|unit| reading.plan.steps[unit].gold_time),
        trainee_time: reading.timeline.time_of(&finding.clips),
        confidence: finding.confidence.clamp(0.0, 1.0),
        // Known once the verdict is.
        verdict_without: Verdict::NotComparable,
        points_lost: finding.kind.cost() * prices.of(&units),
        reason: finding.reason,
    };
    Priced {
        deviation,
        units,
        step,
    }
}

/// By time in the trainee's video.
pub(super) fn sort(priced: &mut [Priced]) {
    priced.sort_by(|a, b| {
        let (a, b) = (&a.deviation, &b.deviation);
        let (a_time, b_time) = (&a.trainee_time, &b.trainee_time);
        (a_time.start_s.total_cmp(&b_time.start_s))
            .then(a_time.end_s.total_cmp(&b_time.end_s))
            .then(a.gold_step.cmp(&b.gold_step))
    });
}

/// Whether a step to which this happened was not done.
pub(super) fn is_failure(kind: DeviationType) -> bool {
    matches!(
        kind,
        DeviationType::MissingStep | DeviationType::WrongExecution
    )
}
