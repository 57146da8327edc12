//! Compiles `proto/` without protoc, and keeps the descriptor set for gRPC
//! reflection and for protobuf's JSON mapping.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message as _;

const FILES: &[&str] = &[
    "sopilot/alignment/v1/alignment.proto",
    "sopilot/alignment/v1/prepared_gold.proto",
    "sopilot/catalog/v1/event.proto",
    "sopilot/catalog/v1/job.proto",
    "sopilot/catalog/v1/score.proto",
    "sopilot/catalog/v1/task.proto",
    "sopilot/catalog/v1/video.proto",
    "sopilot/catalog/v1/worker.proto",
    "sopilot/embedding/v1/embedding.proto",
    "sopilot/scoring/v1/procedure.proto",
    "sopilot/scoring/v1/report.proto",
    "sopilot/scoring/v1/scoring.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());

    let descriptors = protox::compile(FILES, [&root])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.binpb"), descriptors.encode_to_vec())?;

    // Chunks of videos and matrices are shared, not copied.
    let mut config = tonic_prost_build::Config::new();
    config.bytes(["."]).enable_type_names();
    tonic_prost_build::configure().compile_fds_with_config(descriptors, config)?;
    Ok(())
}
