//! The verdict of a demo of two sites as people read it. A pure function of what was found.

use std::fmt::Write;

use super::super::checks::Check;
use super::super::process::SITES;
use super::super::verdict::{acquirers, issuers, write_checks};
use super::checks::Facts;
use crate::node;
use crate::output::Colours;

/// Tables, how the sites stood at the end, checks and the verdict.
pub(super) fn verdict(facts: &Facts, checks: &[Check], colours: Colours) -> String {
    let mut out = acquirers(&facts.acquirers) + "\n" + &issuers(&facts.issuers);
    write_rest(&mut out, facts, checks, colours).expect("a text takes what is written");
    out
}

fn write_rest(
    out: &mut String,
    facts: &Facts,
    checks: &[Check],
    colours: Colours,
) -> std::fmt::Result {
    writeln!(out)?;
    for (name, stands) in SITES.iter().zip(&facts.stands) {
        let said = stands.as_ref().map_or_else(|| format!("{name} is down"), node::summary);
        writeln!(out, "AT THE END  {said}")?;
    }
    let counters = facts.status.iter().flat_map(|status| &status.counters);
    let shown = counters.filter(|(name, count)| {
        let is_shown = name.starts_with("refused") || name.as_str() == "late_dropped";
        is_shown && **count > 0
    });
    let shown: Vec<_> = shown.map(|(name, count)| format!("  {name} {count}")).collect();
    if !shown.is_empty() {
        writeln!(out, "REFUSED OR DROPPED BY {}{}", SITES[facts.primary], shown.concat())?;
    }
    write_checks(out, checks, colours)
}
