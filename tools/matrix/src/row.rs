//! Rows: a target-cpu, an optimisation level and a way to cut the code into units.

use std::fmt;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use install::engine::Engine;

/// rustc's and the C compiler's optimisation level.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Opt {
    /// -O1
    #[value(name = "1")]
    One,
    /// -O2
    #[value(name = "2")]
    Two,
    /// -O3
    #[value(name = "3")]
    Three,
    /// -Os
    #[value(name = "s")]
    Size,
}

/// How the Rust code is cut into units, and what is optimised across them. Both decide which
/// inlining comes before which vectorizing, and so which bug shows.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Lto {
    /// 16 units a crate and cargo's default between them: where zlib-rs issue 407 showed
    Units,
    /// One unit a crate
    One,
    /// One unit in all: what ships
    Fat,
}

/// One row of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Row {
    /// As `-Ctarget-cpu` takes it.
    pub cpu: String,
    /// As `-Ctarget-feature` takes it; empty, or like `+avx512f,+avx512vl`.
    pub features: String,
    /// The level.
    pub opt: Opt,
    /// The units.
    pub lto: Lto,
    /// Whose functions make and read deflate streams.
    #[serde(default, with = "engine")]
    pub engine: Engine,
}

/// An engine as the command line names it.
mod engine {
    use clap::ValueEnum;
    use install::engine::Engine;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(engine: &Engine, to: S) -> Result<S::Ok, S::Error> {
        let value = engine.to_possible_value();
        to.serialize_str(value.as_ref().map_or("", |value| value.get_name()))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Engine, D::Error> {
        Engine::from_str(&String::deserialize(from)?, false).map_err(D::Error::custom)
    }
}

impl Row {
    /// `cpu` as the command line takes it: `znver4`, or `x86-64-v3+avx512dq+avx512vl`.
    pub fn new(cpu: &str, opt: Opt, lto: Lto) -> Result<Row> {
        let (cpu, features) = match cpu.split_once('+') {
            None => (cpu, String::new()),
            Some((cpu, more)) => {
                (cpu, more.split('+').map(|f| format!("+{f}")).collect::<Vec<_>>().join(","))
            }
        };
        let plain =
            |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+,".contains(c));
        ensure!(
            !cpu.is_empty() && plain(cpu) && plain(&features),
            "a target-cpu is a name like znver4 or x86-64-v3+avx512vl, not {cpu:?}"
        );
        Ok(Row { cpu: cpu.into(), features, opt, lto, engine: Engine::Own })
    }

    /// As the command line takes it.
    pub fn target(&self) -> String {
        format!("{}{}", self.cpu, self.features.replace(',', ""))
    }

    /// A file name.
    pub fn file_name(&self) -> String {
        format!("{}-{}-{}{}", self.target(), self.opt, self.lto, self.engine.suffix("-"))
    }

    /// What repeats this row alone.
    pub fn command(&self) -> String {
        format!(
            "cargo xtask matrix --cpu {} --opt {} --lto {}{} --fresh",
            self.target(),
            &self.opt.to_string()[1..],
            self.lto,
            self.engine.suffix(" --engine "),
        )
    }
}

impl fmt::Display for Opt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Opt::One => "O1",
            Opt::Two => "O2",
            Opt::Three => "O3",
            Opt::Size => "Os",
        })
    }
}

impl fmt::Display for Lto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Lto::Units => "units",
            Lto::One => "one",
            Lto::Fat => "fat",
        })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = self.engine.suffix(" on ");
        write!(f, "{} {} {}{engine}", self.target(), self.opt, self.lto)
    }
}

const ALL: [&str; 14] = [
    "x86-64",
    "x86-64-v2",
    "x86-64-v3",
    "x86-64-v4",
    "haswell",
    "skylake-avx512",
    "icelake-server",
    "sapphirerapids",
    "znver4",
    "znver5",
    "native",
    "x86-64-v3+avx512f",
    "x86-64-v3+avx512vl",
    "x86-64-v3+avx512dq+avx512vl",
];

/// Settings beside O3 and fat LTO that the default set tries, on the lowest and the highest CPU.
const VARIANTS: [(Opt, Lto); 4] =
    [(Opt::One, Lto::One), (Opt::Two, Lto::Units), (Opt::Three, Lto::Units), (Opt::Size, Lto::Fat)];

/// Which rows to run.
#[derive(Default)]
pub struct Choice<'a> {
    /// Everything, where the others do not say otherwise.
    pub full: bool,
    /// Only these CPUs.
    pub cpus: &'a [String],
    /// Only these levels.
    pub opts: &'a [Opt],
    /// Only these units.
    pub ltos: &'a [Lto],
    /// Whose functions make and read deflate streams.
    pub engine: Engine,
}

/// The rows of a choice. Naming one dimension leaves the others at what ships (O3, fat), or at
/// everything with `full`.
pub fn rows(choice: &Choice) -> Result<Vec<Row>> {
    let mut rows = rows_of_ours(choice)?;
    rows.iter_mut().for_each(|row| row.engine = choice.engine);
    Ok(rows)
}

fn rows_of_ours(choice: &Choice) -> Result<Vec<Row>> {
    let named = !(choice.cpus.is_empty() && choice.opts.is_empty() && choice.ltos.is_empty());
    let mut rows = Vec::new();
    if !choice.full && !named {
        for cpu in ALL {
            rows.push(Row::new(cpu, Opt::Three, Lto::Fat)?);
        }
        for cpu in ["x86-64", "native"] {
            for (opt, lto) in VARIANTS {
                rows.push(Row::new(cpu, opt, lto)?);
            }
        }
        return Ok(rows);
    }
    let cpus: Vec<&str> = match choice.cpus {
        [] => ALL.to_vec(),
        some => some.iter().map(String::as_str).collect(),
    };
    let all_opts = if choice.full { Opt::value_variants() } else { &[Opt::Three] };
    let all_ltos = if choice.full { Lto::value_variants() } else { &[Lto::Fat] };
    let opts = if choice.opts.is_empty() { all_opts } else { choice.opts };
    let ltos = if choice.ltos.is_empty() { all_ltos } else { choice.ltos };
    for cpu in cpus {
        for &opt in opts {
            for &lto in ltos {
                let row = Row::new(cpu, opt, lto)?;
                // Named twice, it is still one folder.
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_may_carry_features() {
        let row = Row::new("x86-64-v3+avx512dq+avx512vl", Opt::Three, Lto::Fat).unwrap();
        assert_eq!((row.cpu.as_str(), row.features.as_str()), ("x86-64-v3", "+avx512dq,+avx512vl"));
        assert_eq!(row.target(), "x86-64-v3+avx512dq+avx512vl");
        assert_eq!(row.to_string(), "x86-64-v3+avx512dq+avx512vl O3 fat");
        assert!(Row::new("", Opt::One, Lto::One).is_err());
        assert!(Row::new("a b", Opt::One, Lto::One).is_err());
        assert!(Row::new("a/../b", Opt::One, Lto::One).is_err());
    }

    #[test]
    fn full_is_every_combination_and_names_narrow_it() {
        let full = rows(&Choice { full: true, ..Choice::default() }).unwrap();
        assert_eq!(full.len(), 14 * 4 * 3);
        let cpus = ["znver4".to_owned()];
        let one = rows(&Choice { cpus: &cpus, ..Choice::default() }).unwrap();
        assert_eq!(one, [Row::new("znver4", Opt::Three, Lto::Fat).unwrap()]);
        let of_full = rows(&Choice { full: true, cpus: &cpus, ..Choice::default() }).unwrap();
        assert_eq!(of_full.len(), 12);
        let twice = ["znver4".to_owned(), "znver4".to_owned()];
        let one = rows(&Choice { cpus: &twice, ..Choice::default() }).unwrap();
        assert_eq!(one.len(), 1);
    }
}
