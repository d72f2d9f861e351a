//! `cargo xtask package`: the Debian package, from programs that are there or are built for it. Knows the
//! steps; what is in the package, its manual and its control files are its children's affair.
//!
//! It is put together by dpkg-deb itself and not by cargo-deb: dpkg is on every machine that can use the
//! result, cargo-deb would first have to be compiled there.

mod completions;

mod contents;

mod control;

mod lint;

mod manual;

mod moment;

mod notices;

mod programs;

mod settings;

mod tools;

mod tree;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use self::control::Facts;
use self::moment::Moment;
use self::programs::Programs;
use self::tree::Tree;
use crate::report::Finding;
use crate::{Ended, cargo};

/// What is asked for.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Take the programs from this folder; without it they are built, for release
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
    /// Let lintian judge the package, and the daemon its configurations; 7 when one found something
    #[arg(long)]
    lint: bool,
}

/// How hard to press: a package that is only looked at and thrown away need not be small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pressed {
    Little,
    Well,
}

/// A package that lies there.
#[derive(Debug)]
pub(crate) struct Package {
    /// The package.
    file: PathBuf,
    /// What went into it, as files.
    tree: PathBuf,
    /// How many files and folders it has.
    entries: usize,
}

/// Makes the package in `debian` beside what cargo builds, and says what it made.
pub(crate) fn run(root: &Path, arguments: &Arguments, out: &mut dyn Write) -> io::Result<Ended> {
    let programs = match &arguments.programs {
        Some(folder) => Programs::of(folder)?,
        None => Programs::build(root)?,
    };
    let folder = cargo::target_of(root).join("debian");
    let package = make(root, &programs, &folder, Pressed::Well)?;
    let bytes = fs::metadata(&package.file)?.len();
    let Package { file, entries, .. } = &package;
    writeln!(out, "{}: {bytes} bytes, {entries} files and folders", file.display())?;
    if !arguments.lint {
        return Ok(Ended::Done);
    }
    let findings = judge(&package)?;
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    Ok(if findings.is_empty() { Ended::Done } else { Ended::Found })
}

/// A package of the programs beside this one, as it was built itself, and what is wrong with it.
pub(crate) fn check(root: &Path) -> io::Result<Vec<Finding>> {
    let programs = Programs::beside(root)?;
    let folder = cargo::target_of(root).join("debian/check");
    judge(&make(root, &programs, &folder, Pressed::Little)?)
}

/// A package of the programs beside this one, as it was built itself, for whoever wants to install it.
pub(crate) fn trial(root: &Path) -> io::Result<PathBuf> {
    let programs = Programs::beside(root)?;
    let folder = cargo::target_of(root).join("debian/trial");
    Ok(make(root, &programs, &folder, Pressed::Little)?.file)
}

/// What lintian says of a package, and the daemon of the configurations in it.
fn judge(package: &Package) -> io::Result<Vec<Finding>> {
    let mut findings = lint::of_lintian(&package.file)?;
    findings.extend(lint::of_daemon(&package.tree)?);
    Ok(findings)
}

/// Makes the package in a folder of its own, which is emptied first.
fn make(root: &Path, programs: &Programs, folder: &Path, pressed: Pressed) -> io::Result<Package> {
    let (top, stripped) = (folder.join("tree"), folder.join("programs"));
    for gone in [&top, &stripped] {
        if gone.exists() {
            fs::remove_dir_all(gone)?;
        }
    }
    fs::create_dir_all(folder)?;

    let moment = Moment::of(root)?;
    let programs = programs.strip(&stripped)?;
    let mut tree = Tree::default();
    contents::lay_out(root, &programs, moment, &mut tree)?;
    let (entries, kibibytes) = tree.size();
    tree.write(&top)?;

    let facts = Facts::of(&programs, folder, kibibytes)?;
    let conffiles = contents::CONFFILES.map(|(_, to)| to);
    control::write(root, &facts, &conffiles, &top)?;

    let file = folder.join(format!("sekisho_{}_{}.deb", facts.version, facts.architecture));
    let mut build = Command::new("dpkg-deb");
    build.args(["--root-owner-group", "--threads-max=1", "-Zxz"]);
    build.arg(if pressed == Pressed::Well { "-z6" } else { "-z0" });
    build.arg("--build").args([&top, &file]);
    // What was written just now is dated back to it.
    build.env("SOURCE_DATE_EPOCH", moment.seconds().to_string());
    tools::output(&mut build)?;
    Ok(Package { file, tree: top, entries })
}

#[cfg(test)]
mod tests;
