//! Reports as pages and as PDF: what they show is gathered from a catalog, and written to a file.

mod over_time;
mod pictures;
mod score;

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use sopilot_report::{Fonts, Locale, PdfWarning, Report, ReportError, ReportOptions};

use crate::{
    error::{Error, Result},
    exit::Exit,
    output,
};

pub(crate) use over_time::{Wanted, over_time};
pub(crate) use score::of_score;

/// How a page is written.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Style {
    /// Language, as a tag such as en or ja [default: en]
    #[arg(long, value_name = "TAG")]
    pub(crate) language: Option<String>,
    /// Leave out pictures from the videos
    #[arg(long)]
    pub(crate) no_pictures: bool,
}

impl Style {
    /// Refuses what says how a page looks where none is written.
    pub(crate) fn without_page(&self) -> Result<()> {
        let option = if self.language.is_some() {
            "--language"
        } else if self.no_pictures {
            "--no-pictures"
        } else {
            return Ok(());
        };
        Err(Error::usage(format!(
            "{option} says how the page looks, and none is written: add --report FILE, or leave {option} out"
        )))
    }
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One file that any browser opens
    Html,
    /// For paper and for archives
    Pdf,
}

impl Format {
    /// As the file's name says.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        match extension.as_ref().and_then(|extension| extension.to_str()) {
            Some("html" | "htm") => Ok(Self::Html),
            Some("pdf") => Ok(Self::Pdf),
            _ => Err(Error::usage(format!(
                "{}: its name must end in .html or .pdf, which says what is written",
                path.display()
            ))),
        }
    }
}

/// A file that will hold a page: checked before any work is done.
#[derive(Debug)]
pub(crate) struct Target {
    path: PathBuf,
    format: Format,
    locale: Locale,
    options: ReportOptions,
}

impl Target {
    pub(crate) fn new(path: &Path, style: &Style) -> Result<Self> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let message = format!(
                "{}: there is no such folder: make it first",
                folder.display()
            );
            return Err(Error::new(Exit::NO_INPUT, message));
        }
        Ok(Self {
            path: path.to_owned(),
            format: Format::of(path)?,
            locale: Locale::negotiate(style.language.as_deref().unwrap_or("en"))
                .map_err(|error| not_made(&error))?,
            options: ReportOptions {
                pictures: !style.no_pictures,
                ..ReportOptions::default()
            },
        })
    }

    /// Whether pictures are shown.
    pub(crate) fn has_pictures(&self) -> bool {
        self.options.pictures
    }

    /// Writes the report of a score.
    pub(crate) fn write(&self, report: &Report) -> Result<()> {
        let bytes = match self.format {
            Format::Html => sopilot_report::html(report, &self.locale, self.options)
                .map_err(|error| not_made(&error))?
                .into_bytes(),
            Format::Pdf => self.pdf(report)?,
        };
        self.save(&bytes)
    }

    /// Writes a page that is not about a single score.
    pub(crate) fn write_page(&self, page: impl FnOnce(&Locale) -> String) -> Result<()> {
        match self.format {
            Format::Html => self.save(page(&self.locale).as_bytes()),
            Format::Pdf => Err(Error::usage(
                "pages over many scores are written as HTML only: name a file that ends in .html",
            )),
        }
    }

    fn pdf(&self, report: &Report) -> Result<Vec<u8>> {
        let fonts = Fonts::with_system();
        let made = sopilot_report::pdf(report, &self.locale, self.options, &fonts)
            .map_err(|error| not_made(&error))?;
        for warning in &made.warnings {
            output::aside(&match warning {
                PdfWarning::MissingGlyphs(missing) => format!(
                    "warning: no font has {}: install one, such as the package fonts-noto-cjk for Japanese\n",
                    missing
                        .iter()
                        .map(char::to_string)
                        .collect::<Vec<_>>()
                        .join(" ")
                ),
                PdfWarning::UnreadablePicture => {
                    "warning: a picture cannot be read, so the PDF has none\n".to_owned()
                }
            });
        }
        Ok(made.bytes)
    }

    /// Under another name first, so that nobody sees half of a file.
    fn save(&self, bytes: &[u8]) -> Result<()> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let half = self.path.with_file_name(format!(".{name}.part"));
        let saved = fs::write(&half, bytes).and_then(|()| fs::rename(&half, &self.path));
        saved.map_err(|error| {
            // The error of the write is the one to tell.
            let _ = fs::remove_file(&half);
            Error::io(&self.path, &error)
        })
    }
}

fn not_made(error: &ReportError) -> Error {
    match error {
        ReportError::UnknownLanguage { .. } => Error::usage(error.to_string()),
        _ => Error::new(Exit::INTERNAL, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(language: &str) -> Style {
        Style {
            language: Some(language.to_owned()),
            no_pictures: false,
        }
    }

    #[test]
    fn the_name_says_the_format() {
        assert_eq!(Format::of(Path::new("a/b.HTML")).unwrap(), Format::Html);
        assert_eq!(Format::of(Path::new("b.pdf")).unwrap(), Format::Pdf);
        for wrong in ["b", "b.txt", ".pdf"] {
            assert_eq!(Format::of(Path::new(wrong)).unwrap_err().exit, Exit::USAGE);
        }
    }

    #[test]
    fn what_cannot_be_written_is_told_before_any_work() {
        let error = Target::new(Path::new("/nowhere/at-all/r.html"), &style("en")).unwrap_err();
        assert_eq!(error.exit, Exit::NO_INPUT);
        let error = Target::new(Path::new("r.html"), &style("tlh")).unwrap_err();
        assert!(error.message.contains("en, ja"), "{}", error.message);
    }
}
