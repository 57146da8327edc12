//! Methods that look at the videos as wholes: they say that something is wrong,
//! but not what.

use sopilot_judge::Prediction;

use crate::pair::{Centring, Pair};
use crate::{BaselineError, Method};

/// How different the lengths of the videos are. What it finds needs no
/// embeddings.
#[derive(Debug, Clone, Copy)]
pub struct LengthOnly;

/// How different the mean embeddings are. Not centred: the mean of a centred
/// gold is 0.
#[derive(Debug, Clone, Copy)]
pub struct PooledCosine;

/// The mean cost along the warping path.
#[derive(Debug, Clone, Copy)]
pub struct DtwCost;

impl Method for LengthOnly {
    fn name(&self) -> &'static str {
        "length"
    }

    fn about(&self) -> &'static str {
        "Logarithm of the ratio of the videos' lengths, without its sign."
    }

    fn predict(&self, pair: &Pair<'_>) -> Result<Prediction, BaselineError> {
        let (gold, trainee) = (pair.gold.recording.seconds(), pair.trainee.seconds());
        Ok(suspicion((trainee / gold).ln().abs()))
    }
}

impl Method for PooledCosine {
    fn name(&self) -> &'static str {
        "pooled-cosine"
    }

    fn about(&self) -> &'static str {
        "One minus the cosine of the videos' mean embeddings, not centred."
    }

    fn predict(&self, pair: &Pair<'_>) -> Result<Prediction, BaselineError> {
        let gold = pooled(&pair.gold.recording.rows, pair.trainee.dim);
        let trainee = pooled(&pair.trainee.rows, pair.trainee.dim);
        let lengths = (dot(&gold, &gold) * dot(&trainee, &trainee)).sqrt();
        let cosine = dot(&gold, &trainee) / lengths.max(f64::MIN_POSITIVE);
        Ok(suspicion(1.0 - cosine))
    }
}

impl Method for DtwCost {
    fn name(&self) -> &'static str {
        "dtw-cost"
    }

    fn about(&self) -> &'static str {
        "Mean cosine cost along the dynamic time warping path."
    }

    fn predict(&self, pair: &Pair<'_>) -> Result<Prediction, BaselineError> {
        let alignment = &pair.aligned(Centring::OnEach).alignment;
        Ok(suspicion(alignment.total / alignment.path.len() as f64))
    }
}

fn suspicion(suspicion: f64) -> Prediction {
    Prediction {
        suspicion,
        ..Prediction::default()
    }
}

/// Sum of the rows, each of unit length.
fn pooled(rows: &[f32], dim: usize) -> Vec<f64> {
    let mut sum = vec![0.0; dim];
    for row in rows.chunks_exact(dim) {
        let row: Vec<f64> = row.iter().map(|&value| f64::from(value)).collect();
        let length = dot(&row, &row).sqrt();
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += value / length;
        }
    }
    sum
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
