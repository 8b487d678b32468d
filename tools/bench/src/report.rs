//! What a benchmark prints and writes: tables, a JSON file, a chart, a page.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use askama::Template;
use serde_json::{Value, json};

use super::Output;
use super::machine::Machine;
use super::peers::{OURS, Peer};
use super::runner::Outcome;

/// A table with a title, for the terminal and for the page.
#[derive(Default)]
pub struct Table {
    /// The command that measures it alone.
    pub command: Option<String>,
    /// What it shows and in which unit.
    pub title: String,
    /// The names of the columns.
    pub header: Vec<String>,
    /// The cells, row by row.
    pub rows: Vec<Vec<String>>,
}

/// All that one benchmark found.
pub struct Report<'a> {
    /// The command's name: `checksum`, `zlib`, `zstd`.
    pub command: &'a str,
    /// The machine.
    pub machine: Machine,
    /// The libraries.
    pub peers: &'a [Peer],
    /// Its tables.
    pub tables: Vec<Table>,
    /// Sentences below the tables.
    pub notes: Vec<String>,
    /// The settings and figures for the JSON file.
    pub figures: Value,
    /// The chart.
    pub svg: String,
}

impl Report<'_> {
    /// Prints the tables and writes the files asked for.
    pub fn finish(&self, output: &Output) -> Result<()> {
        print!("{}", self.text());
        if let Some(file) = &output.json {
            let mut text = serde_json::to_string_pretty(&self.json())?;
            text.push('\n');
            write(file, &text)?;
        }
        if let Some(file) = &output.svg {
            write(file, &self.svg)?;
        }
        if let Some(file) = &output.html {
            write(file, &Page { report: self }.render()?)?;
        }
        Ok(())
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", self.machine.line());
        for peer in self.peers {
            writeln!(text, "  {:13} {}", peer.name, peer.source).expect("a String takes all");
        }
        for table in &self.tables {
            let mut drawn = comfy_table::Table::new();
            drawn
                .load_preset(comfy_table::presets::ASCII_MARKDOWN)
                .set_content_arrangement(comfy_table::ContentArrangement::Disabled)
                .set_header(&table.header)
                .add_rows(&table.rows);
            for column in drawn.column_iter_mut().skip(1) {
                column.set_cell_alignment(comfy_table::CellAlignment::Right);
            }
            let command = table.command.iter().map(|c| format!("\n$ {c}")).collect::<String>();
            write!(text, "{command}\n{}\n\n{drawn}\n", table.title).expect("a String takes all");
        }
        for note in &self.notes {
            write!(text, "\n{note}\n").expect("a String takes all");
        }
        text
    }

    fn json(&self) -> Value {
        json!({
            "benchmark": self.command,
            "machine": self.machine,
            "peers": self.peers,
            "figures": self.figures,
        })
    }
}

/// A report as one HTML file.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report<'a>,
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// The libraries of `outcome` in table order: ours, then the peers as they were found.
pub fn columns<'a>(peers: &'a [Peer], outcome: &Outcome) -> Vec<&'a str> {
    let measured = |peer: &&Peer| outcome.libraries.iter().any(|l| l.library == peer.name);
    peers.iter().filter(measured).map(|p| p.name).collect()
}

/// Three significant digits.
pub fn figure(value: f64) -> String {
    match value {
        v if !v.is_finite() => "-".to_owned(),
        v if v >= 99.95 => format!("{v:.0}"),
        v if v >= 9.995 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// A buffer size as people write it.
pub fn size(bytes: usize) -> String {
    const KIB: usize = 1 << 10;
    const MIB: usize = 1 << 20;
    match bytes {
        b if b >= MIB && b % MIB == 0 => format!("{} MiB", b / MIB),
        b if b >= KIB && b % KIB == 0 => format!("{} KiB", b / KIB),
        b => b.to_string(),
    }
}

/// Ours against the best of the others: the ratio and the other's name. `speed` is larger for the
/// faster library.
pub fn against_best<'a>(speeds: &[(&'a str, f64)]) -> Option<(f64, &'a str)> {
    let ours = speeds.iter().find(|(name, _)| *name == OURS)?.1;
    let others = speeds.iter().filter(|(name, _)| *name != OURS);
    let (name, best) = others.max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some((ours / best, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(figure(0.666), "0.67");
        assert_eq!(figure(9.996), "10.0");
        assert_eq!(figure(99.96), "100");
        assert_eq!(figure(1234.5), "1234");
        assert_eq!(figure(f64::INFINITY), "-");
    }

    #[test]
    fn the_ratio_is_to_the_fastest_other() {
        let speeds = [("a", 2.0), (OURS, 3.0), ("b", 4.0)];
        assert_eq!(against_best(&speeds), Some((0.75, "b")));
        assert_eq!(against_best(&speeds[1..2]), None);
    }

    #[test]
    fn sizes_are_read_in_binary_units() {
        assert_eq!(size(63), "63");
        assert_eq!(size(4096), "4 KiB");
        assert_eq!(size(32 << 20), "32 MiB");
    }
}
