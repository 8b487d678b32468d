//! The report: a table in the terminal, JSON, and one HTML page that needs nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::{Attribute, Cell as TableCell, Color, ContentArrangement, Table, presets};
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
        table.set_content_arrangement(ContentArrangement::Dynamic);
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
    pub fn html(&self) -> String {
        let mut rows = String::new();
        for row in &self.rows {
            let _ = write!(
                rows,
                "<tr><th scope=\"row\">{}</th><td>{}</td>",
                escape(&row.row),
                escape(&row.march)
            );
            for cell in &row.cells {
                let _ = write!(
                    rows,
                    "<td class=\"{}\"><b>{}</b> {}</td>",
                    class(&cell.state),
                    word(&cell.state),
                    escape(&cell.words)
                );
            }
            let _ = writeln!(rows, "<td class=\"seconds\">{:.0}</td></tr>", row.seconds);
        }
        let mut controls = String::new();
        for control in &self.controls {
            let (class, words) = match &control.verdict {
                Verdict::Caught if control.not_here.is_empty() => ("passed", "caught".to_owned()),
                Verdict::Caught => {
                    ("passed", format!("caught as far as this CPU has {}", control.all_here()))
                }
                Verdict::NotHere(reason) => ("not-run", format!("not run: {reason}")),
                Verdict::Mended => ("not-run", "this compiler no longer has it".to_owned()),
                Verdict::Unavailable(reason) => ("not-run", format!("cannot be had: {reason}")),
                Verdict::Blind(reason) => ("failed", format!("not seen: {reason}")),
            };
            let evidence: String =
                control.evidence.iter().map(|line| format!("<li>{}</li>", escape(line))).collect();
            let _ = writeln!(
                controls,
                "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"{class}\"><b>{}</b></td>\
                 <td><details><summary>{} lines</summary><ul>{evidence}</ul></details></td></tr>",
                escape(&control.name),
                escape(&control.about),
                escape(&words),
                control.evidence.len()
            );
        }
        let mut findings = String::new();
        for row in &self.rows {
            for finding in &row.findings {
                let _ = writeln!(
                    findings,
                    "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td><code>{}</code></td></tr>",
                    escape(&row.row),
                    finding.layer,
                    escape(&finding.place),
                    escape(&finding.message),
                    escape(&finding.command)
                );
            }
        }
        for Narrowed { row, repeated, needs, command } in &self.bisected {
            let _ = writeln!(
                findings,
                "<tr><th scope=\"row\">{}</th><td>bisected</td><td>{}</td><td>{}</td><td><code>{}</code></td></tr>",
                escape(row),
                escape(repeated),
                escape(needs),
                escape(command.as_deref().unwrap_or_default())
            );
        }
        if findings.is_empty() {
            findings = "<tr><td colspan=\"5\">None.</td></tr>".into();
        }
        let notes = self.complaints.iter().cloned().chain(self.notes());
        let notes: String = notes.map(|note| format!("<li>{}</li>\n", escape(&note))).collect();
        let layers: String =
            LAYERS.iter().map(|layer| format!("<th scope=\"col\">{layer}</th>")).collect();
        let parts = [
            ("VERDICT", self.verdict().to_owned()),
            ("SUMMARY", escape(&self.summary())),
            ("COMMAND", escape(&self.command)),
            ("RUSTC", escape(&self.versions.rustc)),
            ("LLVM", escape(&self.versions.llvm)),
            ("CC", escape(&self.versions.cc)),
            ("CPU", escape(&self.versions.cpu)),
            ("LAYERS", layers),
            ("ROWS", rows),
            ("CONTROLS", controls),
            ("FINDINGS", findings),
            ("NOTES", notes),
        ];
        fill(include_str!("../../../matrix/report.html"), &parts)
    }
}

/// Puts each part where the template has `{{NAME}}`. What is put in is not looked at again.
fn fill(template: &str, parts: &[(&str, String)]) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        out.push_str(before);
        let part = parts.iter().find(|(known, _)| *known == name);
        out.push_str(part.map_or("", |(_, text)| text));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

fn word(state: &State) -> &'static str {
    match state {
        State::Passed => "passed",
        State::Failed => "FAILED",
        State::NotRun => "not run",
    }
}

fn class(state: &State) -> &'static str {
    match state {
        State::Passed => "passed",
        State::Failed => "failed",
        State::NotRun => "not-run",
    }
}

fn table_cell(cell: &Cell) -> TableCell {
    let text = format!("{}: {}", word(&cell.state), cell.words);
    let plain = TableCell::new(text);
    match cell.state {
        State::Passed => plain.fg(Color::Green),
        State::Failed => plain.fg(Color::Red).add_attribute(Attribute::Bold),
        State::NotRun => plain.fg(Color::Yellow),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_into_the_page_cannot_become_markup() {
        assert_eq!(escape("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
        let parts = [("A", "{{B}}".to_owned()), ("B", "no".to_owned())];
        assert_eq!(fill("x {{A}} y {{B}}", &parts), "x {{B}} y no");
    }
}
