//! `dialect list`: the built-in dialects side by side. Must not know files.

use std::process::ExitCode;

use codec::{Class, Dialect, Form, Length, Version};
use serde::Serialize;

use super::json_lines;
use crate::grid::grid;
use crate::output::{Failure, Format, write_out};

/// One dialect, in short.
#[derive(Serialize)]
struct Short<'a> {
    name: &'a str,
    /// The edition of ISO 8583.
    version: u16,
    /// How many data elements it has.
    fields: u32,
    /// Form of the MTI.
    mti: &'static str,
    /// Form of the bitmaps.
    bitmap: &'static str,
    /// Form of digits.
    digits: &'static str,
    /// Form of length prefixes.
    lengths: &'static str,
    /// Form of binary fields of fixed length.
    binary: &'static str,
}

/// Shows them all.
pub(super) fn run(output: Format) -> Result<ExitCode, Failure> {
    let dialects = codec::built_ins().iter().map(|dialect| short(dialect));
    let text = match output {
        Format::Json => json_lines(dialects)?,
        Format::Table => {
            let rows = dialects.map(|dialect| {
                let Short { name, version, fields, .. } = dialect;
                let Short { mti, bitmap, digits, lengths, binary, .. } = dialect;
                let words = [mti, bitmap, digits, lengths, binary].map(String::from);
                let mut row = vec![name.to_owned(), version.to_string(), fields.to_string()];
                row.extend(words);
                row
            });
            let header =
                ["NAME", "VERSION", "FIELDS", "MTI", "BITMAP", "DIGITS", "LENGTHS", "BINARY"];
            grid(&header, rows.collect())
        }
    };
    write_out(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn short(dialect: &Dialect) -> Short<'_> {
    let specs = || dialect.fields().iter().filter_map(|n| dialect.field(n));
    let digits = specs().filter(|spec| spec.class == Class::Digits).map(|spec| form(spec.form));
    let lengths = specs().filter_map(|spec| match spec.length {
        Length::Fixed => None,
        Length::Var { packed, .. } => Some(if packed { "packed" } else { "characters" }),
    });
    let fixed = specs().filter(|spec| spec.class == Class::Binary && spec.length == Length::Fixed);
    Short {
        name: dialect.name(),
        version: match dialect.version() {
            Version::Iso1987 => 1987,
            Version::Iso1993 => 1993,
            Version::Iso2003 => 2003,
        },
        fields: dialect.fields().len(),
        mti: form(dialect.mti_form()),
        bitmap: form(dialect.bitmap_form()),
        digits: shared(digits),
        lengths: shared(lengths),
        binary: shared(fixed.map(|spec| form(spec.form))),
    }
}

fn form(form: Form) -> &'static str {
    match form {
        Form::Chars => "characters",
        Form::Packed { .. } => "packed",
        Form::Hex => "hexadecimal",
        Form::Raw => "raw",
    }
}

/// What all of them are.
fn shared(mut forms: impl Iterator<Item = &'static str>) -> &'static str {
    let first = forms.next().unwrap_or("none");
    if forms.all(|form| form == first) { first } else { "mixed" }
}
