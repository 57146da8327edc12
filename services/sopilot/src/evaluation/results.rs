//! What the judge says, in all the forms in which it is shown.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use sopilot_judge::{
    Comparison, Judge, JudgeError, Judgement, Measures, Options, Prediction, Video,
    plot::precision_recall_svg,
    table::{self, Format},
};

use super::Predicted;
use crate::{
    error::{Error, Result},
    exit::Exit,
};

/// The method that the others stand beside.
const OURS: &str = "sopilot";

/// Measures of every method on the same videos.
pub(crate) struct Results<'a> {
    predicted: &'a Predicted,
    rows: Vec<Row<'a>>,
}

/// One method.
struct Row<'a> {
    name: &'a str,
    about: &'a str,
    predictions: &'a [Prediction],
    judgement: Judgement<'a>,
    measures: Measures,
    /// Ours less this one; none for ours itself.
    ours_less_this: Option<Comparison>,
}

/// What one method made of one video, for those who look into single cases.
#[derive(Serialize)]
struct Case<'a> {
    video: &'a str,
    strata: &'a BTreeMap<String, String>,
    truth: &'a sopilot_judge::Truth,
    prediction: &'a Prediction,
}

impl<'a> Results<'a> {
    pub(crate) fn new(predicted: &'a Predicted) -> Result<Self> {
        let judge = Judge::new(&predicted.videos, Options::default()).map_err(|e| unjudged(&e))?;
        let mut judged = Vec::with_capacity(predicted.by_method.len());
        for method in &predicted.by_method {
            let judgement = judge
                .judge(&method.predictions)
                .map_err(|error| unjudged(&error).about(&method.name))?;
            judged.push((method, judgement));
        }
        let ours = judged
            .iter()
            .find(|(method, _)| method.name == OURS)
            .map(|(_, judgement)| judgement.clone());
        let mut rows = Vec::with_capacity(judged.len());
        for (method, judgement) in judged {
            let compared = ours.as_ref().filter(|_| method.name != OURS);
            rows.push(Row {
                name: &method.name,
                about: &method.about,
                predictions: &method.predictions,
                measures: judgement.measures(),
                ours_less_this: compared
                    .map(|ours| ours.compare(&judgement))
                    .transpose()
                    .map_err(|error| unjudged(&error))?,
                judgement,
            });
        }
        Ok(Self { predicted, rows })
    }

    /// Measures of SOPilot itself, if it was among the methods.
    pub(crate) fn ours(&self) -> Option<&Measures> {
        let ours = self.rows.iter().find(|row| row.name == OURS);
        ours.map(|row| &row.measures)
    }

    /// All tables, one below the other; and one for each value of each of `strata`.
    pub(crate) fn tables(&self, strata: &[String], format: Format) -> String {
        let rows: Vec<(&str, &Measures)> = self
            .rows
            .iter()
            .map(|row| (row.name, &row.measures))
            .collect();
        let title = |text: &str| match format {
            Format::Text => format!("\n{text}\n"),
            Format::Markdown => format!("\n### {text}\n\n"),
        };
        let mut text = title("Deviations found, by kind");
        text += &table::overview(&rows, format);
        text += &title("Good videos against those with a mistake of each kind");
        text += &table::areas(&rows, format);
        text += &title("Precision, decoded steps, false alarms, calibration");
        text += &table::details(&rows, format);
        let compared: Vec<(&str, &Comparison)> = self
            .rows
            .iter()
            .filter_map(|row| Some((row.name, row.ours_less_this.as_ref()?)))
            .collect();
        if !compared.is_empty() {
            text += &title("SOPilot less the other method, on the same videos");
            text += &table::comparisons(&compared, format);
        }
        for key in strata {
            let grouped: Vec<_> = self
                .rows
                .iter()
                .map(|row| (row.name, row.by_stratum(key)))
                .collect();
            let rows: Vec<_> = grouped.iter().map(|(name, by)| (*name, by)).collect();
            text += &title(&format!("By {key}"));
            text += &table::strata(key, &rows, format);
        }
        text
    }

    /// Everything as JSON.
    pub(crate) fn json(&self, strata: &[String], with_videos: bool) -> Value {
        let method = |row: &Row<'_>| {
            let by: BTreeMap<&str, _> = strata
                .iter()
                .map(|key| (key.as_str(), row.by_stratum(key)))
                .collect();
            let mut value = json!({
                "name": row.name,
                "about": row.about,
                "measures": row.measures,
                "strata": by,
                "sopilot_less_this": row.ours_less_this,
            });
            if with_videos {
                let videos: Vec<Case<'_>> = self.cases(row).collect();
                value["videos"] = json!(videos);
            }
            value
        };
        Value::Array(self.rows.iter().map(method).collect())
    }

    /// Precision and recall at all thresholds, as a picture.
    pub(crate) fn plot(&self) -> Result<String> {
        let rows: Vec<(&str, &Measures)> = self
            .rows
            .iter()
            .map(|row| (row.name, &row.measures))
            .collect();
        precision_recall_svg(&rows).map_err(|error| Error::new(Exit::INTERNAL, error.to_string()))
    }

    fn cases<'b>(&'b self, row: &'b Row<'_>) -> impl Iterator<Item = Case<'b>> {
        let videos: &[Video] = &self.predicted.videos;
        videos
            .iter()
            .zip(row.predictions)
            .map(|(video, prediction)| Case {
                video: &video.id,
                strata: &video.strata,
                truth: &video.truth,
                prediction,
            })
    }
}

impl Row<'_> {
    fn by_stratum(&self, key: &str) -> BTreeMap<String, Measures> {
        let groups = self.judgement.by_stratum(key).into_iter();
        groups
            .map(|(value, judgement)| (value, judgement.measures()))
            .collect()
    }
}

fn unjudged(error: &JudgeError) -> Error {
    Error::new(Exit::LABELS, error.to_string())
}
