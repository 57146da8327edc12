//! A descriptor of colour, layout and motion that needs no model.
//!
//! A clip is resampled to one small raster ([`raster`]) and described by four blocks of means over one grid of cells
//! ([`appearance`], [`motion`]). Nothing in a block depends on the rest of the
//! block, so that what a place shows throughout a video, its background, can be
//! subtracted again by subtracting the mean of the video's clips. Blocks are
//! scaled by constants ([`BLOCKS`]); a last component, the bias, fills up to
//! unit length. So a clip in which nothing is seen or nothing moves still has a
//! finite vector.

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
struct Block {
    /// What it describes.
    what: &'static str,
    /// Its length.
    dim: usize,
    /// What its values are multiplied by.
    scale: f32,
}

/// The blocks in the order in which they stand in the embedding.
///
/// How far clips of one video are apart from its mean, as a root mean square,
/// is about 2.5 for colours, 0.7 for edges and 1.8 for motion before scaling;
/// after it, about 0.4, 1 and 1.2. Outcomes get about 0.15. Motion weighs most: what is done is in what
/// moves, and where, and a step done at another time, with other parts already
/// mounted, still moves alike. Edges come next, for where hands, tools and parts
/// are. Colours differ most with light and person, and outcomes waver from clip
/// to clip.
#[rustfmt::skip] // A table, one block a line.
const BLOCKS: [Block; 4] = [
    Block { what: "colours", dim: 3 * grid::CELLS, scale: 0.16 },
    Block { what: "edges", dim: appearance::EDGE_DIM, scale: 1.4 },
    Block { what: "motion", dim: 3 * grid::CELLS, scale: 0.66 },
    Block { what: "outcomes", dim: 3 * grid::CELLS, scale: 0.1 },
];

/// The length up to which the bias fills. Blocks have a length of about 8, and
/// at most what [`MOST`] says, so that the bias changes little from clip to clip.
const LENGTH: f32 = 20.0;

/// The part of the squared length that blocks may hold; they are scaled down if
/// they exceed it.
const MOST: f32 = 0.9;

/// The embedder that needs no model: statistics of colour, layout and motion.
///
/// It takes frames of any size from 16×16 (they are resampled), and any number
/// of them; a clip of one frame has no motion. Gain, offset and tint of the light
/// are in the embeddings; they cancel out once each video's own mean is
/// subtracted and rows are scaled to unit length, unless the picture clips. It
/// does not know objects: a new viewpoint is a new scene.
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
        let dim = BLOCKS.iter().map(|block| block.dim).sum::<usize>() + 1;
        Self {
            info: EmbedderInfo {
                name: "descriptor".to_owned(),
                version: "2".to_owned(),
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
    let frames = raster::planes(clip);
    let [colours, edges] = appearance::describe(&frames);
    let (motion, outcomes) = (motion::describe(&frames), motion::outcome(&frames));
    let (bias, blocks) = row.split_last_mut().expect("the bias stands last");
    let values = BLOCKS.iter().zip([colours, edges, motion, outcomes]);
    let scaled = values.flat_map(|(block, values)| {
        debug_assert_eq!(block.dim, values.len(), "{}", block.what);
        values.into_iter().map(|value| block.scale / LENGTH * value)
    });
    let mut squared = 0.0_f32;
    for (to, value) in blocks.iter_mut().zip(scaled) {
        *to = value;
        squared += value * value;
    }
    if squared > MOST {
        let scale = (MOST / squared).sqrt();
        for value in blocks.iter_mut() {
            *value *= scale;
        }
        squared = MOST;
    }
    *bias = (1.0 - squared).sqrt();
}

/// SHA-256 of all constants that shape the embedding.
fn checksum() -> String {
    let blocks = BLOCKS.map(|block| {
        let Block { what, dim, scale } = block;
        format!("{what} {dim} {scale}")
    });
    let constants = [
        raster::CONSTANTS,
        grid::CONSTANTS,
        appearance::CONSTANTS,
        motion::CONSTANTS,
    ]
    .join(";");
    let blocks = blocks.join(";");
    let digest = Sha256::digest(format!("{constants};{blocks};{LENGTH} {MOST}").as_bytes());
    digest
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// One frame's planes after [`raster::planes`].
type Frames = [Raster];

#[cfg(test)]
mod tests;
