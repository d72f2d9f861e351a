//! A place in a configuration file, for people and for sorting. Knows no content.

use std::fmt;
use std::sync::Arc;

/// A place in a file. Sorts by file in order of merging, then by line and column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which file, in order of merging.
    rank: usize,
    /// Line, from 1.
    line: usize,
    /// Column in characters, from 1.
    column: usize,
    /// The file, as given.
    file: Arc<str>,
}

impl Place {
    /// A place in a file that is named in the configuration, the `ordinal`-th such file: behind all
    /// places of the configuration itself.
    pub(super) fn elsewhere(ordinal: usize, file: Arc<str>, line: usize, column: usize) -> Self {
        const FIRST: usize = usize::MAX / 2;
        Self { rank: FIRST + ordinal, line, column, file }
    }

    /// The file, as given.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Column in characters, from 1.
    pub fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Turns offsets in one file's text into places.
#[derive(Debug)]
pub(super) struct Places<'t> {
    rank: usize,
    file: Arc<str>,
    text: &'t str,
    /// Offset of each line's first byte.
    lines: Vec<usize>,
}

impl<'t> Places<'t> {
    pub(super) fn new(rank: usize, file: Arc<str>, text: &'t str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(offset, _)| offset + 1)).collect();
        Self { rank, file, text, lines }
    }

    /// The place of a byte; past the end, the place behind the last one.
    pub(super) fn at(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let line = self.lines.partition_point(|&start| start <= offset);
        let start = line.checked_sub(1).and_then(|index| self.lines.get(index)).copied();
        let start = start.expect("the first line starts at 0");
        let before = self.text.get(start..offset).map_or(0, |text| text.chars().count());
        Place { rank: self.rank, file: Arc::clone(&self.file), line, column: before + 1 }
    }

    /// The nearest line before `offset` that gives `key` or opens the table `key`.
    pub(super) fn given_before(&self, key: &str, offset: usize) -> Option<Place> {
        let this = self.at(offset).line;
        (1..this).rev().find_map(|line| {
            let start = self.lines[line - 1];
            let text = self.text.get(start..)?.lines().next()?;
            let rest = text.trim_start_matches([' ', '\t', '[', '"']);
            let after = rest.strip_prefix(key)?;
            let named = after.starts_with([' ', '\t', '=', ']', '"', '.']);
            named.then(|| self.at(start + text.len() - rest.len()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Places<'_> {
        Places::new(0, "f".into(), text)
    }

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let text = "a = 1\n\u{e4}\u{f6} = 2\n";
        let at = |offset| places(text).at(offset).to_string();
        assert_eq!(at(0), "f:1:1");
        assert_eq!(at(5), "f:1:6");
        assert_eq!(at(6), "f:2:1");
        assert_eq!(at(text.find('2').unwrap()), "f:2:6");
        assert_eq!(at(text.len()), "f:3:1");
        assert_eq!(at(999), "f:3:1");
        assert_eq!(places("").at(0).to_string(), "f:1:1");
    }

    #[test]
    fn the_earlier_line_of_a_key_is_found_by_its_whole_name() {
        let text = "[node]\n  name = 1\nnames = 2\nname = 3\n[node]\n";
        let place = |key, offset| places(text).given_before(key, offset).map(|p| p.to_string());
        assert_eq!(place("name", text.find("name = 3").unwrap()).as_deref(), Some("f:2:3"));
        assert_eq!(place("node", text.rfind("node").unwrap()).as_deref(), Some("f:1:2"));
        assert_eq!(place("role", text.len()), None);
    }
}
