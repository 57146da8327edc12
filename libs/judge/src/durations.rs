//! How long the steps of a video took, beside the gold and at the tempo of
//! whoever did them.

use crate::quantile::median;
use crate::{DeviationKind, TimeRange, Video};

/// Ratios that count as neither too slow nor too fast, with whatever is said
/// about them: a deviation in duration only counts outside.
const LIMITS: (f64, f64) = (0.6, 1.6);

/// Ratios of natural variation: the same person doing the same step again.
const NATURAL: (f64, f64) = (0.75, 1.33);

/// The tempo-corrected duration of each segment of a truth.
#[derive(Debug)]
pub(crate) struct Durations<'a> {
    video: &'a Video,
    /// Duration of the median step relative to the gold; none if no step can
    /// tell.
    tempo: Option<f64>,
}

impl<'a> Durations<'a> {
    /// The tempo is the median ratio to the gold's durations, over the steps
    /// that were done exactly once and are not labelled as deviating in their
    /// duration or their execution.
    pub(crate) fn new(video: &'a Video) -> Self {
        let done = &video.truth.steps_done;
        let mut ratios: Vec<f64> = done
            .iter()
            .filter(|segment| {
                let times = done.iter().filter(|other| other.step == segment.step);
                times.count() == 1 && !is_labelled(video, segment.step)
            })
            .map(|segment| segment.time().duration_s() / gold_s(video, segment.step))
            .collect();
        Self {
            video,
            tempo: median(&mut ratios),
        }
    }

    /// Whether a true deviation in duration is too small to count: found or
    /// not, it is neither right nor wrong.
    pub(crate) fn is_slight(&self, step: usize, trainee_time: Option<TimeRange>) -> bool {
        self.ratio(step, trainee_time)
            .is_some_and(|ratio| LIMITS.0 < ratio && ratio < LIMITS.1)
    }

    /// Whether a report of this kind about this step's duration can be neither
    /// right nor wrong: the step was slower (or faster) than natural variation
    /// explains, but less than the limits.
    pub(crate) fn is_grey(
        &self,
        kind: DeviationKind,
        step: usize,
        trainee_time: Option<TimeRange>,
    ) -> bool {
        self.ratio(step, trainee_time)
            .is_some_and(|ratio| match kind {
                DeviationKind::OverTime => NATURAL.1 < ratio && ratio < LIMITS.1,
                DeviationKind::UnderTime => LIMITS.0 < ratio && ratio < NATURAL.0,
                _ => false,
            })
    }

    /// The tempo-corrected ratio of a step. Of several times that it was done,
    /// the one that overlaps `trainee_time` most counts; without it, or without
    /// any overlap, the first.
    fn ratio(&self, step: usize, trainee_time: Option<TimeRange>) -> Option<f64> {
        let mut best: Option<(f64, TimeRange)> = None;
        for segment in &self.video.truth.steps_done {
            let time = segment.time();
            let overlap_s = trainee_time.map_or(0.0, |asked| asked.overlap_s(&time));
            let is_better = best.is_none_or(|(best_s, _)| overlap_s > best_s);
            if segment.step == step && is_better {
                best = Some((overlap_s, time));
            }
        }
        let (_, time) = best?;
        Some(time.duration_s() / gold_s(self.video, step) / self.tempo?)
    }
}

fn gold_s(video: &Video, step: usize) -> f64 {
    video.gold_steps[step].duration_s()
}

fn is_labelled(video: &Video, step: usize) -> bool {
    video.truth.deviations.iter().any(|deviation| {
        deviation.gold_step == Some(step)
            && matches!(
                deviation.kind,
                DeviationKind::OverTime | DeviationKind::UnderTime | DeviationKind::WrongExecution
            )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::{done, mistake, video};

    #[test]
    fn ratios_are_relative_to_the_tempo() {
        // Each gold step takes 4 s; the trainee takes 8, 8, 8, 12 and 8 s.
        let video = video(
            5,
            vec![
                done(0, 0.0, 8.0),
                done(1, 8.0, 16.0),
                done(2, 16.0, 24.0),
                done(3, 24.0, 36.0),
                done(4, 36.0, 44.0),
            ],
        );
        let durations = Durations::new(&video);
        assert_eq!(durations.ratio(0, None), Some(1.0));
        assert_eq!(durations.ratio(3, None), Some(1.5));
        assert!(durations.is_grey(DeviationKind::OverTime, 3, None));
        assert!(!durations.is_grey(DeviationKind::UnderTime, 3, None));
        assert!(!durations.is_grey(DeviationKind::OverTime, 0, None));
        assert!(durations.is_slight(3, None) && durations.is_slight(0, None));
    }

    #[test]
    fn a_step_done_twice_has_the_ratio_of_the_time_that_is_asked_for() {
        let video = video(
            3,
            vec![
                done(0, 0.0, 4.0),
                done(1, 4.0, 8.0),
                done(2, 8.0, 12.0),
                done(1, 12.0, 22.0),
            ],
        );
        let durations = Durations::new(&video);
        let late = TimeRange {
            start_s: 13.0,
            end_s: 20.0,
        };
        assert_eq!(durations.ratio(1, None), Some(1.0));
        assert_eq!(durations.ratio(1, Some(late)), Some(2.5));
    }

    #[test]
    fn the_tempo_is_that_of_steps_done_once_and_not_labelled() {
        let mut video = video(
            4,
            vec![
                done(0, 0.0, 4.0),
                done(1, 4.0, 16.0),
                done(2, 16.0, 28.0),
                done(3, 28.0, 40.0),
                done(3, 40.0, 52.0),
            ],
        );
        // Only step 0 tells the tempo.
        video.truth.deviations = vec![
            mistake(DeviationKind::OverTime, 1),
            mistake(DeviationKind::WrongExecution, 2),
        ];
        assert_eq!(Durations::new(&video).ratio(1, None), Some(3.0));
        // Now step 2, three times as slow, tells it as well: the median is 2.
        video.truth.deviations.pop();
        assert_eq!(Durations::new(&video).ratio(1, None), Some(1.5));
    }

    #[test]
    fn zones_end_where_the_rule_says() {
        // Ratio, whether slight, whether grey for OVER_TIME and for UNDER_TIME.
        for (ratio, slight, over, under) in [
            (0.59, false, false, false),
            (0.61, true, false, true),
            (0.74, true, false, true),
            (0.76, true, false, false),
            (1.32, true, false, false),
            (1.34, true, true, false),
            (1.59, true, true, false),
            (1.61, false, false, false),
        ] {
            let end_s = 8.0 + 4.0 * ratio;
            let segments = vec![done(0, 0.0, 4.0), done(1, 4.0, 8.0), done(2, 8.0, end_s)];
            let video = video(3, segments);
            let durations = Durations::new(&video);
            assert_eq!(durations.is_slight(2, None), slight, "{ratio}");
            let grey = |kind| durations.is_grey(kind, 2, None);
            assert_eq!(grey(DeviationKind::OverTime), over, "{ratio}");
            assert_eq!(grey(DeviationKind::UnderTime), under, "{ratio}");
        }
    }

    #[test]
    fn without_a_tempo_nothing_is_slight() {
        let video = video(1, Vec::new());
        let durations = Durations::new(&video);
        assert_eq!(durations.ratio(0, None), None);
        assert!(!durations.is_slight(0, None));
    }
}
