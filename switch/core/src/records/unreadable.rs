//! Why bytes are no record. Knows no record.

use core::fmt;

use super::VERSION;

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is of another version of this form.
    Version(u8),
    /// There is no such kind of record.
    Kind(u8),
    /// It ends within a field.
    Short {
        /// The kind of record, zero where that is missing too.
        kind: u8,
    },
    /// Something follows it.
    Long {
        /// The kind of record.
        kind: u8,
        /// How many bytes.
        left: usize,
    },
    /// A field says what it can not say.
    Field {
        /// The kind of record.
        kind: u8,
        /// The field.
        name: &'static str,
    },
}

impl fmt::Display for Unreadable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => {
                write!(out, "version {version} of the records; this binary reads {VERSION}")
            }
            Self::Kind(kind) => write!(out, "no record is of kind {kind}"),
            Self::Short { kind } => write!(out, "a record of kind {kind} ends too early"),
            Self::Long { kind, left } => {
                write!(out, "{left} bytes follow a record of kind {kind}")
            }
            Self::Field { kind, name } => {
                write!(out, "the {name} of a record of kind {kind} makes no sense")
            }
        }
    }
}

impl core::error::Error for Unreadable {}
