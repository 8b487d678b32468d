//! Tables of an engine's benchmark: geometric means over the files, with counts, and each mean's
//! lowest file.

use bench::job::{Part, Race, Timing};

use super::chart::Panel;
use super::codec::grouped;
use super::corpus::Corpus;
use super::peers::{OURS, Peer};
use super::report::{Table, figure};
use super::runner::Outcome;

/// The library that the others are compared with first.
const STOCK: &str = "zlib";

/// All races of one operation at one level.
struct Group<'a> {
    part: Part,
    operation: &'a str,
    level: Option<i32>,
    /// Over files that count in the means.
    real: Vec<&'a Race>,
    /// Over the others: random and tiny ones.
    other: Vec<&'a Race>,
}

/// What was measured, sorted for the tables.
pub struct Summary<'a> {
    /// The libraries in table order.
    pub libraries: Vec<&'a str>,
    groups: Vec<Group<'a>>,
    command: &'a dyn Fn(&str) -> String,
}

/// Part by part, as in the tables.
const PARTS: [(Part, &str, &str); 4] = [
    (Part::OneCall, "one-call", "Whole files in one call"),
    (Part::Strategy, "strategy", "Strategies, whole files in one call"),
    (Part::Stream, "stream", "Whole files in pieces"),
    (Part::Small, "small", "Small jobs"),
];

impl<'a> Summary<'a> {
    /// Sorts the races of `outcome`; `command` gives the command that measures a part again.
    pub fn new(
        peers: &'a [Peer],
        outcome: &'a Outcome,
        corpus: &Corpus,
        command: &'a dyn Fn(&str) -> String,
    ) -> Summary<'a> {
        let loaded = |name: &str| outcome.libraries.iter().any(|l| l.library == name);
        let mut libraries: Vec<&str> =
            peers.iter().map(|peer| peer.name).filter(|name| loaded(name)).collect();
        // Ours at other tiers come right behind ours.
        let tiers = outcome.libraries.iter().map(|l| l.library.as_str());
        let tiers: Vec<&str> = tiers.filter(|l| l.starts_with(OURS) && *l != OURS).collect();
        libraries.splice(1..1, tiers);
        let real = |race: &Race| {
            let entry = corpus.entries.iter().find(|entry| entry.input.name == race.data);
            entry.is_none_or(|entry| entry.real)
        };
        let mut groups: Vec<Group<'a>> = Vec::new();
        for race in &outcome.races {
            let Some(part) = race.part else { continue };
            let same = |g: &Group<'_>| g.operation == race.operation && g.level == race.level;
            let at = groups.iter().position(same).unwrap_or_else(|| {
                let (operation, level) = (race.operation.as_str(), race.level);
                groups.push(Group { part, operation, level, real: vec![], other: vec![] });
                groups.len() - 1
            });
            let group = &mut groups[at];
            if real(race) { &mut group.real } else { &mut group.other }.push(race);
        }
        Summary { libraries, groups, command }
    }

    /// The tables, part by part.
    pub fn tables(&self, per_file: bool) -> Vec<Table> {
        let mut tables = Vec::new();
        for (part, name, what) in PARTS {
            let groups: Vec<&Group<'_>> = self.groups.iter().filter(|g| g.part == part).collect();
            let title = |rest: &str| format!("{what}: {rest}");
            let first = tables.len();
            let real = |g: &Group<'a>| g.real.clone();
            let other = |g: &Group<'a>| g.other.clone();
            tables.extend(self.speeds(&groups, title("speed ÷ zlib's, geometric means"), &real));
            let rest = "zcompat's speed ÷ each other's, geometric mean (lowest: file)";
            tables.extend(self.ours(&groups, title(rest), &real));
            let rest = "the same over random and tiny files, geometric mean (lowest: file)";
            tables.extend(self.ours(&groups, title(rest), &other));
            tables.extend(self.sizes(&groups, title("bytes out ÷ zlib's, geometric means")));
            if per_file {
                tables.extend(self.each(&groups, title("file by file")));
            }
            for table in &mut tables[first..] {
                table.command = Some((self.command)(name));
            }
        }
        tables
    }

    /// Those that took part in any of the groups.
    fn taking_part(&self, groups: &[&Group<'_>]) -> Vec<&'a str> {
        let takes_part = |library: &&str| {
            let races = groups.iter().flat_map(|g| g.real.iter().chain(&g.other));
            races.clone().any(|race| timing(race, library).is_some())
        };
        self.libraries.iter().copied().filter(takes_part).collect()
    }

    /// How fast each library is beside stock zlib, and ours by medians too.
    fn speeds(
        &self,
        groups: &[&Group<'a>],
        title: String,
        pick: &dyn Fn(&Group<'a>) -> Vec<&'a Race>,
    ) -> Option<Table> {
        let libraries = self.taking_part(groups);
        let mut header = head();
        header.push("zlib".to_owned());
        let others: Vec<&str> = libraries.into_iter().filter(|l| *l != STOCK).collect();
        header.extend(others.iter().map(|&l| l.to_owned()));
        header.push(format!("{OURS}, medians"));
        let rows = rows(groups, pick, |races| {
            let mut row = vec![absolute(races, STOCK)];
            for library in &others {
                row.push(cell(mean(races, library, STOCK, |t| t.best_ns)));
            }
            row.push(cell(mean(races, OURS, STOCK, |t| t.median_ns)));
            row
        });
        (!rows.is_empty()).then_some(Table { title, header, rows, ..Table::default() })
    }

    /// Ours beside each other library, with the file where it is lowest.
    fn ours(
        &self,
        groups: &[&Group<'a>],
        title: String,
        pick: &dyn Fn(&Group<'a>) -> Vec<&'a Race>,
    ) -> Option<Table> {
        let libraries = self.taking_part(groups);
        let others: Vec<&str> = libraries.into_iter().filter(|l| *l != OURS).collect();
        let mut header = head();
        header.extend(others.iter().map(|&l| format!("÷ {l}")));
        let rows = rows(groups, pick, |races| {
            let cell = |other: &&str| {
                let Some(mean) = mean(races, OURS, other, |t| t.best_ns) else {
                    return String::new();
                };
                let (lowest, file) = lowest(races, OURS, other);
                if races.len() == 1 {
                    format!("{mean:.2}")
                } else {
                    format!("{mean:.2} ({lowest:.2}: {file})")
                }
            };
            others.iter().map(cell).collect()
        });
        (!rows.is_empty()).then_some(Table { title, header, rows, ..Table::default() })
    }

    /// How large the output is, and in how many files it is stock zlib's to the byte.
    fn sizes(&self, groups: &[&Group<'a>], title: String) -> Option<Table> {
        let made = |race: &&Race| race.times.iter().any(|t| t.compressed.is_some());
        let all = |g: &Group<'a>| -> Vec<&'a Race> {
            g.real.iter().chain(&g.other).copied().filter(made).collect()
        };
        let real: Vec<&str> =
            groups.iter().flat_map(|g| &g.real).map(|race| race.data.as_str()).collect();
        let libraries: Vec<&str> =
            self.taking_part(groups).into_iter().filter(|l| *l != STOCK).collect();
        let mut header = head();
        header.push("zlib, in ÷ out".to_owned());
        header.extend(libraries.iter().map(|&l| l.to_owned()));
        header.extend(
            libraries.iter().filter(|l| l.starts_with(OURS)).map(|l| format!("{l} = zlib")),
        );
        let rows = rows(groups, &all, |races| {
            let size = |race: &Race, library| Some(timing(race, library)?.compressed? as f64);
            // A byte more or less says nothing where there are few: the means are over real files.
            let real = || races.iter().filter(|race| real.contains(&race.data.as_str()));
            let inverse = real().filter_map(|r| Some(r.bytes as f64 / size(r, STOCK)?));
            let mut row = vec![cell(geometric(inverse).map(|m| m.0))];
            for library in &libraries {
                let ratio = |r: &&Race| Some(size(r, library)? / size(r, STOCK)?);
                let mean = geometric(real().filter_map(ratio));
                row.push(mean.map_or_else(String::new, |(mean, _)| format!("{mean:.3}")));
            }
            for library in libraries.iter().filter(|l| l.starts_with(OURS)) {
                let same = races.iter().filter_map(|r| timing(r, library)?.same);
                let (equal, of) = (same.clone().filter(|same| *same).count(), same.count());
                row.push(if of == 0 { String::new() } else { format!("{equal} of {of}") });
            }
            row
        });
        (!rows.is_empty()).then_some(Table { title, header, rows, ..Table::default() })
    }

    /// A row for each race.
    fn each(&self, groups: &[&Group<'a>], title: String) -> Option<Table> {
        let libraries = self.taking_part(groups);
        let others: Vec<&str> = libraries.iter().copied().filter(|l| *l != OURS).collect();
        let mut header = ["operation", "level", "file", "bytes"].map(str::to_owned).to_vec();
        let unit = if groups.iter().all(|g| g.part == Part::Small) { "µs" } else { "MB/s" };
        header.extend(libraries.iter().map(|&l| format!("{l} {unit}")));
        header.extend(others.iter().map(|&l| format!("÷ {l}")));
        header.push("bytes = zlib's".to_owned());
        let mut rows = Vec::new();
        for group in groups {
            for race in group.real.iter().chain(&group.other) {
                let mut row = vec![group.operation.to_owned(), level(group.level)];
                row.extend([race.data.clone(), grouped(race.bytes)]);
                for library in &libraries {
                    row.push(timing(race, library).map_or_else(String::new, |t| {
                        figure(if unit == "µs" {
                            t.best_ns / 1e3
                        } else {
                            race.bytes as f64 * 1e3 / t.best_ns
                        })
                    }));
                }
                for other in &others {
                    row.push(cell(mean(&[race], OURS, other, |t| t.best_ns)));
                }
                let same = timing(race, OURS).and_then(|t| t.same);
                row.push(same.map_or("", |same| if same { "yes" } else { "no" }).to_owned());
                rows.push(row);
            }
        }
        (!rows.is_empty()).then_some(Table { title, header, rows, ..Table::default() })
    }

    /// What a reader wants to know first.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let races = || self.groups.iter().flat_map(|g| g.real.iter().chain(&g.other));
        for library in self.libraries.iter().filter(|l| l.starts_with(OURS)) {
            let same = races().filter_map(|race| timing(race, library)?.same);
            let (equal, of) = (same.clone().filter(|same| *same).count(), same.count());
            if of > 0 {
                notes.push(format!("{library}: the bytes are zlib's in {equal} of {of} races"));
            }
        }
        for other in self.libraries.iter().filter(|l| !l.starts_with(OURS)) {
            let rated = self.groups.iter().flat_map(|group| {
                let races = group.real.iter().chain(&group.other);
                races.filter_map(move |race| Some((ratio(race, OURS, other)?, group, *race)))
            });
            let rated: Vec<(f64, &Group<'_>, &Race)> = rated.collect();
            let Some((lowest, group, race)) = rated.iter().min_by(|a, b| a.0.total_cmp(&b.0))
            else {
                continue;
            };
            let behind = rated.iter().filter(|rated| rated.0 < 0.97).count();
            notes.push(format!(
                "{OURS} ÷ {other}: more than 3 % slower in {behind} of {} races; lowest {lowest:.2} \
                 ({}{}, {})",
                rated.len(),
                group.operation,
                group.level.map(|l| format!(", level {l}")).unwrap_or_default(),
                race.data,
            ));
        }
        notes
    }

    /// Speed over size, or over the level where nothing is compressed; then streams by room.
    pub fn panels(&self) -> Vec<Panel> {
        let mut panels = Vec::new();
        let mut operations: Vec<&str> = Vec::new();
        for group in self.groups.iter().filter(|g| g.part == Part::OneCall) {
            if !operations.contains(&group.operation) {
                operations.push(group.operation);
            }
        }
        for operation in operations {
            let groups = self.groups.iter().filter(|g| g.operation == operation);
            let groups: Vec<&Group<'_>> = groups.filter(|g| !g.real.is_empty()).collect();
            let compresses = |race: &&Race| race.times.iter().any(|t| t.compressed.is_some());
            let compresses = groups.iter().any(|g| g.real.iter().any(compresses));
            let lines = self.libraries.iter().filter_map(|&library| {
                let point = |group: &&Group<'_>| {
                    // Level 0 stores: its speed would flatten all the others.
                    if compresses && group.level == Some(0) {
                        return None;
                    }
                    let x = if compresses {
                        let ratio = |r: &&Race| {
                            Some(r.bytes as f64 / timing(r, library)?.compressed? as f64)
                        };
                        geometric(group.real.iter().filter_map(ratio))?.0
                    } else {
                        f64::from(group.level?)
                    };
                    Some((x, speed(&group.real, library)?))
                };
                let points: Vec<(f64, f64)> = groups.iter().filter_map(point).collect();
                (!points.is_empty()).then(|| (library.to_owned(), points))
            });
            let x = if compresses { "bytes in / bytes out, a point a level" } else { "level" };
            let files = groups.iter().map(|g| g.real.len()).max().unwrap_or(0);
            panels.push(Panel {
                title: format!("{operation}: geometric mean over {files} files"),
                x: x.to_owned(),
                y: "MB/s".to_owned(),
                log_x: false,
                lines: lines.collect(),
            });
        }
        panels
    }
}

fn head() -> Vec<String> {
    ["operation", "level", "files"].map(str::to_owned).to_vec()
}

fn level(level: Option<i32>) -> String {
    level.map_or_else(String::new, |level| level.to_string())
}

/// A row for each group in which `pick` finds races.
fn rows<'a>(
    groups: &[&Group<'a>],
    pick: &dyn Fn(&Group<'a>) -> Vec<&'a Race>,
    cells: impl Fn(&[&'a Race]) -> Vec<String>,
) -> Vec<Vec<String>> {
    let row = |group: &&Group<'a>| {
        let races = pick(group);
        (!races.is_empty()).then(|| {
            let mut row =
                vec![group.operation.to_owned(), level(group.level), races.len().to_string()];
            row.extend(cells(&races));
            row
        })
    };
    groups.iter().filter_map(row).collect()
}

fn timing<'r>(race: &'r Race, library: &str) -> Option<&'r Timing> {
    race.times.iter().find(|t| t.library == library)
}

/// How fast `library` is in a race, as a multiple of `other`.
fn ratio(race: &Race, library: &str, other: &str) -> Option<f64> {
    Some(timing(race, other)?.best_ns / timing(race, library)?.best_ns)
}

/// The geometric mean and how many values it is of.
fn geometric(values: impl Iterator<Item = f64>) -> Option<(f64, usize)> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), v| (sum + v.ln(), count + 1));
    (count > 0).then(|| ((sum / count as f64).exp(), count))
}

/// The geometric mean of `library`'s speed as a multiple of `other`'s.
fn mean(races: &[&Race], library: &str, other: &str, ns: fn(&Timing) -> f64) -> Option<f64> {
    let ratio = |race: &&Race| Some(ns(timing(race, other)?) / ns(timing(race, library)?));
    Some(geometric(races.iter().filter_map(ratio))?.0)
}

/// Where `library` does worst beside `other`.
fn lowest<'r>(races: &[&'r Race], library: &str, other: &str) -> (f64, &'r str) {
    let rated = races.iter().filter_map(|r| Some((ratio(r, library, other)?, r.data.as_str())));
    rated.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::NAN, ""))
}

/// The geometric mean of the speeds, in MB/s.
fn speed(races: &[&Race], library: &str) -> Option<f64> {
    let speed = |race: &&Race| Some(race.bytes as f64 * 1e3 / timing(race, library)?.best_ns);
    Some(geometric(races.iter().filter_map(speed))?.0)
}

/// `library`'s own figure, so that ratios can be turned into speeds: small jobs in µs.
fn absolute(races: &[&Race], library: &str) -> String {
    if races.iter().all(|race| race.part == Some(Part::Small)) {
        let took = races.iter().filter_map(|race| Some(timing(race, library)?.best_ns / 1e3));
        return geometric(took).map_or_else(String::new, |(us, _)| format!("{} µs", figure(us)));
    }
    speed(races, library).map_or_else(String::new, |mb| format!("{} MB/s", figure(mb)))
}

fn cell(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.2}"))
}

/// Bytes held, one row an object.
pub fn memory(outcome: &Outcome, libraries: &[&str]) -> Table {
    let title = "Memory: bytes after Init / at most while working (gz files by malloc's own count)";
    super::codec::memory(outcome, libraries, title)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn race(data: &str, ours: f64, stock: f64) -> Race {
        let timing = |library: &str, ns| Timing {
            library: library.to_owned(),
            best_ns: ns,
            median_ns: ns,
            compressed: Some(50),
            same: Some(library == STOCK || data == "a"),
            ..Timing::default()
        };
        Race {
            operation: "deflate zlib, one call".to_owned(),
            part: Some(Part::OneCall),
            data: data.to_owned(),
            level: Some(6),
            bytes: 100,
            times: vec![timing(OURS, ours), timing(STOCK, stock)],
            ..Race::default()
        }
    }

    #[test]
    fn means_are_geometric_and_the_lowest_file_is_named() {
        let (a, b) = (race("a", 10.0, 40.0), race("b", 20.0, 20.0));
        let both = [&a, &b];
        let mean = mean(&both, OURS, STOCK, |t| t.best_ns).expect("both took part");
        assert!((mean - 2.0).abs() < 1e-9, "{mean}");
        assert_eq!(lowest(&both, OURS, STOCK), (1.0, "b"));
        assert_eq!(geometric(std::iter::empty()), None);
    }

    #[test]
    fn equal_bytes_are_counted() {
        let outcome = Outcome {
            races: vec![race("a", 10.0, 40.0), race("b", 20.0, 20.0)],
            libraries: [OURS, STOCK]
                .map(|name| bench::job::Loaded {
                    library: name.to_owned(),
                    file: String::new(),
                    says: None,
                })
                .to_vec(),
            ..Outcome::default()
        };
        let peer = |name| Peer { name, source: String::new(), path: "/".into() };
        let peers = [peer(OURS), peer(STOCK)];
        let command = |part: &str| part.to_owned();
        let summary = Summary::new(&peers, &outcome, &Corpus::default(), &command);
        let notes = summary.notes();
        assert!(notes[0].contains("1 of 2 races"), "{notes:?}");
        let text: Vec<String> = summary.tables(true).iter().flat_map(|t| t.rows.concat()).collect();
        assert!(text.contains(&"1 of 2".to_owned()), "{text:?}");
        assert!(text.contains(&"2.00 (1.00: b)".to_owned()), "{text:?}");
    }
}
