//! Things lying about that have nothing to do with the work.

use super::{
    canvas::{Canvas, Colour, ink, shade},
    geometry::{BENCH_DEPTH, BENCH_WIDTH, Vec2, at, capsule, disc, turned_slab},
    layout::Layout,
};
use crate::conditions::Draw;

/// At how many places one more thing is tried before it is left away.
const TRIES: usize = 24;
/// Most things that lie about on another day than the gold's; elsewhere more.
const MOST: f32 = 3.0;

/// One thing lying about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clutter {
    kind: Kind,
    place: Vec2,
    angle: f32,
    colour: Colour,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Tape,
    Note,
    Ruler,
    Nut,
    Scrap,
    Pliers,
    Box,
}

const KINDS: [Kind; 7] = [
    Kind::Tape,
    Kind::Note,
    Kind::Ruler,
    Kind::Nut,
    Kind::Scrap,
    Kind::Pliers,
    Kind::Box,
];

const COLOURS: [Colour; 6] = [
    [232.0, 216.0, 120.0],
    [188.0, 92.0, 76.0],
    [92.0, 138.0, 172.0],
    [120.0, 150.0, 104.0],
    [226.0, 222.0, 214.0],
    [96.0, 90.0, 104.0],
];

impl Clutter {
    /// What lies about: nothing in a gold; else up to so many things as fit
    /// without covering the work, its parts and tools.
    pub(super) fn strew(scene: &mut Draw, layout: &Layout) -> Vec<Self> {
        let most = (MOST * scene.amount()).round() as usize;
        let count = scene.choose(most + 1);
        let mut strewn: Vec<Self> = Vec::new();
        for _ in 0..count {
            let kind = KINDS[scene.choose(KINDS.len())];
            let colour = COLOURS[scene.choose(COLOURS.len())];
            let angle = 6.3 * share(scene);
            let places = std::array::from_fn::<Vec2, TRIES, _>(|_| {
                at(share(scene) * BENCH_WIDTH, share(scene) * BENCH_DEPTH)
            });
            let radius = kind.radius();
            let fits = |place: &Vec2| {
                let apart =
                    |other: &Self| (other.place - *place).length() > radius + other.kind.radius();
                !layout.is_taken(*place, radius) && strewn.iter().all(apart)
            };
            if let Some(&place) = places.iter().find(|place| fits(place)) {
                strewn.push(Self {
                    kind,
                    place,
                    angle,
                    colour,
                });
            }
        }
        strewn
    }

    pub(super) fn paint(self, canvas: &mut Canvas) {
        let to = |x: f32, y: f32| self.place + at(x, y).turned(self.angle);
        let stick = |canvas: &mut Canvas, a: Vec2, b: Vec2, radius: f32, colour: Colour| {
            canvas.shadow(capsule(a, b, radius, radius), 0.15);
            canvas.paint(
                capsule(a, b, radius, radius),
                ink(colour).round(0.35, radius),
            );
        };
        let card = |canvas: &mut Canvas, half: Vec2, height: f32| {
            let shape = turned_slab(self.place, half, 0.04, self.angle);
            canvas.shadow(shape, height);
            canvas.paint(shape, ink(self.colour).round(0.15, 0.06));
        };
        match self.kind {
            Kind::Tape => {
                canvas.shadow(disc(self.place, 0.42), 0.3);
                canvas.paint(disc(self.place, 0.42), ink(self.colour).round(0.3, 0.14));
                canvas.paint(disc(self.place, 0.24), ink(shade(self.colour, 0.35)));
            }
            Kind::Note => {
                card(canvas, at(0.36, 0.36), 0.06);
                for y in [-0.15, 0.0, 0.15] {
                    let line = capsule(to(-0.22, y), to(0.2, y), 0.02, 0.02);
                    canvas.paint(line, ink(shade(self.colour, 0.45)));
                }
            }
            Kind::Ruler => {
                card(canvas, at(0.75, 0.12), 0.08);
                for i in -6..=6_i8 {
                    let x = 0.11 * f32::from(i);
                    let tick = capsule(to(x, -0.1), to(x, -0.03), 0.01, 0.01);
                    canvas.paint(tick, ink(shade(self.colour, 0.4)));
                }
            }
            Kind::Nut => {
                for (x, y) in [(-0.15, 0.05), (0.16, -0.1), (0.06, 0.18)] {
                    canvas.shadow(disc(to(x, y), 0.11), 0.1);
                    canvas.paint(
                        disc(to(x, y), 0.11),
                        ink([170.0, 172.0, 178.0]).round(0.3, 0.06),
                    );
                    canvas.paint(disc(to(x, y), 0.05), ink([60.0, 60.0, 64.0]));
                }
            }
            Kind::Scrap => {
                let curve = [(-0.5, 0.1), (-0.2, -0.15), (0.15, 0.12), (0.5, -0.08)];
                for pair in curve.windows(2) {
                    let (a, b) = (to(pair[0].0, pair[0].1), to(pair[1].0, pair[1].1));
                    stick(canvas, a, b, 0.045, self.colour);
                }
            }
            Kind::Pliers => {
                stick(canvas, to(-0.55, -0.2), to(0.0, 0.0), 0.09, self.colour);
                stick(canvas, to(-0.55, 0.2), to(0.0, 0.0), 0.09, self.colour);
                stick(
                    canvas,
                    to(0.0, 0.0),
                    to(0.45, 0.05),
                    0.1,
                    [120.0, 122.0, 128.0],
                );
            }
            Kind::Box => {
                card(canvas, at(0.45, 0.34), 0.5);
                let seam = capsule(to(-0.45, 0.0), to(0.45, 0.0), 0.05, 0.05);
                canvas.paint(seam, ink(shade(self.colour, 0.75)));
            }
        }
    }
}

impl Kind {
    /// How far it reaches from its middle.
    fn radius(self) -> f32 {
        match self {
            Self::Tape => 0.45,
            Self::Note | Self::Scrap | Self::Box => 0.55,
            Self::Ruler => 0.78,
            Self::Nut => 0.3,
            Self::Pliers => 0.65,
        }
    }
}

/// A number from 0 to 1 that the recording chooses.
fn share(scene: &mut Draw) -> f32 {
    const STEPS: usize = 1 << 10;
    scene.choose(STEPS) as f32 / STEPS as f32
}
