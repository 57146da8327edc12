//! Where the time of a score went, for `--timings`.

use std::time::Duration;

use sopilot_chassis::StageTimings;

use crate::table::{Align, Column, table};

/// What the services call their stages, in order, and what people call them.
const STAGES: [(&str, &str); 5] = [
    ("decode", "waiting for decoded frames"),
    ("embed", "embedding clips"),
    ("prepare", "preparing the gold"),
    ("align", "aligning, evidence"),
    ("score", "steps, deviations, score"),
];

const COLUMNS: [Column; 2] = [
    Column("Stage", Align::Left),
    Column("Seconds", Align::Right),
];

/// A table of all stages that took part, and the whole. Stages of both videos run at the same
/// time, so their sum may exceed the whole.
pub(crate) fn told(timings: &StageTimings, whole: Duration) -> String {
    let took = timings.so_far();
    let row =
        |what: &str, time: Duration| vec![what.to_owned(), format!("{:.3}", time.as_secs_f64())];
    let stages = STAGES.iter().filter_map(|(name, what)| {
        let (_, time) = took.iter().find(|(stage, _)| stage == name)?;
        Some(row(what, *time))
    });
    table(&COLUMNS, stages.chain([row("all together", whole)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_no_part_is_not_told() {
        let told = told(&StageTimings::default(), Duration::from_millis(1500));
        assert!(
            told.contains("all together") && told.contains("1.500"),
            "{told}"
        );
        assert!(!told.contains("aligning"), "{told}");
    }
}
