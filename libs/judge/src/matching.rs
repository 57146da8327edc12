//! The one rule by which a reported deviation is right or wrong.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::assignment::maximum_matching;
use crate::durations::Durations;
use crate::{DeviationKind, Reported, TrueDeviation, Video};

/// How alike two times in the trainee's video must be to be the same event.
const SAME_TIME: f64 = 0.3;

/// What became of the reports about one video, by this rule:
///
/// - A report is right if a true deviation has the same kind and the same gold
///   step. A report that names no step is about the one whose gold interval the
///   reported gold interval overlaps most. EXTRA_ACTIVITY and REPEATED_STEP may
///   match by the trainee's time instead (intersection over union ≥ 0.3).
/// - Each true deviation matches once: a second report of it is wrong. Which
///   reports match is a maximum one-to-one matching that prefers those of
///   higher confidence.
/// - An adjacent swap is found by reporting either of its steps; once it is,
///   reports about the other one count neither way. A step moved far is that
///   step; OUT_OF_ORDER reports about the steps it jumped over count neither
///   way. A reordering that the procedure allows is no true deviation, so
///   reporting it is wrong.
/// - Durations are relative to the gold's at the trainee's tempo. A true
///   OVER_TIME or UNDER_TIME between 0.6 and 1.6 is optional: neither missed nor
///   right nor wrong to report. A report about an unlabelled step counts neither
///   way between natural variation (0.75 to 1.33) and the limit on its side
///   (1.33 to 1.6 for OVER_TIME, 0.6 to 0.75 for UNDER_TIME). *Within* natural
///   variation it is wrong: were it free, "every step is slow" would cost
///   nothing. Nor does a report about the duration of a step labelled
///   WRONG_EXECUTION count: a step broken off is short.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Outcome {
    /// Per kind of which something is true or reported. Reports and true
    /// deviations are numbered from 0 in the order of the prediction and of
    /// the truth.
    pub by_kind: BTreeMap<DeviationKind, KindOutcome>,
}

/// What became of the reports of one kind about one video.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct KindOutcome {
    /// Reports that are right, each with the true deviation that it found.
    pub right: Vec<RightReport>,
    /// Reports that are wrong.
    pub wrong: Vec<usize>,
    /// True deviations that nobody reported.
    pub missed: Vec<usize>,
    /// Reports that count neither way.
    pub ignored_reports: Vec<usize>,
    /// True deviations that count neither way.
    pub ignored_truths: Vec<usize>,
}

/// A report that is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RightReport {
    /// The report.
    pub report: usize,
    /// The true deviation that it found.
    pub truth: usize,
}

/// The rule for one video.
#[derive(Debug)]
pub(crate) struct Rule<'a> {
    video: &'a Video,
    durations: Durations<'a>,
    /// Per true deviation, whether it counts neither way.
    is_optional: Vec<bool>,
}

/// A report beside the step it is about.
struct Placed<'a> {
    index: usize,
    report: &'a Reported,
    step: Option<usize>,
}

impl<'a> Rule<'a> {
    /// The video must be valid.
    pub(crate) fn new(video: &'a Video) -> Self {
        let durations = Durations::new(video);
        let is_optional = video
            .truth
            .deviations
            .iter()
            .map(|truth| match (truth.kind, truth.gold_step) {
                (DeviationKind::OverTime | DeviationKind::UnderTime, Some(step)) => {
                    durations.is_slight(step, truth.trainee_time)
                }
                _ => false,
            })
            .collect();
        Self {
            video,
            durations,
            is_optional,
        }
    }

    pub(crate) fn video(&self) -> &'a Video {
        self.video
    }

    /// Whether the video has no mistake at all, not even a slight one.
    pub(crate) fn is_good(&self) -> bool {
        self.video.truth.deviations.is_empty()
    }

    /// The kinds of the true deviations that must be found.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = DeviationKind> {
        self.mandatory().map(|(_, truth)| truth.kind)
    }

    /// Judges the reports that `counts` picks, which must be valid; the others
    /// are as if they were not there.
    pub(crate) fn judge(
        &self,
        reports: &[Reported],
        counts: impl Fn(&Reported) -> bool,
    ) -> Outcome {
        let placed = self.by_confidence(reports, counts);
        let edges: Vec<Vec<usize>> = placed
            .iter()
            .map(|placed| self.candidates(placed))
            .collect();
        let partners = maximum_matching(&edges, self.video.truth.deviations.len());
        let mut outcome = Outcome::default();
        let mut found_by: Vec<Option<&Placed<'_>>> = vec![None; self.is_optional.len()];
        for (placed, partner) in placed.iter().zip(&partners) {
            if let Some(truth) = *partner {
                found_by[truth] = Some(placed);
                let right = &mut outcome.of(placed.report.kind).right;
                right.push(RightReport {
                    report: placed.index,
                    truth,
                });
            }
        }
        for (placed, partner) in placed.iter().zip(&partners) {
            if partner.is_none() && self.is_neutral(placed, &found_by) {
                outcome
                    .of(placed.report.kind)
                    .ignored_reports
                    .push(placed.index);
            } else if partner.is_none() {
                outcome.of(placed.report.kind).wrong.push(placed.index);
            }
        }
        for (index, truth) in self.video.truth.deviations.iter().enumerate() {
            if self.is_optional[index] {
                outcome.of(truth.kind).ignored_truths.push(index);
            } else if found_by[index].is_none() {
                outcome.of(truth.kind).missed.push(index);
            }
        }
        outcome.sort();
        outcome
    }

    /// The surest first, those that do not say last, each with its step.
    fn by_confidence<'r>(
        &self,
        reports: &'r [Reported],
        counts: impl Fn(&Reported) -> bool,
    ) -> Vec<Placed<'r>> {
        let mut placed: Vec<Placed<'r>> = reports
            .iter()
            .enumerate()
            .filter(|(_, report)| counts(report))
            .map(|(index, report)| Placed {
                index,
                report,
                step: self.step(report),
            })
            .collect();
        let confidence = |placed: &Placed<'_>| placed.report.confidence.unwrap_or(-1.0);
        placed.sort_by(|a, b| confidence(b).total_cmp(&confidence(a)));
        placed
    }

    /// The step that a report is about; of equal overlaps the first.
    fn step(&self, report: &Reported) -> Option<usize> {
        if report.gold_step.is_some() {
            return report.gold_step;
        }
        let gold_time = report.gold_time?;
        let mut best = (0.0, None);
        for (step, time) in self.video.gold_steps.iter().enumerate() {
            let overlap_s = gold_time.overlap_s(time);
            if overlap_s > best.0 {
                best = (overlap_s, Some(step));
            }
        }
        best.1
    }

    fn mandatory(&self) -> impl Iterator<Item = (usize, &'a TrueDeviation)> {
        let truths = self.video.truth.deviations.iter().enumerate();
        truths.filter(|&(index, _)| !self.is_optional[index])
    }

    fn candidates(&self, placed: &Placed<'_>) -> Vec<usize> {
        self.mandatory()
            .filter(|(_, truth)| placed.is_about(truth))
            .map(|(index, _)| index)
            .collect()
    }

    /// Whether a report that found nothing is not wrong either. `found_by` has
    /// the report that found each true deviation.
    fn is_neutral(&self, placed: &Placed<'_>, found_by: &[Option<&Placed<'_>>]) -> bool {
        let truths = &self.video.truth.deviations;
        let is_optional = truths
            .iter()
            .zip(&self.is_optional)
            .any(|(truth, &is_optional)| is_optional && placed.is_about(truth));
        let Some(step) = placed.step else {
            return is_optional;
        };
        is_optional
            || match placed.report.kind {
                DeviationKind::OutOfOrder => {
                    truths.iter().zip(found_by).any(|(truth, found_by)| {
                        let is_found_by_the_other = placed.is_about(truth)
                            && found_by.is_some_and(|other| other.step != Some(step));
                        truth.jumped_over.contains(&step) || is_found_by_the_other
                    })
                }
                kind @ (DeviationKind::OverTime | DeviationKind::UnderTime) => {
                    let time = placed.report.trainee_time;
                    let is_wrong_execution = |truth: &TrueDeviation| {
                        truth.kind == DeviationKind::WrongExecution && truth.gold_step == Some(step)
                    };
                    truths.iter().any(is_wrong_execution)
                        || self.durations.is_grey(kind, step, time)
                }
                _ => false,
            }
    }
}

impl Placed<'_> {
    fn is_about(&self, truth: &TrueDeviation) -> bool {
        if self.report.kind != truth.kind {
            return false;
        }
        let is_same_step = self.step.is_some()
            && (self.step == truth.gold_step || self.step == truth.swapped_with);
        let may_match_by_time = matches!(
            truth.kind,
            DeviationKind::ExtraActivity | DeviationKind::RepeatedStep
        );
        is_same_step
            || may_match_by_time
                && matches!(
                    (self.report.trainee_time, truth.trainee_time),
                    (Some(reported), Some(real))
                        if reported.intersection_over_union(&real) >= SAME_TIME
                )
    }
}

impl Outcome {
    fn of(&mut self, kind: DeviationKind) -> &mut KindOutcome {
        self.by_kind.entry(kind).or_default()
    }

    fn sort(&mut self) {
        for outcome in self.by_kind.values_mut() {
            outcome.right.sort_unstable();
            outcome.wrong.sort_unstable();
            outcome.ignored_reports.sort_unstable();
        }
    }
}

#[cfg(test)]
mod tests;
