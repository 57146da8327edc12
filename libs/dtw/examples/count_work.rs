//! A fixed amount of work, for counting instructions (`scripts/count-instructions`).
//!
//! `count_work NAME`; `nothing` makes the inputs and ends.

use std::error::Error;
use std::hint::black_box;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sopilot_dtw::{
    Centring, Engine, MatrixView, Options, Pruning, Side, align, align_costs, align_with_evidence,
};

const CLIPS: usize = 512;
const DIM: usize = 512;

fn main() -> Result<(), Box<dyn Error>> {
    let work = std::env::args().nth(1).unwrap_or_default();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let costs: Vec<f32> = (0..CLIPS * CLIPS)
        .map(|_| rng.random_range(0.0..2.0))
        .collect();
    let (gold, trainee) = (slow(&mut rng, 1.0), slow(&mut rng, 0.9));
    let gold = MatrixView::new(Side::Gold, CLIPS, DIM, &gold)?;
    let trainee = MatrixView::new(Side::Trainee, CLIPS, DIM, &trainee)?;
    let whole = Options {
        pruning: Pruning::Off,
        ..Options::default()
    };
    let portable = Options {
        engine: Engine::Portable,
        ..whole
    };
    let centred = Options {
        centring: Centring::OnEach,
        ..whole
    };
    let steps: Vec<_> = (0..8).map(|step| step * 64..(step + 1) * 64).collect();
    match work.as_str() {
        "nothing" => {}
        "recurrence" => drop(black_box(align_costs(CLIPS, CLIPS, &costs, &whole)?)),
        "recurrence-portable" => drop(black_box(align_costs(CLIPS, CLIPS, &costs, &portable)?)),
        "align" => drop(black_box(align(&gold, &trainee, &whole)?)),
        "align-pruned" => drop(black_box(align(&gold, &trainee, &Options::default())?)),
        "evidence" => drop(black_box(align_with_evidence(
            &gold, &trainee, &steps, &centred,
        )?)),
        _ => return Err(format!("there is no work called {work:?}").into()),
    }
    Ok(())
}

/// A few things that change slowly at once.
fn slow(rng: &mut ChaCha8Rng, tempo: f32) -> Vec<f32> {
    let patterns: Vec<f32> = (0..8 * DIM)
        .map(|place| ((place * 7919 % 1009) as f32 / 504.5) - 1.0)
        .collect();
    let mut rows = Vec::with_capacity(CLIPS * DIM);
    for clip in 0..CLIPS {
        let time = clip as f32 * tempo;
        for d in 0..DIM {
            let shown: f32 = (0..8)
                .map(|p| patterns[p * DIM + d] * (time / (20.0 + 5.0 * p as f32)).sin())
                .sum();
            rows.push(shown + 0.02 * rng.random_range(-1.0..1.0));
        }
    }
    rows
}
