//! Whole performances with known mistakes.

mod parts;

use std::ops::Range;

use sopilot_dtw::{Alignment, Centring, Evidence, MatrixView, Options, Side, align_with_evidence};

use super::*;
use crate::clip::{Clip, ClipFlag};
use crate::prepare::{PreparedGold, prepare};
use crate::procedure::{DurationRange, Order, Procedure, TimeRange};
use crate::report::Verdict;
use crate::synthetic::{Act, Performance, Work};

const SEEDS: Range<u64> = 0..8;

#[derive(Debug)]
struct Compared {
    prepared: PreparedGold,
    alignment: Alignment,
    evidence: Evidence,
}

fn view<'a>(side: Side, performance: &Performance, data: &'a [f32]) -> MatrixView<'a> {
    MatrixView::new(
        side,
        performance.rows.len(),
        performance.rows[0].len(),
        data,
    )
    .unwrap()
}

fn compare(
    procedure: &Procedure,
    gold: &Performance,
    times: &[TimeRange],
    trainee: &Performance,
) -> Compared {
    let (gold_data, trainee_data) = (gold.rows.concat(), trainee.rows.concat());
    let gold_view = view(Side::Gold, gold, &gold_data);
    let prepared = prepare(&gold_view, &gold.clips(), procedure, times).unwrap();
    let steps: Vec<_> = prepared
        .steps
        .iter()
        .map(|step| step.clips.clone())
        .collect();
    let options = Options {
        centring: Centring::OnEach,
        ..Options::default()
    };
    let trainee_view = view(Side::Trainee, trainee, &trainee_data);
    let (alignment, evidence) =
        align_with_evidence(&gold_view, &trainee_view, &steps, &options).unwrap();
    Compared {
        prepared,
        alignment,
        evidence,
    }
}

fn outcome(procedure: &Procedure, compared: &[Compared], clips: &[Clip]) -> ScoreOutcome {
    let golds: Vec<GoldInput<'_>> = compared
        .iter()
        .map(|one| GoldInput {
            prepared: &one.prepared,
            alignment: &one.alignment,
            evidence: &one.evidence,
        })
        .collect();
    score(&ScoreInput {
        procedure,
        golds: &golds,
        trainee: clips,
    })
    .unwrap()
}

fn run_with(
    work: &Work,
    acts: &[Act],
    seed: u64,
    change: impl FnOnce(&mut Procedure),
) -> ScoreOutcome {
    let gold = work.gold(seed);
    let mut procedure = gold.procedure();
    change(&mut procedure);
    let trainee = work.perform(acts, seed + 100);
    let compared = compare(&procedure, &gold, &[], &trainee);
    outcome(&procedure, &[compared], &trainee.clips())
}

fn kinds(outcome: &ScoreOutcome) -> Vec<(DeviationType, Option<u32>)> {
    outcome
        .deviations
        .iter()
        .map(|deviation| (deviation.kind, deviation.gold_step))
        .collect()
}

#[test]
fn a_step_begun_as_one_gold_and_ended_as_another_was_done_once() {
    for seed in SEEDS {
        let work = Work::new(seed, 5);
        let first = work.gold(seed);
        // Another way to do step 2.
        let mut acts = work.in_order();
        acts[2] = Act::Other(7, 24);
        let mut second = work.perform(&acts, seed + 50);
        let other_way = second.steps[1].1.end..second.steps[2].1.start;
        second.steps.insert(2, (2, other_way));
        let middle =
            |gold: &Performance| usize::midpoint(gold.steps[2].1.start, gold.steps[2].1.end);
        let mut rows = first.rows[..middle(&first)].to_vec();
        rows.extend_from_slice(&second.rows[middle(&second)..]);
        let trainee = Performance {
            rows,
            steps: Vec::new(),
        };
        let procedure = first.procedure();
        let times: Vec<TimeRange> = (second.procedure().steps.iter())
            .map(|step| step.gold_time.unwrap())
            .collect();
        let golds = [
            compare(&procedure, &first, &[], &trainee),
            compare(&procedure, &second, &times, &trainee),
        ];
        let outcome = outcome(&procedure, &golds, &trainee.clips());
        assert_eq!(kinds(&outcome), [], "seed {seed}");
    }
}

/// How many seeds find exactly the expected deviations.
fn exact(acts: impl Fn(&Work) -> Vec<Act>, expected: &[(DeviationType, Option<u32>)]) -> usize {
    SEEDS
        .filter(|&seed| {
            let work = Work::new(seed, 6);
            let found = kinds(&run_with(&work, &acts(&work), seed, |_| ()));
            if found != expected {
                println!("seed {seed}: {found:?}");
            }
            found == expected
        })
        .count()
}

const ALMOST_ALL: usize = 7;

#[test]
fn the_gold_against_itself_is_perfect() {
    for seed in 0..20 {
        for steps in [1, 2, 7] {
            let work = Work::new(seed, steps);
            let gold = work.gold(seed);
            for procedure in [gold.procedure(), Procedure::default()] {
                let compared = compare(&procedure, &gold, &[], &gold);
                let outcome = outcome(&procedure, &[compared], &gold.clips());
                assert_eq!(kinds(&outcome), [], "seed {seed}, {steps} steps");
                assert_eq!((outcome.score, outcome.verdict), (100.0, Verdict::Pass));
                assert!(
                    outcome
                        .steps
                        .iter()
                        .all(|step| step.status == StepStatus::Done)
                );
                assert!(
                    outcome
                        .steps
                        .iter()
                        .all(|step| (step.duration_ratio.unwrap() - 1.0).abs() < 0.2)
                );
            }
        }
    }
}

#[test]
fn a_good_second_performance_passes() {
    assert!(exact(Work::in_order, &[]) >= ALMOST_ALL);
    let work = Work::new(3, 6);
    let outcome = run_with(&work, &work.in_order(), 3, |_| ());
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict_reason);
    assert!(
        outcome.steps.iter().all(|step| step.similarity > 0.6),
        "{:?}",
        outcome.steps
    );
}

#[test]
fn a_step_left_out_is_missing() {
    let acts = |work: &Work| {
        work.in_order()
            .into_iter()
            .filter(|act| *act != Act::Step(2, 1.0))
            .collect()
    };
    assert!(exact(acts, &[(DeviationType::MissingStep, Some(2))]) >= ALMOST_ALL);
}

#[test]
fn an_optional_step_left_out_is_skipped_at_no_cost() {
    let work = Work::new(1, 6);
    let acts: Vec<Act> = work
        .in_order()
        .into_iter()
        .filter(|act| *act != Act::Step(2, 1.0))
        .collect();
    let outcome = run_with(&work, &acts, 1, |procedure| {
        procedure.steps[2].optional = true;
    });
    assert_eq!((outcome.score, outcome.verdict), (100.0, Verdict::Pass));
    assert_eq!(outcome.steps[2].status, StepStatus::Skipped);
}

#[test]
fn a_critical_step_left_out_never_passes() {
    let work = Work::new(1, 6);
    let acts: Vec<Act> = work
        .in_order()
        .into_iter()
        .filter(|act| *act != Act::Step(2, 1.0))
        .collect();
    let light = |procedure: &mut Procedure| procedure.steps[2].weight = 0.01;
    assert_eq!(run_with(&work, &acts, 1, light).verdict, Verdict::Pass);
    let outcome = run_with(&work, &acts, 1, |procedure| {
        light(procedure);
        procedure.steps[2].critical = true;
    });
    assert_eq!(outcome.verdict, Verdict::Fail);
    assert_eq!(outcome.deviations[0].verdict_without, Verdict::Pass);
    assert!(outcome.score > 99.0);
    assert!(
        outcome.verdict_reason.contains("step 2"),
        "{}",
        outcome.verdict_reason
    );
}

#[test]
fn swapped_steps_are_out_of_order() {
    let found = SEEDS
        .filter(|&seed| {
            let work = Work::new(seed, 6);
            let mut acts = work.in_order();
            acts.swap(2, 3);
            let outcome = run_with(&work, &acts, seed, |_| ());
            let kinds = kinds(&outcome);
            let either = [2, 3].map(|step| vec![(DeviationType::OutOfOrder, Some(step))]);
            either.contains(&kinds) && outcome.metrics.swap == 1
        })
        .count();
    assert!(found >= ALMOST_ALL, "{found}");
}

#[test]
fn an_order_that_the_procedure_allows_is_no_deviation() {
    let found = SEEDS
        .filter(|&seed| {
            let work = Work::new(seed, 6);
            let mut acts = work.in_order();
            acts.swap(2, 3);
            let free = Order::Partial(vec![(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (4, 5)]);
            kinds(&run_with(&work, &acts, seed, |procedure| {
                procedure.order = free.clone();
            }))
            .is_empty()
        })
        .count();
    assert!(found >= ALMOST_ALL, "{found}");
}

#[test]
fn a_step_done_again_is_repeated() {
    let acts = |work: &Work| {
        let mut acts = work.in_order();
        acts.insert(4, Act::Step(1, 1.0));
        acts
    };
    assert!(exact(acts, &[(DeviationType::RepeatedStep, Some(1))]) >= ALMOST_ALL);
}

#[test]
fn a_step_done_again_at_once_is_repeated_and_not_slow() {
    let acts = |work: &Work| {
        let mut acts = work.in_order();
        acts.insert(3, Act::Step(2, 1.0));
        acts
    };
    assert!(exact(acts, &[(DeviationType::RepeatedStep, Some(2))]) >= ALMOST_ALL);
}

#[test]
fn foreign_work_between_steps_is_extra() {
    let acts = |work: &Work| {
        let mut acts = work.in_order();
        acts.insert(3, Act::Other(7, 25));
        acts
    };
    assert!(exact(acts, &[(DeviationType::ExtraActivity, None)]) >= ALMOST_ALL);
}

#[test]
fn foreign_work_in_a_steps_place_is_wrong_execution() {
    let acts = |work: &Work| {
        let mut acts = work.in_order();
        acts[3] = Act::Other(7, 20);
        acts
    };
    assert!(exact(acts, &[(DeviationType::WrongExecution, Some(3))]) >= ALMOST_ALL);
}

#[test]
fn slow_and_hasty_steps_are_over_and_under_time() {
    let tempo = |step: usize, tempo: f64| {
        move |work: &Work| {
            let mut acts = work.in_order();
            acts[step] = Act::Step(step, tempo);
            acts
        }
    };
    assert!(exact(tempo(2, 3.0), &[(DeviationType::OverTime, Some(2))]) >= ALMOST_ALL);
    assert!(exact(tempo(2, 0.3), &[(DeviationType::UnderTime, Some(2))]) >= 6);
    // A trainee who is slow throughout has another tempo, and no slow step.
    let slow = |work: &Work| {
        (0..work.in_order().len())
            .map(|step| Act::Step(step, 2.0))
            .collect()
    };
    assert!(exact(slow, &[]) >= ALMOST_ALL);
}

#[test]
fn the_procedures_own_durations_come_first() {
    let work = Work::new(2, 6);
    let limit = |max_s: f64| {
        move |procedure: &mut Procedure| {
            procedure.steps[2].duration = Some(DurationRange { min_s: 0.0, max_s });
        }
    };
    let outcome = run_with(&work, &work.in_order(), 2, limit(2.0));
    assert_eq!(kinds(&outcome), [(DeviationType::OverTime, Some(2))]);
    let mut acts = work.in_order();
    acts[2] = Act::Step(2, 3.0);
    assert_eq!(kinds(&run_with(&work, &acts, 2, limit(1000.0))), []);
}

#[test]
fn a_step_done_in_part_is_noticed() {
    // As wrong, hasty or missing, or as a doubt that asks for a person.
    let noticed = SEEDS
        .filter(|&seed| {
            let work = Work::new(seed, 6);
            let mut acts = work.in_order();
            acts[3] = Act::Part(3, 0.25);
            let outcome = run_with(&work, &acts, seed, |_| ());
            let found = kinds(&outcome);
            assert!(
                found.iter().all(|(_, step)| *step == Some(3)),
                "seed {seed}: {found:?}"
            );
            println!("seed {seed}: {found:?} {:?}", outcome.verdict);
            !found.is_empty() || outcome.verdict == Verdict::NeedsReview
        })
        .count();
    assert!(noticed >= 6, "{noticed}");
}

#[test]
fn unrelated_work_is_not_comparable() {
    for seed in SEEDS {
        let work = Work::new(seed, 6);
        let acts: Vec<Act> = (0..6).map(|other| Act::Other(50 + other, 20)).collect();
        let outcome = run_with(&work, &acts, seed, |_| ());
        assert_eq!(
            outcome.verdict,
            Verdict::NotComparable,
            "seed {seed}: {outcome:?}"
        );
    }
}

#[test]
fn what_cannot_be_seen_is_not_judged() {
    let work = Work::new(3, 6);
    let gold = work.gold(3);
    let procedure = gold.procedure();
    let trainee = work.perform(&work.in_order(), 103);
    let compared = [compare(&procedure, &gold, &[], &trainee)];
    for (flagged, expected) in [
        (0.1, Verdict::Pass),
        (0.5, Verdict::NeedsReview),
        (0.9, Verdict::NotComparable),
    ] {
        let mut clips = trainee.clips();
        let dark = (clips.len() as f64 * flagged) as usize;
        clips[..dark]
            .iter_mut()
            .for_each(|clip| clip.flags.push(ClipFlag::LowLight));
        assert_eq!(
            outcome(&procedure, &compared, &clips).verdict,
            expected,
            "{flagged}"
        );
    }
}

#[test]
fn what_one_of_several_golds_shows_is_no_deviation() {
    let work = Work::new(4, 6);
    let gold = work.gold(4);
    let procedure = gold.procedure();
    // The second gold does step 2 in another way.
    let mut acts = work.in_order();
    acts[2] = Act::Other(7, 20);
    let other = work.perform(&acts, 44);
    let clips = other.clips();
    let mut starts: Vec<usize> = other.boundaries();
    starts.insert(0, 0);
    starts.insert(2, starts[2] - 20);
    let ends = starts[1..].iter().copied().chain([clips.len()]);
    let times: Vec<TimeRange> = starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| TimeRange {
            start_s: clips[start].middle_s() - 0.25,
            end_s: clips[end - 1].middle_s() + 0.25,
        })
        .collect();
    let trainee = work.perform(&acts, 104);
    let first = compare(&procedure, &gold, &[], &trainee);
    let alone = outcome(&procedure, &[first], &trainee.clips());
    assert_eq!(kinds(&alone), [(DeviationType::WrongExecution, Some(2))]);
    let both = [
        compare(&procedure, &gold, &[], &trainee),
        compare(&procedure, &other, &times, &trainee),
    ];
    let together = outcome(&procedure, &both, &trainee.clips());
    assert_eq!(kinds(&together), []);
    assert_eq!(together.steps[2].gold_time, alone.steps[2].gold_time);
}

#[test]
fn inputs_that_do_not_belong_together_are_refused() {
    let work = Work::new(1, 3);
    let gold = work.gold(1);
    let procedure = gold.procedure();
    let one = compare(&procedure, &gold, &[], &gold);
    let clips = gold.clips();
    let try_score = |procedure: &Procedure, one: &Compared, clips: &[Clip]| {
        let golds = [GoldInput {
            prepared: &one.prepared,
            alignment: &one.alignment,
            evidence: &one.evidence,
        }];
        score(&ScoreInput {
            procedure,
            golds: &golds,
            trainee: clips,
        })
        .unwrap_err()
    };
    assert!(matches!(
        try_score(&procedure, &one, &clips[1..]),
        ScoreError::Size { .. }
    ));
    assert_eq!(
        try_score(&procedure, &one, &[]),
        ScoreError::BadClip { clip: 0 }
    );
    let mut shorter = procedure.clone();
    shorter.steps.pop();
    assert_eq!(
        try_score(&shorter, &one, &clips),
        ScoreError::StepCount {
            gold: 0,
            procedure: 2,
            prepared: 3
        }
    );
    let mut corrupt = compare(&procedure, &gold, &[], &gold);
    corrupt.evidence.gold_best[0] = f32::NAN;
    assert!(matches!(
        try_score(&procedure, &corrupt, &clips),
        ScoreError::Corrupt { .. }
    ));
    let mut corrupt = compare(&procedure, &gold, &[], &gold);
    corrupt.alignment.path.remove(5);
    corrupt.alignment.path_costs.remove(5);
    assert!(matches!(
        try_score(&procedure, &corrupt, &clips),
        ScoreError::Corrupt { .. }
    ));
    let input = ScoreInput {
        procedure: &procedure,
        golds: &[],
        trainee: &clips,
    };
    assert_eq!(score(&input), Err(ScoreError::NoGold));
}

/// Stops before a clip and looks like another for some clips, in which so much
/// stirs.
fn stopping(
    work: &Work,
    (at, like): (usize, usize),
    clips: usize,
    motion: f64,
) -> (Performance, Vec<Clip>) {
    let mut performance = work.perform(&work.in_order(), 203);
    let held = vec![performance.rows[like].clone(); clips];
    performance.rows.splice(at..at, held);
    let mut timed = performance.clips();
    for (index, clip) in timed.iter_mut().enumerate() {
        let stops = (at..at + clips).contains(&index);
        clip.motion = Some(if stops { motion } else { 5.0 });
    }
    (performance, timed)
}

/// The deviations of who stops; see [`stopping`].
fn when_stopping(
    stop: impl Fn(&Range<usize>) -> (usize, usize),
    motion: f64,
) -> Vec<(DeviationType, Option<u32>)> {
    let work = Work::new(3, 6);
    let gold = work.gold(3);
    let procedure = gold.procedure();
    let step = work.perform(&work.in_order(), 203).steps[2].1.clone();
    let (trainee, clips) = stopping(&work, stop(&step), 24, motion);
    let compared = compare(&procedure, &gold, &[], &trainee);
    kinds(&outcome(&procedure, &[compared], &clips))
}

#[test]
fn a_pause_beside_a_step_is_neither_slow_nor_extra() {
    assert_eq!(when_stopping(|step| (step.end, step.end - 1), 0.1), []);
}

#[test]
fn a_pause_that_looks_like_the_middle_of_a_step_is_no_other_time() {
    let middle = |step: &Range<usize>| (step.end, step.start.midpoint(step.end));
    assert_eq!(when_stopping(middle, 0.1), []);
    assert_ne!(when_stopping(middle, 4.0), []);
}

#[test]
fn stopping_in_the_middle_of_a_step_is_slow() {
    let middle = |step: &Range<usize>| {
        let middle = step.start.midpoint(step.end);
        (middle, middle - 1)
    };
    let slow = [(DeviationType::OverTime, Some(2))];
    assert_eq!(when_stopping(middle, 0.1), slow);
    assert_eq!(when_stopping(middle, 4.0), slow);
}

#[test]
fn foreign_work_that_hardly_stirs_is_a_pause() {
    let work = Work::new(3, 6);
    let gold = work.gold(3);
    let procedure = gold.procedure();
    let mut acts = work.in_order();
    acts.insert(3, Act::Other(9, 20));
    let trainee = work.perform(&acts, 203);
    let other = trainee.steps[2].1.end..trainee.steps[3].1.start;
    let found = |motion: f64| {
        let mut clips = trainee.clips();
        for (index, clip) in clips.iter_mut().enumerate() {
            clip.motion = Some(if other.contains(&index) { motion } else { 5.0 });
        }
        let compared = compare(&procedure, &gold, &[], &trainee);
        kinds(&outcome(&procedure, &[compared], &clips))
    };
    assert_eq!(found(0.1), []);
    assert_eq!(found(4.0), [(DeviationType::ExtraActivity, None)]);
}

#[test]
fn a_step_broken_off_is_done_wrongly() {
    let work = Work::new(3, 6);
    let mut acts = work.in_order();
    acts[2] = Act::Part(2, 0.6);
    let outcome = run_with(&work, &acts, 3, |_| ());
    assert_eq!(kinds(&outcome), [(DeviationType::WrongExecution, Some(2))]);
    assert!(outcome.deviations[0].reason.contains("broken off"));
}
