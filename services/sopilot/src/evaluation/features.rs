//! The clips of a video file and their embeddings, kept from one evaluation to the next.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use prost::Message as _;
use sha2::{Digest as _, Sha256};
use sopilot_baselines::Recording;
use sopilot_blob::{Matrix, MatrixRef};
use sopilot_embed::Descriptor;
use sopilot_embedding::{EmbeddedVideo, EmbeddingConfig, VideoEmbedder};
use sopilot_proto::embedding::v1::ClipIndex;
use sopilot_video::{CancelToken, Ffmpeg, Mask};

use crate::{
    error::{Error, Result},
    exit::Exit,
    upload::hex,
};

/// What turns videos into features: the embedder that needs no model.
pub(crate) fn embedder() -> Result<VideoEmbedder> {
    let config = EmbeddingConfig::default();
    let ffmpeg = Ffmpeg::locate(config.ffmpeg.as_deref())
        .map_err(|error| Error::new(Exit::CONFIG, error.to_string()))?;
    Ok(VideoEmbedder {
        embedder: Arc::new(Descriptor::new()),
        ffmpeg,
        limits: config.limits,
    })
}

/// Looks at a video file, unmasked, and makes pictures of its clips if a width is given. Tells
/// `progress` which part is done. Blocks.
pub(crate) fn embed(
    embedder: &VideoEmbedder,
    video: &Path,
    picture_width: Option<u32>,
    progress: impl Fn(f64),
) -> Result<EmbeddedVideo> {
    let file = File::open(video).map_err(|error| Error::io(video, &error))?;
    let plan = embedder.plan(Mask::default(), picture_width);
    embedder
        .embed(&file, &plan, &CancelToken::default(), progress)
        .map_err(|error| Error::because(error.reason(), error.to_string()).about(video.display()))
}

/// Turns video files into features, as the embedding service does.
pub(crate) struct Features {
    pub(crate) embedder: VideoEmbedder,
    /// Where they are kept by the hash of the video's bytes and the embedder.
    pub(crate) kept: Option<PathBuf>,
}

impl Features {
    /// The features of one video. Blocks.
    pub(crate) fn of(&self, video: &Path) -> Result<Recording> {
        let kept = match &self.kept {
            Some(folder) => Some(Kept::new(folder, &self.key(video)?)),
            None => None,
        };
        if let Some(recording) = kept.as_ref().and_then(Kept::read) {
            return Ok(recording);
        }
        let (index, rows) = self.embed(video)?;
        let dim = self.embedder.embedder.info().dim;
        if let Some(kept) = &kept {
            kept.write(dim, &rows, &index)?;
        }
        Ok(Recording {
            rows,
            dim,
            clips: sopilot_wire::clips(&index.clips),
        })
    }

    fn embed(&self, video: &Path) -> Result<(ClipIndex, Vec<f32>)> {
        let embedded = embed(&self.embedder, video, None, |_| ())?;
        let index = ClipIndex {
            clips: embedded.clips,
        };
        Ok((index, embedded.embeddings))
    }

    /// Names what was made from which bytes by what.
    fn key(&self, video: &Path) -> Result<String> {
        let failed = |error: &io::Error| Error::io(video, error);
        let mut file = BufReader::new(File::open(video).map_err(|error| failed(&error))?);
        let mut hash = Sha256::new();
        loop {
            let bytes = file.fill_buf().map_err(|error| failed(&error))?;
            if bytes.is_empty() {
                break;
            }
            hash.update(bytes);
            let read = bytes.len();
            file.consume(read);
        }
        let info = self.embedder.embedder.info();
        hash.update(&info.name);
        hash.update(&info.version);
        hash.update(&info.checksum);
        Ok(hex(&hash.finalize()))
    }
}

/// The files of one video's features.
struct Kept {
    rows: PathBuf,
    clips: PathBuf,
}

impl Kept {
    fn new(folder: &Path, key: &str) -> Self {
        Self {
            rows: folder.join(format!("{key}.sopm")),
            clips: folder.join(format!("{key}.clips.binpb")),
        }
    }

    /// None if they are not there, or broken: then they are made again.
    fn read(&self) -> Option<Recording> {
        let matrix = Matrix::decode(&fs::read(&self.rows).ok()?).ok()?;
        let index = ClipIndex::decode(&*fs::read(&self.clips).ok()?).ok()?;
        (matrix.rows() == index.clips.len()).then(|| Recording {
            dim: matrix.dim(),
            rows: matrix.into_data(),
            clips: sopilot_wire::clips(&index.clips),
        })
    }

    fn write(&self, dim: usize, rows: &[f32], index: &ClipIndex) -> Result<()> {
        let matrix = MatrixRef::new(dim, rows)
            .map_err(|error| Error::new(Exit::INTERNAL, error.to_string()))?;
        whole(&self.clips, &index.encode_to_vec())?;
        whole(&self.rows, &matrix.encode())
    }
}

/// Writes a file so that it is there as a whole or not at all.
fn whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error: &io::Error| Error::io(path, error);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    file.write_all(bytes).map_err(|error| failed(&error))?;
    file.persist(path).map_err(|error| failed(&error.error))?;
    Ok(())
}
