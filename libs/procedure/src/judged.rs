//! What is judged: the finest steps that every gold resolves, and the evidence
//! for them.

use std::ops::Range;

use sopilot_dtw::{Evidence, SOFT_MAXIMUM_TEMPERATURE, StepMatch};

use crate::decode::Decoded;
use crate::hierarchy::Hierarchy;
use crate::input::GoldInput;
use crate::plan::Plan;
use crate::prepare::{PreparedGold, PreparedStep};
use crate::procedure::{Procedure, Step, TimeRange};

/// The finest steps that every gold resolves, which make up a procedure
/// without parts: everything that is found is found for them.
pub(crate) struct Judged {
    pub(crate) hierarchy: Hierarchy,
    /// All steps of the procedure; where they were found, with their names.
    pub(crate) steps: Vec<Step>,
    /// Those that are judged.
    pub(crate) units: Vec<Unit>,
    /// Per gold, if some steps are judged as a whole: what is known of those.
    merged: Option<Vec<(PreparedGold, Evidence)>>,
}

/// A step that is judged.
pub(crate) struct Unit {
    /// The step, of the procedure.
    pub(crate) step: usize,
    /// Itself or its finest parts, counted among the steps without parts.
    pub(crate) leaves: Range<usize>,
}

impl Judged {
    /// All golds have as many steps as the procedure has without parts, if it
    /// lists any.
    pub(crate) fn new(procedure: &Procedure, golds: &[&GoldInput<'_>]) -> Self {
        let prepared = &golds[0].prepared.steps;
        let found = |step: &PreparedStep| Step::named(step.name.clone());
        let steps: Vec<Step> = if procedure.steps.is_empty() {
            prepared.iter().map(found).collect()
        } else {
            procedure.steps.clone()
        };
        let hierarchy = Hierarchy::of(&steps);
        let is_resolved = |step: usize| {
            let leaf = hierarchy.leaves_of(step).start;
            golds.iter().all(|gold| gold.prepared.steps[leaf].resolved)
        };
        let unit = |step: usize| Unit {
            step,
            leaves: hierarchy.leaves_of(step),
        };
        let units: Vec<Unit> = hierarchy
            .judged(is_resolved)
            .into_iter()
            .map(unit)
            .collect();
        let merged = (units.len() < prepared.len())
            .then(|| golds.iter().map(|gold| merged(gold, &units)).collect());
        Self {
            hierarchy,
            steps,
            units,
            merged,
        }
    }

    /// The golds as seen by the steps that are judged.
    pub(crate) fn golds<'a>(&'a self, golds: &[&GoldInput<'a>]) -> Vec<GoldInput<'a>> {
        let all = golds.iter().enumerate();
        all.map(|(index, gold)| match &self.merged {
            None => **gold,
            Some(merged) => GoldInput {
                prepared: &merged[index].0,
                evidence: &merged[index].1,
                ..**gold
            },
        })
        .collect()
    }

    /// What should have been done, in steps that are judged.
    pub(crate) fn plan(&self, procedure: &Procedure, golds: &[&GoldInput<'_>]) -> Plan {
        let among: Vec<usize> = self.units.iter().map(|unit| unit.step).collect();
        let order = self.hierarchy.order(&procedure.order, &among);
        let steps = among.iter().map(|&step| self.as_judged(step)).collect();
        let mut plan = Plan::new(steps, order, procedure.thresholds, golds);
        for (unit, &step) in among.iter().enumerate() {
            let is_critical = |&other: &usize| self.steps[other].critical;
            let itself = self.hierarchy.is_critical_within(&self.steps, step);
            let above = self.hierarchy.line(step).skip(1).find(is_critical);
            plan.steps[unit].part_of_critical = above
                .filter(|_| !itself)
                .map(|above| self.steps[above].name.clone());
        }
        plan
    }

    /// An optional step that was left out as a whole makes its parts optional.
    pub(crate) fn leave_out(&self, plan: &mut Plan, decoded: &Decoded) {
        let is_absent = |unit: usize| decoded.occurrences.iter().all(|found| found.step != unit);
        for step in 0..self.steps.len() {
            let units = self.units_of(step);
            if self.steps[step].optional && units.clone().all(is_absent) {
                for unit in units {
                    plan.steps[unit].step.optional = true;
                }
            }
        }
    }

    /// The judged steps among a step and its parts; none if it is itself only
    /// judged as a part.
    pub(crate) fn units_of(&self, step: usize) -> Range<usize> {
        let start = self.units.partition_point(|unit| unit.step < step);
        let inside = |unit: &&Unit| self.hierarchy.is_in(unit.step, step);
        start..start + self.units[start..].iter().take_while(inside).count()
    }

    /// A step with what it takes over from the steps around it: from those that
    /// it is a part of, and, judged as a whole, from its parts.
    fn as_judged(&self, step: usize) -> Step {
        let related = |other: &usize| {
            self.hierarchy.is_in(step, *other) || self.hierarchy.is_in(*other, step)
        };
        let parts = || self.hierarchy.parts(step).map(|part| &self.steps[part]);
        Step {
            parent: None,
            critical: (0..self.steps.len())
                .filter(related)
                .any(|other| self.steps[other].critical),
            optional: self.steps[step].optional
                || self.hierarchy.has_parts(step) && parts().all(|part| part.optional),
            weight: self.hierarchy.weight(&self.steps, step),
            ..self.steps[step].clone()
        }
    }
}

/// One gold as seen by steps that are judged as a whole.
fn merged(gold: &GoldInput<'_>, units: &[Unit]) -> (PreparedGold, Evidence) {
    let clips = gold.alignment.trainee_clips as usize;
    let prepared = PreparedGold {
        steps: units
            .iter()
            .map(|unit| whole_step(&gold.prepared.steps[unit.leaves.clone()]))
            .collect(),
        ..gold.prepared.clone()
    };
    let whole = GoldInput {
        prepared: &prepared,
        ..*gold
    };
    let evidence = Evidence {
        step_similarity: units
            .iter()
            .flat_map(|unit| (0..clips).map(|clip| soft_maximum(gold, unit, clip)))
            .collect(),
        step_matches: (0..units.len())
            .map(|unit| match units[unit].leaves.len() {
                1 => gold.evidence.step_matches[units[unit].leaves.start].clone(),
                _ => best_match(&whole, unit),
            })
            .collect(),
        ..gold.evidence.clone()
    };
    (prepared, evidence)
}

fn whole_step(parts: &[PreparedStep]) -> PreparedStep {
    let (first, last) = (&parts[0], &parts[parts.len() - 1]);
    PreparedStep {
        name: first.name.clone(),
        time: TimeRange {
            start_s: first.time.start_s,
            end_s: last.time.end_s,
        },
        clips: first.clips.start..last.clips.end,
        resolved: true,
    }
}

/// The soft maximum over the clips of all parts, from those of each.
fn soft_maximum(gold: &GoldInput<'_>, unit: &Unit, clip: usize) -> f32 {
    let clips = gold.alignment.trainee_clips as usize;
    let value = |leaf: usize| gold.evidence.step_similarity[leaf * clips + clip];
    let count = |leaf: usize| gold.prepared.steps[leaf].clips.len() as f32;
    if unit.leaves.len() == 1 {
        return value(unit.leaves.start);
    }
    let greatest = unit.leaves.clone().map(value).fold(f32::MIN, f32::max);
    let exponential =
        |leaf| count(leaf) * ((value(leaf) - greatest) / SOFT_MAXIMUM_TEMPERATURE).exp();
    let sum: f32 = unit.leaves.clone().map(exponential).sum();
    let all: f32 = unit.leaves.clone().map(count).sum();
    greatest + SOFT_MAXIMUM_TEMPERATURE * (sum / all).ln()
}

/// Where a step as a whole matches best, as far as the picture shows it.
fn best_match(gold: &GoldInput<'_>, step: usize) -> StepMatch {
    let picture = &gold.evidence.picture;
    let (columns, similarity) =
        picture.best_stretch(gold.picture_rows(step), 0..picture.columns as usize);
    let first = gold.clips_shown(columns.start).start;
    StepMatch {
        trainee: first as u32..gold.clips_shown(columns.end - 1).end as u32,
        similarity,
        // Says how much of a step was met, which scoring reads from the picture.
        coverage: 0.0,
    }
}
