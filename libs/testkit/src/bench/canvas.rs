//! A picture, and painting shapes on it.

use super::geometry::{BENCH_DEPTH, BENCH_WIDTH, Measure, Shape, Vec2, at};

/// A colour: red, green, blue, each 0..255.
pub(super) type Colour = [f32; 3];

/// How a shape is filled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ink {
    colour: Colour,
    /// 0 (unseen) to 1 (opaque).
    opacity: f32,
    /// Width of the soft edge in bench units; 0 for a sharp one.
    soft: f32,
    /// How much darker the rim is than the middle, and how wide it is.
    rim: (f32, f32),
}

/// Opaque ink with a sharp edge.
pub(super) const fn ink(colour: Colour) -> Ink {
    Ink {
        colour,
        opacity: 1.0,
        soft: 0.0,
        rim: (0.0, 1.0),
    }
}

impl Ink {
    pub(super) const fn opacity(self, opacity: f32) -> Self {
        Self { opacity, ..self }
    }

    pub(super) const fn soft(self, soft: f32) -> Self {
        Self { soft, ..self }
    }

    /// Darkens the rim by `dark` (0..1) over `width`, so that the shape looks round.
    pub(super) const fn round(self, dark: f32, width: f32) -> Self {
        Self {
            rim: (dark, width),
            ..self
        }
    }
}

/// `colour` made lighter (above 1) or darker.
pub(super) fn shade(colour: Colour, by: f32) -> Colour {
    colour.map(|channel| (channel * by).min(255.0))
}

/// From `one` colour (0) to the `other` (1).
pub(super) fn mix(one: Colour, other: Colour, part: f32) -> Colour {
    std::array::from_fn(|i| one[i] + (other[i] - one[i]) * part)
}

/// How the camera maps the bench to pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    /// Pixels per bench unit.
    pub(super) scale: f32,
    /// Where the bench's middle is, in pixels.
    pub(super) middle: Vec2,
    /// By how much the picture is turned, in radians.
    pub(super) turn: f32,
}

impl View {
    pub(super) fn to_pixel(self, point: Vec2) -> Vec2 {
        let from_middle = point - at(BENCH_WIDTH, BENCH_DEPTH) * 0.5;
        self.middle + from_middle.turned(self.turn) * self.scale
    }

    pub(super) fn to_bench(self, pixel: Vec2) -> Vec2 {
        let from_middle = (pixel - self.middle) * (1.0 / self.scale);
        from_middle.turned(-self.turn) + at(BENCH_WIDTH, BENCH_DEPTH) * 0.5
    }
}

/// A picture seen through a [`View`]: height × width × 3 bytes, row-major RGB.
#[derive(Debug, Clone)]
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) view: View,
    /// Where the shadow of something 1 bench unit above the bench falls.
    pub(super) shadow: Vec2,
    pub(super) rgb: Vec<u8>,
}

impl Canvas {
    /// A picture whose every pixel is `colour` of its place on the bench.
    pub(super) fn filled(
        (width, height): (usize, usize),
        view: View,
        shadow: Vec2,
        colour: impl Fn(Vec2) -> Colour,
    ) -> Self {
        let mut rgb = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            for x in 0..width {
                let place = view.to_bench(at(x as f32 + 0.5, y as f32 + 0.5));
                rgb.extend(colour(place).map(|channel| channel.clamp(0.0, 255.0) as u8));
            }
        }
        Self {
            width,
            height,
            view,
            shadow,
            rgb,
        }
    }

    /// Paints `shape`, antialiased.
    pub(super) fn paint(&mut self, shape: Shape, ink: Ink) {
        let pixel = 1.0 / self.view.scale;
        let edge = ink.soft.max(pixel);
        let (columns, rows) = self.covered(&shape, edge);
        let measure = Measure::new(&shape);
        let along = at(pixel, 0.0).turned(-self.view.turn);
        for y in rows {
            let first = at(columns.start as f32 + 0.5, y as f32 + 0.5);
            let mut place = self.view.to_bench(first);
            let start = (y * self.width + columns.start) * 3;
            let row = &mut self.rgb[start..start + columns.len() * 3];
            for pixel in row.chunks_exact_mut(3) {
                let distance = measure.distance(place);
                if distance < 0.5 * edge {
                    blend(pixel, &ink, distance, edge);
                }
                place = place + along;
            }
        }
    }

    /// Paints the shadow that `shape` casts from `height` bench units above.
    pub(super) fn shadow(&mut self, shape: Shape, height: f32) {
        let dark = ink([12.0, 12.0, 18.0]).opacity(0.34 / (1.0 + height));
        self.paint(
            shape.moved(self.shadow * height),
            dark.soft(0.08 + 0.35 * height),
        );
    }

    /// The pixels that a shape with a soft edge may touch.
    fn covered(
        &self,
        shape: &Shape,
        edge: f32,
    ) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let (centre, half) = shape.bounds();
        let (sin, cos) = (self.view.turn.sin().abs(), self.view.turn.cos().abs());
        let half = half + at(edge, edge);
        let reach = at(half.x * cos + half.y * sin, half.x * sin + half.y * cos) * self.view.scale;
        let middle = self.view.to_pixel(centre);
        let range = |from: f32, to: f32, size: usize| {
            // Casts saturate, so a shape outside the picture gives an empty range.
            let end = (to.ceil() as usize).min(size);
            (from.floor() as usize).min(end)..end
        };
        (
            range(middle.x - reach.x, middle.x + reach.x, self.width),
            range(middle.y - reach.y, middle.y + reach.y, self.height),
        )
    }
}

/// Mixes `ink` into a pixel at a signed `distance` from the shape's border.
fn blend(pixel: &mut [u8], ink: &Ink, distance: f32, edge: f32) {
    let cover = (0.5 - distance / edge).min(1.0);
    // Soft edges fall off smoothly; over one pixel the difference cannot be seen.
    let cover = cover * cover * (3.0 - 2.0 * cover);
    let opacity = ink.opacity * cover;
    let (dark, width) = ink.rim;
    let depth = (1.0 + distance / width).clamp(0.0, 1.0);
    let light = 1.0 - dark * depth * depth;
    for (byte, colour) in pixel.iter_mut().zip(ink.colour) {
        let under = f32::from(*byte);
        *byte = (under + (colour * light - under) * opacity + 0.5) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::super::geometry::{capsule, disc};
    use super::*;

    fn canvas() -> Canvas {
        let view = View {
            scale: 10.0,
            middle: at(80.0, 45.0),
            turn: 0.1,
        };
        Canvas::filled((160, 90), view, at(0.16, 0.22), |_| [0.0; 3])
    }

    #[test]
    fn the_view_maps_back_and_forth() {
        let view = canvas().view;
        let there = view.to_bench(view.to_pixel(at(3.0, 7.0)));
        assert!((there - at(3.0, 7.0)).length() < 1e-4);
    }

    #[test]
    fn a_disc_covers_its_area() {
        let mut canvas = canvas();
        canvas.paint(disc(at(8.0, 4.5), 2.0), ink([255.0; 3]));
        let lit = canvas.rgb.iter().map(|b| f32::from(*b)).sum::<f32>() / (3.0 * 255.0);
        let area = std::f32::consts::PI * 20.0 * 20.0;
        assert!((lit / area - 1.0).abs() < 0.01, "{lit} for {area}");
    }

    #[test]
    fn shapes_outside_the_picture_change_nothing() {
        let mut canvas = canvas();
        for (x, y) in [(-50.0, 4.0), (80.0, 4.0), (8.0, -30.0), (8.0, 60.0)] {
            canvas.paint(capsule(at(x, y), at(x, y + 1.0), 1.0, 2.0), ink([255.0; 3]));
        }
        assert!(canvas.rgb.iter().all(|byte| *byte == 0));
    }
}
