//! A gloved or bare hand with its sleeve.

use super::{
    canvas::{Canvas, Colour, ink, shade},
    choreography::HandPose,
    geometry::{Shape, Vec2, at, capsule},
};
use crate::conditions::Draw;

/// Gloves, some of them common, and skins.
const HANDS: [Colour; 10] = [
    [62.0, 122.0, 196.0],
    [214.0, 214.0, 208.0],
    [58.0, 60.0, 68.0],
    [62.0, 122.0, 196.0],
    [214.0, 214.0, 208.0],
    [118.0, 84.0, 158.0],
    [232.0, 190.0, 160.0],
    [206.0, 152.0, 112.0],
    [152.0, 102.0, 72.0],
    [104.0, 70.0, 52.0],
];
const SLEEVES: [Colour; 6] = [
    [44.0, 58.0, 92.0],
    [70.0, 72.0, 78.0],
    [178.0, 182.0, 190.0],
    [126.0, 62.0, 54.0],
    [52.0, 92.0, 74.0],
    [206.0, 190.0, 150.0],
];

/// Which hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// What a performer's hands look like.
#[derive(Debug, Clone, Copy)]
pub(super) struct HandLook {
    hand: Colour,
    sleeve: Colour,
    size: f32,
    /// How far from the wrist the sleeve begins.
    bare: f32,
}

impl HandLook {
    pub(super) fn new(performer: &mut Draw) -> Self {
        Self {
            hand: HANDS[performer.choose(HANDS.len())],
            sleeve: SLEEVES[performer.choose(SLEEVES.len())],
            size: performer.near(1.01, 0.05, 0.05),
            bare: performer.near(0.75, 0.05, 0.15).max(0.45),
        }
    }
}

/// Lengths of the fingers, index finger first.
const FINGERS: [f32; 4] = [0.72, 0.8, 0.74, 0.58];

/// Paints a hand and the forearm up to the edge of the picture.
pub(super) fn paint(canvas: &mut Canvas, pose: &HandPose, side: Side, look: &HandLook) {
    let bones = Bones::new(pose, side, look);
    let shadow = 0.35 + pose.lift;
    canvas.shadow(bones.sleeve(), shadow + 0.3);
    canvas.shadow(bones.palm(), shadow);
    for finger in bones.fingers {
        canvas.shadow(finger, 0.6 * shadow);
    }
    let hand = ink(look.hand);
    canvas.paint(bones.thumb[0], hand.round(0.34, 0.12));
    canvas.paint(bones.thumb[1], hand.round(0.3, 0.11));
    for finger in bones.fingers {
        canvas.paint(finger, hand.round(0.36, 0.1));
    }
    canvas.paint(bones.forearm(), hand.round(0.32, 0.2));
    canvas.paint(bones.palm(), hand.round(0.28, 0.22));
    for knuckle in bones.knuckles {
        let bump = capsule(knuckle, knuckle, 0.085, 0.085);
        canvas.paint(bump, ink(shade(look.hand, 1.1)).opacity(0.55).soft(0.1));
    }
    canvas.paint(bones.sleeve(), ink(look.sleeve).round(0.4, 0.3));
    canvas.paint(bones.cuff(), ink(shade(look.sleeve, 1.25)).round(0.3, 0.2));
}

/// Where the parts of a hand are.
struct Bones {
    size: f32,
    bare: f32,
    wrist: Vec2,
    palm: [Vec2; 2],
    elbow: Vec2,
    fingers: [Shape; 4],
    knuckles: [Vec2; 4],
    thumb: [Shape; 2],
}

impl Bones {
    fn new(pose: &HandPose, side: Side, look: &HandLook) -> Self {
        // A raised hand is nearer to the camera, and so looks larger.
        let size = look.size * (1.0 + 0.06 * pose.lift);
        let (shoulder, outwards) = match side {
            Side::Right => (at(11.9, 12.4), 1.0),
            Side::Left => (at(4.4, 12.4), -1.0),
        };
        // The elbow follows the hand halfway, as it does when one reaches.
        let elbow = at(shoulder.x.mul_add(0.55, pose.grip.x * 0.45), shoulder.y);
        let ahead = (pose.grip - elbow).direction().turned(pose.twist);
        let out = ahead.side() * outwards;
        let middle = pose.grip - ahead * (0.95 * size);
        let wrist = middle - ahead * (0.55 * size);
        let knuckles: [Vec2; 4] = std::array::from_fn(|i| {
            let across = (i as f32 - 1.4) * 0.225 * size;
            let forward = [0.34, 0.4, 0.36, 0.24][i] * size;
            middle + out * across + ahead * forward
        });
        let fingers = std::array::from_fn(|i| {
            let bend = pose.fingers[i];
            let spread = outwards * (i as f32 - 1.4) * 0.13 * (1.0 - bend);
            let length = FINGERS[i] * size * (1.0 - 0.62 * bend);
            // All fingers but a pointing one close around the grip.
            let inwards = (pose.grip - knuckles[i]).direction();
            let way = ahead
                .turned(spread)
                .towards(inwards, 0.5 * bend)
                .direction();
            let tip = knuckles[i] + way * length;
            capsule(knuckles[i], tip, 0.145 * size, 0.115 * size)
        });
        let root = middle - out * (0.34 * size) - ahead * (0.15 * size);
        let closing = 0.3 + 0.7 * pose.fingers[0].max(0.3);
        let joint = root - out * (0.2 * size) + ahead * (0.34 * size);
        let tip = joint + (pose.grip - joint).direction() * (0.42 * size * closing);
        Self {
            size,
            bare: look.bare,
            wrist,
            palm: [
                middle + ahead * (0.16 * size),
                middle - ahead * (0.3 * size),
            ],
            elbow,
            fingers,
            knuckles,
            thumb: [
                capsule(root, joint, 0.2 * size, 0.15 * size),
                capsule(joint, tip, 0.15 * size, 0.12 * size),
            ],
        }
    }

    fn palm(&self) -> Shape {
        capsule(
            self.palm[0],
            self.palm[1],
            0.46 * self.size,
            0.38 * self.size,
        )
    }

    fn forearm(&self) -> Shape {
        let down = (self.elbow - self.wrist).direction();
        capsule(
            self.wrist,
            self.wrist + down * (self.bare + 0.05),
            0.34 * self.size,
            0.4 * self.size,
        )
    }

    fn sleeve(&self) -> Shape {
        let down = (self.elbow - self.wrist).direction();
        capsule(
            self.wrist + down * self.bare,
            self.elbow,
            0.5 * self.size,
            0.78 * self.size,
        )
    }

    fn cuff(&self) -> Shape {
        let down = (self.elbow - self.wrist).direction();
        let start = self.wrist + down * (self.bare - 0.15);
        let across = down.side() * 0.3;
        capsule(start - across, start + across, 0.22, 0.22)
    }
}
