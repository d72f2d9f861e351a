//! Packages of three small programs in the place of ours: everything but their size is as it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::*;
use crate::checkout;

/// An empty folder of that name.
fn folder(name: &str) -> PathBuf {
    let root = checkout::root().unwrap();
    let folder = cargo::target_of(&root).join("tmp").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Programs that are none of ours, and a package of them.
fn small(name: &str) -> Package {
    let folder = folder(name);
    for program in programs::NAMES {
        fs::copy("/bin/true", folder.join(program)).unwrap();
    }
    let programs = Programs::of(&folder).unwrap();
    make(&checkout::root().unwrap(), &programs, &folder, Pressed::Little).unwrap()
}

fn dpkg_deb(arguments: &[&str], package: &Package) -> String {
    tools::output(Command::new("dpkg-deb").args(arguments).arg(&package.file)).unwrap()
}

#[test]
fn two_packages_of_the_same_programs_are_equal_byte_for_byte() {
    let [one, other] = ["package-one", "package-other"].map(small);
    let bytes = fs::read(&one.file).unwrap();
    assert!(bytes == fs::read(other.file).unwrap());

    // They could be so because both were made in one second.
    let moment = Moment::of(&checkout::root().unwrap()).unwrap();
    let in_header = bytes[24..36].trim_ascii();
    assert_eq!(in_header, moment.seconds().to_string().as_bytes());
    let listed = dpkg_deb(&["--contents"], &one);
    let dates: BTreeSet<Vec<&str>> =
        listed.lines().map(|line| line.split_whitespace().skip(3).take(2).collect()).collect();
    assert_eq!(dates.len(), 1, "{listed}");
}

#[test]
fn a_package_belongs_to_root_and_says_what_it_needs() {
    let package = small("package-owned");
    let listed = dpkg_deb(&["--contents"], &package);
    assert!(listed.lines().all(|line| line.contains(" root/root ")), "{listed}");
    for path in [
        "./usr/sbin/sekishod",
        "./usr/bin/sekisho",
        "./usr/bin/sekisho-bench",
        "./usr/lib/systemd/system/sekishod.service",
        "./etc/sekisho/sekisho.toml",
        "./etc/sekisho/conf.d/",
        "./usr/share/man/man8/sekishod.8.gz",
        "./usr/share/man/man1/sekisho-journal-verify.1.gz",
        "./usr/share/man/man1/sekisho-bench-load.1.gz",
        "./usr/share/man/man5/sekisho.toml.5.gz",
        "./usr/share/bash-completion/completions/sekisho",
        "./usr/share/doc/sekisho/changelog.gz",
        "./usr/share/doc/sekisho/runbook.md.gz",
        "./usr/share/doc/sekisho/third-party.gz",
    ] {
        assert!(listed.lines().any(|line| line.ends_with(&format!(" {path}"))), "{path}\n{listed}");
    }
    let needs = dpkg_deb(&["--field"], &package);
    assert!(needs.contains("\nDepends: libc6 (>= 2."), "{needs}");
    assert!(needs.contains(", systemd (>= 252)\n"), "{needs}");
}

#[test]
fn the_manual_has_every_key_of_the_example() {
    let root = checkout::root().unwrap();
    let example = fs::read_to_string(root.join("systemd/sekisho.toml")).unwrap();
    let mut tree = Tree::default();
    settings::add(&example, Moment::at(0), &mut tree).unwrap();
    let page = tree.text("usr/share/man/man5/sekisho.toml.5");
    let keys = example.lines().filter_map(|line| {
        let (key, _) = line.trim_start_matches("# ").split_once(" = ")?;
        key.chars().all(|c| c.is_ascii_lowercase() || c == '_').then_some(key)
    });
    let keys: Vec<&str> = keys.collect();
    assert!(keys.len() > 50, "{keys:?}");
    for key in keys {
        assert!(page.contains(&format!("\\fB{key}\\fR = ")), "{key}");
    }
}

#[test]
fn the_manual_has_no_page_of_what_people_do_not_give() {
    let mut tree = Tree::default();
    manual::add(Moment::at(0), &mut tree).unwrap();
    let pages: Vec<&str> = tree.files().collect();
    assert!(pages.contains(&"usr/share/man/man1/sekisho-status.1"), "{pages:?}");
    assert!(!pages.iter().any(|page| page.contains("help") || page.contains("__")), "{pages:?}");
}

#[test]
fn the_manual_keeps_the_lines_of_what_stands_behind_a_help() {
    let mut tree = Tree::default();
    manual::add(Moment::at(0), &mut tree).unwrap();
    let page = tree.text("usr/share/man/man1/sekisho.1");
    assert!(
        page.contains("\n.SH NOTES\n.nf\nData goes to stdout, everything else to stderr"),
        "{page}"
    );
    assert!(page.contains("\nExit codes: 0 done, 1 failed, "), "{page}");
    assert!(page.ends_with(", \\fBsekishod\\fR(8)\n"), "{page}");
}

#[test]
fn a_folder_without_the_programs_is_named() {
    let folder = folder("package-without");
    let error = Programs::of(&folder).unwrap_err().to_string();
    assert_eq!(error, format!("no program {}", folder.join("sekishod").display()));
}
