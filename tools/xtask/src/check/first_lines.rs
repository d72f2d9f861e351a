//! The first line of each Rust file says what the file is for.

use crate::checkout::File;
use crate::report::Finding;

/// Attributes of the whole file may stand in front of the comment.
pub(super) fn findings(file: &File) -> Vec<Finding> {
    if file.rust.is_none() {
        return Vec::new();
    }
    let first = file.text.lines().find(|line| !line.starts_with("#!")).unwrap_or("");
    let says = first.strip_prefix("//!").is_some_and(|said| !said.trim().is_empty());
    if says {
        return Vec::new();
    }
    let text = "the first line is no `//!` comment; say what the file is for and must not know";
    vec![Finding::new(&file.path, 1, text)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        findings(&File::new(path, text)).len()
    }

    #[test]
    fn a_file_that_says_what_it_is_for_passes() {
        assert_eq!(count("a.rs", "//! The message type.\n"), 0);
        assert_eq!(count("a.rs", "#![no_std]\n//! The message type.\n"), 0);
        assert_eq!(count("a.md", "# Title\n"), 0);
    }

    #[test]
    fn a_file_that_does_not_is_a_finding() {
        for text in
            ["", "//!\n", "use a::B;\n", "// A note.\n", "\n//! Late.\n", "/// Of an item.\n"]
        {
            assert_eq!(count("a.rs", text), 1, "{text}");
        }
    }
}
