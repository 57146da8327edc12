//! What the trainee did, as a method decoded it.

use std::ops::Range;

/// A step that was done, once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Occurrence {
    pub(crate) step: usize,
    /// Not empty.
    pub(crate) clips: Range<usize>,
    /// How much speaks for it.
    pub(crate) weight: f64,
}

/// What the trainee did.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Decoded {
    /// In order of time, not overlapping.
    pub(crate) occurrences: Vec<Occurrence>,
    /// Runs of clips that show work, but no step.
    pub(crate) other_work: Vec<Range<usize>>,
}

impl Decoded {
    /// From a step per clip. Clips of no step are other work, but where
    /// `is_idle`.
    pub(crate) fn of_labels(
        labels: &[Option<usize>],
        is_idle: impl Fn(usize) -> bool,
        weight: impl Fn(usize, usize) -> f64,
    ) -> Self {
        let mut decoded = Self::default();
        let mut start = 0;
        for run in labels.chunk_by(|a, b| a == b) {
            let clips = start..start + run.len();
            start = clips.end;
            match run[0] {
                Some(step) => decoded.occurrences.push(Occurrence {
                    step,
                    weight: clips.clone().map(|clip| weight(step, clip)).sum(),
                    clips,
                }),
                None => decoded.add_other_work(clips, &is_idle),
            }
        }
        decoded
    }

    /// Without occurrences that are too short; where one stood between two of the
    /// same step, they are one.
    pub(crate) fn without_fragments(&self, is_fragment: impl Fn(&Occurrence) -> bool) -> Self {
        let mut occurrences: Vec<Occurrence> = Vec::new();
        let mut last_kept = None;
        for (index, found) in self.occurrences.iter().enumerate() {
            if is_fragment(found) {
                continue;
            }
            match occurrences.last_mut() {
                Some(last) if last.step == found.step && last_kept != index.checked_sub(1) => {
                    last.clips.end = found.clips.end;
                    last.weight += found.weight;
                }
                _ => occurrences.push(found.clone()),
            }
            last_kept = Some(index);
        }
        Self {
            occurrences,
            other_work: self.other_work.clone(),
        }
    }

    pub(crate) fn add_other_work(&mut self, clips: Range<usize>, is_idle: impl Fn(usize) -> bool) {
        for clip in clips.filter(|&clip| !is_idle(clip)) {
            match self.other_work.last_mut() {
                Some(run) if run.end == clip => run.end += 1,
                _ => self.other_work.push(clip..clip + 1),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(labels: &[Option<usize>], idle: &[usize]) -> Decoded {
        Decoded::of_labels(labels, |clip| idle.contains(&clip), |_, _| 1.0)
    }

    fn done(decoded: &Decoded) -> Vec<(usize, Range<usize>)> {
        let done = decoded.occurrences.iter();
        done.map(|found| (found.step, found.clips.clone()))
            .collect()
    }

    #[test]
    fn runs_of_one_step_are_one_occurrence() {
        let labels = [None, Some(1), Some(1), None, None, None, Some(0), Some(1)];
        let decoded = decoded(&labels, &[0, 4]);
        assert_eq!(done(&decoded), [(1, 1..3), (0, 6..7), (1, 7..8)]);
        assert_eq!(decoded.other_work, [3..4, 5..6]);
        assert!((decoded.occurrences[0].weight - 2.0).abs() < 1e-12);
    }

    #[test]
    fn what_a_fragment_stood_between_is_one_again() {
        let labels = [0, 0, 0, 2, 0, 0, 1, 1, 1].map(Some);
        let joined = decoded(&labels, &[]).without_fragments(|found| found.clips.len() < 2);
        assert_eq!(done(&joined), [(0, 0..6), (1, 6..9)]);
        // Done twice on purpose: nothing stood between.
        let twice = Decoded {
            occurrences: [0..3, 3..6]
                .map(|clips| Occurrence {
                    step: 0,
                    clips,
                    weight: 1.0,
                })
                .to_vec(),
            other_work: Vec::new(),
        };
        assert_eq!(twice.without_fragments(|_| false), twice);
    }
}
