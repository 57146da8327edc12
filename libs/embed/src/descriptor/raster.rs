//! Frames on one small raster, as lightness and two opponent colours.

use crate::ClipFrames;

/// Width of the raster in pixels.
pub(super) const WIDTH: usize = 96;
/// Height of the raster in pixels.
pub(super) const HEIGHT: usize = 54;

/// The unit of all planes, as a share of full scale: about the standard
/// deviation of lightness in a lit room.
const UNIT: f32 = 0.2;

/// The constants of this module, for the checksum.
pub(super) const CONSTANTS: &str = "raster 96x54 bt601 unit 0.2";

/// One frame: planes of HEIGHT × WIDTH values, row-major.
pub(super) struct Raster {
    /// Lightness: 0 is middle grey, 1 is [`UNIT`] above it.
    pub(super) lightness: Vec<f32>,
    /// Red against green, in the same unit, 0 for grey.
    pub(super) red_green: Vec<f32>,
    /// Yellow against blue, likewise.
    pub(super) yellow_blue: Vec<f32>,
}

/// Resamples the frames of `clip` to the three planes.
///
/// The light is left as it is: whoever compares two videos subtracts from each
/// its own mean clip and scales what is left, which removes offset, tint and
/// gain of a recording at once. To remove them clip by clip would let a hand
/// that comes into the picture change every cell.
pub(super) fn planes(clip: &ClipFrames<'_>) -> Vec<Raster> {
    let columns = spans(clip.width(), WIDTH);
    let rows = spans(clip.height(), HEIGHT);
    clip.iter()
        .map(|rgb| opponent(&resample(rgb, clip.width(), &columns, &rows)))
        .collect()
}

/// Lightness (BT.601) and the two opponent colours.
fn opponent(rgb: &[f32]) -> Raster {
    let plane = |value: &dyn Fn(f32, f32, f32) -> f32| {
        rgb.chunks_exact(3)
            .map(|p| value(p[0], p[1], p[2]) / (255.0 * UNIT))
            .collect()
    };
    Raster {
        lightness: plane(&|r, g, b| 0.299 * r + 0.587 * g + 0.114 * b - 127.5),
        red_green: plane(&|r, g, _| r - g),
        yellow_blue: plane(&|r, g, b| 0.5 * (r + g) - b),
    }
}

/// The pixels of the source that one pixel of the raster covers, and how much
/// of each; the parts sum to 1.
struct Span {
    first: usize,
    parts: Vec<f32>,
}

/// Cuts `from` source pixels into `to` equal spans.
fn spans(from: usize, to: usize) -> Vec<Span> {
    let scale = from as f64 / to as f64;
    (0..to)
        .map(|i| {
            let (start, end) = (i as f64 * scale, (i + 1) as f64 * scale);
            let first = (start as usize).min(from - 1);
            let last = (end.ceil() as usize).clamp(first + 1, from);
            let covered = |pixel: usize| end.min(pixel as f64 + 1.0) - start.max(pixel as f64);
            let parts = (first..last)
                .map(|pixel| (covered(pixel).max(0.0) / scale) as f32)
                .collect();
            Span { first, parts }
        })
        .collect()
}

/// Area average of one frame: HEIGHT × WIDTH × 3 values in 0..255.
fn resample(rgb: &[u8], width: usize, columns: &[Span], rows: &[Span]) -> Vec<f32> {
    let mut out = vec![0.0; HEIGHT * WIDTH * 3];
    for (out_row, row) in out.chunks_exact_mut(WIDTH * 3).zip(rows) {
        for (dy, weight) in row.parts.iter().enumerate() {
            let line = &rgb[(row.first + dy) * width * 3..][..width * 3];
            for (pixel, column) in out_row.chunks_exact_mut(3).zip(columns) {
                let covered = line[column.first * 3..].chunks_exact(3);
                for (source, part) in covered.zip(&column.parts) {
                    for (sum, byte) in pixel.iter_mut().zip(source) {
                        *sum += weight * part * f32::from(*byte);
                    }
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_constants_are_in_the_checksum() {
        assert_eq!(
            CONSTANTS,
            format!("raster {WIDTH}x{HEIGHT} bt601 unit {UNIT}")
        );
    }

    proptest! {
        #[test]
        fn spans_cover_the_source_once(from in 16_usize..400, to in 1_usize..100) {
            let mut covered = vec![0.0_f64; from];
            let spans = spans(from, to);
            for span in &spans {
                prop_assert!((span.parts.iter().sum::<f32>() - 1.0).abs() < 1e-4);
                for (i, part) in span.parts.iter().enumerate() {
                    covered[span.first + i] += f64::from(*part) * from as f64 / to as f64;
                }
            }
            prop_assert!(covered.iter().all(|c| (c - 1.0).abs() < 1e-3), "{covered:?}");
        }
    }

    #[test]
    fn resampling_keeps_a_plane_of_one_colour() {
        let rgb = [10, 20, 30].repeat(33 * 47);
        let out = resample(&rgb, 47, &spans(47, WIDTH), &spans(33, HEIGHT));
        for pixel in out.chunks_exact(3) {
            for (got, want) in pixel.iter().zip([10.0, 20.0, 30.0]) {
                assert!((got - want).abs() < 1e-3, "{got} for {want}");
            }
        }
    }
}
