use sopilot_dtw::Side;

use super::*;
use crate::kernel::MAX_KERNEL_ROWS;
use crate::procedure::Step;
use crate::synthetic::{Performance, Work};

fn prepare_gold(
    performance: &Performance,
    procedure: &Procedure,
    step_times: &[TimeRange],
) -> Result<PreparedGold, PrepareError> {
    let data = performance.rows.concat();
    let view = MatrixView::new(
        Side::Gold,
        performance.rows.len(),
        performance.rows[0].len(),
        &data,
    )
    .unwrap();
    prepare(&view, &performance.clips(), procedure, step_times)
}

fn timed(name: &str, start_s: f64, end_s: f64) -> Step {
    Step {
        gold_time: Some(TimeRange { start_s, end_s }),
        ..Step::named(name)
    }
}

fn with_steps(steps: Vec<Step>) -> Procedure {
    Procedure {
        steps,
        ..Procedure::default()
    }
}

#[test]
fn given_times_become_clips() {
    let work = Work::new(1, 4);
    let gold = work.gold(1);
    let prepared = prepare_gold(&gold, &gold.procedure(), &[]).unwrap();
    assert_eq!(prepared.step_source, StepSource::Given);
    let ranges: Vec<_> = prepared
        .steps
        .iter()
        .map(|s| s.clips.start as usize..s.clips.end as usize)
        .collect();
    assert_eq!(
        ranges,
        gold.steps
            .iter()
            .map(|(_, clips)| clips.clone())
            .collect::<Vec<_>>()
    );
    assert!(prepared.self_similarity_quantiles.is_sorted());
}

#[test]
fn steps_are_found_where_none_are_given() {
    let gold = Work::new(1, 4).gold(1);
    let prepared = prepare_gold(&gold, &Procedure::default(), &[]).unwrap();
    assert_eq!(prepared.step_source, StepSource::Found);
    assert!(prepared.steps.len() >= 4, "{:?}", prepared.steps);
    assert_eq!(prepared.steps[0].name, "Step 1");
    assert_eq!(prepared.steps[0].time.start_s, 0.0);
    assert!(
        prepared
            .steps
            .windows(2)
            .all(|pair| pair[0].time.end_s == pair[1].time.start_s)
    );
}

#[test]
fn a_long_gold_is_reduced_and_still_cut_right() {
    let work = Work::new(1, 4).stretched(80);
    let gold = work.gold(1);
    assert!(gold.rows.len() > 2 * MAX_KERNEL_ROWS);
    let prepared = prepare_gold(&gold, &Procedure::default(), &[]).unwrap();
    for cut in gold.boundaries() {
        let near = |step: &PreparedStep| (step.clips.start as usize).abs_diff(cut) < 30;
        assert!(
            prepared.steps.iter().any(near),
            "{cut}: {:?}",
            prepared.steps
        );
    }
}

#[test]
fn one_clip_is_one_step() {
    let gold = Performance {
        rows: vec![vec![1.0, 2.0]],
        steps: Vec::new(),
    };
    let prepared = prepare_gold(&gold, &Procedure::default(), &[]).unwrap();
    assert_eq!(prepared.steps[0].clips, 0..1);
    assert_eq!(prepared.self_similarity_quantiles, [1.0; 5]);
}

#[test]
fn wrong_times_are_explained() {
    let gold = Work::new(1, 4).gold(1);
    let error = |steps: Vec<Step>, times: &[TimeRange]| {
        prepare_gold(&gold, &with_steps(steps), times)
            .unwrap_err()
            .to_string()
    };
    let outside = error(
        vec![timed("wash", 0.0, 5.0), timed("dry", 900.0, 910.0)],
        &[],
    );
    for part in [
        "\"dry\"",
        "900 s to 910 s",
        "outside the video",
        " s long",
        "correct",
    ] {
        assert!(outside.contains(part), "{outside}");
    }
    assert!(error(vec![timed("blink", 0.0, 0.01)], &[]).contains("too short to be seen"));
    assert!(error(vec![timed("a", 0.0, 5.0), Step::named("b")], &[]).contains("\"b\" has no time"));
    assert!(error(vec![Step::named("b")], &[]).contains("without times"));
    let time = |start_s, end_s| TimeRange { start_s, end_s };
    let two = || vec![timed("a", 0.0, 5.0), timed("b", 5.0, 9.0)];
    assert!(error(two(), &[time(0.0, 5.0)]).contains("1 step times"));
    assert!(error(two(), &[time(0.0, 5.0), time(4.0, 9.0)]).contains("overlaps"));
    assert!(error(two(), &[time(0.0, f64::NAN), time(4.0, 9.0)]).contains("\"a\" has a time"));
    let moved = prepare_gold(&gold, &with_steps(two()), &[time(1.0, 5.0), time(6.0, 9.0)]).unwrap();
    assert_eq!(moved.steps[1].time, time(6.0, 9.0));
}

#[test]
fn clips_must_fit_the_embeddings() {
    let gold = Work::new(1, 2).gold(1);
    let data = gold.rows.concat();
    let view = MatrixView::new(Side::Gold, gold.rows.len(), gold.rows[0].len(), &data).unwrap();
    let mut clips = gold.clips();
    clips[3].start_s = f64::NAN;
    let error = prepare(&view, &clips, &Procedure::default(), &[]).unwrap_err();
    assert_eq!(error, PrepareError::BadClip { clip: 3 });
    let error = prepare(&view, &clips[1..], &Procedure::default(), &[]).unwrap_err();
    assert!(matches!(error, PrepareError::ClipCount { .. }));
}
