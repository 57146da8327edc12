//! A descriptor of colour, layout and motion that needs no model.
//!
//! A clip is resampled to one small raster, freed of its illumination
//! ([`raster`]), and described by eight blocks of statistics over grids of
//! cells ([`appearance`], [`motion`]). Each block is scaled so that it holds at
//! most its stated share of the embedding's energy ([`SHARES`]); what the
//! blocks leave free goes to the last component, the bias. So a clip in which
//! nothing is seen or nothing moves still has a finite vector of unit length.

mod appearance;
mod grid;
mod motion;
mod raster;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::{ClipFrames, EmbedError, Embedder, EmbedderInfo, Sampling};
use raster::Raster;

/// The smallest side of a frame, in pixels, that still has a layout.
const SMALLEST_SIDE: usize = 16;

/// One block of the embedding.
struct Share {
    /// What it describes.
    block: &'static str,
    /// Its length.
    dim: usize,
    /// The largest part of the embedding's energy (squared norm) it may hold.
    energy: f32,
    /// Norm of the raw block at which it holds half of that: a little above
    /// what sensor noise and compression make of a scene without the thing.
    half_norm: f32,
}

/// The blocks in the order in which they stand in the embedding. Colour may
/// hold 0.11 of the energy, layout 0.40, motion 0.44; the bias holds the rest,
/// which is at least 0.05.
///
/// Motion weighs most: what is done is in what moves, and where. Layout comes
/// next for where hands and parts are. Colour is the same in every clip of a
/// bench but for a few parts. Directions and outcomes tell gestures apart but
/// waver from clip to clip, so they only tip the balance.
#[rustfmt::skip] // A table, one block a line.
const SHARES: [Share; 8] = [
    share("colour: mean", 2 * grid::CELLS, 0.06, 1.0),
    share("colour: contrast", grid::CELLS, 0.05, 0.5),
    share("layout: lightness", grid::CELLS, 0.10, 1.0),
    share("layout: orientations", appearance::ORIENTATION_DIM, 0.30, 0.5),
    share("motion: lightness that changes", grid::CELLS, 0.24, 0.4),
    share("motion: colour that changes", grid::CELLS, 0.12, 0.4),
    share("motion: what became of each place", 3 * grid::FINE_CELLS, 0.03, 0.6),
    share("motion: directions", motion::FLOW_DIM, 0.05, 0.3),
];

const fn share(block: &'static str, dim: usize, energy: f32, half_norm: f32) -> Share {
    Share {
        block,
        dim,
        energy,
        half_norm,
    }
}

/// The embedder that needs no model: statistics of colour, layout and motion.
///
/// It takes frames of any size from 16×16 (they are resampled), and any number
/// of them; a clip of one frame has no motion. Gain and offset of the light and
/// its tint cancel out unless the picture clips. It does not know objects: a
/// new viewpoint is a new scene.
///
/// Clips are embedded in parallel on rayon's current thread pool. Each is
/// computed by one thread with sums in fixed order, so the bits depend neither
/// on the number of threads nor on the batch.
#[derive(Debug, Clone)]
pub struct Descriptor {
    info: EmbedderInfo,
}

impl Descriptor {
    /// The descriptor; it has no options, so that all its embeddings are comparable.
    pub fn new() -> Self {
        let dim = SHARES.iter().map(|share| share.dim).sum::<usize>() + 1;
        Self {
            info: EmbedderInfo {
                name: "descriptor".to_owned(),
                version: "1".to_owned(),
                dim,
                checksum: checksum(),
            },
        }
    }

    fn check_shapes(&self, clips: &[ClipFrames<'_>]) -> Result<(), EmbedError> {
        let wrong = clips
            .iter()
            .position(|clip| clip.height().min(clip.width()) < SMALLEST_SIDE);
        match wrong {
            None => Ok(()),
            Some(clip) => Err(EmbedError::ClipShape {
                clip,
                frames: clips[clip].frames(),
                height: clips[clip].height(),
                width: clips[clip].width(),
                embedder: self.info.name.clone(),
                needs: format!("frames of at least {SMALLEST_SIDE}×{SMALLEST_SIDE}"),
            }),
        }
    }
}

impl Default for Descriptor {
    fn default() -> Self {
        Self::new()
    }
}

impl Embedder for Descriptor {
    fn info(&self) -> &EmbedderInfo {
        &self.info
    }

    /// 8 Hz, clips of 1 s, one every 0.5 s: a step of 2 s has three clips of
    /// its own, and a gesture of half a second fills half a clip.
    fn sampling(&self) -> Sampling {
        Sampling {
            sample_rate_hz: 8.0,
            frames_per_clip: 8,
            stride_frames: 4,
            frame_width: raster::WIDTH,
            frame_height: raster::HEIGHT,
        }
    }

    fn embed(&self, clips: &[ClipFrames<'_>]) -> Result<Vec<f32>, EmbedError> {
        self.check_shapes(clips)?;
        let mut rows = vec![0.0; clips.len() * self.info.dim];
        rows.par_chunks_exact_mut(self.info.dim)
            .zip(clips)
            .for_each(|(row, clip)| describe(clip, row));
        Ok(rows)
    }
}

/// Writes the embedding of one clip into `row`.
fn describe(clip: &ClipFrames<'_>, row: &mut [f32]) {
    let frames = raster::normalised(clip);
    let appearance = appearance::describe(&frames);
    let motion = motion::describe(&frames);
    let mut rest = row;
    let mut free = 1.0_f32;
    for (share, block) in SHARES.iter().zip(appearance.iter().chain(&motion)) {
        debug_assert_eq!(share.dim, block.len(), "{}", share.block);
        let (place, behind) = rest.split_at_mut(share.dim);
        free -= place_block(share, block, place);
        rest = behind;
    }
    // The shares sum to 0.95, so what is free is positive whatever is rounded.
    rest[0] = free.sqrt();
}

/// Scales `block` to its share of the energy and returns the energy it took.
///
/// The scaling saturates: a block well above its noise takes all of its share
/// whatever its size, and one that is only noise almost nothing.
fn place_block(share: &Share, block: &[f32], place: &mut [f32]) -> f32 {
    let squared = block.iter().map(|v| v * v).sum::<f32>();
    let scale = (share.energy / (squared + share.half_norm * share.half_norm)).sqrt();
    let mut energy = 0.0;
    for (to, from) in place.iter_mut().zip(block) {
        *to = scale * from;
        energy += *to * *to;
    }
    energy
}

/// SHA-256 of all constants that shape the embedding.
fn checksum() -> String {
    let shares = SHARES.map(|share| {
        let Share {
            block,
            dim,
            energy,
            half_norm,
        } = share;
        format!("{block} {dim} {energy} {half_norm}")
    });
    let constants = [raster::CONSTANTS, appearance::CONSTANTS, motion::CONSTANTS].join(";");
    let digest = Sha256::digest(format!("{constants};{}", shares.join(";")).as_bytes());
    digest
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// One frame's planes after [`raster::normalised`].
type Frames = [Raster];

#[cfg(test)]
mod tests;
