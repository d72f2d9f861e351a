//! `cargo clippy` over all targets: a warning of rustc or clippy is a finding.

use std::collections::BTreeSet;
use std::io;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::cargo;
use crate::checkout::Checkout;
use crate::report::{Finding, Outcome};

pub(super) fn run(checkout: &Checkout) -> io::Result<Outcome> {
    let mut workspace = cargo::command(&checkout.root);
    workspace.args(["clippy", "--workspace"]);
    // The models are compiled in no other way.
    let mut models = cargo::loom_command(&checkout.root, "clippy");
    models.args(["--package", "switch-sync"]);

    // And two sites, so that no other build has a simulated disk in it.
    let mut sites = cargo::command(&checkout.root);
    sites.args(["clippy", "--package", "switch-sim", "--features", "broken"]);

    let mut findings = clippy(workspace)?;
    findings.extend(clippy(sites)?);
    findings.extend(clippy(models)?);
    Ok(Vec::from_iter(findings).into())
}

/// What one call of clippy has to say.
fn clippy(mut command: Command) -> io::Result<BTreeSet<Finding>> {
    command.args(["--all-targets", "--keep-going", "--message-format", "json"]);
    command.args(["--", "-D", "warnings"]);
    // Its progress goes to the terminal: a first build takes minutes.
    let output = command.stderr(Stdio::inherit()).output()?;
    let findings = findings(&String::from_utf8_lossy(&output.stdout));
    if !output.status.success() && findings.is_empty() {
        let advice = "see above; if clippy is missing: rustup component add clippy";
        return Err(io::Error::other(format!("cargo clippy failed; {advice}")));
    }
    Ok(findings)
}

/// A line of cargo's output.
#[derive(Deserialize)]
struct Line {
    message: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Diagnostic {
    message: String,
    level: String,
    code: Option<Code>,
    spans: Vec<Span>,
    children: Vec<Child>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: usize,
    is_primary: bool,
    expansion: Option<Expansion>,
}

/// The call of the macro that a span came out of.
#[derive(Deserialize)]
struct Expansion {
    span: Box<Span>,
}

#[derive(Deserialize)]
struct Child {
    level: String,
    message: String,
}

/// One finding for each diagnostic with a place; the same one from several targets counts once.
fn findings(output: &str) -> BTreeSet<Finding> {
    let diagnostics = output
        .lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok())
        .filter_map(|line| line.message)
        .filter(|diagnostic| matches!(diagnostic.level.as_str(), "warning" | "error"));
    diagnostics.filter_map(|diagnostic| finding(&diagnostic)).collect()
}

/// The finding that a diagnostic is; `None` for sums such as "3 errors emitted".
fn finding(diagnostic: &Diagnostic) -> Option<Finding> {
    let Diagnostic { message, code, spans, children, .. } = diagnostic;
    let mut place = spans.iter().find(|span| span.is_primary)?;
    // Inside a macro of others: the place is where ours called it.
    while let (true, Some(Expansion { span })) = (is_foreign(place), &place.expansion) {
        place = span;
    }
    let mut text = message.clone();
    if let Some(Code { code }) = code {
        text = format!("{text} ({code})");
    }
    let help = children.iter().find(|child| child.level == "help" && !is_routine(&child.message));
    if let Some(Child { message, .. }) = help {
        text = format!("{text}; {message}");
    }
    // A finding is one line.
    Some(Finding::new(&place.file_name, place.line_start, text.replace('\n', " ")))
}

/// Whether a span lies in a package of others or in the standard library.
fn is_foreign(span: &Span) -> bool {
    span.file_name.starts_with(['/', '<'])
}

/// Whether a help is one that clippy adds to every lint.
fn is_routine(help: &str) -> bool {
    help.starts_with("for further information") || help.starts_with("to override")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WARNING: &str = concat!(
        r#"{"reason":"compiler-message","message":{"message":"used `unwrap()`","level":"error","#,
        r#""code":{"code":"clippy::unwrap_used"},"spans":[{"file_name":"codec/src/mti.rs","#,
        r#""line_start":12,"is_primary":true}],"children":[{"level":"help","message":"use `?`"}]}}"#
    );

    #[test]
    fn a_diagnostic_is_a_finding_at_its_place() {
        let found: Vec<String> = findings(WARNING).iter().map(Finding::to_string).collect();
        assert_eq!(found, ["codec/src/mti.rs:12: used `unwrap()` (clippy::unwrap_used); use `?`"]);
    }

    #[test]
    fn a_diagnostic_inside_a_macro_of_others_is_placed_at_its_call() {
        let inner = r#""spans":[{"file_name":"/rustc/macros.rs","line_start":9,"is_primary":true,"#;
        let call = r#""expansion":{"span":{"file_name":"codec/src/mti.rs","line_start":3,"#;
        let output = format!(
            r#"{{"message":{{"message":"m","level":"error","code":null,{inner}{call}"is_primary":false}}}}}}],"children":[]}}}}"#
        );
        let found: Vec<String> = findings(&output).iter().map(Finding::to_string).collect();
        assert_eq!(found, ["codec/src/mti.rs:3: m"]);
    }

    #[test]
    fn the_help_that_every_lint_has_is_left_out() {
        let output = WARNING.replace("use `?`", "for further information visit the book");
        let found: Vec<String> = findings(&output).iter().map(Finding::to_string).collect();
        assert_eq!(found, ["codec/src/mti.rs:12: used `unwrap()` (clippy::unwrap_used)"]);
    }

    #[test]
    fn the_same_diagnostic_from_two_targets_counts_once() {
        assert_eq!(findings(&format!("{WARNING}\n{WARNING}\n")).len(), 1);
    }

    #[test]
    fn lines_that_are_not_diagnostics_are_no_findings() {
        let sum = r#"{"message":{"message":"2 errors","level":"error","code":null,"spans":[],"children":[]}}"#;
        let artifact = r#"{"reason":"compiler-artifact","fresh":true}"#;
        assert!(findings(&format!("{sum}\n{artifact}\nplain text\n")).is_empty());
    }
}
