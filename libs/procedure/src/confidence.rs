//! From evidence to a confidence that means what it says.
//!
//! Each kind of finding has its own evidence, squeezed into 0 to 1. How often a
//! finding with so much evidence is right was counted on drawn videos of the
//! tuning half; the counts were made monotone and smoothed to a few knots
//! (isotonic regression, Zadrozny & Elkan 2002), with linear pieces between.

use crate::report::DeviationType;

/// Knots `(evidence, confidence)`, both ascending.
type Knots = &'static [(f64, f64)];

/// Whatever is reported of these is nearly always right; below the middle there
/// is nothing to count.
const SURE: Knots = &[(0.0, 0.0), (0.45, 0.45), (0.6, 0.9), (1.0, 0.99)];
/// Movements that repeat within a step look like a short second time.
const REPEATED: Knots = &[(0.0, 0.0), (0.7, 0.45), (0.8, 0.85), (1.0, 0.95)];
/// A step that seems broken off may only have been decoded badly.
const WRONG: Knots = &[
    (0.0, 0.0),
    (0.5, 0.42),
    (0.57, 0.5),
    (0.7, 0.72),
    (1.0, 0.82),
];

/// How often a finding of this kind with so much evidence is right.
pub(crate) fn calibrated(kind: DeviationType, evidence: f64) -> f64 {
    let knots = match kind {
        DeviationType::MissingStep
        | DeviationType::OutOfOrder
        | DeviationType::ExtraActivity
        | DeviationType::OverTime
        | DeviationType::UnderTime => SURE,
        DeviationType::RepeatedStep => REPEATED,
        DeviationType::WrongExecution => WRONG,
    };
    let evidence = evidence.clamp(0.0, 1.0);
    let piece = knots
        .windows(2)
        .find(|piece| evidence <= piece[1].0)
        .expect("the last knot is at 1");
    let [(x0, y0), (x1, y1)] = [piece[0], piece[1]];
    y0 + (y1 - y0) * (evidence - x0) / (x1 - x0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_evidence_is_never_less_confidence() {
        for kind in [
            DeviationType::MissingStep,
            DeviationType::RepeatedStep,
            DeviationType::WrongExecution,
        ] {
            let values: Vec<f64> = (0..=100)
                .map(|percent| calibrated(kind, f64::from(percent) / 100.0))
                .collect();
            assert!(values.is_sorted() && values[0] == 0.0 && values[100] < 1.0);
        }
    }

    #[test]
    fn knots_are_met() {
        assert!((calibrated(DeviationType::OverTime, 0.6) - 0.9).abs() < 1e-12);
        assert!((calibrated(DeviationType::RepeatedStep, 0.75) - 0.65).abs() < 1e-12);
        assert!(calibrated(DeviationType::WrongExecution, 7.0) <= 0.9);
    }
}
