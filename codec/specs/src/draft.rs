//! What one file says, as far as it says it: the parts of a dialect before they are put together.
//! Knows no TOML.

use std::collections::BTreeMap;

use codec::{Form, Version};

use crate::inside::{Inside, PanPlace};
use crate::mistake::Place;
use crate::notation::Notation;

/// What a file and those that it extends say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) head: Head,
    pub(crate) fields: BTreeMap<u8, Line>,
}

/// What holds for the whole dialect, or for every field that does not say otherwise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) name: Option<At<String>>,
    pub(crate) version: Option<At<Version>>,
    pub(crate) mti: Option<Form>,
    pub(crate) bitmap: Option<Form>,
    pub(crate) digits: Option<Form>,
    pub(crate) binary: Option<Form>,
    pub(crate) packed_length: Option<bool>,
    /// Whether fields have the subfields that the standard gives them.
    pub(crate) standard: Option<bool>,
    pub(crate) pan: Option<At<PanPlace>>,
    /// The data elements that may be written down, first and last of each item of the list.
    pub(crate) journal: Option<Vec<At<(u8, u8)>>>,
}

/// One field. What it does not say is as the head has it.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) notation: Notation,
    pub(crate) digits: Option<Form>,
    pub(crate) binary: Option<Form>,
    pub(crate) packed_length: Option<bool>,
    pub(crate) inside: Option<Inside>,
    pub(crate) name: String,
}

/// What one file says itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    pub(crate) head: Head,
    pub(crate) extends: Option<At<String>>,
    pub(crate) entries: Vec<Entry>,
    /// The keys that are there, right or wrong.
    pub(crate) given: Vec<String>,
}

/// One line of its fields.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// First and last data element; the same for most.
    pub(crate) from: u8,
    pub(crate) to: u8,
    /// As it was written: `2`, `105-127`.
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) said: Said,
}

/// What it says.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// There is no such field.
    Absent,
    /// These things, and the rest as in the file that is extended.
    Of(Box<Changes>),
    /// Something that was reported already.
    Nothing,
}

/// What a line says of a field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) notation: Option<Notation>,
    pub(crate) digits: Option<At<Form>>,
    pub(crate) binary: Option<At<Form>>,
    pub(crate) packed_length: Option<At<bool>>,
    pub(crate) inside: Option<At<Inside>>,
    pub(crate) name: Option<String>,
}

/// A value with the place where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}
