use std::fs;

use sopilot_testkit::{Edit, Performance, Procedure, Style};

use super::*;

/// A folder with a task in it whose videos are empty files.
fn task(truth: &str, steps: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(TRUTH_FILE), truth).unwrap();
    fs::write(folder.path().join(STEPS_FILE), steps).unwrap();
    for video in ["gold.mp4", "a.mp4", "b.mp4"] {
        fs::write(folder.path().join(video), "").unwrap();
    }
    folder
}

const STEPS: &str = "\
steps:
  - {name: Open, start: 0, end: 5}
  - {name: Fill, start: 5, end: 9}
  - {name: Close, start: 9, end: 12}
";

fn told(truth: &str) -> String {
    let folder = task(truth, STEPS);
    let error = read(folder.path()).unwrap_err();
    assert_eq!(error.exit, Exit::LABELS, "{error}");
    error
        .to_string()
        .replace(&*folder.path().to_string_lossy(), "DATASET")
}

#[test]
fn what_is_written_is_read() {
    for seed in 0..20 {
        let procedure = Procedure::generate(Style::Bench, seed);
        let last = procedure.steps().len() - 1;
        let edits = [
            Edit::Drop { step: 0 },
            Edit::Swap { first: 1 },
            Edit::Repeat { step: 3 },
            Edit::MoveTo { step: 4, to: last },
        ];
        let trainee = edits
            .into_iter()
            .fold(Performance::new(&procedure, seed), |trainee, edit| {
                trainee.clone().with(edit).unwrap_or(trainee)
            });
        let truth = trainee.truth();
        let strata = BTreeMap::from([("edit".to_owned(), "yes, \"many\"".to_owned())]);
        let yaml = truth_yaml(&procedure, "gold.mp4", [("a.mp4", &strata, truth.clone())]);
        let folder = task(&yaml, &steps_yaml(&procedure));
        let [read] = &read(folder.path()).unwrap()[..] else {
            panic!("one task");
        };
        assert_eq!(read.procedure.steps.len(), procedure.steps().len());
        assert_eq!(read.gold, folder.path().join("gold.mp4"));
        let [video] = &read.trainees[..] else {
            panic!("one trainee");
        };
        assert_eq!(video.strata, strata);
        assert_same(&video.truth, &truth);
    }
}

/// Times are written with two digits.
fn assert_same(read: &Truth, truth: &Truth) {
    assert_eq!(read.steps_done.len(), truth.steps_done.len());
    for (read, done) in read.steps_done.iter().zip(&truth.steps_done) {
        assert_eq!(read.step, done.step);
        assert!((read.start_s - done.start_s).abs() < 0.006);
        assert!((read.end_s - done.end_s).abs() < 0.006);
    }
    let about = |truth: &Truth| -> Vec<_> {
        let told = truth.deviations.iter().cloned();
        told.map(|told| {
            (
                told.kind,
                told.gold_step,
                told.swapped_with,
                told.jumped_over,
                told.trainee_time.is_some(),
            )
        })
        .collect()
    };
    assert_eq!(about(read), about(truth));
}

#[test]
fn tasks_are_the_folders_that_hold_a_truth() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b", "a", "other"] {
        let task = task("gold: gold.mp4\ntrainees: [{video: a.mp4}]\n", STEPS);
        if name != "other" {
            fs::rename(task.keep(), folder.path().join(name)).unwrap();
        }
    }
    fs::create_dir(folder.path().join("empty")).unwrap();
    let names: Vec<String> = read(folder.path())
        .unwrap()
        .into_iter()
        .map(|task| task.name)
        .collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn labels_of_a_longer_video_are_refused() {
    let truth = "gold: gold.mp4
trainees:
  - video: a.mp4
    steps_done: [{step: Open, start: 1, end: 4}]
    deviations: [{kind: extra_activity, start: 0:20, end: 0:26}]
";
    let folder = task(truth, STEPS);
    let video = read(folder.path()).unwrap().remove(0).trainees.remove(0);
    assert_eq!(video.check_times(18.5), Ok(()));
    let error = video.check_times(12.5).unwrap_err();
    assert_eq!(error.exit, Exit::LABELS);
    assert!(
        error
            .message
            .contains("at 20 s, but the video ends at about 12.5 s"),
        "{error}"
    );
}

#[test]
fn a_file_is_no_data_set() {
    let folder = task("gold: gold.mp4\ntrainees: [{video: a.mp4}]\n", STEPS);
    let error = read(&folder.path().join(TRUTH_FILE)).unwrap_err();
    assert_eq!(error.exit, Exit::NO_INPUT);
    assert!(error.message.contains("name the folder"), "{error}");
}

#[test]
fn a_folder_without_truth_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let error = read(folder.path()).unwrap_err();
    assert_eq!(error.exit, Exit::NO_INPUT);
    assert!(error.message.contains("there is no truth.yaml"), "{error}");
}

#[test]
fn every_mistake_in_labels_is_listed() {
    insta::assert_snapshot!(told(
        "gold: nowhere.mp4
trainees:
  - video: a.mp4
    steps_done:
      - {step: Open, start: 0:01, end: 4}
      - {step: Fil, start: 3, end: 2}
    deviations:
      - {kind: missing_step}
      - {kind: extra_activity, step: Open}
      - {kind: over_time, step: Fill, swapped_with: Close, start: 3}
  - video: a.mp4
"
    ));
}

#[test]
fn an_unknown_kind_is_named_with_what_there_is() {
    insta::assert_snapshot!(told(
        "gold: gold.mp4\ntrainees:\n  - video: a.mp4\n    deviations: [{kind: forgotten, step: Open}]\n"
    ));
}

#[test]
fn steps_need_their_times() {
    let folder = task(
        "gold: gold.mp4\ntrainees: [{video: a.mp4}]\n",
        "steps:\n  - name: Open\n",
    );
    let error = read(folder.path()).unwrap_err();
    assert_eq!(error.exit, Exit::STEP_LIST);
    assert!(error.message.contains("`start` and `end`"), "{error}");
}
