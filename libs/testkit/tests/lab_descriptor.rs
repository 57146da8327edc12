//! The descriptor tells the tasks at the laboratory table apart, and sees that
//! a thing is wrong.

use sopilot_embed::{ClipFrames, Descriptor, Embedder};
use sopilot_testkit::{Change, Conditions, Edit, Performance, Procedure, RenderOptions, Style};

/// The mean embedding of the clips within each step: unit vectors, none for a
/// step that is shorter than a clip.
fn step_means(performance: &Performance) -> Vec<Option<Vec<f32>>> {
    let descriptor = Descriptor::new();
    let sampling = descriptor.sampling();
    let options = RenderOptions {
        width: 2 * sampling.frame_width,
        height: 2 * sampling.frame_height,
        fps: sampling.sample_rate_hz as u32,
    };
    let frames: Vec<Vec<u8>> = sopilot_testkit::render(performance, options)
        .expect("twice the sides are even")
        .map(|frame| halved(&frame, options.width))
        .collect();
    let embed = |start_s: f64, end_s: f64| {
        let first = (start_s * sampling.sample_rate_hz).ceil() as usize;
        let end = (end_s * sampling.sample_rate_hz).floor() as usize;
        let clips: Vec<Vec<u8>> = frames[first..end.min(frames.len())]
            .windows(sampling.frames_per_clip)
            .step_by(sampling.stride_frames)
            .map(<[Vec<u8>]>::concat)
            .collect();
        let views: Vec<ClipFrames<'_>> = clips
            .iter()
            .map(|rgb| {
                let (height, width) = (sampling.frame_height, sampling.frame_width);
                ClipFrames::new(sampling.frames_per_clip, height, width, rgb)
                    .expect("a clip has all its frames")
            })
            .collect();
        let rows = descriptor.embed(&views).expect("clips are as asked for");
        (!views.is_empty()).then(|| mean(rows.chunks_exact(descriptor.info().dim)))
    };
    let steps = performance.procedure().steps().len();
    let done = performance.truth().steps_done;
    let of_step = |step| done.iter().find(|segment| segment.step == step);
    (0..steps)
        .map(|step| of_step(step).and_then(|segment| embed(segment.start_s, segment.end_s)))
        .collect()
}

/// The mean of every two by two pixels.
fn halved(rgb: &[u8], width: usize) -> Vec<u8> {
    let rows = rgb.chunks_exact(6 * width);
    let pixel = |pair: &[u8], x: usize, channel: usize| {
        let byte = |y: usize, x: usize| u16::from(pair[3 * (y * width + x) + channel]);
        let sum = byte(0, 2 * x) + byte(0, 2 * x + 1) + byte(1, 2 * x) + byte(1, 2 * x + 1);
        (sum / 4) as u8
    };
    rows.flat_map(|pair| (0..3 * width / 2).map(move |i| pixel(pair, i / 3, i % 3)))
        .collect()
}

/// The direction of the sum.
fn mean<'a>(rows: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    let mut sum: Vec<f32> = Vec::new();
    for row in rows {
        sum.resize(row.len(), 0.0);
        sum.iter_mut()
            .zip(row)
            .for_each(|(sum, value)| *sum += value);
    }
    let norm = cosine(&sum, &sum).sqrt();
    sum.iter().map(|value| value / norm).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// How alike two steps are, beside what all steps of the gold have in common.
fn likeness(a: &[f32], b: &[f32], common: &[f32]) -> f32 {
    let beside = |row: &[f32]| -> Vec<f32> {
        let along = cosine(row, common);
        let rest = row.iter().zip(common).map(|(value, c)| value - along * c);
        rest.collect()
    };
    let (a, b) = (beside(a), beside(b));
    cosine(&a, &b) / (cosine(&a, &a) * cosine(&b, &b)).sqrt()
}

#[test]
fn most_steps_of_another_day_are_most_like_the_same_step_of_the_gold() {
    let (mut right, mut steps) = (0, 0);
    for seed in 20..23 {
        let procedure = Procedure::generate(Style::Lab, seed);
        let gold = step_means(&Performance::gold(&procedure));
        let common = mean(gold.iter().flatten().map(Vec::as_slice));
        let trainee = step_means(&Performance::new(&procedure, 700 + seed));
        for (step, row) in trainee.iter().enumerate() {
            let Some(row) = row else { continue };
            let known = gold.iter().enumerate();
            let nearest = known
                .filter_map(|(other, gold)| Some((likeness(row, gold.as_ref()?, &common), other)))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let found = nearest.map(|(_, other)| other);
            if found != Some(step) {
                let name = |step: usize| &procedure.steps()[step].name;
                println!(
                    "{} looks like {}",
                    name(step),
                    found.map_or("nothing", |s| name(s))
                );
            }
            right += usize::from(found == Some(step));
            steps += 1;
        }
    }
    println!("{right} of {steps} steps");
    assert!(steps > 20);
    assert!(right * 10 >= steps * 9, "{right} of {steps} steps");
}

#[test]
fn a_wrong_thing_makes_its_step_less_like_the_golds() {
    let procedure = Procedure::generate(Style::Lab, 7).first_steps(7);
    let gold = step_means(&Performance::gold(&procedure));
    let common = mean(gold.iter().flatten().map(Vec::as_slice));
    let steps = procedure.steps().len();
    let likeness_of_done = |difference: Option<f64>| -> f32 {
        let of_step = |step: usize| {
            let conditions = Conditions::all(Change::Same);
            let perfect = Performance::new(&procedure, 3).under(conditions);
            let performance = match difference {
                None => perfect,
                Some(difference) => perfect
                    .with(Edit::WrongObject { step, difference })
                    .unwrap(),
            };
            let done = step_means(&performance).swap_remove(step)?;
            Some(likeness(&done, gold[step].as_ref()?, &common))
        };
        (0..steps).step_by(3).filter_map(of_step).sum()
    };
    let (right, half, wrong) = (
        likeness_of_done(None),
        likeness_of_done(Some(0.4)),
        likeness_of_done(Some(1.0)),
    );
    println!("right {right:.3}, wrong by 0.4 {half:.3}, by 1 {wrong:.3}");
    assert!(right > half && half > wrong, "{right} {half} {wrong}");
}
