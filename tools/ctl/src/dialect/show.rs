//! `dialect show`: the fields of one dialect. Must not know where it came from.

use std::fmt::Write as _;
use std::process::ExitCode;

use codec_specs::{Spec, Words};
use serde::Serialize;

use super::json_lines;
use crate::grid::left_grid;
use crate::output::{Failure, Format, write_out};

/// One field.
#[derive(Serialize)]
struct Row<'a> {
    field: u8,
    format: String,
    /// How its units are written.
    form: &'static str,
    /// How its length is written; null where it is always the same.
    length: Option<&'static str>,
    name: &'a str,
    /// Whether its value may be written to the journal.
    journal: bool,
    /// What is inside it; null where nothing is known.
    subfields: Option<String>,
}

/// Shows it.
pub(super) fn run(spec: &Spec, output: Format) -> Result<ExitCode, Failure> {
    let rows = spec.dialect.fields().iter().filter_map(|field| {
        let Words { notation, form, length, subfields } = spec.words(field)?;
        let length = Some(length).filter(|length| !length.is_empty());
        let subfields = Some(subfields).filter(|inside| !inside.is_empty());
        let (name, journal) = (spec.name_of(field), spec.dialect.journaled().has(field));
        Some(Row { field, format: notation, form, length, name, journal, subfields })
    });
    let text = match output {
        Format::Json => json_lines(rows)?,
        Format::Table => table(spec, rows),
    };
    write_out(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn table<'a>(spec: &Spec, rows: impl Iterator<Item = Row<'a>>) -> String {
    let mut out = spec.dialect.name().to_owned();
    for (key, value) in spec.head().iter().filter(|(_, value)| !value.is_empty()) {
        write!(out, ", {key} {value}").expect("a text takes what is written");
    }
    out.push('\n');
    let rows = rows.map(|row| {
        let Row { field, format, form, length, name, journal, subfields } = row;
        let length = length.unwrap_or("-").to_owned();
        vec![
            field.to_string(),
            format,
            form.to_owned(),
            length,
            name.to_owned(),
            if journal { "yes" } else { "no" }.to_owned(),
            subfields.unwrap_or_default(),
        ]
    });
    out + &left_grid(
        &["DE", "FORMAT", "WRITTEN", "LENGTH", "NAME", "JOURNAL", "INSIDE"],
        rows.collect(),
    )
}
