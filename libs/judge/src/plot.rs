//! Precision–recall curves as a picture.

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use crate::{DeviationKind, KindMeasures, Measures, PrecisionRecallPoint};

/// Why a picture could not be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the precision–recall curves could not be drawn: {0}")]
pub struct PlotError(String);

/// Side of the picture of one kind, in pixels.
const SIDE: u32 = 280;

/// How many kinds stand beside one another.
const COLUMNS: u32 = 4;

/// Height of one line of the legend, and width of one of its columns.
const LEGEND: (u32, u32) = (22, SIDE);

const FONT: &str = "sans-serif";

/// Colours that stay apart for colour-blind eyes (Okabe & Ito 2008).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// Dash and gap in pixels, and the mark, by turns when the colours run out.
const STROKES: [(Option<(i32, i32)>, Mark); 3] = [
    (None, Mark::Dot),
    (Some((6, 4)), Mark::Ring),
    (Some((2, 3)), Mark::Cross),
];

/// What stands for a method at its own threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Dot,
    Ring,
    Cross,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;
type Drawn<T> = Result<T, Box<dyn std::error::Error>>;

/// An SVG document with one small picture for each kind of which something is
/// true, and in each a line for each method, by its name, that has confidences.
/// The line is a staircase, for nothing between two thresholds can be reached.
/// A mark is what the method shows at its own threshold; methods without
/// confidences have only that. All measures must be on the same videos.
pub fn precision_recall_svg(methods: &[(&str, &Measures)]) -> Result<String, PlotError> {
    draw(methods).map_err(|error| PlotError(error.to_string()))
}

fn draw(methods: &[(&str, &Measures)]) -> Drawn<String> {
    let kinds: Vec<DeviationKind> = DeviationKind::ALL
        .into_iter()
        .filter(|&kind| methods.iter().any(|(_, measures)| is_true(measures, kind)))
        .collect();
    let rows = (kinds.len() as u32).div_ceil(COLUMNS);
    let legend_rows = (methods.len() as u32).div_ceil(COLUMNS);
    let size = (COLUMNS * SIDE, rows * SIDE + (legend_rows + 1) * LEGEND.0);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE)?;
        let (panels, legend) = root.split_vertically(rows * SIDE);
        if rows > 0 {
            let panels = panels.split_evenly((rows as usize, COLUMNS as usize));
            for (panel, &kind) in panels.iter().zip(&kinds) {
                draw_kind(panel, kind, methods)?;
            }
        }
        draw_legend(&legend, methods)?;
        root.present()?;
    }
    Ok(svg)
}

fn draw_kind(area: &Area<'_>, kind: DeviationKind, methods: &[(&str, &Measures)]) -> Drawn<()> {
    let mut chart = ChartBuilder::on(area)
        .caption(kind.to_string(), (FONT, 16))
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    chart
        .configure_mesh()
        .x_labels(6)
        .y_labels(6)
        .x_desc("recall")
        .y_desc("precision")
        .label_style((FONT, 12))
        .axis_desc_style((FONT, 13))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (index, (_, measures)) in methods.iter().enumerate() {
        if let Some(found) = of_kind(measures, kind) {
            draw_method(&mut chart, found, index)?;
        }
    }
    Ok(())
}

fn draw_method(chart: &mut Chart<'_, '_>, found: &KindMeasures, index: usize) -> Drawn<()> {
    let (style, dash, mark) = look(index);
    if let Some(curve) = &found.precision_recall {
        let line = staircase(&curve.points);
        match dash {
            None => {
                chart.draw_series(LineSeries::new(line, style))?;
            }
            Some((dash, gap)) => {
                chart.draw_series([DashedPathElement::new(line, dash, gap, style)])?;
            }
        }
    }
    let detection = &found.detection;
    if let (Some(precision), Some(recall)) = (detection.precision.value, detection.recall.value) {
        let at = (recall, precision);
        match mark {
            Mark::Dot => chart.draw_series([Circle::new(at, 4, style.filled())])?,
            Mark::Ring => chart.draw_series([Circle::new(at, 4, style)])?,
            Mark::Cross => chart.draw_series([Cross::new(at, 4, style)])?,
        };
    }
    Ok(())
}

fn draw_legend(area: &Area<'_>, methods: &[(&str, &Measures)]) -> Drawn<()> {
    for (index, (name, _)) in methods.iter().enumerate() {
        let (style, dash, mark) = look(index);
        let x = (index as u32 % COLUMNS * LEGEND.1) as i32 + 10;
        let y = (index as u32 / COLUMNS * LEGEND.0) as i32 + 14;
        let line = vec![(x, y), (x + 30, y)];
        match dash {
            None => area.draw(&PathElement::new(line, style))?,
            Some((dash, gap)) => area.draw(&DashedPathElement::new(line, dash, gap, style))?,
        }
        let middle = (x + 15, y);
        match mark {
            Mark::Dot => area.draw(&Circle::new(middle, 4, style.filled()))?,
            Mark::Ring => area.draw(&Circle::new(middle, 4, style))?,
            Mark::Cross => area.draw(&Cross::new(middle, 4, style))?,
        }
        area.draw(&Text::new(legible(name), (x + 36, y - 7), (FONT, 14)))?;
    }
    Ok(())
}

/// From one recall to the next the precision is that of the next threshold.
fn staircase(points: &[PrecisionRecallPoint]) -> Vec<(f64, f64)> {
    let mut line = Vec::with_capacity(2 * points.len());
    let mut recall = 0.0;
    for point in points {
        line.push((recall, point.precision));
        line.push((point.recall, point.precision));
        recall = point.recall;
    }
    line
}

fn look(index: usize) -> (ShapeStyle, Option<(i32, i32)>, Mark) {
    let colour = COLOURS[index % COLOURS.len()];
    let (dash, mark) = STROKES[index / COLOURS.len() % STROKES.len()];
    (colour.stroke_width(2), dash, mark)
}

/// XML has no place for control characters, not even escaped.
fn legible(name: &str) -> String {
    name.chars()
        .map(|char| match char {
            '\u{fffe}' | '\u{ffff}' => ' ',
            char if char.is_control() => ' ',
            char => char,
        })
        .collect()
}

fn of_kind(measures: &Measures, kind: DeviationKind) -> Option<&KindMeasures> {
    measures.deviations.as_ref()?.by_kind.get(&kind)
}

fn is_true(measures: &Measures, kind: DeviationKind) -> bool {
    of_kind(measures, kind).is_some_and(|found| found.detection.recall.value.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{Judge, Options};
    use crate::material::{all, perfect, world};

    fn drawn(names: &[&str]) -> String {
        let videos = world();
        let judge = Judge::new(&videos, Options::default()).expect("the world is valid");
        let predictions = all(&videos, perfect);
        let measures = judge.judge(&predictions).expect("valid").measures();
        let rows: Vec<(&str, &Measures)> = names.iter().map(|&name| (name, &measures)).collect();
        precision_recall_svg(&rows).expect("a string takes everything")
    }

    #[test]
    fn is_well_formed_with_every_kind_and_every_method() {
        let svg = drawn(&["a < b & \"c\"", "control \u{1b}[31m"]);
        let document = roxmltree::Document::parse(&svg).expect("well-formed XML");
        let texts: Vec<&str> = document
            .descendants()
            .filter(roxmltree::Node::is_text)
            .filter_map(|node| node.text().map(str::trim))
            .collect();
        for kind in DeviationKind::ALL {
            assert!(texts.contains(&kind.to_string().as_str()), "{kind}");
        }
        let count = |wanted| texts.iter().filter(|&&text| text == wanted).count();
        assert_eq!(count("a < b & \"c\""), 1);
        assert_eq!(count("recall"), DeviationKind::ALL.len());
        assert_eq!(count("precision"), DeviationKind::ALL.len());
        // A mark per method: for each kind, and in the legend.
        let dots = document
            .descendants()
            .filter(|node| node.has_tag_name("circle"));
        assert_eq!(dots.count(), 2 * (DeviationKind::ALL.len() + 1));
    }

    #[test]
    fn the_same_measures_give_the_same_picture() {
        assert_eq!(drawn(&["a", "b"]), drawn(&["a", "b"]));
    }

    #[test]
    fn many_methods_look_different_and_none_are_no_problem() {
        let looks: Vec<_> = (0..20)
            .map(|index| {
                let (style, dash, mark) = look(index);
                (style.color.rgb(), dash, mark)
            })
            .collect();
        for (index, one) in looks.iter().enumerate() {
            assert!(!looks[..index].contains(one), "{index}");
        }
        roxmltree::Document::parse(&drawn(&[])).expect("well-formed XML");
        roxmltree::Document::parse(&drawn(&["x"; 20])).expect("well-formed XML");
    }

    #[test]
    fn the_line_is_a_staircase() {
        let point = |recall, precision| PrecisionRecallPoint {
            threshold: 0.5,
            precision,
            recall,
        };
        assert_eq!(
            staircase(&[point(0.5, 1.0), point(1.0, 0.4)]),
            [(0.0, 1.0), (0.5, 1.0), (0.5, 0.4), (1.0, 0.4)]
        );
    }
}
