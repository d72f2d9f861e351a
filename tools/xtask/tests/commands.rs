//! What a user and CI see of `tools/setup` and of xtask's exit codes, from the outside.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn xtask(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments).output().expect("xtask was built")
}

/// Runs tools/setup where only the programs of one folder can be found.
fn setup(programs: &Path) -> Output {
    // Cargo runs a package's tests in its folder.
    Command::new("/bin/bash").arg("../setup").env("PATH", programs).output().expect("bash is there")
}

/// An empty folder of that name.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }
    fs::create_dir(&folder).expect("the folder is ours");
    folder
}

fn find_program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("cargo was found by it");
    let mut programs = std::env::split_paths(&path).map(|folder| folder.join(name));
    programs.find(|program| program.is_file()).expect("a machine that built this has it")
}

#[test]
fn a_campaign_that_does_not_exist_ends_in_3() {
    let output = xtask(&["campaign", "kill", "--count", "5"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_check_that_does_not_exist_is_a_wrong_use() {
    assert_eq!(xtask(&["check", "nonsense"]).status.code(), Some(2));
}

#[test]
fn setup_with_nothing_missing_needs_no_program_but_the_compiler_and_says_nothing() {
    let programs = folder("with-compiler");
    symlink(find_program("cc"), programs.join("cc")).unwrap();
    let output = setup(&programs);
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn setup_without_a_compiler_or_apt_get_says_what_to_install() {
    let output = setup(&folder("without-compiler"));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("missing: gcc libc6-dev\n"), "{said}");
    assert!(said.contains("apt-get install --yes gcc libc6-dev\n"), "{said}");
}
