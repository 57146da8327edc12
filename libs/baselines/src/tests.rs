//! What each method finds on simulated embeddings, and what it cannot.

use std::collections::BTreeSet;

use sopilot_judge::{DeviationKind, Prediction, Reported, Truth};
use sopilot_procedure::{Clip, Procedure, Step, TimeRange, score_without};
use sopilot_testkit::{self as testkit, Edit, Geometry, Performance, simulate};

use super::*;

mod controls;

/// Recordings in which every method does what it can.
fn clear() -> Geometry {
    Geometry::default().with_shift(0.5)
}

fn recording(performance: &Performance, geometry: &Geometry) -> Recording {
    let made = simulate(performance, geometry);
    Recording {
        clips: (made.clips.iter())
            .map(|&(start_s, end_s)| Clip::new(start_s, end_s))
            .collect(),
        rows: made.rows,
        dim: made.dim,
    }
}

fn gold(work: &testkit::Procedure, geometry: &Geometry) -> Gold {
    let performance = Performance::gold(work);
    let step = |step: testkit::GoldStep| Step {
        gold_time: Some(TimeRange {
            start_s: step.time.start_s,
            end_s: step.time.end_s,
        }),
        ..Step::named(step.name)
    };
    let procedure = Procedure {
        steps: performance.gold_steps().into_iter().map(step).collect(),
        ..Procedure::default()
    };
    Gold::new(procedure, recording(&performance, geometry)).unwrap()
}

/// A trainee whose mistakes are known, and the gold.
struct Case {
    gold: Gold,
    trainee: Recording,
    truth: Truth,
}

impl Case {
    fn new(seed: u64, edits: &[Edit]) -> Self {
        let work = testkit::Procedure::demo(seed);
        let trainee = Performance::new(&work, 100 + seed);
        let trainee = edits
            .iter()
            .copied()
            .try_fold(trainee, Performance::with)
            .unwrap();
        Self {
            gold: gold(&work, &clear()),
            truth: trainee.truth(),
            trainee: recording(&trainee, &clear()),
        }
    }

    fn pair(&self) -> Pair<'_> {
        Pair::new(&self.gold, &self.trainee, Some(&self.truth)).unwrap()
    }
}

/// Five trainees of as many procedures, with the same mistakes.
fn cases(edits: &[Edit]) -> Vec<Case> {
    (0..5).map(|seed| Case::new(seed, edits)).collect()
}

fn suspicions(method: &dyn Method, pairs: &[Pair<'_>]) -> Vec<f64> {
    let suspicion = |pair| method.predict(pair).unwrap().suspicion;
    pairs.iter().map(suspicion).collect()
}

fn shown(prediction: &Prediction) -> impl Iterator<Item = &Reported> {
    let all = prediction.deviations.iter().flatten();
    all.filter(|one| one.is_shown)
}

/// For how many pairs the mistake is shown, with its step.
fn found(method: &dyn Method, pairs: &[Pair<'_>]) -> usize {
    let is_found = |pair: &&Pair<'_>| {
        let wanted = &pair.truth.unwrap().deviations[0];
        shown(&method.predict(pair).unwrap()).any(|one| {
            let step = one.gold_step;
            one.kind == wanted.kind
                && (step == wanted.gold_step || (step.is_some() && step == wanted.swapped_with))
        })
    };
    pairs.iter().filter(is_found).count()
}

/// All kinds that are shown.
fn kinds(method: &dyn Method, pairs: &[Pair<'_>]) -> BTreeSet<DeviationKind> {
    let of_pair = |pair| -> Vec<DeviationKind> {
        let prediction = method.predict(pair).unwrap();
        shown(&prediction).map(|one| one.kind).collect()
    };
    pairs.iter().flat_map(of_pair).collect()
}

const DROP: Edit = Edit::Drop { step: 3 };
const SWAP: Edit = Edit::Swap { first: 2 };
const SLOW: Edit = Edit::Slow {
    step: 4,
    factor: 3.0,
};
const INSERT: Edit = Edit::Insert {
    after: 2,
    seconds: 8.0,
};
const MOVE: Edit = Edit::MoveTo { step: 1, to: 5 };

/// Methods that decode steps and report what they find.
fn decoders() -> [Box<dyn Method>; 6] {
    [
        Box::new(Argmax),
        Box::new(LeftToRight),
        Box::new(DropDtw),
        Box::new(OracleBoundaries),
        Box::new(DurationHmm::FULL),
        Box::new(Sopilot::FULL),
    ]
}

#[test]
fn names_are_unique_and_every_method_answers() {
    let methods = all();
    let names: BTreeSet<&str> = methods.iter().map(|method| method.name()).collect();
    assert_eq!(names.len(), methods.len());
    let cases = cases(&[DROP]);
    let pairs: Vec<Pair<'_>> = cases.iter().map(Case::pair).collect();
    for method in &methods {
        assert!(!method.about().is_empty());
        for pair in &pairs {
            let prediction = method.predict(pair).unwrap();
            assert!(prediction.suspicion.is_finite(), "{}", method.name());
            let confidences = prediction.deviations.iter().flatten();
            for one in confidences.filter_map(|one| one.confidence) {
                assert!((0.0..=1.0).contains(&one), "{}: {one}", method.name());
            }
            let ends: Vec<f64> = prediction
                .steps
                .iter()
                .flatten()
                .flat_map(|step| [step.start_s, step.end_s])
                .collect();
            assert!(ends.is_sorted(), "{}: {ends:?}", method.name());
        }
    }
}

#[test]
fn a_missing_step_is_found_by_all_that_decode() {
    let cases = cases(&[DROP]);
    let pairs: Vec<Pair<'_>> = cases.iter().map(Case::pair).collect();
    for method in decoders() {
        let found = found(method.as_ref(), &pairs);
        assert!(found >= 4, "{}: {found} of 5", method.name());
    }
}

#[test]
fn a_slow_step_is_found_by_all_that_decode() {
    let cases = cases(&[SLOW]);
    let pairs: Vec<Pair<'_>> = cases.iter().map(Case::pair).collect();
    for method in decoders() {
        let found = found(method.as_ref(), &pairs);
        assert!(found >= 3, "{}: {found} of 5", method.name());
    }
}

#[test]
fn a_swap_is_found_by_what_may_go_back_and_never_by_a_monotone_path() {
    let cases = cases(&[SWAP]);
    let pairs: Vec<Pair<'_>> = cases.iter().map(Case::pair).collect();
    let able: [&dyn Method; 4] = [
        &Argmax,
        &OracleBoundaries,
        &DurationHmm::FULL,
        &Sopilot::FULL,
    ];
    for method in able {
        let found = found(method, &pairs);
        assert!(found >= 4, "{}: {found} of 5", method.name());
    }
    let moved: Vec<Case> = (0..5).map(|seed| Case::new(seed, &[MOVE])).collect();
    let moved: Vec<Pair<'_>> = moved.iter().map(Case::pair).collect();
    let monotone: [&dyn Method; 3] = [&EarlierRules, &LeftToRight, &DropDtw];
    for method in monotone {
        for pairs in [&pairs, &moved] {
            let kinds = kinds(method, pairs);
            assert!(
                !kinds.contains(&DeviationKind::OutOfOrder),
                "{}",
                method.name()
            );
            assert!(
                !kinds.contains(&DeviationKind::RepeatedStep),
                "{}",
                method.name()
            );
        }
    }
}

#[test]
fn extra_activity_is_found_by_what_has_a_place_for_it() {
    let cases = cases(&[INSERT]);
    let pairs: Vec<Pair<'_>> = cases.iter().map(Case::pair).collect();
    let able: [&dyn Method; 3] = [&OracleBoundaries, &DurationHmm::FULL, &Sopilot::FULL];
    for method in able {
        let found = found(method, &pairs);
        assert!(found >= 3, "{}: {found} of 5", method.name());
    }
    let unable: [&dyn Method; 3] = [&EarlierRules, &Argmax, &LeftToRight];
    for method in unable {
        let kinds = kinds(method, &pairs);
        assert!(
            !kinds.contains(&DeviationKind::ExtraActivity),
            "{}",
            method.name()
        );
    }
}

#[test]
fn only_the_product_looks_at_the_course_of_a_step_done_again() {
    let cases = cases(&[Edit::Repeat { step: 4 }]);
    let pairs: Vec<Pair<'_>> = cases.iter().map(Case::pair).collect();
    assert!(found(&Sopilot::FULL, &pairs) >= 3);
    assert_eq!(found(&Sopilot::NO_COURSE, &pairs), 0);
    assert_eq!(found(&DurationHmm::FULL, &pairs), 0);
    assert!(found(&OracleBoundaries, &pairs) >= 4);
}

#[test]
fn length_knows_slowness_and_nothing_of_order() {
    let suspicion = |edits: &[Edit]| -> Vec<f64> {
        let cases = cases(edits);
        let pairs: Vec<Pair<'_>> = cases.iter().map(Case::pair).collect();
        suspicions(&LengthOnly, &pairs)
    };
    let (good, swapped, slow) = (suspicion(&[]), suspicion(&[SWAP]), suspicion(&[SLOW]));
    for (good, swapped) in good.iter().zip(&swapped) {
        assert!((good - swapped).abs() < 0.02, "{good} {swapped}");
    }
    assert!(area_under_curve(&good, &slow) > 0.9);
}

#[test]
fn whole_videos_are_suspicious_if_a_step_is_missing() {
    let (good, bad) = (cases(&[]), cases(&[DROP]));
    let good: Vec<Pair<'_>> = good.iter().map(Case::pair).collect();
    let bad: Vec<Pair<'_>> = bad.iter().map(Case::pair).collect();
    let methods: [&dyn Method; 2] = [&PooledCosine, &DtwCost];
    for method in methods {
        // The same trainees with and without the mistake.
        let pairs = suspicions(method, &good)
            .into_iter()
            .zip(suspicions(method, &bad));
        let more = pairs.filter(|(good, bad)| bad > good).count();
        assert!(more >= 4, "{}: {more} of 5", method.name());
    }
}

#[test]
fn known_boundaries_are_no_worse_than_guessed_ones() {
    let (mut oracle, mut argmax) = (0, 0);
    for edit in [DROP, SWAP, SLOW, INSERT, MOVE] {
        let cases = cases(&[edit]);
        let pairs: Vec<Pair<'_>> = cases.iter().map(Case::pair).collect();
        oracle += found(&OracleBoundaries, &pairs);
        argmax += found(&Argmax, &pairs);
    }
    assert!(oracle >= argmax, "{oracle} {argmax}");
}

#[test]
fn the_oracle_asks_for_the_truth() {
    let work = testkit::Procedure::demo(1);
    let (gold, trainee) = (
        gold(&work, &clear()),
        recording(&Performance::new(&work, 9), &clear()),
    );
    let pair = Pair::new(&gold, &trainee, None).unwrap();
    let error = OracleBoundaries.predict(&pair).unwrap_err();
    assert_eq!(
        error,
        BaselineError::NoTruth {
            method: "oracle-boundaries"
        }
    );
    assert!(LengthOnly.predict(&pair).is_ok());
}

#[test]
fn the_products_row_is_the_product() {
    let work = testkit::Procedure::demo(3);
    let gold = gold(&work, &Geometry::default());
    let edits = [DROP, SLOW];
    let trainee = Performance::new(&work, 5);
    let trainee = edits
        .into_iter()
        .try_fold(trainee, Performance::with)
        .unwrap();
    let trainee = recording(&trainee, &Geometry::default());
    let pair = Pair::new(&gold, &trainee, None).unwrap();
    let prediction = Sopilot::FULL.predict(&pair).unwrap();
    let aligned = pair.aligned(pair::Centring::OnEach);
    let input = sopilot_procedure::ScoreInput {
        procedure: gold.procedure(),
        golds: &[sopilot_procedure::GoldInput {
            prepared: gold.prepared(),
            alignment: &aligned.alignment,
            evidence: &aligned.evidence,
        }],
        trainee: &trainee.clips,
    };
    let outcome = sopilot_procedure::score(&input).unwrap();
    let same = score_without(&input, sopilot_procedure::Ablation::default()).unwrap();
    assert_eq!(outcome, same);
    assert!((prediction.suspicion - (100.0 - outcome.score)).abs() < 1e-12);
    let shown: Vec<_> = prediction
        .deviations
        .iter()
        .flatten()
        .filter(|one| one.is_shown)
        .map(|one| (one.gold_step, one.confidence))
        .collect();
    let scored: Vec<_> = outcome
        .deviations
        .iter()
        .map(|one| {
            (
                one.gold_step.map(|step| step as usize),
                Some(one.confidence),
            )
        })
        .collect();
    assert_eq!(shown, scored);
    assert!(!scored.is_empty());
    assert_eq!(
        prediction.steps.map(|steps| steps.len()),
        Some(
            outcome
                .steps
                .iter()
                .filter(|step| step.trainee_time.is_some())
                .count()
        )
    );
}

#[test]
fn embeddings_that_are_not_one_a_clip_are_refused() {
    let work = testkit::Procedure::demo(1);
    let (gold, mut trainee) = (
        gold(&work, &clear()),
        recording(&Performance::gold(&work), &clear()),
    );
    trainee.clips.pop();
    let clips = trainee.clips.len();
    let error = Pair::new(&gold, &trainee, None).unwrap_err();
    assert_eq!(
        error,
        BaselineError::ClipCount {
            clips,
            rows: clips + 1
        }
    );
}

/// Probability that a bad video is more suspicious than a good one.
fn area_under_curve(good: &[f64], bad: &[f64]) -> f64 {
    let wins = |bad: &f64| -> f64 {
        let win = |good: &f64| match bad.total_cmp(good) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        };
        good.iter().map(win).sum()
    };
    bad.iter().map(wins).sum::<f64>() / (good.len() * bad.len()) as f64
}
