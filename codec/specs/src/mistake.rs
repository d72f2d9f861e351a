//! What is wrong with a dialect file, where, and what to do. Knows places in a text, and no dialect.

use std::fmt;
use std::sync::Arc;

/// Everything that is wrong with a dialect, in the order of its lines. Displays one line a mistake:
/// `file:line:column: key: what is wrong; what to do`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The key it is about, as `fields.35.digits`; empty when it is about the whole file.
    pub key: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Mistakes {
    pub(crate) fn new(mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        Self(mistakes)
    }

    /// The mistakes; at least one.
    pub fn as_slice(&self) -> &[Mistake] {
        &self.0
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, key, message } = self;
        write!(f, "{file}:{line}:{column}: ")?;
        if key.is_empty() { f.write_str(message) } else { write!(f, "{key}: {message}") }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistake {}

impl std::error::Error for Mistakes {}

/// A place in a file: line and column, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// One file's text, and what was found wrong with it so far.
pub(crate) struct Report<'t> {
    file: Arc<str>,
    text: &'t str,
    /// Offset of each line's first byte.
    lines: Vec<usize>,
    pub(crate) mistakes: Vec<Mistake>,
}

impl<'t> Report<'t> {
    pub(crate) fn new(file: &str, text: &'t str) -> Self {
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        let lines = std::iter::once(0).chain(ends).collect();
        Self { file: file.into(), text, lines, mistakes: Vec::new() }
    }

    /// The place of a byte; past the end, the place behind the last one.
    pub(crate) fn place(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or_default();
        Place { line, column: before.chars().count() + 1 }
    }

    /// Notes a mistake and goes on.
    pub(crate) fn fail(&mut self, place: Place, key: &str, message: impl Into<String>) {
        let Place { line, column } = place;
        let (file, message) = (Arc::clone(&self.file), message.into());
        self.mistakes.push(Mistake { file, line, column, key: key.into(), message });
    }

    /// The nearest line before `offset` that gives `key`.
    pub(crate) fn given_before(&self, key: &str, offset: usize) -> Option<Place> {
        let before = self.text.get(..offset)?;
        let mut end = before.rfind('\n').map_or(0, |newline| newline + 1);
        while end > 0 {
            let start = before.get(..end - 1)?.rfind('\n').map_or(0, |newline| newline + 1);
            let line = before.get(start..end)?;
            let rest = line.trim_start_matches([' ', '\t', '[', '"', '\'']);
            let named = rest
                .strip_prefix(key)
                .is_some_and(|after| after.starts_with([' ', '\t', '=', ']', '"', '\'', '.']));
            if named {
                return Some(self.place(start + line.len() - rest.len()));
            }
            end = start;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let text = "a = 1\n\u{e4}\u{f6} = 2\n";
        let at = |offset| {
            let Place { line, column } = Report::new("f", text).place(offset);
            (line, column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(5), (1, 6));
        assert_eq!(at(6), (2, 1));
        assert_eq!(at(text.find('2').unwrap()), (2, 6));
        assert_eq!(at(text.len()), (3, 1));
        assert_eq!(at(999), (3, 1));
    }

    #[test]
    fn the_earlier_line_of_a_key_is_found_by_its_whole_name() {
        let text = "[fields]\n  2 = 1\n20 = 2\n2 = 3\n";
        let report = Report::new("f", text);
        let place = report.given_before("2", text.rfind("2 = 3").unwrap()).unwrap();
        assert_eq!((place.line, place.column), (2, 3));
        assert_eq!(report.given_before("3", text.len()), None);
    }
}
