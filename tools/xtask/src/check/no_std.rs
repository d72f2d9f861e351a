//! The packages that do without std say so, stay without it, and use nobody else's code.

use super::arrows::line_of;
use crate::cargo::{Metadata, Package};
use crate::checkout::{Checkout, File};
use crate::report::{Finding, Outcome};
use crate::source::numbered;

/// A package without std: its name, its folder of sources, and its level of `unsafe_code`: `deny`
/// where one file is let off it.
const WITHOUT_STD: [(&str, &str, &str); 2] =
    [("codec", "codec/src/", "deny"), ("switch-core", "switch/core/src/", "forbid")];

/// Packages of others that were seen to do without std themselves.
const OTHERS: [&str; 1] = ["siphasher"];

pub(super) fn run(checkout: &Checkout) -> Outcome {
    let mut findings = Vec::new();
    for (name, folder, level) in WITHOUT_STD {
        let root = format!("{folder}lib.rs");
        match checkout.files.iter().find(|file| file.path == root) {
            Some(file) => findings.extend(attributes(file, level)),
            None => findings.push(Finding::new(&root, 1, "is missing; name its new place here")),
        }
        let below = checkout.files.iter().filter(|file| file.path.starts_with(folder));
        findings.extend(below.flat_map(doors_to_std));
        let packages = checkout.metadata.ours().filter(|package| package.name == name);
        for package in packages {
            let manifest = checkout.text(&package.manifest_path);
            findings.extend(dependencies_of_others(&checkout.metadata, package, manifest));
        }
    }
    findings.into()
}

/// The attributes that make breaking the rule a compile error.
fn attributes(file: &File, level: &str) -> Vec<Finding> {
    let code = file.rust.as_ref().map_or("", |rust| &rust.code);
    let has = |wanted: &[&str]| {
        code.lines().any(|line| wanted.iter().all(|part| line.replace(' ', "").contains(part)))
    };
    let mut findings = Vec::new();
    if !has(&["#![no_std]"]) {
        findings.push(Finding::new(&file.path, 1, "lacks `#![no_std]`; add it"));
    }
    if !has(&[&format!("#![{level}("), "unsafe_code"]) {
        let text = format!("lacks `#![{level}(unsafe_code)]`; add it");
        findings.push(Finding::new(&file.path, 1, text));
    }
    findings
}

/// `extern crate std` outside tests brings back what `no_std` took away.
fn doors_to_std(file: &File) -> Vec<Finding> {
    let Some(rust) = &file.rust else { return Vec::new() };
    let mut findings = Vec::new();
    let mut for_tests = false;
    for (number, line) in numbered(&rust.code) {
        let opens = line.contains("extern crate std");
        if opens && !for_tests && !file.is_test() && !rust.is_test_line(number) {
            let text = "`extern crate std` outside tests; use core and alloc";
            findings.push(Finding::new(&file.path, number, text));
        }
        for_tests = line.trim() == "#[cfg(test)]";
    }
    findings
}

/// What it uses of others, tests apart: each must be known to do without std.
fn dependencies_of_others(metadata: &Metadata, package: &Package, manifest: &str) -> Vec<Finding> {
    let is_ours = |name: &str| metadata.ours().any(|package| package.name == name);
    let used = package.dependencies.iter().filter(|dependency| !dependency.is_dev());
    let unknown = used.filter(|used| !is_ours(&used.name) && !OTHERS.contains(&used.name.as_str()));
    let finding = |name: &str| {
        let text = format!(
            "`{}` must do without std, but uses `{name}`; do without it, or name it in this check \
             once it is seen to do without std too",
            package.name
        );
        Finding::new(&package.manifest_path, line_of(manifest, name), text)
    };
    unknown.map(|used| finding(&used.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::Planted;

    const GOOD: &str = "//! X.\n#![no_std]\n#![forbid(unsafe_code)]\nextern crate alloc;\n";

    fn root(text: &str) -> File {
        File::new("codec/src/lib.rs", text)
    }

    #[test]
    fn both_attributes_are_asked_for() {
        assert!(attributes(&root(GOOD), "forbid").is_empty());
        assert_eq!(attributes(&root("//! X.\n#![no_std]\n"), "forbid").len(), 1);
        assert_eq!(attributes(&root("//! X.\n#![forbid(unsafe_code)]\n"), "forbid").len(), 1);
        assert_eq!(
            attributes(&root("//! #![no_std] #![forbid(unsafe_code)]\n"), "forbid").len(),
            2
        );
        assert_eq!(attributes(&root(GOOD), "deny").len(), 1);
    }

    #[test]
    fn std_may_come_back_for_tests_only() {
        assert_eq!(doors_to_std(&root("extern crate std;\n")).len(), 1);
        assert!(doors_to_std(&root("#[cfg(test)]\nextern crate std;\n")).is_empty());
        assert!(
            doors_to_std(&root("#[cfg(test)]\nmod tests {\n    extern crate std;\n}\n")).is_empty()
        );
        assert!(doors_to_std(&root(GOOD)).is_empty());
    }

    #[test]
    fn a_package_of_others_is_a_finding_unless_it_is_for_tests() {
        let planted: Planted<'_> =
            ("switch-core", &[("codec", None), ("mio", None), ("proptest", Some("dev"))]);
        let metadata = Metadata::planted(&[planted, ("codec", &[])]);
        let package = metadata.ours().next().unwrap();
        let findings = dependencies_of_others(&metadata, package, "[dependencies]\nmio = \"1\"\n");
        let places: Vec<_> =
            findings.iter().map(|found| (found.path.as_str(), found.line)).collect();
        assert_eq!(places, [("switch-core/Cargo.toml", 2)]);
    }
}
