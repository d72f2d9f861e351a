//! Who of our packages may use whom: the arrows of the design, and nothing else.

use crate::cargo::{Metadata, Package};
use crate::checkout::Checkout;
use crate::report::{Finding, Outcome};

/// Each of our packages and what of ours it may use. Dev-dependencies are exempt, and so is xtask.
const ARROWS: [(&str, &[&str]); 10] = [
    ("codec", &[]),
    ("journal", &[]),
    ("switch-sync", &[]),
    ("switch-net", &[]),
    ("codec-specs", &["codec"]),
    ("switch-core", &["codec"]),
    ("switch-sim", &["switch-core", "switch-sync", "codec", "journal"]),
    ("daemon", &["codec", "journal", "switch-sync", "switch-net", "codec-specs", "switch-core"]),
    ("bench", &["codec", "codec-specs", "switch-net"]),
    ("ctl", &["daemon", "bench", "journal", "codec", "codec-specs", "switch-core"]),
];

pub(super) fn run(checkout: &Checkout) -> Outcome {
    let manifest_of = |package: &Package| checkout.text(&package.manifest_path);
    findings(&checkout.metadata, manifest_of).into()
}

fn findings<'a>(metadata: &Metadata, manifest_of: impl Fn(&Package) -> &'a str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in metadata.ours().filter(|package| package.name != "xtask") {
        let Package { name, manifest_path, dependencies, .. } = package;
        let arrows = ARROWS.iter().find(|(from, _)| from == name);
        let Some((_, allowed)) = arrows else {
            let text = format!("no arrows for `{name}`; name them in the design and in this check");
            findings.push(Finding::new(manifest_path, 1, text));
            continue;
        };
        let used = dependencies.iter().filter(|dependency| !dependency.is_dev());
        let ours = used.filter(|used| metadata.ours().any(|package| package.name == used.name));
        for used in ours.filter(|used| !allowed.contains(&used.name.as_str())) {
            let line = line_of(manifest_of(package), &used.name);
            let text = format!(
                "`{name}` must not use `{}`; it may use {}; move what it needs, or make it a \
                 dev-dependency if only tests need it",
                used.name,
                if allowed.is_empty() { "nothing of ours".to_owned() } else { allowed.join(", ") }
            );
            findings.push(Finding::new(manifest_path, line, text));
        }
    }
    findings
}

/// The line (from 1) of a manifest that asks for a package; 1 if none does in plain sight.
pub(super) fn line_of(manifest: &str, name: &str) -> usize {
    let asks = |line: &str| {
        let rest = line.trim_start().strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with([' ', '.', '=']))
    };
    manifest.lines().position(asks).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::Planted;

    const MANIFEST: &str =
        "[package]\nname = \"codec\"\n\n[dependencies]\nswitch-core.workspace = true\n";

    fn found(packages: &[Planted<'_>]) -> Vec<String> {
        let metadata = Metadata::planted(packages);
        findings(&metadata, |_| MANIFEST).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn an_arrow_against_the_design_is_a_finding() {
        let found =
            found(&[("codec", &[("switch-core", None)]), ("switch-core", &[("codec", None)])]);
        assert_eq!(
            found,
            [
                "codec/Cargo.toml:5: `codec` must not use `switch-core`; it may use nothing of ours; \
             move what it needs, or make it a dev-dependency if only tests need it"
            ]
        );
    }

    #[test]
    fn a_build_dependency_is_an_arrow_and_a_dev_dependency_is_none() {
        let codec = ("codec", &[][..]);
        assert_eq!(found(&[("switch-net", &[("codec", Some("build"))]), codec]).len(), 1);
        assert_eq!(found(&[("switch-net", &[("codec", Some("dev"))]), codec]).len(), 0);
    }

    #[test]
    fn the_daemon_must_not_use_the_simulator() {
        assert_eq!(found(&[("daemon", &[("switch-sim", None)]), ("switch-sim", &[])]).len(), 1);
    }

    #[test]
    fn nobody_may_use_xtask_but_xtask_may_use_anybody() {
        assert_eq!(found(&[("codec", &[("xtask", None)]), ("xtask", &[("codec", None)])]).len(), 1);
    }

    #[test]
    fn a_package_without_arrows_is_a_finding() {
        assert_eq!(found(&[("codec-extras", &[])]).len(), 1);
    }

    #[test]
    fn packages_of_others_are_no_arrows() {
        assert!(found(&[("switch-net", &[("mio", None)])]).is_empty());
    }
}
