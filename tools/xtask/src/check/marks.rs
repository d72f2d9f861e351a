//! Nothing is left over: no marks for later, no holes in the code, no test that is ignored or sleeps.

use crate::checkout::File;
use crate::report::Finding;
use crate::source::{Rust, Word, numbered, words_of};

/// Marks for later, in comments of Rust and anywhere in other text that people write.
const MARKS: [&str; 3] = ["TODO", "FIXME", "XXX"];

pub(super) fn findings(file: &File) -> Vec<Finding> {
    match &file.rust {
        Some(rust) => {
            let mut findings = marks(&file.path, &rust.comments);
            findings.extend(ignored_examples(&file.path, &rust.comments));
            findings.extend(holes(file, rust));
            findings
        }
        None if is_written(file) => marks(&file.path, &file.text),
        None => Vec::new(),
    }
}

/// Documents, settings and scripts; in test data the letters may stand for anything.
fn is_written(file: &File) -> bool {
    matches!(file.extension(), Some("md" | "toml" | "sh" | "service" | "conf")) || file.is_script()
}

fn marks(path: &str, text: &str) -> Vec<Finding> {
    let words = numbered(text).flat_map(|(number, line)| words_of(number, line));
    let left = words.filter(|word| MARKS.contains(&word.text));
    let finding = |word: Word<'_>| {
        let text = format!("`{}` is left over; do it, or open an issue and take it out", word.text);
        Finding::new(path, word.line, text)
    };
    left.map(finding).collect()
}

/// Examples in documents are tests too.
fn ignored_examples(path: &str, comments: &str) -> Vec<Finding> {
    let is_ignored = |line: &str| {
        let after = line.split_once("```").map(|(_, after)| after);
        after.is_some_and(|after| after.split(',').any(|word| word.trim() == "ignore"))
    };
    let ignored = numbered(comments).filter(|(_, line)| is_ignored(line));
    let text = "an ignored example; let it run, or make it `text`";
    ignored.map(|(number, _)| Finding::new(path, number, text)).collect()
}

fn holes(file: &File, rust: &Rust) -> Vec<Finding> {
    let found = |word: Word<'_>| {
        let is_macro = word.after.starts_with('!');
        let is_test = file.is_test() || rust.is_test_line(word.line);
        let text = match word.text {
            "todo" | "unimplemented" if is_macro => "a hole in the code; write what belongs there",
            "ignore" if is_attribute(&word) => "an ignored test; repair it or take it out",
            "sleep" if is_test && word.before.ends_with("thread::") => {
                "a test that sleeps; wait for the event itself, with a deadline"
            }
            _ => return None,
        };
        Some(Finding::new(&file.path, word.line, text))
    };
    rust.words().filter_map(found).collect()
}

fn is_attribute(word: &Word<'_>) -> bool {
    let before = word.before.trim();
    before.ends_with("#[") || (before.starts_with("#[cfg_attr(") && before.ends_with(','))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        findings(&File::new(path, text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_mark_in_a_comment_or_document_is_a_finding() {
        for mark in MARKS {
            assert_eq!(lines("a.rs", &format!("//! X.\n// {mark}: later\n")), [2]);
            assert_eq!(lines("a.md", &format!("\n{mark} later\n")), [2]);
            assert_eq!(lines("tools/setup", &format!("#!/bin/sh\n# {mark}(me)\n")), [2]);
        }
    }

    #[test]
    fn letters_in_literals_data_and_longer_words_are_none() {
        assert!(lines("a.rs", "let a = \"TODO\"; // XXXX\n").is_empty());
        assert!(lines("a.jsonl", "{\"a\":\"XXX\"}\n").is_empty());
    }

    #[test]
    fn a_hole_in_the_code_is_a_finding() {
        assert_eq!(
            lines("a.rs", "fn a() {\n    todo!()\n}\nfn b() {\n    unimplemented!()\n}\n"),
            [2, 5]
        );
        assert!(lines("a.rs", "let todo = 1;\n").is_empty());
    }

    #[test]
    fn an_ignored_test_is_a_finding() {
        assert_eq!(lines("a.rs", "#[test]\n#[ignore = \"slow\"]\nfn a() {}\n"), [2]);
        assert_eq!(lines("a.rs", "#[cfg_attr(miri, ignore)]\nfn a() {}\n"), [1]);
        assert_eq!(lines("a.rs", "/// ```ignore\n/// a();\n/// ```\nfn a() {}\n"), [1]);
        assert!(lines("a.rs", "fn a(ignore: bool) {}\n/// ```text\n/// ```\n").is_empty());
    }

    #[test]
    fn a_test_that_sleeps_is_a_finding_and_a_program_that_sleeps_is_not() {
        let sleeps = "fn a() {\n    std::thread::sleep(b);\n}\n";
        assert_eq!(lines("switch/net/tests/a.rs", sleeps), [2]);
        assert_eq!(lines("a.rs", &format!("#[cfg(test)]\nmod tests {{\n{sleeps}}}\n")), [4]);
        assert!(lines("bench/src/issuer.rs", sleeps).is_empty());
    }
}
