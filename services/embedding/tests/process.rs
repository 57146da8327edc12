//! The service as a process of its own.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Command;

#[test]
fn a_missing_ffmpeg_is_told_as_a_wrong_setting() {
    let objects = tempfile::tempdir().unwrap();
    let ended = Command::new(env!("CARGO_BIN_EXE_sopilot-embedding"))
        .env_clear()
        .env("SOPILOT_LISTEN", "127.0.0.1:0")
        .env("SOPILOT_ADMIN_LISTEN", "127.0.0.1:0")
        .env("SOPILOT_OBJECTS__FOLDER", objects.path())
        .env("SOPILOT_EMBEDDING__FFMPEG", objects.path().join("none"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(78), "{told}");
    assert!(told.contains("embedding.ffmpeg: "), "{told}");
}
