//! Pages as a browser's parser reads them.
#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

#[path = "../examples/sample/model.rs"]
mod model;
#[path = "../examples/sample/past.rs"]
mod past;
#[path = "../examples/sample/pictures.rs"]
mod pictures;

mod hostile;
mod parsed;

use parsed::Page;
use sopilot_procedure::{DeviationType, TimeRange, Verdict};
use sopilot_report::{
    Locale, Report, ReportOptions, TaskOverview, TraineeHistory, history_html, html, task_html,
};

fn page(report: &Report, tag: &str) -> String {
    let locale = Locale::negotiate(tag).unwrap();
    html(report, &locale, ReportOptions::default()).unwrap()
}

#[test]
fn the_sample_says_what_a_trainer_must_know() {
    let page = Page::parse(&page(&model::report(), "en"));
    page.assert_harmless();
    let text = page.text();
    for words in [
        "58.5",
        "Needs review",
        "The service had proposed: Not passed.",
        "95 % interval 51.0–72.5",
        "Left out",
        "Plug in the ribbon cable",
        "−20.0",
        "false alarm",
        "Assemble the board",
        "not seen",
        "185 %",
        "Kendall’s tau of the steps",
        "cpu-portable",
    ] {
        assert!(text.contains(words), "{words:?} is not on the page");
    }
    assert_eq!(page.attributes("html", "lang"), ["en"]);
    assert_eq!(page.headings_in_order(), Ok(()));
}

#[test]
fn a_missing_step_that_could_be_anywhere_has_no_time() {
    let mut report = model::report();
    let should_have_been = "Should have been at";
    assert!(page(&report, "en").contains(should_have_been));
    for deviation in &mut report.deviations {
        if deviation.found.kind == DeviationType::MissingStep {
            deviation.found.trainee_time = TimeRange {
                start_s: 0.0,
                end_s: report.trainee.duration_s,
            };
        }
    }
    let page = page(&report, "en");
    assert!(!page.contains(should_have_been) && !page.contains("0:00.0</span>"));
}

#[test]
fn every_link_leads_somewhere() {
    let mut report = model::report();
    pictures::add(&mut report, 4.0);
    let page = Page::parse(&page(&report, "ja"));
    let ids = page.attributes("*", "id");
    for target in page.attributes("a", "href") {
        assert!(ids.iter().any(|id| format!("#{id}") == target), "{target}");
    }
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "an id is there twice");
}

#[test]
fn another_language_has_its_own_sentences_and_the_original_beside_them() {
    let mut report = model::report();
    // A verdict that a person changed has no reason of its own.
    let why = "The critical step";
    assert!(!Page::parse(&page(&report, "en")).text().contains(why));
    report.review = None;
    assert!(Page::parse(&page(&report, "en")).text().contains(why));
    let written = page(&report, "ja-JP");
    let page = Page::parse(&written);
    assert_eq!(page.attributes("html", "lang"), ["ja"]);
    assert!(
        page.text()
            .contains("重要な手順「Plug in the ribbon cable」が行われていません。")
    );
    assert!(page.attributes("q", "lang").iter().all(|lang| lang == "en"));
    assert_eq!(
        page.attributes("q", "lang").len(),
        1 + model::report().deviations.len()
    );
}

#[test]
fn a_small_report_as_it_is_written() {
    let mut report = model::report();
    report.deviations.truncate(2);
    report.steps.truncate(6);
    report.similarity = None;
    report.research = None;
    report.metrics = None;
    let written = page(&report, "en");
    let body = written.split_once("<body>").unwrap().1;
    insta::assert_snapshot!(body.replace("><", ">\n<"));
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let mut report = model::report();
    pictures::add(&mut report, 5.0);
    assert_eq!(page(&report, "en"), page(&report, "en"));
}

#[test]
fn hostile_names_are_text() {
    for tag in Locale::available() {
        let written = page(&hostile::report(), tag);
        let page = Page::parse(&written);
        page.assert_harmless();
        assert!(page.text().contains("<script>alert(1)</script>"));
        assert!(written.len() < 400_000, "{}", written.len());
        // Only isolates that begin and end within one text, and nothing that
        // turns around what follows.
        assert!(
            !page
                .text()
                .contains(['\u{202e}', '\u{202a}', '\u{2066}', '\u{200f}', '\0', '\x1b'])
        );
        assert_eq!(page.texts_with_open_isolates(), [""; 0]);
    }
}

#[test]
fn hostile_names_are_text_on_pages_over_time_too() {
    let locale = Locale::negotiate("en").unwrap();
    let name = hostile::NAMES.concat();
    let mut results = past::results(6);
    for result in &mut results {
        result.video.clone_from(&name);
        result.trainee = Some(name.clone());
        for deviation in &mut result.deviations {
            deviation.step.clone_from(&name);
        }
    }
    results[0].score = f64::NAN;
    let overview = TaskOverview {
        task: name.clone(),
        results: results.clone(),
    };
    Page::parse(&task_html(&overview, &locale)).assert_harmless();
    let history = TraineeHistory {
        task: name.clone(),
        trainee: name,
        results,
    };
    Page::parse(&history_html(&history, &locale)).assert_harmless();
}

#[test]
fn pages_over_time_without_results_say_so() {
    let locale = Locale::negotiate("en").unwrap();
    let overview = TaskOverview {
        task: "T".to_owned(),
        results: vec![],
    };
    assert!(task_html(&overview, &locale).contains("There are no results yet."));
    let history = TraineeHistory {
        task: "T".to_owned(),
        trainee: "M".to_owned(),
        results: past::results(1),
    };
    assert!(history_html(&history, &locale).contains("<polyline"));
}

#[test]
fn a_video_that_was_scored_twice_counts_once() {
    let locale = Locale::negotiate("en").unwrap();
    let mut results = past::results(3);
    results[1].video_id = results[0].video_id.clone();
    let overview = TaskOverview {
        task: "T".to_owned(),
        results: results.clone(),
    };
    let history = TraineeHistory {
        task: "T".to_owned(),
        trainee: "M".to_owned(),
        results,
    };
    for page in [
        task_html(&overview, &locale),
        history_html(&history, &locale),
    ] {
        assert!(page.contains("one older result of the same videos is not counted"));
        assert!(page.contains("attempt-02.mp4") && !page.contains("attempt-01.mp4"));
    }
}

#[test]
fn ten_minutes_stay_under_two_megabytes_and_say_what_is_left_out() {
    let mut report = hostile::long_report();
    pictures::add(&mut report, 6.0);
    for thumbnail in &mut report.thumbnails {
        // What follows the end of a picture is no part of it.
        thumbnail.jpeg.resize(14_000, 0);
    }
    let written = page(&report, "en");
    assert!(written.len() < 2_000_000, "{}", written.len());
    assert!(
        written.len() > 1_000_000,
        "the budget is used: {}",
        written.len()
    );
    assert!(written.contains("pictures were left out to keep this page small"));
}

#[test]
fn pictures_can_be_left_out() {
    let mut report = model::report();
    pictures::add(&mut report, 1.0);
    let locale = Locale::negotiate("en").unwrap();
    let options = ReportOptions {
        pictures: false,
        ..ReportOptions::default()
    };
    let written = html(&report, &locale, options).unwrap();
    assert!(!written.contains("image/jpeg"));
    assert!(written.contains("Pictures were left out on request."));
}

#[test]
fn what_cannot_be_compared_has_no_score() {
    let mut report = model::report();
    report.verdict = Verdict::NotComparable;
    report.review = None;
    report.deviations.clear();
    report.steps.clear();
    report.path.clear();
    let text = Page::parse(&page(&report, "en")).text();
    assert!(text.contains("no score") && !text.contains("58.5"));
    assert!(text.contains("Nothing differs from the procedure."));
}

#[test]
fn numbers_that_are_none_do_no_harm() {
    let mut report = model::report();
    report.gold.duration_s = f64::NAN;
    report.trainee.duration_s = f64::INFINITY;
    report.steps[0].result.gold_time.end_s = f64::NAN;
    report.deviations[0].found.trainee_time.start_s = f64::NEG_INFINITY;
    report.path[0][0].gold_s = f64::NAN;
    let written = page(&report, "en");
    assert!(!written.contains("NaN") && !written.contains("inf\""));
    Page::parse(&written).assert_harmless();
}

#[test]
fn an_unknown_language_names_those_that_exist() {
    let refusal = Locale::negotiate("tlh").unwrap_err().to_string();
    assert_eq!(
        refusal,
        "there is no report in the language \"tlh\"; there is en, ja"
    );
    assert!(Locale::negotiate("").is_err());
    assert!(Locale::negotiate("en\"><script>").is_err());
    assert_eq!(Locale::negotiate("en-Latn-GB").unwrap().tag(), "en");
}
