//! The map of similarities.

use maud::{Markup, html};

use super::section as part;
use crate::drawing::similarity::similarity;
use crate::error::ReportError;
use crate::locale::Locale;
use crate::model::Report;

/// Nothing if the report has no matrix.
pub(super) fn section(report: &Report, locale: &Locale) -> Result<Markup, ReportError> {
    let Some(matrix) = &report.similarity else {
        return Ok(html! {});
    };
    let drawing = similarity(locale, report, matrix)?;
    let content = html! {
        p .explained { (locale.text("similarity-means")) }
        div .map { (drawing.inline()) }
    };
    Ok(part(
        "similarity",
        &locale.text("heading-similarity"),
        &content,
    ))
}
