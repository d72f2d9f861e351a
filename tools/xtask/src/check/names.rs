//! Names that say nothing: no `util`, `helper`, `manager` or `common`, no `get_`, no `mod.rs`.

use crate::checkout::File;
use crate::report::Finding;
use crate::source::Word;

/// Words that no module or type is named by; an `s` behind them does not help.
const EMPTY_WORDS: [&str; 4] = ["util", "helper", "manager", "common"];

pub(super) fn findings(file: &File) -> Vec<Finding> {
    let Some(rust) = &file.rust else { return Vec::new() };
    let mut findings = Vec::new();
    if file.name() == "mod.rs" {
        let text = "is a `mod.rs`; name the file by its module";
        findings.push(Finding::new(&file.path, 1, text));
    }
    let path = file.path.strip_suffix(".rs").unwrap_or(&file.path);
    for part in path.split('/').filter(|part| says_nothing(part)) {
        let text = format!("`{part}` says nothing; name the module by what it is");
        findings.push(Finding::new(&file.path, 1, text));
    }
    let found = rust.words().filter_map(|word| judge(&word).map(|text| (word.line, text)));
    findings.extend(found.map(|(line, text)| Finding::new(&file.path, line, text)));
    findings
}

/// What is wrong with a word, if it is the name of something defined here.
fn judge(word: &Word<'_>) -> Option<String> {
    let name = word.text;
    match word.before.split_whitespace().next_back()? {
        "fn" if name.starts_with("get_") => {
            let bare = name.trim_start_matches("get_");
            Some(format!("`{name}`: no `get_`; call it `{bare}`, or say what it does"))
        }
        // A file's module is judged by the file's path.
        "mod" if says_nothing(name) && !word.after.trim_start().starts_with(';') => {
            Some(format!("`{name}` says nothing; name the module by what it is"))
        }
        "struct" | "enum" | "trait" | "type" | "union" if says_nothing(&in_parts(name)) => {
            Some(format!("`{name}` says nothing; name the type by what it is"))
        }
        _ => None,
    }
}

/// Whether a part of the name, between underscores, is an empty word.
fn says_nothing(name: &str) -> bool {
    let is_empty_word = |part: &str| EMPTY_WORDS.contains(&part.strip_suffix('s').unwrap_or(part));
    name.split('_').any(is_empty_word)
}

/// `LinkTable` as `_link_table`.
fn in_parts(name: &str) -> String {
    let part = |c: char| if c.is_uppercase() { format!("_{}", c.to_lowercase()) } else { c.into() };
    name.chars().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        findings(&File::new(path, text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_module_by_an_empty_name_is_a_finding() {
        for path in ["codec/src/util.rs", "codec/src/helpers/pan.rs", "bench/tests/common.rs"] {
            assert_eq!(lines(path, ""), [1], "{path}");
        }
        assert_eq!(lines("codec/src/link_manager.rs", ""), [1]);
        assert_eq!(lines("codec/src/lib.rs", "\nmod utils {\n}\n"), [2]);
    }

    #[test]
    fn a_module_in_a_file_of_its_own_is_found_once() {
        assert!(lines("codec/src/lib.rs", "mod util;\n").is_empty());
    }

    #[test]
    fn a_type_by_an_empty_name_is_a_finding() {
        assert_eq!(lines("a.rs", "struct LinkManager;\nenum Common {}\n"), [1, 2]);
    }

    #[test]
    fn a_function_that_gets_is_a_finding() {
        assert_eq!(lines("a.rs", "//!\npub fn get_mti() {}\n"), [2]);
        assert!(lines("a.rs", "fn a() {\n    b.get_ref();\n    get_b(fn_get_c);\n}\n").is_empty());
    }

    #[test]
    fn a_mod_rs_is_a_finding() {
        assert_eq!(lines("codec/src/decode/mod.rs", ""), [1]);
    }

    #[test]
    fn words_that_only_look_alike_are_none() {
        assert!(lines("codec/src/utility.rs", "struct Helped;\nfn target() {}\n").is_empty());
        assert!(lines("codec/src/uncommon.rs", "let a = \"struct Manager\";\n").is_empty());
        assert!(lines("a.rs", "// fn get_x() and mod util {\n").is_empty());
    }
}
