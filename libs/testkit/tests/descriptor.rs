//! The descriptor tells the steps of rendered procedures apart.

use sopilot_embed::{ClipFrames, Descriptor, Embedder, Sampling};
use sopilot_judge::Segment;
use sopilot_testkit::{Performance, Procedure, RenderOptions, Style, render};

/// Embeddings of one video's clips, each with the step it shows, if it shows one.
struct Embedded {
    dim: usize,
    rows: Vec<f32>,
    steps: Vec<Option<usize>>,
}

/// Mean of the `factor` × `factor` pixels that each pixel of the result covers.
fn box_filtered(rgb: &[u8], width: usize, factor: usize) -> Vec<u8> {
    let (columns, rows) = (width / factor, rgb.len() / (3 * width) / factor);
    let mut out = Vec::with_capacity(columns * rows * 3);
    for y in 0..rows {
        for x in 0..columns {
            for channel in 0..3 {
                let sum = (0..factor * factor)
                    .map(|i| (y * factor + i / factor, x * factor + i % factor))
                    .map(|(row, column)| usize::from(rgb[(row * width + column) * 3 + channel]))
                    .sum::<usize>();
                out.push((sum / (factor * factor)) as u8);
            }
        }
    }
    out
}

fn embed(performance: &Performance) -> Embedded {
    const FACTOR: usize = 2;
    let descriptor = Descriptor::new();
    let sampling = descriptor.sampling();
    let options = RenderOptions {
        width: sampling.frame_width * FACTOR,
        height: sampling.frame_height * FACTOR,
        fps: sampling.sample_rate_hz as u32,
    };
    let frames = render(performance, options)
        .expect("the sides are even")
        .map(|frame| box_filtered(&frame, options.width, FACTOR))
        .collect::<Vec<_>>();
    let clips = frames
        .windows(sampling.frames_per_clip)
        .step_by(sampling.stride_frames)
        .map(<[Vec<u8>]>::concat)
        .collect::<Vec<_>>();
    let views = clips
        .iter()
        .map(|rgb| {
            let (height, width) = (sampling.frame_height, sampling.frame_width);
            ClipFrames::new(sampling.frames_per_clip, height, width, rgb).expect("a whole clip")
        })
        .collect::<Vec<_>>();
    let truth = performance.truth();
    Embedded {
        dim: descriptor.info().dim,
        rows: descriptor.embed(&views).expect("clips as asked for"),
        steps: (0..clips.len())
            .map(|clip| step_shown(&truth.steps_done, clip, sampling))
            .collect(),
    }
}

/// The step that a clip lies wholly within.
fn step_shown(steps: &[Segment], clip: usize, sampling: Sampling) -> Option<usize> {
    let start = clip as f64 * sampling.hop_seconds();
    let end = start + sampling.clip_seconds();
    let within = |step: &&Segment| step.start_s <= start && end <= step.end_s;
    steps.iter().find(within).map(|step| step.step)
}

impl Embedded {
    /// Subtracts `mean` from every row and makes it unit again.
    fn centred(mut self, mean: &[f32]) -> Self {
        for row in self.rows.chunks_exact_mut(self.dim) {
            for (value, mean) in row.iter_mut().zip(mean) {
                *value -= mean;
            }
            let norm = row.iter().map(|v| v * v).sum::<f32>().sqrt();
            for value in row {
                *value /= norm;
            }
        }
        self
    }

    fn mean(&self) -> Vec<f32> {
        let mut mean = vec![0.0; self.dim];
        for row in self.rows.chunks_exact(self.dim) {
            for (sum, value) in mean.iter_mut().zip(row) {
                *sum += value / self.steps.len() as f32;
            }
        }
        mean
    }

    fn clips(&self) -> impl Iterator<Item = (usize, &[f32])> {
        let rows = self.rows.chunks_exact(self.dim);
        let steps = self.steps.iter().copied();
        steps.zip(rows).filter_map(|(step, row)| Some((step?, row)))
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Mean similarity of clips of the same step and of different steps, and how
/// many trainee clips are most like a gold clip of their own step.
fn compare(gold: &Embedded, trainee: &Embedded) -> (f32, f32, f32) {
    let (mut same, mut other) = ((0.0, 0.0), (0.0, 0.0));
    let (mut right, mut clips) = (0.0, 0.0);
    for (step, row) in trainee.clips() {
        let mut nearest = (f32::MIN, step);
        for (gold_step, gold_row) in gold.clips() {
            let similarity = cosine(row, gold_row);
            let sums = if step == gold_step {
                &mut same
            } else {
                &mut other
            };
            *sums = (sums.0 + similarity, sums.1 + 1.0);
            if similarity > nearest.0 {
                nearest = (similarity, gold_step);
            }
        }
        right += f32::from(u8::from(nearest.1 == step));
        clips += 1.0;
    }
    (same.0 / same.1, other.0 / other.1, right / clips)
}

/// What [`compare`] says of a procedure's gold and a trainee on another day.
fn compare_days(procedure: &Procedure) -> (f32, f32, f32) {
    // As alignments compare: each less its own mean.
    let gold = embed(&Performance::gold(procedure));
    let trainee = embed(&Performance::new(procedure, 500 + procedure.seed()));
    let (gold_mean, trainee_mean) = (gold.mean(), trainee.mean());
    compare(&gold.centred(&gold_mean), &trainee.centred(&trainee_mean))
}

#[test]
fn clips_of_one_step_are_more_alike_than_clips_of_different_steps() {
    for seed in [11, 12] {
        let (same, other, nearest) = compare_days(&Procedure::demo(seed));
        println!("procedure {seed}: same {same:.3}, other {other:.3}, nearest right {nearest:.3}");
        assert!(same > other + 0.1, "same {same}, other {other}");
        assert!(
            nearest > 0.6,
            "{nearest} of the clips are nearest to their own step"
        );
    }
}

#[test]
fn steps_of_generated_procedures_can_be_told_apart() {
    for style in Style::ALL {
        for seed in 0..3 {
            let procedure = Procedure::generate(style, seed);
            let (same, other, nearest) = compare_days(&procedure);
            let steps = procedure.steps().len();
            println!(
                "{} {seed}, {steps} steps: same {same:.3}, other {other:.3}, nearest right {nearest:.3}",
                style.name()
            );
            assert!(same > other + 0.1, "same {same}, other {other}");
            assert!(nearest > 0.6, "{nearest} of the clips, {steps} steps");
        }
    }
}
