//! What is wrong with a package: by lintian, and by the daemon that is in it. Changes nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::contents::CONFFILES;
use crate::report::Finding;

/// Where configurations are that somebody may start from.
const EXAMPLES: &str = "usr/share/doc/sekisho/examples";

/// What lintian remarks that says nothing of ours.
const SUPPRESSED: [&str; 3] = [
    // It looks for checks that glibc's headers put into C; Rust has its own, and no such headers.
    "hardening-no-fortify-functions",
    // It takes three bytes of machine code for a word.
    "spelling-error-in-binary",
    // The daemon reports to systemd, takes its keys from it and is fed to its watchdog.
    "package-supports-alternative-init-but-no-init.d-script",
];

/// What lintian finds: errors, warnings and what it thinks worth a remark.
pub(super) fn of_lintian(package: &Path) -> io::Result<Vec<Finding>> {
    let mut lintian = Command::new("lintian");
    // Root may build in a container, and nobody's own settings shall matter.
    lintian.args(["--no-cfg", "--allow-root", "--display-info", "--tag-display-limit=0"]);
    lintian.args(["--color=never", "--fail-on=error,warning,info"]);
    lintian.arg("--suppress-tags").arg(SUPPRESSED.join(",")).arg(package);
    let output = lintian.output().map_err(|error| {
        io::Error::new(error.kind(), format!("lintian: {error}; tools/setup installs it"))
    })?;
    let name = package.file_name().unwrap_or_default().to_string_lossy();
    let said = String::from_utf8_lossy(&output.stdout);
    let findings: Vec<Finding> = said.lines().filter_map(|line| of_line(&name, line)).collect();
    // 2 is "it found what --fail-on names".
    if output.status.success() || (output.status.code() == Some(2) && !findings.is_empty()) {
        return Ok(findings);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("lintian: {}: {}", output.status, said.trim_end())))
}

/// `E: sekisho: no-changelog usr/share/doc ...` as a finding; notes (N) and overrides (O) are none.
fn of_line(name: &str, line: &str) -> Option<Finding> {
    let (code, text) = line.split_once(": ")?;
    matches!(code, "E" | "W" | "I").then(|| {
        let text = text.strip_prefix("sekisho: ").unwrap_or(text);
        Finding::new(name, 1, format!("lintian: {code}: {text}"))
    })
}

/// What the daemon in the package says of the configuration and the examples in it.
pub(super) fn of_daemon(tree: &Path) -> io::Result<Vec<Finding>> {
    let credentials = tree.with_file_name("credentials");
    fs::create_dir_all(&credentials)?;
    fs::write(credentials.join("journal-key"), [7; 32])?;
    let mut findings = Vec::new();
    for settings in configurations(tree)? {
        let mut check = Command::new(tree.join("usr/sbin/sekishod"));
        check.arg("--check").arg("--config").arg(&settings);
        let output = check.env("CREDENTIALS_DIRECTORY", &credentials).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let path = settings.strip_prefix(tree).unwrap_or(&settings).to_string_lossy();
            let text = format!("sekishod --check: {}: {}", output.status, said.trim_end());
            findings.push(Finding::new(&path, 1, text));
        }
    }
    Ok(findings)
}

/// The configuration that is installed, and every example of one.
fn configurations(tree: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![tree.join(CONFFILES[0].1)];
    for entry in fs::read_dir(tree.join(EXAMPLES))? {
        let path = entry?.path();
        // What lies in a folder of its own is the example of that folder's name.
        let path = if path.is_dir() { path.join("sekisho.toml") } else { path };
        if path.is_file() && path.extension().is_some_and(|end| end == "toml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lintian_finds_is_a_finding_and_what_it_notes_is_none() {
        let name = "sekisho_0.1.0_amd64.deb";
        let of = |line| of_line(name, line).map(|finding| finding.to_string());
        let found = of("W: sekisho: no-manual-page [usr/bin/sekisho]").unwrap();
        assert_eq!(found, format!("{name}:1: lintian: W: no-manual-page [usr/bin/sekisho]"));
        assert_eq!(of("N: 0 hints overridden"), None);
        assert_eq!(of(""), None);
    }
}
