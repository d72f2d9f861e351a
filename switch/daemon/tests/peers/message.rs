//! A message as every implementation says it: a type, and the text of each field. Must not know how
//! any of them writes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A message. Digits as digits, a sign in front of an amount, binary in upper-case hex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) mti: String,
    pub(crate) fields: BTreeMap<u8, String>,
}

impl Message {
    pub(crate) fn new(mti: impl Into<String>) -> Self {
        Self { mti: mti.into(), fields: BTreeMap::new() }
    }

    pub(crate) fn with(mut self, n: u8, text: impl Into<String>) -> Self {
        self.fields.insert(n, text.into());
        self
    }

    pub(crate) fn without(mut self, fields: &[u8]) -> Self {
        self.fields.retain(|n, _| !fields.contains(n));
        self
    }

    /// A field; empty when it is not there.
    pub(crate) fn text(&self, n: u8) -> &str {
        self.fields.get(&n).map_or("", String::as_str)
    }

    /// DE 39.
    pub(crate) fn code(&self) -> &str {
        self.text(39)
    }

    /// These fields of another message, where it has them; where it has not, neither have we.
    pub(crate) fn with_those_of(mut self, other: &Self, fields: &[u8]) -> Self {
        for &n in fields {
            self.fields.remove(&n);
            self.fields.extend(other.fields.get(&n).map(|text| (n, text.clone())));
        }
        self
    }

    /// The same as another type of message.
    pub(crate) fn of_type(mut self, mti: &str) -> Self {
        mti.clone_into(&mut self.mti);
        self
    }

    /// The same once more, as its repeat.
    pub(crate) fn repeated(mut self) -> Self {
        self.mti.pop();
        self.mti.push('1');
        self
    }

    /// The MTI of its answer.
    pub(crate) fn answer_mti(&self) -> String {
        let (kind, function) = self.mti.split_at(2);
        let function = match function {
            "00" | "01" => "10",
            "20" | "21" => "30",
            "04" | "05" => "14",
            other => panic!("no answer to {kind}{other}"),
        };
        format!("{kind}{function}")
    }

    /// What differs between it and another one, field by field.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let mti = (self.mti != other.mti).then(|| format!("{} is not {}", self.mti, other.mti));
        let fields = (2..=128).filter_map(|n| {
            let (ours, theirs) = (self.fields.get(&n), other.fields.get(&n));
            (ours != theirs).then(|| format!("DE {n}: {ours:?} is not {theirs:?}"))
        });
        mti.into_iter().chain(fields).collect()
    }
}
