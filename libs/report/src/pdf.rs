//! The report as PDF: typeset from one template, which reads its texts as
//! data. Nothing that came from outside is ever part of the template.

mod content;
mod figures;
mod fonts;
mod glyphs;
mod world;

use typst::diag::SourceDiagnostic;
use typst::ecow::EcoVec;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::error::ReportError;
use crate::html::ReportOptions;
use crate::locale::Locale;
use crate::model::Report;
use crate::pictures;
use content::Content;
use world::Desk;

pub use fonts::Fonts;

/// A PDF, and what its reader should know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pdf {
    /// The file.
    pub bytes: Vec<u8>,
    /// What could not be shown.
    pub warnings: Vec<PdfWarning>,
}

/// What a PDF does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PdfWarning {
    /// No font has these characters, in the order of their code points;
    /// something else stands in their place. Install a font that has them.
    MissingGlyphs(Vec<char>),
    /// A picture cannot be read, so all were left out.
    UnreadablePicture,
}

/// The report of a score as tagged PDF (PDF/UA-1) on A4. With the same fonts,
/// the same report gives the same bytes.
pub fn pdf(
    report: &Report,
    locale: &Locale,
    options: ReportOptions,
    fonts: &Fonts,
) -> Result<Pdf, ReportError> {
    let document = typeset(report, locale, options, fonts);
    // Which memory of the typesetter's is of use for the next report cannot be
    // known: none.
    typst::comemo::evict(0);
    document
}

fn typeset(
    report: &Report,
    locale: &Locale,
    options: ReportOptions,
    fonts: &Fonts,
) -> Result<Pdf, ReportError> {
    let budget = if options.pictures {
        options.picture_budget_bytes
    } else {
        0
    };
    let chosen = pictures::choose(report, budget);
    let mut content = content::gather(report, locale, options, &chosen, fonts)?;
    let mut warnings = Vec::new();
    let missing = glyphs::replace_missing(&mut content, fonts);
    if !missing.is_empty() {
        warnings.push(PdfWarning::MissingGlyphs(missing));
    }
    content.break_long_words();
    let document = match compiled(&content, fonts) {
        Err(_) if content.has_pictures() => {
            // Its head was a JPEG's; what follows is not.
            content.leave_out_pictures();
            let document = compiled(&content, fonts)?;
            warnings.push(PdfWarning::UnreadablePicture);
            document
        }
        result => result?,
    };
    let bytes = typst_pdf::pdf(&document, &export_options(report)?).map_err(refused)?;
    Ok(Pdf { bytes, warnings })
}

fn compiled(content: &Content, fonts: &Fonts) -> Result<PagedDocument, ReportError> {
    let desk = Desk::new(content, fonts)?;
    typst::compile(&desk).output.map_err(refused)
}

fn export_options(report: &Report) -> Result<PdfOptions, ReportError> {
    let made = &report.provenance;
    let at = made.created_at.to_offset(time::UtcOffset::UTC);
    let date = Datetime::from_ymd_hms(
        at.year(),
        at.month().into(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
    );
    let standards = PdfStandards::new(&[PdfStandard::Ua_1])
        .map_err(|refusal| ReportError::Typesetting(refusal.message().to_string()))?;
    Ok(PdfOptions {
        ident: Smart::Custom(format!("{} {}", made.job_id, at.unix_timestamp_nanos())),
        creator: Smart::Custom(Some("SOPilot".to_owned())),
        timestamp: date.map(Timestamp::new_utc),
        standards,
        ..PdfOptions::default()
    })
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn refused(problems: EcoVec<SourceDiagnostic>) -> ReportError {
    let texts: Vec<&str> = problems
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    ReportError::Typesetting(texts.join("; "))
}
