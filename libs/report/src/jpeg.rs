//! What a page must know of a JPEG file: that it is one, and its size.

/// Width and height in pixels; `None` if it is no JPEG file that a browser
/// would show.
pub(crate) fn size(file: &[u8]) -> Option<(u16, u16)> {
    let mut rest = file.strip_prefix(&[0xff, 0xd8])?;
    loop {
        // Segments may be padded with 0xff.
        let (&[0xff, marker], after) = rest.split_first_chunk::<2>()? else {
            return None;
        };
        if marker == 0xff {
            rest = &rest[1..];
            continue;
        }
        let (length, _) = after.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        if is_start_of_frame(marker) {
            let &[_, _, _, h1, h0, w1, w0, ..] = after else {
                return None;
            };
            let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
            return (width > 0 && height > 0).then_some((width, height));
        }
        rest = after.get(length.max(2)..)?;
    }
}

/// Baseline, extended and progressive frames; not the tables that share their
/// range of numbers.
fn is_start_of_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_file_is_read_and_a_torn_one_is_none() {
        let mut file = Vec::new();
        jpeg_encoder::Encoder::new(&mut file, 80)
            .encode(&[90; 3 * 24 * 16], 24, 16, jpeg_encoder::ColorType::Rgb)
            .unwrap();
        assert_eq!(size(&file), Some((24, 16)));
        assert_eq!(size(b"<svg/>"), None);
        for length in 0..28 {
            assert_eq!(size(&file[..length]), None);
        }
    }
}
