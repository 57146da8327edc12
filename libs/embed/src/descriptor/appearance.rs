//! What is seen, whether or not it moves: colour and layout.

use std::f32::consts::PI;

use super::{
    Frames, grid,
    raster::{HEIGHT, Raster, WIDTH},
};

/// Orientations of an edge, over half a turn.
const ORIENTATIONS: usize = 8;
/// Length of the block of edges.
pub(super) const EDGE_DIM: usize = ORIENTATIONS * grid::CELLS;

/// The constants of this module, for the checksum.
pub(super) const CONSTANTS: &str = "appearance orientations 8 root";

/// Colours and edges, both means over the clip.
pub(super) fn describe(frames: &Frames) -> [Vec<f32>; 2] {
    let mut colours = Vec::with_capacity(3 * grid::CELLS);
    let planes: [fn(&Raster) -> &[f32]; 3] =
        [|f| &f.lightness, |f| &f.red_green, |f| &f.yellow_blue];
    for plane in planes {
        grid::pool(&mean_plane(frames, plane), &mut colours);
    }
    [colours, edges(frames)]
}

/// Histograms of gradient orientation (Dalal & Triggs 2005), square-rooted so
/// that one strong edge does not hide the others (Arandjelović & Zisserman
/// 2012).
fn edges(frames: &Frames) -> Vec<f32> {
    let mut planes = vec![vec![0.0_f32; WIDTH * HEIGHT]; ORIENTATIONS];
    let share = 1.0 / frames.len() as f32;
    for frame in frames {
        for y in 1..HEIGHT - 1 {
            for x in 1..WIDTH - 1 {
                let (gx, gy) = gradient(&frame.lightness, x, y);
                let (bin, next, part) = orientation(gx, gy);
                let weight = share * gx.hypot(gy);
                planes[bin][y * WIDTH + x] += weight * (1.0 - part);
                planes[next][y * WIDTH + x] += weight * part;
            }
        }
    }
    let mut histograms = Vec::with_capacity(EDGE_DIM);
    for plane in &planes {
        grid::pool(plane, &mut histograms);
    }
    for v in &mut histograms {
        *v = v.sqrt();
    }
    histograms
}

/// Central differences of `plane` at an inner pixel.
fn gradient(plane: &[f32], x: usize, y: usize) -> (f32, f32) {
    let at = y * WIDTH + x;
    (
        0.5 * (plane[at + 1] - plane[at - 1]),
        0.5 * (plane[at + WIDTH] - plane[at - WIDTH]),
    )
}

/// The two nearest orientations of a gradient and the part that the second gets.
fn orientation(gx: f32, gy: f32) -> (usize, usize, f32) {
    let turn = (gy.atan2(gx) / PI).rem_euclid(1.0) * ORIENTATIONS as f32;
    let bin = turn as usize % ORIENTATIONS;
    (bin, (bin + 1) % ORIENTATIONS, turn - turn.floor())
}

fn mean_plane(frames: &Frames, plane: impl Fn(&Raster) -> &[f32]) -> Vec<f32> {
    let mut mean = vec![0.0; WIDTH * HEIGHT];
    let share = 1.0 / frames.len() as f32;
    for frame in frames {
        for (sum, value) in mean.iter_mut().zip(plane(frame)) {
            *sum += share * value;
        }
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_are_in_the_checksum() {
        let said = format!("appearance orientations {ORIENTATIONS} root");
        assert_eq!(CONSTANTS, said);
    }

    #[test]
    fn opposite_gradients_have_one_orientation() {
        for (gx, gy) in [(1.0, 0.0), (0.3, 0.8), (-0.5, 0.5), (0.0, -1.0)] {
            let (bin, next, part) = orientation(gx, gy);
            let (other, _, other_part) = orientation(-gx, -gy);
            let place = |bin: usize, part: f32| (bin as f32 + part) % ORIENTATIONS as f32;
            let apart = (place(bin, part) - place(other, other_part)).abs();
            assert!(apart < 1e-3 || apart > ORIENTATIONS as f32 - 1e-3);
            assert!(bin < ORIENTATIONS && next < ORIENTATIONS);
        }
        assert_eq!(orientation(0.0, 0.0).0, 0);
    }
}
