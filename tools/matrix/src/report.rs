//! The report: a table in the terminal, JSON, and one HTML page that needs nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use askama::Template;
use comfy_table::{Cell as TableCell, ContentArrangement, Table, presets};
use serde::Serialize;

use super::bisect::Narrowed;
use super::controls::{Control, Verdict};
use super::judge::{Cell, Judged, LAYERS, State};
use super::toolchain::Versions;

/// All that a run found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was used.
    pub versions: Versions,
    /// What was asked for, as a command line.
    pub command: String,
    /// The positive controls.
    pub controls: Vec<Control>,
    /// What makes the controls fail the run; and those gone on without.
    pub complaints: Vec<String>,
    /// The rows.
    pub rows: Vec<Judged>,
    /// What failing rows were narrowed to.
    pub bisected: Vec<Narrowed>,
}

impl Report {
    /// Whether everything that could be looked at holds.
    pub fn passed(&self) -> bool {
        self.complaints.is_empty() && !self.rows.iter().any(Judged::failed)
    }

    /// For programs: the verdict, and all that is in here.
    pub fn json(&self) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Document<'a> {
            verdict: &'static str,
            summary: String,
            #[serde(flatten)]
            report: &'a Report,
        }
        let (verdict, summary) = (self.verdict(), self.summary());
        serde_json::to_string_pretty(&Document { verdict, summary, report: self })
    }

    fn verdict(&self) -> &'static str {
        if self.passed() { "passed" } else { "failed" }
    }

    /// One line.
    pub fn summary(&self) -> String {
        let count = |which: fn(&Judged) -> bool| self.rows.iter().filter(|row| which(row)).count();
        let (passed, failed) = (count(Judged::passed), count(Judged::failed));
        let missing = self.controls.iter().filter(|c| matches!(c.verdict, Verdict::Unavailable(_)));
        let mut line = format!(
            "{} rows: {passed} passed, {failed} failed, {} built and verified but not run; {} of {} \
             controls caught",
            self.rows.len(),
            self.rows.len() - passed - failed,
            self.controls.iter().filter(|c| c.verdict == Verdict::Caught).count(),
            self.controls.len(),
        );
        let missing: Vec<&str> = missing.map(|c| c.name.as_str()).collect();
        if !missing.is_empty() {
            let _ = write!(line, ", WITHOUT control {}", missing.join(", "));
        }
        line
    }

    /// What each control saw, a line each.
    pub fn evidence(&self) -> String {
        let mut text = String::new();
        for control in &self.controls {
            let _ = writeln!(text, "{}:", control.name);
            for line in &control.evidence {
                let _ = writeln!(text, "    {line}");
            }
        }
        text
    }

    /// For the terminal.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_FULL_CONDENSED);
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(130);
        let mut header = vec!["row", "C part"];
        header.extend(LAYERS);
        header.push("s");
        table.set_header(header);
        for row in &self.rows {
            let mut line = vec![TableCell::new(&row.row), TableCell::new(&row.march)];
            line.extend(row.cells.iter().map(table_cell));
            line.push(TableCell::new(format!("{:.0}", row.seconds)));
            table.add_row(line);
        }
        let mut text = String::new();
        for control in &self.controls {
            let _ = writeln!(text, "{}", control.line());
        }
        if !self.rows.is_empty() {
            let _ = writeln!(text, "{table}");
        }
        for row in self.rows.iter().filter(|row| !row.findings.is_empty()) {
            let _ = writeln!(text, "\n{}:", row.row);
            for finding in &row.findings {
                let _ =
                    writeln!(text, "  {} ({}): {}", finding.layer, finding.place, finding.message);
                let _ = writeln!(text, "    {}", finding.command);
            }
        }
        for note in self.notes() {
            let _ = writeln!(text, "note: {note}");
        }
        for Narrowed { row, repeated, needs, command } in &self.bisected {
            let _ = writeln!(text, "\n{row}: bisected, repeating {repeated}: {needs}");
            if let Some(command) = command {
                let _ = writeln!(text, "    {command}");
            }
        }
        text
    }

    /// What is no failure and should be known: with the rows that it is about. Most notes are about
    /// the machine, and so the same for all rows.
    fn notes(&self) -> Vec<String> {
        let mut rows_of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for row in &self.rows {
            for note in &row.notes {
                rows_of.entry(note).or_default().push(&row.row);
            }
        }
        let line = |(note, rows): (&&str, &Vec<&str>)| match rows.len() {
            n if n == self.rows.len() => format!("all rows: {note}"),
            _ => format!("{}: {note}", rows.join("; ")),
        };
        rows_of.iter().map(line).collect()
    }

    /// The page.
    ///
    /// # Errors
    /// A template's own.
    pub fn html(&self) -> askama::Result<String> {
        Page { report: self, notes: self.notes() }.render()
    }

    fn has_findings(&self) -> bool {
        !self.bisected.is_empty() || self.rows.iter().any(|row| !row.findings.is_empty())
    }
}

/// The report as one HTML file.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    notes: Vec<String>,
}

impl State {
    fn word(&self) -> &'static str {
        match self {
            State::Passed => "passed",
            State::Failed => "FAILED",
            State::NotRun => "not run",
        }
    }

    fn class(&self) -> &'static str {
        match self {
            State::Passed => "passed",
            State::Failed => "failed",
            State::NotRun => "not-run",
        }
    }
}

fn table_cell(cell: &Cell) -> TableCell {
    TableCell::new(format!("{}: {}", cell.state.word(), cell.words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_into_the_page_cannot_become_markup() {
        let versions = Versions { cpu: "a<b>&\"c\" {{ x }}".into(), ..Versions::default() };
        let (controls, rows, bisected) = (Vec::new(), Vec::new(), Vec::new());
        let complaints = vec!["<script>".to_owned()];
        let command = String::new();
        let report = Report { versions, command, controls, complaints, rows, bisected };
        let page = report.html().unwrap();
        assert!(page.contains("<dd>a&#60;b&#62;&#38;&#34;c&#34; {{ x }}</dd>"), "{page}");
        assert!(page.contains("<li>&#60;script&#62;</li>") && !page.contains("<script>"));
        assert!(page.contains("<td colspan=\"5\">None.</td>"));
    }
}
