//! How well the decoded steps agree with the steps that were done.

use crate::{Segment, TimeRange};

/// The overlaps at which segments are counted: F1@{10, 25, 50}.
pub(crate) const OVERLAPS: [f64; 3] = [0.10, 0.25, 0.50];

/// What one video adds to the measures of segments.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct SegmentScores {
    /// Decoded segments that are right, per overlap of [`OVERLAPS`].
    pub(crate) right: [usize; 3],
    /// Segments that were decoded.
    pub(crate) decoded: usize,
    /// Segments that are true.
    pub(crate) done: usize,
    /// From 0 to 1; none if nothing was done and nothing decoded.
    pub(crate) edit: Option<f64>,
    /// Per true segment that overlaps a decoded one of its step, |Δ| of its
    /// start and of its end, in seconds.
    pub(crate) boundary_errors_s: Vec<[f64; 2]>,
}

/// Compares valid segments, each list in order of time.
///
/// Segmental F1 is counted as by Lea et al. (2017) and by Farha & Gall (2019):
/// each decoded segment takes the true segment of its step with the greatest
/// intersection over union; it is right if that reaches the overlap and the
/// true segment has not been taken. The edit score is 1 − Levenshtein distance
/// of the sequences of steps / the length of the longer one.
pub(crate) fn compare(done: &[Segment], decoded: &[Segment]) -> SegmentScores {
    SegmentScores {
        right: OVERLAPS.map(|overlap| right(done, decoded, overlap)),
        decoded: decoded.len(),
        done: done.len(),
        edit: edit_score(done, decoded),
        boundary_errors_s: boundary_errors(done, decoded),
    }
}

fn right(done: &[Segment], decoded: &[Segment], overlap: f64) -> usize {
    let mut is_taken = vec![false; done.len()];
    let mut right = 0;
    for segment in decoded {
        let best = best(done, segment, TimeRange::intersection_over_union);
        if let Some((index, alike)) = best
            && alike >= overlap
            && !is_taken[index]
        {
            is_taken[index] = true;
            right += 1;
        }
    }
    right
}

fn edit_score(done: &[Segment], decoded: &[Segment]) -> Option<f64> {
    let steps = |segments: &[Segment]| -> Vec<usize> {
        segments.iter().map(|segment| segment.step).collect()
    };
    let longer = done.len().max(decoded.len());
    let distance = strsim::generic_levenshtein(&steps(done), &steps(decoded));
    (longer > 0).then(|| 1.0 - distance as f64 / longer as f64)
}

fn boundary_errors(done: &[Segment], decoded: &[Segment]) -> Vec<[f64; 2]> {
    done.iter()
        .filter_map(|segment| {
            let (index, _) = best(decoded, segment, TimeRange::overlap_s)?;
            let found = &decoded[index];
            Some([
                (found.start_s - segment.start_s).abs(),
                (found.end_s - segment.end_s).abs(),
            ])
        })
        .collect()
}

/// The segment of the same step that is most alike, if any is at all, and how
/// alike; of equal ones the first.
fn best(
    among: &[Segment],
    segment: &Segment,
    alike: impl Fn(&TimeRange, &TimeRange) -> f64,
) -> Option<(usize, f64)> {
    let mut best = None;
    for (index, other) in among.iter().enumerate() {
        let alike = alike(&other.time(), &segment.time());
        let beats = best.is_none_or(|(_, most)| alike > most);
        if other.step == segment.step && alike > 0.0 && beats {
            best = Some((index, alike));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::done;
    use proptest::prelude::*;

    #[test]
    fn a_hand_made_example() {
        let truth = [done(0, 0.0, 10.0), done(1, 10.0, 20.0), done(2, 20.0, 30.0)];
        // Step 0 overlaps by 0.6, step 1 by 2/11, step 2 is decoded twice.
        let decoded = [
            done(0, 0.0, 6.0),
            done(1, 18.0, 21.0),
            done(2, 21.0, 25.0),
            done(2, 25.0, 30.0),
        ];
        let scores = compare(&truth, &decoded);
        assert_eq!(scores.right, [3, 2, 2]);
        assert_eq!((scores.done, scores.decoded), (3, 4));
        assert_eq!(scores.edit, Some(0.75));
        assert_eq!(
            scores.boundary_errors_s,
            [[0.0, 4.0], [8.0, 1.0], [5.0, 0.0]]
        );
    }

    #[test]
    fn a_true_segment_is_taken_once() {
        let truth = [done(0, 0.0, 10.0)];
        let decoded = [done(0, 0.0, 5.0), done(0, 5.0, 10.0)];
        assert_eq!(compare(&truth, &decoded).right, [1, 1, 1]);
    }

    #[test]
    fn nothing_against_something_and_against_nothing() {
        let truth = [done(0, 0.0, 10.0)];
        assert_eq!(compare(&truth, &[]).edit, Some(0.0));
        assert_eq!(compare(&[], &truth).edit, Some(0.0));
        assert_eq!(compare(&[], &[]).edit, None);
        assert_eq!(compare(&truth, &[]).boundary_errors_s, [[0.0; 2]; 0]);
    }

    /// Longest common alignment by recursion over both tails.
    fn slow_distance(a: &[Segment], b: &[Segment]) -> usize {
        match (a.split_first(), b.split_first()) {
            (None, _) => b.len(),
            (_, None) => a.len(),
            (Some((first, rest_a)), Some((other, rest_b))) => {
                let replace = usize::from(first.step != other.step) + slow_distance(rest_a, rest_b);
                let insert = 1 + slow_distance(a, rest_b);
                replace.min(insert).min(1 + slow_distance(rest_a, b))
            }
        }
    }

    fn segments() -> impl Strategy<Value = Vec<Segment>> {
        proptest::collection::vec((0..3_usize, 1..5_u8), 0..6).prop_map(|pieces| {
            let mut start_s = 0.0;
            pieces
                .into_iter()
                .map(|(step, seconds)| {
                    let end_s = start_s + f64::from(seconds);
                    let segment = done(step, start_s, end_s);
                    start_s = end_s;
                    segment
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn agrees_with_the_slow_way(truth in segments(), decoded in segments()) {
            let scores = compare(&truth, &decoded);
            if let Some(edit) = scores.edit {
                let longer = truth.len().max(decoded.len()) as f64;
                let slow = 1.0 - slow_distance(&truth, &decoded) as f64 / longer;
                prop_assert!((edit - slow).abs() < 1e-12);
            }
            prop_assert!(scores.right[0] >= scores.right[1] && scores.right[1] >= scores.right[2]);
            prop_assert!(scores.right[0] <= truth.len().min(decoded.len()));
            prop_assert!(scores.boundary_errors_s.len() <= truth.len());
            let same = compare(&truth, &truth);
            prop_assert_eq!(same.right, [truth.len(); 3]);
            prop_assert!(same.boundary_errors_s.iter().all(|error| *error == [0.0; 2]));
        }
    }
}
