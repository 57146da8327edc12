//! Deviations as data: what cost points, and each of them at length.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::original_sentence;
use crate::foreign::Foreign;
use crate::html::ReportOptions;
use crate::locale::Locale;
use crate::model::{Report, ReportedDeviation, Side};
use crate::pictures::{Beside, Chosen, Picture};
use crate::wording::NOTHING;

pub(super) fn cost(report: &Report, locale: &Locale) -> Value {
    let lines: Vec<Value> = report
        .deviations
        .iter()
        .map(|deviation| {
            let found = &deviation.found;
            let is_false_alarm = deviation
                .review
                .as_ref()
                .is_some_and(|review| !review.confirmed);
            json!({
                "kind": locale.kind(found.kind),
                "step": step(deviation),
                "step_label": step_label(report, deviation, locale),
                "time": report.place_of(found).map_or_else(String::new, |place| locale.clock(place.start_s)),
                "points": locale.points_lost(found.points_lost),
                "false_alarm": is_false_alarm.then(|| locale.text("false-alarm")),
            })
        })
        .collect();
    json!({
        "heading": locale.text("heading-cost"),
        "nothing": locale.text("nothing-differs"),
        "lines": lines,
    })
}

fn step(deviation: &ReportedDeviation) -> String {
    let name = Foreign::name(&deviation.found.step_name);
    if name.is_empty() {
        String::new()
    } else {
        name.isolated()
    }
}

fn step_label(report: &Report, deviation: &ReportedDeviation, locale: &Locale) -> Option<String> {
    let number = report.number_of(deviation.found.gold_step?)?;
    Some(locale.say("step-numbered", [("number", number.into())]))
}

pub(super) fn pictures_note(
    locale: &Locale,
    options: ReportOptions,
    chosen: &Chosen<'_>,
) -> Option<String> {
    if !options.pictures {
        Some(locale.text("pictures-off"))
    } else if chosen.left_out > 0 {
        Some(locale.say("pictures-left-out", [("count", chosen.left_out.into())]))
    } else {
        None
    }
}

pub(super) fn deviations(
    report: &Report,
    locale: &Locale,
    chosen: &Chosen<'_>,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Value {
    let lines = report.deviations.iter().zip(&chosen.beside).enumerate();
    lines
        .map(|(index, (deviation, beside))| {
            let found = &deviation.found;
            let original = Foreign::prose(&found.reason);
            let in_own_words = !locale.is_own() || original.is_empty();
            let comment = deviation.review.as_ref().map(|review| Foreign::prose(&review.comment));
            json!({
                "kind": locale.kind(found.kind),
                "step": step(deviation),
                "step_label": step_label(report, deviation, locale),
                "seen": if in_own_words { locale.seen(report, found) } else { original.alone().to_owned() },
                "original": original_sentence(locale, &original),
                "facts": facts(report, locale, deviation),
                "comment": comment.map(|comment| comment.alone().to_owned()),
                "sides": sides(locale, index, beside, files),
            })
        })
        .collect()
}

fn facts(report: &Report, locale: &Locale, deviation: &ReportedDeviation) -> Value {
    let found = &deviation.found;
    let gold = found.gold_time.as_ref().map(|time| locale.range(time));
    let place = report.place_of(found).map(|time| locale.range(time));
    json!([
        [
            locale.text("when-gold"),
            gold.unwrap_or_else(|| NOTHING.to_owned())
        ],
        [
            locale.when_trainee(found),
            place.unwrap_or_else(|| NOTHING.to_owned())
        ],
        [locale.text("points"), locale.points_lost(found.points_lost)],
        [locale.text("how-sure"), locale.percent(found.confidence)],
        [locale.text("without-it"), locale.without_it(report, found)],
        [
            locale.text("review-status"),
            locale.review_status(deviation.review.as_ref())
        ],
    ])
}

fn sides(
    locale: &Locale,
    deviation: usize,
    beside: &Beside<'_>,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Value {
    if beside.is_empty() {
        return json!([]);
    }
    let mut side = |side: Side, pictures: &[Picture<'_>]| -> Vec<Value> {
        let (name, caption, alt) = match side {
            Side::Gold => ("gold", "picture-gold", "picture-alt-gold"),
            Side::Trainee => ("trainee", "picture-trainee", "picture-alt-trainee"),
        };
        let lines = pictures.iter().enumerate().map(|(at, picture)| {
            let path = format!("picture-{deviation}-{name}-{at}.jpg");
            files.insert(path.clone(), picture.jpeg.to_vec());
            let time = locale.clock(picture.time_s);
            json!({
                "path": path,
                "caption": locale.say(caption, [("time", time.as_str().into())]),
                "alt": locale.say(alt, [("time", time.as_str().into())]),
            })
        });
        lines.collect()
    };
    json!([
        side(Side::Gold, &beside.gold),
        side(Side::Trainee, &beside.trainee)
    ])
}
