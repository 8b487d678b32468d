//! PostgreSQL: dumps in the custom format, and base backups that the server compresses.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::bytes::Sides;
use crate::lab::{Lab, SIDES, Side, text};
use base::process::Server;

/// pg_dump -Fc and pg_restore crosswise, and pg_basebackup with gzip and zstd from the server.
pub fn postgresql(lab: &Lab) -> Result<String> {
    let postgres = Postgres::find(lab)?;
    let data = postgres.owned_folder(lab, "data")?;
    let initdb = ["-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C", "-D"];
    postgres.run(lab, Side::System, "initdb", &[&initdb[..], &[&text(&data)]].concat())?;

    let mut backups = 0;
    for side in [Side::System, Side::Ours] {
        let server = postgres.serve(lab, side, &data)?;
        if side == Side::System {
            postgres.sql(lab, "postgres", "create database source")?;
            postgres.sql(lab, "source", TABLES)?;
        } else {
            dump_and_restore(lab, &postgres)?;
        }
        for client in SIDES {
            for method in ["gzip", "zstd"] {
                if postgres.version >= 15 {
                    backup(lab, &postgres, client, method).with_context(|| {
                        format!("base backup by {method}, server {side:?}, client {client:?}")
                    })?;
                    backups += 1;
                }
            }
        }
        let said = server.stop(libc::SIGINT)?;
        if side == Side::Ours {
            crate::lab::no_loader_words(&said)?;
        }
    }
    Ok(format!(
        "PostgreSQL {}: 4 ways of dump and restore, {backups} base backups (gzip, zstd)",
        postgres.version
    ))
}

const TABLES: &str = "\
    create table t as select g as id, md5(g::text) as hash, repeat('row ' || g, g % 50) as words, \
        decode(md5((g * 7)::text) || md5((g * 11)::text), 'hex') as bytes \
        from generate_series(1, 30000) g; \
    alter table t add primary key (id); \
    create table large (id int, body text); \
    insert into large select g, (select string_agg(md5((g * i)::text), ' ') \
        from generate_series(1, 20000) i) from generate_series(1, 3) g;";

/// One line that stands for all rows.
const DIGEST: &str = "\
    select (select count(*) || md5(string_agg(t::text, ',' order by id)) from t), \
        (select md5(string_agg(l::text, ',' order by id)) from large l)";

fn dump_and_restore(lab: &Lab, postgres: &Postgres) -> Result<()> {
    let expected = postgres.sql(lab, "source", DIGEST)?;
    ensure!(expected.starts_with("30000"), "the tables are not filled: {expected}");
    let methods: &[&str] = if postgres.version >= 16 { &["9", "zstd:3"] } else { &["9"] };
    for method in methods {
        for writer in SIDES {
            let file = text(&postgres.owned_folder(lab, "dump")?.join("dump"));
            let args = ["-Fc", "-Z", method, "-f", &file, "source"];
            postgres.client(lab, writer, "pg_dump", &args)?;
            for reader in SIDES {
                postgres.sql(lab, "postgres", "drop database if exists target")?;
                postgres.sql(lab, "postgres", "create database target")?;
                postgres.client(lab, reader, "pg_restore", &["-e", "-d", "target", &file])?;
                let found = postgres.sql(lab, "target", DIGEST)?;
                ensure!(
                    found == expected,
                    "dumped on {}, restored on {}: the rows differ",
                    writer.word(),
                    reader.word()
                );
            }
        }
    }
    Ok(())
}

/// pg_dump in its custom and its directory format, at several levels.
pub fn dumps(lab: &Lab, sides: &Sides) -> Result<()> {
    let postgres = Postgres::find(lab)?;
    let data = postgres.owned_folder(lab, "data")?;
    let initdb = ["-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C", "-D"];
    postgres.run(lab, Side::System, "initdb", &[&initdb[..], &[&text(&data)]].concat())?;
    let server = postgres.serve(lab, Side::System, &data)?;
    postgres.sql(lab, "postgres", "create database source")?;
    postgres.sql(lab, "source", TABLES)?;
    for (side, to) in sides {
        for level in ["1", "6", "9"] {
            let made = postgres.owned_folder(lab, "dump")?;
            for format in ["custom", "directory"] {
                let file = text(&made.join(format));
                let args = ["-F", format, "-Z", level, "-f", &file, "source"];
                postgres.client(lab, *side, "pg_dump", &args)?;
            }
            without_time(&made.join("custom"))?;
            without_time(&made.join("directory/toc.dat"))?;
            let to = text(&to.join(level));
            lab.run(Side::System, "cp", &["-r", &text(&made), &to])?;
        }
    }
    server.stop(libc::SIGINT).map(drop)
}

/// Overwrites the time at which a dump was made.
fn without_time(file: &Path) -> Result<()> {
    let mut bytes = fs::read(file)?;
    ensure!(bytes.len() > 100 && bytes.starts_with(b"PGDMP"), "{} is no dump", file.display());
    // Version (3 bytes), the size of numbers, that of offsets, the format; then how it is compressed:
    // a method since 1.15, a number before. A number has its sign first. The time is 7 numbers.
    let number = 1 + usize::from(bytes[8]);
    let at = 11 + if (bytes[5], bytes[6]) >= (1, 15) { 1 } else { number };
    bytes[at..at + 7 * number].fill(0);
    Ok(fs::write(file, bytes)?)
}

/// The server compresses, the client unpacks; the manifest has every file's checksum.
fn backup(lab: &Lab, postgres: &Postgres, client: Side, method: &str) -> Result<()> {
    let to = text(&postgres.owned_folder(lab, "backup")?);
    let option = format!("--compress=server-{method}:2");
    let args = ["-Fp", "-X", "fetch", "-c", "fast", "--no-sync", &option, "-D", &to];
    postgres.client(lab, client, "pg_basebackup", &args)?;
    postgres.run(lab, Side::System, "pg_verifybackup", &["-q", "--no-parse-wal", &to]).map(drop)
}

struct Postgres {
    bin: PathBuf,
    version: u32,
    /// Whom it runs as: it refuses to be root.
    user: Option<(u32, u32)>,
    socket: PathBuf,
}

impl Postgres {
    fn find(lab: &Lab) -> Result<Postgres> {
        let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")?
            .flatten()
            .filter_map(|e| Some((e.file_name().to_str()?.parse().ok()?, e.path().join("bin"))))
            .filter(|(_, bin)| bin.join("initdb").exists())
            .collect();
        found.sort();
        let (version, bin) = found.pop().context("no PostgreSQL server is installed")?;
        // SAFETY: geteuid has no preconditions.
        let user = if unsafe { libc::geteuid() } == 0 {
            let id = |flag| -> Result<u32> {
                let said = lab.run(Side::System, "id", &[flag, "postgres"])?;
                Ok(String::from_utf8(said)?.trim().parse()?)
            };
            Some((id("-u")?, id("-g")?))
        } else {
            None
        };
        let mut postgres = Postgres { bin, version, user, socket: PathBuf::new() };
        postgres.socket = postgres.owned_folder(lab, "socket")?;
        Ok(postgres)
    }

    /// A new empty folder that the server may write to.
    fn owned_folder(&self, lab: &Lab, name: &str) -> Result<PathBuf> {
        let dir = lab.folder(name)?;
        fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        if let Some((user, group)) = self.user {
            chown(&dir, Some(user), Some(group))?;
        }
        Ok(dir)
    }

    fn command(&self, lab: &Lab, side: Side, program: &str) -> Command {
        let mut command = lab.command(side, &text(&self.bin.join(program)));
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    fn run(&self, lab: &Lab, side: Side, program: &str, args: &[&str]) -> Result<Vec<u8>> {
        lab.finish(side, self.command(lab, side, program).args(args))
    }

    /// A client program, connected to the server.
    fn client(&self, lab: &Lab, side: Side, program: &str, args: &[&str]) -> Result<Vec<u8>> {
        let socket = text(&self.socket);
        self.run(lab, side, program, &[&["-h", &socket, "-U", "postgres"], args].concat())
    }

    fn sql(&self, lab: &Lab, database: &str, query: &str) -> Result<String> {
        let args = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", query];
        let out = self.client(lab, Side::System, "psql", &args)?;
        Ok(String::from_utf8(out)?.trim().to_owned())
    }

    fn serve(&self, lab: &Lab, side: Side, data: &Path) -> Result<Server> {
        let mut command = self.command(lab, side, "postgres");
        command.arg("-D").arg(data).arg("-k").arg(&self.socket);
        for setting in ["listen_addresses=", "fsync=off", "wal_level=replica", "max_wal_senders=4"]
        {
            command.args(["-c", setting]);
        }
        let mut server = Server::start(&mut command)?;
        server.wait_until(|| self.sql(lab, "postgres", "select 1").is_ok())?;
        Ok(server)
    }
}
