//! How fast clips come, beside plain ffmpeg doing the same sampling into nothing.
//!
//! `cargo run --release -p sopilot-video --example decode_speed -- VIDEO [ROUNDS] [SAMPLE_RATE_HZ] [SHORT_SIDE]`
//!
//! Both run alternately, ROUNDS times each (default 3), with the same threads and the same filters; the medians and
//! their ratio count. Ours adds the guard, the pipe, masking, quality and the cutting of clips of 16 frames.
#![allow(clippy::print_stdout)]

use std::{
    env,
    error::Error,
    fs::{self, File},
    process::{Command, Stdio},
    time::Instant,
};

use sopilot_video::{CancelToken, DecodePlan, Decoder, Ffmpeg, FrameSize, Limits, Mask, probe};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some(video) = arguments.first() else {
        return Err("usage: decode_speed VIDEO [ROUNDS] [SAMPLE_RATE_HZ] [SHORT_SIDE]".into());
    };
    let rounds: usize = arguments.get(1).map_or(Ok(3), |text| text.parse())?;
    let plan = DecodePlan {
        sample_rate_hz: arguments.get(2).map_or(Ok(4.0), |text| text.parse())?,
        frames_per_clip: 16,
        stride_frames: 8,
        frame_size: FrameSize::ShortSide(arguments.get(3).map_or(Ok(256), |text| text.parse())?),
        mask: Mask::default(),
        thumbnail_width: None,
    };
    let ffmpeg = Ffmpeg::locate(None)?;
    let limits = Limits::default();
    let info = probe(&ffmpeg, &File::open(video)?, &limits)?;
    println!(
        "{info:#?}\nffmpeg {}, {} threads, {}",
        ffmpeg.version(),
        limits.threads(),
        plan.filters(&info)?
    );

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let (seconds, clips, video_seconds) = clips(&ffmpeg, video, &plan, &limits)?;
        ours.push(seconds);
        theirs.push(null(&ffmpeg, video, &plan.filters(&info)?, &limits)?);
        println!(
            "round {round}: clips {seconds:.3} s ({clips} clips, {:.0} x real time), ffmpeg -f null {:.3} s",
            video_seconds / seconds,
            theirs[round - 1]
        );
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "median: clips {ours:.3} s, ffmpeg -f null {theirs:.3} s, ratio {:.3}",
        ours / theirs
    );
    println!("peak memory of this process: {}", peak_memory()?);
    Ok(())
}

fn clips(
    ffmpeg: &Ffmpeg,
    video: &str,
    plan: &DecodePlan,
    limits: &Limits,
) -> Result<(f64, u32, f64), Box<dyn Error>> {
    let started = Instant::now();
    let mut decoder = Decoder::open(
        ffmpeg,
        &File::open(video)?,
        plan,
        limits,
        CancelToken::default(),
    )?;
    let mut count = 0;
    for clip in &mut decoder {
        count = clip?.index + 1;
    }
    Ok((
        started.elapsed().as_secs_f64(),
        count,
        decoder.decoded_seconds(),
    ))
}

fn null(
    ffmpeg: &Ffmpeg,
    video: &str,
    filters: &str,
    limits: &Limits,
) -> Result<f64, Box<dyn Error>> {
    let started = Instant::now();
    let status = Command::new(ffmpeg.ffmpeg_path())
        .args([
            "-nostdin",
            "-v",
            "error",
            "-threads",
            &limits.threads().to_string(),
            "-noautorotate",
            "-i",
            video,
        ])
        .args([
            "-an",
            "-sn",
            "-dn",
            "-filter_threads",
            "1",
            "-vf",
            filters,
            "-fps_mode",
            "passthrough",
        ])
        .args(["-f", "null", "-"])
        .stdin(Stdio::null())
        .status()?;
    if !status.success() {
        return Err(format!("ffmpeg -f null: {status}").into());
    }
    Ok(started.elapsed().as_secs_f64())
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn peak_memory() -> Result<String, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line
        .ok_or("no VmHWM in /proc/self/status")?
        .trim()
        .to_owned())
}
