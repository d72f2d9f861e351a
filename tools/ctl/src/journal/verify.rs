//! `journal verify`: whether a journal is as it was written, in the words of an operator. Must not
//! know how that is found out.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use journal::control;
use journal::recovery::{Refusal, Tail};
use journal::sweep::Lost;
use journal::verify::{Condition, Report, verify};
use serde_json::{Value, json};

use super::site::{Site, Where};
use crate::output::{Colours, FAILED, FOUND, Failure, Format, write_out};

/// What to look at.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    place: Where,

    /// For people or for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,
}

/// Runs the command.
pub(super) fn run(arguments: &VerifyArguments) -> Result<ExitCode, Failure> {
    let site = Site::open(&arguments.place)?;
    let report = verify(&site.disk)
        .map_err(|failed| Failure::new(FAILED, format!("{failed}\nlook at the disk: dmesg")))?;
    write_out(&match arguments.output {
        Format::Table => table(&report, &site.directory, Colours::of_stdout()),
        Format::Json => object(&report).to_string() + "\n",
    })?;
    Ok(match report.condition() {
        Condition::Good | Condition::TornTail => ExitCode::SUCCESS,
        Condition::Damaged => ExitCode::from(FOUND),
    })
}

fn table(report: &Report, directory: &Path, colours: Colours) -> String {
    let mut out = String::new();
    write_all(&mut out, report, directory, colours).expect("a text takes what is written");
    out
}

fn write_all(
    out: &mut String,
    report: &Report,
    directory: &Path,
    colours: Colours,
) -> std::fmt::Result {
    let condition = report.condition();
    let word = match condition {
        Condition::Good => colours.calm("GOOD"),
        Condition::TornTail => colours.calm("GOOD, with a torn tail"),
        Condition::Damaged => colours.alarming("DAMAGED"),
    };
    let Report { records, first, last, batches, segments, archives, indexes, .. } = report;
    let range = if *records == 0 { String::new() } else { format!(" ({} to {})", first.0, last.0) };
    let checkpoints = report.checkpoints.len();
    writeln!(
        out,
        "{word}: {records} records{range} in {batches} batches; segments {segments}, archives \
         {archives}, indexes {indexes}, checkpoints {checkpoints}"
    )?;
    for (name, flaw) in &report.unusable {
        writeln!(out, "\n{name}: {flaw}")?;
    }
    if !report.unusable.is_empty() {
        writeln!(out, "Nothing is lost: an archive without a whole index is read as a whole,")?;
        writeln!(out, "and sekishod makes the index again when it needs it.")?;
    }
    if let Ok(Tail::Torn(torn)) = &report.start {
        writeln!(out, "\nA write was under way when the switch was stopped, or is now:\n  {torn}")?;
        writeln!(out, "The next start of sekishod leaves it out. There is nothing to do.")?;
    }
    if condition != Condition::Damaged {
        return Ok(());
    }
    let damage = match &report.start {
        Err(Refusal::Damage(damage)) => Some(damage),
        Err(refusal) => {
            // It says itself what to do.
            writeln!(out, "\n{refusal}")?;
            None
        }
        Ok(_) => None,
    };
    if let Some(damage) = damage {
        writeln!(out, "\n{damage}")?;
    }
    for lost in &report.lost {
        writeln!(out, "\nlost: {}", lost_records(lost))?;
        if damage.is_none_or(|damage| damage.place != lost.place) {
            writeln!(out, "  {}: {}", lost.place, lost.found)?;
        }
    }
    for (name, flaw) in &report.flawed {
        writeln!(out, "\n{name}: {flaw}")?;
    }
    if damage.is_none() && report.lost.is_empty() && report.flawed.is_empty() {
        return Ok(());
    }
    let shown = directory.display();
    writeln!(out, "\nWhat to do")?;
    let copy = format!("Keep a copy: cp -a {shown} COPY");
    if directory.join(control::NAME).exists() {
        writeln!(out, "  1. Change and remove nothing in {shown} by hand.")?;
        writeln!(out, "  2. {copy}")?;
        writeln!(out, "  3. Look at the disk (dmesg, smartctl) before anything runs on it again.")?;
        writeln!(
            out,
            "  4. This is one of two nodes: start sekishod here while the other one runs;"
        )?;
        return writeln!(out, "     what is damaged comes again from there.");
    }
    writeln!(out, "  1. Change and remove nothing in {shown}, and leave sekishod stopped.")?;
    writeln!(out, "  2. {copy}")?;
    writeln!(out, "  3. Take out what is whole: sekisho journal salvage --dir {shown} --out NEW")?;
    writeln!(out, "  4. Look at the disk (dmesg, smartctl) before anything runs on it again.")
}

/// "records 5 to 9".
pub(super) fn lost_records(lost: &Lost) -> String {
    let first = lost.place.position.0;
    match lost.until {
        None => format!("records from {first} on"),
        Some(until) if until.0 <= first => "no record, only marks of what was released".into(),
        Some(until) if until.0 == first + 1 => format!("record {first}"),
        Some(until) => format!("records {first} to {}", until.0 - 1),
    }
}

/// What is lost, for programs.
pub(super) fn lost_object(lost: &Lost) -> Value {
    json!({
        "first": lost.place.position.0,
        "last": lost.until.map(|until| until.0.saturating_sub(1)),
        "file": lost.place.file.to_string(),
        "offset": lost.place.offset,
        "batch": lost.place.batch.0,
        "found": lost.found.to_string(),
    })
}

fn object(report: &Report) -> Value {
    let condition = match report.condition() {
        Condition::Good => "good",
        Condition::TornTail => "torn_tail",
        Condition::Damaged => "damaged",
    };
    let torn = match &report.start {
        Ok(Tail::Torn(torn)) => Some(torn.to_string()),
        Ok(Tail::Clean | Tail::Empty) | Err(_) => None,
    };
    let flawed = report
        .flawed
        .iter()
        .map(|(name, flaw)| json!({ "file": name.to_string(), "found": flaw.to_string() }));
    let unusable = report
        .unusable
        .iter()
        .map(|(name, flaw)| json!({ "file": name.to_string(), "found": flaw.to_string() }));
    json!({
        "schema_version": 1,
        "condition": condition,
        "records": report.records,
        "first": report.first.0,
        "last": report.last.0,
        "batches": report.batches,
        "segments": report.segments,
        "archives": report.archives,
        "checkpoints": report.checkpoints.iter().map(|at| at.0).collect::<Vec<_>>(),
        "torn": torn,
        "refusal": report.start.as_ref().err().map(ToString::to_string),
        "lost": report.lost.iter().map(lost_object).collect::<Vec<_>>(),
        "flawed": flawed.collect::<Vec<_>>(),
        "indexes": report.indexes,
        "unusable_indexes": unusable.collect::<Vec<_>>(),
    })
}
