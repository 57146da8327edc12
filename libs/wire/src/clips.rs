//! Clips.

use sopilot_procedure::{Clip, ClipFlag};
use sopilot_proto::embedding::v1 as wire;

/// Reads the clips of a video. Flags that this version does not know are
/// passed over: they only ever add a warning.
pub fn clips(wire: &[wire::Clip]) -> Vec<Clip> {
    wire.iter()
        .map(|clip| Clip {
            start_s: clip.start_seconds,
            end_s: clip.end_seconds,
            flags: clip.flags().filter_map(flag).collect(),
            motion: clip.motion.map(f64::from),
        })
        .collect()
}

fn flag(wire: wire::ClipFlag) -> Option<ClipFlag> {
    match wire {
        wire::ClipFlag::Unspecified => None,
        wire::ClipFlag::LowLight => Some(ClipFlag::LowLight),
        wire::ClipFlag::OverExposed => Some(ClipFlag::OverExposed),
        wire::ClipFlag::Blurry => Some(ClipFlag::Blurry),
        wire::ClipFlag::Frozen => Some(ClipFlag::Frozen),
    }
}
