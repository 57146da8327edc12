use super::*;
use crate::material::{all, perfect, world};
use crate::{Judge, Judgement, Options, Prediction, Video};

fn judged(videos: &[Video], predict: impl Fn(&Video) -> Prediction) -> Judgement<'_> {
    let judge = Judge::new(videos, Options::default()).expect("the videos are valid");
    judge.judge(&all(videos, predict)).expect("valid")
}

fn silent(_: &Video) -> Prediction {
    Prediction::default()
}

/// The cells of the row of a Markdown table that starts with `name`.
fn row(table: &str, name: &str) -> Vec<String> {
    let is_wanted = |line: &&str| line.starts_with(&format!("| {name} "));
    let line = table.lines().find(is_wanted).expect("the row is there");
    let cells = line.trim_matches('|').split('|');
    cells.map(|cell| cell.trim().to_owned()).collect()
}

#[test]
fn a_row_has_its_numbers_and_dashes_for_what_is_undefined() {
    let videos = world();
    let (good, none) = (
        judged(&videos, perfect).measures(),
        judged(&videos, silent).measures(),
    );
    let rows = [("perfect", &good), ("silent", &none)];
    let table = overview(&rows, Format::Markdown);
    let sure = "1.00 [1.00, 1.00]";
    let mut expected = vec!["perfect", sure, sure];
    expected.extend(["1.00"; 7]);
    expected.push(sure);
    assert_eq!(row(&table, "perfect"), expected);
    let mut expected = vec!["silent"];
    expected.extend(["–"; 9]);
    expected.push("0.50 [0.50, 0.50]");
    assert_eq!(row(&table, "silent"), expected);
    assert!(table.contains("60 videos (12 without a mistake), 6 tasks."));

    let table = details(&rows, Format::Markdown);
    let row = row(&table, "perfect");
    assert_eq!(row[9], "0.00 [0.00, 0.26]");
    assert_eq!(row[10], "0.00 (< 0.31)");
    assert_eq!(row[12], "0.00");
    assert!(!table.contains("NaN") && !table.contains("inf"));
}

#[test]
fn areas_are_told_by_kind() {
    let videos = world();
    // Sees that a step is missing, and nothing else.
    let measures = judged(&videos, |video| Prediction {
        suspicion: f64::from(u8::from(video.strata["edit"] == "drop")),
        ..Prediction::default()
    })
    .measures();
    let table = areas(&[("attentive", &measures)], Format::Markdown);
    let mut expected = vec!["attentive", "1.00 [1.00, 1.00]"];
    expected.extend(["0.50 [0.50, 0.50]"; 6]);
    assert_eq!(row(&table, "attentive"), expected);
}

#[test]
fn one_task_is_said_to_have_no_intervals() {
    let videos = world();
    let all = judged(&videos, perfect);
    let one = all.only(|video| video.task == "task 0").measures();
    let table = overview(&[("perfect", &one)], Format::Markdown);
    assert_eq!(row(&table, "perfect")[1], "1.00");
    assert!(table.contains("10 videos (2 without a mistake), 1 task."));
    assert!(table.contains("have no interval"));
    let table = overview(&[("perfect", &all.measures())], Format::Markdown);
    assert!(!table.contains("have no interval"));
}

#[test]
fn strata_stand_under_one_another() {
    let videos = world();
    let strata_of = |predict: fn(&Video) -> Prediction| -> BTreeMap<String, Measures> {
        let groups = judged(&videos, predict).by_stratum("edit");
        groups
            .into_iter()
            .map(|(value, group)| (value, group.measures()))
            .collect()
    };
    let (good, none) = (strata_of(perfect), strata_of(silent));
    let table = strata(
        "edit",
        &[("perfect", &good), ("silent", &none)],
        Format::Markdown,
    );
    assert_eq!(
        row(&table, "swap")[..5],
        ["swap", "perfect", "6", "6", "1.00 [1.00, 1.00]"]
    );
    // Good videos have nothing to find, swaps no good videos of their own.
    assert_eq!(row(&table, "good")[4], "–");
    assert_eq!(row(&table, "good")[7], "–");
    assert_eq!(row(&table, "swap")[7..], ["1.00 [1.00, 1.00] †", "–"]);
    assert!(table.ends_with("all strata.\n"));
    let half = BTreeMap::from([("one".to_owned(), judged(&videos, perfect).measures())]);
    let table_of_half = strata("half", &[("perfect", &half)], Format::Markdown);
    assert!(!table_of_half.contains('†'), "{table_of_half}");
    assert_eq!(
        table.lines().filter(|line| line.starts_with('|')).count(),
        2 + 20
    );
}

#[test]
fn differences_have_signs() {
    let videos = world();
    let (good, bad) = (
        judged(&videos, perfect),
        judged(&videos, |_| Prediction {
            deviations: Some(Vec::new()),
            ..Prediction::default()
        }),
    );
    let worse = bad.compare(&good).expect("the same videos");
    let table = comparisons(&[("nothing − perfect", &worse)], Format::Markdown);
    let row = row(&table, "nothing");
    assert_eq!(row[1], "-1.00 [-1.00, -1.00]");
    assert_eq!(row[10], "-0.50 [-0.50, -0.50]");
}

#[test]
fn names_cannot_break_a_table() {
    let videos = world();
    let measures = judged(&videos, perfect).measures();
    let rows = [("a|b\nc", &measures)];
    let table = overview(&rows, Format::Markdown);
    assert!(table.contains(r"| a\|b c"));
    assert!(overview(&rows, Format::Text).contains("a|b c"));
    let strata_of = BTreeMap::from([("v\u{1b}[2J".to_owned(), measures.clone())]);
    let table = strata("k\u{1b}[2J", &[("a", &strata_of)], Format::Text);
    assert!(table.contains("k [2J") && !table.contains('\u{1b}'));
}

#[test]
fn text_is_aligned() {
    let videos = world();
    let measures = judged(&videos, perfect).measures();
    let table = overview(
        &[("x", &measures), ("a longer name", &measures)],
        Format::Text,
    );
    let lines: Vec<&str> = table.lines().collect();
    let column = |line: &str| line.find("1.00").expect("a value");
    assert_eq!(column(lines[3]), column(lines[4]));
    assert!(lines[2].chars().all(|char| char == '─'));
}
