//! A left-to-right hidden Markov model.

use sopilot_judge::Prediction;

use crate::decoded::Decoded;
use crate::edit::compare;
use crate::likelihood::{JUMP, Likelihood};
use crate::pair::{Centring, Pair};
use crate::{BaselineError, Method};

/// Viterbi over the steps in the gold's order: stay, go on, or skip forward at
/// a cost; never back (Rabiner 1989, the Bakis model). There is no state for
/// other work.
#[derive(Debug, Clone, Copy)]
pub struct LeftToRight;

impl Method for LeftToRight {
    fn name(&self) -> &'static str {
        "left-to-right-hmm"
    }

    fn about(&self) -> &'static str {
        "Viterbi through the steps in order; may skip, never goes back."
    }

    fn predict(&self, pair: &Pair<'_>) -> Result<Prediction, BaselineError> {
        let likelihood = Likelihood::new(pair, Centring::OnEach);
        let labels: Vec<Option<usize>> = best_states(&likelihood).into_iter().map(Some).collect();
        let decoded =
            Decoded::of_labels(&labels, |_| false, |step, clip| likelihood.of(step, clip));
        Ok(compare(pair, &decoded, Some(&likelihood)))
    }
}

fn best_states(likelihood: &Likelihood) -> Vec<usize> {
    let (steps, clips) = (likelihood.steps(), likelihood.clips());
    // Where steps are left out, at the start, between or at the end, once a jump.
    let jump = |left_out: bool| if left_out { JUMP } else { 0.0 };
    let mut score: Vec<f64> = (0..steps)
        .map(|step| likelihood.of(step, 0) - jump(step > 0))
        .collect();
    let mut from = vec![0; steps * clips];
    for clip in 1..clips {
        let mut next = vec![f64::NEG_INFINITY; steps];
        // The best state that is left by a skip to this step or a later one.
        let mut skipped_from = None;
        for step in 0..steps {
            let mut best = step;
            let mut value = score[step];
            if step > 0 && score[step - 1] > value {
                (best, value) = (step - 1, score[step - 1]);
            }
            if let Some(skipped) = skipped_from
                && score[skipped] - JUMP > value
            {
                (best, value) = (skipped, score[skipped] - JUMP);
            }
            if step > 0
                && skipped_from.is_none_or(|skipped: usize| score[step - 1] > score[skipped])
            {
                skipped_from = Some(step - 1);
            }
            next[step] = value + likelihood.of(step, clip);
            from[clip * steps + step] = best;
        }
        score = next;
    }
    for (step, score) in score.iter_mut().enumerate() {
        *score -= jump(step + 1 < steps);
    }
    let mut state = (0..steps)
        .max_by(|&a, &b| score[a].total_cmp(&score[b]))
        .unwrap_or(0);
    let mut states = vec![0; clips];
    for clip in (0..clips).rev() {
        states[clip] = state;
        state = from[clip * steps + state];
    }
    states
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(likelihood: &Likelihood, states: &[usize]) -> f64 {
        let emission: f64 = states
            .iter()
            .enumerate()
            .map(|(clip, &step)| likelihood.of(step, clip))
            .sum();
        let skips = states
            .windows(2)
            .filter(|pair| pair[1] > pair[0] + 1)
            .count();
        let ends = usize::from(states[0] > 0)
            + usize::from(states[states.len() - 1] + 1 < likelihood.steps());
        emission - JUMP * (skips + ends) as f64
    }

    proptest! {
        #[test]
        fn no_path_that_never_goes_back_is_better(
            nats in proptest::collection::vec(-4.0..4.0_f64, 4 * 5),
        ) {
            let likelihood = Likelihood::of_values(5, nats);
            let best = (0..4_usize.pow(5))
                .map(|code| (0..5).map(|clip| code / 4_usize.pow(clip) % 4).collect::<Vec<_>>())
                .filter(|states| states.is_sorted())
                .map(|states| value(&likelihood, &states))
                .fold(f64::NEG_INFINITY, f64::max);
            let found = best_states(&likelihood);
            prop_assert!(found.is_sorted());
            prop_assert!((value(&likelihood, &found) - best).abs() < 1e-9);
        }
    }
}
