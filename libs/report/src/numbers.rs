//! Metrics, measures for research and provenance as lists of named values.

use sopilot_procedure::research::Interval;
use sopilot_procedure::{Metrics, ResearchMetrics};

use crate::foreign::Foreign;
use crate::locale::Locale;
use crate::model::Provenance;

/// A measure: its name, its value and what it means.
pub(crate) struct Measure {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) meaning: String,
}

fn measure(locale: &Locale, id: &str, value: String) -> Measure {
    Measure {
        name: locale.text(id),
        value,
        meaning: locale.text(&format!("{id}-means")),
    }
}

pub(crate) fn metrics(locale: &Locale, metrics: &Metrics) -> Vec<Measure> {
    let count = |id, value: u32| measure(locale, id, value.to_string());
    let ratio = |id, value| measure(locale, id, locale.number(value, 3));
    vec![
        count("metric-miss", metrics.miss),
        count("metric-swap", metrics.swap),
        count("metric-deviation", metrics.deviation),
        count("metric-over-time", metrics.over_time),
        ratio("metric-temporal-warp", metrics.temporal_warp),
        ratio("metric-path-stretch", metrics.path_stretch),
        ratio("metric-duplicate-ratio", metrics.duplicate_ratio),
        ratio(
            "metric-order-violation-ratio",
            metrics.order_violation_ratio,
        ),
        ratio("metric-temporal-drift", metrics.temporal_drift),
        ratio("metric-confidence-loss", metrics.confidence_loss),
        ratio("metric-local-similarity-gap", metrics.local_similarity_gap),
        ratio(
            "metric-adaptive-threshold",
            metrics.adaptive_low_similarity_threshold,
        ),
        ratio(
            "metric-effective-threshold",
            metrics.effective_low_similarity_threshold,
        ),
        ratio("metric-hard-miss-ratio", metrics.hard_miss_ratio),
        ratio("metric-mean-alignment-cost", metrics.mean_alignment_cost),
    ]
}

pub(crate) fn research(locale: &Locale, found: &ResearchMetrics) -> Vec<Measure> {
    let undefined = || locale.text("not-defined");
    let number = |value: Option<f64>| value.map_or_else(undefined, |value| locale.number(value, 3));
    let interval = |value: Option<Interval>| {
        value.map_or_else(undefined, |ends| locale.interval(ends.low, ends.high))
    };
    let hausdorff = found
        .boundary_hausdorff_s
        .map_or_else(undefined, |seconds| {
            locale.say("seconds", [("value", locale.number(seconds, 1).into())])
        });
    vec![
        measure(
            locale,
            "research-deviation-interval",
            interval(Some(found.deviation_interval)),
        ),
        measure(
            locale,
            "research-step-interval",
            interval(found.step_interval),
        ),
        measure(
            locale,
            "research-step-order-tau",
            number(found.step_order_tau),
        ),
        measure(locale, "research-warp-tau", number(found.warp_tau)),
        measure(locale, "research-hausdorff", hausdorff),
        measure(
            locale,
            "research-frechet",
            number(Some(found.discrete_frechet)),
        ),
    ]
}

/// What made the report: names and values; what is not known is left out.
pub(crate) fn provenance(locale: &Locale, made: &Provenance) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let mut add = |id: &str, value: String| {
        if !value.is_empty() {
            lines.push((locale.text(id), value));
        }
    };
    let foreign = |text: &str| {
        let text = Foreign::name(text);
        if text.is_empty() {
            String::new()
        } else {
            text.isolated()
        }
    };
    add("provenance-created", locale.moment(made.created_at));
    add("provenance-job", foreign(&made.job_id));
    add("provenance-task-version", made.task_version.to_string());
    for gold in &made.golds {
        let args = [
            ("id", foreign(&gold.video_id).into()),
            ("version", gold.version.to_string().into()),
        ];
        add(
            "provenance-gold",
            locale.say("provenance-gold-version", args),
        );
    }
    add("provenance-trainee", foreign(&made.trainee_video_id));
    let embedder = &made.embedder;
    if !embedder.name.is_empty() {
        let args = [
            ("name", foreign(&embedder.name).into()),
            ("version", foreign(&embedder.version).into()),
        ];
        add(
            "provenance-embedder",
            locale.say("provenance-embedder-version", args),
        );
    }
    add("provenance-checksum", foreign(&embedder.checksum));
    add(
        "provenance-adapter",
        foreign(embedder.adapter.as_deref().unwrap_or_default()),
    );
    add("provenance-engine", foreign(&made.alignment_engine));
    add("provenance-calibration", foreign(&made.calibration));
    add("provenance-code", foreign(&made.code_version));
    lines
}
