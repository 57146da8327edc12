//! Against a gold that shows nothing of the work nothing is found.

use super::*;

/// The gold of another task. What is simulated follows from the seed, so it must
/// be another one, too.
fn another(seed: u64) -> Gold {
    let work = testkit::Procedure::generate(testkit::Style::Lab, 1000 + seed);
    gold(&work, &clear())
}

/// As the judge sees it.
fn suspicion(prediction: &Prediction) -> f64 {
    if prediction.not_comparable {
        f64::INFINITY
    } else {
        prediction.suspicion
    }
}

#[test]
fn controls_are_chance() {
    let methods: [&dyn Method; 3] = [&DtwCost, &DurationHmm::FULL, &Sopilot::FULL];
    let suspicions = |edits: &[Edit]| -> Vec<[f64; 5]> {
        let of_case = |seed| {
            let case = Case::new(seed, edits);
            let shuffled = control::shuffled_gold(&case.gold, seed).unwrap();
            let pair = Pair::new(&shuffled, &case.trainee, None).unwrap();
            let [dtw, hmm, ours] = methods.map(|method| suspicion(&method.predict(&pair).unwrap()));
            let controls = [
                ControlGold::shuffled(&case.gold).unwrap(),
                ControlGold::of_another_task(&case.gold, another(seed)),
            ];
            assert!(
                Control::of_tasks(2)
                    .iter()
                    .eq(&controls.each_ref().map(ControlGold::control))
            );
            let [noise, other] =
                controls.map(|gold| suspicion(&gold.predict(&case.trainee).unwrap()));
            [dtw, hmm, ours, noise, other]
        };
        (0..24).map(of_case).collect()
    };
    let (good, bad) = (suspicions(&[]), suspicions(&[SWAP]));
    for index in 0..5 {
        let of = |all: &[[f64; 5]]| -> Vec<f64> { all.iter().map(|one| one[index]).collect() };
        let area = area_under_curve(&of(&good), &of(&bad));
        assert!((area - 0.5).abs() <= 0.1, "{index}: {area}");
    }
}

#[test]
fn what_is_said_of_steps_that_the_task_does_not_have_is_about_no_step() {
    // The other gold is the own one, followed by steps that the own task lacks:
    // it is comparable, and these are missing.
    let case = Case::new(2, &[DROP]);
    let own_steps = case.gold.steps() - 3;
    let control = ControlGold {
        own_steps,
        ..ControlGold::of_another_task(&case.gold, case.gold.clone())
    };
    let all = Sopilot::FULL.predict(&case.pair()).unwrap();
    let kept = control.predict(&case.trainee).unwrap();
    let (all_reports, kept_reports) = (all.deviations.unwrap(), kept.deviations.unwrap());
    assert_eq!(all_reports.len(), kept_reports.len());
    assert!(!kept_reports.is_empty());
    for (before, after) in all_reports.iter().zip(&kept_reports) {
        assert_eq!((before.kind, after.gold_time), (after.kind, None));
        let own = before.gold_step.filter(|&step| step < own_steps);
        assert_eq!(after.gold_step, own);
    }
    let (all_steps, kept_steps) = (all.steps.unwrap(), kept.steps.unwrap());
    assert!(kept_steps.len() < all_steps.len());
    assert!(kept_steps.iter().all(|done| done.step < own_steps));
}

#[test]
fn another_task_is_the_next_one_if_there_is_any() {
    assert_eq!(another_task(0, 1), None);
    assert_eq!(another_task(0, 3), Some(1));
    assert_eq!(another_task(2, 3), Some(0));
    assert!(!Control::of_tasks(1).contains(&Control::AnotherTask));
    let names: BTreeSet<&str> = all().iter().map(|method| method.name()).collect();
    for control in Control::of_tasks(2) {
        assert!(!names.contains(control.name()) && !control.about().is_empty());
    }
}
