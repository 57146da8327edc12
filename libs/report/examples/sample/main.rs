//! Writes sample pages to look at:
//!
//!     cargo run -p sopilot-report --example sample -- FOLDER

#[path = "../../tests/hostile/mod.rs"]
mod hostile;
mod model;
mod past;
mod pictures;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sopilot_report::{
    Locale, Report, ReportOptions, TaskOverview, TraineeHistory, history_html, html, task_html,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("."), PathBuf::from);
    fs::create_dir_all(&folder)?;
    let mut report = model::report();
    pictures::add(&mut report, 1.0);
    let options = ReportOptions::default();
    let write =
        |name: &str, report: &Report, locale: &Locale, options| -> Result<(), Box<dyn Error>> {
            Ok(fs::write(
                folder.join(format!("{name}.html")),
                html(report, locale, options)?,
            )?)
        };
    for tag in ["en", "ja"] {
        let locale = Locale::negotiate(tag)?;
        write(&format!("report-{tag}"), &report, &locale, options)?;
    }
    let en = Locale::negotiate("en")?;
    let without = ReportOptions {
        pictures: false,
        ..options
    };
    write("report-no-pictures", &report, &en, without)?;
    let mut hostile = hostile::report();
    pictures::add(&mut hostile, 8.0);
    write("report-hostile", &hostile, &en, options)?;
    let mut long = hostile::long_report();
    pictures::add(&mut long, 2.0);
    write("report-ten-minutes", &long, &en, options)?;
    write_past(&folder, &en)?;
    write_pdf(&folder, &report)
}

#[cfg(feature = "pdf")]
fn write_pdf(folder: &Path, report: &Report) -> Result<(), Box<dyn Error>> {
    let fonts = sopilot_report::Fonts::with_system();
    for tag in ["en", "ja"] {
        let locale = Locale::negotiate(tag)?;
        let pdf = sopilot_report::pdf(report, &locale, ReportOptions::default(), &fonts)?;
        if !pdf.warnings.is_empty() {
            return Err(format!("the sample cannot be shown: {:?}", pdf.warnings).into());
        }
        fs::write(folder.join(format!("report-{tag}.pdf")), pdf.bytes)?;
    }
    Ok(())
}

#[cfg(not(feature = "pdf"))]
fn write_pdf(_folder: &Path, _report: &Report) -> Result<(), Box<dyn Error>> {
    Ok(())
}

fn write_past(folder: &Path, locale: &Locale) -> Result<(), Box<dyn Error>> {
    let task = "Replace the filter unit".to_owned();
    let overview = TaskOverview {
        task: task.clone(),
        results: past::results(40),
    };
    fs::write(folder.join("task.html"), task_html(&overview, locale))?;
    let history = TraineeHistory {
        task,
        trainee: "Mia Schneider".to_owned(),
        results: past::results(14),
    };
    fs::write(folder.join("history.html"), history_html(&history, locale))?;
    Ok(())
}
