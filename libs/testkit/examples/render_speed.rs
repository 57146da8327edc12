//! Prints how many frames a second one core renders at 640×360 in each style
//! when everything differs strongly from the gold, beside what is asked for.
//!
//! `cargo run --release -p sopilot-testkit --example render_speed`
#![allow(clippy::print_stdout, reason = "an example reports to the terminal")]

use std::time::Instant;

use sopilot_testkit::{Change, Conditions, Performance, Procedure, RenderOptions, Style, render};

/// Frames a second of one core that a data set of hundreds of videos needs.
const BAR: f64 = 60.0;
/// Procedures that are rendered per style.
const PROCEDURES: u64 = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for style in Style::ALL {
        let start = Instant::now();
        let (mut count, mut bytes) = (0, 0);
        for seed in 0..PROCEDURES {
            let procedure = Procedure::generate(style, seed);
            let performance =
                Performance::new(&procedure, seed + 1).under(Conditions::all(Change::Strong));
            let frames = render(&performance, RenderOptions::default())?;
            count += frames.len();
            bytes += frames.map(|frame| frame.len()).sum::<usize>();
        }
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{}: {count} frames ({} MB) in {seconds:.2} s: {:.0} frames/s (asked for: {BAR})",
            style.name(),
            bytes / 1_000_000,
            count as f64 / seconds
        );
    }
    Ok(())
}
