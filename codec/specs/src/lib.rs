//! Dialect files: our TOML form of a dialect, read into the codec's table and written from it. Reads
//! files, and knows no message.
//!
//! A file says in one line a field what the standard's own notation says: `2 = "n..19 card number"`.
//! [`load`] reads one, [`built_in`] gives the built-in ones, [`open`] takes either by name, and
//! [`write()`] makes the text of any. Every mistake of a file is told at once, each with its line.
#![forbid(unsafe_code)]

mod nearest;

mod mistake;

mod notation;

mod inside;

mod document;

mod draft;

mod merge;

mod source;

mod text;

use std::collections::BTreeMap;

use codec::Dialect;

pub use mistake::{Mistake, Mistakes};
pub use source::{OpenError, Said, built_in, built_ins, load, open, parse, read};
pub use text::{Words, write};

/// A dialect as a file describes it: what the codec needs, and what people want to read.
#[derive(Clone, Debug)]
pub struct Spec {
    /// What the codec needs.
    pub dialect: Dialect,
    /// What the fields are called, and in which words of the standard they were given.
    pub fields: BTreeMap<u8, Described>,
}

/// What a file says of a field beside what the codec needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// Its format as written: `n..19`, `an12`, `b8`.
    pub notation: String,
    /// What it is called; empty where the file has no name for it.
    pub name: String,
}

impl Spec {
    /// What DE `n` is called; nothing where the file has no name for it.
    pub fn name_of(&self, n: u8) -> &str {
        self.fields.get(&n).map_or("", |described| described.name.as_str())
    }
}
