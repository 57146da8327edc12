//! How a decoded picture must be turned to stand upright.

use serde::{Deserialize, Serialize};

/// One of the eight ways in which a picture can lie: rotated by quarter turns, then perhaps mirrored.
///
/// Phones record as their sensor lies and note the turn in the track's display matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Orientation {
    /// Clockwise turn that sets the coded picture upright: 0, 90, 180 or 270 degrees.
    pub rotation_degrees: u16,
    /// Whether the turned picture is then mirrored left to right.
    pub mirrored: bool,
}

impl Orientation {
    /// From a display matrix as FFmpeg prints it: offsets and nine 16.16 (2.30 in the last column) integers,
    /// `a b u / c d v / x y w`, where x' = a·x + c·y and y' = b·x + d·y with y downwards (ISO/IEC 14496-12, 8.2.2).
    ///
    /// An angle between quarter turns counts as the nearest. Text that is no matrix gives `None`.
    pub(crate) fn from_display_matrix(text: &str) -> Option<Self> {
        let mut values = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .flat_map(|(_, row)| row.split_whitespace())
            .map(|number| number.parse::<i64>().ok());
        let mut next = || values.next().flatten();
        let (a, b, _, c, d) = (next()?, next()?, next()?, next()?, next()?);
        let turned = b.abs() + c.abs() > a.abs() + d.abs();
        let (rotation_degrees, mirrored) = match (turned, a > 0, d > 0, b > 0, c > 0) {
            (false, true, true, ..) => (0, false),
            (false, false, false, ..) => (180, false),
            (false, false, true, ..) => (0, true),
            (false, true, false, ..) => (180, true),
            (true, _, _, true, false) => (90, false),
            (true, _, _, false, true) => (270, false),
            (true, _, _, true, true) => (90, true),
            (true, _, _, false, false) => (270, true),
        };
        Some(Self {
            rotation_degrees,
            mirrored,
        })
    }

    /// Whether width and height change places.
    pub fn swaps_axes(self) -> bool {
        self.rotation_degrees % 180 == 90
    }

    /// The ffmpeg filters that do it, each with a leading comma; empty when nothing is to be done.
    pub(crate) fn filters(self) -> &'static str {
        match (self.rotation_degrees, self.mirrored) {
            (90, false) => ",transpose=clock",
            (90, true) => ",transpose=clock,hflip",
            (180, false) => ",hflip,vflip",
            (180, true) => ",vflip",
            (270, false) => ",transpose=cclock",
            (270, true) => ",transpose=cclock,hflip",
            (_, false) => "",
            (_, true) => ",hflip",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(a: i64, b: i64, c: i64, d: i64) -> String {
        format!(
            "\n00000000: {:11} {:11} {:11}\n00000001: {:11} {:11} {:11}\n00000002: {:11} {:11} {:11}\n",
            a << 16,
            b << 16,
            0,
            c << 16,
            d << 16,
            0,
            0,
            0,
            1 << 30
        )
    }

    /// Where the pixel right of the origin and the one below it go, for each filter chain.
    fn axes(orientation: Orientation) -> (i64, i64, i64, i64) {
        let (a, b, c, d) = match orientation.rotation_degrees {
            90 => (0, 1, -1, 0),
            180 => (-1, 0, 0, -1),
            270 => (0, -1, 1, 0),
            _ => (1, 0, 0, 1),
        };
        if orientation.mirrored {
            (-a, b, -c, d)
        } else {
            (a, b, c, d)
        }
    }

    #[test]
    fn every_quarter_turn_and_mirror_image_is_told_apart() {
        for rotation_degrees in [0, 90, 180, 270] {
            for mirrored in [false, true] {
                let orientation = Orientation {
                    rotation_degrees,
                    mirrored,
                };
                let (a, b, c, d) = axes(orientation);
                assert_eq!(
                    Orientation::from_display_matrix(&matrix(a, b, c, d)),
                    Some(orientation)
                );
            }
        }
    }

    #[test]
    fn what_is_no_matrix_is_none() {
        assert_eq!(Orientation::from_display_matrix(""), None);
        assert_eq!(Orientation::from_display_matrix("\n00000000: 1 x 3"), None);
    }
}
