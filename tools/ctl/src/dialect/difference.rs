//! `dialect diff`: what differs between two dialects, field by field. Must not know where they came
//! from.

use std::process::ExitCode;

use codec_specs::{Spec, Words};
use serde::Serialize;

use super::json_lines;
use crate::grid::left_grid;
use crate::output::{FOUND, Failure, Format, write_out};

/// One thing in which they differ.
#[derive(Serialize)]
struct Difference {
    /// The data element; null for what is of the whole dialect.
    field: Option<u8>,
    /// `version`, `mti`, `bitmap`, `pan`, `journal`, `format`, `form`, `length`, `subfields`; or `field`,
    /// when only one of them has it.
    what: &'static str,
    /// Of the first one; null where it has nothing of the kind.
    one: Option<String>,
    /// Of the other.
    other: Option<String>,
}

/// Compares them. The exit code says whether they differ.
pub(super) fn run(one: &Spec, other: &Spec, output: Format) -> Result<ExitCode, Failure> {
    let differences = differences(one, other);
    let same = differences.is_empty();
    let text = match output {
        Format::Json => json_lines(differences)?,
        Format::Table if same => "no difference\n".into(),
        Format::Table => {
            let names = [one, other].map(|spec| spec.dialect.name().to_owned());
            let rows = differences.into_iter().map(|difference| {
                let Difference { field, what, one, other } = difference;
                let field = field.map_or("-".into(), |field| field.to_string());
                let shown = |value: Option<String>| value.unwrap_or_else(|| "-".into());
                vec![field, what.to_owned(), shown(one), shown(other)]
            });
            left_grid(&["DE", "WHAT", &names[0], &names[1]], rows.collect())
        }
    };
    write_out(&text)?;
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

fn differences(one: &Spec, other: &Spec) -> Vec<Difference> {
    let mut found = Vec::new();
    for ((what, own), (_, others)) in one.head().into_iter().zip(other.head()) {
        note(&mut found, None, what, own, others);
    }
    for n in one.dialect.fields().union(other.dialect.fields()) {
        match (one.words(n), other.words(n)) {
            (Some(own), Some(others)) => compare(&mut found, n, own, others),
            (own, others) => {
                let whole = |words: Option<Words>| words.map(whole).unwrap_or_default();
                note(&mut found, Some(n), "field", whole(own), whole(others));
            }
        }
    }
    found
}

fn compare(found: &mut Vec<Difference>, n: u8, own: Words, others: Words) {
    let field = Some(n);
    // The classes of text are one, whatever they are called.
    if !is_text(&own, &others) {
        note(found, field, "format", own.notation, others.notation);
    }
    note(found, field, "form", own.form.into(), others.form.into());
    note(found, field, "length", own.length.into(), others.length.into());
    note(found, field, "subfields", own.subfields, others.subfields);
}

/// Are both text of one length?
fn is_text(own: &Words, others: &Words) -> bool {
    let parts = |words: &Words| {
        let letters = words.notation.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let text = !matches!(letters, "n" | "x+n" | "z" | "b");
        let rest = words.notation.strip_prefix(letters).unwrap_or_default().to_owned();
        text.then_some(rest)
    };
    parts(own).is_some() && parts(own) == parts(others)
}

fn whole(words: Words) -> String {
    let Words { notation, form, length, .. } = words;
    if length.is_empty() {
        format!("{notation} {form}")
    } else {
        format!("{notation} {form}, length {length}")
    }
}

/// Notes two values when they differ.
fn note(
    found: &mut Vec<Difference>,
    field: Option<u8>,
    what: &'static str,
    one: String,
    other: String,
) {
    if one != other {
        let some = |value: String| Some(value).filter(|value| !value.is_empty());
        found.push(Difference { field, what, one: some(one), other: some(other) });
    }
}
