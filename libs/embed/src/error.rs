//! Why an embedding could not be computed.

/// Why an embedding could not be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// The bytes of a clip do not have the length its shape asks for.
    #[error(
        "clip of {frames} frames of {width}×{height} needs frames × height × width × 3 bytes, \
         more than 0, but has {bytes}"
    )]
    ClipLength {
        /// Frames announced.
        frames: usize,
        /// Height announced, in pixels.
        height: usize,
        /// Width announced, in pixels.
        width: usize,
        /// Bytes given.
        bytes: usize,
    },
    /// The embedder cannot take a clip of this shape. No clip of the batch was
    /// embedded.
    #[error(
        "clip {clip} of the batch: {frames} frames of {width}×{height}, but {embedder} needs {needs}"
    )]
    ClipShape {
        /// Place of the clip in the batch, from 0.
        clip: usize,
        /// Its frames.
        frames: usize,
        /// Its height in pixels.
        height: usize,
        /// Its width in pixels.
        width: usize,
        /// Name of the embedder.
        embedder: String,
        /// What the embedder takes, for example "frames of at least 16×16".
        needs: String,
    },
    /// The model behind the embedder failed: out of device memory, a library
    /// error. The batch may be tried again, if smaller.
    #[error("{embedder} failed: {message}")]
    Model {
        /// Name of the embedder.
        embedder: String,
        /// What the model's library says.
        message: String,
    },
}
