//! Is there anything to see? Flags for clips that are too dark, too bright, blurred or frozen.

use serde::{Deserialize, Serialize};

use crate::mask::RasterMask;

/// How good a clip's picture is, outside the masked regions.
///
/// The flags are hints for a reviewer and for weighing a score, not refusals. Luma is BT.601, from 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools)] // Four independent flags, not a state.
pub struct Quality {
    /// Mean luma is below [`Quality::LOW_LIGHT_LUMA`].
    pub low_light: bool,
    /// More than [`Quality::CLIPPED_SHARE`] of the picture is white without drawing.
    pub over_exposed: bool,
    /// Sharpness is below [`Quality::BLURRY_SHARPNESS`].
    pub blurry: bool,
    /// All but a few frames ([`Quality::FROZEN_EXCEPTIONS`]) are as the one before ([`Quality::FROZEN_MOTION`]).
    pub frozen: bool,
    /// Mean luma of all frames.
    pub mean_luma: f32,
    /// Median over the frames of the variance of the Laplacian of luma (Pech-Pacheco et al., ICPR 2000). It grows with
    /// detail and depends on the frame size.
    pub sharpness: f32,
    /// Mean absolute change of luma from frame to frame.
    pub motion: f32,
}

impl Quality {
    /// Below this, sensor noise and the encoder's dark quantisation hide hands and tools: 16 % of full scale, while a
    /// lit room has 80 to 130.
    pub const LOW_LIGHT_LUMA: f32 = 40.0;
    /// From this luma on a pixel counts as clipped. Limited-range video reaches 255 only beyond reference white.
    pub const CLIPPED_LUMA: u8 = 250;
    /// A window or a lamp may clip; a third of the picture is a wrong exposure.
    pub const CLIPPED_SHARE: f32 = 1.0 / 3.0;
    /// Photographs at 256 lines measure 130 to 1700. Blurred with a standard deviation of 8 pixels of 1080 lines, they
    /// measure 15 to 50, with 12 pixels 7 to 17: from about there on a hand's fingers run together.
    pub const BLURRY_SHARPNESS: f32 = 20.0;
    /// A repeated picture, H.264-coded at any constant quality from 18 to 33, changes by 0.02 at most between key
    /// frames; the noise of a real sensor leaves 0.05 and more unless it was compressed away, and then nothing moved
    /// either. An encoder at a starved constant bit rate goes on refining a still picture by 0.1 and more: that is not
    /// told from a live scene, so the flag misses some frozen clips rather than accuse live ones.
    pub const FROZEN_MOTION: f32 = 0.025;
    /// How many of a frozen clip's changes may be larger: a key frame redraws even a still picture (by 0.3 to 2.4),
    /// and with one a second at four samples a second that is every fourth.
    pub const FROZEN_EXCEPTIONS: f32 = 1.0 / 3.0;

    pub(crate) fn of(frames: &[FrameStats]) -> Self {
        let mean = |value: fn(&FrameStats) -> f32| {
            frames.iter().map(value).sum::<f32>() / frames.len().max(1) as f32
        };
        let mut sharpness: Vec<f32> = frames.iter().map(|frame| frame.sharpness).collect();
        sharpness.sort_by(f32::total_cmp);
        let sharpness = sharpness.get(frames.len() / 2).copied().unwrap_or_default();
        // The first frame's change is from a frame outside the clip, which is asked only if there is no other.
        let inside = if frames.len() > 1 {
            &frames[1..]
        } else {
            frames
        };
        let mut motions: Vec<f32> = inside.iter().filter_map(|frame| frame.motion).collect();
        motions.sort_by(f32::total_cmp);
        let exceptions = (motions.len() as f32 * Self::FROZEN_EXCEPTIONS) as usize;
        let mean_luma = mean(|frame| frame.mean_luma);
        Self {
            low_light: mean_luma < Self::LOW_LIGHT_LUMA,
            over_exposed: mean(|frame| frame.clipped) > Self::CLIPPED_SHARE,
            blurry: sharpness < Self::BLURRY_SHARPNESS,
            frozen: motions
                .iter()
                .rev()
                .nth(exceptions)
                .is_some_and(|motion| *motion < Self::FROZEN_MOTION),
            mean_luma,
            sharpness,
            motion: motions.iter().sum::<f32>() / motions.len().max(1) as f32,
        }
    }
}

/// What is measured of one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FrameStats {
    mean_luma: f32,
    /// Share of pixels at or above [`Quality::CLIPPED_LUMA`].
    clipped: f32,
    sharpness: f32,
    /// Mean absolute change of luma since the frame before; `None` for the first.
    motion: Option<f32>,
}

/// Measures frame after frame, remembering the one before.
#[derive(Debug)]
pub(crate) struct Meter {
    width: usize,
    /// 1 for pixels that are measured, 0 for masked ones: factors, so that the loops below have no branches.
    visible: Vec<u8>,
    visible_count: usize,
    /// 1 for pixels that are visible together with their four neighbours.
    interior: Vec<u8>,
    interior_count: usize,
    luma: Vec<u8>,
    previous: Vec<u8>,
}

impl Meter {
    pub(crate) fn new(mask: &RasterMask, width: usize, height: usize) -> Self {
        let visible: Vec<u8> = mask.visible().into_iter().map(u8::from).collect();
        let mut interior = vec![0; visible.len()];
        for y in 1..height - 1 {
            for x in 1..width - 1 {
                let at = y * width + x;
                interior[at] = [at, at - 1, at + 1, at - width, at + width]
                    .iter()
                    .map(|&i| visible[i])
                    .min()
                    .unwrap_or(0);
            }
        }
        let count = |flags: &[u8]| flags.iter().map(|&flag| usize::from(flag)).sum();
        Self {
            width,
            visible_count: count(&visible),
            interior_count: count(&interior),
            luma: vec![0; visible.len()],
            previous: Vec::new(),
            visible,
            interior,
        }
    }

    /// Share of the picture that no mask covers.
    pub(crate) fn visible_share(&self) -> f64 {
        self.visible_count as f64 / self.visible.len() as f64
    }

    pub(crate) fn measure(&mut self, rgb: &[u8]) -> FrameStats {
        for (luma, pixel) in self.luma.iter_mut().zip(rgb.chunks_exact(3)) {
            let [red, green, blue] = [0, 1, 2].map(|channel| u32::from(pixel[channel]));
            *luma = ((77 * red + 150 * green + 29 * blue) >> 8) as u8;
        }
        let count = self.visible_count.max(1) as f32;
        let (mut sum, mut clipped) = (0_u64, 0_u64);
        for (luma, visible) in self
            .luma
            .chunks(self.width)
            .zip(self.visible.chunks(self.width))
        {
            let row = luma.iter().zip(visible);
            sum += u64::from(
                row.clone()
                    .map(|(&luma, &visible)| u32::from(luma) * u32::from(visible))
                    .sum::<u32>(),
            );
            clipped += u64::from(
                row.map(|(&l, &v)| u32::from(l >= Quality::CLIPPED_LUMA) * u32::from(v))
                    .sum::<u32>(),
            );
        }
        let motion = (!self.previous.is_empty()).then(|| self.change() as f32 / count);
        let stats = FrameStats {
            mean_luma: sum as f32 / count,
            clipped: clipped as f32 / count,
            sharpness: self.laplacian_variance(),
            motion,
        };
        self.previous.resize(self.luma.len(), 0);
        std::mem::swap(&mut self.previous, &mut self.luma);
        stats
    }

    /// Sum of absolute changes of luma over the visible pixels.
    fn change(&self) -> u64 {
        let rows = self
            .luma
            .chunks(self.width)
            .zip(self.previous.chunks(self.width));
        rows.zip(self.visible.chunks(self.width))
            .map(|((now, before), visible)| {
                let pixels = now.iter().zip(before).zip(visible);
                u64::from(
                    pixels
                        .map(|((&a, &b), &v)| u32::from(a.abs_diff(b)) * u32::from(v))
                        .sum::<u32>(),
                )
            })
            .sum()
    }

    fn laplacian_variance(&self) -> f32 {
        let (mut sum, mut squares) = (0_i64, 0_u64);
        for top in (0..self.luma.len().saturating_sub(2 * self.width)).step_by(self.width) {
            let (above, middle) = (&self.luma[top..], &self.luma[top + self.width..]);
            let below = &self.luma[top + 2 * self.width..];
            let weight = &self.interior[top + self.width..];
            let inner = self.width - 2;
            let (left, centre, right) =
                (&middle[..inner], &middle[1..=inner], &middle[2..self.width]);
            let (above, below, weight) = (&above[1..=inner], &below[1..=inner], &weight[1..=inner]);
            // A row has at most 4096 pixels and a value at most 1020: both sums fit.
            let (mut row_sum, mut row_squares) = (0_i32, 0_u32);
            for x in 0..inner {
                let around = i32::from(left[x])
                    + i32::from(right[x])
                    + i32::from(above[x])
                    + i32::from(below[x]);
                let value = (around - 4 * i32::from(centre[x])) * i32::from(weight[x]);
                row_sum += value;
                row_squares += (value * value) as u32;
            }
            sum += i64::from(row_sum);
            squares += u64::from(row_squares);
        }
        let count = self.interior_count.max(1) as f64;
        let mean = sum as f64 / count;
        (squares as f64 / count - mean * mean) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mask, MaskRegion, MaskStyle};

    const WIDTH: usize = 64;
    const HEIGHT: usize = 48;

    fn meter(regions: Vec<MaskRegion>) -> Meter {
        Meter::new(
            &Mask::new(regions).unwrap().rasterize(WIDTH, HEIGHT),
            WIDTH,
            HEIGHT,
        )
    }

    fn picture(luma: impl Fn(usize, usize) -> u8) -> Vec<u8> {
        (0..WIDTH * HEIGHT)
            .flat_map(|at| [luma(at % WIDTH, at / WIDTH); 3])
            .collect()
    }

    fn quality(frames: &[Vec<u8>]) -> Quality {
        let mut meter = meter(Vec::new());
        Quality::of(
            &frames
                .iter()
                .map(|frame| meter.measure(frame))
                .collect::<Vec<_>>(),
        )
    }

    fn checkerboard(light: u8, dark: u8, shift: usize) -> Vec<u8> {
        picture(|x, y| {
            if (x / 8 + y / 8 + shift).is_multiple_of(2) {
                light
            } else {
                dark
            }
        })
    }

    #[test]
    fn a_good_clip_has_no_flag() {
        let found = quality(&[checkerboard(180, 60, 0), checkerboard(180, 60, 1)]);
        assert!(
            !found.low_light && !found.over_exposed && !found.blurry && !found.frozen,
            "{found:?}"
        );
        assert!((found.mean_luma - 120.0).abs() < 1.0 && (found.motion - 120.0).abs() < 1.0);
    }

    #[test]
    fn darkness_glare_blur_and_standstill_are_flagged() {
        assert!(quality(&[checkerboard(50, 20, 0), checkerboard(50, 20, 1)]).low_light);
        assert!(quality(&[checkerboard(255, 100, 0), checkerboard(255, 100, 1)]).over_exposed);
        let smooth = |shift: usize| picture(|x, _| (60 + x + shift) as u8);
        let blurred = quality(&[smooth(0), smooth(9)]);
        assert!(blurred.blurry && !blurred.frozen, "{blurred:?}");
        assert!(quality(&[checkerboard(180, 60, 0), checkerboard(180, 60, 0)]).frozen);
        let still = || checkerboard(180, 60, 0);
        let key_frame = picture(|x, y| still()[(y * WIDTH + x) * 3] + 2);
        assert!(quality(&[still(), still(), key_frame.clone(), key_frame.clone()]).frozen);
        assert!(!quality(&[still(), key_frame, still()]).frozen);
        assert!(
            !quality(&[checkerboard(180, 60, 0)]).frozen,
            "one frame tells nothing of motion"
        );
    }

    #[test]
    fn the_laplacian_is_that_of_the_definition() {
        let frame = picture(|x, y| ((x * 37 + y * 91) % 251) as u8);
        let mut meter = meter(Vec::new());
        let found = meter.measure(&frame).sharpness;
        let luma = |x: usize, y: usize| f64::from(frame[(y * WIDTH + x) * 3]);
        let values: Vec<f64> = (1..HEIGHT - 1)
            .flat_map(|y| (1..WIDTH - 1).map(move |x| (x, y)))
            .map(|(x, y)| {
                luma(x - 1, y) + luma(x + 1, y) + luma(x, y - 1) + luma(x, y + 1) - 4.0 * luma(x, y)
            })
            .collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / values.len() as f64;
        assert!(
            (f64::from(found) - variance).abs() < 1e-3 * variance,
            "{found} {variance}"
        );
    }

    #[test]
    fn what_a_mask_covers_counts_for_nothing() {
        let black = MaskRegion {
            x: 0.0,
            y: 0.0,
            width: 0.5,
            height: 1.0,
            style: MaskStyle::Black,
        };
        let mut masked = meter(vec![black]);
        let frame = |left: u8| picture(move |x, _| if x < WIDTH / 2 + 2 { left } else { 100 });
        let first = masked.measure(&frame(0));
        let second = masked.measure(&frame(255));
        assert!(
            (first.mean_luma - 100.0).abs() < 1e-3 && first.sharpness.abs() < 1e-3,
            "{first:?}"
        );
        assert_eq!(second.motion, Some(0.0));
        assert!((masked.visible_share() - (WIDTH / 2 - 2) as f64 / WIDTH as f64).abs() < 1e-9);
    }
}
