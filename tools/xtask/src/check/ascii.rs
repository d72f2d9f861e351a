//! Sources are ASCII: what looks like one character and is another has no place in them.

use crate::checkout::File;
use crate::report::Finding;
use crate::source::numbered;

pub(super) fn findings(file: &File) -> Vec<Finding> {
    if !is_source(file) {
        return Vec::new();
    }
    let finding = |(number, line): (usize, &str)| {
        let odd = line.chars().find(|c| !c.is_ascii())?;
        let text =
            format!("U+{:04X} is not ASCII; write it in ASCII or as an escape", u32::from(odd));
        Some(Finding::new(&file.path, number, text))
    };
    numbered(&file.text).filter_map(finding).collect()
}

/// Rust, settings and scripts; documents and test data may use other characters.
fn is_source(file: &File) -> bool {
    matches!(file.extension(), Some("rs" | "toml" | "sh" | "service" | "conf")) || file.is_script()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_character_in_a_source_is_a_finding_at_its_line() {
        for path in ["a.rs", "Cargo.toml"] {
            let findings = findings(&File::new(path, "// plain\n// \u{2026}\n"));
            let found: Vec<String> = findings.iter().map(Finding::to_string).collect();
            let text = "U+2026 is not ASCII; write it in ASCII or as an escape";
            assert_eq!(found, [format!("{path}:2: {text}")]);
        }
        assert_eq!(findings(&File::new("tools/setup", "#!/bin/sh\n# \u{e9}\n")).len(), 1);
    }

    #[test]
    fn documents_and_test_data_may_use_other_characters() {
        assert!(findings(&File::new("README.md", "\u{95a2}\n")).is_empty());
        assert!(findings(&File::new("codec/tests/messages.jsonl", "\u{95a2}\n")).is_empty());
    }
}
