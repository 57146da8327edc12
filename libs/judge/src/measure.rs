//! From judged videos to measures.

use std::collections::{BTreeMap, BTreeSet};

use crate::DeviationKind;
use crate::bootstrap::{Estimate, Estimates};
use crate::confidence::{Graded, calibration, precision_recall};
use crate::exact::{clopper_pearson, poisson_upper};
use crate::judge::{Case, Judgement, Options};
use crate::measures::{
    Areas, BoundaryErrors, Comparison, Detection, DeviationMeasures, FalseAlarms, KindMeasures,
    Measures, StepMeasures,
};
use crate::quantile::median;
use crate::ranking::{Ranked, Ranking};
use crate::statistic::{Statistic, Subject, Tally};

pub(crate) fn measures(judgement: &Judgement<'_>) -> Measures {
    let cases: Vec<&Case<'_>> = judgement.cases().collect();
    let good: Vec<&Case<'_>> = cases.iter().copied().filter(|case| case.is_good).collect();
    let not_comparable = |cases: &[&Case<'_>]| {
        let refused = cases.iter().filter(|case| case.not_comparable).count();
        share(refused, cases.len())
    };
    let method = judgement.method;
    let estimates = estimates(judgement.cases(), judgement.options);
    let of_areas = of_areas(judgement);
    let areas = of_areas.as_ref().unwrap_or(&estimates);
    let ranked_good = judgement.ranked().filter(|case| case.is_good).count();
    Measures {
        videos: cases.len(),
        good_videos: good.len(),
        tasks: tasks(&cases).len(),
        share_not_comparable: not_comparable(&cases),
        share_not_comparable_of_good: not_comparable(&good),
        area_under_curve: Areas {
            any: areas.of(Statistic::Area(Subject::All)),
            by_kind: by_kind(|kind| areas.of(Statistic::Area(Subject::Kind(kind)))),
            good_videos: ranked_good,
        },
        deviations: method.reports_deviations.then(|| {
            let has_confidences = method.has_confidences;
            deviation_measures(&cases, &good, &estimates, has_confidences)
        }),
        steps: method
            .decodes_steps
            .then(|| step_measures(&cases, &estimates)),
    }
}

/// The judgements must be on the same videos.
pub(crate) fn comparison(this: &Judgement<'_>, other: &Judgement<'_>) -> Comparison {
    let all = |judgement: &Judgement<'_>| estimates(judgement.cases(), judgement.options);
    let (a, b) = (all(this), all(other));
    let both_report = this.method.reports_deviations && other.method.reports_deviations;
    let f1 = |statistic| {
        if both_report {
            a.minus(&b, statistic)
        } else {
            Estimate::default()
        }
    };
    let area = Statistic::Area(Subject::All);
    let cases: Vec<&Case<'_>> = this.cases().collect();
    Comparison {
        videos: cases.len(),
        tasks: tasks(&cases).len(),
        f1: f1(Statistic::F1(Subject::All)),
        macro_f1: f1(Statistic::MacroF1),
        f1_by_kind: by_kind(|kind| f1(Statistic::F1(Subject::Kind(kind)))),
        area_under_curve_any: match (of_areas(this), of_areas(other)) {
            (Some(a), Some(b)) => a.minus(&b, area),
            _ => a.minus(&b, area),
        },
    }
}

fn deviation_measures(
    cases: &[&Case<'_>],
    good: &[&Case<'_>],
    estimates: &Estimates,
    has_confidences: bool,
) -> DeviationMeasures {
    let mut overall = detection(estimates, Subject::All);
    let by_kind = by_kind(|kind| {
        let mut found = detection(estimates, Subject::Kind(kind));
        for case in cases {
            count(&mut found, case, kind);
            count(&mut overall, case, kind);
        }
        let graded: Vec<Graded> = graded(cases, |other| other == kind);
        KindMeasures {
            detection: found,
            precision_recall: has_confidences
                .then(|| precision_recall(&graded, found.right + found.missed))
                .flatten(),
        }
    });
    DeviationMeasures {
        overall,
        by_kind,
        macro_f1: estimates.of(Statistic::MacroF1),
        false_alarms: false_alarms(good),
        calibration: calibration(&graded(cases, |_| true)),
    }
}

fn detection(estimates: &Estimates, subject: Subject) -> Detection {
    Detection {
        precision: estimates.of(Statistic::Precision(subject)),
        recall: estimates.of(Statistic::Recall(subject)),
        f1: estimates.of(Statistic::F1(subject)),
        ..Detection::default()
    }
}

fn count(sum: &mut Detection, case: &Case<'_>, kind: DeviationKind) {
    if let Some(found) = case.outcome.by_kind.get(&kind) {
        sum.right += found.right.len();
        sum.wrong += found.wrong.len();
        sum.missed += found.missed.len();
        sum.ignored_reports += found.ignored_reports.len();
        sum.ignored_truths += found.ignored_truths.len();
    }
}

fn graded(cases: &[&Case<'_>], is_wanted: impl Fn(DeviationKind) -> bool) -> Vec<Graded> {
    cases
        .iter()
        .flat_map(|case| &case.graded)
        .filter(|(kind, _)| is_wanted(*kind))
        .map(|&(_, graded)| graded)
        .collect()
}

fn false_alarms(good: &[&Case<'_>]) -> FalseAlarms {
    let wrong: Vec<usize> = good
        .iter()
        .map(|case| {
            case.outcome
                .by_kind
                .values()
                .map(|found| found.wrong.len())
                .sum()
        })
        .collect();
    let videos = wrong.iter().filter(|&&wrong| wrong > 0).count();
    let reports = wrong.iter().sum();
    let per_video = |count: f64| (!good.is_empty()).then(|| count / good.len() as f64);
    FalseAlarms {
        videos,
        share_of_videos: share(videos, good.len()),
        share_of_videos_interval: clopper_pearson(videos, good.len()),
        reports,
        per_video: per_video(reports as f64),
        per_video_upper: per_video(poisson_upper(reports)),
    }
}

fn step_measures(cases: &[&Case<'_>], estimates: &Estimates) -> StepMeasures {
    let done = cases.iter().map(|case| case.segments.done).sum();
    let errors = || {
        cases
            .iter()
            .flat_map(|case| &case.segments.boundary_errors_s)
    };
    let mut all_s: Vec<f64> = errors().flatten().copied().collect();
    StepMeasures {
        segmental_f1_at_10: estimates.of(Statistic::SegmentalF1(0)),
        segmental_f1_at_25: estimates.of(Statistic::SegmentalF1(1)),
        segmental_f1_at_50: estimates.of(Statistic::SegmentalF1(2)),
        edit_score: estimates.of(Statistic::EditScore),
        boundaries: BoundaryErrors {
            share_of_segments: share(errors().count(), done),
            median_s: median(&mut all_s),
            mean_s: estimates.of(Statistic::MeanBoundaryErrorS),
        },
    }
}

/// Of the areas alone, if good videos of elsewhere count for them: then the
/// draws are of the tasks of these, too, which would blur all other measures.
fn of_areas(judgement: &Judgement<'_>) -> Option<Estimates> {
    judgement
        .borrows()
        .then(|| estimates(judgement.ranked(), judgement.options))
}

fn estimates<'a, 'b: 'a>(cases: impl Iterator<Item = &'a Case<'b>>, options: Options) -> Estimates {
    let cases: Vec<&Case<'_>> = cases.collect();
    let tasks = tasks(&cases);
    let number: BTreeMap<&str, usize> = tasks.iter().copied().zip(0..).collect();
    let mut tallies = vec![Tally::default(); tasks.len()];
    let mut ranked = Vec::new();
    for case in cases {
        let task = number[case.video.task.as_str()];
        tallies[task].add(&tally(case), 1.0);
        let any = (!case.kinds.is_empty()).then_some(Subject::All);
        let kinds = case.kinds.iter().copied().map(Subject::Kind);
        ranked.push(Ranked {
            suspicion: case.suspicion,
            task,
            is_good: case.is_good,
            subjects: any.into_iter().chain(kinds).collect(),
        });
    }
    Estimates::new(&tallies, &Ranking::new(ranked), options.draws, options.seed)
}

/// In alphabetical order, so that draws do not depend on the order of videos.
fn tasks<'a>(cases: &[&Case<'a>]) -> BTreeSet<&'a str> {
    cases.iter().map(|case| case.video.task.as_str()).collect()
}

fn tally(case: &Case<'_>) -> Tally {
    let mut tally = Tally::default();
    for (&kind, found) in &case.outcome.by_kind {
        let detections = &mut tally.by_kind[kind as usize];
        detections.right = found.right.len() as f64;
        detections.wrong = found.wrong.len() as f64;
        detections.missed = found.missed.len() as f64;
    }
    let segments = &case.segments;
    tally.segments_right = segments.right.map(|right| right as f64);
    tally.segments_decoded = segments.decoded as f64;
    tally.segments_done = segments.done as f64;
    tally.edit_sum = segments.edit.unwrap_or(0.0);
    tally.edit_videos = f64::from(u8::from(segments.edit.is_some()));
    tally.boundary_error_sum_s = segments.boundary_errors_s.iter().flatten().sum();
    tally.boundaries = 2.0 * segments.boundary_errors_s.len() as f64;
    tally
}

fn by_kind<T>(measure: impl FnMut(DeviationKind) -> T) -> BTreeMap<DeviationKind, T> {
    let measures = DeviationKind::ALL.map(measure);
    DeviationKind::ALL.into_iter().zip(measures).collect()
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
