//! A long alignment, and the memory it takes.
//!
//! `cargo run --release -p sopilot-dtw --example align_large [CLIPS [MEBIBYTES]]`: CLIPS a side, of
//! 1024 dimensions, unrelated; directions of the path in at most so many MiB.
#![allow(clippy::print_stdout, reason = "an example reports to the terminal")]

use std::error::Error;
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sopilot_dtw::{MatrixView, Options, Side, align, engine_name};

const DIM: usize = 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let clips: usize = arguments.next().as_deref().unwrap_or("20000").parse()?;
    let path_bytes = match arguments.next() {
        Some(mebibytes) => mebibytes.parse::<usize>()? << 20,
        None => Options::default().path_bytes,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut rows = || -> Vec<f32> {
        (0..clips * DIM)
            .map(|_| rng.random_range(-1.0..1.0))
            .collect()
    };
    let (gold, trainee) = (rows(), rows());
    let before = peak_mebibytes();
    let gold = MatrixView::new(Side::Gold, clips, DIM, &gold)?;
    let trainee = MatrixView::new(Side::Trainee, clips, DIM, &trainee)?;
    let options = Options {
        threads: 0,
        path_bytes,
        ..Options::default()
    };
    let start = Instant::now();
    let found = align(&gold, &trainee, &options)?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{clips} × {clips} clips of {DIM} dimensions, engine {}, all cores: {seconds:.1} s, {:.1} ns a cell; path of {} cells, total {:.3}",
        engine_name(),
        1e9 * seconds / (clips as f64).powi(2),
        found.path.len(),
        found.total
    );
    if let (Some(before), Some(after)) = (before, peak_mebibytes()) {
        println!(
            "peak memory {after} MiB, of which {before} MiB are the inputs and the program; directions in at most {} MiB",
            path_bytes >> 20
        );
    }
    Ok(())
}

/// The most memory that this process had so far, where the system says so.
fn peak_mebibytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? >> 10)
}
