//! What moves, where to, and what it leaves changed.

use std::f32::consts::TAU;

use super::{
    Frames, grid,
    raster::{HEIGHT, Raster, WIDTH},
};

/// Change (in standard deviations of the clip's lightness) that noise and
/// recompression make: it does not count.
const DEAD_ZONE: f32 = 0.06;

/// Directions of motion, over a full turn.
const DIRECTIONS: usize = 8;
/// Cells of directions: across and down.
const FLOW_CELLS: (usize, usize) = (4, 3);
/// Length of the block of directions.
pub(super) const FLOW_DIM: usize = FLOW_CELLS.0 * FLOW_CELLS.1 * DIRECTIONS;

/// Blocks are matched on a raster of half the size.
const HALF_WIDTH: usize = WIDTH / 2;
const HALF_HEIGHT: usize = HEIGHT / 2;
/// Blocks of HALF raster: one every PITCH pixels, of SIDE (across, down) pixels.
const PITCH: (usize, usize) = (4, 3);
const SIDE: (usize, usize) = (8, 7);
/// How far a block is sought, in half-raster pixels: a tenth of the width
/// between two frames, 0.8 of the width a second at 8 Hz.
const REACH: isize = 5;
/// Mean change within a block from which it is sought at all.
const STIRRED: f32 = 0.12;
/// Mean difference per pixel of displacement by which a match must be better.
const PER_PIXEL: f32 = 0.01;

/// The constants of this module, for the checksum.
pub(super) const CONSTANTS: &str =
    "motion dead 0.06 directions 8 cells 4x3 pitch 4x3 side 8x7 reach 5 stirred 0.12 pixel 0.01";

/// Changes of lightness, changes of colour, what became of each place, and
/// directions, in the order of the shares. All zero if nothing moves.
pub(super) fn describe(frames: &Frames) -> [Vec<f32>; 4] {
    let lightness = change_plane(frames, |f, i| f.lightness[i]);
    let red_green = change_plane(frames, |f, i| f.red_green[i]);
    let mut colour = change_plane(frames, |f, i| f.yellow_blue[i]);
    for (sum, other) in colour.iter_mut().zip(&red_green) {
        *sum += other;
    }
    [
        pooled_root(&lightness),
        pooled_root(&colour),
        outcome(frames),
        directions(frames),
    ]
}

/// Square root of the means in all cells, so that a hand that fills a cell does
/// not hide a finger that moves in another.
fn pooled_root(plane: &[f32]) -> Vec<f32> {
    let mut cells = Vec::new();
    grid::pool(plane, &mut cells);
    for v in &mut cells {
        *v = v.max(0.0).sqrt();
    }
    cells
}

/// Mean change from frame to frame at every pixel, without the dead zone.
fn change_plane(frames: &Frames, value: impl Fn(&Raster, usize) -> f32) -> Vec<f32> {
    let mut plane = vec![0.0; WIDTH * HEIGHT];
    let share = 1.0 / (frames.len() - 1).max(1) as f32;
    for pair in frames.windows(2) {
        for (i, sum) in plane.iter_mut().enumerate() {
            let change = value(&pair[1], i) - value(&pair[0], i);
            *sum += share * (change.abs() - DEAD_ZONE).max(0.0);
        }
    }
    plane
}

/// Signed difference between the end and the start of the clip in the fine
/// cells, for lightness and both colours: what came, what went.
fn outcome(frames: &Frames) -> Vec<f32> {
    let mut cells = Vec::new();
    let planes: [fn(&Raster) -> &[f32]; 3] =
        [|f| &f.lightness, |f| &f.red_green, |f| &f.yellow_blue];
    let third = frames.len().div_ceil(3);
    let (start, end) = (&frames[..third], &frames[frames.len() - third..]);
    for plane in planes {
        let mut change = vec![0.0; WIDTH * HEIGHT];
        for (before, after) in start.iter().zip(end) {
            for ((sum, a), b) in change.iter_mut().zip(plane(before)).zip(plane(after)) {
                *sum += (b - a) / third as f32;
            }
        }
        for value in &mut change {
            *value = value.signum() * (value.abs() - DEAD_ZONE).max(0.0);
        }
        grid::pool_fine(&change, &mut cells);
    }
    cells
}

/// Histograms of the directions in which blocks move, by how far they move.
fn directions(frames: &Frames) -> Vec<f32> {
    let mut histograms = vec![0.0_f32; FLOW_DIM];
    let halves = frames.iter().map(half_size).collect::<Vec<_>>();
    for pair in halves.windows(2) {
        for top in (0..=HALF_HEIGHT - SIDE.1).step_by(PITCH.1) {
            for left in (0..=HALF_WIDTH - SIDE.0).step_by(PITCH.0) {
                if let Some((dx, dy)) = displacement(&pair[0], &pair[1], left, top) {
                    let column = (left + SIDE.0 / 2) * FLOW_CELLS.0 / HALF_WIDTH;
                    let row = (top + SIDE.1 / 2) * FLOW_CELLS.1 / HALF_HEIGHT;
                    let cell = &mut histograms[(row * FLOW_CELLS.0 + column) * DIRECTIONS..];
                    vote(&mut cell[..DIRECTIONS], dx as f32, dy as f32);
                }
            }
        }
    }
    let share = 1.0 / (frames.len() - 1).max(1) as f32;
    for v in &mut histograms {
        *v = (*v * share).sqrt();
    }
    histograms
}

/// Adds a displacement to the two nearest directions.
fn vote(histogram: &mut [f32], dx: f32, dy: f32) {
    let turn = (dy.atan2(dx) / TAU).rem_euclid(1.0) * DIRECTIONS as f32;
    let bin = turn as usize % DIRECTIONS;
    let part = turn - turn.floor();
    let far = dx.hypot(dy) / REACH as f32;
    histogram[bin] += far * (1.0 - part);
    histogram[(bin + 1) % DIRECTIONS] += far * part;
}

/// Where the block of `from` at (left, top) went in `to`, by the least mean
/// absolute difference; none if it did not move or nothing stirs there.
fn displacement(from: &[f32], to: &[f32], left: usize, top: usize) -> Option<(isize, isize)> {
    let still = difference(from, to, left, top, left, top);
    if still < STIRRED {
        return None;
    }
    let mut best = (still, 0, 0);
    for dy in -REACH..=REACH {
        for dx in -REACH..=REACH {
            let places = (left.checked_add_signed(dx), top.checked_add_signed(dy));
            let (Some(x), Some(y)) = places else { continue };
            if x + SIDE.0 > HALF_WIDTH || y + SIDE.1 > HALF_HEIGHT {
                continue;
            }
            let cost = difference(from, to, left, top, x, y)
                + PER_PIXEL * (dx.unsigned_abs() + dy.unsigned_abs()) as f32;
            if cost < best.0 {
                best = (cost, dx, dy);
            }
        }
    }
    (best.1 != 0 || best.2 != 0).then_some((best.1, best.2))
}

/// Mean absolute difference of the block of `from` at (left, top) and the block
/// of `to` at (x, y).
fn difference(from: &[f32], to: &[f32], left: usize, top: usize, x: usize, y: usize) -> f32 {
    let mut sum = 0.0;
    for row in 0..SIDE.1 {
        let a = &from[(top + row) * HALF_WIDTH + left..][..SIDE.0];
        let b = &to[(y + row) * HALF_WIDTH + x..][..SIDE.0];
        for (a, b) in a.iter().zip(b) {
            sum += (a - b).abs();
        }
    }
    sum / (SIDE.0 * SIDE.1) as f32
}

/// Lightness at half the size: the mean of every 2 × 2 pixels.
fn half_size(frame: &Raster) -> Vec<f32> {
    let mut half = Vec::with_capacity(HALF_WIDTH * HALF_HEIGHT);
    for rows in frame.lightness.chunks_exact(2 * WIDTH) {
        let (upper, lower) = rows.split_at(WIDTH);
        for (a, b) in upper.chunks_exact(2).zip(lower.chunks_exact(2)) {
            half.push(0.25 * (a[0] + a[1] + b[0] + b[1]));
        }
    }
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_are_in_the_checksum() {
        assert_eq!(
            CONSTANTS,
            format!(
                "motion dead {DEAD_ZONE} directions {DIRECTIONS} cells {}x{} pitch {}x{} \
                 side {}x{} reach {REACH} stirred {STIRRED} pixel {PER_PIXEL}",
                FLOW_CELLS.0, FLOW_CELLS.1, PITCH.0, PITCH.1, SIDE.0, SIDE.1
            )
        );
    }

    #[test]
    fn a_block_is_found_where_it_went() {
        let texture = |x: usize, y: usize| ((x * 7 + y * 13) % 11) as f32 - 5.0;
        let picture = |dx: usize, dy: usize| {
            let mut plane = vec![0.0; HALF_WIDTH * HALF_HEIGHT];
            for y in 0..SIDE.1 {
                for x in 0..SIDE.0 {
                    plane[(12 + y - dy) * HALF_WIDTH + 20 + x + dx] = texture(x, y);
                }
            }
            plane
        };
        let found = displacement(&picture(0, 0), &picture(3, 2), 20, 12);
        assert_eq!(found, Some((3, -2)));
        assert_eq!(displacement(&picture(3, 2), &picture(3, 2), 20, 12), None);
    }
}
