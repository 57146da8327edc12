//! Made-up results of many scores.

use sopilot_procedure::{DeviationType, Verdict};
use sopilot_report::{PastDeviation, PastResult};
use time::Duration;
use time::macros::datetime;

const TRAINEES: [Option<&str>; 5] = [
    Some("Mia Schneider"),
    Some("佐藤 健"),
    Some("Amir Haddad"),
    Some("Zoë van der Berg"),
    None,
];

const OFTEN: [(DeviationType, &str); 6] = [
    (DeviationType::MissingStep, "Plug in the ribbon cable"),
    (DeviationType::OverTime, "Apply the label"),
    (DeviationType::OutOfOrder, "Fit the cover"),
    (DeviationType::ExtraActivity, ""),
    (DeviationType::WrongExecution, "Scan the code"),
    (DeviationType::UnderTime, "Wipe the housing"),
];

/// Results that become better with time, with relapses.
pub(crate) fn results(count: u32) -> Vec<PastResult> {
    (0..count).map(|index| result(index, count)).collect()
}

fn result(index: u32, count: u32) -> PastResult {
    let wave = f64::from((index * 37) % 17) / 17.0;
    let score = (48.0 + 44.0 * f64::from(index) / f64::from(count) + 18.0 * wave - 6.0).min(100.0);
    let verdict = match score {
        _ if index % 19 == 11 => Verdict::NotComparable,
        80.0.. => Verdict::Pass,
        60.0.. => Verdict::NeedsReview,
        _ => Verdict::Fail,
    };
    let wrong = ((100.0 - score) / 12.0) as usize;
    PastResult {
        job_id: format!("job-{index:04}"),
        video_id: format!("video-{index:04}"),
        video: format!("attempt-{:02}.mp4", index + 1),
        trainee: TRAINEES[index as usize % TRAINEES.len()].map(str::to_owned),
        at: datetime!(2026-01-12 08:30 UTC) + Duration::hours(i64::from(index) * 41),
        score,
        verdict,
        deviations: (0..wrong)
            .map(|at| {
                let (kind, step) = OFTEN[(at * at + index as usize) % OFTEN.len()];
                PastDeviation {
                    kind,
                    step: step.to_owned(),
                }
            })
            .collect(),
    }
}
