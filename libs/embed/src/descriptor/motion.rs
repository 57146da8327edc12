//! What moves, where, and what it leaves changed.

use super::{
    Frames, grid,
    raster::{HEIGHT, Raster, WIDTH},
};

/// Change (in units of the raster: 3 of 255) that noise and recompression make:
/// it does not count.
const DEAD_ZONE: f32 = 0.06;

/// The constants of this module, for the checksum.
pub(super) const CONSTANTS: &str = "motion dead 0.06 root; outcome thirds";

/// Planes of lightness and of both colours.
const PLANES: [fn(&Raster) -> &[f32]; 3] = [|f| &f.lightness, |f| &f.red_green, |f| &f.yellow_blue];

/// Changes of lightness and of both colours, square-rooted so that a hand that
/// fills a cell does not hide a finger that moves in another. All zero if
/// nothing moves.
pub(super) fn describe(frames: &Frames) -> Vec<f32> {
    let mut cells = Vec::with_capacity(3 * grid::CELLS);
    for plane in PLANES {
        grid::pool(&change(frames, plane), &mut cells);
    }
    for v in &mut cells {
        *v = v.max(0.0).sqrt();
    }
    cells
}

/// What became of each place: signed differences between the last and the first
/// third of the clip. It tells a movement from the same one backwards.
pub(super) fn outcome(frames: &Frames) -> Vec<f32> {
    let third = frames.len().div_ceil(3);
    let (start, end) = (&frames[..third], &frames[frames.len() - third..]);
    let mut cells = Vec::with_capacity(3 * grid::CELLS);
    for plane in PLANES {
        let mut change = vec![0.0; WIDTH * HEIGHT];
        for (before, after) in start.iter().zip(end) {
            for ((sum, a), b) in change.iter_mut().zip(plane(before)).zip(plane(after)) {
                *sum += (b - a) / third as f32;
            }
        }
        for value in &mut change {
            *value = value.signum() * (value.abs() - DEAD_ZONE).max(0.0);
        }
        grid::pool(&change, &mut cells);
    }
    cells
}

/// Mean change from frame to frame at every pixel, without the dead zone.
fn change(frames: &Frames, plane: impl Fn(&Raster) -> &[f32]) -> Vec<f32> {
    let mut mean = vec![0.0; WIDTH * HEIGHT];
    let share = 1.0 / (frames.len() - 1).max(1) as f32;
    for pair in frames.windows(2) {
        let values = plane(&pair[0]).iter().zip(plane(&pair[1]));
        for (sum, (before, after)) in mean.iter_mut().zip(values) {
            *sum += share * ((after - before).abs() - DEAD_ZONE).max(0.0);
        }
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_are_in_the_checksum() {
        assert_eq!(
            CONSTANTS,
            format!("motion dead {DEAD_ZONE} root; outcome thirds")
        );
    }
}
