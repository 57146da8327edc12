//! The numbers that say how good a method is, as functions of sums over tasks.

use crate::DeviationKind;
use crate::segments::OVERLAPS;

/// What a measure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// All kinds of deviations together.
    All,
    /// One kind.
    Kind(DeviationKind),
}

/// How many subjects there are.
pub(crate) const SUBJECTS: usize = 1 + DeviationKind::ALL.len();

impl Subject {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::All).chain(DeviationKind::ALL.map(Self::Kind))
    }

    /// From 0 to [`SUBJECTS`].
    pub(crate) fn index(self) -> usize {
        match self {
            Self::All => 0,
            Self::Kind(kind) => 1 + kind as usize,
        }
    }
}

/// A measure that has an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Statistic {
    Precision(Subject),
    Recall(Subject),
    F1(Subject),
    MacroF1,
    Area(Subject),
    /// At one of [`OVERLAPS`].
    SegmentalF1(usize),
    EditScore,
    MeanBoundaryErrorS,
}

impl Statistic {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Subject::all()
            .flat_map(|subject| {
                [
                    Self::Precision(subject),
                    Self::Recall(subject),
                    Self::F1(subject),
                    Self::Area(subject),
                ]
            })
            .chain((0..OVERLAPS.len()).map(Self::SegmentalF1))
            .chain([Self::MacroF1, Self::EditScore, Self::MeanBoundaryErrorS])
    }

    /// None where it is undefined, because nothing is there to measure it by.
    pub(crate) fn of(self, tally: &Tally, areas: &[Option<f64>; SUBJECTS]) -> Option<f64> {
        match self {
            Self::Precision(subject) => tally.detections(subject).precision(),
            Self::Recall(subject) => tally.detections(subject).recall(),
            Self::F1(subject) => tally.detections(subject).f1(),
            Self::MacroF1 => macro_f1(tally),
            Self::Area(subject) => areas[subject.index()],
            Self::SegmentalF1(overlap) => Detections {
                right: tally.segments_right[overlap],
                wrong: tally.segments_decoded - tally.segments_right[overlap],
                missed: tally.segments_done - tally.segments_right[overlap],
            }
            .f1(),
            Self::EditScore => ratio(tally.edit_sum, tally.edit_videos),
            Self::MeanBoundaryErrorS => ratio(tally.boundary_error_sum_s, tally.boundaries),
        }
    }
}

/// The mean over the kinds of which something is true.
fn macro_f1(tally: &Tally) -> Option<f64> {
    let scores: Vec<f64> = tally.by_kind.iter().filter_map(Detections::f1).collect();
    ratio(scores.iter().sum(), scores.len() as f64)
}

/// Sums over videos; fractional only because tasks are weighted.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Tally {
    /// In the order of [`DeviationKind::ALL`].
    pub(crate) by_kind: [Detections; DeviationKind::ALL.len()],
    pub(crate) segments_right: [f64; OVERLAPS.len()],
    pub(crate) segments_decoded: f64,
    pub(crate) segments_done: f64,
    pub(crate) edit_sum: f64,
    pub(crate) edit_videos: f64,
    pub(crate) boundary_error_sum_s: f64,
    pub(crate) boundaries: f64,
}

/// What was found of what is true.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Detections {
    pub(crate) right: f64,
    pub(crate) wrong: f64,
    pub(crate) missed: f64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self, weight: f64) {
        for (sum, kind) in self.by_kind.iter_mut().zip(&other.by_kind) {
            sum.add(kind, weight);
        }
        for (sum, right) in self.segments_right.iter_mut().zip(&other.segments_right) {
            *sum += weight * right;
        }
        self.segments_decoded += weight * other.segments_decoded;
        self.segments_done += weight * other.segments_done;
        self.edit_sum += weight * other.edit_sum;
        self.edit_videos += weight * other.edit_videos;
        self.boundary_error_sum_s += weight * other.boundary_error_sum_s;
        self.boundaries += weight * other.boundaries;
    }

    fn detections(&self, subject: Subject) -> Detections {
        match subject {
            Subject::Kind(kind) => self.by_kind[kind as usize],
            Subject::All => self
                .by_kind
                .iter()
                .fold(Detections::default(), |mut sum, kind| {
                    sum.add(kind, 1.0);
                    sum
                }),
        }
    }
}

impl Detections {
    fn add(&mut self, other: &Self, weight: f64) {
        self.right += weight * other.right;
        self.wrong += weight * other.wrong;
        self.missed += weight * other.missed;
    }

    fn precision(&self) -> Option<f64> {
        ratio(self.right, self.right + self.wrong)
    }

    fn recall(&self) -> Option<f64> {
        ratio(self.right, self.right + self.missed)
    }

    /// Undefined if nothing is true, whatever was reported.
    fn f1(&self) -> Option<f64> {
        let is_defined = self.right + self.missed > 0.0;
        let all = 2.0 * self.right + self.wrong + self.missed;
        is_defined.then(|| 2.0 * self.right / all)
    }
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn detections(right: f64, wrong: f64, missed: f64) -> Detections {
        Detections {
            right,
            wrong,
            missed,
        }
    }

    #[test]
    fn rates_of_a_hand_made_example() {
        let found = detections(3.0, 1.0, 2.0);
        assert_eq!(found.precision(), Some(0.75));
        assert_eq!(found.recall(), Some(0.6));
        assert_eq!(found.f1(), Some(6.0 / 9.0));
    }

    #[test]
    fn what_cannot_be_measured_is_none() {
        let nothing = detections(0.0, 0.0, 0.0);
        assert_eq!(
            (nothing.precision(), nothing.recall(), nothing.f1()),
            (None, None, None)
        );
        let only_wrong = detections(0.0, 2.0, 0.0);
        assert_eq!((only_wrong.precision(), only_wrong.f1()), (Some(0.0), None));
        let only_missed = detections(0.0, 0.0, 2.0);
        assert_eq!(
            (only_missed.recall(), only_missed.f1()),
            (Some(0.0), Some(0.0))
        );
        let tally = Tally::default();
        for statistic in Statistic::all() {
            assert_eq!(
                statistic.of(&tally, &[None; SUBJECTS]),
                None,
                "{statistic:?}"
            );
        }
    }

    #[test]
    fn micro_sums_counts_and_macro_takes_the_mean_of_the_defined() {
        let mut tally = Tally::default();
        tally.by_kind[0] = detections(1.0, 0.0, 0.0);
        tally.by_kind[1] = detections(0.0, 0.0, 3.0);
        tally.by_kind[2] = detections(0.0, 5.0, 0.0);
        assert_eq!(Statistic::MacroF1.of(&tally, &[None; SUBJECTS]), Some(0.5));
        let micro = Statistic::F1(Subject::All).of(&tally, &[None; SUBJECTS]);
        assert_eq!(micro, Some(2.0 / 10.0));
    }

    #[test]
    fn segmental_f1_counts_what_was_decoded_too_much() {
        let tally = Tally {
            segments_right: [3.0, 2.0, 1.0],
            segments_decoded: 6.0,
            segments_done: 4.0,
            ..Tally::default()
        };
        let at = |overlap| Statistic::SegmentalF1(overlap).of(&tally, &[None; SUBJECTS]);
        assert_eq!([at(0), at(1), at(2)], [0.6, 0.4, 0.2].map(Some));
    }

    #[test]
    fn a_weight_of_two_is_the_same_as_being_there_twice() {
        let mut tally = Tally {
            segments_right: [3.0, 2.0, 1.0],
            segments_decoded: 6.0,
            segments_done: 4.0,
            edit_sum: 0.5,
            edit_videos: 1.0,
            boundary_error_sum_s: 0.25,
            boundaries: 8.0,
            ..Tally::default()
        };
        tally.by_kind[3] = detections(1.0, 2.0, 3.0);
        let (mut twice, mut doubled) = (tally.clone(), Tally::default());
        twice.add(&tally, 1.0);
        doubled.add(&tally, 2.0);
        assert_eq!(twice, doubled);
    }

    #[test]
    fn subjects_and_kinds_are_numbered_in_order() {
        let indices: Vec<usize> = Subject::all().map(Subject::index).collect();
        assert_eq!(indices, (0..SUBJECTS).collect::<Vec<_>>());
        let all: Vec<Statistic> = Statistic::all().collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
