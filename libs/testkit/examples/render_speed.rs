//! Prints how many frames a second one core renders at 640×360.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use sopilot_testkit::{Performance, Procedure, RenderOptions, render};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let performance = Performance::gold(&Procedure::demo(0));
    let start = Instant::now();
    let frames = render(&performance, RenderOptions::default())?;
    let count = frames.len();
    let bytes = frames.map(|frame| frame.len()).sum::<usize>();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{count} frames ({} MB) in {seconds:.2} s: {:.0} frames/s",
        bytes / 1_000_000,
        count as f64 / seconds
    );
    Ok(())
}
