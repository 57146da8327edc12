//! What the descriptor promises beyond the conformance of every embedder.

use super::*;
use crate::conformance;

const FRAMES: usize = 8;

/// A scene of `height` × `width`: a textured bench and a bright hand whose
/// centre moves on `path` (in parts of width and height) over the clip.
fn scene(
    height: usize,
    width: usize,
    path: impl Fn(f32) -> (f32, f32),
    light: impl Fn(f32) -> f32,
) -> Vec<u8> {
    let mut rgb = Vec::with_capacity(FRAMES * height * width * 3);
    for t in 0..FRAMES {
        let (hand_x, hand_y) = path(t as f32 / FRAMES as f32);
        for y in 0..height {
            for x in 0..width {
                let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
                let grain = 20.0 * (u * 40.0).sin() * (v * 17.0).cos();
                let near = (u - hand_x).hypot((v - hand_y) * 0.6) < 0.09;
                let pixel = if near {
                    [190.0, 150.0, 120.0]
                } else {
                    [95.0 + grain, 85.0 + grain, 75.0 + grain]
                };
                rgb.extend(pixel.map(|value| light(value).clamp(0.0, 255.0) as u8));
            }
        }
    }
    rgb
}

fn embed(height: usize, width: usize, rgb: &[u8]) -> Vec<f32> {
    let clip = ClipFrames::new(rgb.len() / (height * width * 3), height, width, rgb).unwrap();
    Descriptor::new().embed(&[clip]).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn across(u: f32) -> (f32, f32) {
    (0.2 + 0.4 * u, 0.5)
}

fn down(u: f32) -> (f32, f32) {
    (0.75, 0.2 + 0.5 * u)
}

#[test]
fn is_a_conforming_embedder() {
    conformance::check(&Descriptor::new()).unwrap();
}

#[test]
fn shares_leave_a_twentieth_to_the_bias() {
    let energy: f32 = SHARES.iter().map(|share| share.energy).sum();
    assert!((energy - 0.95).abs() < 1e-6, "{energy}");
}

#[test]
fn a_clip_in_which_nothing_is_seen_is_only_bias() {
    for value in [0, 7, 255] {
        let row = embed(54, 96, &vec![value; FRAMES * 54 * 96 * 3]);
        let (bias, rest) = row.split_last().unwrap();
        assert!((bias - 1.0).abs() < 1e-6, "{bias}");
        assert!(rest.iter().all(|v| v.abs() < 1e-3));
    }
}

#[test]
fn a_static_clip_has_no_motion() {
    let rgb = scene(54, 96, |_| (0.4, 0.5), |v| v);
    let row = embed(54, 96, &rgb);
    let seen: usize = SHARES[..4].iter().map(|share| share.dim).sum();
    let last = row.len() - 1;
    assert!(row[..seen].iter().any(|v| v.abs() > 0.01));
    assert!(row[seen..last].iter().all(|v| *v == 0.0));
    assert!(
        row[last] * row[last] > 0.48,
        "the bias holds motion's share"
    );
}

#[test]
fn one_frame_is_a_static_clip() {
    let frame = &scene(54, 96, across, |v| v)[..54 * 96 * 3];
    assert!((cosine(&embed(54, 96, frame), &embed(54, 96, &frame.repeat(8))) - 1.0).abs() < 1e-5);
}

#[test]
fn light_and_size_matter_less_than_motion() {
    let reference = embed(54, 96, &scene(54, 96, across, |v| v));
    let brighter = embed(54, 96, &scene(54, 96, across, |v| 1.1 * v));
    let darker = embed(54, 96, &scene(54, 96, across, |v| 0.9 * v - 8.0));
    let larger = embed(270, 480, &scene(270, 480, across, |v| v));
    let square = embed(128, 128, &scene(128, 128, across, |v| v));
    let elsewhere = embed(54, 96, &scene(54, 96, down, |v| v));
    let backwards = embed(54, 96, &scene(54, 96, |u| across(1.0 - u), |v| v));
    for (name, row) in [
        ("brighter", brighter),
        ("darker", darker),
        ("larger", larger),
        ("square", square),
    ] {
        let same = cosine(&reference, &row);
        assert!(same > 0.97, "{name}: {same}");
    }
    for (name, row) in [("elsewhere", elsewhere), ("backwards", backwards)] {
        let other = cosine(&reference, &row);
        assert!(other < 0.9, "{name}: {other}");
    }
}

#[test]
fn bits_do_not_depend_on_threads() {
    let clips = [0.0, 0.1, 0.2, 0.3, 0.4]
        .map(|start| scene(54, 96, move |u| (start + 0.4 * u, 0.5), |v| v));
    let batch = clips
        .iter()
        .map(|rgb| ClipFrames::new(FRAMES, 54, 96, rgb).unwrap())
        .collect::<Vec<_>>();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build()
            .unwrap()
            .install(|| Descriptor::new().embed(&batch).unwrap())
    };
    let one = on(1);
    assert_eq!(one, on(3));
    let alone = batch
        .iter()
        .map(|clip| Descriptor::new().embed(&[*clip]).unwrap());
    assert_eq!(one, alone.collect::<Vec<_>>().concat());
}

/// Stored embeddings stay comparable only while the same clip gives the same
/// row. If this fails on purpose, raise the descriptor's version with it.
#[test]
fn version_1_embeds_as_it_did() {
    let row = embed(54, 96, &scene(54, 96, across, |v| v));
    assert_eq!(
        (Descriptor::new().info().version.as_str(), row.len()),
        ("1", 763)
    );
    let sums = row.chunks(109).map(|part| part.iter().sum::<f32>());
    let then = [
        0.30715, 2.66213, -1.39233, -0.42019, 3.09640, 0.13903, 1.31395,
    ];
    for (sum, then) in sums.zip(then) {
        // Processors differ in the last bits of atan2.
        assert!((sum - then).abs() < 1e-3, "{sum} was {then}");
    }
}
