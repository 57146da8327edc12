//! Performances as pictures, whatever their style.

use std::ops::Range;

use crate::{Performance, Style, bench::BenchPainter, lab::LabPainter};

/// Size and rate of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderOptions {
    /// Width in pixels: even, 64 to 4096.
    pub width: usize,
    /// Height in pixels: even, 64 to 4096.
    pub height: usize,
    /// Frames per second, 1 to 120.
    pub fps: u32,
}

impl Default for RenderOptions {
    /// 640×360 at 25 frames per second.
    fn default() -> Self {
        Self {
            width: 640,
            height: 360,
            fps: 25,
        }
    }
}

/// Why nothing can be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A side is too small, too large or odd (video codecs want even ones).
    #[error("frames of {width}×{height}: both sides must be even, from 64 to 4096 pixels")]
    Size {
        /// Width asked for.
        width: usize,
        /// Height asked for.
        height: usize,
    },
    /// The rate is out of range.
    #[error("{fps} frames per second: must be from 1 to 120")]
    Rate {
        /// Rate asked for.
        fps: u32,
    },
}

/// Renders a performance, one frame at a time, in the style of its procedure.
///
/// The scene is cut to fill the frame if its sides are not 16 to 9.
///
/// # Errors
/// [`RenderError`] if the options are out of their ranges.
pub fn render(performance: &Performance, options: RenderOptions) -> Result<Frames, RenderError> {
    options.check()?;
    let painter: Box<dyn Painter> = match performance.procedure().style() {
        Style::Bench => Box::new(BenchPainter::new(performance, options)),
        Style::Lab => Box::new(LabPainter::new(performance, options)),
    };
    Ok(Frames {
        painter,
        rest: 0..performance.frames(options.fps),
    })
}

/// What every style can do.
pub(crate) trait Painter: Send {
    /// Frame number `frame`: height × width × 3 bytes, row-major RGB. Frames do
    /// not depend on which were painted before.
    fn paint(&mut self, frame: usize) -> Vec<u8>;
}

/// The frames of a performance: each height × width × 3 bytes, row-major RGB.
///
/// Frames do not depend on each other, so skipping some (`nth`, `step_by`)
/// costs nothing.
pub struct Frames {
    painter: Box<dyn Painter>,
    rest: Range<usize>,
}

impl Iterator for Frames {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        self.nth(0)
    }

    fn nth(&mut self, skip: usize) -> Option<Vec<u8>> {
        let frame = self.rest.nth(skip)?;
        Some(self.painter.paint(frame))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rest.size_hint()
    }
}

impl ExactSizeIterator for Frames {}

impl std::fmt::Debug for Frames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frames")
            .field("rest", &self.rest)
            .finish_non_exhaustive()
    }
}

impl RenderOptions {
    fn check(self) -> Result<(), RenderError> {
        let fits = |side: usize| (64..=4096).contains(&side) && side.is_multiple_of(2);
        if !fits(self.width) || !fits(self.height) {
            return Err(RenderError::Size {
                width: self.width,
                height: self.height,
            });
        }
        if !(1..=120).contains(&self.fps) {
            return Err(RenderError::Rate { fps: self.fps });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
