//! Probe, quality gate, decode to clips, privacy mask; ffmpeg as a guarded subprocess.
