//! One table of the configuration, read key by key. Notes every mistake and goes on; knows types,
//! units and bounds, and no key's meaning.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::Report;
use super::document::{Node, Table, Value};
use super::nearest::suggestion;
use super::place::Place;
use super::units;

/// A value with the place where it stands.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// A table under its path. Each key that is asked for is a known one; [`Section::finish`] reports
/// the others.
pub(super) struct Section<'t, 'r> {
    table: &'t Table,
    path: String,
    asked: Vec<&'static str>,
    pub(super) report: &'r mut Report,
}

impl<'t, 'r> Section<'t, 'r> {
    pub(super) fn new(table: &'t Table, path: impl Into<String>, report: &'r mut Report) -> Self {
        Self { table, path: path.into(), asked: Vec::new(), report }
    }

    /// Where the table stands.
    pub(super) fn place(&self) -> &'t Place {
        &self.table.place
    }

    /// The path of one of its keys.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.into() } else { format!("{}.{key}", self.path) }
    }

    /// Notes a mistake about a key.
    pub(super) fn fail(&mut self, key: &str, place: &Place, message: impl Into<String>) {
        let path = self.path_of(key);
        self.report.fail(place, path, message);
    }

    /// Notes that a key must be there.
    pub(super) fn missing(&mut self, key: &str, example: &str) {
        let message = format!("missing; add {example}");
        self.fail(key, self.place(), message);
    }

    /// The value of a key, whatever it is.
    pub(super) fn find(&mut self, key: &'static str) -> Option<&'t Node> {
        self.known(key);
        self.given(key)
    }

    /// Notes that keys, where given, are accepted and do nothing.
    pub(super) fn inactive(&mut self, keys: &[&'static str], why: &'static str) {
        for key in keys {
            if let Some(entry) = self.table.entry(key) {
                let path = self.path_of(key);
                self.report.inactive(&entry.place, path, why);
            }
        }
    }

    /// Makes a key a known one that is read in another way, or not at all.
    pub(super) fn known(&mut self, key: &'static str) {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self) {
        for entry in &self.table.entries {
            if !self.asked.contains(&entry.key.as_str()) {
                let hint = suggestion(&entry.key, self.asked.iter().copied());
                let path = self.path_of(&entry.key);
                self.report.fail(&entry.place, path, format!("unknown key; {hint}"));
            }
        }
    }

    fn wrong(&mut self, key: &str, node: &Node, wanted: &str) {
        let kind = node.value.kind();
        self.fail(key, &node.place, format!("is {kind} and must be {wanted}"));
    }

    pub(super) fn table(&mut self, key: &'static str) -> Option<&'t Table> {
        let node = self.find(key)?;
        if let Value::Table(table) = &node.value {
            return Some(table);
        }
        self.wrong(key, node, &format!("a table, [{key}]"));
        None
    }

    /// The tables of a list, as `[[station]]`.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<&'t Table> {
        let Some(node) = self.find(key) else { return Vec::new() };
        let Value::List(list) = &node.value else {
            self.wrong(key, node, &format!("a list of tables, [[{key}]]"));
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(list.len());
        for node in list {
            if let Value::Table(table) = &node.value {
                tables.push(table);
            } else {
                self.wrong(key, node, &format!("a table, [[{key}]]"));
            }
        }
        tables
    }

    pub(super) fn text(&mut self, key: &'static str, wanted: &str) -> Option<At<&'t str>> {
        let node = self.find(key)?;
        self.text_of(key, node, wanted)
    }

    fn text_of(&mut self, key: &str, node: &'t Node, wanted: &str) -> Option<At<&'t str>> {
        if let Value::Text(text) = &node.value {
            return Some(At { value: text, place: node.place.clone() });
        }
        self.wrong(key, node, &format!("{wanted}, in quotes"));
        None
    }

    /// A list of texts. Given and wrong is not the same as not given: the caller asks with
    /// [`Section::given`].
    pub(super) fn texts(&mut self, key: &'static str, wanted: &str) -> Vec<At<&'t str>> {
        if let Some(Node { place, value: Value::List(list) }) = self.given(key)
            && list.is_empty()
        {
            self.fail(key, place, format!("is an empty list; name {wanted}, or remove it"));
        }
        self.some_texts(key, wanted)
    }

    /// A list of texts that may be empty.
    pub(super) fn some_texts(&mut self, key: &'static str, wanted: &str) -> Vec<At<&'t str>> {
        let Some(node) = self.find(key) else { return Vec::new() };
        let Value::List(list) = &node.value else {
            self.wrong(key, node, &format!("a list, [...], of {wanted}"));
            return Vec::new();
        };
        list.iter().filter_map(|node| self.text_of(key, node, wanted)).collect()
    }

    /// Whether a key is there at all.
    pub(super) fn given(&self, key: &str) -> Option<&'t Node> {
        self.table.entry(key).map(|entry| &entry.node)
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let node = self.find(key)?;
        if let Value::Flag(flag) = node.value {
            return Some(flag);
        }
        self.wrong(key, node, "true or false, without quotes");
        None
    }

    /// A whole number within bounds.
    pub(super) fn number(&mut self, key: &'static str, within: RangeInclusive<u64>) -> Option<u64> {
        let node = self.find(key)?;
        self.number_of(key, node, &within)
    }

    fn number_of(&mut self, key: &str, node: &Node, within: &RangeInclusive<u64>) -> Option<u64> {
        let Value::Number(number) = node.value else {
            self.wrong(key, node, "a whole number, without quotes");
            return None;
        };
        let fits = u64::try_from(number).ok().filter(|number| within.contains(number));
        if fits.is_none() {
            self.outside(key, &node.place, number, within.start(), within.end());
        }
        fits
    }

    /// A list of whole numbers within bounds; none when it is not there or not right.
    pub(super) fn numbers(
        &mut self,
        key: &'static str,
        within: RangeInclusive<u64>,
    ) -> Option<Vec<At<u64>>> {
        let node = self.find(key)?;
        let Value::List(list) = &node.value else {
            self.wrong(key, node, "a list, [...], of numbers");
            return None;
        };
        let numbers = list.iter().map(|node| {
            let value = self.number_of(key, node, &within)?;
            Some(At { value, place: node.place.clone() })
        });
        numbers.collect::<Vec<_>>().into_iter().collect()
    }

    /// A duration with its unit, within bounds.
    pub(super) fn duration(
        &mut self,
        key: &'static str,
        within: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let node = self.find(key)?;
        self.duration_of(key, node, &within)
    }

    /// The same, of a value already found.
    pub(super) fn duration_of(
        &mut self,
        key: &str,
        node: &Node,
        within: &RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let read = match &node.value {
            Value::Text(text) => units::duration(text),
            Value::Number(number) => {
                Err(format!("{number} has no unit; write it like \"10s\" (us, ms, s, m, h, d)"))
            }
            other @ (Value::Flag(_) | Value::List(_) | Value::Table(_) | Value::Other(_)) => {
                Err(format!("is {} and must be a duration like \"10s\"", other.kind()))
            }
        };
        match read {
            Ok(duration) if within.contains(&duration) => return Some(duration),
            Ok(duration) => {
                let [is, least, most] = [duration, *within.start(), *within.end()]
                    .map(|duration| format!("\"{}\"", units::show_duration(duration)));
                self.outside(key, &node.place, is, &least, &most);
            }
            Err(problem) => self.fail(key, &node.place, problem),
        }
        None
    }

    /// A size in bytes: a whole number, or a text with its unit; within bounds.
    pub(super) fn size(&mut self, key: &'static str, within: RangeInclusive<u64>) -> Option<u64> {
        let node = self.find(key)?;
        let read = match &node.value {
            Value::Text(text) => units::size(text),
            Value::Number(number) => u64::try_from(*number)
                .map_err(|_| format!("{number} is no size; write it like \"64KiB\"")),
            other @ (Value::Flag(_) | Value::List(_) | Value::Table(_) | Value::Other(_)) => {
                Err(format!("is {} and must be a size like \"64KiB\"", other.kind()))
            }
        };
        match read {
            Ok(bytes) if within.contains(&bytes) => return Some(bytes),
            Ok(bytes) => {
                let [is, least, most] = [bytes, *within.start(), *within.end()]
                    .map(|bytes| format!("\"{}\"", units::show_size(bytes)));
                self.outside(key, &node.place, is, &least, &most);
            }
            Err(problem) => self.fail(key, &node.place, problem),
        }
        None
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<At<T>> {
        let names = words.iter().map(|(word, _)| *word);
        let wanted = names.clone().collect::<Vec<_>>().join(", ");
        let found = self.text(key, &format!("one of {wanted}"))?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == found.value) {
            return Some(At { value: *value, place: found.place });
        }
        let hint = suggestion(found.value, names);
        self.fail(key, &found.place, format!("\"{}\" is not known here; {hint}", found.value));
        None
    }

    fn outside(
        &mut self,
        key: &str,
        place: &Place,
        is: impl Display,
        least: impl Display,
        most: impl Display,
    ) {
        let message = format!("{is} is outside of {least} to {most}; choose one inside");
        self.fail(key, place, message);
    }
}
