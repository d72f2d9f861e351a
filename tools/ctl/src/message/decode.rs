//! `message decode`: hexadecimal lines to objects or tables. Must not know how bytes are cut into
//! fields.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use codec::{DecodeError, Kernels, Message, Slots};
use codec_specs::Spec;
use serde::{Serialize, Serializer};

use super::hex::{self, BadHex};
use super::inside;
use super::lines::Lines;
use super::words;
use crate::grid::left_grid;
use crate::output::{Colours, FAILED, FOUND, Failure, Format, write_out};

/// How messages are shown.
pub(super) struct Show {
    pub(super) format: Format,
    /// Card data in the table too.
    pub(super) unmasked: bool,
}

/// A message that decodes.
#[derive(Serialize)]
struct Decoded<'a> {
    mti: String,
    fields: Values<'a>,
}

/// A line that does not.
#[derive(Serialize)]
struct Undecoded<'a> {
    error: Fault,
    fields: Values<'a>,
}

/// What was wrong, and where.
#[derive(Serialize)]
struct Fault {
    /// 0 the MTI, 1 a bitmap, else the data element; null behind the last one, or where the line is
    /// no bytes.
    field: Option<u8>,
    /// In bytes from the first of the message.
    offset: usize,
    expected: String,
    found: String,
}

/// Fields by number, in ascending order; none of a line that is no bytes.
struct Values<'a>(Option<Message<'a>>);

/// Shows every line, to the end. The exit code says whether all decoded.
pub(super) fn run(spec: &Spec, mut lines: Lines, show: &Show) -> Result<ExitCode, Failure> {
    let dialect = &spec.dialect;
    let mut slots = Slots::with(Kernels::detected());
    let mut all_decode = true;
    while let Some(line) = lines.next()? {
        let text = match hex::read(line) {
            Ok(bytes) => {
                let outcome = dialect.decode(&bytes, &mut slots);
                all_decode &= outcome.is_ok();
                let message = slots.message(dialect, &bytes);
                match show.format {
                    Format::Json => object(message, outcome)?,
                    Format::Table => table(spec, message, outcome, show.unmasked),
                }
            }
            Err(bad) => {
                all_decode = false;
                // Where stderr is gone, the exit code is all that is left to say.
                let (number, column) = (lines.number, bad.column);
                drop(writeln!(io::stderr(), "sekisho: line {number}, column {column}: {bad}"));
                match show.format {
                    Format::Json => no_bytes(bad)?,
                    Format::Table => String::new(),
                }
            }
        };
        if !write_out(&text)? {
            break;
        }
    }
    Ok(if all_decode { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

fn object(message: Message<'_>, outcome: Result<(), DecodeError>) -> Result<String, Failure> {
    let fields = Values(Some(message));
    match outcome {
        Ok(()) => line_of(&Decoded { mti: message.mti().to_string(), fields }),
        Err(error) => line_of(&Undecoded { error: error.into(), fields }),
    }
}

fn no_bytes(bad: BadHex) -> Result<String, Failure> {
    let (expected, found) = (bad.expected().to_owned(), bad.found.to_string());
    let error = Fault { field: None, offset: bad.offset, expected, found };
    line_of(&Undecoded { error, fields: Values(None) })
}

fn line_of(object: &impl Serialize) -> Result<String, Failure> {
    let json = serde_json::to_string(object);
    json.map(|line| line + "\n").map_err(|error| Failure::new(FAILED, error.to_string()))
}

fn table(
    spec: &Spec,
    message: Message<'_>,
    outcome: Result<(), DecodeError>,
    unmasked: bool,
) -> String {
    let (bytes, dialect) = (message.bytes().len(), message.dialect());
    let mut out = String::new();
    let head = match outcome {
        Ok(()) => writeln!(out, "{} in {}, {bytes} bytes", message.mti(), dialect.name()),
        Err(error) => {
            let wrong = format!("NOT DECODED: {error}");
            let wrong = Colours::of_stdout().alarming(&wrong);
            let mti = error.mti.map(|mti| format!("{mti} in ")).unwrap_or_default();
            writeln!(out, "{wrong}\n{mti}{}, {bytes} bytes; what came before:", dialect.name())
        }
    };
    head.expect("a text takes what is written");
    let fields = message.fields().iter().filter_map(|n| Some((n, message.value(n)?)));
    let rows = fields.flat_map(|(n, value)| {
        let masked = || words::masked(dialect, n, value);
        let shown = if unmasked { words::text_of(value) } else { masked() };
        let whole =
            vec![n.to_string(), spec.name_of(n).into(), words::class_of(value.spec()), shown];
        [whole].into_iter().chain(inside::rows(&message, n, value, unmasked))
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        out.push_str("no fields\n");
    } else {
        out.push_str(&left_grid(&["DE", "NAME", "HOLDS", "VALUE"], rows));
    }
    let asks = matches!(message.mti().class(), 1 | 2 | 4) && message.mti().answer().is_some();
    if let (Ok(()), true, Err(error)) = (outcome, asks, message.pan()) {
        let wrong = format!("A SWITCH REFUSES THIS: {error}");
        let wrong = Colours::of_stdout().alarming(&wrong);
        writeln!(out, "{wrong}").expect("a text takes what is written");
    }
    out + "\n"
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        Self {
            field: Some(error.field).filter(|field| *field != DecodeError::END),
            offset: error.offset,
            expected: error.expected.to_string(),
            found: error.found.to_string(),
        }
    }
}

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let message = self.0.iter();
        serializer.collect_map(message.flat_map(|message| {
            let fields = message.fields().iter();
            fields.filter_map(|n| Some((n.to_string(), words::text_of(message.value(n)?))))
        }))
    }
}
