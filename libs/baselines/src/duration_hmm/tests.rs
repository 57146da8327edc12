use proptest::prelude::*;
use sopilot_procedure::Order;

use super::*;

const STEPS: usize = 3;
const CLIPS: usize = 6;

fn model(likelihood: &Likelihood, shared_background: bool, no_duration: bool) -> Model<'_> {
    Model {
        likelihood,
        order: StepOrder::new(&Order::Sequential, STEPS),
        expected: vec![2.0; STEPS],
        shared_background,
        no_duration,
    }
}

/// All ways to cut the clips from `start` on into segments; `None` is
/// background, never twice in a row.
fn segmentations(start: usize, after_background: bool) -> Vec<Vec<(Option<usize>, Range<usize>)>> {
    if start == CLIPS {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for end in start + 1..=CLIPS {
        let what = (0..STEPS)
            .map(Some)
            .chain((!after_background).then_some(None));
        for what in what {
            for mut rest in segmentations(end, what.is_none()) {
                rest.insert(0, (what, start..end));
                all.push(rest);
            }
        }
    }
    all
}

fn value(model: &Model<'_>, segments: &[(Option<usize>, Range<usize>)]) -> f64 {
    let (mut value, mut last, mut forgotten) = (0.0, None, false);
    for (what, clips) in segments {
        let Some(step) = *what else {
            value -= PAUSE;
            forgotten = model.shared_background;
            continue;
        };
        value -= match last {
            _ if forgotten => 0.0,
            None => model.first_cost(step),
            Some(before) => model.entering_cost(before, step),
        };
        value -= model.duration_cost(step, clips.len());
        value += clips
            .clone()
            .map(|clip| model.likelihood.of(step, clip))
            .sum::<f64>();
        (last, forgotten) = (Some(step), false);
    }
    value
        - match last {
            _ if forgotten => 0.0,
            None => model.end_cost(model.before_any()),
            Some(step) => model.end_cost(step),
        }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn no_segmentation_is_better(
        nats in proptest::collection::vec(-3.0..3.0_f64, STEPS * CLIPS),
        shared in any::<bool>(),
        no_duration in any::<bool>(),
    ) {
        let likelihood = Likelihood::of_values(CLIPS, nats);
        let model = model(&likelihood, shared, no_duration);
        let best = segmentations(0, false)
            .iter()
            .map(|segments| value(&model, segments))
            .fold(f64::NEG_INFINITY, f64::max);
        let mut found: Vec<(Option<usize>, Range<usize>)> = Vec::new();
        let mut end = 0;
        for (step, clips) in model.best_segments() {
            if clips.start > end {
                found.push((None, end..clips.start));
            }
            end = clips.end;
            found.push((Some(step), clips));
        }
        if end < CLIPS {
            found.push((None, end..CLIPS));
        }
        prop_assert!((value(&model, &found) - best).abs() < 1e-9, "{:?}", found);
    }
}
