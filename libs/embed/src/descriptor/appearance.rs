//! What is seen, whether or not it moves: colour and layout.

use std::f32::consts::PI;

use super::{
    Frames, grid,
    raster::{HEIGHT, Raster, WIDTH},
};

/// Orientations of an edge, over half a turn.
const ORIENTATIONS: usize = 8;
/// Length of the block of orientations.
pub(super) const ORIENTATION_DIM: usize = ORIENTATIONS * grid::FINE_CELLS;

/// The constants of this module, for the checksum.
pub(super) const CONSTANTS: &str = "appearance grids 3+6 orientations 8 root centred";

/// Mean colour, colour contrast, lightness and edge orientations, in the order
/// of the shares. All are means over the clip.
pub(super) fn describe(frames: &Frames) -> [Vec<f32>; 4] {
    let red_green = mean_plane(frames, |f, i| f.red_green[i]);
    let yellow_blue = mean_plane(frames, |f, i| f.yellow_blue[i]);
    let chroma_squared = mean_plane(frames, |f, i| {
        f.red_green[i] * f.red_green[i] + f.yellow_blue[i] * f.yellow_blue[i]
    });
    let lightness = mean_plane(frames, |f, i| f.lightness[i]);
    let mut colour = Vec::new();
    grid::pool(&red_green, &mut colour);
    grid::pool(&yellow_blue, &mut colour);
    let mut light = Vec::new();
    grid::pool(&lightness, &mut light);
    [
        colour.clone(),
        contrast(&chroma_squared, &colour),
        light,
        orientations(frames),
    ]
}

/// Spread of the colour within each cell, from the mean of its square and the
/// means of its two parts.
fn contrast(chroma_squared: &[f32], colour: &[f32]) -> Vec<f32> {
    let mut contrast = Vec::new();
    grid::pool(chroma_squared, &mut contrast);
    let (red_green, yellow_blue) = colour.split_at(grid::CELLS);
    for ((value, a), b) in contrast.iter_mut().zip(red_green).zip(yellow_blue) {
        *value = (*value - a * a - b * b).max(0.0).sqrt();
    }
    contrast
}

/// Histograms of gradient orientation (Dalal & Triggs 2005) in the fine cells,
/// square-rooted so that one strong edge does not hide the others (Arandjelović
/// & Zisserman 2012), less the mean of each cell: what all orientations share is
/// texture and noise, which every clip of a scene has, and would fill the block.
fn orientations(frames: &Frames) -> Vec<f32> {
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
    let mut histograms = Vec::new();
    for plane in &planes {
        grid::pool_fine(plane, &mut histograms);
    }
    for v in &mut histograms {
        *v = v.sqrt();
    }
    for cell in 0..grid::FINE_CELLS {
        let of_cell = || (cell..ORIENTATION_DIM).step_by(grid::FINE_CELLS);
        let mean = of_cell().map(|i| histograms[i]).sum::<f32>() / ORIENTATIONS as f32;
        of_cell().for_each(|i| histograms[i] -= mean);
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

fn mean_plane(frames: &Frames, value: impl Fn(&Raster, usize) -> f32) -> Vec<f32> {
    let mut plane = vec![0.0; WIDTH * HEIGHT];
    for frame in frames {
        for (i, sum) in plane.iter_mut().enumerate() {
            *sum += value(frame, i);
        }
    }
    let share = 1.0 / frames.len() as f32;
    for v in &mut plane {
        *v *= share;
    }
    plane
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_are_in_the_checksum() {
        let said = format!("appearance grids 3+6 orientations {ORIENTATIONS} root centred");
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
