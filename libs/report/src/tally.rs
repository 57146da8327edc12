//! Counts over many results.

use std::collections::{BTreeMap, HashSet};

use sopilot_procedure::{DeviationType, Verdict};

use crate::past::{PastDeviation, PastResult};
use crate::wording::kind_id;

/// Every verdict, in the order in which pages list them.
pub(crate) const VERDICTS: [Verdict; 4] = [
    Verdict::Pass,
    Verdict::NeedsReview,
    Verdict::Fail,
    Verdict::NotComparable,
];

/// In how many results something deviated in one way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frequent<'a> {
    pub(crate) kind: DeviationType,
    pub(crate) step: &'a str,
    pub(crate) results: usize,
}

/// What one trainee did.
#[derive(Debug)]
pub(crate) struct TraineeTally<'a> {
    pub(crate) trainee: Option<&'a str>,
    pub(crate) results: usize,
    pub(crate) passed: usize,
    /// Mean and latest score of those that have one.
    pub(crate) mean: Option<f64>,
    pub(crate) latest: Option<f64>,
}

/// Oldest first; equal times in the order of their jobs.
fn in_order_of_time(results: &[PastResult]) -> Vec<&PastResult> {
    let mut ordered: Vec<&PastResult> = results.iter().collect();
    ordered.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.job_id.cmp(&b.job_id)));
    ordered
}

/// The newest result of each video, oldest first: a performance counts once, however often it was
/// scored.
pub(crate) fn newest_of_each_video(results: &[PastResult]) -> Vec<&PastResult> {
    let mut seen = HashSet::new();
    let mut newest = in_order_of_time(results);
    newest.reverse();
    newest.retain(|result| seen.insert(result.video_id.as_str()));
    newest.reverse();
    newest
}

pub(crate) fn has_score(result: &PastResult) -> bool {
    result.verdict != Verdict::NotComparable && result.score.is_finite()
}

pub(crate) fn mean(scores: &[f64]) -> Option<f64> {
    (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
}

pub(crate) fn median(scores: &[f64]) -> Option<f64> {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (
        sorted.get(sorted.len().checked_sub(1)? / 2)?,
        sorted.get(sorted.len() / 2)?,
    );
    Some(f64::midpoint(*low, *high))
}

/// Most frequent first; a result counts once for each kind and step.
pub(crate) fn frequent<'a>(results: &[&'a PastResult]) -> Vec<Frequent<'a>> {
    let mut counts: BTreeMap<(&str, &str), (DeviationType, usize)> = BTreeMap::new();
    for result in results {
        let mut seen: Vec<&PastDeviation> = Vec::new();
        for deviation in &result.deviations {
            if !seen.contains(&deviation) {
                seen.push(deviation);
                let key = (deviation.step.as_str(), kind_id(deviation.kind));
                counts.entry(key).or_insert((deviation.kind, 0)).1 += 1;
            }
        }
    }
    let mut found: Vec<Frequent<'_>> = counts
        .into_iter()
        .map(|((step, _), (kind, results))| Frequent {
            kind,
            step,
            results,
        })
        .collect();
    // Stable: equal counts stay in the order of their names.
    found.sort_by_key(|frequent| std::cmp::Reverse(frequent.results));
    found
}

/// One line for each trainee, by name; those without a name come last. `ordered`: oldest first.
pub(crate) fn by_trainee<'a>(ordered: &[&'a PastResult]) -> Vec<TraineeTally<'a>> {
    let mut groups: BTreeMap<(bool, &str), Vec<&PastResult>> = BTreeMap::new();
    for &result in ordered {
        let trainee = result.trainee.as_deref();
        let key = (trainee.is_none(), trainee.unwrap_or_default());
        groups.entry(key).or_default().push(result);
    }
    groups
        .into_iter()
        .map(|((is_nobody, trainee), results)| {
            let scores: Vec<f64> = scores(&results);
            TraineeTally {
                trainee: (!is_nobody).then_some(trainee),
                results: results.len(),
                passed: count(&results, Verdict::Pass),
                mean: mean(&scores),
                latest: scores.last().copied(),
            }
        })
        .collect()
}

/// Scores of those that have one, in the order of the results.
pub(crate) fn scores(results: &[&PastResult]) -> Vec<f64> {
    let with_score = results.iter().filter(|result| has_score(result));
    with_score.map(|result| result.score).collect()
}

pub(crate) fn count(results: &[&PastResult], verdict: Verdict) -> usize {
    results
        .iter()
        .filter(|result| result.verdict == verdict)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(job: &str, trainee: Option<&str>, score: f64, steps: &[&str]) -> PastResult {
        PastResult {
            job_id: job.to_owned(),
            video_id: job.to_owned(),
            video: String::new(),
            trainee: trainee.map(str::to_owned),
            at: time::OffsetDateTime::UNIX_EPOCH,
            score,
            verdict: if score >= 80.0 {
                Verdict::Pass
            } else {
                Verdict::Fail
            },
            deviations: steps
                .iter()
                .map(|step| PastDeviation {
                    kind: DeviationType::MissingStep,
                    step: (*step).to_owned(),
                })
                .collect(),
        }
    }

    #[test]
    fn a_result_counts_once_for_each_way_to_deviate() {
        let results = [
            result("a", None, 50.0, &["x", "x", "y"]),
            result("b", None, 60.0, &["y"]),
        ];
        let found: Vec<_> = frequent(&newest_of_each_video(&results))
            .iter()
            .map(|found| (found.step, found.results))
            .collect();
        assert_eq!(found, [("y", 2), ("x", 1)]);
    }

    #[test]
    fn trainees_are_told_apart_and_nobody_comes_last() {
        let results = [
            result("a", None, 10.0, &[]),
            result("c", Some("Mia"), 90.0, &[]),
            result("b", Some("Mia"), 70.0, &[]),
        ];
        let tallies = by_trainee(&newest_of_each_video(&results));
        assert_eq!(tallies.len(), 2);
        assert_eq!(tallies[0].trainee, Some("Mia"));
        assert_eq!(
            (tallies[0].mean, tallies[0].latest),
            (Some(80.0), Some(90.0))
        );
        assert_eq!((tallies[0].passed, tallies[1].trainee), (1, None));
    }

    #[test]
    fn a_video_that_was_scored_again_counts_once_with_its_newest_result() {
        let of = |job, video: &str, score| PastResult {
            video_id: video.to_owned(),
            ..result(job, Some("Mia"), score, &["x"])
        };
        let results = [
            of("c", "first", 90.0),
            of("b", "second", 60.0),
            of("a", "first", 50.0),
        ];
        let newest = newest_of_each_video(&results);
        let jobs: Vec<_> = newest.iter().map(|result| result.job_id.as_str()).collect();
        assert_eq!(jobs, ["b", "c"]);
        assert_eq!(frequent(&newest)[0].results, 2);
        let tallies = by_trainee(&newest);
        assert_eq!((tallies[0].results, tallies[0].mean), (2, Some(75.0)));
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
    }
}
