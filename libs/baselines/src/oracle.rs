//! What could be found if the boundaries were known.

use std::ops::Range;

use sopilot_judge::{DeviationKind, Prediction, TimeRange};

use crate::decoded::{Decoded, Occurrence};
use crate::edit::compare;
use crate::likelihood::Likelihood;
use crate::pair::{Centring, Pair};
use crate::{BaselineError, Method};

/// The true boundaries of all that the trainee did are given; each piece is
/// classified, as the step that it resembles most or as other work, and the edit
/// comparison follows. What it gets wrong no better segmentation would get
/// right.
#[derive(Debug, Clone, Copy)]
pub struct OracleBoundaries;

impl Method for OracleBoundaries {
    fn name(&self) -> &'static str {
        "oracle-boundaries"
    }

    fn about(&self) -> &'static str {
        "The true boundaries given, each piece classified by similarity."
    }

    fn predict(&self, pair: &Pair<'_>) -> Result<Prediction, BaselineError> {
        let truth = pair.truth.ok_or(BaselineError::NoTruth {
            method: self.name(),
        })?;
        let extra = truth
            .deviations
            .iter()
            .filter(|found| found.kind == DeviationKind::ExtraActivity)
            .filter_map(|found| found.trainee_time);
        let mut pieces: Vec<TimeRange> = truth
            .steps_done
            .iter()
            .map(sopilot_judge::Segment::time)
            .chain(extra)
            .collect();
        pieces.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        let likelihood = Likelihood::new(pair, Centring::OnEach);
        let mut decoded = Decoded::default();
        for piece in pieces {
            let clips = clips_within(pair, piece);
            if !clips.is_empty() {
                classify(&mut decoded, &likelihood, clips);
            }
        }
        Ok(compare(pair, &decoded, Some(&likelihood)))
    }
}

/// The step for which the piece speaks most, if it speaks for any.
fn classify(decoded: &mut Decoded, likelihood: &Likelihood, clips: Range<usize>) {
    let evidence = |step: usize| {
        clips
            .clone()
            .map(|clip| likelihood.of(step, clip))
            .sum::<f64>()
    };
    let best = (0..likelihood.steps())
        .map(|step| (step, evidence(step)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|&(_, evidence)| evidence > 0.0);
    match best {
        Some((step, weight)) => decoded.occurrences.push(Occurrence {
            step,
            clips,
            weight,
        }),
        None => decoded.add_other_work(clips, |_| false),
    }
}

/// The clips whose middle lies within.
fn clips_within(pair: &Pair<'_>, time: TimeRange) -> Range<usize> {
    let before = |limit_s: f64| {
        let middle = |clip: &sopilot_procedure::Clip| 0.5 * (clip.start_s + clip.end_s);
        pair.trainee
            .clips
            .partition_point(|clip| middle(clip) < limit_s)
    };
    before(time.start_s)..before(time.end_s)
}
