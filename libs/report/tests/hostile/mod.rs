//! Reports that somebody made in order to do harm, or that are very long.

use sopilot_report::{DeviationReview, Report, SimilarityMatrix};

use crate::model;

/// Names that are markup, code of the typesetter, controls, or very long.
pub(crate) const NAMES: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'; onload='alert(1)",
    "</style><style>*{display:none}</style></title></svg><iframe src=https://example.org>",
    "gpj\u{202e}fdp.exe\u{2066}\u{202a}\u{200f}",
    "line\r\nbreak\0\x1b[2J\u{85}",
    "#eval(\"1\") #read(\"/etc/passwd\") $x$ @label *b* `raw` \\ //",
    "{ $step } {\"x\"} &amp; &#60;script&#62; <!-- ]]> -->",
    "سطر ケーブル 👩\u{200d}🔧 e\u{301}\u{301}\u{301}",
];

/// The sample with such names everywhere.
pub(crate) fn report() -> Report {
    let mut report = model::report();
    let long = "A".repeat(10_000);
    let name = |index: usize| NAMES[index % NAMES.len()].to_owned();
    report.task = NAMES.concat();
    report.gold.name.clone_from(&long);
    report.trainee.name = name(4);
    report.verdict_reason = NAMES.concat();
    if let Some(review) = &mut report.review {
        review.reviewer = name(1);
        review.comment = NAMES.join("\n") + &long;
    }
    for (index, step) in report.steps.iter_mut().enumerate() {
        step.result.name = name(index);
        step.result.parent = (index % 3 > 0).then_some((index - index % 3) as u32);
    }
    for (index, deviation) in report.deviations.iter_mut().enumerate() {
        deviation.found.step_name = name(index + 2);
        deviation.found.reason = NAMES.concat();
        deviation.review = Some(DeviationReview {
            confirmed: index % 2 == 0,
            reviewer: name(index),
            comment: name(index + 3),
        });
    }
    report.deviations[0].found.step_name = long;
    let made = &mut report.provenance;
    made.job_id = name(0);
    made.trainee_video_id = name(3);
    made.embedder.name = name(1);
    made.embedder.adapter = Some(name(5));
    made.code_version = name(3);
    report
}

/// A pair of ten minutes with two hundred steps, of which every third is amiss.
pub(crate) fn long_report() -> Report {
    let mut report = model::report();
    (report.gold.duration_s, report.trainee.duration_s) = (600.0, 600.0);
    let (steps, deviations) = (report.steps.clone(), report.deviations.clone());
    report.steps = (0..200)
        .map(|index| {
            let mut step = steps[index as usize % steps.len()].clone();
            step.result.index = index;
            step.result.parent = None;
            step.result.name = format!("Step number {index} with a name of some length");
            step.result.gold_time.start_s = f64::from(index) * 3.0;
            step.result.gold_time.end_s = f64::from(index) * 3.0 + 2.9;
            step.result.trainee_time = step.result.trainee_time.map(|_| step.result.gold_time);
            step
        })
        .collect();
    report.deviations = (0..66)
        .map(|index| {
            let mut deviation = deviations[index as usize % deviations.len()].clone();
            let step = &report.steps[3 * index as usize];
            deviation.found.trainee_time = step.result.gold_time;
            deviation.found.gold_time = Some(step.result.gold_time);
            deviation
        })
        .collect();
    let side = 1_024_u32;
    report.similarity = Some(SimilarityMatrix {
        rows: side,
        columns: side,
        cells: (0..side * side)
            .map(|cell| (cell.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect(),
    });
    report
}
