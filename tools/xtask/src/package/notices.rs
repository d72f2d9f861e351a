//! What the programs contain of others: each crate, its licence, and its notices word for word, since most
//! licences ask for that where a program is given to others. Must not know which licences are allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::tree::Tree;
use crate::cargo::{Metadata, Package};

/// Our packages that are the programs.
const PROGRAMS: [&str; 3] = ["daemon", "ctl", "bench"];

/// How the names of files with notices begin.
const BEGINNINGS: [&str; 5] = ["license", "licence", "copying", "copyright", "notice"];

const HEAD: &str = "\
The programs of this package contain the crates named below, and the standard library of Rust
(https://www.rust-lang.org, MIT OR Apache-2.0). Each stands with its licence; behind the list follow the
notices that come with them, each once, with the crates that it comes with.
";

/// Adds the document.
pub(super) fn add(root: &Path, tree: &mut Tree) -> io::Result<()> {
    let metadata = Metadata::read(root)?;
    let mut notices: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut list = String::new();
    for package in contained(&metadata) {
        let name = format!("{} {}", package.name, package.version);
        let licence = package.license.as_deref().unwrap_or("no licence named");
        // Writing to a string can not fail.
        writeln!(list, "  {name}: {licence}").ok();
        let folder = Path::new(&package.manifest_path).parent().unwrap_or(Path::new("."));
        for file in notices_in(folder)? {
            let text = String::from_utf8_lossy(&fs::read(file)?).trim_end().to_owned();
            notices.entry(text).or_default().insert(name.clone());
        }
    }
    let mut document = format!("{HEAD}\n{list}");
    for (text, names) in notices {
        let names = Vec::from_iter(names).join(", ");
        write!(document, "\n{}\n{names}\n\n{text}\n", "=".repeat(78)).ok();
    }
    tree.pressed("usr/share/doc/sekisho/third-party", document);
    Ok(())
}

/// The crates of others that the programs use, directly or not.
fn contained(metadata: &Metadata) -> Vec<&Package> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut wanted = Vec::from(PROGRAMS);
    while let Some(name) = wanted.pop() {
        if !seen.insert(name) {
            continue;
        }
        for package in metadata.packages.iter().filter(|package| package.name == name) {
            let used = package.dependencies.iter().filter(|used| used.kind.is_none());
            wanted.extend(used.map(|used| used.name.as_str()));
        }
    }
    let others = metadata.packages.iter().filter(|package| !metadata.is_ours(package));
    let mut others: Vec<&Package> =
        others.filter(|package| seen.contains(package.name.as_str())).collect();
    others.sort_by_key(|package| (&package.name, &package.version));
    others
}

/// The files with notices in a crate, at any depth: C code that came along has its own.
fn notices_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().to_lowercase();
            let is_notice = BEGINNINGS.iter().any(|beginning| name.starts_with(beginning));
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if is_notice && path.extension().is_none_or(|extension| extension != "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_uses_through_ours_and_others_is_contained_and_what_tests_use_is_not() {
        let metadata = Metadata::planted(&[
            ("daemon", &[("codec", None), ("proptest", Some("dev"))]),
            ("codec", &[("left-pad", None), ("cc", Some("build"))]),
            ("switch-sim", &[("loom", None)]),
        ]);
        let metadata = ["left-pad", "proptest", "cc", "loom"]
            .into_iter()
            .fold(metadata, |metadata, name| metadata.with_other(name, Some("MIT"), "registry"));
        let names: Vec<&str> =
            contained(&metadata).iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["left-pad"]);
    }
}
