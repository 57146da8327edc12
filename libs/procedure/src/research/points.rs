//! Which step each lost point belongs to.

use crate::report::{Deviation, StepResult};

/// Points that each step cost, of the 100 of the whole: what two performances
/// of one procedure are compared by ([`crate::research::compare_paired`]).
/// `steps` and `deviations` are those of one outcome.
///
/// Extra activity belongs to no step; it is counted for the step after whose
/// start it began (the first that was done if there is none, the first of all
/// if nothing was done), so that the sum is that of all points lost.
pub fn points_lost_per_step(steps: &[StepResult], deviations: &[Deviation]) -> Vec<f64> {
    let mut lost = vec![0.0; steps.len()];
    for deviation in deviations {
        if let Some(lost) = lost.get_mut(step_of(steps, deviation)) {
            *lost += deviation.points_lost;
        }
    }
    lost
}

/// The step that a deviation is counted for; see [`points_lost_per_step`].
pub(crate) fn step_of(steps: &[StepResult], deviation: &Deviation) -> usize {
    if let Some(step) = deviation.gold_step {
        return step as usize;
    }
    let begun_s = deviation.trainee_time.start_s;
    let started = || {
        let start = |(index, step): (usize, &StepResult)| Some((index, step.trainee_time?.start_s));
        steps.iter().enumerate().filter_map(start)
    };
    started()
        .filter(|&(_, start_s)| start_s <= begun_s)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .or_else(|| started().min_by(|a, b| a.1.total_cmp(&b.1)))
        .map_or(0, |(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procedure::TimeRange;
    use crate::report::{DeviationType, StepStatus, Verdict};

    fn step(index: u32, start_s: Option<f64>) -> StepResult {
        StepResult::sample(index, StepStatus::Done, start_s)
    }

    fn deviation(gold_step: Option<u32>, start_s: f64, points_lost: f64) -> Deviation {
        Deviation {
            kind: DeviationType::ExtraActivity,
            gold_step,
            step_name: String::new(),
            gold_time: None,
            trainee_time: TimeRange {
                start_s,
                end_s: start_s + 1.0,
            },
            confidence: 1.0,
            points_lost,
            verdict_without: Verdict::Pass,
            reason: String::new(),
        }
    }

    #[test]
    fn extra_activity_is_counted_for_the_step_before_it() {
        let steps = [step(0, Some(5.0)), step(1, Some(2.0)), step(2, None)];
        let deviations = [
            deviation(Some(2), 0.0, 10.0),
            deviation(None, 4.0, 1.0),
            deviation(None, 9.0, 2.0),
            deviation(None, 1.0, 4.0),
            deviation(Some(1), 2.0, 8.0),
        ];
        assert_eq!(
            points_lost_per_step(&steps, &deviations),
            [2.0, 1.0 + 4.0 + 8.0, 10.0]
        );
        assert_eq!(
            points_lost_per_step(&[step(0, None)], &[deviation(None, 4.0, 1.0)]),
            [1.0]
        );
    }
}
