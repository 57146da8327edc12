//! Writes sample pages to look at:
//!
//!     cargo run -p sopilot-report --example sample -- FOLDER

mod model;
mod past;
mod pictures;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sopilot_report::{
    HtmlOptions, Locale, TaskOverview, TraineeHistory, history_html, html, task_html,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("."), PathBuf::from);
    fs::create_dir_all(&folder)?;
    let mut report = model::report();
    pictures::add(&mut report, 1.0);
    let options = HtmlOptions::default();
    for tag in ["en", "ja"] {
        let locale = Locale::negotiate(tag)?;
        fs::write(
            folder.join(format!("report-{tag}.html")),
            html(&report, &locale, options)?,
        )?;
    }
    let en = Locale::negotiate("en")?;
    let without = HtmlOptions {
        pictures: false,
        ..options
    };
    fs::write(
        folder.join("report-no-pictures.html"),
        html(&report, &en, without)?,
    )?;
    write_past(&folder, &en)
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
