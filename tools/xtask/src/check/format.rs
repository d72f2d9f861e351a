//! `cargo fmt`: every file looks as rustfmt.toml says.

use std::io;
use std::path::Path;

use crate::cargo;
use crate::checkout::Checkout;
use crate::report::{Finding, Outcome};

pub(super) fn run(checkout: &Checkout) -> io::Result<Outcome> {
    let mut command = cargo::command(&checkout.root);
    command.args(["fmt", "--all", "--", "--check", "--files-with-diff"]);
    let output = command.output()?;
    let listed = String::from_utf8_lossy(&output.stdout);
    let findings = findings(&checkout.root, &listed);
    if !output.status.success() && findings.is_empty() {
        let said = String::from_utf8_lossy(&output.stderr);
        let advice = "if rustfmt is missing: rustup component add rustfmt";
        return Err(io::Error::other(format!("cargo fmt failed ({advice}): {said}")));
    }
    Ok(findings.into())
}

/// One finding for each file that rustfmt names.
fn findings(root: &Path, listed: &str) -> Vec<Finding> {
    let mut paths: Vec<&Path> = listed.lines().map(Path::new).collect();
    paths.sort();
    paths.dedup();
    let finding = |path: &Path| {
        let path = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
        Finding::new(&path, 1, "is not formatted; run `cargo fmt --all`")
    };
    paths.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_rustfmt_names_is_a_finding_once() {
        let listed = "/top/codec/src/lib.rs\n/top/codec/src/lib.rs\n/top/bench/src/main.rs\n";
        let found: Vec<String> =
            findings(Path::new("/top"), listed).iter().map(Finding::to_string).collect();
        assert_eq!(
            found,
            [
                "bench/src/main.rs:1: is not formatted; run `cargo fmt --all`",
                "codec/src/lib.rs:1: is not formatted; run `cargo fmt --all`",
            ]
        );
    }
}
