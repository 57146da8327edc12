//! What a clip says for a step: log-likelihood ratios from similarities.
//!
//! The similarities of clips that match, and of those that do not, are taken
//! to be normal with one standard deviation, so the ratio is linear in the
//! similarity. What does not match is read from the gold compared with its own
//! other steps. What matches is read from the gold's own similarity, which is
//! optimistic: another person on another day is less alike, by a shift that
//! is fitted per trainee and bounded.

use sopilot_dtw::{Evidence, SOFT_MAXIMUM_TEMPERATURE};
use sopilot_procedure::PreparedGold;

use crate::pair::{Centring, Pair};

/// Entering a step that does not follow, in nats: two independent clips that
/// match pay for it, as in scoring.
pub(crate) const JUMP: f64 = 3.0;

/// Evidence of one independent clip in nats, at most: no single clip decides.
const LIMIT: f64 = 3.0;

/// The quantile of a trainee's best similarities that says what matches: high
/// enough that who does half of the work wrong does not lower the bar.
const ALIKE_QUANTILE: f64 = 0.75;

/// The shift leaves at least this share of the gold's own contrast; at the
/// bound the videos do not show the same work.
const MIN_CONTRAST: f64 = 0.5;

/// Contrast and standard deviation of similarities are never taken to be less,
/// so that a gold without structure makes nothing certain.
const MIN_SPREAD: f64 = 0.05;

/// Quartiles of a normal distribution lie this many standard deviations apart.
const QUARTILES_APART: f64 = 1.349;

/// What is alike and what is not, within a gold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Levels {
    unlike: f64,
    alike: f64,
    spread: f64,
}

/// Log-likelihood ratios of every step and trainee clip, for the step against
/// other work, in nats. As many neighbours as share frames count as one.
#[derive(Debug)]
pub(crate) struct Likelihood {
    steps: usize,
    clips: usize,
    nats: Vec<f64>,
    /// Clips that resemble a part of the gold in which no step is done.
    pub(crate) idle: Vec<bool>,
    /// Whether the trainee is alike enough to be compared.
    pub(crate) comparable: bool,
}

impl Levels {
    /// `itself`: the gold aligned with itself.
    pub(crate) fn of_gold(itself: &Evidence, prepared: &PreparedGold) -> Self {
        let clips = itself.trainee_best.len();
        let lag = prepared.non_overlapping_lag as usize;
        let mut elsewhere = Vec::new();
        for (index, step) in prepared.steps.iter().enumerate() {
            let near =
                (step.clips.start as usize).saturating_sub(lag)..step.clips.end as usize + lag;
            let others = prepared.steps.iter().flat_map(|other| other.clips.clone());
            let others = others.filter(|clip| !near.contains(&(*clip as usize)));
            elsewhere.extend(
                others.map(|clip| f64::from(itself.step_similarity[index * clips + clip as usize])),
            );
        }
        let [_, lower, usual, upper, _] = itself.gold_self_similarity_quantiles.map(f64::from);
        let (mean, deviation) = moments(&elsewhere);
        // Centring pushes the gold's steps apart, below 0, but what belongs to
        // no step is unrelated to all of them, at about 0.
        let unlike = mean.max(0.0);
        Self {
            unlike,
            alike: usual.max(unlike + MIN_SPREAD),
            spread: deviation
                .max((upper - lower) / QUARTILES_APART)
                .max(MIN_SPREAD),
        }
    }
}

impl Likelihood {
    pub(crate) fn new(pair: &Pair<'_>, centring: Centring) -> Self {
        let (steps, clips) = (pair.gold.steps(), pair.trainee.clips.len());
        let levels = pair.gold.levels(centring);
        let similarity = |step, clip| f64::from(pair.similarity(centring, step, clip));
        let best = |clip| {
            (0..steps)
                .map(|step| similarity(step, clip))
                .fold(f64::NEG_INFINITY, f64::max)
        };
        let found = quantile((0..clips).map(best).collect(), ALIKE_QUANTILE);
        let contrast = (found - levels.unlike) / (levels.alike - levels.unlike);
        let alike =
            levels.unlike + contrast.clamp(MIN_CONTRAST, 1.0) * (levels.alike - levels.unlike);
        let slope = (alike - levels.unlike) / (levels.spread * levels.spread);
        let middle = 0.5 * (alike + levels.unlike);
        let lag = f64::from(pair.gold.prepared.non_overlapping_lag);
        let nats = |cell: usize| {
            let ratio = slope * (similarity(cell / clips, cell % clips) - middle);
            ratio.clamp(-LIMIT, LIMIT) / lag
        };
        Self {
            steps,
            clips,
            nats: (0..steps * clips).map(nats).collect(),
            idle: (0..clips)
                .map(|clip| is_idle(pair, centring, clip))
                .collect(),
            comparable: contrast >= MIN_CONTRAST,
        }
    }

    #[cfg(test)]
    pub(crate) fn of_values(clips: usize, nats: Vec<f64>) -> Self {
        Self {
            steps: nats.len() / clips,
            clips,
            nats,
            idle: vec![false; clips],
            comparable: true,
        }
    }

    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    pub(crate) fn clips(&self) -> usize {
        self.clips
    }

    pub(crate) fn of(&self, step: usize, clip: usize) -> f64 {
        self.nats[step * self.clips + clip]
    }

    /// For the step that explains the clip best.
    pub(crate) fn best(&self, clip: usize) -> f64 {
        (0..self.steps)
            .map(|step| self.of(step, clip))
            .fold(f64::NEG_INFINITY, f64::max)
    }
}

/// Whether the most similar clip of the gold lies in no step.
fn is_idle(pair: &Pair<'_>, centring: Centring, clip: usize) -> bool {
    // A soft maximum over n clips is at most τ·ln(n) below the maximum; what
    // exceeds that for every step lies in none.
    let most = |step: usize| {
        let clips = pair.gold.prepared.steps[step].clips.len() as f32;
        pair.similarity(centring, step, clip) + SOFT_MAXIMUM_TEMPERATURE * clips.ln()
    };
    let most_in_steps = (0..pair.gold.steps())
        .map(most)
        .fold(f32::NEG_INFINITY, f32::max);
    pair.aligned(centring).evidence.trainee_best[clip] > most_in_steps + 1e-4
}

/// Mean and standard deviation; 0 and 0 of nothing.
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / count;
    (mean, variance.sqrt())
}

/// Linear between the two nearest ranks; of at least one value.
pub(crate) fn quantile(mut values: Vec<f64>, q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = q * (values.len() - 1) as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(values.len() - 1);
    values[below] + (values[above] - values[below]) * (at - below as f64)
}
