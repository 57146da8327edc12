//! Privacy: what of the picture must not be seen, and making sure that it is not.

use serde::{Deserialize, Serialize};

use crate::VideoError;

/// Regions of the picture that are hidden in every frame before anything else sees it: clips, their quality and
/// thumbnails alike.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<MaskRegion>", into = "Vec<MaskRegion>")]
pub struct Mask {
    regions: Vec<MaskRegion>,
}

/// A rectangle, in fractions of the upright picture's width and height.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskRegion {
    /// Left edge, from 0 (left) to 1.
    pub x: f32,
    /// Upper edge, from 0 (top) to 1.
    pub y: f32,
    /// Width, more than 0.
    pub width: f32,
    /// Height, more than 0.
    pub height: f32,
    /// How it is hidden.
    pub style: MaskStyle,
}

/// How a region is hidden.
///
/// Blur and pixelation keep at most 4 × 4 mean colours of a region, whatever its size, so a face or a badge that fills
/// it cannot be restored from a frame: 48 numbers are left. They do leak where something moves; only black leaks
/// nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskStyle {
    /// Nothing is left.
    Black,
    /// A smooth surface through the mean colours of at most 4 × 4 cells.
    Blur,
    /// At most 4 × 4 cells, each of its mean colour.
    Pixelate,
}

impl Mask {
    /// A mask of these regions; none hides nothing.
    ///
    /// # Errors
    /// [`VideoError::InvalidMask`], naming the first region that is not a rectangle inside the picture.
    pub fn new(regions: Vec<MaskRegion>) -> Result<Self, VideoError> {
        for (index, region) in regions.iter().enumerate() {
            region
                .check()
                .map_err(|reason| VideoError::InvalidMask { index, reason })?;
        }
        Ok(Self { regions })
    }

    /// The regions, in the order in which they are applied.
    pub fn regions(&self) -> &[MaskRegion] {
        &self.regions
    }

    /// The mask in pixels of one frame size.
    pub(crate) fn rasterize(&self, width: usize, height: usize) -> RasterMask {
        let regions = self
            .regions
            .iter()
            .map(|region| (region.pixels(width, height), region.style))
            .collect();
        RasterMask {
            width,
            height,
            regions,
        }
    }
}

impl TryFrom<Vec<MaskRegion>> for Mask {
    type Error = VideoError;

    fn try_from(regions: Vec<MaskRegion>) -> Result<Self, VideoError> {
        Self::new(regions)
    }
}

impl From<Mask> for Vec<MaskRegion> {
    fn from(mask: Mask) -> Self {
        mask.regions
    }
}

/// Scaling mixes a pixel with its neighbours, and halved colour resolution with those of the next pair, so what is to
/// be hidden reaches this far out of its rectangle.
const BLEED: usize = 2;

/// Rounding of a sum such as 0.7 + 0.3 in 32 bits.
const TOLERANCE: f32 = 1e-5;

impl MaskRegion {
    fn check(&self) -> Result<(), String> {
        let values = [
            ("x", self.x),
            ("y", self.y),
            ("width", self.width),
            ("height", self.height),
        ];
        for (name, value) in values {
            if !(0.0..=1.0).contains(&value) {
                return Err(format!(
                    "{name} is {value}: it must be a fraction of the picture, from 0 to 1"
                ));
            }
        }
        if self.width == 0.0 || self.height == 0.0 {
            return Err("has no area: width and height must be more than 0".into());
        }
        if self.x + self.width > 1.0 + TOLERANCE || self.y + self.height > 1.0 + TOLERANCE {
            return Err(
                "reaches out of the picture: x + width and y + height must be at most 1".into(),
            );
        }
        Ok(())
    }

    /// The region in pixels, rounded outwards and widened by [`BLEED`].
    fn pixels(&self, width: usize, height: usize) -> Rect {
        let span = |start: f32, length: f32, size: usize| {
            let from = (f64::from(start) * size as f64).floor() as usize;
            let to = ((f64::from(start) + f64::from(length)) * size as f64).ceil() as usize;
            (from.saturating_sub(BLEED).min(size), (to + BLEED).min(size))
        };
        let (left, right) = span(self.x, self.width, width);
        let (top, bottom) = span(self.y, self.height, height);
        Rect {
            left,
            top,
            right,
            bottom,
        }
    }
}

/// Pixels from `left` to before `right`, from `top` to before `bottom`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rect {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

/// A mask for frames of one size.
#[derive(Debug)]
pub(crate) struct RasterMask {
    width: usize,
    height: usize,
    regions: Vec<(Rect, MaskStyle)>,
}

impl RasterMask {
    /// Hides the regions of an RGB24 frame.
    pub(crate) fn apply(&self, frame: &mut [u8]) {
        debug_assert_eq!(frame.len(), self.width * self.height * 3);
        for (rect, style) in &self.regions {
            match style {
                MaskStyle::Black => self.blacken(frame, *rect),
                MaskStyle::Blur => {
                    Cells::of(frame, self.width, *rect).paint(frame, self.width, true);
                }
                MaskStyle::Pixelate => {
                    Cells::of(frame, self.width, *rect).paint(frame, self.width, false);
                }
            }
        }
    }

    /// For each pixel, row by row, whether it is left as it was.
    pub(crate) fn visible(&self) -> Vec<bool> {
        let mut visible = vec![true; self.width * self.height];
        for (rect, _) in &self.regions {
            for row in rect.top..rect.bottom {
                visible[row * self.width + rect.left..row * self.width + rect.right].fill(false);
            }
        }
        visible
    }

    fn blacken(&self, frame: &mut [u8], rect: Rect) {
        for row in rect.top..rect.bottom {
            frame[(row * self.width + rect.left) * 3..(row * self.width + rect.right) * 3].fill(0);
        }
    }
}

/// The mean colours of a region's cells.
struct Cells {
    rect: Rect,
    columns: usize,
    rows: usize,
    means: Vec<[f32; 3]>,
}

impl Cells {
    /// Cells along each side. With four, a face that fills the region has an eye in no cell of its own.
    const MOST: usize = 4;
    /// A cell of fewer pixels would keep the shape of small things.
    const LEAST_PIXELS: usize = 8;

    fn of(frame: &[u8], width: usize, rect: Rect) -> Self {
        let count = |pixels: usize| (pixels / Self::LEAST_PIXELS).clamp(1, Self::MOST);
        let (columns, rows) = (count(rect.right - rect.left), count(rect.bottom - rect.top));
        let mut sums = vec![[0_u64; 4]; columns * rows];
        for y in rect.top..rect.bottom {
            let row = (y - rect.top) * rows / (rect.bottom - rect.top);
            for x in rect.left..rect.right {
                let sum =
                    &mut sums[row * columns + (x - rect.left) * columns / (rect.right - rect.left)];
                let pixel = &frame[(y * width + x) * 3..][..3];
                for channel in 0..3 {
                    sum[channel] += u64::from(pixel[channel]);
                }
                sum[3] += 1;
            }
        }
        let means = sums
            .iter()
            .map(|sum| [0, 1, 2].map(|channel| sum[channel] as f32 / sum[3].max(1) as f32));
        Self {
            rect,
            columns,
            rows,
            means: means.collect(),
        }
    }

    /// Paints each cell in its colour, or a bilinear surface through the cells' centres.
    fn paint(&self, frame: &mut [u8], width: usize, smooth: bool) {
        let Rect {
            left,
            top,
            right,
            bottom,
        } = self.rect;
        for y in top..bottom {
            let row = position(y - top, bottom - top, self.rows, smooth);
            for x in left..right {
                let column = position(x - left, right - left, self.columns, smooth);
                let colour = self.colour(row, column);
                frame[(y * width + x) * 3..][..3].copy_from_slice(&colour);
            }
        }
    }

    fn colour(&self, (row, down): (usize, f32), (column, along): (usize, f32)) -> [u8; 3] {
        let next_row = (row + 1).min(self.rows - 1);
        let next_column = (column + 1).min(self.columns - 1);
        let at = |row: usize, column: usize| self.means[row * self.columns + column];
        let (a, b) = (at(row, column), at(row, next_column));
        let (c, d) = (at(next_row, column), at(next_row, next_column));
        [0, 1, 2].map(|channel| {
            let upper = a[channel] + (b[channel] - a[channel]) * along;
            let lower = c[channel] + (d[channel] - c[channel]) * along;
            (upper + (lower - upper) * down).round() as u8
        })
    }
}

/// Which cell a pixel lies in, and, if smooth, how far it is towards the next cell's centre.
fn position(pixel: usize, pixels: usize, cells: usize, smooth: bool) -> (usize, f32) {
    if !smooth {
        return (pixel * cells / pixels, 0.0);
    }
    let centre =
        ((pixel as f32 + 0.5) * cells as f32 / pixels as f32 - 0.5).clamp(0.0, (cells - 1) as f32);
    (centre as usize, centre.fract())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    const WIDTH: usize = 64;
    const HEIGHT: usize = 48;

    fn region(x: f32, y: f32, width: f32, height: f32, style: MaskStyle) -> MaskRegion {
        MaskRegion {
            x,
            y,
            width,
            height,
            style,
        }
    }

    fn noise() -> Vec<u8> {
        (0..WIDTH * HEIGHT * 3)
            .map(|i| (i as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0])
            .collect()
    }

    fn apply(regions: Vec<MaskRegion>) -> Vec<u8> {
        let mut frame = noise();
        Mask::new(regions)
            .unwrap()
            .rasterize(WIDTH, HEIGHT)
            .apply(&mut frame);
        frame
    }

    #[test]
    fn bad_regions_are_named() {
        let good = region(0.1, 0.1, 0.2, 0.2, MaskStyle::Black);
        for bad in [
            region(0.9, 0.0, 0.2, 0.1, MaskStyle::Black),
            region(0.0, 0.0, 0.0, 0.1, MaskStyle::Black),
            region(f32::NAN, 0.0, 0.1, 0.1, MaskStyle::Black),
            region(-0.1, 0.0, 0.1, 0.1, MaskStyle::Black),
        ] {
            let error = Mask::new(vec![good, bad]).unwrap_err();
            assert!(
                matches!(error, VideoError::InvalidMask { index: 1, .. }),
                "{error}"
            );
        }
        assert!(Mask::new(vec![region(0.7, 0.7, 0.3, 0.3, MaskStyle::Black)]).is_ok());
    }

    #[test]
    fn a_mask_in_a_configuration_is_checked() {
        let text = r#"[{"x":0.5,"y":0.5,"width":0.6,"height":0.1,"style":"black"}]"#;
        let error = serde_json::from_str::<Mask>(text).unwrap_err();
        assert!(error.to_string().contains("mask region 0"));
        let mask = Mask::new(vec![region(0.0, 0.5, 0.5, 0.5, MaskStyle::Blur)]).unwrap();
        assert_eq!(
            serde_json::from_str::<Mask>(&serde_json::to_string(&mask).unwrap()).unwrap(),
            mask
        );
    }

    #[test]
    fn blur_and_pixels_keep_sixteen_colours_at_most() {
        let pixelated = apply(vec![region(0.0, 0.0, 1.0, 1.0, MaskStyle::Pixelate)]);
        let colours: HashSet<&[u8]> = pixelated.chunks_exact(3).collect();
        assert!(colours.len() <= 16, "{}", colours.len());
        let blurred = apply(vec![region(0.0, 0.0, 1.0, 1.0, MaskStyle::Blur)]);
        let steepest = blurred
            .windows(6)
            .step_by(3)
            .take(WIDTH - 1)
            .map(|w| w[0].abs_diff(w[3]))
            .max();
        assert!(steepest.unwrap() < 16, "noise must be smooth now");
    }

    proptest! {
        #[test]
        fn nothing_in_a_region_survives_and_nothing_beyond_it_changes(
            x in 0.0_f32..0.9, y in 0.0_f32..0.9, width in 0.01_f32..1.0, height in 0.01_f32..1.0,
        ) {
            let (width, height) = (width.min(1.0 - x), height.min(1.0 - y));
            let mask = Mask::new(vec![region(x, y, width, height, MaskStyle::Black)]).unwrap();
            let raster = mask.rasterize(WIDTH, HEIGHT);
            let (original, mut frame) = (noise(), noise());
            raster.apply(&mut frame);
            let visible = raster.visible();
            for (index, visible) in visible.iter().enumerate() {
                let pixel = index * 3..index * 3 + 3;
                if *visible {
                    prop_assert_eq!(&frame[pixel.clone()], &original[pixel]);
                } else {
                    prop_assert_eq!(&frame[pixel], &[0, 0, 0]);
                }
                let (px, py) = ((index % WIDTH) as f32, (index / WIDTH) as f32);
                let (left, right) = (x * WIDTH as f32 - 1.0, (x + width) * WIDTH as f32 + 1.0);
                let (top, bottom) = (y * HEIGHT as f32 - 1.0, (y + height) * HEIGHT as f32 + 1.0);
                if px + 1.0 > left && px < right && py + 1.0 > top && py < bottom {
                    prop_assert!(!visible, "pixel {px},{py} touches the region or its rim");
                }
            }
        }
    }
}
