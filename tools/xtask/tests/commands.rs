//! What a user and CI see of `tools/setup` and of xtask's exit codes, from the outside.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn xtask(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments).output().expect("xtask was built")
}

/// Runs tools/setup where only the programs of one folder can be found, with that folder in place of
/// cargo's target.
fn setup(programs: &Path) -> Output {
    // Cargo runs a package's tests in its folder.
    let mut setup = Command::new("/bin/bash");
    setup.arg("../setup").env("PATH", programs).env("CARGO_TARGET_DIR", programs);
    setup.output().expect("bash is there")
}

/// What tools/setup would install for Python.
fn python_packages() -> String {
    let text = fs::read_to_string("../setup").expect("it is there");
    let line = text.lines().find_map(|line| line.strip_prefix("python=("));
    line.and_then(|line| line.strip_suffix(')')).expect("a line names them").replace('"', "")
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
    let output = xtask(&["campaign", "nonsense", "--count", "5"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        said,
        "xtask: no campaign `nonsense`; there are kill, power, failover, partition, freeze, service, sim and sites\n"
    );
}

#[test]
fn a_campaign_without_any_patience_is_a_wrong_use() {
    assert_eq!(xtask(&["campaign", "failover", "--patience", "0"]).status.code(), Some(2));
}

#[test]
fn a_check_that_does_not_exist_is_a_wrong_use() {
    assert_eq!(xtask(&["check", "nonsense"]).status.code(), Some(2));
}

#[test]
fn setup_with_nothing_missing_needs_no_program_but_the_compiler_and_says_nothing() {
    let programs = folder("with-everything");
    symlink(find_program("cc"), programs.join("cc")).unwrap();
    // These are only looked for.
    let mut programs_sought = vec!["tshark", "mount", "umount", "unshare", "setpriv", "mkfs.ext4"];
    programs_sought.extend(["strace", "dpkg-deb", "dpkg-shlibdeps", "strip", "lintian"]);
    programs_sought.extend([
        "systemd-analyze",
        "mmdebstrap",
        "systemd-nspawn",
        "nsenter",
        "openssl",
        "etcd",
    ]);
    for program in programs_sought {
        symlink(find_program("true"), programs.join(program)).unwrap();
    }
    fs::create_dir_all(programs.join("python/bin")).unwrap();
    symlink(find_program("true"), programs.join("python/bin/python")).unwrap();
    fs::write(programs.join("python/wanted"), python_packages() + "\n").unwrap();
    let output = setup(&programs);
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn setup_without_anything_nor_apt_get_says_what_to_install() {
    let output = setup(&folder("without-anything"));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let packages = "gcc libc6-dev tshark python3 python3-venv mount util-linux e2fsprogs strace \
                    systemd dpkg-dev binutils lintian etcd-server";
    // Only root can boot what these make.
    let more = " mmdebstrap systemd-container iproute2 openssl";
    let is_root = rustix::process::geteuid().is_root();
    let packages = format!("{packages}{}", if is_root { more } else { "" });
    assert!(said.contains(&format!("missing: {packages}\n")), "{said}");
    assert!(said.contains(&format!("apt-get install --yes {packages}\n")), "{said}");
}
