//! Performances as pictures: a bench from above, hands, and the work.

mod act;
mod background;
mod bench;
mod canvas;
mod choreography;
mod geometry;
mod gesture;
mod hand;
mod parts;
mod props;
mod sensor;

use crate::{
    Performance,
    seed::{Purpose, rng},
};
use bench::{BenchState, ItemKind};
use canvas::Canvas;
use choreography::{Choreography, Moment};
use geometry::Vec2;
use hand::{HandLook, Side};
use sensor::Sensor;

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

/// Renders a performance, one frame at a time.
///
/// The bench is cut to fill the frame if its sides are not 16 to 9.
///
/// # Errors
/// [`RenderError`] if the options are out of their ranges.
pub fn render(performance: &Performance, options: RenderOptions) -> Result<Frames, RenderError> {
    options.check()?;
    let choreography = Choreography::new(performance);
    let sensor = Sensor::new(performance, options);
    let size = (options.width, options.height);
    Ok(Frames {
        background: background::paint(size, sensor.view, choreography.layout()),
        still: None,
        choreography,
        look: HandLook::new(&mut rng(performance.seed(), Purpose::Look)),
        sensor,
        fps: options.fps,
        rest: 0..performance.frames(options),
    })
}

/// The frames of a performance: each height × width × 3 bytes, row-major RGB.
///
/// Frames do not depend on each other, so skipping some (`nth`, `step_by`)
/// costs nothing.
#[derive(Debug)]
pub struct Frames {
    background: Canvas,
    /// The bench with its things, as last painted, and the state it shows.
    still: Option<(BenchState, Canvas)>,
    choreography: Choreography,
    look: HandLook,
    sensor: Sensor,
    fps: u32,
    rest: std::ops::Range<usize>,
}

impl Iterator for Frames {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        self.nth(0)
    }

    fn nth(&mut self, skip: usize) -> Option<Vec<u8>> {
        let frame = self.rest.nth(skip)?;
        Some(self.paint(frame))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rest.size_hint()
    }
}

impl ExactSizeIterator for Frames {}

impl Frames {
    fn paint(&mut self, frame: usize) -> Vec<u8> {
        let seconds = frame as f64 / f64::from(self.fps);
        let moment = self.choreography.at(seconds);
        let mut canvas = self.still(&moment.state);
        hand::paint(&mut canvas, &moment.left, Side::Left, &self.look);
        paint_held(&mut canvas, &moment);
        hand::paint(&mut canvas, &moment.right, Side::Right, &self.look);
        self.sensor.expose(&mut canvas.rgb, frame, seconds);
        canvas.rgb
    }

    /// The bench and its things; painted anew only when the work changed.
    fn still(&mut self, state: &BenchState) -> Canvas {
        match &self.still {
            Some((shown, canvas)) if shown == state => canvas.clone(),
            _ => {
                let mut canvas = self.background.clone();
                props::paint(&mut canvas, self.choreography.layout(), state);
                self.still = Some((state.clone(), canvas.clone()));
                canvas
            }
        }
    }
}

/// What the right hand holds, and the scanner's beam.
fn paint_held(canvas: &mut Canvas, moment: &Moment) {
    // A plug hangs on its cable and is painted with it.
    let Some(item) = moment.holds.filter(|item| item.kind != ItemKind::Plug) else {
        return;
    };
    let place: Vec2 = moment.right.grip - gesture::handle(item.kind);
    if moment.beam {
        props::paint_beam(canvas, place);
    }
    let angle = if item.kind.is_part() { 0.3 } else { 0.5 } * moment.right.twist;
    parts::paint(canvas, item, place, angle, moment.right.lift);
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
