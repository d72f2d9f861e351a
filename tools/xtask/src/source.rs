//! Rust text cut into code and comments, so that a check never takes a word in a string for a keyword.
//! Knows tokens, not grammar; what it can not know is what a macro makes of its input.

mod lexer;

#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

/// A Rust file, its parts apart. Each part has the lines of the whole, the rest blanked by spaces.
pub(crate) struct Rust {
    /// The code: no comments, and string and character literals empty.
    pub(crate) code: String,
    /// The comments alone, with their slashes.
    pub(crate) comments: String,
    /// The lines (from 1) of each module that is compiled for tests only, with its braces.
    tests: Vec<RangeInclusive<usize>>,
}

impl Rust {
    /// Cuts the text.
    pub(crate) fn new(text: &str) -> Self {
        let (code, comments) = lexer::cut(text);
        let tests = test_modules(&code);
        Self { code, comments, tests }
    }

    /// Whether a line (from 1) lies in a module that is compiled for tests only.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.tests.iter().any(|lines| lines.contains(&line))
    }

    /// The words of the code (names, keywords and numbers), in order.
    pub(crate) fn words(&self) -> impl Iterator<Item = Word<'_>> {
        numbered(&self.code).flat_map(|(line, text)| words_of(line, text))
    }
}

/// A word of the code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// The line it stands in, from 1.
    pub(crate) line: usize,
    /// The word.
    pub(crate) text: &'a str,
    /// What stands in front of it on the line.
    pub(crate) before: &'a str,
    /// What stands behind it on the line.
    pub(crate) after: &'a str,
}

/// The lines of a text with their numbers, from 1.
pub(crate) fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// The words of one line.
pub(crate) fn words_of(line: usize, text: &str) -> impl Iterator<Item = Word<'_>> {
    let is_word = |c: char| c == '_' || c.is_alphanumeric();
    let mut rest_at = 0;
    std::iter::from_fn(move || {
        let (_, rest) = text.split_at(rest_at);
        let start = rest_at + rest.find(is_word)?;
        let (before, from_start) = text.split_at(start);
        let length = from_start.find(|c| !is_word(c)).unwrap_or(from_start.len());
        let (word, after) = from_start.split_at(length);
        rest_at = start + length;
        Some(Word { line, text: word, before, after })
    })
}

/// The lines of each `mod name { ... }` under a `#[cfg(...)]` that asks for `test`.
fn test_modules(code: &str) -> Vec<RangeInclusive<usize>> {
    let mut modules = Vec::new();
    let mut starts_at = None;
    let mut lines = numbered(code);
    while let Some((number, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if asks_for_test(line) {
            starts_at = Some(number);
        } else if line.starts_with("#[") {
            continue;
        }
        let Some(start) = starts_at else { continue };
        if !words_of(number, line).any(|word| word.text == "mod") {
            if !asks_for_test(line) {
                starts_at = None;
            }
            continue;
        }
        starts_at = None;
        let mut depth = braces(line);
        let mut end = number;
        while depth > 0 {
            let Some((next, line)) = lines.next() else { break };
            depth += braces(line);
            end = next;
        }
        if line.contains('{') {
            modules.push(start..=end);
        }
    }
    modules
}

/// Whether a line has an attribute that keeps what follows out of everything but tests.
fn asks_for_test(line: &str) -> bool {
    line.starts_with("#[cfg(")
        && words_of(0, line).any(|word| word.text == "test" && !word.before.ends_with("not("))
}

/// How many more braces a line opens than it closes.
fn braces(line: &str) -> i32 {
    line.chars().fold(0, |depth, c| match c {
        '{' => depth + 1,
        '}' => depth - 1,
        _ => depth,
    })
}
