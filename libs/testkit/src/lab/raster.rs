//! A picture with depth, and triangles filled into it.

/// A colour from 0 to 255 for red, green and blue.
pub(super) type Rgb = [f32; 3];

/// A picture and how near what each pixel shows is.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Row-major RGB.
    pub(super) rgb: Vec<u8>,
    /// One over the depth of each pixel; 0 is infinitely far.
    pub(super) nearness: Vec<f32>,
}

/// A corner of a triangle, as seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Corner {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) nearness: f32,
    /// What the paint's colour is multiplied by.
    pub(super) light: f32,
}

/// What a surface looks like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    pub(super) rgb: Rgb,
    pub(super) coat: Coat,
}

/// How paint covers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Coat {
    /// Hides what is behind.
    Opaque,
    /// Covers what is behind by this part, and leaves its depth.
    Clear(f32),
    /// Lies on a surface of the same depth, and leaves it.
    Decal,
}

/// Differences of nearness below this are rounding.
const SAME_DEPTH: f32 = 2e-6;

impl Paint {
    pub(super) const fn opaque(rgb: Rgb) -> Self {
        let coat = Coat::Opaque;
        Self { rgb, coat }
    }

    pub(super) const fn clear(rgb: Rgb, cover: f32) -> Self {
        let coat = Coat::Clear(cover);
        Self { rgb, coat }
    }

    pub(super) const fn decal(rgb: Rgb) -> Self {
        let coat = Coat::Decal;
        Self { rgb, coat }
    }
}

/// `part` of the way from one colour to another.
pub(super) fn mix(from: Rgb, to: Rgb, part: f32) -> Rgb {
    std::array::from_fn(|i| from[i] + (to[i] - from[i]) * part)
}

/// The colour of a hue from 0 to 1 (red, green, blue, red), and of a
/// saturation and value from 0 to 1.
pub(super) fn hue(hue: f32, saturation: f32, value: f32) -> Rgb {
    [0.0, 2.0 / 3.0, 1.0 / 3.0].map(|offset| {
        let ramp = (((hue + offset).rem_euclid(1.0) * 6.0 - 3.0).abs() - 1.0).clamp(0.0, 1.0);
        255.0 * value * (1.0 - saturation + saturation * ramp)
    })
}

impl Picture {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            rgb: vec![0; width * height * 3],
            nearness: vec![0.0; width * height],
        }
    }

    /// Becomes a copy of `other`, of the same size, without a new allocation.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.rgb.copy_from_slice(&other.rgb);
        self.nearness.copy_from_slice(&other.nearness);
    }

    /// Whether the pixel at `index` shows something `nearness` near.
    pub(super) fn shows(&self, index: usize, nearness: f32) -> bool {
        (self.nearness[index] - nearness).abs() < SAME_DEPTH
    }

    /// Fills a triangle where it is not hidden. A pixel belongs to it if its
    /// middle does, so triangles that share an edge leave no gap.
    pub(super) fn fill(&mut self, corners: [Corner; 3], paint: Paint) {
        let Some(slopes) = Slopes::of(&corners) else {
            return;
        };
        let [a, b, c] = corners;
        let first = pixel_from(a.y.min(b.y).min(c.y));
        let last = pixel_from(a.y.max(b.y).max(c.y)).min(self.height);
        for row in first..last {
            let y = row as f32 + 0.5;
            let (mut left, mut right) = (f32::INFINITY, f32::NEG_INFINITY);
            for (from, to) in [(a, b), (b, c), (c, a)] {
                if (from.y <= y) != (to.y <= y) {
                    let x = from.x + (y - from.y) * (to.x - from.x) / (to.y - from.y);
                    left = left.min(x);
                    right = right.max(x);
                }
            }
            let (start, end) = (pixel_from(left), pixel_from(right).min(self.width));
            if start < end {
                self.fill_row(row, start..end, &slopes, paint);
            }
        }
    }

    fn fill_row(
        &mut self,
        row: usize,
        columns: std::ops::Range<usize>,
        slopes: &Slopes,
        paint: Paint,
    ) {
        let (mut nearness, mut light) = slopes.at(columns.start as f32 + 0.5, row as f32 + 0.5);
        let pixels = row * self.width + columns.start..row * self.width + columns.end;
        let rgb = self.rgb[3 * pixels.start..3 * pixels.end].chunks_exact_mut(3);
        for (near, rgb) in self.nearness[pixels].iter_mut().zip(rgb) {
            let lit = |channel: usize| paint.rgb[channel] * light;
            match paint.coat {
                Coat::Opaque if nearness > *near => {
                    *near = nearness;
                    for (channel, byte) in rgb.iter_mut().enumerate() {
                        *byte = lit(channel) as u8;
                    }
                }
                Coat::Clear(cover) if nearness > *near => {
                    for (channel, byte) in rgb.iter_mut().enumerate() {
                        let below = f32::from(*byte);
                        *byte = (below + (lit(channel) - below) * cover) as u8;
                    }
                }
                Coat::Decal if nearness + SAME_DEPTH > *near => {
                    for (channel, byte) in rgb.iter_mut().enumerate() {
                        *byte = lit(channel) as u8;
                    }
                }
                _ => {}
            }
            nearness += slopes.across.0;
            light += slopes.across.1;
        }
    }
}

/// The first pixel whose middle is at `edge` or after it.
fn pixel_from(edge: f32) -> usize {
    // The cast takes what is left of the picture to its first pixel.
    (edge - 0.5).ceil() as usize
}

/// Nearness and light over a triangle: both are planes over the picture.
struct Slopes {
    origin: Corner,
    /// Change of nearness and light by one pixel to the right.
    across: (f32, f32),
    /// And by one pixel down.
    down: (f32, f32),
}

impl Slopes {
    /// None for a triangle seen from its edge.
    fn of([a, b, c]: &[Corner; 3]) -> Option<Self> {
        let (abx, aby, acx, acy) = (b.x - a.x, b.y - a.y, c.x - a.x, c.y - a.y);
        let area = abx * acy - acx * aby;
        if area.abs() < 1e-4 {
            return None;
        }
        let plane = |ab: f32, ac: f32| {
            let across = (ab * acy - ac * aby) / area;
            let down = (ac * abx - ab * acx) / area;
            (across, down)
        };
        let nearness = plane(b.nearness - a.nearness, c.nearness - a.nearness);
        let light = plane(b.light - a.light, c.light - a.light);
        Some(Self {
            origin: *a,
            across: (nearness.0, light.0),
            down: (nearness.1, light.1),
        })
    }

    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.origin.x, y - self.origin.y);
        (
            self.origin.nearness + self.across.0 * dx + self.down.0 * dy,
            self.origin.light + self.across.1 * dx + self.down.1 * dy,
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn corner((x, y): (f32, f32), nearness: f32) -> Corner {
        Corner {
            x,
            y,
            nearness,
            light: 1.0,
        }
    }

    /// Whether a place is inside a triangle, by the signs of three areas.
    fn inside(x: f32, y: f32, corners: &[Corner; 3]) -> bool {
        let side = |a: &Corner, b: &Corner| (b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x);
        let [a, b, c] = corners;
        let sides = [side(a, b), side(b, c), side(c, a)];
        sides.iter().all(|s| *s > 1e-2) || sides.iter().all(|s| *s < -1e-2)
    }

    proptest! {
        #[test]
        fn a_triangle_fills_the_pixels_within_it(
            places in prop::array::uniform3((-5.0..25.0_f32, -5.0..25.0_f32)),
        ) {
            let corners = places.map(|place| corner(place, 0.5));
            let mut picture = Picture::new(20, 20);
            picture.fill(corners, Paint::opaque([200.0; 3]));
            for (index, pixel) in picture.rgb.chunks_exact(3).enumerate() {
                let (x, y) = ((index % 20) as f32 + 0.5, (index / 20) as f32 + 0.5);
                if inside(x, y, &corners) {
                    prop_assert!(pixel[0] >= 199, "{x} {y}");
                }
            }
        }

        #[test]
        fn triangles_that_share_an_edge_leave_no_gap_and_do_not_overlap(
            middle in (2.0..18.0_f32, 2.0..18.0_f32),
        ) {
            let square = [(0.0, 0.0), (20.0, 0.0), (20.0, 20.0), (0.0, 20.0)];
            let mut picture = Picture::new(20, 20);
            for side in 0..4 {
                let corners = [square[side], square[(side + 1) % 4], middle];
                picture.fill(
                    corners.map(|place| corner(place, 0.5)),
                    Paint::clear([255.0; 3], 0.5),
                );
            }
            prop_assert!(picture.rgb.iter().all(|byte| *byte == 127));
        }
    }

    #[test]
    fn the_nearer_hides_the_farther_in_any_order() {
        let big = |nearness| [(0.0, 0.0), (40.0, 0.0), (0.0, 40.0)].map(|p| corner(p, nearness));
        let (near, far) = (Paint::opaque([255.0; 3]), Paint::opaque([9.0; 3]));
        for swapped in [false, true] {
            let mut picture = Picture::new(16, 16);
            if swapped {
                picture.fill(big(0.2), far);
            }
            picture.fill(big(0.4), near);
            picture.fill(big(0.2), far);
            assert!(picture.rgb.iter().all(|byte| *byte > 200));
        }
    }
}
