//! Pairs in which there is nothing to be found.

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::BaselineError;
use crate::pair::{Gold, Pair, Recording};

/// The pair's gold with its clips in random order: every clip is still there,
/// and every step where it was, but what the steps show is noise. A method that
/// finds mistakes against it finds something else, such as the video's length.
pub fn shuffled_gold(pair: &Pair<'_>, seed: u64) -> Result<Gold, BaselineError> {
    let gold = &pair.gold.recording;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..gold.clips.len()).collect();
    for last in (1..order.len()).rev() {
        order.swap(last, rng.random_range(0..=last));
    }
    let rows = order
        .iter()
        .flat_map(|&clip| &gold.rows[clip * gold.dim..(clip + 1) * gold.dim])
        .copied()
        .collect();
    Gold::new(
        pair.gold.procedure.clone(),
        Recording {
            rows,
            dim: gold.dim,
            clips: gold.clips.clone(),
        },
    )
}
