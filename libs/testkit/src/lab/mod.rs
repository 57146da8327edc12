//! The style "lab": a sample is prepared at a laboratory table, which a
//! perspective camera sees from the front and above.

mod act;
mod camera;
mod choreography;
mod gesture;
mod hand;
mod item;
mod layout;
mod motion;
mod props;
mod raster;
mod sensor;
mod space;
mod stage;
mod table;
mod task;
mod track;
mod unrelated;
mod work;

use crate::{Performance, RenderOptions, render::Painter};
use act::Moment;
use camera::Camera;
use choreography::Choreography;
use hand::HandLook;
use item::{Item, ItemKind, Placing, Wear};
use props::Props;
use raster::{Paint, Picture};
use sensor::Sensor;
use space::{Vec3, at};
use stage::{Light, Stage};
use table::Scene;
use track::HandPose;
use work::Work;

pub(crate) use task::CATALOGUE;
pub use task::LabTask;

/// Paints one performance at the laboratory table.
pub(crate) struct LabPainter {
    choreography: Choreography,
    camera: Camera,
    light: Light,
    look: HandLook,
    sensor: Sensor,
    /// The empty table.
    empty: Picture,
    /// The table with its things, and the work that it shows.
    still: Picture,
    shown: Option<Work>,
    /// The picture being painted.
    scene: Picture,
    fps: u32,
}

impl LabPainter {
    pub(crate) fn new(performance: &Performance, options: RenderOptions) -> Self {
        let choreography = Choreography::new(performance);
        let margin = |shake| sensor::margin(shake, options);
        let (camera, shake) = Camera::new(performance, options, margin);
        let light = Light::new(performance);
        let beside = 2 * margin(shake);
        let mut empty = Picture::new(options.width + beside, options.height + beside);
        let scene = Scene::new(performance, &choreography.layout);
        scene.paint(&mut empty, &camera);
        scene.draw_clutter(&mut Stage {
            picture: &mut empty,
            camera: &camera,
            light: &light,
        });
        Self {
            choreography,
            look: HandLook::new(performance),
            sensor: Sensor::new(performance, options, shake, light.exposure),
            camera,
            light,
            still: empty.clone(),
            shown: None,
            scene: empty.clone(),
            empty,
            fps: options.fps,
        }
    }

    /// Paints the table and its things, unless they are as they were.
    fn paint_still(&mut self, work: &Work) {
        if self.shown.as_ref() == Some(work) {
            return;
        }
        self.still.copy_from(&self.empty);
        let layout = &self.choreography.layout;
        Props { layout, work }.draw(&mut Stage {
            picture: &mut self.still,
            camera: &self.camera,
            light: &self.light,
        });
        self.shown = Some(work.clone());
    }
}

impl Painter for LabPainter {
    fn paint(&mut self, frame: usize) -> Vec<u8> {
        let seconds = frame as f64 / f64::from(self.fps);
        let moment = self.choreography.at(seconds);
        self.paint_still(&moment.work);
        self.scene.copy_from(&self.still);
        let layout = &self.choreography.layout;
        let mut stage = Stage {
            picture: &mut self.scene,
            camera: &self.camera,
            light: &self.light,
        };
        self.look.shade(&mut stage, &moment.left, true);
        self.look.shade(&mut stage, &moment.right, false);
        let held = held(&moment);
        if let Some((item, placing)) = held {
            let top = placing.base + placing.axis * item.kind.height();
            stage.shadow(placing.base, top, item.girth());
            let wear = wear_in_hand(&moment, item);
            item.draw(&mut stage, placing, wear, &layout.colours);
        }
        draw_transient(&mut stage, &moment, layout);
        self.look.draw(&mut stage, &moment.left, true);
        self.look.draw(&mut stage, &moment.right, false);
        let work = &moment.work;
        Props { layout, work }.draw_clear(&mut stage);
        if let Some((item, placing)) = held {
            item.draw_glass(&mut stage, placing);
        }
        self.sensor.expose(&self.scene, frame, seconds)
    }
}

/// What the working hand holds, and where.
fn held(moment: &Moment) -> Option<(Item, Placing)> {
    let item = moment.work.held?;
    let HandPose {
        tip, axis, roll, ..
    } = if moment.left_handed {
        moment.left
    } else {
        moment.right
    };
    // Turning the wrist tips what is held.
    let axis = axis.unit().turned(at(0.0, 1.0, 0.0), 0.5 * roll);
    let base = tip - axis * item.kind.grip();
    Some((item, Placing { base, axis }))
}

/// What has become of a thing in hand, and what is on it for the moment.
fn wear_in_hand(moment: &Moment, item: Item) -> Wear {
    let mut wear = moment.work.wear(item);
    match moment.doing {
        // Full from the jar to the beaker, three times.
        Some((LabTask::AddPowder, part)) => {
            let cycle = (3.0 * part).fract();
            wear.full = f32::from(u8::from((0.25..0.75).contains(&cycle)));
        }
        Some((LabTask::HeatLoop, part)) => {
            wear.glow = ((part - 0.25) / 0.2).clamp(0.0, 1.0);
        }
        _ => {}
    }
    wear
}

/// Draws what is seen only while it happens: the stream and the drops.
fn draw_transient(stage: &mut Stage<'_>, moment: &Moment, layout: &layout::Layout) {
    let Some((task, part)) = moment.doing else {
        return;
    };
    let beaker: Vec3 = layout.beaker;
    let Some(held) = moment.work.held else {
        return;
    };
    let paint = Paint::opaque(held.colour(&layout.colours));
    match (task, held.kind) {
        (LabTask::PourSolution, ItemKind::Bottle) if (0.3..0.9).contains(&part) => {
            stage.capsule(beaker.raised(1.0), beaker.raised(11.5), (0.5, 0.6), paint);
        }
        (LabTask::AddDrops, ItemKind::Pipette) if part > 0.4 => {
            let fallen = ((part - 0.42) / 0.13).fract();
            stage.ball(beaker.raised(9.0 - 8.0 * fallen * fallen), 0.6, paint);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
