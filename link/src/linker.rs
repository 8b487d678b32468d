//! The linker that the C compiler driver calls for our two shared libraries.
//!
//! It changes what rustc asks for, has GNU ld do the work, and reads the result before anybody gets
//! it: a library that is not what include/ says does not leave here.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use crate::Exports;
use crate::elf::{Elf, archive_problems};

/// The name under which the drivers look for GNU ld, given `-fuse-ld=bfd`.
pub const NAME: &str = "ld.bfd";

/// An option that no other linker knows: a link that does not come here fails.
pub const MARK: &str = "--zcompat-linker";

/// Names a file that says that a driver does call this program.
pub const PROBE: &str = "ZCOMPAT_LINKER_PROBE";

/// What the build script has found out for the linker; kept in a file beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `libz` or `libzstd`.
    pub stem: String,
    /// Where the version scripts and the lists of exports are.
    pub include: PathBuf,
    /// GNU ld, for the target.
    pub ld: PathBuf,
    /// Its objcopy.
    pub objcopy: PathBuf,
    /// Its ar.
    pub ar: PathBuf,
    /// The static unwinder.
    pub unwinder: PathBuf,
    /// The compiler's own library: a file, or the option that names it.
    pub libgcc: PathBuf,
    /// The target's architecture, as rustc calls it.
    pub arch: String,
}

impl Settings {
    const FILE: &str = "settings";

    /// Writes them to `dir`.
    pub fn write(&self, dir: &Path) -> Result<(), String> {
        let Settings { stem, include, ld, objcopy, ar, unwinder, libgcc, arch } = self;
        let mut text = format!("{stem}\n{arch}\n");
        for path in [include, ld, objcopy, ar, unwinder, libgcc] {
            let path = path.to_str().filter(|path| !path.contains('\n'));
            text += path.ok_or("a path that is not UTF-8, or has a line break in it")?;
            text.push('\n');
        }
        let file = dir.join(Self::FILE);
        fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))
    }

    /// Reads what [`Settings::write`] wrote.
    pub fn read(dir: &Path) -> Result<Settings, String> {
        let file = dir.join(Self::FILE);
        let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let mut lines = text.lines().map(str::to_owned);
        let mut next = || lines.next().ok_or_else(|| format!("{} is cut short", file.display()));
        let (stem, arch) = (next()?, next()?);
        let mut path = || next().map(PathBuf::from);
        let [include, ld, objcopy] = [path()?, path()?, path()?];
        let [ar, unwinder, libgcc] = [path()?, path()?, path()?];
        Ok(Settings { stem, include, ld, objcopy, ar, unwinder, libgcc, arch })
    }
}

/// Links, as the driver that started this program asks.
pub fn run(program: &Path, args: Vec<OsString>) -> ExitCode {
    if let Some(file) = env::var_os(PROBE) {
        return match fs::write(file, "") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    match link(program, args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("zcompat: {why}");
            ExitCode::FAILURE
        }
    }
}

fn link(program: &Path, args: Vec<OsString>) -> Result<(), String> {
    let settings = Settings::read(program.parent().unwrap_or(Path::new(".")))?;
    let args = expand(args)?;
    if !args.iter().any(|arg| arg == MARK) {
        // The driver only wants to know something, the version say.
        return Err(Command::new(&settings.ld).args(args).exec().to_string());
    }
    let Settings { stem, include, .. } = &settings;
    let exports = Exports::read(&Exports::path(include, stem))?;
    let request = Request::of(args, &settings.unwinder)?;

    let mut ld = Command::new(&settings.ld);
    ld.args(&request.args).args(own_options(&settings, &exports));
    run_tool(&mut ld)?;
    let told = |problems: Vec<String>, what: &str| match problems.is_empty() {
        true => Ok(()),
        false => Err(format!("{what} would be wrong: {}", problems.join("; "))),
    };
    let shared = Elf::read(&request.output).map_err(|e| e.to_string())?;
    let soname = format!("{stem}.so.1");
    let checked = told(shared.problems(&soname, &exports), &soname)
        .and_then(|()| reduce_archive(&settings, &exports, &request));
    if checked.is_err() {
        // What is wrong must not be there for a later step to find.
        fs::remove_file(&request.output).ok();
    }
    checked
}

/// The command line of the driver, without what we replace.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    args: Vec<OsString>,
    output: PathBuf,
}

impl Request {
    fn of(args: Vec<OsString>, unwinder: &Path) -> Result<Request, String> {
        let mut kept = Vec::new();
        let mut output = None;
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            match arg.as_bytes() {
                // rustc's list of exports, and its insistence that every name in it exists.
                b"--no-undefined-version" => {}
                b"--version-script" => drop(args.next()),
                bytes if bytes.starts_with(b"--version-script=") || bytes == MARK.as_bytes() => {}
                // The unwinder is the static one, so that libc is all that is needed.
                b"-lgcc_s" => kept.push(unwinder.into()),
                b"-o" => {
                    let file = args.next().ok_or("-o without a file")?;
                    output = Some(PathBuf::from(&file));
                    kept.extend([arg, file]);
                }
                _ => kept.push(arg),
            }
        }
        let output = output.ok_or("the compiler driver names no output")?;
        Ok(Request { args: kept, output })
    }

    /// The options that say where libraries are.
    fn folders(&self) -> impl Iterator<Item = &OsString> {
        let says = |arg: &&OsString| {
            ["-L", "--sysroot="].iter().any(|start| arg.as_bytes().starts_with(start.as_bytes()))
        };
        self.args.iter().filter(says)
    }
}

fn own_options(settings: &Settings, exports: &Exports) -> Vec<OsString> {
    let map = settings.include.join(format!("{}.map", settings.stem));
    let mut script = OsString::from("--version-script=");
    script.push(map);
    let mut options = vec![script];
    options.extend(
        [
            "--gc-sections",
            "-Bsymbolic-functions",
            "-znoexecstack",
            "-zrelro",
            "-znow",
            // What is undefined here would only be found out by the programs that load it.
            "-zdefs",
        ]
        .map(Into::into),
    );
    if settings.arch == "x86_64" {
        // Shadow stacks: rustc marks no object, but all code here returns where it was called from.
        options.push("-zshstk".into());
    }
    // Nothing in Rust refers to zstd's functions, so ask for each by name.
    options.extend(exports.names().map(|name| format!("--undefined={name}").into()));
    // For a crate without std, rustc names none.
    options.push(settings.libgcc.clone().into());
    options.extend(LIBC.map(Into::into));
    options
}

/// libc, with the threads that glibc before 2.34 has in a library of their own; later ones and musl have
/// an empty archive of that name.
const LIBC: [&str; 5] = ["--push-state", "--as-needed", "-lpthread", "--pop-state", "-lc"];

/// Makes the static library of the same build one object that has our symbols and no others.
///
/// rustc writes it before it links the shared library. As written it holds std and all of our own
/// code as global symbols: two such archives clash in one program.
fn reduce_archive(settings: &Settings, exports: &Exports, request: &Request) -> Result<(), String> {
    let Settings { stem, objcopy, ar, unwinder, libgcc, arch, .. } = settings;
    let archive = request.output.with_file_name(format!("{stem}.a"));
    if !archive.exists() {
        return Ok(());
    }
    let dir = env::current_exe().map_err(|e| e.to_string())?.with_file_name("archive");
    fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let (object, list) = (dir.join(format!("{stem}.o")), dir.join("exports"));
    let reduced = dir.join(format!("{stem}.a"));

    // What the public symbols need, the unwinder included. Without --force-group-allocation std's
    // section groups would still be merged with another Rust archive's.
    let mut link = plain_ld(settings);
    link.args(["-r", "--gc-sections", "--force-group-allocation"]);
    if arch == "x86_64" {
        link.arg("-zshstk");
    }
    link.args(exports.names().map(|name| format!("--undefined={name}")));
    link.arg("--start-group").args([&archive, unwinder]).arg("--end-group");
    run_tool(link.arg("-o").arg(&object))?;

    let names: String = exports.names().map(|name| format!("{name}\n")).collect();
    fs::write(&list, names).map_err(|e| format!("{}: {e}", list.display()))?;
    let mut keep = OsString::from("--keep-global-symbols=");
    keep.push(&list);
    let mut cut = Command::new(objcopy);
    // zcompat_version is in both archives; weak, so that a program may link both.
    cut.arg(keep).args(["--weaken-symbol=zcompat_version", "--strip-debug"]);
    cut.args(["-R", ".llvmbc", "-R", ".llvmcmd"]);
    run_tool(cut.arg(&object))?;

    let problems = archive_problems(&object, exports).map_err(|e| e.to_string())?;
    if !problems.is_empty() {
        return Err(format!("{stem}.a would be wrong: {}", problems.join("; ")));
    }
    // What it leaves undefined must be libc's, or nobody will define it.
    let mut whole = plain_ld(settings);
    whole.args(request.folders()).args(["-shared", "-zdefs", "-o"]).arg(dir.join("whole.so"));
    run_tool(whole.arg(&object).arg(libgcc).args(LIBC))
        .map_err(|why| format!("{stem}.a would be wrong: it is not whole ({why})"))?;

    fs::remove_file(&reduced).ok();
    run_tool(Command::new(ar).arg("rcsD").args([&reduced, &object]))?;
    // The folder may be on another file system than rustc's output.
    fs::copy(&reduced, &archive).map_err(|e| format!("{}: {e}", archive.display()))?;
    fs::remove_dir_all(&dir).ok();
    Ok(())
}

/// GNU ld, called without a driver.
fn plain_ld(settings: &Settings) -> Command {
    let mut ld = Command::new(&settings.ld);
    if settings.arch == "x86" {
        // That of x86-64 links for i686 only if it is told.
        ld.args(["-m", "elf_i386"]);
    }
    ld
}

fn run_tool(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|e| format!("cannot run {name}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name} ended with {status}")) }
}

/// Puts the contents of `@file` instead of each such argument: drivers write one where a
/// command line is too long.
fn expand(args: Vec<OsString>) -> Result<Vec<OsString>, String> {
    let mut out = Vec::new();
    for arg in args {
        match arg.as_bytes().strip_prefix(b"@").map(OsStr::from_bytes) {
            Some(file) if Path::new(file).exists() => {
                let text = fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
                out.extend(words(&text));
            }
            _ => out.push(arg),
        }
    }
    Ok(out)
}

/// The words of such a file: white space between them, quotes and backslashes as in a shell.
fn words(text: &[u8]) -> Vec<OsString> {
    let mut out = Vec::new();
    let (mut word, mut quote) = (None::<Vec<u8>>, None);
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match (byte, quote) {
            (b'\\', None | Some(b'"')) => {
                word.get_or_insert_default().extend(bytes.next());
            }
            (b'"' | b'\'', None) => {
                quote = Some(byte);
                word.get_or_insert_default();
            }
            (end, Some(start)) if end == start => quote = None,
            (space, None) if space.is_ascii_whitespace() => out.extend(word.take()),
            _ => word.get_or_insert_default().push(byte),
        }
    }
    out.extend(word);
    out.into_iter().map(OsString::from_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(args: &[&str]) -> Vec<OsString> {
        args.iter().map(Into::into).collect()
    }

    #[test]
    fn rustcs_script_and_the_shared_unwinder_go_and_the_rest_stays() {
        let unwinder = Path::new("/u w/unwinder.a");
        let args = strings(&[
            "-plugin",
            "x.so",
            "--version-script=/t,t/list",
            "--version-script",
            "/t/list 2",
            "--no-undefined-version",
            MARK,
            "a b.o",
            "-lgcc_s",
            "-soname",
            "libz.so.1",
            "-o",
            "/a b, c/libz.so",
        ]);
        let request = Request::of(args, unwinder);
        let wanted = [
            "-plugin",
            "x.so",
            "a b.o",
            "/u w/unwinder.a",
            "-soname",
            "libz.so.1",
            "-o",
            "/a b, c/libz.so",
        ];
        let wanted = Request { args: strings(&wanted), output: "/a b, c/libz.so".into() };
        assert_eq!(request.unwrap(), wanted);
        assert!(Request::of(strings(&["a.o"]), unwinder).is_err());
    }

    #[test]
    fn every_symbol_is_asked_for() {
        let exports = Exports([("a".to_owned(), None), ("b".to_owned(), None)].into());
        let settings =
            Settings { stem: "libz".into(), include: "/i, i".into(), ..Settings::default() };
        let options = own_options(&settings, &exports);
        for wanted in ["--version-script=/i, i/libz.map", "--undefined=a", "--undefined=b"] {
            assert!(options.iter().any(|option| option == wanted), "{wanted}");
        }
    }

    #[test]
    fn files_of_arguments_are_read() {
        let text = b"plain\n\"two words\"\nback\\ slash\\\\\n'single \\'\n\"in \\\"it\"\n\"\"";
        let wanted = ["plain", "two words", "back slash\\", "single \\", "in \"it", ""];
        assert_eq!(words(text), strings(&wanted));
    }

    #[test]
    fn settings_are_read_as_they_were_written() {
        let dir = env::temp_dir().join(format!("zcompat settings, {}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let settings = Settings {
            stem: "libz".into(),
            include: "/a b, c/include".into(),
            ld: "ld".into(),
            objcopy: "/bin/objcopy".into(),
            ar: "ar".into(),
            unwinder: "/lib/unwinder.a".into(),
            libgcc: "-lgcc".into(),
            arch: "x86_64".into(),
        };
        settings.write(&dir).unwrap();
        assert_eq!(Settings::read(&dir).unwrap(), settings);
        fs::write(dir.join(Settings::FILE), "libz\n").unwrap();
        assert!(Settings::read(&dir).unwrap_err().contains("cut short"));
        fs::remove_dir_all(&dir).unwrap();
    }
}
