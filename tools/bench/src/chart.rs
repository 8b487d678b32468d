//! Charts as SVG: panels of lines over a logarithmic axis.

use anyhow::{Result, anyhow};
use plotters::coord::combinators::IntoLogRange;
use plotters::prelude::*;

use super::peers::OURS;

/// One drawing area with its lines.
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// The horizontal axis's name.
    pub x: String,
    /// The vertical axis's name.
    pub y: String,
    /// Whether the horizontal axis is logarithmic; the vertical one always is.
    pub log_x: bool,
    /// A line for each library: its name, its points.
    pub lines: Vec<(String, Vec<(f64, f64)>)>,
}

/// The width and height of a panel, in pixels.
const PANEL: (u32, u32) = (760, 440);

/// Draws the panels, two to a row.
pub fn svg(panels: &[Panel]) -> Result<String> {
    let mut text = String::new();
    let columns = panels.len().clamp(1, 2);
    let rows = panels.len().div_ceil(columns).max(1);
    let size = (PANEL.0 * columns as u32, PANEL.1 * rows as u32);
    {
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        root.fill(&WHITE).map_err(drawing)?;
        for (area, panel) in root.split_evenly((rows, columns)).iter().zip(panels) {
            draw(area, panel)?;
        }
        root.present().map_err(drawing)?;
    }
    Ok(text)
}

fn drawing(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("the chart cannot be drawn: {error}")
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Room for the names of the lines, right of them.
const LEGEND: u32 = 130;

fn draw(area: &Area<'_>, panel: &Panel) -> Result<()> {
    let points = || panel.lines.iter().flat_map(|(_, points)| points);
    let (Some(x), Some(y)) = (range(points().map(|p| p.0)), range(points().map(|p| p.1))) else {
        return Ok(());
    };
    let (width, _) = area.dim_in_pixel();
    let (area, legend) = area.split_horizontally(width - LEGEND);
    let mut chart = ChartBuilder::on(&area);
    chart
        .caption(&panel.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60);
    // Powers of ten would leave a short axis without a label.
    let base = if y.1 / y.0 < 30.0 { 2.0 } else { 10.0 };
    let y = (y.0 / 1.2..y.1 * 1.2).log_scale().base(base);
    macro_rules! lines {
        ($chart:expr) => {{
            let mut chart = $chart;
            chart
                .configure_mesh()
                .x_desc(&panel.x)
                .y_desc(&panel.y)
                .light_line_style(WHITE.mix(0.0))
                .x_label_formatter(&|v| label(*v))
                .y_label_formatter(&|v| label(*v))
                .draw()
                .map_err(drawing)?;
            // Ours comes first and so is drawn last, over the others.
            for (name, points) in panel.lines.iter().rev() {
                let line = LineSeries::new(points.iter().copied(), style(name)).point_size(3);
                chart.draw_series(line).map_err(drawing)?;
            }
        }};
    }
    if panel.log_x {
        lines!(chart.build_cartesian_2d((x.0..x.1).log_scale(), y).map_err(drawing)?);
    } else {
        let room = (x.1 - x.0).max(0.1) * 0.05;
        lines!(chart.build_cartesian_2d(x.0 - room..x.1 + room, y).map_err(drawing)?);
    }
    for (at, (name, _)) in panel.lines.iter().enumerate() {
        let y = 50 + 20 * at as i32;
        let text = Text::new(name.clone(), (24, y - 7), ("sans-serif", 13));
        legend.draw(&text).map_err(drawing)?;
        let line = PathElement::new([(0, y), (18, y)], style(name));
        legend.draw(&line).map_err(drawing)?;
    }
    Ok(())
}

/// A library's line: ours black and heavy, so that it is found at once; the others in the colours
/// of Okabe and Ito, which colour-blind people tell apart, each the same in every chart.
fn style(library: &str) -> ShapeStyle {
    let color = match library {
        OURS => return BLACK.stroke_width(3),
        "zlib" | "libzstd1" => RGBColor(230, 159, 0),
        "zlib-ng" => RGBColor(0, 158, 115),
        "zlib-rs" => RGBColor(0, 114, 178),
        "libdeflate" => RGBColor(213, 94, 0),
        "ISA-L" => RGBColor(204, 121, 167),
        "crc-fast" | "simd-adler32" => RGBColor(86, 180, 233),
        _ => RGBColor(130, 130, 130),
    };
    color.stroke_width(2)
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let (low, high) = values
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
    // A logarithmic axis needs a positive, non-empty range.
    (low > 0.0 && low <= high)
        .then(|| if low == high { (low / 2.0, high * 2.0) } else { (low, high) })
}

fn label(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{:.0}M", v / 1e6),
        v if v >= 1e4 || v == 1e3 => format!("{:.0}k", v / 1e3),
        v if v.fract() == 0.0 || v >= 100.0 => format!("{v:.0}"),
        v => format!("{v:.2}"),
    }
}
