//! `cargo clippy` over all targets: a warning of rustc or clippy is a finding.

use std::collections::BTreeSet;
use std::io;
use std::process::Stdio;

use serde::Deserialize;

use crate::cargo;
use crate::checkout::Checkout;
use crate::report::{Finding, Outcome};

pub(super) fn run(checkout: &Checkout) -> io::Result<Outcome> {
    let mut command = cargo::command(&checkout.root);
    command.args(["clippy", "--workspace", "--all-targets", "--keep-going"]);
    command.args(["--message-format", "json", "--", "-D", "warnings"]);
    // Its progress goes to the terminal: a first build takes minutes.
    let output = command.stderr(Stdio::inherit()).output()?;
    let findings = findings(&String::from_utf8_lossy(&output.stdout));
    if !output.status.success() && findings.is_empty() {
        let advice = "see above; if clippy is missing: rustup component add clippy";
        return Err(io::Error::other(format!("cargo clippy failed; {advice}")));
    }
    Ok(findings.into())
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
}

#[derive(Deserialize)]
struct Child {
    level: String,
    message: String,
}

/// One finding for each diagnostic with a place; the same one from several targets counts once.
fn findings(output: &str) -> Vec<Finding> {
    let diagnostics = output
        .lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok())
        .filter_map(|line| line.message)
        .filter(|diagnostic| matches!(diagnostic.level.as_str(), "warning" | "error"));
    diagnostics
        .filter_map(|diagnostic| finding(&diagnostic))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// The finding that a diagnostic is; `None` for sums such as "3 errors emitted".
fn finding(diagnostic: &Diagnostic) -> Option<Finding> {
    let Diagnostic { message, code, spans, children, .. } = diagnostic;
    let place = spans.iter().find(|span| span.is_primary)?;
    let mut text = message.clone();
    if let Some(Code { code }) = code {
        text = format!("{text} ({code})");
    }
    let help = children.iter().find(|child| child.level == "help");
    if let Some(Child { message, .. }) = help {
        text = format!("{text}; {message}");
    }
    // A finding is one line.
    Some(Finding::new(&place.file_name, place.line_start, text.replace('\n', " ")))
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
