//! The most similar step of every clip, smoothed.

use sopilot_judge::Prediction;

use crate::decoded::Decoded;
use crate::edit::compare;
use crate::pair::{Centring, Pair};
use crate::{BaselineError, Method};

/// The most similar step of every clip, a median filter over them, and the edit
/// comparison. Every clip is some step's, so other work cannot be seen.
#[derive(Debug, Clone, Copy)]
pub struct Argmax;

impl Method for Argmax {
    fn name(&self) -> &'static str {
        "argmax"
    }

    fn about(&self) -> &'static str {
        "Most similar step of every clip, median filter, edit comparison."
    }

    fn predict(&self, pair: &Pair<'_>) -> Result<Prediction, BaselineError> {
        let steps = pair.gold.steps();
        let most_similar = |clip: usize| {
            let similarity = |step: usize| pair.similarity(Centring::OnEach, step, clip);
            (0..steps)
                .max_by(|&a, &b| similarity(a).total_cmp(&similarity(b)))
                .unwrap_or(0)
        };
        let labels: Vec<usize> = (0..pair.trainee.clips.len()).map(most_similar).collect();
        let shortest_s = (0..steps)
            .map(|step| pair.gold.duration_s(step))
            .fold(f64::INFINITY, f64::min);
        // A window as long as the shortest step: what is shorter than half of
        // it is no step.
        let reach = (0.5 * shortest_s / pair.trainee.stride_s()) as usize;
        let labels: Vec<Option<usize>> = median_filter(&labels, reach)
            .into_iter()
            .map(Some)
            .collect();
        let decoded = Decoded::of_labels(&labels, |_| false, |_, _| 1.0);
        Ok(compare(pair, &decoded, None))
    }
}

/// The median of each value and `reach` neighbours on either side, fewer at the
/// ends, so that there are always as many on both sides.
fn median_filter(values: &[usize], reach: usize) -> Vec<usize> {
    (0..values.len())
        .map(|at| {
            let reach = reach.min(at).min(values.len() - 1 - at);
            let mut window = values[at - reach..=at + reach].to_vec();
            window.sort_unstable();
            window[reach]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_filter_drops_what_is_short_and_keeps_edges() {
        assert_eq!(
            median_filter(&[0, 0, 5, 0, 0, 1, 1, 1], 1),
            [0, 0, 0, 0, 0, 1, 1, 1]
        );
        assert_eq!(median_filter(&[2, 2, 2, 0, 0, 0], 2), [2, 2, 2, 0, 0, 0]);
        assert_eq!(median_filter(&[3, 1, 2], 0), [3, 1, 2]);
        assert_eq!(median_filter(&[], 3), []);
    }
}
