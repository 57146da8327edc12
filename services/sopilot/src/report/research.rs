//! What `--research` adds to a report.

use sopilot_proto::scoring::v1::{ResearchMetrics, ScoreInterval};

use crate::table::{Align, Column, table};

/// The measures for research, one a line; docs/research-metrics.md explains
/// them.
pub(crate) fn research(metrics: &ResearchMetrics) -> String {
    let number = |value: Option<f64>| value.map(|value| format!("{value:.3}"));
    let rows = [
        (
            "Score, were its deviations known (95 %)",
            metrics.deviation_interval.as_ref().map(interval),
        ),
        (
            "Mean score of such work (95 %)",
            metrics.step_interval.as_ref().map(interval),
        ),
        ("Kendall's tau of the steps", number(metrics.step_order_tau)),
        ("Kendall's tau-b of the warp", number(metrics.warp_tau)),
        (
            "Hausdorff distance of step boundaries",
            metrics
                .boundary_hausdorff_seconds
                .map(|seconds| format!("{seconds:.1} s")),
        ),
        (
            "Discrete Fréchet distance",
            number(Some(metrics.discrete_frechet)),
        ),
    ];
    let columns = [
        Column("Measure", Align::Left),
        Column("Value", Align::Right),
    ];
    let rows = rows.map(|(name, value)| {
        vec![
            name.to_owned(),
            value.unwrap_or_else(|| "not defined".to_owned()),
        ]
    });
    format!("\nFor research\n{}", table(&columns, rows))
}

fn interval(interval: &ScoreInterval) -> String {
    format!("{:.1} – {:.1}", interval.low, interval.high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measures_are_a_table_for_people() {
        let text = research(&ResearchMetrics {
            discrete_frechet: 0.4128,
            boundary_hausdorff_seconds: Some(12.25),
            step_order_tau: Some(2.0 / 3.0),
            warp_tau: None,
            deviation_interval: Some(ScoreInterval {
                low: 62.5,
                high: 81.25,
            }),
            step_interval: None,
        });
        insta::assert_snapshot!(text);
    }
}
