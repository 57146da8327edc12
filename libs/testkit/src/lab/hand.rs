//! Hands and forearms.

use super::{
    raster::{Paint, Rgb, hue, mix},
    space::{RIGHT, UP, Vec3, at},
    stage::Stage,
    track::HandPose,
};
use crate::{
    Performance,
    conditions::{Aspect, Draw},
};

/// Where the arms come from.
const RIGHT_SHOULDER: Vec3 = at(33.0, -32.0, 12.0);
const LEFT_SHOULDER: Vec3 = at(-33.0, -32.0, 12.0);

/// What a performer's hands look like.
#[derive(Debug, Clone, Copy)]
pub(super) struct HandLook {
    hand: Rgb,
    sleeve: Rgb,
    /// Where the glove ends, if there is one: towards the elbow, in centimetres.
    cuff: Option<f32>,
    size: f32,
}

impl HandLook {
    pub(super) fn new(performance: &Performance) -> Self {
        let mut draw = performance.draw(Aspect::Performer);
        let gloves = draw.choose(4);
        let skin = mix(
            [236.0, 188.0, 160.0],
            [128.0, 82.0, 58.0],
            draw_part(&mut draw),
        );
        let hand = match gloves {
            0 => skin,
            1 => hue(0.6 + draw.near(0.0, 0.03, 0.03), 0.55, 0.82),
            2 => hue(0.75 + draw.near(0.0, 0.03, 0.03), 0.35, 0.7),
            _ => hue(0.12 + draw.near(0.0, 0.02, 0.02), 0.14, 0.93),
        };
        let bright = draw.near(228.0, 14.0, 8.0);
        Self {
            hand,
            sleeve: [bright, bright + 3.0, bright + 6.0],
            cuff: (gloves > 0).then_some(5.0),
            size: draw.near(1.02, 0.04, 0.04),
        }
    }

    /// Draws a hand and its arm.
    pub(super) fn draw(&self, stage: &mut Stage<'_>, pose: &HandPose, left: bool) {
        let bones = Bones::new(pose, left, self.size);
        let paint = Paint::opaque(self.hand);
        let size = self.size;
        let limb = |from: f32, to: f32| (from * size, to * size);
        for finger in &bones.fingers {
            let [knuckle, joint, tip] = *finger;
            stage.capsule(bones.wrist, knuckle, limb(1.7, 1.3), paint);
            stage.capsule(knuckle, joint, limb(1.05, 0.95), paint);
            stage.capsule(joint, tip, limb(0.95, 0.75), paint);
        }
        let [root, joint, tip] = bones.thumb;
        stage.capsule(root, joint, limb(1.5, 1.1), paint);
        stage.capsule(joint, tip, limb(1.1, 0.85), paint);
        let sleeve = Paint::opaque(self.sleeve);
        let toward_elbow = (bones.elbow - bones.wrist).unit();
        let cuff = bones.wrist + toward_elbow * (self.cuff.unwrap_or(6.5) * size);
        stage.capsule(bones.wrist, cuff, limb(1.9, 2.2), paint);
        stage.capsule(cuff, bones.elbow, limb(2.9, 3.4), sleeve);
        stage.capsule(bones.elbow, bones.shoulder, limb(3.4, 4.0), sleeve);
    }

    /// Its shadow on the table.
    pub(super) fn shade(&self, stage: &mut Stage<'_>, pose: &HandPose, left: bool) {
        let bones = Bones::new(pose, left, self.size);
        stage.shadow(pose.tip, bones.wrist, 3.2 * self.size);
        stage.shadow(bones.wrist, bones.elbow, 3.4 * self.size);
    }
}

/// Where the parts of a hand and its arm are.
struct Bones {
    wrist: Vec3,
    elbow: Vec3,
    shoulder: Vec3,
    /// Knuckle, joint and tip of each finger.
    fingers: [[Vec3; 3]; 4],
    /// Root, joint and tip.
    thumb: [Vec3; 3],
}

impl Bones {
    fn new(pose: &HandPose, left: bool, size: f32) -> Self {
        let (shoulder, outward) = if left {
            (LEFT_SHOULDER, -1.0)
        } else {
            (RIGHT_SHOULDER, 1.0)
        };
        let reach = pose.tip - shoulder;
        let ahead = (reach.on_table().unit() + at(0.0, 0.15, 0.0)).unit();
        let right = ahead.cross(UP).unit().turned(ahead, pose.roll);
        let up = right.cross(ahead).unit();
        let wrist = pose.tip - ahead * (9.5 * size) + UP * (3.6 * size) + up * 0.6;
        let middle = wrist.towards(shoulder, 0.55);
        let elbow = middle + RIGHT * (4.0 * outward) - UP * 2.0;
        let spread = 0.75 + 0.45 * pose.open;
        let fingers = std::array::from_fn(|i| {
            let side = (i as f32 - 1.3) * outward;
            // The outer fingers are shorter and curl more.
            let short = 0.5 * (i as f32 - 1.0).powi(2) * 0.5;
            let knuckle = pose.tip - ahead * ((4.6 + 0.4 * short) * size)
                + up * (2.7 * size)
                + right * (1.75 * side * size);
            let tip = pose.tip - ahead * (short * size)
                + up * (0.25 * short + 0.5 * pose.open)
                + right * (1.25 * spread * side * size);
            let joint = knuckle.towards(tip, 0.55) + up * (1.1 * size) + ahead * (0.7 * size);
            [knuckle, joint, tip]
        });
        let inner = right * -outward;
        let root = wrist + ahead * (2.2 * size) + inner * (1.6 * size) - up * 0.4;
        let tip = pose.tip - ahead * (0.9 * size) + inner * ((1.0 + 2.4 * pose.open) * size);
        let joint = root.towards(tip, 0.5) + inner * (1.5 * size);
        Self {
            wrist,
            elbow,
            shoulder,
            fingers,
            thumb: [root, joint, tip],
        }
    }
}

/// A number of the gold's from 0 to 1, and in a trainee somewhere near.
fn draw_part(draw: &mut Draw) -> f32 {
    draw.near(0.5, 0.5, 0.2).clamp(0.0, 1.0)
}
