//! `txn trace`: the life of one transaction, both legs. Must not know where its records stand.

use std::fmt::Write;
use std::process::ExitCode;

use journal::format::Position;
use journal::index::Part;
use serde_json::json;
use switch_core::records::Record;

use super::history::{History, Seen};
use super::life::Life;
use crate::journal::site::{KeyFiles, Site, Where};
use crate::output::{Failure, Format, NOT_FOUND, write_out};

/// Which transaction.
#[derive(Debug, clap::Args)]
pub(crate) struct TraceArguments {
    /// Its ID, as `txn find` shows it
    #[arg(value_name = "ID", value_parser = clap::value_parser!(u64).range(1..))]
    id: u64,

    #[command(flatten)]
    place: Where,

    #[command(flatten)]
    keys: KeyFiles,

    /// For people or for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,
}

/// Runs the command.
pub(super) fn run(arguments: &TraceArguments) -> Result<ExitCode, Failure> {
    let TraceArguments { id, place, keys, output } = arguments;
    let site = Site::open(place)?;
    let keys = site.keys(keys)?;
    let mut history = History::open(&site, &keys)?;
    let head = begin_of(&history, *id)?;
    let followed = history.follow(std::slice::from_ref(&head))?;
    let all = followed.first().map(Vec::as_slice).unwrap_or_default();
    let life = Life::of(&history, &head, all);
    write_out(&match output {
        Format::Table => table(&life),
        Format::Json => object(&life),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The record at a position, if a transaction begins there.
fn begin_of(history: &History<'_>, id: u64) -> Result<Seen, Failure> {
    let has = |part: &&Part| part.first.0 <= id && part.until.is_none_or(|until| id < until.0);
    let part = history.parts.iter().find(has).map(|part| Part {
        first: Position(id),
        until: Some(Position(id + 1)),
        ..*part
    });
    let mut found = None;
    if let Some(part) = part {
        history.read(&part, &mut |seen| {
            if seen.place.position == id {
                found = Some(seen);
            }
        })?;
    }
    let begins = |seen: &Seen| {
        matches!(Record::read(&seen.bytes), Ok(Record::Decision { .. } | Record::Advice { .. }))
    };
    found.filter(begins).ok_or_else(|| {
        let message = format!(
            "no transaction begins with record {id}; `sekisho txn find` shows the IDs, `sekisho \
             journal dump --from {id} --limit 1` the record"
        );
        Failure::new(NOT_FOUND, message)
    })
}

fn table(life: &Life) -> String {
    let mut out = String::new();
    write_all(&mut out, life).expect("a text takes what is written");
    out
}

fn write_all(out: &mut String, life: &Life) -> std::fmt::Result {
    let facts = &life.facts;
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    writeln!(
        out,
        "Transaction {}: {} {} > {}, {}",
        facts.id,
        or_none(&facts.mti),
        or_none(&facts.acquirer),
        or_none(&facts.issuer),
        facts.outcome
    )?;
    writeln!(
        out,
        "card {}  amount {}  RRN {}  STAN {}  ours {}\n",
        or_none(&facts.card),
        or_none(&facts.amount),
        or_none(&facts.rrn),
        or_none(&facts.stan),
        or_none(&facts.our_stan)
    )?;
    for step in &life.steps {
        writeln!(out, "{:<10}  {}  {:<12}  {}", step.position, step.written, step.kind, step.what)?;
        if let Some(sent) = &step.sent {
            writeln!(out, "{:<10}  {:<27}  {:<12}  > {sent}", "", "", "")?;
        }
    }
    Ok(())
}

fn object(life: &Life) -> String {
    let mut object = json!(life.facts);
    object["steps"] = json!(life.steps);
    object.to_string() + "\n"
}
