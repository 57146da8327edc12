//! Made-up pictures: gradients whose colours tell time and side.

use jpeg_encoder::{ColorType, Encoder};
use sopilot_report::{Report, Side, Thumbnail};

const WIDTH: u16 = 240;
const HEIGHT: u16 = 135;

/// One picture of both videos every `every_s` seconds.
pub(crate) fn add(report: &mut Report, every_s: f64) {
    for (side, duration_s) in [
        (Side::Gold, report.gold.duration_s),
        (Side::Trainee, report.trainee.duration_s),
    ] {
        let count = (duration_s / every_s) as u32;
        for at in 0..=count {
            let time_s = f64::from(at) * every_s;
            let jpeg = jpeg(side, time_s / duration_s);
            report.thumbnails.push(Thumbnail { side, time_s, jpeg });
        }
    }
}

/// A picture of a moment, given as a share of the video.
fn jpeg(side: Side, share: f64) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(usize::from(WIDTH) * usize::from(HEIGHT) * 3);
    let hand = (
        0.15 + 0.7 * share,
        if side == Side::Gold { 0.45 } else { 0.6 },
    );
    for row in 0..HEIGHT {
        for column in 0..WIDTH {
            let (x, y) = (
                f64::from(column) / f64::from(WIDTH),
                f64::from(row) / f64::from(HEIGHT),
            );
            let bench = 150.0 + 70.0 * (1.0 - y);
            let near = (-((x - hand.0).powi(2) * 40.0 + (y - hand.1).powi(2) * 14.0)).exp();
            let grain = f64::from((u32::from(row) * 31 + u32::from(column) * 17) % 13);
            let red = bench + 50.0 * near - 40.0 * x + grain;
            let green = bench - 40.0 * near - 20.0 * x + grain;
            let blue = bench - 80.0 * near + 40.0 * share + grain;
            pixels.extend([red, green, blue].map(|value| value.clamp(0.0, 255.0) as u8));
        }
    }
    let mut file = Vec::new();
    Encoder::new(&mut file, 72)
        .encode(&pixels, WIDTH, HEIGHT, ColorType::Rgb)
        .expect("a picture of this size can be encoded");
    file
}
