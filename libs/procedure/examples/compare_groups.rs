//! Two groups of trainees, and two performances of one of them.
//!
//!     cargo run -p sopilot-procedure --example compare_groups
//!
//! The numbers would come from reports: `score`, and per step the sum of
//! `points_lost` (or, in Rust, from `points_lost_per_step`).

use sopilot_procedure::research::{compare_groups, compare_paired};

/// So that the same numbers give the same p.
const SEED: u64 = 1;

// An example prints.
#[allow(clippy::print_stdout)]
fn main() {
    let with_video = [92.5, 88.0, 95.0, 79.5, 90.0, 97.5, 85.0, 91.0];
    let with_text = [81.0, 76.5, 90.0, 84.0, 69.0, 88.5, 80.0];
    if let Some(found) = compare_groups(&with_video, &with_text, SEED) {
        println!("Taught by video against taught by text");
        println!("  mean score         {:+.1} points", found.mean_difference);
        println!("  shift              {:+.1} points", found.shift);
        println!("  Cliff's delta      {:+.2}", found.cliffs_delta);
        println!("  p                  {:.4}", found.p_value);
    }

    let first_try = [0.0, 12.5, 6.25, 0.0, 12.5, 3.1, 2.5, 2.5];
    let second_try = [0.0, 2.5, 0.0, 0.0, 6.25, 2.5, 0.0, 2.5];
    let gained: Vec<f64> = first_try
        .iter()
        .zip(second_try)
        .map(|(first, second)| first - second)
        .collect();
    if let Some(found) = compare_paired(&gained, SEED) {
        println!("Second try against the first, step by step");
        println!("  points per step    {:+.2}", found.mean_difference);
        println!("  shift              {:+.2}", found.shift);
        println!("  p                  {:.4}", found.p_value);
    }
}
