//! The style "bench": a unit is assembled at a bench, seen from above.

mod act;
mod background;
mod camera;
mod canvas;
mod choreography;
mod clutter;
mod geometry;
mod gesture;
mod hand;
mod item;
mod layout;
mod parts;
mod props;
mod sensor;
mod state;
mod task;
mod work;

use crate::{Performance, RenderOptions, conditions::Aspect, render::Painter};
use background::Surface;
use camera::Camera;
use canvas::Canvas;
use choreography::{Choreography, Moment};
use clutter::Clutter;
use hand::{HandLook, Side};
use item::ItemKind;
use sensor::{Light, Sensor};
use state::BenchState;

pub use task::BenchTask;
pub(crate) use task::CATALOGUE;

/// Paints one performance at the bench.
pub(crate) struct BenchPainter {
    /// The bench with what never changes.
    background: Canvas,
    /// The bench with its things, as last painted, and the state it shows.
    still: Option<(BenchState, Canvas)>,
    choreography: Choreography,
    look: HandLook,
    camera: Camera,
    sensor: Sensor,
    fps: u32,
}

impl BenchPainter {
    pub(crate) fn new(performance: &Performance, options: RenderOptions) -> Self {
        let mut performer = performance.draw(Aspect::Performer);
        let look = HandLook::new(&mut performer);
        let choreography = Choreography::new(performance, &mut performer);
        let camera = Camera::new(&mut performance.draw(Aspect::Camera), options);
        let light = Light::new(&mut performance.draw(Aspect::Light));
        let layout = choreography.layout();
        let mut scene = performance.draw(Aspect::Scene);
        let surface = Surface::new(&mut scene, layout);
        let mut background = background::paint(&camera, light.shadow, surface);
        for thing in Clutter::strew(&mut scene, layout) {
            thing.paint(&mut background);
        }
        props::paint_stock(&mut background, layout, choreography.lying());
        Self {
            background,
            still: None,
            choreography,
            look,
            camera,
            sensor: Sensor::new(performance, light, options),
            fps: options.fps,
        }
    }

    /// The bench and its things; painted anew only when the work changed.
    fn still(&mut self, state: &BenchState) -> Canvas {
        match &self.still {
            Some((shown, canvas)) if shown == state => canvas.clone(),
            _ => {
                let mut canvas = self.background.clone();
                let layout = self.choreography.layout();
                props::paint_tools(&mut canvas, layout, self.choreography.lying(), state);
                work::paint(&mut canvas, layout, state);
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
        let seconds = seconds as f32;
        let shift = self.camera.shaken(seconds);
        self.sensor
            .expose(&canvas, self.camera.margin, shift, frame, seconds)
    }
}

/// What the right hand holds, and what it does.
fn paint_held(canvas: &mut Canvas, moment: &Moment) {
    // A plug hangs on its cable and is painted with it.
    let Some(item) = moment.holds.filter(|item| item.kind != ItemKind::Plug) else {
        return;
    };
    let (place, angle) = item.kind.held(moment.right.grip, moment.right.twist);
    if moment.active {
        work::paint_action(canvas, item, place);
    }
    parts::paint(canvas, item, place, angle, moment.right.lift);
}

#[cfg(test)]
mod tests;
