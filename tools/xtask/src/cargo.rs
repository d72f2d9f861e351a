//! How cargo is called, and what `cargo metadata` says of our packages and those they use.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// The platforms the product is built for; what only others need is not looked at.
const PLATFORMS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// A call of the cargo that started us, at the top of the checkout.
pub(crate) fn command(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// A call of one of cargo's tasks with the model checker's atomics in place of the real ones.
pub(crate) fn loom_command(root: &Path, task: &str) -> Command {
    let mut command = command(root);
    // The flag reaches every package, so what it builds is kept apart from everything else.
    command.arg(task).arg("--target-dir").arg(target_of(root).join("loom"));
    command.env_remove("CARGO_ENCODED_RUSTFLAGS");
    command.env("RUSTFLAGS", with_loom(env::var_os("RUSTFLAGS")));
    command
}

/// Where cargo puts what it builds. A relative folder is relative to where cargo was started.
pub(crate) fn target_of(root: &Path) -> PathBuf {
    let here = env::current_dir().unwrap_or_else(|_| root.to_owned());
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| here.join(target))
}

/// The compiler's flags with the one for loom behind those that are set already.
fn with_loom(flags: Option<OsString>) -> OsString {
    let mut flags = flags.unwrap_or_default();
    if !flags.is_empty() {
        flags.push(" ");
    }
    flags.push("--cfg loom");
    flags
}

/// What `cargo metadata` says; only the parts that a check reads.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    /// Our packages and all they use, directly or not.
    pub(crate) packages: Vec<Package>,
    /// The ids of our packages.
    workspace_members: Vec<String>,
}

/// One package.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    id: String,
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Its licence as an SPDX expression, if it says one.
    pub(crate) license: Option<String>,
    /// Where it comes from; `None` when it is a path.
    pub(crate) source: Option<String>,
    /// Its Cargo.toml; relative to the top of the checkout if it is ours.
    pub(crate) manifest_path: String,
    /// What it asks for.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a package's dependencies.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The name of the package it asks for.
    pub(crate) name: String,
    /// The versions it takes.
    pub(crate) req: String,
    /// `None` for a normal one, else `dev` or `build`.
    pub(crate) kind: Option<String>,
    /// The folder, if it is a path.
    pub(crate) path: Option<String>,
}

impl Dependency {
    /// Whether it is there for tests and benches alone.
    pub(crate) fn is_dev(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

impl Metadata {
    /// Asks cargo about the workspace at `root`.
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let mut command = command(root);
        command.args(["metadata", "--format-version", "1"]);
        for platform in PLATFORMS {
            command.args(["--filter-platform", platform]);
        }
        let output = command.output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!("cargo metadata failed: {said}")));
        }
        let mut metadata: Self = serde_json::from_slice(&output.stdout)?;
        for package in &mut metadata.packages {
            if let Ok(relative) = Path::new(&package.manifest_path).strip_prefix(root) {
                package.manifest_path = relative.to_string_lossy().into_owned();
            }
        }
        Ok(metadata)
    }

    /// Whether a package is one of ours.
    pub(crate) fn is_ours(&self, package: &Package) -> bool {
        self.workspace_members.contains(&package.id)
    }

    /// Our packages.
    pub(crate) fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.is_ours(package))
    }
}

/// A package for a test: its name, and name and kind of each dependency.
#[cfg(test)]
pub(crate) type Planted<'a> = (&'a str, &'a [(&'a str, Option<&'a str>)]);

#[cfg(test)]
impl Metadata {
    /// Our packages for a test.
    pub(crate) fn planted(packages: &[Planted<'_>]) -> Self {
        let packages: Vec<Package> = packages
            .iter()
            .map(|(name, dependencies)| Package {
                id: (*name).to_owned(),
                name: (*name).to_owned(),
                version: "0.1.0".to_owned(),
                license: Some("Apache-2.0".to_owned()),
                source: None,
                manifest_path: format!("{name}/Cargo.toml"),
                dependencies: dependencies
                    .iter()
                    .map(|(name, kind)| planted(name, *kind))
                    .collect(),
            })
            .collect();
        let workspace_members = packages.iter().map(|package| package.id.clone()).collect();
        Self { packages, workspace_members }
    }

    /// The same with a package of others.
    pub(crate) fn with_other(mut self, name: &str, license: Option<&str>, source: &str) -> Self {
        self.packages.push(Package {
            id: format!("{source}#{name}"),
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            source: (!source.is_empty()).then(|| source.to_owned()),
            manifest_path: String::new(),
            dependencies: Vec::new(),
        });
        self
    }
}

#[cfg(test)]
fn planted(name: &str, kind: Option<&str>) -> Dependency {
    Dependency {
        name: name.to_owned(),
        req: "^1".to_owned(),
        kind: kind.map(str::to_owned),
        path: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_for_loom_stands_behind_the_flags_that_are_set() {
        assert_eq!(with_loom(None), "--cfg loom");
        assert_eq!(with_loom(Some("-C debuginfo=1".into())), "-C debuginfo=1 --cfg loom");
    }
}
