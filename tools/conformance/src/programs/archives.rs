//! Archives, packages and images: written on one side, read on the other.

use std::fs;

use anyhow::{Result, ensure};

use crate::corpus::{same_file, same_tree};
use crate::lab::{Lab, text};

/// dpkg-deb: packages with gzip and zstd members.
pub fn dpkg_deb(lab: &Lab) -> Result<String> {
    let control = lab.input().join("DEBIAN");
    fs::create_dir(&control)?;
    fs::write(
        control.join("control"),
        "Package: sample\nVersion: 1\nArchitecture: all\nMaintainer: nobody <n@example.org>\n\
         Description: sample\n",
    )?;
    let ways = [("gzip", "1"), ("gzip", "9"), ("zstd", "3"), ("zstd", "19")];
    for (method, level) in ways {
        lab.cross(
            |side, made| {
                let (z, level) = (format!("-Z{method}"), format!("-z{level}"));
                let deb = text(&made.join("a.deb"));
                let input = text(&lab.input());
                lab.run(
                    side,
                    "dpkg-deb",
                    &[
                        &z,
                        &level,
                        "--uniform-compression",
                        "--root-owner-group",
                        "-b",
                        &input,
                        &deb,
                    ],
                )?;
                let members = lab.run(side, "ar", &["t", &deb])?;
                let suffix = if method == "gzip" { "data.tar.gz" } else { "data.tar.zst" };
                ensure!(String::from_utf8_lossy(&members).contains(suffix), "no {suffix}");
                Ok(())
            },
            |side, made, out| {
                // -R unpacks the control member too.
                lab.run(side, "dpkg-deb", &["-R", &text(&made.join("a.deb")), &text(out)])?;
                same_tree(&lab.input(), out)
            },
        )?;
    }
    Ok(format!("{} packages (gzip, zstd) built and unpacked", 2 * ways.len()))
}

/// qemu-img: compressed qcow2 images of both kinds, checked, compared and converted back.
pub fn qemu_img(lab: &Lab) -> Result<String> {
    let disk = lab.path("disk.raw");
    let mut bytes = Vec::new();
    for name in ["text", "records", "noise", "repetitive", "text"] {
        bytes.extend(fs::read(lab.input().join("few").join(name))?);
        // Not all clusters are full, and some are holes.
        bytes.resize(bytes.len().next_multiple_of(65536) + 3 * 65536, 0);
    }
    fs::write(&disk, bytes)?;
    let disk = text(&disk);
    for kind in ["zlib", "zstd"] {
        lab.cross(
            |side, made| {
                let (image, option) =
                    (text(&made.join("disk.qcow2")), format!("compression_type={kind}"));
                let args = ["convert", "-q", "-f", "raw", "-O", "qcow2", "-c", "-o", &option];
                lab.run(side, "qemu-img", &[&args[..], &[&disk, &image]].concat())?;
                let info = lab.run(side, "qemu-img", &["info", &image])?;
                let info = String::from_utf8_lossy(&info).into_owned();
                ensure!(info.contains(&format!("compression type: {kind}")), "{info}");
                Ok(())
            },
            |side, made, out| {
                let image = text(&made.join("disk.qcow2"));
                lab.run(side, "qemu-img", &["check", "-q", &image])?;
                lab.run(side, "qemu-img", &["compare", "-q", &disk, &image])?;
                let back = out.join("back.raw");
                lab.run(
                    side,
                    "qemu-img",
                    &["convert", "-q", "-f", "qcow2", "-O", "raw", &image, &text(&back)],
                )?;
                same_file(disk.as_ref(), &back)
            },
        )?;
    }
    Ok("qcow2 with zlib and zstd: check, compare, convert back".into())
}

/// sqlite3: an archive table, whose functions call compress and uncompress.
pub fn sqlite(lab: &Lab) -> Result<String> {
    let input = text(&lab.input());
    lab.cross(
        |side, made| {
            let archive = text(&made.join("a.sqlar"));
            lab.run(side, "sqlite3", &[&archive, "-A", "-c", "-C", &input, "few", "many"])?;
            // Stored as they are when compression does not help: most must have been compressed.
            let query = "select count(*) > 90 from sqlar where length(data) < sz";
            let many = lab.run(side, "sqlite3", &[&archive, query])?;
            ensure!(many == b"1\n", "the archive's members are not compressed");
            Ok(())
        },
        |side, made, out| {
            let archive = text(&made.join("a.sqlar"));
            lab.run(side, "sqlite3", &[&archive, "-A", "-x", "-C", &text(out)])?;
            same_tree(&lab.input(), out)
        },
    )?;
    Ok("archive tables written and extracted".into())
}

/// bsdtar: tar with gzip and zstd filters, with threads, and zip.
pub fn bsdtar(lab: &Lab) -> Result<String> {
    let input = text(&lab.input());
    let ways: [&[&str]; 5] = [
        &["-z"],
        &["-z", "--options", "gzip:compression-level=1"],
        &["--zstd"],
        &["--zstd", "--options", "zstd:compression-level=19"],
        &["--format", "zip"],
    ];
    for way in ways {
        lab.cross(
            |side, made| {
                let archive = text(&made.join("archive"));
                let args = [&["-c", "-f", &archive, "-C", &input], way, &["few", "many"]].concat();
                lab.run(side, "bsdtar", &args).map(drop)
            },
            |side, made, out| {
                let archive = text(&made.join("archive"));
                lab.run(side, "bsdtar", &["-x", "-f", &archive, "-C", &text(out)])?;
                same_tree(&lab.input(), out)
            },
        )?;
    }
    Ok(format!("{} archives (tar.gz, tar.zst, zip) written and extracted", 2 * ways.len()))
}

/// squashfs-tools: file systems with gzip and zstd, made by two threads.
pub fn squashfs(lab: &Lab) -> Result<String> {
    let input = text(&lab.input());
    let ways: [&[&str]; 4] = [
        &["-comp", "gzip"],
        &["-comp", "gzip", "-Xcompression-level", "1", "-Xstrategy", "default,filtered"],
        &["-comp", "zstd"],
        &["-comp", "zstd", "-Xcompression-level", "3", "-b", "1M"],
    ];
    for way in ways {
        lab.cross(
            |side, made| {
                let image = text(&made.join("fs"));
                let args = [&[input.as_str(), &image], way, &["-processors", "2", "-quiet"]];
                lab.run(side, "mksquashfs", &args.concat()).map(drop)
            },
            |side, made, out| {
                let to = text(&out.join("tree"));
                let image = text(&made.join("fs"));
                let args = ["-quiet", "-no-progress", "-processors", "2", "-d", &to, &image];
                lab.run(side, "unsquashfs", &args)?;
                same_tree(&lab.input(), to.as_ref())
            },
        )?;
    }
    Ok(format!("{} file systems (gzip, zstd) made and unpacked", 2 * ways.len()))
}
