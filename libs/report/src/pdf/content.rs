//! What the template shows: texts in the report's language, and pictures as
//! files beside them.

mod deviations;
mod tables;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sopilot_procedure::Verdict;

use super::figures;
use super::fonts::Fonts;
use crate::drawing::scale::score_scale;
use crate::drawing::similarity::similarity;
use crate::drawing::timeline::{signs_used, timeline};
use crate::error::ReportError;
use crate::foreign::Foreign;
use crate::html::ReportOptions;
use crate::locale::Locale;
use crate::model::Report;
use crate::pictures::Chosen;
use crate::wording::verdict_id;

/// Families of the text, those that are there: the first has Latin letters,
/// the others what it lacks.
const FAMILIES: [&str; 5] = [
    "Libertinus Serif",
    "Noto Serif CJK JP",
    "Noto Sans CJK JP",
    "Noto Serif",
    "DejaVu Sans",
];

/// Data and files of one document.
pub(super) struct Content {
    pub(super) data: Value,
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

impl Content {
    pub(super) fn has_pictures(&self) -> bool {
        self.files.keys().any(|path| is_picture(path))
    }

    pub(super) fn break_long_words(&mut self) {
        break_words(&mut self.data, &self.files);
    }

    pub(super) fn leave_out_pictures(&mut self) {
        self.files.retain(|path, _| !is_picture(path));
        let deviations = self
            .data
            .get_mut("deviations")
            .and_then(Value::as_array_mut);
        for deviation in deviations.into_iter().flatten() {
            deviation["sides"] = json!([]);
        }
    }
}

/// Longer words may be broken anywhere: they would leave the page.
const LONGEST_WORD: usize = 40;

fn broken(text: &str) -> String {
    let mut run = 0;
    let mut broken = String::with_capacity(text.len());
    for c in text.chars() {
        run = if c.is_whitespace() { 0 } else { run + 1 };
        if run > LONGEST_WORD {
            // A space without width, where a line may end.
            broken.push('\u{200b}');
            run = 1;
        }
        broken.push(c);
    }
    broken
}

/// In all texts; names of files stay as they are.
fn break_words(value: &mut Value, files: &BTreeMap<String, Vec<u8>>) {
    match value {
        Value::String(text) if !files.contains_key(text) => *text = broken(text),
        Value::Array(items) => items.iter_mut().for_each(|item| break_words(item, files)),
        Value::Object(fields) => {
            (fields.values_mut()).for_each(|field| break_words(field, files));
        }
        _ => {}
    }
}

fn is_picture(path: &str) -> bool {
    path.starts_with("picture-")
}

pub(super) fn gather(
    report: &Report,
    locale: &Locale,
    options: ReportOptions,
    chosen: &Chosen<'_>,
    fonts: &Fonts,
) -> Result<Content, ReportError> {
    let families = fonts.present(&FAMILIES);
    let mut files = BTreeMap::new();
    let timeline = timeline(locale, report);
    files.insert(
        "timeline.svg".to_owned(),
        figures::file(&timeline, &families),
    );
    let mut data = json!({
        "lang": locale.tag().split('-').next(),
        "families": families,
        "colours": figures::light_colours().collect::<BTreeMap<_, _>>(),
        "title": title(report, locale),
        "task": Foreign::name(&report.task).alone(),
        "head": head(report, locale),
        "result": result(report, locale, &families, &mut files),
        "review": review(report, locale),
        "cost": deviations::cost(report, locale),
        "timeline": {
            "heading": locale.text("heading-timeline"),
            "alt": format!("{}. {}", timeline.title, timeline.description),
            "legend": legend(report, locale, &mut files),
            "hint": locale.text("timeline-hint"),
        },
        "deviations_heading": locale.text("heading-deviations"),
        "pictures_note": deviations::pictures_note(locale, options, chosen),
        "deviations": deviations::deviations(report, locale, chosen, &mut files),
        "steps": tables::steps(report, locale),
        "numbers": tables::numbers(report, locale),
        "page_of": locale.say("page-of", [("page", "{page}".into()), ("pages", "{pages}".into())]),
    });
    if let Some(matrix) = &report.similarity {
        let drawing = similarity(locale, report, matrix)?;
        files.insert(
            "similarity.svg".to_owned(),
            figures::file(&drawing, &families),
        );
        data["similarity"] = json!({
            "heading": locale.text("heading-similarity"),
            "means": locale.text("similarity-means"),
            "alt": format!("{}. {}", drawing.title, drawing.description),
        });
    }
    Ok(Content { data, files })
}

fn title(report: &Report, locale: &Locale) -> String {
    let (task, video) = (
        Foreign::name(&report.task),
        Foreign::name(&report.trainee.name),
    );
    locale.say(
        "title",
        [
            ("task", task.alone().into()),
            ("video", video.alone().into()),
        ],
    )
}

fn head(report: &Report, locale: &Locale) -> Value {
    json!([
        [
            locale.text("label-trainee"),
            Foreign::name(&report.trainee.name).isolated()
        ],
        [
            locale.text("label-gold"),
            Foreign::name(&report.gold.name).isolated()
        ],
        [
            locale.text("label-date"),
            locale.moment(report.provenance.created_at)
        ],
    ])
}

fn result(
    report: &Report,
    locale: &Locale,
    families: &[&str],
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Value {
    let reason = report.standing_reason();
    let original = Foreign::prose(reason.unwrap_or_default());
    let in_own_words = !locale.is_own() || original.is_empty();
    let why = match reason {
        None => String::new(),
        Some(_) if in_own_words => locale.why(report),
        Some(_) => original.alone().to_owned(),
    };
    let mut value = json!({
        "heading": locale.text("heading-result"),
        "no_score": locale.text("no-score"),
        "verdict": locale.verdict(report.effective_verdict()),
        "verdict_id": verdict_id(report.effective_verdict()),
        "meaning": locale.verdict_means(report),
        "why": why,
        "original": original_sentence(locale, &original),
    });
    if report.verdict != Verdict::NotComparable {
        let interval = report.score_interval();
        let scale = score_scale(locale, report.score, interval);
        files.insert("scale.svg".to_owned(), figures::file(&scale, families));
        value["score"] = json!({
            "shown": locale.number(report.score, 1),
            "of": locale.text("of-100"),
            "alt": scale.title,
            "interval": locale.score_interval(interval),
        });
    }
    value
}

fn original_sentence(locale: &Locale, original: &Foreign) -> Value {
    if locale.is_own() || original.is_empty() {
        return Value::Null;
    }
    json!({ "label": locale.text("original-sentence"), "text": original.alone() })
}

fn review(report: &Report, locale: &Locale) -> Value {
    let Some(review) = &report.review else {
        return Value::Null;
    };
    let said = locale.say(
        "reviewed-by",
        [
            (
                "reviewer",
                Foreign::name(&review.reviewer).isolated().into(),
            ),
            ("date", locale.moment(review.at).into()),
        ],
    );
    let about = if review.verdict == report.verdict {
        locale.text("review-confirmed")
    } else {
        let made = locale.verdict(report.verdict);
        locale.say("review-changed", [("verdict", made.into())])
    };
    json!({ "said": format!("{said} {about}"), "comment": Foreign::prose(&review.comment).alone() })
}

fn legend(report: &Report, locale: &Locale, files: &mut BTreeMap<String, Vec<u8>>) -> Value {
    let signs = signs_used(report).into_iter().map(|sign| {
        let path = format!("{}.svg", sign.class());
        files.insert(path.clone(), figures::sign_file(sign));
        json!([path, locale.text(sign.text_id())])
    });
    signs.collect()
}
