//! Reports.

use sopilot_dtw::SimilarityPicture;
use sopilot_procedure::{CALIBRATION, ScoreOutcome};
use sopilot_proto::{
    embedding::v1::Embedder,
    scoring::v1 as wire,
    timestamp::{from_millis, now_millis},
};
use sopilot_wire::wire_outcome;

/// Writes a report that is made now; `picture` is that of the first gold.
pub(crate) fn wire_report(
    outcome: ScoreOutcome,
    picture: &SimilarityPicture,
    job_id: &str,
    provenance: wire::Provenance,
) -> wire::ScoreReport {
    wire::ScoreReport {
        job_id: job_id.to_owned(),
        provenance: Some(provenance),
        created_at: Some(from_millis(now_millis())),
        ..wire_outcome(outcome, picture)
    }
}

/// What this code adds to what made a report; the rest is for the caller.
pub(crate) fn provenance(embedder: Option<Embedder>, engine: &str) -> wire::Provenance {
    wire::Provenance {
        embedder,
        alignment_engine: engine.to_owned(),
        calibration: CALIBRATION.to_owned(),
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        ..wire::Provenance::default()
    }
}
