//! How well mistakes are found in rendered performances whose truth is known.
//!
//! `cargo run --release -p sopilot-procedure --example demo_accuracy [procedures] [trainees] [--verbose] [mistake …]`
//!
//! Every trainee makes one mistake, or none. A reported deviation is right if
//! the true one has its kind and its step (extra activity: an overlap in time
//! of at least 0.3); of a swap, either step is right.
#![allow(clippy::print_stdout, reason = "an example reports to the terminal")]

use std::collections::BTreeMap;
use std::error::Error;

use sopilot_dtw::{MatrixView, Options, Side, align_with_evidence};
use sopilot_embed::{ClipFrames, Descriptor, Embedder};
use sopilot_procedure::{
    Clip, Deviation, DeviationType, GoldInput, PreparedGold, Procedure, ScoreInput, ScoreOutcome,
    Step, TimeRange, Verdict, prepare, score,
};
use sopilot_testkit as testkit;
use sopilot_testkit::{DeviationKind, Edit, Performance, RenderOptions, TrueDeviation, render};

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u64> = std::env::args()
        .filter_map(|word| word.parse().ok())
        .collect();
    let verbose = std::env::args().any(|word| word == "--verbose");
    let procedures = numbers.first().copied().unwrap_or(2);
    let trainees = numbers.get(1).copied().unwrap_or(2);
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word.parse::<u64>().is_err() && word != "--verbose")
        .collect();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for seed in 0..procedures {
        let work = testkit::Procedure::demo(seed);
        let gold = Gold::new(&work)?;
        for (label, edit) in edits() {
            if !chosen.is_empty() && !chosen.iter().any(|word| word == label) {
                continue;
            }
            for trainee in 0..trainees {
                let performance = Performance::new(&work, 1000 * (seed + 1) + 17 * trainee + 1);
                let performance = edit.into_iter().try_fold(performance, Performance::with)?;
                let video = Video::new(&performance)?;
                let outcome = gold.score(&video)?;
                let truth = performance.truth(OPTIONS).mistakes;
                if verbose {
                    print_outcome(label, seed, trainee, &outcome);
                }
                tallies
                    .entry(label.to_owned())
                    .or_default()
                    .add(&truth, &outcome);
            }
        }
        tallies
            .entry("other work".to_owned())
            .or_default()
            .add(&[], &gold.score(&unrelated(&work)?)?);
    }
    println!(
        "{:>14} videos  found  wrong  score  pass review fail incomparable",
        "mistake"
    );
    for (label, tally) in &tallies {
        tally.print(label);
    }
    Ok(())
}

/// Small frames at the rate of the embedder: it would reduce larger ones, and
/// skip those between, anyway.
const OPTIONS: RenderOptions = RenderOptions {
    width: 192,
    height: 108,
    fps: 8,
};

/// One mistake each; see [`Edit`].
fn edits() -> Vec<(&'static str, Option<Edit>)> {
    let mut edits = vec![("none", None)];
    for step in 0..8 {
        edits.push(("drop", Some(Edit::Drop { step })));
        edits.push(("repeat", Some(Edit::Repeat { step })));
        edits.push(("slow 3x", Some(Edit::Slow { step, factor: 3.0 })));
        edits.push(("fast 2.5x", Some(Edit::Fast { step, factor: 2.5 })));
        edits.push(("wrong object", Some(Edit::WrongObject { step })));
        edits.push((
            "incomplete",
            Some(Edit::Incomplete {
                step,
                fraction: 0.3,
            }),
        ));
    }
    for first in 0..7 {
        edits.push(("swap", Some(Edit::Swap { first })));
        edits.push((
            "insert",
            Some(Edit::Insert {
                after: first,
                seconds: 6.0,
            }),
        ));
        edits.push((
            "idle pause",
            Some(Edit::IdlePause {
                after: first,
                seconds: 6.0,
            }),
        ));
    }
    for step in 0..4 {
        edits.push(("move", Some(Edit::MoveTo { step, to: step + 3 })));
    }
    edits
}

/// A rendered and embedded performance.
struct Video {
    rows: Vec<f32>,
    dim: usize,
    clips: Vec<Clip>,
}

impl Video {
    fn new(performance: &Performance) -> Result<Self, Box<dyn Error>> {
        let embedder = Descriptor::new();
        let sampling = embedder.sampling();
        let frames: Vec<Vec<u8>> = render(performance, OPTIONS)?.collect();
        let starts: Vec<usize> = (0..frames.len().saturating_sub(sampling.frames_per_clip - 1))
            .step_by(sampling.stride_frames)
            .collect();
        let clips: Vec<Vec<u8>> = starts
            .iter()
            .map(|&start| frames[start..start + sampling.frames_per_clip].concat())
            .collect();
        let views = clips
            .iter()
            .map(|rgb| {
                ClipFrames::new(sampling.frames_per_clip, OPTIONS.height, OPTIONS.width, rgb)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let seconds = |frame: usize| frame as f64 / sampling.sample_rate_hz;
        Ok(Self {
            rows: embedder.embed(&views)?,
            dim: embedder.info().dim,
            clips: starts
                .iter()
                .map(|&start| Clip::new(seconds(start), seconds(start + sampling.frames_per_clip)))
                .collect(),
        })
    }

    fn view(&self, side: Side) -> Result<MatrixView<'_>, Box<dyn Error>> {
        Ok(MatrixView::new(
            side,
            self.clips.len(),
            self.dim,
            &self.rows,
        )?)
    }
}

struct Gold {
    procedure: Procedure,
    video: Video,
    prepared: PreparedGold,
}

impl Gold {
    fn new(work: &testkit::Procedure) -> Result<Self, Box<dyn Error>> {
        let performance = Performance::gold(work);
        let video = Video::new(&performance)?;
        let steps = work.gold_steps(&performance.truth(OPTIONS));
        let step = |step: &testkit::GoldStep| Step {
            gold_time: Some(TimeRange {
                start_s: step.start_s,
                end_s: step.end_s,
            }),
            critical: step.critical,
            ..Step::named(step.name.clone())
        };
        let procedure = Procedure {
            steps: steps.iter().map(step).collect(),
            ..Procedure::default()
        };
        let prepared = prepare(&video.view(Side::Gold)?, &video.clips, &procedure, &[])?;
        for finding in &prepared.lint {
            println!("lint of gold {}: {}", work.seed, finding.message);
        }
        let found = prepare(
            &video.view(Side::Gold)?,
            &video.clips,
            &Procedure::default(),
            &[],
        )?;
        let cuts = |steps: &[sopilot_procedure::PreparedStep]| {
            steps
                .iter()
                .map(|step| format!("{:.1}", step.time.start_s))
                .collect::<Vec<_>>()
                .join(" ")
        };
        println!(
            "gold {}: steps start at {}; found {}",
            work.seed,
            cuts(&prepared.steps),
            cuts(&found.steps)
        );
        println!(
            "gold {}: self-similarity {:?}",
            work.seed, prepared.self_similarity_quantiles
        );
        Ok(Self {
            procedure,
            video,
            prepared,
        })
    }

    fn score(&self, trainee: &Video) -> Result<ScoreOutcome, Box<dyn Error>> {
        let steps: Vec<_> = self
            .prepared
            .steps
            .iter()
            .map(|step| step.clips.clone())
            .collect();
        let options = Options {
            center_on_gold: true,
            non_overlapping_lag: self.prepared.non_overlapping_lag,
            ..Options::default()
        };
        let (alignment, evidence) = align_with_evidence(
            &self.video.view(Side::Gold)?,
            &trainee.view(Side::Trainee)?,
            &steps,
            &options,
        )?;
        let gold = GoldInput {
            prepared: &self.prepared,
            alignment: &alignment,
            evidence: &evidence,
        };
        Ok(score(&ScoreInput {
            procedure: &self.procedure,
            golds: &[gold],
            trainee: &trainee.clips,
        })?)
    }
}

/// Somebody who does something else at the same kind of bench throughout.
fn unrelated(work: &testkit::Procedure) -> Result<Video, Box<dyn Error>> {
    let other = testkit::Procedure::demo(work.seed + 500);
    let mut performance = Performance::new(&other, 9);
    for step in 0..other.steps.len() {
        performance = performance.with(Edit::Drop { step })?.with(Edit::Insert {
            after: step,
            seconds: 4.0,
        })?;
    }
    Video::new(&performance)
}

#[derive(Default)]
struct Tally {
    videos: usize,
    found: usize,
    wrong: BTreeMap<String, usize>,
    score: f64,
    verdicts: [usize; 4],
}

impl Tally {
    fn add(&mut self, truth: &[TrueDeviation], outcome: &ScoreOutcome) {
        self.videos += 1;
        self.score += outcome.score;
        self.verdicts[match outcome.verdict {
            Verdict::Pass => 0,
            Verdict::NeedsReview => 1,
            Verdict::Fail => 2,
            Verdict::NotComparable => 3,
        }] += 1;
        let is_right = |reported: &Deviation| truth.iter().any(|one| matches(reported, one));
        self.found += truth
            .iter()
            .filter(|one| {
                outcome
                    .deviations
                    .iter()
                    .any(|reported| matches(reported, one))
            })
            .count();
        for reported in outcome
            .deviations
            .iter()
            .filter(|reported| !is_right(reported))
        {
            *self
                .wrong
                .entry(format!("{:?}", reported.kind))
                .or_default() += 1;
        }
    }

    fn print(&self, label: &str) {
        let [pass, review, fail, incomparable] = self.verdicts;
        let wrong: usize = self.wrong.values().sum();
        println!(
            "{label:>14} {:6} {:6} {wrong:6} {:6.1} {pass:5} {review:6} {fail:4} {incomparable:12}  {:?}",
            self.videos,
            self.found,
            self.score / self.videos as f64,
            self.wrong
        );
    }
}

fn matches(reported: &Deviation, truth: &TrueDeviation) -> bool {
    let kind = match truth.kind {
        DeviationKind::MissingStep => DeviationType::MissingStep,
        DeviationKind::OutOfOrder => DeviationType::OutOfOrder,
        DeviationKind::RepeatedStep => DeviationType::RepeatedStep,
        DeviationKind::ExtraActivity => DeviationType::ExtraActivity,
        DeviationKind::WrongExecution => DeviationType::WrongExecution,
        DeviationKind::OverTime => DeviationType::OverTime,
        DeviationKind::UnderTime => DeviationType::UnderTime,
    };
    let step = reported.gold_step.map(|step| step as usize);
    let same_step = step.is_some() && (step == truth.gold_step || step == truth.swapped_with);
    let by_time = matches!(
        kind,
        DeviationType::ExtraActivity | DeviationType::RepeatedStep
    ) && truth
        .trainee_time
        .is_some_and(|time| overlap(reported.trainee_time, time) >= 0.3);
    reported.kind == kind && (same_step || by_time)
}

/// Intersection over union.
fn overlap(a: TimeRange, b: testkit::TimeRange) -> f64 {
    let both = (a.end_s.min(b.end_s) - a.start_s.max(b.start_s)).max(0.0);
    both / (a.end_s.max(b.end_s) - a.start_s.min(b.start_s))
}

fn print_outcome(label: &str, seed: u64, trainee: u64, outcome: &ScoreOutcome) {
    println!(
        "{label} (procedure {seed}, trainee {trainee}): {:.1} {:?}",
        outcome.score, outcome.verdict
    );
    for found in &outcome.deviations {
        println!(
            "    {:?} {:?} at {:.1}–{:.1} s, confidence {:.2}: {}",
            found.kind,
            found.gold_step,
            found.trainee_time.start_s,
            found.trainee_time.end_s,
            found.confidence,
            found.reason
        );
    }
}
