//! The PDF as a reader's program opens it.
#![allow(clippy::unwrap_used)] // Helpers of tests are tests.
#![cfg(feature = "pdf")]

#[path = "../examples/sample/model.rs"]
mod model;
#[path = "../examples/sample/pictures.rs"]
mod pictures;

mod hostile;

use std::sync::LazyLock;

use lopdf::{Document, Object};
use sopilot_report::{Fonts, Locale, Pdf, PdfWarning, Report, ReportOptions, Side, Thumbnail, pdf};

/// The same on every machine.
static FONTS: LazyLock<Fonts> = LazyLock::new(Fonts::embedded);

fn made(report: &Report, tag: &str) -> Pdf {
    let locale = Locale::negotiate(tag).unwrap();
    pdf(report, &locale, ReportOptions::default(), &FONTS).unwrap()
}

fn text(document: &Document) -> String {
    let pages: Vec<u32> = document.get_pages().into_keys().collect();
    document
        .extract_text(&pages)
        .unwrap()
        .replace(['\n', '\u{2068}', '\u{2069}'], "")
}

#[test]
fn the_sample_is_a_tagged_document_with_its_texts() {
    let mut report = model::report();
    pictures::add(&mut report, 4.0);
    let made = made(&report, "en");
    assert_eq!(made.warnings, []);
    assert!(made.bytes.starts_with(b"%PDF-"));
    let document = Document::load_mem(&made.bytes).unwrap();
    assert!(
        (4..=6).contains(&document.get_pages().len()),
        "{}",
        document.get_pages().len()
    );
    let catalog = document.catalog().unwrap();
    assert_eq!(catalog.get(b"Lang").unwrap().as_str().unwrap(), b"en");
    let marked = catalog
        .get(b"MarkInfo")
        .and_then(|info| document.dereference(info))
        .unwrap()
        .1;
    assert_eq!(
        marked.as_dict().unwrap().get(b"Marked").unwrap(),
        &Object::Boolean(true)
    );
    let text = text(&document);
    for words in [
        "58.5",
        "Needs review",
        "Plug in the ribbon cable",
        "Assemble the board",
        "cpu-portable",
    ] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let mut report = model::report();
    pictures::add(&mut report, 10.0);
    assert!(made(&report, "en") == made(&report, "en"));
}

#[test]
fn characters_that_no_font_has_are_told() {
    let mut report = model::report();
    report.task = "Größe ケ".to_owned();
    let made = made(&report, "en");
    assert_eq!(made.warnings, [PdfWarning::MissingGlyphs(vec!['ケ'])]);
}

#[test]
fn hostile_names_are_text() {
    let made = made(&hostile::report(), "en");
    let document = Document::load_mem(&made.bytes).unwrap();
    let text = text(&document);
    assert!(text.contains("<script>alert(1)</script>"));
    assert!(text.contains("#read(\"/etc/passwd\")"), "{text}");
    assert!(document.get_pages().len() < 20);
    for object in document.objects.values() {
        if let Ok(dictionary) = object.as_dict() {
            assert!(!dictionary.has(b"JS") && !dictionary.has(b"URI"));
        }
    }
}

#[test]
fn a_picture_that_is_torn_leaves_a_report() {
    let mut report = model::report();
    pictures::add(&mut report, 20.0);
    let mut jpeg = report.thumbnails[0].jpeg.clone();
    jpeg.truncate(220);
    report.thumbnails = vec![Thumbnail {
        side: Side::Trainee,
        time_s: 20.0,
        jpeg,
    }];
    let made = made(&report, "en");
    assert!(made.bytes.starts_with(b"%PDF-"));
}

#[test]
fn ten_minutes_are_a_document_too() {
    let made = made(&hostile::long_report(), "en");
    let pages = Document::load_mem(&made.bytes).unwrap().get_pages().len();
    assert!((15..60).contains(&pages), "{pages}");
}
