//! Files stay short enough to be read: 300 lines aimed at, 500 the end. Tests do not count.

use crate::checkout::{Checkout, File};
use crate::report::{Finding, Outcome};

/// Above this a file gets advice.
const LINES_AIMED: usize = 300;
/// Above this a file is a finding.
const LINES_MAX: usize = 500;

pub(super) fn run(checkout: &Checkout) -> Outcome {
    judge(&checkout.files)
}

fn judge(files: &[File]) -> Outcome {
    let mut outcome = Outcome::default();
    for file in files {
        let lines = lines_without_tests(file);
        if lines > LINES_MAX {
            let text = format!("{lines} lines without tests, {LINES_MAX} at most; split it");
            outcome.findings.push(Finding::new(&file.path, 1, text));
        } else if lines > LINES_AIMED {
            let text = format!("{lines} lines without tests, aim at {LINES_AIMED}");
            outcome.advice.push(Finding::new(&file.path, 1, text));
        }
    }
    outcome
}

/// How many lines of Rust a file has, its test modules left out.
fn lines_without_tests(file: &File) -> usize {
    match &file.rust {
        Some(rust) if !file.is_test() => {
            let all = 1..=rust.code.lines().count();
            all.filter(|&line| !rust.is_test_line(line)).count()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, lines: usize, test_lines: usize) -> File {
        let tests = "    //\n".repeat(test_lines);
        let text = format!("{}#[cfg(test)]\nmod tests {{\n{tests}}}\n", "//\n".repeat(lines));
        File::new(path, &text)
    }

    fn counts(file: File) -> (usize, usize) {
        let outcome = judge(&[file]);
        (outcome.findings.len(), outcome.advice.len())
    }

    #[test]
    fn both_sides_of_each_limit() {
        assert_eq!(counts(file("codec/src/a.rs", 300, 0)), (0, 0));
        assert_eq!(counts(file("codec/src/a.rs", 301, 0)), (0, 1));
        assert_eq!(counts(file("codec/src/a.rs", 500, 0)), (0, 1));
        assert_eq!(counts(file("codec/src/a.rs", 501, 0)), (1, 0));
    }

    #[test]
    fn tests_do_not_count() {
        assert_eq!(counts(file("codec/src/a.rs", 300, 900)), (0, 0));
        assert_eq!(counts(file("codec/src/a/tests.rs", 900, 0)), (0, 0));
        assert_eq!(counts(file("codec/tests/a.rs", 900, 0)), (0, 0));
        assert_eq!(counts(file("README.md", 900, 0)), (0, 0));
    }
}
