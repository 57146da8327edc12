//! The rules of the earlier system.

use std::ops::Range;

use sopilot_judge::{DeviationKind, Prediction, Reported, TimeRange};

use crate::likelihood::quantile;
use crate::pair::{Centring, Pair};
use crate::{BaselineError, Method};

/// Clips less similar than this are unlike, …
const LOW_SIMILARITY: f64 = 0.75;
/// … as are clips this far below the median of the gold clips' best
/// similarities.
const ADAPTIVE_MARGIN: f64 = 0.01;
/// Clips by which the later step must be ahead of the earlier one to be a swap.
const SWAP_MARGIN: f64 = 1.0;

/// What a missing step, a swap, deviating clips, time, and warp cost.
const WEIGHTS: Weights = Weights {
    miss: 12.0,
    swap: 8.0,
    deviation: 30.0,
    time: 15.0,
    warp: 12.0,
};
const DUPLICATE_SCALE: f64 = 1.2;
const ORDER_SCALE: f64 = 2.0;
const CONFIDENCE_SCALE: f64 = 10.0;
const GAP_SCALE: f64 = 20.0;
const STRETCH_SCALE: f64 = 1.2;

/// The rules of the Python project SOPilot, with its defaults and without its
/// neural parts: cosine without centring, one monotone warping path, and per
/// gold step
///
/// - missing, if no cell of its path reaches the threshold, which is the larger
///   of 0.75 and the median of the gold clips' best similarities less 0.01;
/// - out of order, if the median of its path lies more than a clip before that
///   of the step before. On a monotone path it never does;
/// - wrong execution, for every run of neighbouring cells below the threshold.
///
/// Time and structure (duplicates, drift, stretch) cost points, but are never
/// reported as deviations. Two things differ: the gold's steps are those of all
/// methods instead of jumps in its embeddings, and clips between steps belong to the
/// step before.
#[derive(Debug, Clone, Copy)]
pub struct EarlierRules;

struct Weights {
    miss: f64,
    swap: f64,
    deviation: f64,
    time: f64,
    warp: f64,
}

/// One cell of the path: gold clip, trainee clip, similarity.
type Cell = (usize, usize, f64);

impl Method for EarlierRules {
    fn name(&self) -> &'static str {
        "earlier-rules"
    }

    fn about(&self) -> &'static str {
        "Thresholds on a monotone warping path, not centred."
    }

    fn predict(&self, pair: &Pair<'_>) -> Result<Prediction, BaselineError> {
        let alignment = &pair.aligned(Centring::None).alignment;
        let path: Vec<Cell> = alignment
            .path
            .iter()
            .zip(&alignment.path_costs)
            .map(|(&(gold, trainee), &cost)| {
                (gold as usize, trainee as usize, 1.0 - f64::from(cost))
            })
            .collect();
        let structure = Structure::new(pair);
        let threshold = LOW_SIMILARITY.max(structure.median_best - ADAPTIVE_MARGIN);
        let rules = Rules {
            pair,
            path: &path,
            threshold,
        };
        let (missing, swapped, wrong) = (rules.missing(), rules.swapped(), rules.wrong());
        let low = path.iter().filter(|cell| cell.2 < threshold).count();
        let cost = WEIGHTS.miss * missing.len() as f64
            + WEIGHTS.swap * swapped.len() as f64
            + WEIGHTS.deviation * low as f64 / path.len() as f64
            + temporal_cost(pair, &path)
            + structure.cost();
        Ok(Prediction {
            suspicion: cost.min(100.0),
            deviations: Some([missing, swapped, wrong].concat()),
            steps: None,
            not_comparable: false,
        })
    }
}

struct Rules<'a> {
    pair: &'a Pair<'a>,
    path: &'a [Cell],
    threshold: f64,
}

impl Rules<'_> {
    fn steps(&self) -> Range<usize> {
        0..self.pair.gold.steps()
    }

    /// The step of a gold clip; between steps, the one before.
    fn step_of(&self, gold: usize) -> usize {
        let steps = &self.pair.gold.prepared.steps;
        let begun = steps.partition_point(|step| step.clips.start as usize <= gold);
        begun.saturating_sub(1)
    }

    /// The path through one step; every gold clip is on it.
    fn cells(&self, step: usize) -> impl Iterator<Item = &Cell> {
        self.path
            .iter()
            .filter(move |cell| self.step_of(cell.0) == step)
    }

    fn missing(&self) -> Vec<Reported> {
        let most = |step| self.cells(step).map(|cell| cell.2).fold(-1.0, f64::max);
        self.steps()
            .map(|step| (step, most(step)))
            .filter(|(_, most)| *most < self.threshold)
            .map(|(step, most)| {
                let cells: Vec<&Cell> = self.cells(step).collect();
                self.report(DeviationKind::MissingStep, step, &cells, 1.0 - most)
            })
            .collect()
    }

    fn swapped(&self) -> Vec<Reported> {
        let place = |step| {
            let places: Vec<f64> = self.cells(step).map(|cell| cell.1 as f64).collect();
            quantile(places, 0.5)
        };
        let places: Vec<f64> = self.steps().map(place).collect();
        self.steps()
            .skip(1)
            .filter(|&step| places[step] + SWAP_MARGIN < places[step - 1])
            .map(|step| {
                let (before, here) = (places[step - 1], places[step]);
                let confidence = ((before - here) / before.max(1.0)).min(1.0);
                Reported {
                    trainee_time: None,
                    ..self.report(DeviationKind::OutOfOrder, step, &[], confidence)
                }
            })
            .collect()
    }

    fn wrong(&self) -> Vec<Reported> {
        let low: Vec<&Cell> = self
            .path
            .iter()
            .filter(|cell| cell.2 < self.threshold)
            .collect();
        let neighbours = |a: &&Cell, b: &&Cell| b.0 - a.0 <= 1 && b.1 - a.1 <= 1;
        low.chunk_by(neighbours)
            .map(|run| {
                let mean = run.iter().map(|cell| cell.2).sum::<f64>() / run.len() as f64;
                let step = self.step_of(run[0].0);
                self.report(DeviationKind::WrongExecution, step, run, 1.0 - mean)
            })
            .collect()
    }

    fn report(
        &self,
        kind: DeviationKind,
        step: usize,
        cells: &[&Cell],
        confidence: f64,
    ) -> Reported {
        let gold = &self.pair.gold.prepared.steps[step];
        let clips = &self.pair.trainee.clips;
        Reported {
            kind,
            gold_step: Some(step),
            gold_time: Some(TimeRange {
                start_s: gold.time.start_s,
                end_s: gold.time.end_s,
            }),
            trainee_time: cells
                .first()
                .zip(cells.last())
                .map(|(first, last)| TimeRange {
                    start_s: clips[first.1].start_s,
                    end_s: clips[last.1].end_s,
                }),
            confidence: Some(confidence.clamp(0.0, 1.0)),
            is_shown: true,
        }
    }
}

/// What too many clips, a path off the diagonal, and a path longer than both
/// videos cost.
fn temporal_cost(pair: &Pair<'_>, path: &[Cell]) -> f64 {
    let gold = pair.gold.recording.clips.len();
    let trainee = pair.trainee.clips.len();
    let over_time = (trainee as f64 - gold as f64).max(0.0) / gold as f64;
    let longer = gold.max(trainee) as f64;
    let stretch = (path.len() as f64 - longer).max(0.0) / longer;
    let place = |clip: usize, clips: usize| clip as f64 / (clips as f64 - 1.0).max(1.0);
    let warp = path
        .iter()
        .map(|cell| (place(cell.0, gold) - place(cell.1, trainee)).abs())
        .sum::<f64>()
        / path.len() as f64;
    WEIGHTS.time * (over_time + STRETCH_SCALE * stretch) + WEIGHTS.warp * warp
}

/// How the best matches of the gold's clips lie in the trainee's video, without
/// regard to the path.
struct Structure {
    duplicates: f64,
    order_violations: f64,
    drift: f64,
    mean_best: f64,
    median_best: f64,
    least_best: f64,
}

impl Structure {
    fn new(pair: &Pair<'_>) -> Self {
        let best = best_matches(pair);
        let (gold, trainee) = (best.len() as f64, pair.trainee.clips.len() as f64);
        let similarities: Vec<f64> = best.iter().map(|found| found.1).collect();
        let mut different: Vec<usize> = best.iter().map(|found| found.0).collect();
        different.sort_unstable();
        different.dedup();
        let backwards = best.windows(2).filter(|pair| pair[1].0 < pair[0].0).count();
        let last = (trainee - 1.0).max(0.0);
        let off = |(index, found): (usize, &(usize, f64))| {
            (found.0 as f64 - index as f64 * last / (gold - 1.0).max(1.0)).abs()
        };
        Self {
            duplicates: 1.0 - different.len() as f64 / gold,
            order_violations: backwards as f64 / (gold - 1.0).max(1.0),
            drift: best.iter().enumerate().map(off).sum::<f64>() / gold / last.max(1.0),
            mean_best: similarities.iter().sum::<f64>() / gold,
            least_best: similarities.iter().copied().fold(f64::INFINITY, f64::min),
            median_best: quantile(similarities, 0.5),
        }
    }

    fn cost(&self) -> f64 {
        let loss = (1.0 - self.mean_best).max(0.0);
        let gap = self.median_best - self.least_best;
        WEIGHTS.miss * DUPLICATE_SCALE * self.duplicates
            + WEIGHTS.swap * ORDER_SCALE * self.order_violations
            + WEIGHTS.time * self.drift
            + WEIGHTS.deviation * (CONFIDENCE_SCALE * loss + GAP_SCALE * gap)
    }
}

/// Of every gold clip, the most similar trainee clip and how similar it is.
fn best_matches(pair: &Pair<'_>) -> Vec<(usize, f64)> {
    let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let (gold, trainee) = (&pair.gold.recording, pair.trainee);
    let lengths: Vec<f32> = trainee
        .rows
        .chunks_exact(trainee.dim)
        .map(|row| dot(row, row).sqrt())
        .collect();
    let best_of = |row: &[f32]| {
        let cosine = |(other, length): (&[f32], &f32)| dot(row, other) / length;
        let similarities = trainee
            .rows
            .chunks_exact(trainee.dim)
            .zip(&lengths)
            .map(cosine);
        let best = similarities
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or((0, 0.0));
        (best.0, f64::from(best.1 / dot(row, row).sqrt()))
    };
    gold.rows.chunks_exact(gold.dim).map(best_of).collect()
}
