//! Charts as SVG: panels of lines over a logarithmic axis.

use anyhow::{Result, anyhow};
use plotters::coord::combinators::IntoLogRange;
use plotters::prelude::*;

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

fn draw(area: &Area<'_>, panel: &Panel) -> Result<()> {
    let points = || panel.lines.iter().flat_map(|(_, points)| points);
    let (Some(x), Some(y)) = (range(points().map(|p| p.0)), range(points().map(|p| p.1))) else {
        return Ok(());
    };
    let mut chart = ChartBuilder::on(area);
    chart
        .caption(&panel.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60);
    let y = (y.0 / 1.2..y.1 * 1.2).log_scale();
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
            for (at, (name, points)) in panel.lines.iter().enumerate() {
                // The first line is ours: black and heavy, so that it is found at once.
                let color = if at == 0 { BLACK.to_rgba() } else { Palette99::pick(at).to_rgba() };
                let style = color.stroke_width(if at == 0 { 3 } else { 2 });
                chart
                    .draw_series(LineSeries::new(points.iter().copied(), style).point_size(3))
                    .map_err(drawing)?
                    .label(name)
                    .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
            }
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::LowerRight)
                .background_style(WHITE.mix(0.85))
                .border_style(BLACK.mix(0.3))
                .draw()
                .map_err(drawing)?;
        }};
    }
    if panel.log_x {
        lines!(chart.build_cartesian_2d((x.0..x.1).log_scale(), y).map_err(drawing)?);
    } else {
        let room = (x.1 - x.0).max(0.1) * 0.05;
        lines!(chart.build_cartesian_2d(x.0 - room..x.1 + room, y).map_err(drawing)?);
    }
    Ok(())
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
    if value >= 1e6 {
        format!("{:.0}M", value / 1e6)
    } else if value >= 1e3 {
        format!("{:.0}k", value / 1e3)
    } else if value >= 10.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}
