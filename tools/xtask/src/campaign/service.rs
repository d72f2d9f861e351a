//! `campaign service`: the package in a real Debian, installed, run, broken and removed as the runbook
//! (`systemd/README.md`) says, and seen in its log. Must not know how a machine is made.

mod field;
mod proof;
mod runbook;
mod site;

mod blows;
mod change;
mod disks;
mod end;
mod install;
mod pair;
mod people;
mod refused;
mod traffic;
mod watched;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use self::proof::Proof;
use self::runbook::Runbook;
use super::trouble::Trouble;
use crate::Ended;
use crate::cargo;
use crate::machine::{base, namespace};
use crate::package;
use crate::report::{self, Row};

/// One step: its name, and what it does and says that it saw.
type Step = (&'static str, fn(&mut Proof<'_>) -> Result<String, Trouble>);

/// All of them, in the order of a service's life.
const STEPS: [Step; 42] = [
    ("install", install::installs),
    ("start", install::starts),
    ("authorize", traffic::authorizes),
    ("issuer away", traffic::loses_an_issuer),
    ("silent issuer", traffic::has_a_silent_issuer),
    ("closed file", change::warns_of_a_closed_file),
    ("reload", change::reloads),
    ("broken reload", change::refuses_what_is_broken),
    ("broken start", change::ends_with_78),
    ("no key", refused::without_a_key),
    ("taken port", refused::with_a_port_that_is_taken),
    ("roles", people::knows_its_operators),
    ("kill", blows::is_killed),
    ("hang", blows::hangs_a_worker),
    ("slow journal", blows::hangs_the_journal),
    ("full disk", disks::fills),
    ("upgrade", end::is_upgraded),
    ("stop", end::stops_under_load),
    ("books", end::closes_the_books),
    ("move", end::moves),
    ("pair", pair::is_installed),
    ("restarts", pair::starts_again),
    ("change both", pair::changes_both),
    ("switch-over", pair::changes_places),
    ("standby lost", pair::loses_the_standby),
    ("primary lost", pair::loses_the_primary),
    ("frozen", pair::stands_still),
    ("witness", watched::gets_a_witness),
    ("line cut", watched::loses_the_line),
    ("killed", watched::is_killed),
    ("standstill", watched::stands_still),
    ("cut off", watched::is_cut_off),
    ("power", watched::loses_its_power),
    ("isolated", watched::is_isolated),
    ("drills", watched::is_drilled),
    ("no witness", watched::loses_the_witness),
    ("pair's books", pair::closes_the_books),
    ("orphans", pair::shows_what_was_cut),
    ("disk lost", pair::loses_a_disk),
    ("failed disk", disks::fails),
    ("remove", end::is_removed),
    ("runbook", end::every_word_of_the_runbook),
];

/// Builds what is needed, and goes on in namespaces of its own.
pub(super) fn prepare(
    root: &Path,
    ready: Option<&Path>,
    steps: &[String],
    out: &mut dyn Write,
) -> io::Result<Ended> {
    let made = || -> Result<PathBuf, Trouble> {
        let target = cargo::target_of(root);
        base::base(&target).map_err(Trouble::failed("a Debian for machines"))?;
        match ready {
            Some(package) => Ok(package.to_owned()),
            None => package::trial(root).map_err(Trouble::failed("the package")),
        }
    };
    let (package, took) = report::timed(made);
    match package {
        Ok(package) => {
            writeln!(out, "a Debian and the package are there after {}", report::seconds(took))?;
            let mut arguments = vec!["campaign".to_owned(), "service".to_owned()];
            arguments.extend(["--unshared".to_owned(), "--package".to_owned()]);
            arguments.push(fs::canonicalize(package)?.to_string_lossy().into_owned());
            if !steps.is_empty() {
                arguments.extend(["--steps".to_owned(), steps.join(",")]);
            }
            let status = namespace::again(arguments)?;
            Ok(match status.code() {
                Some(0) => Ended::Done,
                Some(7) => Ended::Found,
                _ => Ended::Failed,
            })
        }
        Err(trouble) => super::end("service", &trouble, out),
    }
}

/// The steps one behind the other, in namespaces of their own; those of these names, where some are named.
pub(super) fn run(
    root: &Path,
    package: &Path,
    names: &[String],
    out: &mut dyn Write,
) -> io::Result<Ended> {
    if let Some(name) = names.iter().find(|name| STEPS.iter().all(|(step, _)| step != name)) {
        writeln!(out, "campaign service: no step is called `{name}`")?;
        return Ok(Ended::NotFound);
    }
    let is_asked = |(name, _): &&Step| names.is_empty() || names.iter().any(|asked| asked == name);
    let steps: Vec<_> = STEPS.iter().filter(is_asked).copied().collect();
    let target = cargo::target_of(root);
    let mut rows = Vec::new();
    let ran = proven(root, &target, package, &steps, &mut rows, out);
    writeln!(out)?;
    report::table(&rows, out)?;
    match ran {
        Ok(()) => {
            let took = report::seconds(rows.iter().map(|row| row.took).sum());
            writeln!(
                out,
                "campaign service: {} steps in {took}: each as the runbook says, seen in the machine's log",
                rows.len()
            )?;
            Ok(Ended::Done)
        }
        Err(trouble) => {
            writeln!(out, "{trouble}")?;
            super::end("service", &trouble, out)
        }
    }
}

fn proven(
    root: &Path,
    target: &Path,
    package: &Path,
    steps: &[Step],
    rows: &mut Vec<Row>,
    out: &mut dyn Write,
) -> Result<(), Trouble> {
    let text = fs::read_to_string(root.join("systemd/README.md"));
    let runbook = Runbook::read(&text.map_err(Trouble::failed("the runbook"))?);
    namespace::prepare().map_err(Trouble::failed("a place for machines"))?;
    let base = base::base(target).map_err(Trouble::failed("a Debian for machines"))?;
    let mut proof = Proof::boot(&base, package, runbook, out)?;
    for &(name, step) in steps {
        proof.begins(name);
        let (done, took) = report::timed(|| step(&mut proof));
        match done {
            Ok(about) => rows.push(Row { name, verdict: "ok".to_owned(), took, about }),
            Err(trouble) => {
                let about = String::new();
                rows.push(Row { name, verdict: "FAILED".to_owned(), took, about });
                proof.last_words();
                return Err(trouble);
            }
        }
    }
    proof.ends_all()
}
