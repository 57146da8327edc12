//! How far the boundaries of the trainee's steps lie from where the gold's
//! would lie at the trainee's tempo.

use crate::clip::median;
use crate::procedure::TimeRange;

/// Hausdorff distance, in seconds, between the starts and ends of the steps
/// that were `done` (step and when; repetitions included) and those of the
/// `gold`'s steps, moved to where they would lie had the trainee worked evenly.
/// `None` if nothing was done. Panics if a step is none of the gold's.
///
/// Even work: time in the gold times the tempo, plus a shift. The tempo is the
/// median of the durations of what was done relative to the gold's, the shift
/// the median of what then separates the middles; both hold as long as half of
/// the work is regular, wherever the rest lies. A tempo, a late start and a
/// video that is cut differently are therefore no distance; an uneven tempo, a
/// pause, a missing and a repeated step are. Which step a boundary belongs to
/// does not matter: two steps of equal length that change places do not either.
pub fn boundary_hausdorff_s(gold: &[TimeRange], done: &[(usize, TimeRange)]) -> Option<f64> {
    if done.is_empty() {
        return None;
    }
    let middle = |time: &TimeRange| 0.5 * (time.start_s + time.end_s);
    let of_gold = |step: usize| &gold[step];
    let tempo = median(
        done.iter()
            .map(|(step, time)| time.duration_s() / of_gold(*step).duration_s())
            .collect(),
    );
    let shift_s = median(
        done.iter()
            .map(|(step, time)| middle(time) - tempo * middle(of_gold(*step)))
            .collect(),
    );
    let ends = |time: &TimeRange| [time.start_s, time.end_s];
    let expected: Vec<f64> = gold
        .iter()
        .flat_map(ends)
        .map(|gold_s| tempo * gold_s + shift_s)
        .collect();
    let found: Vec<f64> = done.iter().flat_map(|(_, time)| ends(time)).collect();
    hausdorff(&expected, &found)
}

/// The Hausdorff distance of two sets of finite numbers: the farthest that an
/// element of either is from the nearest of the other (Hausdorff, Grundzüge der
/// Mengenlehre, 1914). `None` if either is empty. O(n log n).
pub fn hausdorff(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values
    };
    let (a, b) = (sorted(a), sorted(b));
    Some(farthest(&a, &b).max(farthest(&b, &a)))
}

/// The farthest that one of `from` is from the nearest of `to`, which is
/// sorted and not empty.
fn farthest(from: &[f64], to: &[f64]) -> f64 {
    let nearest = |&value: &f64| {
        let above = to.partition_point(|&other| other < value);
        let distance = |index: usize| to.get(index).map(|other| (other - value).abs());
        let below = above.checked_sub(1).and_then(distance);
        below
            .unwrap_or(f64::INFINITY)
            .min(distance(above).unwrap_or(f64::INFINITY))
    };
    from.iter().map(nearest).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn times(ends: &[(f64, f64)]) -> Vec<TimeRange> {
        ends.iter()
            .map(|&(start_s, end_s)| TimeRange { start_s, end_s })
            .collect()
    }

    fn done(ends: &[(usize, f64, f64)]) -> Vec<(usize, TimeRange)> {
        ends.iter()
            .map(|&(step, start_s, end_s)| (step, TimeRange { start_s, end_s }))
            .collect()
    }

    #[test]
    fn tempo_and_shift_are_no_distance() {
        let gold = times(&[(1.0, 3.0), (3.0, 7.0), (8.0, 9.0)]);
        let slow = done(&[(0, 7.0, 11.0), (1, 11.0, 19.0), (2, 21.0, 23.0)]);
        assert!(boundary_hausdorff_s(&gold, &slow).unwrap() < 1e-12);
        assert_eq!(boundary_hausdorff_s(&gold, &[]), None);
    }

    #[test]
    fn what_is_irregular_is_a_distance() {
        let gold = times(&[(0.0, 2.0), (2.0, 4.0), (4.0, 6.0), (6.0, 8.0), (8.0, 10.0)]);
        // The last step is missing, so its end is 2 s from anything.
        let broken_off = done(&[(0, 0.0, 2.0), (1, 2.0, 4.0), (2, 4.0, 6.0), (3, 6.0, 8.0)]);
        assert_eq!(boundary_hausdorff_s(&gold, &broken_off), Some(2.0));
        // The first is missing: the others stay where they are.
        let late = done(&[(1, 2.0, 4.0), (2, 4.0, 6.0), (3, 6.0, 8.0), (4, 8.0, 10.0)]);
        assert_eq!(boundary_hausdorff_s(&gold, &late), Some(2.0));
        // A pause of 5 s before the last.
        let mut pause = broken_off.clone();
        pause.extend(done(&[(4, 13.0, 15.0)]));
        assert_eq!(boundary_hausdorff_s(&gold, &pause), Some(5.0));
    }

    proptest! {
        #[test]
        fn hausdorff_is_what_its_definition_says(
            a in proptest::collection::vec(-9.0..9.0_f64, 1..12),
            b in proptest::collection::vec(-9.0..9.0_f64, 1..12),
        ) {
            let slow = |from: &[f64], to: &[f64]| {
                let nearest = |x: &f64| to.iter().map(|y| (x - y).abs()).fold(f64::INFINITY, f64::min);
                from.iter().map(nearest).fold(0.0, f64::max)
            };
            prop_assert_eq!(hausdorff(&a, &b), Some(slow(&a, &b).max(slow(&b, &a))));
            prop_assert_eq!(hausdorff(&a, &a), Some(0.0));
        }
    }
}
