//! Small JPEG pictures of frames.

use jpeg_encoder::{ColorType, Encoder, EncodingError};

/// Good enough to recognise a scene; a 320-pixel thumbnail has about 15 kB.
const QUALITY: u8 = 80;

/// A JPEG of an RGB24 frame, `width` pixels wide or as wide as the frame if that is less.
pub(crate) fn encode(
    rgb: &[u8],
    (width, height): (usize, usize),
    target: u32,
) -> Result<Vec<u8>, EncodingError> {
    let target_width = (target as usize).min(width);
    let target_height = (height * target_width).div_ceil(width).max(1);
    let small;
    let pixels = if target_width == width {
        rgb
    } else {
        small = shrink(rgb, (width, height), (target_width, target_height));
        &small
    };
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, QUALITY).encode(
        pixels,
        target_width as u16,
        target_height as u16,
        ColorType::Rgb,
    )?;
    Ok(jpeg)
}

/// Each target pixel is the mean of the source pixels under it.
fn shrink(
    rgb: &[u8],
    (width, height): (usize, usize),
    (to_width, to_height): (usize, usize),
) -> Vec<u8> {
    let mut small = Vec::with_capacity(to_width * to_height * 3);
    for row in 0..to_height {
        let rows = row * height / to_height
            ..((row + 1) * height / to_height).max(row * height / to_height + 1);
        for column in 0..to_width {
            let columns = column * width / to_width..(column + 1) * width / to_width;
            let mut sum = [0_u32; 3];
            for y in rows.clone() {
                for pixel in rgb[(y * width + columns.start) * 3..(y * width + columns.end) * 3]
                    .chunks_exact(3)
                {
                    for channel in 0..3 {
                        sum[channel] += u32::from(pixel[channel]);
                    }
                }
            }
            let count = (rows.len() * columns.len()) as u32;
            small.extend(sum.map(|sum| ((sum + count / 2) / count) as u8));
        }
    }
    small
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinking_takes_means() {
        let rgb: Vec<u8> = [10, 20, 30, 50, 100, 130, 200, 210, 220, 100, 90, 80].to_vec();
        assert_eq!(shrink(&rgb, (4, 1), (2, 1)), [30, 60, 80, 150, 150, 150]);
    }

    #[test]
    fn a_thumbnail_is_a_jpeg_of_the_asked_width() {
        let jpeg = encode(&vec![128; 64 * 48 * 3], (64, 48), 32).unwrap();
        assert!(jpeg.starts_with(&[0xFF, 0xD8]) && jpeg.ends_with(&[0xFF, 0xD9]));
        let frame = jpeg
            .windows(2)
            .position(|marker| marker == [0xFF, 0xC0])
            .unwrap();
        assert_eq!(jpeg[frame + 5..frame + 9], [0, 24, 0, 32]);
        let large = encode(&vec![128; 64 * 48 * 3], (64, 48), 640).unwrap();
        let frame = large
            .windows(2)
            .position(|marker| marker == [0xFF, 0xC0])
            .unwrap();
        assert_eq!(large[frame + 5..frame + 9], [0, 48, 0, 64]);
    }
}
