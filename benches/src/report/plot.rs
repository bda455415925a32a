//! Plots with both axes logarithmic, as SVG.

use core::error::Error;
use core::ops::Range;
use std::path::Path;

use plotters::prelude::*;

use crate::growth::Curve;

const SIZE: (u32, u32) = (720, 420);
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

/// Draws `curve` into the file `path`.
pub(super) fn draw(curve: &Curve, path: &Path) -> Result<(), Box<dyn Error>> {
    let points = || curve.lines.iter().flat_map(|line| line.points.iter().copied());
    let x = around(points().map(|(x, _)| x));
    let y = around(points().map(|(_, y)| y));
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
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
    for (line, colour) in curve.lines.iter().zip(PALETTE.iter().cycle()) {
        let style = colour.stroke_width(2);
        let drawn = LineSeries::new(line.points.iter().copied(), style).point_size(3);
        chart
            .draw_series(drawn)?
            .label(&line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .draw()?;
    area.present()?;
    Ok(())
}

/// From a little below the least value to a little above the greatest.
fn around(values: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    let positive = values.filter(|value| *value > 0.0);
    let least = positive.clone().fold(f64::INFINITY, f64::min);
    let most = positive.fold(0.0, f64::max);
    if least > most { 0.5..2.0 } else { least / 1.5..most * 2.5 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::Line;

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
