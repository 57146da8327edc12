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
fn a_clip_in_which_nothing_is_seen_has_colour_only() {
    for value in [0, 7, 255] {
        let row = embed(54, 96, &vec![value; FRAMES * 54 * 96 * 3]);
        let (colours, rest) = row.split_at(BLOCKS[0].dim);
        let (bias, rest) = rest.split_last().unwrap();
        assert!(colours.iter().all(|v| v.is_finite()) && *bias > 0.3);
        assert!(rest.iter().all(|v| v.abs() < 1e-3));
    }
}

#[test]
fn a_static_clip_has_no_motion() {
    let rgb = scene(54, 96, |_| (0.4, 0.5), |v| v);
    let row = embed(54, 96, &rgb);
    let seen: usize = BLOCKS[..2].iter().map(|block| block.dim).sum();
    let last = row.len() - 1;
    assert!(row[..seen].iter().any(|v| v.abs() > 0.01));
    assert!(row[seen..last].iter().all(|v| *v == 0.0));
}

#[test]
fn one_frame_is_a_static_clip() {
    let frame = &scene(54, 96, across, |v| v)[..54 * 96 * 3];
    assert!((cosine(&embed(54, 96, frame), &embed(54, 96, &frame.repeat(8))) - 1.0).abs() < 1e-5);
}

#[test]
fn light_and_size_matter_less_than_motion() {
    // As clips are compared: less the mean of their video, here of a hand that
    // goes everywhere.
    let mean = |height, width, light: fn(f32) -> f32| {
        let places = [0.15, 0.3, 0.45, 0.6, 0.75, 0.9];
        let mut mean = vec![0.0; Descriptor::new().info().dim];
        for (x, y) in places.iter().flat_map(|&x| places.map(|y| (x, y))) {
            let row = embed(
                height,
                width,
                &scene(height, width, |u| (x + 0.1 * u, y), light),
            );
            for (sum, value) in mean.iter_mut().zip(row) {
                *sum += value / (places.len() * places.len()) as f32;
            }
        }
        mean
    };
    let seen = |height, width, path: fn(f32) -> (f32, f32), light: fn(f32) -> f32| {
        let row = embed(height, width, &scene(height, width, path, light));
        let mean = mean(height, width, light);
        let mut row: Vec<f32> = row.iter().zip(mean).map(|(v, m)| v - m).collect();
        let length = cosine(&row, &row).sqrt();
        for v in &mut row {
            *v /= length;
        }
        row
    };
    let reference = seen(54, 96, across, |v| v);
    let brighter = seen(54, 96, across, |v| 1.1 * v);
    let darker = seen(54, 96, across, |v| 0.9 * v - 8.0);
    let larger = seen(270, 480, across, |v| v);
    let square = seen(128, 128, across, |v| v);
    let elsewhere = seen(54, 96, down, |v| v);
    let backwards = seen(54, 96, |u| across(1.0 - u), |v| v);
    for (name, row) in [
        ("brighter", brighter),
        ("darker", darker),
        ("larger", larger),
        ("square", square),
    ] {
        let same = cosine(&reference, &row);
        assert!(same > 0.9, "{name}: {same}");
    }
    let other = cosine(&reference, &elsewhere);
    assert!(other < 0.5, "elsewhere: {other}");
    let other = cosine(&reference, &backwards);
    assert!(other < 0.95, "backwards: {other}");
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
fn version_2_embeds_as_it_did() {
    let row = embed(54, 96, &scene(54, 96, across, |v| v));
    assert_eq!(
        (Descriptor::new().info().version.as_str(), row.len()),
        ("2", 1429)
    );
    let sums: Vec<f32> = row.chunks(205).map(|part| part.iter().sum()).collect();
    let then = [
        -0.262_783, 1.633_329, 1.351_178, 1.463_555, 0.973_924, 0.361_688, 0.976_783,
    ];
    // Processors differ in the last bits of atan2.
    let agree = sums
        .iter()
        .zip(then)
        .all(|(sum, then)| (sum - then).abs() < 1e-3);
    assert!(agree, "{sums:?} was {then:?}");
}
