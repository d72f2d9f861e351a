//! `journal stats`: what a journal is made of, in numbers. Must not know how they are counted.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::ExitCode;

use journal::format::PathKind;
use journal::recovery::Tail;
use journal::salvage;
use journal::stats::{FileStats, Stats, stats};
use serde_json::{Value, json};
use switch_core::records::Record;

use super::site::{KeyFiles, Site, Where};
use super::times;
use crate::grid::grid;
use crate::output::{FAILED, Failure, Format, write_out};

/// What to count.
#[derive(Debug, clap::Args)]
pub(crate) struct StatsArguments {
    #[command(flatten)]
    place: Where,

    #[command(flatten)]
    keys: KeyFiles,

    /// For people or for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,
}

/// Records by kind; why they are not counted where there is no key.
type Kinds = Result<BTreeMap<&'static str, u64>, String>;

/// Runs the command.
pub(super) fn run(arguments: &StatsArguments) -> Result<ExitCode, Failure> {
    let site = Site::open(&arguments.place)?;
    let counted = stats(&site.disk).map_err(|failed| Failure::new(FAILED, failed.to_string()))?;
    let kinds = kinds(&site, &arguments.keys);
    write_out(&match arguments.output {
        Format::Table => table(&counted, &kinds),
        Format::Json => object(&counted, &kinds).to_string() + "\n",
    })?;
    Ok(ExitCode::SUCCESS)
}

fn kinds(site: &Site, keys: &KeyFiles) -> Kinds {
    let keys = site.keys(keys).map_err(|_| "no key opens the records; --key FILE".to_owned())?;
    let mut kinds = BTreeMap::new();
    let counted = salvage::records(&site.disk, &keys, |_, bytes| {
        let kind = Record::read(bytes).map_or("unreadable", |record| record.name());
        *kinds.entry(kind).or_default() += 1;
        Ok(())
    });
    counted.map(|_| kinds).map_err(|problem| problem.to_string())
}

/// Sums over all files.
struct Sums {
    records: u64,
    batches: u64,
    length: u64,
    padding: u64,
    bytes: u64,
}

impl Sums {
    fn of(files: &[FileStats]) -> Self {
        let sum = |of: fn(&FileStats) -> u64| files.iter().map(of).sum();
        Self {
            records: sum(|file| file.records),
            batches: sum(|file| file.batches),
            length: sum(|file| file.length),
            padding: sum(|file| file.padding),
            bytes: sum(|file| file.bytes),
        }
    }
}

/// Records a second while a file was written to; none in less than a millisecond.
fn rate(file: &FileStats) -> Option<u64> {
    let millis = file.newest_ns.saturating_sub(file.begun_ns) / 1_000_000;
    file.records.saturating_mul(1_000).checked_div(millis)
}

fn path(kind: PathKind) -> &'static str {
    match kind {
        PathKind::Mapped => "mapped",
        PathKind::Direct => "direct",
    }
}

fn tail(stats: &Stats) -> String {
    match &stats.tail {
        Some(Tail::Empty) => "nothing was written yet".into(),
        Some(Tail::Clean) => "clean".into(),
        Some(Tail::Torn(torn)) => format!("torn, left out at the next start: {torn}"),
        None => "DAMAGED: `sekisho journal verify` says where".into(),
    }
}

fn table(stats: &Stats, kinds: &Kinds) -> String {
    let mut out = String::new();
    write_all(&mut out, stats, kinds).expect("a text takes what is written");
    out
}

fn write_all(out: &mut String, stats: &Stats, kinds: &Kinds) -> std::fmt::Result {
    let sums = Sums::of(&stats.files);
    let rows = stats.files.iter().map(|file| {
        vec![
            file.file.to_string(),
            file.epoch.0.to_string(),
            path(file.path).into(),
            file.first.0.to_string(),
            file.records.to_string(),
            file.batches.to_string(),
            file.marks.to_string(),
            file.length.to_string(),
            file.padding.to_string(),
            file.bytes.to_string(),
            rate(file).map_or("-".into(), |rate| rate.to_string()),
            times::second(file.begun_ns / 1_000_000_000),
            times::second(file.newest_ns / 1_000_000_000),
        ]
    });
    let header = [
        "FILE",
        "EPOCH",
        "PATH",
        "FIRST",
        "RECORDS",
        "BATCHES",
        "MARKS",
        "PAYLOAD",
        "PADDING",
        "SIZE",
        "RECORDS/S",
        "BEGUN",
        "NEWEST",
    ];
    out.push_str(&grid(&header, rows.collect()));
    let Sums { records, batches, length, padding, bytes } = sums;
    writeln!(out, "\nrecords   {records} in {batches} batches, released to {}", stats.released.0)?;
    writeln!(out, "bytes     {length} of records, {padding} of padding, {bytes} of files")?;
    writeln!(out, "end       {}", tail(stats))?;
    for about in &stats.checkpoints {
        let made = times::second(about.created_ns / 1_000_000_000);
        writeln!(out, "checkpoint after record {}, made {made}", about.position.0)?;
    }
    match kinds {
        Ok(kinds) => {
            writeln!(out, "\nRecords by kind")?;
            kinds.iter().try_for_each(|(kind, count)| writeln!(out, "  {kind} {count}"))
        }
        Err(why) => writeln!(out, "\nRecords by kind are not counted: {why}"),
    }
}

fn object(stats: &Stats, kinds: &Kinds) -> Value {
    let sums = Sums::of(&stats.files);
    let files = stats.files.iter().map(|file| {
        json!({
            "file": file.file.to_string(),
            "epoch": file.epoch.0,
            "path": path(file.path),
            "first": file.first.0,
            "records": file.records,
            "batches": file.batches,
            "marks": file.marks,
            "payload_bytes": file.length,
            "padding_bytes": file.padding,
            "file_bytes": file.bytes,
            "records_per_s": rate(file),
            "begun": times::instant(file.begun_ns),
            "newest": times::instant(file.newest_ns),
        })
    });
    let checkpoints = stats.checkpoints.iter().map(|about| {
        json!({ "position": about.position.0, "created": times::instant(about.created_ns) })
    });
    json!({
        "schema_version": 1,
        "records": sums.records,
        "batches": sums.batches,
        "payload_bytes": sums.length,
        "padding_bytes": sums.padding,
        "file_bytes": sums.bytes,
        "released": stats.released.0,
        "end": tail(stats),
        "kinds": kinds.as_ref().ok(),
        "checkpoints": checkpoints.collect::<Vec<_>>(),
        "files": files.collect::<Vec<_>>(),
    })
}
