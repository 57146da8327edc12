//! How good a method is, in numbers.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::DeviationKind;
use crate::bootstrap::{Estimate, Interval};
use crate::confidence::{Calibration, PrecisionRecall};

/// How good one method is on some videos. Shares, rates and scores are from 0
/// to 1; what is undefined because nothing is there to measure it by is none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measures {
    /// How many videos there are.
    pub videos: usize,
    /// How many of them have no mistake at all.
    pub good_videos: usize,
    /// How many tasks they are of.
    pub tasks: usize,
    /// The share of the videos that the method calls not comparable. In all
    /// other measures such a video has no reports and no steps, and is more
    /// suspicious than any other.
    pub share_not_comparable: Option<f64>,
    /// That share of the good videos.
    pub share_not_comparable_of_good: Option<f64>,
    /// How well suspicion tells good videos from others.
    pub area_under_curve: Areas,
    /// How well single deviations are found; none if the method reports none.
    pub deviations: Option<DeviationMeasures>,
    /// How well the steps are found; none if the method does not decode them.
    pub steps: Option<StepMeasures>,
}

/// Areas under the receiver operating characteristic: the probability that a
/// video with a mistake is more suspicious than a good one, ties counting half.
/// Videos whose only mistakes count neither way are left out.
///
/// Where some of the videos were chosen (see
/// [`Judgement::only`](crate::Judgement::only)) and none of them is good, the
/// good ones are those of all from which they were chosen: they may differ in
/// more than the mistake.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Areas {
    /// Good videos against those with any mistake.
    pub any: Estimate,
    /// Good videos against those with a mistake of one kind.
    pub by_kind: BTreeMap<DeviationKind, Estimate>,
    /// How many good videos there are to compare with, borrowed ones included.
    pub good_videos: usize,
}

impl Measures {
    /// Whether the good videos of the areas are not among these videos.
    pub fn borrows_good_videos(&self) -> bool {
        self.area_under_curve.good_videos > self.good_videos
    }
}

/// How well deviations are found, by what the method shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviationMeasures {
    /// Over all kinds together (micro average).
    pub overall: Detection,
    /// Per kind.
    pub by_kind: BTreeMap<DeviationKind, KindMeasures>,
    /// The mean F1 of the kinds of which something is true.
    pub macro_f1: Estimate,
    /// What the method says about videos without a mistake.
    pub false_alarms: FalseAlarms,
    /// Whether the confidences of all reports, shown or not, are true; none if
    /// there are none.
    pub calibration: Option<Calibration>,
}

/// How well deviations of one kind are found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindMeasures {
    /// By what the method shows.
    #[serde(flatten)]
    pub detection: Detection,
    /// By all reports that have a confidence, shown or not; none if nothing of
    /// the kind is true, or if no report of the method has one.
    pub precision_recall: Option<PrecisionRecall>,
}

/// What was found of what is true. See [`crate::Outcome`] for the rule.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Detection {
    /// Reports that are right.
    pub right: usize,
    /// Reports that are wrong.
    pub wrong: usize,
    /// True deviations that were not reported.
    pub missed: usize,
    /// Reports that count neither way.
    pub ignored_reports: usize,
    /// True deviations that count neither way.
    pub ignored_truths: usize,
    /// Right / (right + wrong); none if nothing was reported.
    pub precision: Estimate,
    /// Right / (right + missed); none if nothing is true.
    pub recall: Estimate,
    /// 2 right / (2 right + wrong + missed); none if nothing is true.
    pub f1: Estimate,
}

/// Wrong reports about videos without a mistake. The intervals are exact for
/// videos that are independent; those of one task are not quite, and false
/// alarms may come in clusters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FalseAlarms {
    /// Good videos with at least one wrong report.
    pub videos: usize,
    /// Their share of the good videos.
    pub share_of_videos: Option<f64>,
    /// Its 95 % interval (Clopper & Pearson).
    pub share_of_videos_interval: Option<Interval>,
    /// Wrong reports about good videos.
    pub reports: usize,
    /// Wrong reports per good video.
    pub per_video: Option<f64>,
    /// The upper end of its 95 % interval (Garwood).
    pub per_video_upper: Option<f64>,
}

/// How well the decoded steps agree with what was done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepMeasures {
    /// Segmental F1 at an intersection over union of 0.10.
    pub segmental_f1_at_10: Estimate,
    /// The same at 0.25.
    pub segmental_f1_at_25: Estimate,
    /// The same at 0.50.
    pub segmental_f1_at_50: Estimate,
    /// Mean over the videos of 1 − edit distance / length of the longer
    /// sequence of steps.
    pub edit_score: Estimate,
    /// How far starts and ends are off.
    pub boundaries: BoundaryErrors,
}

/// |Δ| of the starts and ends of the true segments that overlap a decoded
/// segment of their step, each with the one it overlaps most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BoundaryErrors {
    /// The share of the true segments that overlap such a one; the others have
    /// no error to speak of.
    pub share_of_segments: Option<f64>,
    /// Median, in seconds.
    pub median_s: Option<f64>,
    /// Mean, in seconds.
    pub mean_s: Estimate,
}

/// How much better one method is than another on the same videos. Positive:
/// the first one is better. A difference whose interval holds 0 may be chance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// How many videos there are.
    pub videos: usize,
    /// How many tasks they are of.
    pub tasks: usize,
    /// Difference of the F1 over all kinds.
    pub f1: Estimate,
    /// Difference of the macro F1.
    pub macro_f1: Estimate,
    /// Difference of the F1 of each kind.
    pub f1_by_kind: BTreeMap<DeviationKind, Estimate>,
    /// Difference of the area under the curve, good against any mistake.
    pub area_under_curve_any: Estimate,
}
