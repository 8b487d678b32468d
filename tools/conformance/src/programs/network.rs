//! Programs that compress on the wire: curl with nginx, rsync.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::corpus::{same_file, same_tree};
use crate::lab::{Lab, SIDES, Side, text};
use base::process::Server;

/// nginx compresses at every level, curl decodes; also zstd files that curl decodes.
pub fn curl_and_nginx(lab: &Lab) -> Result<String> {
    let few = lab.input().join("few");
    // Debian's zstd program brings its own copy of the library: an independent writer.
    let packed = lab.folder("zst")?;
    let names = names(&few)?;
    for name in &names {
        let (from, to) = (few.join(name), packed.join(name));
        lab.run(Side::System, "zstd", &["-q", "-7", "-o", &text(&to), &text(&from)])?;
    }
    let mut requests = 0;
    for server in SIDES {
        let nginx = Nginx::start(lab, server, &few, &packed)?;
        for client in SIDES {
            for place in (1..=9).map(|level| format!("gzip{level}")).chain(["zstd".into()]) {
                let out = lab.folder("out")?;
                nginx.fetch(lab, client, &place, &names, &out).with_context(|| {
                    format!("nginx on {}, curl on {}, {place}", server.word(), client.word())
                })?;
                same_tree(&few, &out)?;
                requests += names.len();
            }
        }
        nginx.stop()?;
    }
    Ok(format!("{requests} responses, gzip at 9 levels and zstd; nginx's log is clean"))
}

struct Nginx {
    server: Server,
    socket: String,
    log: std::path::PathBuf,
    side: Side,
}

impl Nginx {
    fn start(lab: &Lab, side: Side, files: &Path, packed: &Path) -> Result<Nginx> {
        let dir = lab.folder("nginx")?;
        let (socket, log) = (text(&dir.join("socket")), dir.join("error.log"));
        let mut places = String::new();
        for level in 1..=9 {
            places += &format!(
                "location /gzip{level}/ {{ alias {}/; gzip_comp_level {level}; }}\n",
                files.display()
            );
        }
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {}/{kind};\n", dir.display()))
            .concat();
        let config = format!(
            "daemon off;\nmaster_process off;\npid {dir}/pid;\nerror_log {log} info;\n\
             events {{}}\nhttp {{\naccess_log off;\n{temporary}\
             types {{}}\ndefault_type application/octet-stream;\n\
             gzip on;\ngzip_types *;\ngzip_min_length 1;\n\
             server {{\nlisten unix:{socket};\n{places}\
             location /zstd/ {{ gzip off; alias {packed}/; add_header Content-Encoding zstd; }}\n\
             }}\n}}\n",
            dir = dir.display(),
            log = log.display(),
            packed = packed.display(),
        );
        let file = dir.join("nginx.conf");
        fs::write(&file, config)?;
        let mut command = lab.command(side, "nginx");
        command.arg("-p").arg(&dir).arg("-c").arg(&file).arg("-e").arg(&log);
        let mut server = Server::start(&mut command)?;
        server.wait_until(|| std::os::unix::net::UnixStream::connect(&socket).is_ok())?;
        Ok(Nginx { server, socket, log, side })
    }

    fn fetch(
        &self,
        lab: &Lab,
        client: Side,
        place: &str,
        names: &[String],
        out: &Path,
    ) -> Result<()> {
        let mut curl = lab.command(client, "curl");
        curl.args(["-sS", "--fail", "--compressed", "--max-time", "60", "--unix-socket"]);
        curl.arg(&self.socket).args(["-H", "Accept-Encoding: gzip, zstd", "-w"]);
        curl.arg("%header{content-encoding} %{size_download}\n");
        for name in names {
            curl.arg("-o").arg(out.join(name)).arg(format!("http://localhost/{place}/{name}"));
        }
        let said = lab.finish(client, &mut curl)?;
        let said = String::from_utf8_lossy(&said).into_owned();
        let expected = if place == "zstd" { "zstd" } else { "gzip" };
        for (line, name) in said.lines().zip(names) {
            // nginx leaves an empty body as it is.
            ensure!(name == "empty" || line.starts_with(expected), "{name} came as {line:?}");
        }
        ensure!(said.lines().count() == names.len(), "curl said {said:?}");
        Ok(())
    }

    fn stop(self) -> Result<()> {
        let said = self.server.stop(libc::SIGQUIT)?;
        if self.side == Side::Ours {
            crate::lab::no_loader_words(&said)?;
        }
        let log = fs::read_to_string(&self.log)?;
        // nginx sets memory apart for a response's stream, no less than stock zlib takes, and says so
        // when that is too little.
        for words in ["preallocated", "[alert]", "[crit]", "[error]"] {
            if let Some(line) = log.lines().find(|line| line.contains(words)) {
                bail!("nginx on {} logs: {line}", self.side.word());
            }
        }
        Ok(())
    }
}

/// rsync: whole files and changes to them, both ways, with both methods.
pub fn rsync(lab: &Lab) -> Result<String> {
    let mut transfers = 0;
    for method in ["zlibx", "zstd"] {
        for client in SIDES {
            for server in SIDES {
                let what = format!("{method}, client {client:?}, server {server:?}");
                transfers += sync(lab, method, client, server).context(what)?;
            }
        }
    }
    Ok(format!("{transfers} transfers, whole and as changes, zlibx and zstd"))
}

fn sync(lab: &Lab, method: &str, client: Side, server: Side) -> Result<usize> {
    // Stands for ssh: drops the host's name and starts the other end on its own side.
    let shell = lab.path("remote-shell");
    let mut script = "#!/bin/sh\nshift\nunset LD_LIBRARY_PATH\n".to_owned();
    for (name, value) in lab.environment(server) {
        script += &format!("export {name}='{}'\n", value.display());
    }
    fs::write(&shell, script + "exec \"$@\"\n")?;
    fs::set_permissions(&shell, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;

    let (source, there, back) = (lab.path("source"), lab.path("there"), lab.path("back"));
    for dir in [&source, &there, &back] {
        if dir.exists() {
            fs::remove_dir_all(dir)?;
        }
    }
    lab.run(Side::System, "cp", &["-a", &text(&lab.input()), &text(&source)])?;
    let run = |from: &str, to: &str| -> Result<()> {
        let mut rsync = lab.command(client, "rsync");
        rsync.args(["-a", "-I", "-z", "--no-whole-file", "--timeout=60", "--debug=NSTR"]);
        rsync.arg(format!("--compress-choice={method}")).arg("-e").arg(&shell).args([from, to]);
        let said = lab.finish(client, &mut rsync)?;
        let said = String::from_utf8_lossy(&said).into_owned();
        ensure!(said.contains(&format!("compress: {method}")), "no {method}: {said}");
        Ok(())
    };
    let (source_arg, there_arg) = (format!("{}/", text(&source)), format!("{}/", text(&there)));
    let remote = format!("host:{there_arg}");
    for round in 0..2 {
        run(&source_arg, &remote)?;
        same_tree(&source, &there)?;
        run(&remote, &format!("{}/", text(&back)))?;
        same_tree(&source, &back)?;
        if round == 0 {
            change(&source.join("few/text"))?;
            change(&source.join("few/records"))?;
            change(&source.join("few/noise"))?;
        }
    }
    same_file(&source.join("few/text"), &back.join("few/text"))?;
    Ok(4)
}

/// Cuts, inserts and overwrites, so that matching blocks lie at other offsets.
fn change(file: &Path) -> Result<()> {
    let mut bytes = fs::read(file)?;
    let insert = bytes[..5000].iter().rev().copied().collect::<Vec<_>>();
    bytes.drain(20_000..20_123);
    bytes.splice(100_000..100_000, insert);
    bytes[150_000..150_400].fill(b'#');
    fs::write(file, bytes)?;
    Ok(())
}

fn names(dir: &Path) -> Result<Vec<String>> {
    let mut names: Vec<String> = fs::read_dir(dir)?
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}
