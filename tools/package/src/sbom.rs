//! The bill of materials of what is shipped, in CycloneDX's JSON: the two libraries, the program
//! `zcompat`, and the crates and C sources that are compiled into them.
//!
//! Made here and not by cargo-cyclonedx: that one writes a file for each package, with the time and
//! a random number in it, and knows nothing of C sources within a crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use xshell::{Shell, cmd};

/// The packages that are shipped.
const SHIPPED: [&str; 3] = ["libz", "libzstd", "switch"];

/// What `cargo metadata` says, as far as it is used here.
#[derive(Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
    pub resolve: Resolve,
}

/// A crate.
#[derive(Deserialize)]
pub struct Package {
    pub id: String,
    pub name: String,
    pub version: String,
    pub license: Option<String>,
    pub license_file: Option<PathBuf>,
    pub description: Option<String>,
    #[serde(default)]
    pub authors: Vec<String>,
    pub manifest_path: PathBuf,
    /// None for a member of the workspace.
    pub source: Option<String>,
}

/// Which crates are used for a target, and by whom.
#[derive(Deserialize)]
pub struct Resolve {
    pub nodes: Vec<Node>,
}

/// One crate's dependencies.
#[derive(Deserialize)]
pub struct Node {
    pub id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    /// None, `dev` or `build`.
    kind: Option<String>,
}

/// What cargo knows of the tree: for all targets and with the features that are on by themselves,
/// unless `options` of `cargo metadata` say otherwise.
pub fn metadata(sh: &Shell, tree: &Path, options: &[&str]) -> Result<Metadata> {
    let manifest = tree.join("Cargo.toml");
    // From the tree, whose configuration says where the crates are.
    let _dir = sh.push_dir(tree);
    let text = cmd!(sh, "cargo metadata --locked --offline --format-version 1 {options...}")
        .args(["--manifest-path".as_ref(), manifest.as_os_str()])
        .quiet()
        .read()?;
    serde_json::from_str(&text).context("cargo metadata")
}

/// Writes `sbom/zcompat.cdx.json` and `sbom/licences.txt` into the tree of an archive, and returns
/// the first.
///
/// # Errors
/// A crate states no licence.
pub fn write(sh: &Shell, tree: &Path) -> Result<PathBuf> {
    let all = metadata(sh, tree, &["--all-features"])?;
    // What is shipped is the same for each Linux; this one has all.
    let used = metadata(sh, tree, &["--filter-platform=x86_64-unknown-linux-gnu"])?;
    let checksums = checksums(tree)?;
    let dir = tree.join("sbom");
    fs::create_dir_all(&dir)?;
    let file = dir.join("zcompat.cdx.json");
    let bill = bill(&used, &checksums)?;
    fs::write(&file, serde_json::to_string_pretty(&bill)? + "\n")?;
    fs::write(dir.join("licences.txt"), licences(&all)?)?;
    Ok(file)
}

/// One line a crate in the archive: name, version, licence.
fn licences(all: &Metadata) -> Result<String> {
    let mut lines = BTreeSet::new();
    for package in all.packages.iter().filter(|package| package.source.is_some()) {
        let Package { name, version, license, license_file, .. } = package;
        ensure!(license.is_some() || license_file.is_some(), "{name} {version} states no licence");
        let licence = license.as_deref().unwrap_or("see its folder");
        lines.insert(format!("{name} {version}: {licence}\n"));
    }
    Ok(lines.into_iter().collect())
}

/// `name version` to the SHA-256 in Cargo.lock.
fn checksums(tree: &Path) -> Result<BTreeMap<(String, String), String>> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Locked>,
    }
    #[derive(Deserialize)]
    struct Locked {
        name: String,
        version: String,
        checksum: Option<String>,
    }
    let lock: Lock = toml::from_str(&fs::read_to_string(tree.join("Cargo.lock"))?)?;
    let with = |p: Locked| Some(((p.name, p.version), p.checksum?));
    Ok(lock.package.into_iter().filter_map(with).collect())
}

fn bill(used: &Metadata, checksums: &BTreeMap<(String, String), String>) -> Result<Value> {
    let packages: BTreeMap<&str, &Package> =
        used.packages.iter().map(|package| (package.id.as_str(), package)).collect();
    let needs: BTreeMap<&str, Vec<&str>> = used
        .resolve
        .nodes
        .iter()
        .map(|node| {
            let normal = node.deps.iter().filter(|d| d.dep_kinds.iter().any(|k| k.kind.is_none()));
            (node.id.as_str(), normal.map(|d| d.pkg.as_str()).collect())
        })
        .collect();
    let mut open: Vec<&str> = Vec::new();
    for name in SHIPPED {
        let is_it = |p: &&Package| p.name == name && p.source.is_none();
        open.push(&used.packages.iter().find(is_it).with_context(|| name.to_owned())?.id);
    }
    let roots: Vec<String> = open.iter().map(|id| reference(packages[id])).collect();
    let mut shipped = BTreeSet::new();
    while let Some(id) = open.pop() {
        if shipped.insert(id) {
            open.extend(&needs[id]);
        }
    }

    let mut components = Vec::new();
    let mut dependencies = vec![json!({ "ref": "zcompat", "dependsOn": roots })];
    for id in shipped {
        let package = packages[id];
        let mut on: Vec<String> = needs[id].iter().map(|id| reference(packages[id])).collect();
        let mut component = json!({
            "type": "library",
            "bom-ref": reference(package),
            "name": package.name,
            "version": package.version,
            "purl": format!("pkg:cargo/{}@{}", package.name, package.version),
        });
        if let Some(description) = &package.description {
            component["description"] = json!(description.trim());
        }
        if let Some(license) = &package.license {
            // Cargo takes the old form MIT/Apache-2.0 too.
            component["licenses"] = json!([{ "expression": license.replace('/', " OR ") }]);
        }
        if let Some(sum) = checksums.get(&(package.name.clone(), package.version.clone())) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
        }
        if package.name == "zstd-sys" {
            let (_, zstd) = package.version.split_once("+zstd.").context("zstd-sys's version")?;
            components.push(zstd_component(zstd));
            on.push("zstd".into());
        }
        components.push(component);
        dependencies.push(json!({ "ref": reference(package), "dependsOn": on }));
    }
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": "zcompat",
                "name": "zcompat",
                "version": env!("CARGO_PKG_VERSION"),
                "licenses": [{ "expression": "Zlib" }],
            },
        },
        "components": components,
        "dependencies": dependencies,
    }))
}

/// The name of a component within the bill: the path of the tree must not be in it.
fn reference(package: &Package) -> String {
    format!("{}@{}", package.name, package.version)
}

fn zstd_component(version: &str) -> Value {
    json!({
        "type": "library",
        "bom-ref": "zstd",
        "name": "zstd",
        "version": version,
        "description": "Zstandard's C source, as it is in the crate zstd-sys",
        "cpe": format!("cpe:2.3:a:facebook:zstandard:{version}:*:*:*:*:*:*:*"),
        "purl": format!("pkg:github/facebook/zstd@v{version}"),
        "licenses": [{ "expression": "BSD-3-Clause" }],
    })
}
