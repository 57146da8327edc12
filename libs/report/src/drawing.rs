//! Drawings as SVG: the same for pages and for PDF. Their looks come from
//! classes (`assets/drawing.css`).

pub(crate) mod chart;
pub(crate) mod label;
pub(crate) mod marks;
pub(crate) mod scale;
pub(crate) mod signs;
pub(crate) mod similarity;
pub(crate) mod timeline;

use maud::{Markup, html};

/// A drawing with its name and what it shows in words.
pub(crate) struct Drawing {
    /// Unique on its page; also names the elements that title and describe it.
    pub(crate) id: &'static str,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) content: Markup,
}

impl Drawing {
    /// For a page, whose style sheet knows the classes.
    pub(crate) fn inline(&self) -> Markup {
        let title_id = format!("{}-title", self.id);
        let description_id = format!("{}-description", self.id);
        html! {
            svg .drawing .(self.id) viewBox=(self.view_box()) role="img"
                aria-labelledby=(title_id) aria-describedby=(description_id) {
                title id=(title_id) { (self.title) }
                desc id=(description_id) { (self.description) }
                (self.content)
            }
        }
    }

    /// As a file of its own, with the looks that it needs.
    #[cfg(feature = "pdf")]
    pub(crate) fn file(&self, style: &str) -> String {
        html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox=(self.view_box())
                width=(length(self.width)) height=(length(self.height)) {
                style { (maud::PreEscaped(style)) }
                (self.content)
            }
        }
        .into_string()
    }

    fn view_box(&self) -> String {
        format!("0 0 {} {}", length(self.width), length(self.height))
    }
}

/// A length in the drawing's units, short.
pub(crate) fn length(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    // Neither −0 nor what is no number.
    let rounded = if rounded.is_finite() && rounded != 0.0 {
        rounded
    } else {
        0.0
    };
    rounded.to_string()
}

/// A point in a list of points.
pub(crate) fn point(x: f64, y: f64) -> String {
    format!("{},{}", length(x), length(y))
}

/// Distances between marks on an axis of time that people count in, in seconds.
pub(crate) fn tick_seconds(duration_s: f64, most: usize) -> f64 {
    const NICE: [f64; 13] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0,
    ];
    NICE.into_iter()
        .find(|step| duration_s / step <= most as f64)
        .unwrap_or_else(|| (duration_s / most as f64 / 3_600.0).ceil() * 3_600.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short_and_always_numbers() {
        assert_eq!(length(1.0 / 3.0), "0.3");
        assert_eq!(length(-0.01), "0");
        assert_eq!(length(f64::NAN), "0");
        assert_eq!(length(f64::INFINITY), "0");
    }

    #[test]
    fn ticks_are_few() {
        for duration in [0.5, 9.0, 61.0, 599.0, 3_599.0, 90_000.0] {
            let count = duration / tick_seconds(duration, 10);
            assert!(count <= 10.0, "{duration}: {count}");
        }
        assert!((tick_seconds(45.0, 10) - 5.0).abs() < 1e-9);
    }
}
