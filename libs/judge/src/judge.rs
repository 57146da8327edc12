//! Who judges, and what was judged.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::confidence::Graded;
use crate::error::JudgeError;
use crate::matching::{Outcome, Rule};
use crate::measures::{Comparison, Measures};
use crate::segments::{self, SegmentScores};
use crate::{DeviationKind, Prediction, Reported, Video, measure, validate};

/// How to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many draws of the tasks an interval comes from; 0: no intervals.
    pub draws: usize,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            draws: 2000,
            seed: 1,
        }
    }
}

/// Judges methods on the same videos.
#[derive(Debug)]
pub struct Judge<'a> {
    rules: Vec<Rule<'a>>,
    videos: &'a [Video],
    options: Options,
}

/// What one method made of some videos, judged.
#[derive(Debug, Clone)]
pub struct Judgement<'a> {
    /// Of all videos of the judge.
    cases: Arc<[Case<'a>]>,
    /// Those that count here, in order.
    chosen: Vec<usize>,
    /// Good videos of elsewhere, in order, with which those that count here
    /// are contrasted; none if there is a good one among themselves.
    borrowed: Vec<usize>,
    pub(crate) method: Method,
    pub(crate) options: Options,
}

/// What a method says at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Method {
    pub(crate) reports_deviations: bool,
    pub(crate) decodes_steps: bool,
    pub(crate) has_confidences: bool,
}

/// One video, judged.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) video: &'a Video,
    pub(crate) is_good: bool,
    /// The kinds of true deviations that must be found, in order of kinds.
    pub(crate) kinds: Vec<DeviationKind>,
    /// Infinite if the video was called not comparable.
    pub(crate) suspicion: f64,
    pub(crate) not_comparable: bool,
    /// Of what is shown.
    pub(crate) outcome: Outcome,
    /// Of everything that has a confidence, shown or not.
    pub(crate) graded: Vec<(DeviationKind, Graded)>,
    pub(crate) segments: SegmentScores,
}

impl<'a> Judge<'a> {
    /// A judge on these videos. Fails if a truth makes no sense or a video is
    /// there twice.
    pub fn new(videos: &'a [Video], options: Options) -> Result<Self, JudgeError> {
        validate::videos(videos)?;
        Ok(Self {
            rules: videos.iter().map(Rule::new).collect(),
            videos,
            options,
        })
    }

    /// Judges one method, which must give one prediction for each video, in
    /// the same order. Fails if one makes no sense.
    ///
    /// A video for which the method says nothing, such as one it calls not
    /// comparable, counts as one without reports and without steps, so that
    /// refusing what is hard is no gain.
    pub fn judge(&self, predictions: &[Prediction]) -> Result<Judgement<'a>, JudgeError> {
        validate::predictions(self.videos, predictions)?;
        let cases: Arc<[Case<'a>]> = self
            .rules
            .iter()
            .zip(predictions)
            .map(|(rule, prediction)| Case::new(rule, prediction))
            .collect();
        Ok(Judgement {
            chosen: (0..cases.len()).collect(),
            borrowed: Vec::new(),
            method: Method::new(predictions, &cases),
            cases,
            options: self.options,
        })
    }
}

impl<'a> Judgement<'a> {
    /// How good the method is on these videos.
    pub fn measures(&self) -> Measures {
        measure::measures(self)
    }

    /// How much better this method is than `other`. Both must have been judged
    /// on the same videos.
    pub fn compare(&self, other: &Self) -> Result<Comparison, JudgeError> {
        let ids = |judgement: &Self| -> [Vec<&'a str>; 2] {
            let of = |places: &[usize]| {
                let videos = places.iter().map(|&index| judgement.cases[index].video);
                videos.map(|video| video.id.as_str()).collect()
            };
            [of(&judgement.chosen), of(&judgement.borrowed)]
        };
        if ids(self) != ids(other) {
            return Err(JudgeError::DifferentVideos);
        }
        Ok(measure::comparison(self, other))
    }

    /// What became of each report, video by video.
    pub fn outcomes(&self) -> impl Iterator<Item = (&'a Video, &Outcome)> {
        self.cases().map(|case| (case.video, &case.outcome))
    }

    /// The same on only those videos that are wanted.
    ///
    /// Suspicion tells nothing without good videos to compare with. If none of
    /// the wanted ones is good, those with a mistake are contrasted with the
    /// good ones that this judgement has, see [`Areas`](crate::Areas); these
    /// count for nothing else.
    #[must_use]
    pub fn only(&self, is_wanted: impl Fn(&Video) -> bool) -> Self {
        let is_wanted = |&index: &usize| is_wanted(self.cases[index].video);
        self.narrowed(self.chosen.iter().copied().filter(is_wanted).collect())
    }

    /// The same for each value that the videos have under a key of
    /// [`Video::strata`], each as by [`only`](Self::only). Videos without the
    /// key are in none.
    pub fn by_stratum(&self, key: &str) -> BTreeMap<String, Self> {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &index in &self.chosen {
            if let Some(value) = self.cases[index].video.strata.get(key) {
                groups.entry(value.clone()).or_default().push(index);
            }
        }
        groups
            .into_iter()
            .map(|(value, chosen)| (value, self.narrowed(chosen)))
            .collect()
    }

    fn narrowed(&self, chosen: Vec<usize>) -> Self {
        let is_good = |&index: &usize| self.cases[index].is_good;
        let has_good = chosen.iter().any(is_good);
        let all_good = self.chosen.iter().chain(&self.borrowed).copied();
        Self {
            borrowed: all_good
                .filter(|index| !has_good && is_good(index))
                .collect(),
            chosen,
            ..self.clone()
        }
    }

    /// Those that count here.
    pub(crate) fn cases(&self) -> impl Iterator<Item = &Case<'a>> {
        self.chosen.iter().map(|&index| &self.cases[index])
    }

    /// Those by which suspicion is measured: [`cases`](Self::cases), and good
    /// ones of elsewhere if there is none among them.
    pub(crate) fn ranked(&self) -> impl Iterator<Item = &Case<'a>> {
        let ranked = self.chosen.iter().chain(&self.borrowed);
        ranked.map(|&index| &self.cases[index])
    }

    /// Whether good ones of elsewhere are among [`ranked`](Self::ranked).
    pub(crate) fn borrows(&self) -> bool {
        !self.borrowed.is_empty()
    }
}

impl Method {
    /// A method that answers "not comparable" to everything reports and
    /// decodes, if to no avail: it is not one of those that never do.
    fn new(predictions: &[Prediction], cases: &[Case<'_>]) -> Self {
        let never_comparable = predictions.iter().all(|given| given.not_comparable);
        Self {
            reports_deviations: never_comparable
                || predictions.iter().any(|given| given.deviations.is_some()),
            decodes_steps: never_comparable
                || predictions.iter().any(|given| given.steps.is_some()),
            has_confidences: cases.iter().any(|case| !case.graded.is_empty()),
        }
    }
}

impl<'a> Case<'a> {
    fn new(rule: &Rule<'a>, prediction: &Prediction) -> Self {
        let reports = prediction.deviations.as_deref().unwrap_or_default();
        let decoded = prediction.steps.as_deref().unwrap_or_default();
        let mut kinds: Vec<DeviationKind> = rule.kinds().collect();
        kinds.sort_unstable();
        kinds.dedup();
        Self {
            video: rule.video(),
            is_good: rule.is_good(),
            kinds,
            suspicion: if prediction.not_comparable {
                f64::INFINITY
            } else {
                prediction.suspicion
            },
            not_comparable: prediction.not_comparable,
            outcome: rule.judge(reports, |report| report.is_shown),
            graded: grade(rule, reports),
            segments: segments::compare(&rule.video().truth.steps_done, decoded),
        }
    }
}

/// Every report with a confidence that is right or wrong. Who is right among
/// those above a threshold does not depend on those below it, so one matching
/// serves all thresholds.
fn grade(rule: &Rule<'_>, reports: &[Reported]) -> Vec<(DeviationKind, Graded)> {
    let outcome = rule.judge(reports, |report| report.confidence.is_some());
    let mut graded = Vec::new();
    for (&kind, found) in &outcome.by_kind {
        let right = found.right.iter().map(|pair| (pair.report, true));
        let wrong = found.wrong.iter().map(|&report| (report, false));
        for (report, is_right) in right.chain(wrong) {
            if let Some(confidence) = reports[report].confidence {
                let one = Graded {
                    confidence,
                    is_right,
                };
                graded.push((kind, one));
            }
        }
    }
    graded
}

#[cfg(test)]
mod tests;
