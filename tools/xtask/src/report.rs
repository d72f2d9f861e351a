//! What checks and tests have to say, and how it is printed. Knows nothing of what was looked at.

use std::fmt;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// One thing that is wrong, where it is, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file, relative to the top of the checkout.
    pub(crate) path: String,
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// What is wrong and what to do.
    pub(crate) text: String,
}

impl Finding {
    /// A finding at a line (counted from 1) of a file.
    pub(crate) fn new(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.text)
    }
}

/// What one check brought back.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// What must be put right.
    pub(crate) findings: Vec<Finding>,
    /// What may stay; printed only when asked for.
    pub(crate) advice: Vec<Finding>,
    /// What the check was asked to list, printed always.
    pub(crate) list: Vec<String>,
}

impl From<Vec<Finding>> for Outcome {
    fn from(findings: Vec<Finding>) -> Self {
        Self { findings, ..Self::default() }
    }
}

/// One line of the table at the end.
pub(crate) struct Row {
    /// The check or the step.
    pub(crate) name: &'static str,
    /// Its verdict in a word or two.
    pub(crate) verdict: String,
    /// How long it took.
    pub(crate) took: Duration,
    /// What it was about.
    pub(crate) about: String,
}

/// Prints the rows in columns, in the order given.
pub(crate) fn table(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let name_width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let verdict_width = rows.iter().map(|row| row.verdict.len()).max().unwrap_or(0);
    for Row { name, verdict, took, about } in rows {
        let took = seconds(*took);
        writeln!(out, "{name:name_width$}  {verdict:verdict_width$}  {took:>8}  {about}")?;
    }
    Ok(())
}

/// A length of time as seconds with one decimal, rounded down.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100)
}

/// Does the work and says how long it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    #[expect(clippy::disallowed_methods, reason = "a stopwatch for people; nothing depends on it")]
    let now = Instant::now;
    let started = now();
    let result = work();
    (result, started.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_as_path_line_and_text() {
        let finding = Finding::new("codec/src/mti.rs", 7, "too long; split it");
        assert_eq!(finding.to_string(), "codec/src/mti.rs:7: too long; split it");
    }

    #[test]
    fn the_table_lines_up_its_columns() {
        let row = |name, verdict: &str, millis| Row {
            name,
            verdict: verdict.to_owned(),
            took: Duration::from_millis(millis),
            about: "x".to_owned(),
        };
        let mut out = Vec::new();
        table(&[row("arrows", "ok", 90), row("lints", "12 findings", 61_970)], &mut out).unwrap();
        let expected = "arrows  ok              0.0 s  x\nlints   12 findings    61.9 s  x\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
