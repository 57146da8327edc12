//! Where the things of one procedure stand, and their colours.

use rand::{RngExt, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::{
    raster::{Rgb, hue},
    space::{Vec3, at},
};
use crate::{
    Procedure,
    seed::{Purpose, around_zero, rng},
};

/// Something that stands in one of the table's places. The first five are tall
/// and stand at the back, the next four in the middle, the last at the front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Station {
    Balance,
    Centrifuge,
    Cabinet,
    Bottles,
    Burner,
    Rack,
    Funnel,
    Mat,
    Tools,
    LogBook,
    Timer,
    Bin,
    Spill,
}

const STATIONS: usize = 13;

/// Middles of the places, row by row.
const PLACES: [(f32, f32); STATIONS] = [
    (-42.0, 45.0),
    (-21.0, 46.0),
    (0.0, 47.0),
    (21.0, 46.0),
    (42.0, 45.0),
    (-36.0, 26.0),
    (-18.0, 27.0),
    (18.0, 27.0),
    (36.0, 26.0),
    (-30.0, 9.0),
    (-11.0, 9.0),
    (11.0, 9.0),
    (30.0, 9.0),
];

/// Where the rows of [`PLACES`] start and end.
const ROWS: [std::ops::Range<usize>; 3] = [0..5, 5..9, 9..13];

/// Where the table ends at the back and at either side.
pub(super) const TABLE_DEPTH: f32 = 57.0;
pub(super) const TABLE_SIDE: f32 = 62.0;

/// The places and colours of one procedure.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    stations: [Vec3; STATIONS],
    /// Middle of the beaker's bottom.
    pub(super) beaker: Vec3,
    pub(super) colours: Colours,
    /// Which of the table tops it has.
    pub(super) top: usize,
}

/// What differs in colour between procedures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Colours {
    /// Hue of what is poured; the others keep their distance from it.
    solution: f32,
    pub(super) accent: Rgb,
    pub(super) apparatus: Rgb,
    pub(super) mat: Rgb,
}

impl Layout {
    pub(super) fn new(procedure: &Procedure) -> Self {
        let mut rng = rng(procedure.seed(), Purpose::Lab);
        let mut order: [usize; STATIONS] = std::array::from_fn(|i| i);
        for row in ROWS {
            order[row].shuffle(&mut rng);
        }
        let jitter = |rng: &mut ChaCha8Rng| at(around_zero(rng, 1.2), around_zero(rng, 0.8), 0.0);
        let stations = order.map(|place| {
            let (x, y) = PLACES[place];
            at(x, y, 0.0) + jitter(&mut rng)
        });
        Self {
            stations,
            beaker: at(0.0, 26.0, 0.0) + jitter(&mut rng),
            colours: Colours::new(&mut rng),
            top: rng.random_range(0..3),
        }
    }

    pub(super) fn place(&self, station: Station) -> Vec3 {
        self.stations[station as usize]
    }
}

impl Colours {
    fn new(rng: &mut ChaCha8Rng) -> Self {
        let solution = rng.random_range(0.0..1.0_f32);
        let grey = rng.random_range(0.75..0.92);
        Self {
            solution,
            accent: hue(solution + 0.15, 0.65, 0.75),
            apparatus: hue(rng.random_range(0.0..1.0), 0.06, grey),
            mat: hue(solution + 0.4, 0.4, 0.55),
        }
    }

    /// What is poured.
    pub(super) fn solution(&self) -> Rgb {
        hue(self.solution, 0.72, 0.86)
    }

    /// What is dripped in.
    pub(super) fn indicator(&self) -> Rgb {
        hue(self.solution + 0.33, 0.8, 0.7)
    }

    /// What is spooned in.
    pub(super) fn powder(&self) -> Rgb {
        hue(self.solution + 0.6, 0.35, 0.95)
    }

    /// What is spilled.
    pub(super) fn spill(&self) -> Rgb {
        hue(self.solution + 0.75, 0.55, 0.5)
    }

    /// What a thing of this colour looks like in the wrong: its opposite hue,
    /// and dark where it was bright.
    pub(super) fn opposite(rgb: Rgb) -> Rgb {
        let most = rgb[0].max(rgb[1]).max(rgb[2]);
        let least = rgb[0].min(rgb[1]).min(rgb[2]);
        let dim = if most > 150.0 { 0.55 } else { 1.5 };
        rgb.map(|channel| ((most + least - channel) * dim).min(255.0))
    }
}
