//! What is known not to work, before anything is compiled. What nobody has tried is let through: a
//! library that is not right is stopped when it is linked.

use std::env;

/// What cargo says of the target of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Its name: `x86_64-unknown-linux-gnu`.
    pub triple: String,
    /// Its architecture, as `target_arch` calls it.
    pub arch: String,
    /// Its system, as `target_os` calls it.
    pub os: String,
    /// Its C library, as `target_env` calls it.
    pub env: String,
}

impl Target {
    /// That of the build script which runs.
    pub fn of_cargo() -> Target {
        let variable = |name| env::var(name).unwrap_or_default();
        Target {
            triple: variable("TARGET"),
            arch: variable("CARGO_CFG_TARGET_ARCH"),
            os: variable("CARGO_CFG_TARGET_OS"),
            env: variable("CARGO_CFG_TARGET_ENV"),
        }
    }
}

/// Other systems have other linkers, file formats and sonames.
pub fn target(target: &Target) -> Result<(), String> {
    match &*target.os {
        "linux" => Ok(()),
        os => Err(format!(
            "{} is not supported: these are shared libraries of Linux, linked by GNU ld, and not of {os}",
            target.triple
        )),
    }
}

/// The architectures that compilers name, with rustc's names for them.
const MACHINES: [(&str, &str); 9] = [
    ("x86_64", "x86_64"),
    ("i386", "x86"),
    ("i486", "x86"),
    ("i586", "x86"),
    ("i686", "x86"),
    ("aarch64", "aarch64"),
    ("riscv64", "riscv64"),
    ("s390x", "s390x"),
    ("powerpc64", "powerpc64"),
];

/// That a compiler which calls itself `machine` (`gcc -dumpmachine`) is one for the target.
pub fn compiler(program: &str, machine: &str, target: &Target) -> Result<(), String> {
    let known = MACHINES.iter().find(|(start, _)| machine.starts_with(start));
    match known {
        // With -m32, which rustc passes as well.
        Some((_, "x86_64")) if target.arch == "x86" => Ok(()),
        Some((_, arch)) if *arch != target.arch => Err(format!(
            "the linker is {program}, which is for {machine}: name a compiler for {} in \
             CARGO_TARGET_{}_LINKER",
            target.arch,
            target.triple.to_uppercase().replace('-', "_"),
        )),
        _ => Ok(()),
    }
}

/// What of `RUSTFLAGS`, wherever it was set, has to do with linking.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// The last that is named.
    pub linker: Option<String>,
    flavor: Option<String>,
    plugin_lto: bool,
    /// The linker is told for which machine it links.
    pub other_target: bool,
}

impl Flags {
    /// Reads flags as cargo hands them to build scripts.
    pub fn parse(encoded: &str) -> Flags {
        let mut out = Flags::default();
        let mut words = encoded.split('\u{1f}');
        while let Some(word) = words.next() {
            let option = match word {
                "-C" | "--codegen" => words.next().unwrap_or(""),
                _ => match word.strip_prefix("-C").or(word.strip_prefix("--codegen=")) {
                    Some(option) => option,
                    None => continue,
                },
            };
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            match name {
                "linker" => out.linker = Some(value.to_owned()),
                "linker-flavor" => out.flavor = Some(value.to_owned()),
                "linker-plugin-lto" => {
                    out.plugin_lto = !["n", "no", "off", "false"].contains(&value)
                }
                "link-arg" | "link-args" => out.other_target |= value.contains("--target="),
                _ => {}
            }
        }
        out
    }

    /// That libraries can be linked with these.
    pub fn usable(&self) -> Result<(), String> {
        if self.plugin_lto {
            return Err("-Clinker-plugin-lto in RUSTFLAGS: GNU ld, which links these libraries, \
                        cannot read LLVM's intermediate code; leave it out"
                .into());
        }
        match self.flavor.as_deref() {
            None | Some("gcc" | "gnu-cc" | "gnu-lld-cc") => Ok(()),
            Some(flavor) => Err(format!(
                "-Clinker-flavor={flavor} in RUSTFLAGS: these libraries are linked through a C \
                 compiler driver, gcc or clang; leave it out"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(triple: &str, arch: &str, os: &str) -> Target {
        Target { triple: triple.into(), arch: arch.into(), os: os.into(), env: String::new() }
    }

    #[test]
    fn every_linux_is_let_through() {
        for (triple, arch) in [
            ("x86_64-unknown-linux-gnu", "x86_64"),
            ("x86_64-unknown-linux-musl", "x86_64"),
            ("x86_64-alpine-linux-musl", "x86_64"),
            ("s390x-unknown-linux-gnu", "s390x"),
            ("armv7-unknown-linux-gnueabihf", "arm"),
        ] {
            assert_eq!(target(&named(triple, arch, "linux")), Ok(()), "{triple}");
        }
        for (triple, os) in
            [("x86_64-pc-windows-gnu", "windows"), ("aarch64-apple-darwin", "macos")]
        {
            let why = target(&named(triple, "x86_64", os)).unwrap_err();
            assert!(why.starts_with(&format!("{triple} is not supported")), "{why}");
        }
    }

    #[test]
    fn a_compiler_for_another_machine_is_refused_and_an_unknown_one_is_not() {
        let refused = |machine: &str, triple: &str, arch: &str| {
            compiler("cc", machine, &named(triple, arch, "linux")).err()
        };
        let s390x = "s390x-unknown-linux-gnu";
        let why = refused("x86_64-linux-gnu", s390x, "s390x").unwrap();
        assert!(why.contains("name a compiler for s390x"), "{why}");
        assert!(why.ends_with("in CARGO_TARGET_S390X_UNKNOWN_LINUX_GNU_LINKER"), "{why}");
        assert_eq!(refused("s390x-linux-gnu", s390x, "s390x"), None);
        assert_eq!(refused("", s390x, "s390x"), None);
        assert_eq!(refused("arm-linux-gnueabihf", "armv7-unknown-linux-gnueabihf", "arm"), None);
        for machine in ["x86_64-linux-gnu", "i686-linux-gnu", "i386-redhat-linux"] {
            assert_eq!(refused(machine, "i686-unknown-linux-gnu", "x86"), None, "{machine}");
        }
        assert!(refused("i686-linux-gnu", "x86_64-unknown-linux-gnu", "x86_64").is_some());
        assert!(refused("powerpc64le-linux-gnu", "x86_64-unknown-linux-gnu", "x86_64").is_some());
    }

    #[test]
    fn the_last_linker_in_the_flags_counts() {
        let parse = |words: &[&str]| Flags::parse(&words.join("\u{1f}"));
        assert_eq!(parse(&[]), Flags::default());
        let linker = |words: &[&str]| parse(words).linker;
        assert_eq!(linker(&["-Clinker=cc"]).as_deref(), Some("cc"));
        assert_eq!(linker(&["-C", "linker=a b", "-O"]).as_deref(), Some("a b"));
        assert_eq!(linker(&["--codegen=linker=x"]).as_deref(), Some("x"));
        assert_eq!(linker(&["--codegen", "linker=x", "-Clinker=y"]).as_deref(), Some("y"));
        assert_eq!(linker(&["-Clinker-features=-lld", "-Copt-level=3"]), None);
        assert!(parse(&["-Clink-arg=--target=aarch64-linux-gnu"]).other_target);
    }

    #[test]
    fn flags_that_cannot_work_are_refused() {
        let usable = |flag: &str| Flags::parse(flag).usable();
        assert_eq!(usable("-Clinker-flavor=gnu-lld-cc"), Ok(()));
        assert_eq!(usable("-Clinker-plugin-lto=no"), Ok(()));
        assert!(usable("-Clinker-flavor=ld.lld").unwrap_err().contains("linker-flavor=ld.lld"));
        assert!(usable("-Clinker-plugin-lto").unwrap_err().contains("leave it out"));
    }
}
