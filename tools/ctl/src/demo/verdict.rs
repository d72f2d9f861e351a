//! The verdict of a demo as people read it. A pure function of what was found.

use std::fmt::Write;

use crate::parties::{ACQUIRERS, ISSUERS};
use bench::load::Report;
use daemon::status::JournalStatus;

use super::checks::{Check, Facts, Ledger, codes};
use crate::grid::grid;
use crate::output::Colours;

/// Counters of the switch that stand in the verdict whatever they are.
const ALWAYS: [&str; 4] = ["requests", "forwarded", "answered", "approved"];

/// Tables, checks and the verdict.
pub(super) fn verdict(facts: &Facts, checks: &[Check], colours: Colours) -> String {
    let mut out = acquirers(&facts.acquirers) + "\n" + &issuers(&facts.issuers);
    write_rest(&mut out, facts, checks, colours).expect("a text takes what is written");
    out
}

/// The table of the acquirers.
pub(super) fn acquirers(reports: &[Report]) -> String {
    let rows = ACQUIRERS.iter().zip(reports).map(|(party, report)| {
        let Report { sent, answered, approved, declined, unanswered, mismatched, .. } = *report;
        let counts = [sent, answered, approved, declined, unanswered, mismatched];
        let latency = report.latency_us;
        let figures = [latency.p50, latency.p99, latency.max].map(|us| format!("{us:.0}"));
        let mut row = vec![party.name.to_owned()];
        row.extend(counts.map(|count| count.to_string()));
        row.push(format!("{:.0}", report.tps));
        row.extend(figures);
        row
    });
    let header = [
        "ACQUIRER",
        "SENT",
        "ANSWERED",
        "APPROVED",
        "DECLINED",
        "UNANSWERED",
        "MISMATCHED",
        "TX/S",
        "P50 us",
        "P99 us",
        "MAX us",
    ];
    grid(&header, rows.collect())
}

/// The table of the issuers.
pub(super) fn issuers(ledgers: &[Ledger]) -> String {
    let mut rows = Vec::new();
    for (party, ledger) in ISSUERS.iter().zip(ledgers) {
        let before = ledger.before.map(|before| (format!("{}, killed", party.name), before));
        let now = (party.name.to_owned(), ledger.now);
        for (name, summary) in before.into_iter().chain([now]) {
            let counts = [
                summary.requests,
                summary.approved,
                summary.approved_amount,
                summary.declined,
                summary.answers,
                summary.undeliverable,
                summary.links,
            ];
            let mut row = vec![name];
            row.extend(counts.map(|count| count.to_string()));
            rows.push(row);
        }
    }
    let header = [
        "ISSUER",
        "REQUESTS",
        "APPROVED",
        "AMOUNT yen",
        "DECLINED",
        "ANSWERS",
        "UNDELIVERABLE",
        "LINKS",
    ];
    grid(&header, rows)
}

fn write_rest(
    out: &mut String,
    facts: &Facts,
    checks: &[Check],
    colours: Colours,
) -> std::fmt::Result {
    let counters = facts.status.iter().flat_map(|status| &status.counters);
    let refused = counters.filter(|(name, count)| name.starts_with("refused") && **count > 0);
    let refused = refused.map(|(name, count)| (name.as_str(), *count));
    let shown = ALWAYS.map(|name| (name, facts.counter(name))).into_iter().chain(refused);
    let shown: Vec<_> = shown.map(|(name, count)| format!("{name} {count}")).collect();
    writeln!(out, "\nSWITCH  {}", shown.join("  "))?;
    if let Some(journal) = facts.status.as_ref().and_then(|status| status.journal.as_ref()) {
        let JournalStatus { durable, commits, commit_bytes, .. } = journal;
        let p50 = journal.commit_p50_us.map(|us| format!("  commit p50 {us} us"));
        let p50 = p50.unwrap_or_default();
        writeln!(out, "JOURNAL  records {durable}  commits {commits}  bytes {commit_bytes}{p50}")?;
    }
    let codes = codes(facts);
    if !codes.is_empty() {
        writeln!(out, "DECLINES BY ACTION CODE  {codes}")?;
    }
    write_checks(out, checks, colours)
}

/// What holds and what does not, and the verdict.
pub(super) fn write_checks(
    out: &mut String,
    checks: &[Check],
    colours: Colours,
) -> std::fmt::Result {
    writeln!(out)?;
    for Check { holds, text } in checks {
        let word = if *holds { colours.calm("ok    ") } else { colours.alarming("FAILED") };
        writeln!(out, "{word}  {text}")?;
    }
    let failed = checks.iter().filter(|check| !check.holds).count();
    let verdict = match failed {
        0 => colours.calm("all checks hold"),
        1 => colours.alarming("1 check FAILED"),
        _ => colours.alarming(&format!("{failed} checks FAILED")),
    };
    writeln!(out, "\nverdict: {verdict}")
}
