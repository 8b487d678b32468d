//! From records to verdicts: each row's layers, and the comparison of compressed bytes across rows.

use std::collections::BTreeMap;

use serde::Serialize;

use super::execute::Run;
use super::record::Record;
use super::stock;
use super::work::Known;
use install::engine::Engine;

/// A layer's verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// It could not be looked at here. Never counted as passed.
    NotRun,
}

/// One cell of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// The verdict.
    pub state: State,
    /// A few words.
    pub words: String,
}

/// Something that is wrong.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Which layer found it.
    pub layer: &'static str,
    /// Where: the run, or the file.
    pub place: String,
    /// The first wrong value against the right one, or the compiler's words.
    pub message: String,
    /// What repeats it alone.
    pub command: String,
}

/// A row, judged.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// `znver4 O3 fat`.
    pub row: String,
    /// The `-march` of the C part.
    pub march: String,
    /// How long it took.
    pub seconds: f64,
    /// In the order of [`LAYERS`].
    pub cells: Vec<Cell>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What this machine could not do, and checks that were left out, with reasons.
    pub notes: Vec<String>,
}

impl Judged {
    /// Whether a layer failed.
    pub fn failed(&self) -> bool {
        self.cells.iter().any(|cell| cell.state == State::Failed)
    }

    /// Whether nothing failed, and it was run.
    pub fn passed(&self) -> bool {
        !self.failed() && self.cells[1].state == State::Passed
    }
}

/// The columns.
pub const LAYERS: [&str; 4] = ["verified", "run", "same bytes", "machine code"];

fn cell(state: State, words: impl Into<String>) -> Cell {
    Cell { state, words: words.into() }
}

/// Judges all rows together; `agreed` has the hash of each check's output, from [`agreed_hashes`].
pub fn judge(known: &Known, agreed: &BTreeMap<String, String>) -> Vec<Judged> {
    let others = known.others.iter().filter(|record| !record.execution.runs.is_empty()).count();
    let run = known.records.iter().filter(|record| !record.execution.runs.is_empty()).count();
    let rows = run + others;
    known.records.iter().map(|record| judge_row(record, agreed, &known.kept, rows)).collect()
}

/// For each check the hash that most runs have; of two that equally many have, the earlier one.
pub fn agreed_hashes<'a>(runs: impl Iterator<Item = &'a Run>) -> BTreeMap<String, String> {
    let mut votes: BTreeMap<&str, Vec<(&str, usize)>> = BTreeMap::new();
    for run in runs {
        for (check, hash) in &run.outcome.hashes {
            let hashes = votes.entry(check).or_default();
            match hashes.iter_mut().find(|(known, _)| known == hash) {
                Some((_, count)) => *count += 1,
                None => hashes.push((hash, 1)),
            }
        }
    }
    let most = |hashes: Vec<(&str, usize)>| {
        let most = hashes.iter().map(|(_, count)| *count).max()?;
        hashes.iter().find(|(_, count)| *count == most).map(|(hash, _)| (*hash).to_owned())
    };
    votes
        .into_iter()
        .filter_map(|(check, hashes)| Some((check.to_owned(), most(hashes)?)))
        .collect()
}

/// Runs whose output is not what most have.
pub fn other_bytes(runs: &[Run], agreed: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for run in runs {
        for (check, hash) in &run.outcome.hashes {
            if agreed.get(check).is_some_and(|right| right != hash) {
                findings.push(Finding {
                    layer: "same bytes",
                    place: run.label.clone(),
                    message: format!(
                        "{check}: output hash {hash}, {} {}",
                        whose(check, &agreed[check]),
                        agreed[check]
                    ),
                    command: run.outcome.repeat(check),
                });
            }
        }
    }
    findings
}

/// Whose hash this is.
fn whose(check: &str, hash: &str) -> &'static str {
    let of_stock = stock::kept(Engine::Own).get(check).is_some_and(|kept| kept == hash);
    if of_stock { "stock's library has" } else { "most runs have" }
}

/// Checks of a run whose output stock's library gives with these hashes, and those of them where the
/// run has other ones.
pub fn beside_stock<'a>(run: &'a Run, kept: &BTreeMap<String, String>) -> [Vec<&'a str>; 2] {
    let hashes = || run.outcome.hashes.iter().filter(|(check, _)| kept.contains_key(*check));
    let differ = hashes().filter(|(check, hash)| kept[*check] != **hash);
    [hashes().map(|(check, _)| check.as_str()).collect(), differ.map(|(c, _)| c.as_str()).collect()]
}

/// What failed in runs of the suite.
pub fn run_findings(runs: &[Run]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for run in runs {
        for (check, message) in &run.outcome.failed {
            findings.push(Finding {
                layer: "run",
                place: run.label.clone(),
                message: format!("{check}: {message}"),
                command: run.outcome.repeat(check),
            });
        }
    }
    findings
}

/// The words for the runs that passed.
pub fn run_words(runs: &[Run]) -> String {
    let tiers = runs.iter().filter(|r| r.label.contains("tier")).count();
    let comparisons: u64 = runs.iter().flat_map(|r| r.outcome.passed.values()).sum();
    format!("{} runs ({tiers} tiers), {comparisons} comparisons", runs.len())
}

fn judge_row(
    record: &Record,
    agreed: &BTreeMap<String, String>,
    kept: &BTreeMap<String, String>,
    rows: usize,
) -> Judged {
    let mut findings = Vec::new();
    let runs = &record.execution.runs;
    let verified = match &record.build {
        None => cell(State::Passed, "no complaint"),
        Some(failure) => {
            findings.push(Finding {
                layer: "verified",
                place: "build".into(),
                message: failure.message.clone(),
                command: failure.command.clone(),
            });
            cell(State::Failed, "build fails")
        }
    };
    let failures = run_findings(runs);
    let run = match (&record.build, &record.execution.not_run) {
        (Some(_), _) => cell(State::NotRun, "not built"),
        (None, Some(reason)) => {
            cell(State::NotRun, format!("built and verified, not run: {reason}"))
        }
        (None, None) if runs.is_empty() => cell(State::Failed, "nothing was run"),
        (None, None) if failures.is_empty() => cell(State::Passed, run_words(runs)),
        (None, None) => cell(State::Failed, format!("{} failures", failures.len())),
    };
    findings.extend(failures);
    let others = other_bytes(runs, agreed);
    let with_stock = runs.iter().any(|run| !beside_stock(run, kept)[0].is_empty());
    let stock = if with_stock { "as stock's; " } else { "" };
    let bytes = if runs.is_empty() {
        cell(State::NotRun, "nothing was run")
    } else if !others.is_empty() {
        cell(State::Failed, format!("{} differ", others.len()))
    } else if rows < 2 && runs.len() < 2 && !with_stock {
        cell(State::NotRun, "nothing to compare with")
    } else if rows < 2 {
        cell(State::Passed, format!("{stock}as in all of its runs; no other row"))
    } else {
        cell(State::Passed, format!("{stock}as in {rows} rows"))
    };
    findings.extend(others);
    let code = match (&record.build, record.code.findings.len()) {
        (Some(_), _) => cell(State::NotRun, "not built"),
        (None, 0) => cell(State::Passed, format!("{} instructions", record.code.instructions)),
        (None, n) => cell(State::Failed, format!("{n} findings")),
    };
    findings.extend(record.code.findings.iter().map(|message| Finding {
        layer: "machine code",
        place: "disassembly".into(),
        message: message.clone(),
        command: record.row.command(),
    }));
    let mut notes = record.execution.unavailable.clone();
    notes
        .extend(record.code.known.iter().map(|(place, n)| format!("known, {n} times, in {place}")));
    for run in runs {
        for (check, reason) in &run.outcome.skipped {
            notes.push(format!("{}: {check} skipped: {reason}", run.label));
        }
    }
    Judged {
        row: record.row.to_string(),
        march: record.march.clone(),
        seconds: record.seconds,
        cells: vec![verified, run, bytes, code],
        findings,
        notes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::Failure;
    use crate::execute::{Code, Execution};
    use crate::row::{Lto, Opt, Row};
    use crate::suite::{Call, Outcome, decoded};

    fn run(hash: &str) -> Run {
        let mut outcome = Outcome::default();
        outcome.passed.insert("deflate".into(), 3);
        outcome.hashes.insert("deflate".into(), hash.into());
        Run { label: "shared".into(), call: Call::default(), outcome }
    }

    fn record(cpu: &str, runs: Vec<Run>) -> Record {
        Record {
            row: Row::new(cpu, Opt::Three, Lto::Fat).unwrap(),
            key: String::new(),
            seconds: 1.0,
            march: cpu.into(),
            build: None,
            execution: Execution { runs, ..Execution::default() },
            code: Code::default(),
        }
    }

    /// Judges rows with nothing known of others.
    fn judge(records: Vec<Record>) -> Vec<Judged> {
        let agreed = agreed_hashes(records.iter().flat_map(|r| &r.execution.runs));
        super::judge(&known(records), &agreed)
    }

    fn known(records: Vec<Record>) -> Known {
        let (others, kept, stock) = (Vec::new(), BTreeMap::new(), Ok(BTreeMap::new()));
        Known { records, others, kept, stock }
    }

    /// What the suite gave on Sapphire Rapids, for ours and for Debian's libzstd1 alike: as it is, and
    /// under the two masks that hide BMI2.
    const WITH: &str = "ff039113337b1cbc";
    const WITHOUT: &str = "99fc9c49ec5eaaff";

    fn damage(hash: &str, bmi2: bool) -> Run {
        let mut run = run("1");
        run.outcome.hashes.insert(decoded("zstd/damage", bmi2), hash.into());
        run
    }

    #[test]
    fn damaged_data_may_come_out_in_two_ways_and_in_no_other() {
        // The two kinds of decoders are not compared with each other.
        let rows = judge(vec![record("a", vec![damage(WITH, true), damage(WITHOUT, false)])]);
        assert!(!rows[0].failed(), "{:?}", rows[0].findings);
        // One decoder's output from the other is a failure,
        let mut all = vec![
            record("a", vec![damage(WITH, true), damage(WITHOUT, false)]),
            record("b", vec![damage(WITH, true), damage(WITHOUT, false)]),
            record("c", vec![damage(WITH, true), damage(WITH, false)]),
        ];
        let failed = |rows: &[Judged]| rows.iter().map(Judged::failed).collect::<Vec<_>>();
        assert_eq!(failed(&judge(all.clone())), [false, false, true]);
        // a third kind too,
        all[2] = record("c", vec![damage("0123456789abcdef", true)]);
        let rows = judge(all);
        assert_eq!(failed(&rows), [false, false, true]);
        assert!(rows[2].findings[0].message.contains("with BMI2"), "{:?}", rows[2].findings);
        // and where stock's library tells what is right, all can be wrong.
        let stock = BTreeMap::from([(decoded("zstd/damage", false), WITHOUT.to_owned())]);
        let mut known = known(vec![record("a", vec![damage(WITH, true), damage(WITH, false)])]);
        known.stock = Ok(stock);
        let agreed = known.agreed_hashes();
        assert_eq!(failed(&super::judge(&known, &agreed)), [true]);
    }

    fn states(judged: &Judged) -> Vec<State> {
        judged.cells.iter().map(|c| c.state.clone()).collect()
    }

    #[test]
    fn the_row_with_other_bytes_fails_and_the_others_do_not() {
        let rows = judge(vec![
            record("a", vec![run("1")]),
            record("b", vec![run("2")]),
            record("c", vec![run("1")]),
        ]);
        assert_eq!(rows.iter().map(Judged::failed).collect::<Vec<_>>(), [false, true, false]);
        assert!(rows[1].findings[0].message.contains("hash 2, most runs have 1"));
    }

    #[test]
    fn a_row_alone_is_compared_with_what_is_known_of_others() {
        let other = |cpu, hash| record(cpu, vec![run(hash)]);
        let known = Known {
            records: vec![other("c", "2")],
            others: vec![other("a", "1"), other("b", "1")],
            kept: BTreeMap::new(),
            stock: Err("not asked".into()),
        };
        let all = known.records.iter().chain(&known.others).flat_map(|r| &r.execution.runs);
        let rows = super::judge(&known, &agreed_hashes(all));
        assert!(rows[0].failed());
        // Of two the first is taken for right: x86-64 is the first row.
        let rows = judge(vec![other("a", "2"), other("b", "1")]);
        assert_eq!(rows.iter().map(Judged::failed).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn rows_that_all_write_other_bytes_than_stock_fail() {
        let rows = || vec![record("a", vec![run("2")]), record("b", vec![run("2")])];
        assert!(judge(rows()).iter().all(Judged::passed));
        let mut known = known(rows());
        let judged = |known: &Known| super::judge(known, &known.agreed_hashes());
        known.kept = BTreeMap::from([("deflate".to_owned(), "1".to_owned())]);
        assert!(judged(&known).iter().all(Judged::failed));
        known.kept = BTreeMap::from([("deflate".to_owned(), "2".to_owned())]);
        let rows = judged(&known);
        assert!(rows.iter().all(Judged::passed));
        assert_eq!(rows[0].cells[2].words, "as stock's; as in 2 rows");
        // What the suite writes is told to be stock's.
        let (check, hash) = stock::kept(Engine::Own).pop_first().unwrap();
        assert_eq!(whose(&check, &hash), "stock's library has");
        assert_eq!(whose(&check, "2"), "most runs have");
    }

    #[test]
    fn a_row_that_cannot_be_run_is_not_passed() {
        let mut row = record("a", vec![]);
        row.execution.not_run = Some("this CPU lacks avx512vl".into());
        let judged = &judge(vec![row])[0];
        assert_eq!(states(judged), [State::Passed, State::NotRun, State::NotRun, State::Passed]);
        assert!(judged.cells[1].words.contains("built and verified, not run"));
        assert!(!judged.failed() && !judged.passed());
    }

    #[test]
    fn a_row_that_should_have_run_and_did_not_fails() {
        assert!(judge(vec![record("a", vec![])])[0].failed());
    }

    #[test]
    fn each_layer_can_fail() {
        let mut built = record("a", vec![]);
        built.build = Some(Failure { message: "Bad machine code".into(), command: "cargo".into() });
        assert!(judge(vec![built])[0].failed());
        let mut ran = run("1");
        ran.outcome.failed.insert("crc32".into(), "got 1, right is 2".into());
        assert!(judge(vec![record("a", vec![ran])])[0].failed());
        let mut looked = record("a", vec![run("1")]);
        looked.code.findings.push("a store".into());
        assert!(judge(vec![looked])[0].failed());
    }
}
