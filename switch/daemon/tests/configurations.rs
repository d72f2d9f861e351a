//! Configurations that can not run, each with the one mistake that its first line names, and exactly
//! what `sekishod --check` says of it, in the file beside it. Where a configuration needs more files,
//! they are in the directory beside it. `UPDATE=1 cargo test -p daemon --test configurations` writes
//! what is said now; read it as somebody who has never seen the program.
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// As many as there must be.
const BAD_MIN: usize = 110;
/// Of a configuration that is checked as one of a node with real cards.
const IN_EARNEST: &str = "# without --insecure-demo";

fn bad() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configurations/bad")
}

/// The configurations, by name.
fn all() -> Vec<PathBuf> {
    let entries = fs::read_dir(bad()).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    all.sort();
    all
}

/// A directory that goes away with the test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sekisho-configurations-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            fs::create_dir(&to).unwrap();
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// What the daemon says of one on its standard error, and how it ends.
fn checked(path: &Path) -> (Option<i32>, String) {
    let directory = Directory::new();
    let text = fs::read_to_string(path).unwrap();
    // Sources are ASCII, so a byte of another encoding stands there by its number.
    let bytes = text.split("%F4").map(str::as_bytes).collect::<Vec<_>>().join(&0xF4);
    fs::write(directory.0.join("sekisho.toml"), bytes).unwrap();
    let more = path.with_extension("d");
    if more.is_dir() {
        copy(&more, &directory.0);
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekishod"));
    command.args(["--check", "--config", "sekisho.toml"]).current_dir(&directory.0);
    if !text.contains(IN_EARNEST) {
        command.arg("--insecure-demo");
    }
    let output = command.env_remove("CREDENTIALS_DIRECTORY").output().unwrap();
    assert_eq!(output.stdout, b"", "{}", path.display());
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn each_bad_configuration_is_refused_with_its_exact_message() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for path in all() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (code, said) = checked(&path);
        assert_eq!(code, Some(78), "{name}: {said}");
        each_line_says_where(&name, &said);
        let snapshot = path.with_extension("txt");
        if update {
            fs::write(&snapshot, &said).unwrap();
        }
        let expected = fs::read_to_string(&snapshot).unwrap_or_default();
        if expected != said {
            wrong.push(format!("{name}\nexpected:\n{expected}said:\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_are_at_least_a_hundred_and_ten_and_each_snapshot_belongs_to_one() {
    let names: Vec<_> = all().into_iter().map(|path| path.with_extension("")).collect();
    assert!(names.len() >= BAD_MIN, "{}", names.len());
    for entry in fs::read_dir(bad()).unwrap() {
        let path = entry.unwrap().path();
        assert!(names.contains(&path.with_extension("")), "{} belongs to none", path.display());
    }
}

/// `file:line:column:`, the file as the operator named it or as the configuration does.
fn each_line_says_where(name: &str, said: &str) {
    assert!(!said.is_empty(), "{name}");
    for line in said.lines() {
        let mut parts = line.splitn(4, ':');
        let file = parts.next().unwrap();
        let (row, column) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        let number = |text: &str| text.parse::<u32>().is_ok_and(|number| number > 0);
        let told = Path::new(file).extension().is_some_and(|end| end == "toml");
        let relative = Path::new(file).is_relative();
        assert!(told && relative && number(row) && number(column), "{name}: {line}");
    }
}
