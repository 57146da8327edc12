//! The style "bench": a unit is assembled at a bench, seen from above.

mod act;
mod background;
mod canvas;
mod choreography;
mod geometry;
mod gesture;
mod hand;
mod layout;
mod parts;
mod props;
mod sensor;
mod task;

use crate::{
    Performance, RenderOptions,
    render::Painter,
    seed::{Purpose, rng},
};
use canvas::Canvas;
use choreography::{Choreography, Moment};
use geometry::Vec2;
use hand::{HandLook, Side};
use layout::{BenchState, ItemKind};
use sensor::Sensor;

pub use task::BenchTask;
pub(crate) use task::CATALOGUE;

/// Paints one performance at the bench.
pub(crate) struct BenchPainter {
    background: Canvas,
    /// The bench with its things, as last painted, and the state it shows.
    still: Option<(BenchState, Canvas)>,
    choreography: Choreography,
    look: HandLook,
    sensor: Sensor,
    fps: u32,
}

impl BenchPainter {
    pub(crate) fn new(performance: &Performance, options: RenderOptions) -> Self {
        let choreography = Choreography::new(performance);
        let sensor = Sensor::new(performance, options);
        let size = (options.width, options.height);
        Self {
            background: background::paint(size, sensor.view, choreography.layout()),
            still: None,
            choreography,
            look: HandLook::new(&mut rng(performance.seed(), Purpose::Look)),
            sensor,
            fps: options.fps,
        }
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

impl Painter for BenchPainter {
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

#[cfg(test)]
mod tests;
