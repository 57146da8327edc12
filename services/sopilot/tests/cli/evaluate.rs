//! `sopilot evaluate` on a data set of one task.

use std::{fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    program::{Ended, Place},
    videos::{FORGOTTEN, VIDEOS},
};

/// A task with one trainee, who forgot a step.
fn dataset() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let copy = |from: &Path, name: &str| fs::copy(from, folder.path().join(name)).unwrap();
    copy(&VIDEOS.gold, "gold.mp4");
    copy(&VIDEOS.forgetful, "forgetful.mp4");
    copy(&VIDEOS.steps, "steps.yaml");
    let truth = format!(
        "gold: gold.mp4
trainees:
  - video: forgetful.mp4
    strata: {{light: dim}}
    deviations:
      - {{kind: missing_step, step: {FORGOTTEN}}}
"
    );
    fs::write(folder.path().join("truth.yaml"), truth).unwrap();
    folder
}

fn evaluate(dataset: &Path, more: &[&str]) -> Ended {
    let arguments = [Path::new("evaluate"), dataset];
    Place::new().run(arguments.into_iter().chain(more.iter().map(Path::new)))
}

#[test]
fn what_is_judged_is_what_score_reports() {
    let folder = dataset();
    let kept = folder.path().join("features");
    let more = [
        "--json",
        "--videos",
        "--method",
        "sopilot",
        "--features",
        kept.to_str().unwrap(),
    ];
    let first = evaluate(folder.path(), &more).json();
    let again = evaluate(folder.path(), &more).json();
    assert_eq!(first, again, "kept features change nothing");
    let arguments = [
        Path::new("score"),
        &VIDEOS.gold,
        &VIDEOS.forgetful,
        Path::new("--steps"),
        &VIDEOS.steps,
        Path::new("--json"),
    ];
    let report = Place::new().run(arguments).json();
    let prediction = &first["methods"][0]["videos"][0]["prediction"];
    let suspicion = prediction["suspicion"].as_f64().unwrap();
    let score = report["score"].as_f64().unwrap();
    assert!(
        (100.0 - suspicion - score).abs() < 1e-6,
        "{suspicion} {score}"
    );
    let shown: Vec<&Value> = prediction["deviations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|told| told["is_shown"] == true)
        .collect();
    let reported = report["deviations"].as_array().unwrap();
    assert_eq!(shown.len(), reported.len());
    for (shown, reported) in shown.iter().zip(reported) {
        let (ours, theirs) = (&shown["confidence"], &reported["confidence"]);
        assert!((ours.as_f64().unwrap() - theirs.as_f64().unwrap()).abs() < 1e-6);
    }
}

#[test]
fn a_report_holds_tables_curves_and_numbers() {
    let folder = dataset();
    let report = folder.path().join("report");
    let more = ["--by", "light", "--report", report.to_str().unwrap()];
    let ended = evaluate(folder.path(), &more).expect(0);
    for method in ["length", "drop-dtw", "sopilot", "sopilot/shuffled-gold"] {
        assert!(ended.stdout.contains(method), "{method}: {}", ended.stdout);
    }
    assert!(ended.stdout.contains("dim"), "{}", ended.stdout);
    let left_out = "sopilot/another-task is left out: it needs a second task";
    assert!(ended.stdout.contains(left_out), "{}", ended.stdout);
    for file in ["tables.md", "results.json", "precision-recall.svg"] {
        assert!(report.join(file).is_file(), "{file}");
    }
    let ended = evaluate(folder.path(), &more).expect(2);
    assert!(ended.stderr.contains("is not empty"), "{}", ended.stderr);
}

#[test]
fn two_tasks_are_each_measured_against_the_gold_of_the_other() {
    let (one, other) = (dataset(), dataset());
    let both = tempfile::tempdir().unwrap();
    fs::rename(one.path(), both.path().join("one")).unwrap();
    fs::rename(other.path(), both.path().join("other")).unwrap();
    // The same videos: what the other gold shows is what the own one does.
    let result = evaluate(both.path(), &["--json", "--videos"]).json();
    assert_eq!(result["left_out"], Value::Null);
    let of = |name: &str| {
        let methods = result["methods"].as_array().unwrap();
        methods
            .iter()
            .find(|method| method["name"] == name)
            .unwrap()
    };
    let suspicions = |name: &str| -> Vec<f64> {
        let videos = of(name)["videos"].as_array().unwrap();
        let suspicion = |video: &Value| video["prediction"]["suspicion"].as_f64().unwrap();
        videos.iter().map(suspicion).collect()
    };
    assert_eq!(suspicions("sopilot/another-task").len(), 2);
    assert_eq!(suspicions("sopilot/another-task"), suspicions("sopilot"));
    assert_ne!(suspicions("sopilot/shuffled-gold"), suspicions("sopilot"));
}

#[test]
fn a_floor_that_is_missed_is_told() {
    let folder = dataset();
    let ours = ["--method", "sopilot"];
    let with = |more: &[&str]| evaluate(folder.path(), &[&ours[..], more].concat());
    with(&["--min-f1", "0.5"]).expect(0);
    let ended = with(&["--min-f1", "1.1"]).expect(1);
    assert!(
        ended.stderr.contains("1.1 was demanded"),
        "{}",
        ended.stderr
    );
    // There is no good video: what cannot be measured is no pass.
    let ended = with(&["--max-false-alarms", "0.1"]).expect(1);
    assert!(ended.stderr.contains("undefined"), "{}", ended.stderr);
}

#[test]
fn wrong_arguments_are_told() {
    let folder = dataset();
    let ended = evaluate(folder.path(), &["--method", "magic"]).expect(2);
    assert!(ended.stderr.contains("drop-dtw"), "{}", ended.stderr);
    for (wrong, told) in [
        (["--where", "light=bright"], "light is one of dim"),
        (["--where", "mood=good"], "there are light"),
        (["--by", "mood"], "there are light"),
        (["--min-f1", "nan"], "write a number"),
    ] {
        let ended = evaluate(folder.path(), &wrong).expect(2);
        assert!(ended.stderr.contains(told), "{told}: {}", ended.stderr);
    }
    let ended = evaluate(folder.path(), &["--videos"]).expect(2);
    assert!(ended.stderr.contains("add --json"), "{}", ended.stderr);
    fs::write(folder.path().join("forgetful.mp4"), "no video").unwrap();
    let ended = evaluate(folder.path(), &[]).expect(11);
    assert!(ended.stderr.contains("forgetful.mp4"), "{}", ended.stderr);
}
