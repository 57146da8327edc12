//! How well suspicion puts good videos before those with mistakes.

use crate::statistic::{SUBJECTS, Subject};

/// One video among those to rank.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ranked {
    /// Infinite if it was called not comparable: more suspicious than anything.
    pub(crate) suspicion: f64,
    /// Number of its task.
    pub(crate) task: usize,
    /// Whether it has no mistake.
    pub(crate) is_good: bool,
    /// The subjects of which it is a positive example; none if it is good, or
    /// if its mistakes count neither way.
    pub(crate) subjects: Vec<Subject>,
}

/// Videos in order of suspicion, so that the area under the curve of any
/// weighting of the tasks takes one pass.
#[derive(Debug)]
pub(crate) struct Ranking {
    /// In order of suspicion.
    entries: Vec<Entry>,
    /// Where each run of equal suspicion ends.
    ends: Vec<usize>,
}

#[derive(Debug)]
struct Entry {
    task: u32,
    is_good: bool,
    /// Indices of subjects.
    subjects: Vec<u8>,
}

impl Ranking {
    pub(crate) fn new(mut videos: Vec<Ranked>) -> Self {
        let compare = |a: &Ranked, b: &Ranked| {
            // Adding zero takes the sign from a negative one.
            (a.suspicion + 0.0).total_cmp(&(b.suspicion + 0.0))
        };
        videos.sort_by(compare);
        let differs = |index: usize| compare(&videos[index - 1], &videos[index]).is_ne();
        let ends = (1..=videos.len())
            .filter(|&index| index == videos.len() || differs(index))
            .collect();
        let entries = videos
            .into_iter()
            .map(|video| Entry {
                task: video.task as u32,
                is_good: video.is_good,
                subjects: video
                    .subjects
                    .iter()
                    .map(|subject| subject.index() as u8)
                    .collect(),
            })
            .collect();
        Self { entries, ends }
    }

    /// Per subject, the probability that a video with such a mistake is more
    /// suspicious than a good one, ties counting half (Mann & Whitney 1947);
    /// none if there are no such videos or no good ones. Every video counts as
    /// often as its task weighs.
    pub(crate) fn areas(&self, weights: &[f64]) -> [Option<f64>; SUBJECTS] {
        let mut wins = [0.0; SUBJECTS];
        let mut positives = [0.0; SUBJECTS];
        let (mut good, mut start) = (0.0, 0);
        for &end in &self.ends {
            let run = &self.entries[start..end];
            let weight = |entry: &Entry| weights[entry.task as usize];
            let tied: f64 = run.iter().filter(|entry| entry.is_good).map(weight).sum();
            for entry in run {
                for &subject in &entry.subjects {
                    wins[usize::from(subject)] += weight(entry) * (good + tied / 2.0);
                    positives[usize::from(subject)] += weight(entry);
                }
            }
            good += tied;
            start = end;
        }
        std::array::from_fn(|subject| {
            let pairs = good * positives[subject];
            (pairs > 0.0).then(|| wins[subject] / pairs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeviationKind;
    use proptest::prelude::*;

    const SLOW: Subject = Subject::Kind(DeviationKind::OverTime);

    fn ranked() -> impl Strategy<Value = Ranked> {
        (0..6_u8, 0..3_usize, 0..3_u8).prop_map(|(suspicion, task, class)| Ranked {
            suspicion: if suspicion == 5 {
                f64::INFINITY
            } else {
                f64::from(suspicion)
            },
            task,
            is_good: class == 0,
            subjects: match class {
                0 => Vec::new(),
                1 => vec![Subject::All],
                _ => vec![Subject::All, SLOW],
            },
        })
    }

    fn slow_area(videos: &[Ranked], weights: &[f64], subject: Subject) -> Option<f64> {
        let (mut wins, mut pairs) = (0.0, 0.0);
        for bad in videos
            .iter()
            .filter(|video| video.subjects.contains(&subject))
        {
            for good in videos.iter().filter(|video| video.is_good) {
                let weight = weights[bad.task] * weights[good.task];
                pairs += weight;
                if bad.suspicion > good.suspicion {
                    wins += weight;
                } else if bad.suspicion == good.suspicion {
                    wins += weight / 2.0;
                }
            }
        }
        (pairs > 0.0).then(|| wins / pairs)
    }

    proptest! {
        #[test]
        fn agrees_with_every_pair(
            videos in proptest::collection::vec(ranked(), 0..20),
            weights in proptest::array::uniform3(0..4_u8),
        ) {
            let weights = weights.map(f64::from);
            let areas = Ranking::new(videos.clone()).areas(&weights);
            for subject in [Subject::All, SLOW] {
                let slow = slow_area(&videos, &weights, subject);
                match (areas[subject.index()], slow) {
                    (Some(area), Some(slow)) => prop_assert!((area - slow).abs() < 1e-12),
                    (area, slow) => prop_assert_eq!(area, slow),
                }
            }
        }
    }

    #[test]
    fn zeros_of_both_signs_are_tied() {
        let video = |suspicion, is_good| Ranked {
            suspicion,
            task: 0,
            is_good,
            subjects: if is_good {
                Vec::new()
            } else {
                vec![Subject::All]
            },
        };
        let areas = Ranking::new(vec![video(0.0, false), video(-0.0, true)]).areas(&[1.0]);
        assert_eq!(areas[Subject::All.index()], Some(0.5));
    }
}
