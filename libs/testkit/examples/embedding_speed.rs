//! Prints how many pairs of gold and trainee one core makes a second, as
//! embeddings.
//!
//! `cargo run --release -p sopilot-testkit --example embedding_speed`
#![allow(clippy::print_stdout, reason = "an example reports to the terminal")]

use std::time::Instant;

use sopilot_testkit::{Geometry, Performance, Procedure, simulate};

const PAIRS: u64 = 500;

fn main() {
    let geometry = Geometry::default();
    let start = Instant::now();
    let mut clips = 0;
    for seed in 0..PAIRS {
        let procedure = Procedure::demo(seed);
        let gold = simulate(&Performance::gold(&procedure), &geometry);
        let trainee = simulate(&Performance::new(&procedure, seed + 1), &geometry);
        clips += gold.clips.len() + trainee.clips.len();
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{PAIRS} pairs ({clips} clips of {} values) in {seconds:.2} s: {:.0} pairs/s",
        geometry.dim,
        PAIRS as f64 / seconds
    );
}
