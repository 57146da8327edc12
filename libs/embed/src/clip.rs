//! The frames of one clip.

use crate::EmbedError;

/// One clip: consecutive frames of one size, borrowed from whoever decoded them.
///
/// The bytes are frames × height × width × 3, row-major RGB, 8 bits a channel
/// (ffmpeg's `rgb24`).
#[derive(Clone, Copy)]
pub struct ClipFrames<'a> {
    frames: usize,
    height: usize,
    width: usize,
    rgb: &'a [u8],
}

impl<'a> ClipFrames<'a> {
    /// Wraps `rgb` as `frames` frames of `height` × `width` pixels.
    ///
    /// # Errors
    /// [`EmbedError::ClipLength`] if a side is 0 or `rgb` does not hold exactly
    /// frames × height × width × 3 bytes.
    pub fn new(
        frames: usize,
        height: usize,
        width: usize,
        rgb: &'a [u8],
    ) -> Result<Self, EmbedError> {
        let bytes = [height, width, 3]
            .iter()
            .try_fold(frames, |bytes, side| bytes.checked_mul(*side));
        match bytes {
            Some(bytes) if bytes > 0 && bytes == rgb.len() => Ok(Self {
                frames,
                height,
                width,
                rgb,
            }),
            _ => Err(EmbedError::ClipLength {
                frames,
                height,
                width,
                bytes: rgb.len(),
            }),
        }
    }

    /// Number of frames, at least 1.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Height of a frame in pixels, at least 1.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Width of a frame in pixels, at least 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All frames: frames × height × width × 3 bytes.
    pub fn rgb(&self) -> &'a [u8] {
        self.rgb
    }

    /// The frames in order, each height × width × 3 bytes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        self.rgb.chunks_exact(self.height * self.width * 3)
    }
}

impl std::fmt::Debug for ClipFrames<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "ClipFrames({} frames of {}×{})",
            self.frames, self.width, self.height
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_must_be_the_product_of_the_sides() {
        let bytes = vec![0; 2 * 3 * 4 * 3];
        assert_eq!(ClipFrames::new(2, 3, 4, &bytes).unwrap().iter().len(), 2);
        for (frames, height, width) in [(2, 3, 5), (1, 3, 4), (0, 3, 4), (usize::MAX, 2, 2)] {
            assert!(matches!(
                ClipFrames::new(frames, height, width, &bytes),
                Err(EmbedError::ClipLength { .. })
            ));
        }
        assert!(ClipFrames::new(0, 0, 0, &[]).is_err(), "an empty clip");
    }
}
