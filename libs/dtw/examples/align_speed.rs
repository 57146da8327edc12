//! How long an alignment takes beside the matrix product alone.
//!
//! `cargo run --release -p sopilot-dtw --example align_speed [threads]`
#![allow(clippy::print_stdout, reason = "an example reports to the terminal")]

use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use sopilot_dtw::{
    DtwError, Engine, MatrixView, Options, Side, align, align_costs, align_with_evidence,
    self_similarity,
};

const CLIPS: usize = 2000;
const DIM: usize = 1024;
const REPEATS: usize = 7;

fn main() -> Result<(), DtwError> {
    let threads = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let noise = |rng: &mut rand_chacha::ChaCha8Rng| {
        (0..CLIPS * DIM)
            .map(|_| rng.random_range(-1.0..1.0))
            .collect::<Vec<f32>>()
    };
    let (gold, trainee) = (noise(&mut rng), noise(&mut rng));
    let gold = MatrixView::new(Side::Gold, CLIPS, DIM, &gold)?;
    let trainee = MatrixView::new(Side::Trainee, CLIPS, DIM, &trainee)?;
    let options = Options {
        threads,
        ..Options::default()
    };
    let steps: Vec<_> = (0..10).map(|step| step * 200..(step + 1) * 200).collect();

    // One square product of the same size, with the same preparation of one side.
    let product = median(|| self_similarity(&gold, &options).map(drop))?;
    let path = median(|| align(&gold, &trainee, &options).map(drop))?;
    let evidence = median(|| align_with_evidence(&gold, &trainee, &steps, &options).map(drop))?;
    let costs: Vec<f32> = (0..CLIPS * CLIPS)
        .map(|_| rng.random_range(0.0..2.0))
        .collect();
    let mut recurrences = Vec::new();
    for engine in Engine::available() {
        let options = Options { engine, ..options };
        let time = median(|| align_costs(CLIPS, CLIPS, &costs, &options).map(drop))?;
        recurrences.push((format!("recurrence, {}", engine.name()), time));
    }
    println!(
        "{CLIPS} × {CLIPS} × {DIM}, {threads} threads, engine {}, medians of {REPEATS}:",
        sopilot_dtw::engine_name()
    );
    report("matrix product alone", product);
    report("alignment", path);
    report("alignment with evidence of 10 steps", evidence);
    for (name, time) in &recurrences {
        report(name, *time);
    }
    report("alignment beyond the product", path.saturating_sub(product));
    Ok(())
}

fn median(mut run: impl FnMut() -> Result<(), DtwError>) -> Result<Duration, DtwError> {
    let mut times = Vec::new();
    for _ in 0..REPEATS {
        let start = Instant::now();
        run()?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times[REPEATS / 2])
}

fn report(what: &str, time: Duration) {
    let per_cell = time.as_secs_f64() * 1e9 / (CLIPS * CLIPS) as f64;
    println!(
        "{what:>40}: {:8.1} ms {per_cell:8.2} ns/cell",
        time.as_secs_f64() * 1e3
    );
}
