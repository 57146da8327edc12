//! What confidences are worth: whether they are true, and what each threshold
//! would give.

use serde::Serialize;

/// Into how many bins confidences are sorted.
const BINS: usize = 10;

/// One report with a confidence that is right or wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Graded {
    pub(crate) confidence: f64,
    pub(crate) is_right: bool,
}

/// Whether confidences are true: of the reports made with 0.7, 70 % should be
/// right.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// Mean |share that is right − mean confidence| over the bins, each
    /// weighted by its reports (Naeini, Cooper & Hauskrecht 2015).
    pub expected_calibration_error: f64,
    /// At most ten, of about equally many reports, in order of confidence.
    /// Reports of equal confidence are in the same one.
    pub bins: Vec<CalibrationBin>,
}

/// Reports of similar confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// How many there are; at least 1.
    pub reports: usize,
    /// Their mean confidence.
    pub mean_confidence: f64,
    /// The share of them that is right.
    pub share_right: f64,
}

/// Precision and recall of one kind at every threshold of confidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PrecisionRecall {
    /// The precision at each recall that is reached, each weighted by how much
    /// recall it adds. Nothing is interpolated: between two thresholds there is
    /// no method that reaches the straight line (Davis & Goadrich 2006).
    pub average_precision: f64,
    /// From the highest threshold to the lowest: those at which recall rises,
    /// and the last. Between them only the precision falls.
    pub points: Vec<PrecisionRecallPoint>,
}

/// What reporting everything from one confidence on would give.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PrecisionRecallPoint {
    /// The least confidence that is reported.
    pub threshold: f64,
    /// The share of the reports that is right.
    pub precision: f64,
    /// The share of the true deviations that is found.
    pub recall: f64,
}

/// None without reports.
pub(crate) fn calibration(graded: &[Graded]) -> Option<Calibration> {
    if graded.is_empty() {
        return None;
    }
    let sorted = by_falling_confidence(graded);
    let mut bins = Vec::new();
    let (mut start, mut end) = (0, 0);
    for run in sorted.chunk_by(is_tied) {
        end += run.len();
        // A bin ends where the reports so far reach another tenth of all.
        if end * BINS / sorted.len() > start * BINS / sorted.len() {
            bins.push(bin(&sorted[start..end]));
            start = end;
        }
    }
    bins.reverse();
    let error =
        |bin: &CalibrationBin| bin.reports as f64 * (bin.share_right - bin.mean_confidence).abs();
    Some(Calibration {
        expected_calibration_error: bins.iter().map(error).sum::<f64>() / sorted.len() as f64,
        bins,
    })
}

/// None without true deviations.
pub(crate) fn precision_recall(graded: &[Graded], positives: usize) -> Option<PrecisionRecall> {
    if positives == 0 {
        return None;
    }
    let sorted = by_falling_confidence(graded);
    let (mut reports, mut right, mut average) = (0, 0, 0.0);
    let mut points = Vec::new();
    for run in sorted.chunk_by(is_tied) {
        let added = run.iter().filter(|graded| graded.is_right).count();
        reports += run.len();
        right += added;
        let precision = right as f64 / reports as f64;
        average += precision * added as f64 / positives as f64;
        if added > 0 || reports == sorted.len() {
            points.push(PrecisionRecallPoint {
                threshold: run[0].confidence,
                precision,
                recall: right as f64 / positives as f64,
            });
        }
    }
    Some(PrecisionRecall {
        average_precision: average,
        points,
    })
}

fn by_falling_confidence(graded: &[Graded]) -> Vec<Graded> {
    let mut sorted = graded.to_vec();
    sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    sorted
}

fn is_tied(a: &Graded, b: &Graded) -> bool {
    a.confidence.total_cmp(&b.confidence).is_eq()
}

/// The reports are not empty.
fn bin(graded: &[Graded]) -> CalibrationBin {
    let reports = graded.len() as f64;
    let right = graded.iter().filter(|graded| graded.is_right).count() as f64;
    CalibrationBin {
        reports: graded.len(),
        mean_confidence: graded.iter().map(|graded| graded.confidence).sum::<f64>() / reports,
        share_right: right / reports,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn graded(confidence: f64, is_right: bool) -> Graded {
        Graded {
            confidence,
            is_right,
        }
    }

    #[test]
    fn the_error_of_a_hand_made_example() {
        // Sure of all, right in three of four.
        let all_sure = [true, true, false, true].map(|is_right| graded(1.0, is_right));
        let found = calibration(&all_sure).expect("there are reports");
        assert_eq!(found.expected_calibration_error, 0.25);
        assert_eq!(found.bins.len(), 1);
        let honest: Vec<Graded> = (0..10)
            .flat_map(|sure| (0..10).map(move |n| graded(f64::from(sure) / 10.0, n < sure)))
            .collect();
        let found = calibration(&honest).expect("there are reports");
        assert!(found.expected_calibration_error < 1e-12);
        assert_eq!(
            found.bins.iter().map(|bin| bin.reports).collect::<Vec<_>>(),
            [10; 10]
        );
        assert!(
            found
                .bins
                .is_sorted_by(|a, b| a.mean_confidence < b.mean_confidence)
        );
        assert_eq!(calibration(&[]), None);
    }

    #[test]
    fn average_precision_of_a_hand_made_example() {
        // Right, wrong, right, and one of three never reported.
        let reports = [graded(0.9, true), graded(0.8, false), graded(0.7, true)];
        let found = precision_recall(&reports, 3).expect("there are positives");
        assert!((found.average_precision - (1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
        let [first, last] = found.points[..] else {
            panic!("recall rises twice: {found:?}");
        };
        assert_eq!((first.threshold, first.precision), (0.9, 1.0));
        assert_eq!(
            (last.threshold, last.precision, last.recall),
            (0.7, 2.0 / 3.0, 2.0 / 3.0)
        );
        assert_eq!(precision_recall(&reports, 0), None);
        let ended_wrong = [graded(0.9, true), graded(0.8, false), graded(0.7, false)];
        let found = precision_recall(&ended_wrong, 1).expect("there are positives");
        let points: Vec<_> = found
            .points
            .iter()
            .map(|point| (point.threshold, point.precision, point.recall))
            .collect();
        assert_eq!(points, [(0.9, 1.0, 1.0), (0.7, 1.0 / 3.0, 1.0)]);
        let nothing = precision_recall(&[], 3).expect("there are positives");
        assert_eq!((nothing.average_precision, nothing.points.len()), (0.0, 0));
    }

    fn some_graded() -> impl Strategy<Value = Vec<Graded>> {
        let one = (0..8_u8, proptest::bool::ANY)
            .prop_map(|(confidence, is_right)| graded(f64::from(confidence) / 7.0, is_right));
        proptest::collection::vec(one, 1..40)
    }

    proptest! {
        #[test]
        fn every_threshold_gives_what_counting_gives(reports in some_graded(), missed in 0..5_usize) {
            let right = |reports: &[Graded]| reports.iter().filter(|graded| graded.is_right).count();
            let positives = right(&reports) + missed;
            prop_assume!(positives > 0);
            let found = precision_recall(&reports, positives).expect("there are positives");
            let (mut area, mut recall) = (0.0, 0.0);
            for point in &found.points {
                let shown: Vec<Graded> = reports
                    .iter()
                    .copied()
                    .filter(|graded| graded.confidence >= point.threshold)
                    .collect();
                prop_assert_eq!(point.precision, right(&shown) as f64 / shown.len() as f64);
                prop_assert_eq!(point.recall, right(&shown) as f64 / positives as f64);
                area += (point.recall - recall) * point.precision;
                recall = point.recall;
            }
            prop_assert!((found.average_precision - area).abs() < 1e-12);
        }

        #[test]
        fn bins_hold_every_report_once_and_part_no_ties(reports in some_graded()) {
            let found = calibration(&reports).expect("there are reports");
            let total: usize = found.bins.iter().map(|bin| bin.reports).sum();
            prop_assert_eq!(total, reports.len());
            prop_assert!(found.bins.len() <= BINS);
            let mut sorted: Vec<f64> = reports.iter().map(|graded| graded.confidence).collect();
            sorted.sort_by(f64::total_cmp);
            let mut end = 0;
            for bin in &found.bins[..found.bins.len() - 1] {
                end += bin.reports;
                prop_assert!(sorted[end - 1] < sorted[end]);
            }
            prop_assert!((0.0..=1.0).contains(&found.expected_calibration_error));
        }
    }
}
