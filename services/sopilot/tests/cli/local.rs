//! `sopilot score` without a server.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;

use crate::{
    program::{Ended, Place, Server, eventually, signal},
    videos::{FORGOTTEN, VIDEOS},
};

fn score(place: &Place, steps: &Path, more: &[&str]) -> Ended {
    let arguments = [
        Path::new("score"),
        &VIDEOS.gold,
        &VIDEOS.forgetful,
        Path::new("--steps"),
        steps,
    ];
    place.run(arguments.into_iter().chain(more.iter().map(Path::new)))
}

#[test]
fn a_report_for_people_tells_the_forgotten_step() {
    let place = Place::new();
    let ended = score(&place, &VIDEOS.steps, &[]).expect(0);
    assert!(ended.stdout.starts_with("Score "), "{}", ended.stdout);
    let told = |line: &str| line.contains("left out") && line.contains(FORGOTTEN);
    assert!(ended.stdout.lines().any(told), "{}", ended.stdout);
    assert!(
        !ended.stdout.contains('\u{1b}'),
        "no colours without a terminal"
    );
    assert_eq!(ended.stderr, "");
    assert_eq!(place.left_behind(), [""; 0].map(PathBuf::from));
}

#[test]
fn a_forgotten_part_is_told_and_makes_its_step_wrong() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let yaml = std::fs::read_to_string(&VIDEOS.steps).unwrap();
    let mut lines: Vec<String> = yaml.lines().map(str::to_owned).collect();
    let parts = lines.len() - 2;
    lines[parts..]
        .iter_mut()
        .for_each(|line| line.insert_str(0, "    "));
    lines.insert(
        parts,
        "  - name: Fasten\n    critical: true\n    steps:".to_owned(),
    );
    let nested = folder.path().join("nested.yaml");
    std::fs::write(&nested, lines.join("\n")).unwrap();
    let report = score(&place, &nested, &["--json"]).json();
    let deviations = report["deviations"].as_array().unwrap();
    assert_eq!(deviations.len(), 1, "{report:#}");
    assert_eq!(deviations[0]["type"], "DEVIATION_TYPE_MISSING_STEP");
    assert_eq!(deviations[0]["stepName"], FORGOTTEN);
    let told = |index: usize| {
        let step = &report["steps"][index];
        (
            step["name"].as_str().unwrap(),
            step["status"].as_str().unwrap(),
            step["parent"].as_u64(),
        )
    };
    assert_eq!(told(2), ("Fasten", "STEP_STATUS_WRONG", None));
    assert_eq!(told(3), (FORGOTTEN, "STEP_STATUS_MISSING", Some(2)));
    assert_eq!(told(4).2, Some(2));
    assert_eq!(report["verdict"], "VERDICT_FAIL");

    // A step takes its time from its parts.
    let own_time = yaml.replacen(
        "name: ",
        "steps: [{name: Begin, start: 0.1, end: 0.2}], name: ",
        1,
    );
    std::fs::write(&nested, own_time).unwrap();
    let ended = score(&place, &nested, &[]).expect(30);
    assert!(
        ended
            .stderr
            .contains("has parts and takes its time from them"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("nested.yaml:3:5"), "{}", ended.stderr);
}

#[test]
fn a_kept_folder_spares_the_second_ingest() {
    let folder = tempfile::tempdir().unwrap();
    let (place, data) = (Place::new(), folder.path().join("data"));
    let kept = ["--json", "--data-dir", data.to_str().unwrap()];
    let first = score(&place, &VIDEOS.steps, &kept).json();
    let second = score(&place, &VIDEOS.steps, &kept).json();
    assert_ne!(first["jobId"], second["jobId"]);
    assert_eq!(first["score"], second["score"]);
    let missing = |report: &Value| {
        let deviations = report["deviations"].as_array().unwrap();
        deviations.iter().any(|deviation| {
            deviation["type"] == "DEVIATION_TYPE_MISSING_STEP" && deviation["stepName"] == FORGOTTEN
        })
    };
    assert!(missing(&first), "{first:#}");

    // The same task with another procedure: a new version, for which the gold is prepared anew.
    let changed = folder.path().join("changed.yaml");
    let yaml = std::fs::read_to_string(&VIDEOS.steps).unwrap();
    std::fs::write(&changed, format!("{yaml}thresholds: {{pass: 99}}\n")).unwrap();
    let third = score(&place, &changed, &kept).json();
    assert_eq!(first["provenance"]["taskVersion"], 1);
    assert_eq!(third["provenance"]["taskVersion"], 2);

    let server = Server::start(&data);
    let count = |kind: &str| {
        let jobs = server.run(&["job", "list", "--json"]).json();
        jobs["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|job| job["kind"] == kind)
            .count()
    };
    assert_eq!(count("JOB_KIND_INGEST"), 2);
    assert_eq!(count("JOB_KIND_PREPARE"), 1);
    assert_eq!(count("JOB_KIND_SCORE"), 3);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_folder_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ended = score(
        &Place::new(),
        &VIDEOS.steps,
        &["--data-dir", folder.path().to_str().unwrap()],
    )
    .expect(75);
    assert!(
        ended.stderr.contains("in use by another sopilot process"),
        "{}",
        ended.stderr
    );
    assert_eq!(server.stop(), 0);
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    let place = Place::new();
    let arguments = [Path::new("score"), &VIDEOS.gold, &VIDEOS.forgetful];
    let mut process = place
        .command(arguments)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("its folder appears", || !place.left_behind().is_empty());
    signal(&process, rustix::process::Signal::INT);
    let mut stderr = String::new();
    process
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(130), "{stderr}");
    assert_eq!(stderr.lines().next(), Some("error: interrupted"));
    assert_eq!(place.left_behind(), [""; 0].map(PathBuf::from));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    let arguments = [
        Path::new("score"),
        &VIDEOS.gold,
        &VIDEOS.forgetful,
        Path::new("--json"),
    ];
    let mut process = place
        .command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(process.stdout.take());
    let mut stderr = String::new();
    process
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert_eq!(
        (process.wait().unwrap().code(), stderr.as_str()),
        (Some(0), "")
    );
}

#[test]
fn the_demonstration_runs_to_its_end_and_leaves_what_can_be_scored_again() {
    let folder = tempfile::tempdir().unwrap();
    let (place, kept) = (Place::new(), folder.path().join("demo"));
    let arguments = ["demo", "--json", "--keep", kept.to_str().unwrap()];
    let shown = place.run(arguments).json();
    assert_eq!(place.left_behind(), [""; 0].map(PathBuf::from));
    let shown = shown.as_array().unwrap();
    assert_eq!(shown.len(), 5);
    for trainee in shown {
        let name = trainee["name"].as_str().unwrap();
        assert!(
            trainee["report"]["steps"]
                .as_array()
                .is_some_and(|steps| steps.len() == 8),
            "{name}"
        );
        let report = std::fs::read_to_string(kept.join(format!("{name}.report.json"))).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&report).unwrap(),
            trainee["report"],
            "{name}"
        );
    }
    let (gold, trainee) = (kept.join("gold.mp4"), kept.join("forgot-a-step.mp4"));
    let steps = kept.join("steps.yaml");
    let arguments = [
        Path::new("score"),
        &gold,
        &trainee,
        Path::new("--json"),
        Path::new("--steps"),
        &steps,
    ];
    let again = place.run(arguments).json();
    let before = shown
        .iter()
        .find(|shown| shown["name"] == "forgot-a-step")
        .unwrap();
    assert_eq!(
        again["score"], before["report"]["score"],
        "the same files give the same score"
    );
    assert!(
        place
            .run(["demo", "--keep", kept.to_str().unwrap()])
            .expect(2)
            .stderr
            .contains("is not empty")
    );
}
