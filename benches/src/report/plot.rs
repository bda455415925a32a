//! Plots with both axes logarithmic, as SVG.

use core::error::Error;
use core::ops::Range;
use std::path::Path;

use plotters::prelude::*;

use crate::growth::{Curve, Line};

const SIZE: (u32, u32) = (890, 420);
const PALETTE: [RGBColor; 8] = [
    RGBColor(0x1f, 0x77, 0xb4),
    RGBColor(0xd6, 0x27, 0x28),
    RGBColor(0x2c, 0xa0, 0x2c),
    RGBColor(0xff, 0x7f, 0x0e),
    RGBColor(0x94, 0x67, 0xbd),
    RGBColor(0x8c, 0x56, 0x4b),
    RGBColor(0x17, 0xbe, 0xcf),
    RGBColor(0x7f, 0x7f, 0x7f),
];

/// Width of the names beside the plot.
const NAMES: u32 = 264;

/// Draws `curve` into the file `path`, the names beside the plot in the order of
/// the lines' right ends.
pub(super) fn draw(curve: &Curve, path: &Path) -> Result<(), Box<dyn Error>> {
    let points = || curve.lines.iter().flat_map(|line| line.points.iter().copied());
    let x = around(points().map(|(x, _)| x));
    let y = around(points().map(|(_, y)| y));
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let (area, names) = area.split_horizontally(SIZE.0 - NAMES);
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(x.log_scale(), y.log_scale())?;
    chart
        .configure_mesh()
        .x_desc(&curve.x)
        .y_desc(&curve.y)
        .x_label_formatter(&|x| format!("{x}"))
        .y_label_formatter(&|y| format!("{y}"))
        .light_line_style(WHITE.mix(0.0))
        .draw()?;
    let mut lines: Vec<_> = curve.lines.iter().zip(looks(&curve.lines)).collect();
    for (line, look) in &lines {
        let style = look.colour.stroke_width(look.width);
        chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
        let (points, mark) = (line.points.iter().copied(), look.colour.filled());
        if look.triangle {
            chart.draw_series(points.map(|point| TriangleMarker::new(point, 5, mark)))?;
        } else {
            chart.draw_series(points.map(|point| Circle::new(point, 3, mark)))?;
        }
    }
    let end = |line: &Line| line.points.last().map_or(0.0, |(_, y)| *y);
    lines.sort_by(|(a, _), (b, _)| end(b).total_cmp(&end(a)));
    for (row, (line, look)) in (0..).zip(&lines) {
        let y = 24 + 22 * row;
        let stroke = look.colour.stroke_width(look.width);
        names.draw(&PathElement::new([(4, y), (26, y)], stroke))?;
        if look.triangle {
            names.draw(&TriangleMarker::new((15, y), 5, look.colour.filled()))?;
        } else {
            names.draw(&Circle::new((15, y), 3, look.colour.filled()))?;
        }
        let text = ("sans-serif", 13).into_font().color(&BLACK);
        names.draw(&Text::new(line.name.clone(), (34, y - 6), text))?;
    }
    area.present()?;
    Ok(())
}

/// How a line looks: by colour and mark, so that no two are alike.
struct Look {
    colour: RGBColor,
    width: u32,
    triangle: bool,
}

/// Ours in black and thick; the others by colour, and from the ninth on by
/// another mark too.
fn looks(lines: &[Line]) -> impl Iterator<Item = Look> + '_ {
    let mut others = 0..;
    lines.iter().map(move |line| {
        if line.name.starts_with("ours") {
            return Look { colour: BLACK, width: 3, triangle: false };
        }
        let place: usize = others.next().unwrap_or(0);
        let colour = PALETTE[place % PALETTE.len()];
        Look { colour, width: 1, triangle: place >= PALETTE.len() }
    })
}

/// From a little below the least value to a little above the greatest.
fn around(values: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    let positive = values.filter(|value| *value > 0.0);
    let least = positive.clone().fold(f64::INFINITY, f64::min);
    let most = positive.fold(0.0, f64::max);
    if least > most { 0.5..2.0 } else { least / 1.5..most * 1.5 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_drawn_and_named() {
        let line =
            |name: &str, y| Line { name: name.to_owned(), points: vec![(1.0, y), (10.0, y)] };
        let curve = Curve {
            id: "a".to_owned(),
            x: "size".to_owned(),
            y: "ns".to_owned(),
            lines: vec![line("first", 2.0), line("second", 3.0)],
        };
        let path = std::env::temp_dir().join(format!("warmstow-plot-{}.svg", std::process::id()));
        draw(&curve, &path).unwrap();
        let svg = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(svg.contains("first") && svg.contains("second") && svg.contains("<polyline"));
    }

    #[test]
    fn a_range_has_no_zero_in_it() {
        let range = around([0.0, 10.0, 20.0].into_iter());
        assert!(range.start > 0.0 && range.end > 20.0);
        assert_eq!(around(core::iter::empty()), 0.5..2.0);
    }
}
