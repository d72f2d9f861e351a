//! `message encode`: objects to hexadecimal lines. Must not know how fields become bytes, and never
//! repeats a value: it may be card data.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use codec::{Class, Dialect, Fields, MESSAGE_BYTES_MAX, Mti, WriteError, WriteReason, Writer};
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Value, json};

use super::hex;
use super::lines::Lines;
use super::words;
use crate::output::{FOUND, Failure, Format, write_out};

/// Why an object is no message.
#[derive(Debug, PartialEq)]
enum Fault {
    /// The line is no such object.
    Shape { column: Option<usize>, problem: String },
    /// A field is not as the dialect has it.
    Field { field: u8, expected: String, found: &'static str },
}

/// Writes every line as hexadecimal, to the end. The exit code says whether all could be.
pub(super) fn run(
    dialect: &Dialect,
    mut lines: Lines,
    format: Format,
) -> Result<ExitCode, Failure> {
    let mut room = vec![0; MESSAGE_BYTES_MAX];
    let mut all_encode = true;
    while let Some(line) = lines.next()? {
        let text = match encode(dialect, line, &mut room) {
            Ok(bytes) => hex::write(bytes) + "\n",
            Err(fault) => {
                all_encode = false;
                // Where stderr is gone, the exit code is all that is left to say.
                drop(writeln!(io::stderr(), "sekisho: line {}{fault}", lines.number));
                // For programs, line n of the output belongs to line n of the input.
                if format == Format::Json { fault.object() } else { String::new() }
            }
        };
        if !write_out(&text)? {
            break;
        }
    }
    Ok(if all_encode { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

fn encode<'r>(dialect: &Dialect, line: &[u8], room: &'r mut [u8]) -> Result<&'r [u8], Fault> {
    let (mti, values) = read(line)?;
    let told = |error: WriteError| Fault::of_write(dialect, error);
    let fields = values.iter().fold(Fields::EMPTY, |fields, (n, _)| fields.with(*n));
    let mut writer = Writer::new(dialect, room, mti, fields).map_err(told)?;
    for (n, text) in &values {
        let class = dialect.field(*n).map(|spec| spec.class);
        let bytes = match class {
            Some(Class::Binary) => hex::read(text.as_bytes()).ok(),
            _ => text.chars().map(|c| u8::try_from(c).ok()).collect(),
        };
        let refused = || told(WriteError { field: *n, reason: WriteReason::BadClass });
        let bytes = bytes.ok_or_else(refused)?;
        writer.put_text(*n, &bytes).map_err(told)?;
    }
    let length = writer.finish().map_err(told)?;
    Ok(&room[..length])
}

/// The type, and the values by number, ascending.
fn read(line: &[u8]) -> Result<(Mti, Vec<(u8, String)>), Fault> {
    let Value::Object(mut object) = serde_json::from_slice(line).map_err(|e| Fault::of_json(&e))?
    else {
        return Err(shape("is no object; write {\"mti\":\"1100\",\"fields\":{\"2\":\"...\"}}"));
    };
    if object.contains_key("error") {
        return Err(shape("tells of a line that did not decode, so there is no message in it"));
    }
    let mti = object.remove("mti").ok_or_else(|| shape("lacks \"mti\""))?;
    let mti = mti.as_str().and_then(mti_of).ok_or_else(|| {
        shape("has an \"mti\" that is none; write four digits in quotes, \"1100\"")
    })?;
    let Some(Value::Object(fields)) = object.remove("fields") else {
        return Err(shape("lacks \"fields\", an object of numbers and values"));
    };
    if let Some(key) = object.keys().next() {
        return Err(shape(&format!("has a key {key:?} that means nothing; remove it")));
    }
    serde_json::from_slice::<Once>(line).map_err(|error| Fault::of_json(&error))?;
    let mut values = Vec::with_capacity(fields.len());
    for (key, value) in fields {
        let number: Option<u8> = key.parse().ok().filter(|n| (2..=128).contains(n));
        let Some(n) = number.filter(|n| n.to_string() == key) else {
            return Err(shape(&format!("has a field {key:?}; data elements are 2 to 128")));
        };
        let Value::String(text) = value else {
            let problem = format!("has no text as DE {n}; write its value in quotes");
            return Err(shape(&problem));
        };
        values.push((n, text));
    }
    values.sort_unstable_by_key(|(n, _)| *n);
    Ok((mti, values))
}

fn mti_of(text: &str) -> Option<Mti> {
    let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| u16::from_str_radix(text, 16).ok()).flatten().and_then(Mti::new)
}

fn shape(problem: &str) -> Fault {
    Fault::Shape { column: None, problem: problem.into() }
}

impl Fault {
    fn of_json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let problem = text.split_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
        let problem = format!("is not JSON as it should be: {problem}");
        Self::Shape { column: Some(error.column()), problem }
    }

    fn of_write(dialect: &Dialect, error: WriteError) -> Self {
        let found = match error.reason {
            WriteReason::NotInDialect => "a field that the dialect does not have",
            WriteReason::TooLong => "more than that",
            WriteReason::BadLength => "another length",
            WriteReason::BadClass => "a character that it does not take",
            WriteReason::NoSpace => "a message longer than any can be",
            WriteReason::OutOfOrder | WriteReason::Missing => "a field that was not put",
            _ => "a value that it does not take",
        };
        let spec = dialect.field(error.field);
        let expected = spec.map_or_else(
            || format!("fields of {}", dialect.name()),
            |spec| {
                let of = if spec.class == Class::Binary { " in hexadecimal" } else { "" };
                words::length_of(spec) + of
            },
        );
        Self::Field { field: error.field, expected, found }
    }

    /// For programs.
    fn object(&self) -> String {
        let error = match self {
            Self::Shape { problem, .. } => {
                json!({"field": null, "expected": "an object as decode prints it", "found": problem})
            }
            Self::Field { field, expected, found } => {
                json!({"field": field, "expected": expected, "found": found})
            }
        };
        json!({ "error": error }).to_string() + "\n"
    }
}

/// Behind "line 7".
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape { column: Some(column), problem } => {
                write!(f, ", column {column}: it {problem}")
            }
            Self::Shape { column: None, problem } => write!(f, " {problem}"),
            Self::Field { field, expected, found } => {
                write!(f, ", DE {field}: expected {expected}, found {found}")
            }
        }
    }
}

/// An object in which no key stands twice, nor in the object of its fields.
struct Once;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OnceVisitor { fields: false })
    }
}

/// The object of fields inside such an object.
struct OnceFields;

impl<'de> Deserialize<'de> for OnceFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OnceVisitor { fields: true }).map(|_| Self)
    }
}

struct OnceVisitor {
    fields: bool,
}

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Once;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if !self.fields && key == "fields" {
                map.next_value::<OnceFields>()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if let Some(twice) = seen.replace(key) {
                return Err(A::Error::custom(format!("the key {twice:?} stands twice")));
            }
        }
        Ok(Once)
    }
}
