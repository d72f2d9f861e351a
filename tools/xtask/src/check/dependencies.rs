//! What we use of others: licences that deny.toml allows, versions from crates.io, no wildcards.

mod licence;

use std::io;

use serde::Deserialize;

use super::arrows::line_of;
use crate::cargo::Metadata;
use crate::checkout::Checkout;
use crate::report::{Finding, Outcome};

/// The registry, by the two names cargo has for it.
const REGISTRIES: [&str; 2] =
    ["registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"];

/// The part of deny.toml that is checked here; a key that this check does not know is an error.
#[derive(Deserialize)]
struct Rules {
    licenses: Licences,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Licences {
    allow: Vec<String>,
    /// Ours are not published and not judged.
    #[serde(rename = "private")]
    _private: toml::Table,
}

pub(super) fn run(checkout: &Checkout) -> io::Result<Outcome> {
    let rules: Rules = toml::from_str(checkout.text("deny.toml"))
        .map_err(|error| io::Error::other(format!("deny.toml: {error}")))?;
    let lock = checkout.text("Cargo.lock");
    let mut findings = of_others(&checkout.metadata, &rules.licenses.allow, lock);
    findings.extend(wildcards(checkout));
    Ok(findings.into())
}

/// Licence and source of each package that is not ours.
fn of_others(metadata: &Metadata, allowed: &[String], lock: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in metadata.packages.iter().filter(|package| !metadata.is_ours(package)) {
        let name = format!("{} {}", package.name, package.version);
        let line = locked_at(lock, &package.name);
        let mut found = |text: String| findings.push(Finding::new("Cargo.lock", line, text));
        match &package.license {
            None => found(format!("{name} names no licence; use another crate")),
            Some(licence) if !licence::is_allowed(licence, allowed) => found(format!(
                "{name} is under `{licence}`, which deny.toml does not allow; use another crate"
            )),
            Some(_) => {}
        }
        match &package.source {
            Some(source) if REGISTRIES.contains(&source.as_str()) => {}
            Some(source) => found(format!("{name} comes from {source}; take it from crates.io")),
            None => {
                found(format!("{name} is a folder outside the workspace; take it from crates.io"));
            }
        }
    }
    findings
}

/// Versions left open in our manifests.
fn wildcards(checkout: &Checkout) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in checkout.metadata.ours() {
        let manifest = checkout.text(&package.manifest_path);
        let open =
            package.dependencies.iter().filter(|used| used.req == "*" && used.path.is_none());
        for used in open {
            let text = format!("any version of `{}` would do; name one", used.name);
            findings.push(Finding::new(
                &package.manifest_path,
                line_of(manifest, &used.name),
                text,
            ));
        }
    }
    findings
}

/// The line (from 1) of Cargo.lock where a package stands.
fn locked_at(lock: &str, name: &str) -> usize {
    let wanted = format!("name = \"{name}\"");
    lock.lines().position(|line| line == wanted).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::File;

    fn found(license: Option<&str>, source: &str) -> Vec<String> {
        let metadata = Metadata::planted(&[("codec", &[])]).with_other("left-pad", license, source);
        let allowed = ["MIT".to_owned(), "Apache-2.0".to_owned()];
        let lock = "version = 4\n\n[[package]]\nname = \"left-pad\"\n";
        of_others(&metadata, &allowed, lock).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_licence_that_is_allowed_from_the_registry_is_no_finding() {
        assert!(found(Some("MIT"), REGISTRIES[0]).is_empty());
    }

    #[test]
    fn a_licence_that_is_not_allowed_is_a_finding() {
        assert_eq!(
            found(Some("GPL-3.0-only"), REGISTRIES[0]),
            [
                "Cargo.lock:4: left-pad 1.0.0 is under `GPL-3.0-only`, which deny.toml does not allow; \
             use another crate"
            ]
        );
        assert_eq!(found(None, REGISTRIES[0]).len(), 1);
    }

    #[test]
    fn a_source_other_than_the_registry_is_a_finding() {
        for source in ["git+https://example.com/left-pad", "registry+https://example.com/index", ""]
        {
            assert_eq!(found(Some("MIT"), source).len(), 1, "{source}");
        }
    }

    #[test]
    fn an_open_version_is_a_finding_unless_it_is_a_path() {
        let used = [("mio", None), ("codec-specs", None), ("loom", None)];
        let mut metadata = Metadata::planted(&[("codec", &used)]);
        let [mio, specs, _closed] = metadata.packages[0].dependencies.as_mut_slice() else {
            panic!()
        };
        mio.req = "*".to_owned();
        specs.req = "*".to_owned();
        specs.path = Some("specs".to_owned());
        let files = vec![File::new("codec/Cargo.toml", "[dependencies]\nmio = \"*\"\n")];
        let checkout = Checkout { root: "/nowhere".into(), files, metadata };
        let findings: Vec<String> = wildcards(&checkout).iter().map(Finding::to_string).collect();
        assert_eq!(findings, ["codec/Cargo.toml:2: any version of `mio` would do; name one"]);
    }

    #[test]
    fn a_rule_of_deny_toml_that_is_not_checked_is_an_error() {
        let known = "[licenses]\nallow = [\"MIT\"]\nprivate = { ignore = true }\n";
        assert!(toml::from_str::<Rules>(known).is_ok());
        assert!(toml::from_str::<Rules>(&format!("{known}exceptions = []\n")).is_err());
    }
}
