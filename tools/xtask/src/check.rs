//! Every check but the tests: the list of them, and how they are run and summed up.
//! A check judges a `Checkout`; it changes nothing and asks nobody else.

mod arrows;
mod ascii;
mod dependencies;
mod first_lines;
mod format;
mod lengths;
mod lints;
mod marks;
mod names;
mod no_std;
mod paths;
mod unit;
mod unsafe_places;

use std::io::{self, Write};

use crate::Ended;
use crate::checkout::{Checkout, File};
use crate::report::{self, Finding, Outcome, Row};

/// One check.
struct Check {
    name: &'static str,
    about: &'static str,
    look: Look,
}

/// How a check looks: at one file after the other, at the whole, or by asking another program.
enum Look {
    Files(fn(&File) -> Vec<Finding>),
    Whole(fn(&Checkout) -> Outcome),
    Asks(fn(&Checkout) -> io::Result<Outcome>),
}

impl Look {
    fn at(&self, checkout: &Checkout) -> io::Result<Outcome> {
        match self {
            Self::Files(judge) => {
                let findings: Vec<Finding> = checkout.files.iter().flat_map(judge).collect();
                Ok(findings.into())
            }
            Self::Whole(judge) => Ok(judge(checkout)),
            Self::Asks(ask) => ask(checkout),
        }
    }
}

/// All checks, in the order they run: the quick ones first.
const CHECKS: [Check; 14] = [
    Check { name: "arrows", about: "who of ours may use whom", look: Look::Whole(arrows::run) },
    Check {
        name: "no-std",
        about: "codec and switch-core do without std",
        look: Look::Whole(no_std::run),
    },
    Check {
        name: "dependencies",
        about: "licences and sources",
        look: Look::Asks(dependencies::run),
    },
    Check {
        name: "unsafe-places",
        about: "unsafe code only where named",
        look: Look::Whole(unsafe_places::run),
    },
    Check { name: "lengths", about: "files of at most 500 lines", look: Look::Whole(lengths::run) },
    Check {
        name: "names",
        about: "names the style guide bans",
        look: Look::Files(names::findings),
    },
    Check {
        name: "first-lines",
        about: "files say what they are for",
        look: Look::Files(first_lines::findings),
    },
    Check { name: "ascii", about: "sources in ASCII", look: Look::Files(ascii::findings) },
    Check { name: "paths", about: "no path of one machine", look: Look::Files(paths::findings) },
    Check { name: "marks", about: "nothing left over", look: Look::Files(marks::findings) },
    Check { name: "unit", about: "the service as systemd sees it", look: Look::Asks(unit::run) },
    Check { name: "format", about: "cargo fmt", look: Look::Asks(format::run) },
    Check { name: "lints", about: "cargo clippy", look: Look::Asks(lints::run) },
    Check {
        name: "package",
        about: "the Debian package, by lintian; its configurations, by sekishod",
        look: Look::Asks(package),
    },
];

fn package(checkout: &Checkout) -> io::Result<Outcome> {
    Ok(crate::package::check(&checkout.root)?.into())
}

/// The names of all checks.
pub(crate) fn names() -> [&'static str; CHECKS.len()] {
    CHECKS.map(|check| check.name)
}

/// Runs the checks of those names, or all when there are none, and prints what they found.
pub(crate) fn run(
    checkout: &Checkout,
    names: &[String],
    verbose: bool,
    out: &mut dyn Write,
) -> io::Result<Ended> {
    let mut rows = Vec::new();
    let mut ended = Ended::Done;
    for Check { name, about, look } in &CHECKS {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        let (result, took) = report::timed(|| look.at(checkout));
        let verdict = match result {
            Ok(outcome) => {
                if !outcome.findings.is_empty() {
                    ended = Ended::Found;
                }
                print(&outcome, verbose, out)?;
                verdict(outcome.findings.len())
            }
            // A check that could not look has not passed.
            Err(error) => {
                ended = Ended::Found;
                writeln!(out, "{name}: could not run: {error}")?;
                "could not run".to_owned()
            }
        };
        rows.push(Row { name, verdict, took, about: (*about).to_owned() });
    }
    writeln!(out)?;
    report::table(&rows, out)?;
    Ok(ended)
}

fn print(outcome: &Outcome, verbose: bool, out: &mut dyn Write) -> io::Result<()> {
    for line in &outcome.list {
        writeln!(out, "{line}")?;
    }
    for finding in &outcome.findings {
        writeln!(out, "{finding}")?;
    }
    if verbose {
        for advice in &outcome.advice {
            writeln!(out, "{advice} (advice)")?;
        }
    }
    Ok(())
}

fn verdict(findings: usize) -> String {
    match findings {
        0 => "ok".to_owned(),
        1 => "1 finding".to_owned(),
        many => format!("{many} findings"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::Metadata;

    fn planted(text: &str) -> Checkout {
        let files = vec![File::new("codec/src/mti.rs", text)];
        Checkout { root: "/nowhere".into(), files, metadata: Metadata::planted(&[]) }
    }

    fn run_named(name: &str, checkout: &Checkout) -> (Ended, String) {
        let mut out = Vec::new();
        let ended = run(checkout, &[name.to_owned()], false, &mut out).unwrap();
        (ended, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_finding_is_printed_and_ends_in_found() {
        let (ended, out) = run_named("first-lines", &planted("fn a() {}\n"));
        assert_eq!(ended, Ended::Found);
        assert!(out.starts_with("codec/src/mti.rs:1: "), "{out}");
        assert!(out.contains("first-lines  1 finding "), "{out}");
    }

    #[test]
    fn nothing_found_ends_in_done() {
        let (ended, out) = run_named("first-lines", &planted("//! The message type.\n"));
        assert_eq!(ended, Ended::Done);
        assert!(out.contains("first-lines  ok "), "{out}");
        assert!(!out.contains("lints"), "{out}");
    }

    #[test]
    fn a_check_that_can_not_run_has_not_passed() {
        let (ended, out) = run_named("dependencies", &planted(""));
        assert_eq!(ended, Ended::Found);
        assert!(out.contains("dependencies: could not run: "), "{out}");
    }

    #[test]
    fn every_check_has_a_name_of_its_own() {
        let mut names = names();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
