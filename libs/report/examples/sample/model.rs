//! A made-up report: a trainee who did most of it right.

use sopilot_procedure::research::Interval;
use sopilot_procedure::{
    Deviation, DeviationType, Metrics, ResearchMetrics, StepResult, StepStatus, TimeRange, Verdict,
};
use sopilot_report::{
    DeviationReview, Embedder, GoldReference, PathPoint, Provenance, Report, ReportedDeviation,
    ReportedStep, SimilarityMatrix, VerdictReview, Video,
};
use time::macros::datetime;

const GOLD_S: f64 = 62.0;
const TRAINEE_S: f64 = 74.0;

/// Name, gold's time, trainee's time and status of every step.
type Planned = (&'static str, (f64, f64), Option<(f64, f64)>, StepStatus);

const STEPS: [Planned; 9] = [
    (
        "Wipe the housing",
        (0.6, 7.0),
        Some((1.0, 8.4)),
        StepStatus::Done,
    ),
    (
        "Seat the circuit board",
        (7.4, 14.2),
        Some((8.8, 16.6)),
        StepStatus::Done,
    ),
    (
        "Drive both screws",
        (14.6, 22.0),
        Some((24.8, 33.2)),
        StepStatus::Deviated,
    ),
    (
        "Plug in the ribbon cable",
        (22.4, 28.0),
        None,
        StepStatus::Missing,
    ),
    (
        "Fit the cover",
        (28.4, 34.8),
        Some((17.0, 24.4)),
        StepStatus::Deviated,
    ),
    (
        "Apply the label",
        (35.2, 40.6),
        Some((38.6, 49.8)),
        StepStatus::Deviated,
    ),
    (
        "Switch the unit on",
        (41.0, 46.8),
        Some((50.2, 55.0)),
        StepStatus::Done,
    ),
    (
        "Scan the code",
        (47.2, 54.0),
        Some((60.0, 66.4)),
        StepStatus::Wrong,
    ),
    (
        "Put the tools away",
        (54.4, 61.4),
        None,
        StepStatus::Skipped,
    ),
];

/// The report of the sample pages, without pictures.
pub(crate) fn report() -> Report {
    Report {
        task: "Replace the filter unit".to_owned(),
        gold: video("gold-line-3.mp4", GOLD_S),
        trainee: video("mia-second-attempt.mp4", TRAINEE_S),
        score: 58.5,
        verdict: Verdict::Fail,
        verdict_reason: "The critical step \"Plug in the ribbon cable\" was left out.".to_owned(),
        review: Some(VerdictReview {
            verdict: Verdict::NeedsReview,
            reviewer: "Jonas Weber".to_owned(),
            at: datetime!(2026-03-03 09:12 UTC),
            comment: "The cable was plugged in before the video starts. Please film it again from the beginning.".to_owned(),
        }),
        deviations: deviations(),
        steps: steps(),
        metrics: Some(metrics()),
        research: Some(research()),
        provenance: provenance(),
        similarity: Some(similarity(248, 296)),
        path: path(),
        thumbnails: Vec::new(),
    }
}

fn video(name: &str, duration_s: f64) -> Video {
    Video {
        name: name.to_owned(),
        duration_s,
    }
}

fn range((start_s, end_s): (f64, f64)) -> TimeRange {
    TimeRange { start_s, end_s }
}

/// Where a step stands, counted with the two that have parts.
fn place(index: u32) -> u32 {
    index + u32::from(index > 0) + u32::from(index > 5)
}

/// The step that it is a part of.
fn whole(index: u32) -> Option<u32> {
    match index {
        1..=3 => Some(1),
        6..=7 => Some(7),
        _ => None,
    }
}

/// All steps, each followed by its parts.
fn steps() -> Vec<ReportedStep> {
    let mut steps: Vec<ReportedStep> = STEPS
        .iter()
        .zip(0..)
        .map(|(planned, index)| step(planned, index))
        .collect();
    steps.insert(1, with_parts("Assemble the board", 1, &steps[1..=3]));
    steps.insert(7, with_parts("Commission", 7, &steps[7..=8]));
    steps
}

fn with_parts(name: &str, index: u32, parts: &[ReportedStep]) -> ReportedStep {
    let first = &parts[0].result;
    let last = &parts[parts.len() - 1].result;
    let done: Vec<TimeRange> = parts
        .iter()
        .filter_map(|part| part.result.trainee_time)
        .collect();
    let start_s = done
        .iter()
        .map(|time| time.start_s)
        .fold(f64::INFINITY, f64::min);
    let end_s = done.iter().map(|time| time.end_s).fold(0.0, f64::max);
    ReportedStep {
        result: StepResult {
            index,
            parent: None,
            name: name.to_owned(),
            status: StepStatus::Wrong,
            gold_time: range((first.gold_time.start_s, last.gold_time.end_s)),
            trainee_time: Some(range((start_s, end_s))),
            duration_ratio: None,
            similarity: first.similarity,
        },
        weight: 1.0,
        critical: false,
        optional: false,
        has_limits: false,
    }
}

fn step(planned: &Planned, index: u32) -> ReportedStep {
    let &(name, gold, trainee, status) = planned;
    let ratio = trainee.map(|(start, end)| (end - start) / (gold.1 - gold.0) / 1.12);
    ReportedStep {
        result: StepResult {
            index: place(index),
            parent: whole(index),
            name: name.to_owned(),
            status,
            gold_time: range(gold),
            trainee_time: trainee.map(range),
            duration_ratio: ratio,
            similarity: if status == StepStatus::Missing {
                0.21
            } else {
                0.94 - 0.02 * f64::from(index)
            },
        },
        weight: if index == 3 { 2.0 } else { 1.0 },
        critical: index == 3,
        optional: index == 8,
        has_limits: false,
    }
}

fn deviations() -> Vec<ReportedDeviation> {
    let seen =
        |kind, step: Option<u32>, time: (f64, f64), points_lost, confidence, reason: &str| {
            let planned = step.map(|index| STEPS[index as usize]);
            Deviation {
                kind,
                gold_step: step.map(place),
                step_name: planned.map_or("", |planned| planned.0).to_owned(),
                gold_time: planned.map(|planned| range(planned.1)),
                trainee_time: range(time),
                confidence,
                points_lost,
                verdict_without: Verdict::Fail,
                reason: reason.to_owned(),
            }
        };
    let mut found = vec![
        seen(
            DeviationType::OutOfOrder,
            Some(4),
            (17.0, 24.4),
            6.0,
            0.86,
            "\"Fit the cover\" was done at a place that the procedure does not allow",
        ),
        seen(
            DeviationType::MissingStep,
            Some(3),
            (33.2, 34.4),
            20.0,
            0.99,
            "\"Plug in the ribbon cable\" was not seen anywhere in the video",
        ),
        seen(
            DeviationType::ExtraActivity,
            None,
            (34.4, 38.4),
            3.5,
            0.71,
            "for 4.0 s something was done that belongs to no step",
        ),
        seen(
            DeviationType::OverTime,
            Some(5),
            (38.6, 49.8),
            4.0,
            0.93,
            "\"Apply the label\" took 11.2 s; 6.0 s would be usual at this trainee's tempo",
        ),
        seen(
            DeviationType::RepeatedStep,
            Some(6),
            (55.4, 59.8),
            3.0,
            0.64,
            "\"Switch the unit on\" was done once more",
        ),
        seen(
            DeviationType::WrongExecution,
            Some(7),
            (60.0, 66.4),
            5.0,
            0.77,
            "\"Scan the code\" was broken off: the last 40 % of it were not seen",
        ),
    ];
    found[1].verdict_without = Verdict::NeedsReview;
    let mut found: Vec<ReportedDeviation> = found
        .into_iter()
        .map(|found| ReportedDeviation {
            found,
            review: None,
        })
        .collect();
    found[2].review = Some(DeviationReview {
        confirmed: false,
        reviewer: "Jonas Weber".to_owned(),
        comment: "She only adjusts her glove.".to_owned(),
    });
    found[3].review = Some(DeviationReview {
        confirmed: true,
        reviewer: "Jonas Weber".to_owned(),
        comment: String::new(),
    });
    found
}

fn metrics() -> Metrics {
    Metrics {
        miss: 1,
        swap: 1,
        deviation: 1,
        over_time: 1,
        temporal_warp: 0.083,
        path_stretch: 1.214,
        duplicate_ratio: 0.187,
        order_violation_ratio: 0.051,
        temporal_drift: -0.024,
        confidence_loss: 0.196,
        local_similarity_gap: 0.073,
        adaptive_low_similarity_threshold: 0.412,
        effective_low_similarity_threshold: 0.412,
        hard_miss_ratio: 0.109,
        mean_alignment_cost: 0.196,
    }
}

fn research() -> ResearchMetrics {
    ResearchMetrics {
        discrete_frechet: 0.713,
        boundary_hausdorff_s: Some(6.4),
        step_order_tau: Some(0.714),
        warp_tau: Some(0.821),
        deviation_interval: Interval {
            low: 51.0,
            high: 72.5,
        },
        step_interval: Some(Interval {
            low: 38.2,
            high: 81.0,
        }),
    }
}

fn provenance() -> Provenance {
    Provenance {
        job_id: "0195a3f2-7c41-7b3e-9d52-6f0c2a8e4b17".to_owned(),
        created_at: datetime!(2026-03-02 14:05:31 UTC),
        task_version: 4,
        golds: vec![
            GoldReference {
                video_id: "01957e10-21aa-7c0d-8a53-1be0f2d8c9a4".to_owned(),
                version: 3,
            },
            GoldReference {
                video_id: "01957e11-88b2-7e6f-b1c4-77aa90b1d2e3".to_owned(),
                version: 1,
            },
        ],
        trainee_video_id: "0195a3e9-0d17-7aa1-8f3e-b2c45d67e801".to_owned(),
        embedder: Embedder {
            name: "descriptor".to_owned(),
            version: "3".to_owned(),
            checksum: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
            adapter: None,
        },
        alignment_engine: "cpu-portable".to_owned(),
        calibration: "2026-02".to_owned(),
        code_version: "0.1.0".to_owned(),
    }
}

/// What a moment of the trainee's video shows: the gold's time, if any.
fn shown_at(trainee_s: f64) -> Option<f64> {
    STEPS.iter().find_map(|&(_, gold, trainee, _)| {
        let (start, end) = trainee?;
        let share = (trainee_s - start) / (end - start);
        (0.0..=1.0)
            .contains(&share)
            .then_some(gold.0 + share * (gold.1 - gold.0))
    })
}

fn similarity(rows: u32, columns: u32) -> SimilarityMatrix {
    let mut cells = Vec::with_capacity((rows * columns) as usize);
    for row in 0..rows {
        let gold_s = GOLD_S * (f64::from(row) + 0.5) / f64::from(rows);
        for column in 0..columns {
            let trainee_s = TRAINEE_S * (f64::from(column) + 0.5) / f64::from(columns);
            let alike =
                shown_at(trainee_s).map_or(0.0, |shown| (-((shown - gold_s) / 2.2).powi(2)).exp());
            // Some texture, the same every time.
            let texture = f64::midpoint((gold_s * 1.7).sin() * (trainee_s * 1.3).cos(), 1.0);
            let noise = f64::from((row * 7_919 + column * 104_729) % 251) / 251.0;
            let value = 0.72 * alike + 0.14 * texture + 0.08 * noise + 0.05;
            cells.push((value * 255.0) as u8);
        }
    }
    SimilarityMatrix {
        rows,
        columns,
        cells,
    }
}

fn path() -> Vec<Vec<PathPoint>> {
    let mut runs: Vec<(f64, f64, f64, f64)> = STEPS
        .iter()
        .filter_map(|&(_, gold, trainee, _)| {
            trainee.map(|(start, end)| (start, end, gold.0, gold.1))
        })
        .collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    runs.into_iter()
        .map(|(start, end, from, to)| {
            let points = 0..=((end - start) * 2.0) as u32;
            let last = f64::from(*points.end());
            points
                .map(|at| {
                    let share = f64::from(at) / last;
                    let wobble = 0.25 * (share * 9.0).sin();
                    PathPoint {
                        gold_s: from + share * (to - from) + wobble,
                        trainee_s: start + share * (end - start),
                    }
                })
                .collect()
        })
        .collect()
}
