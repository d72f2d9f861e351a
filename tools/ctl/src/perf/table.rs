//! Figures and advice as people read them. A pure function of both.

use std::fmt::Write;

use super::advice::Advice;
use super::figures::{Commit, Figures, rate, time};
use crate::grid::grid;
use crate::output::Colours;

/// All of it: problems first, then figures, then what they mean.
pub(super) fn table(figures: &Figures, advice: &Advice, colours: Colours) -> String {
    let mut out = String::new();
    write_all(&mut out, figures, advice, colours).expect("a text takes what is written");
    out
}

fn write_all(
    out: &mut String,
    figures: &Figures,
    advice: &Advice,
    colours: Colours,
) -> std::fmt::Result {
    writeln!(out, "disk of {} ({}), and loopback\n", figures.directory, figures.file_system)?;
    if advice.problems.is_empty() {
        writeln!(out, "{}", colours.calm("No problems."))?;
    } else {
        writeln!(out, "{}", colours.alarming(&format!("PROBLEMS: {}", advice.problems.len())))?;
    }
    for problem in &advice.problems {
        writeln!(out, "  {}", colours.alarming(problem))?;
    }
    writeln!(out)?;
    out.push_str(&grid(&["WHAT", "P50", "P99", "MEASURED"], rows(figures)));
    writeln!(out, "\nread a segment    {}", rate(figures.read_bytes_a_second))?;
    writeln!(out, "loopback one way  {}", rate(figures.loopback.bytes_a_second))?;
    for (title, lines) in [("What fits", &advice.fits), ("What to expect", &advice.expect)] {
        writeln!(out, "\n{title}")?;
        for line in lines {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

fn rows(figures: &Figures) -> Vec<Vec<String>> {
    let row = |what: &str, p50: u64, p99: u64, count: String| {
        vec![what.to_owned(), time(p50), time(p99), count]
    };
    let commit = |path: &str, commit: &Commit| {
        let what = format!("commit of {} KiB, {path}", commit.bytes >> 10);
        row(&what, commit.p50_ns, commit.p99_ns, format!("{} commits", commit.commits))
    };
    let mut rows: Vec<_> = figures.mapped.iter().map(|of| commit("mapped", of)).collect();
    rows.extend(figures.direct.iter().flatten().map(|of| commit("direct", of)));
    let loopback = figures.loopback;
    let trips = format!("{} round trips", loopback.trips);
    rows.push(row("300 bytes there and back", loopback.p50_ns, loopback.p99_ns, trips));
    rows
}
