//! The table of what becomes of bad input names counters and tests that there are.

use std::path::Path;

use crate::configuration::{ASCII, Configuration};
use crate::sekishod::Sekishod;

const TABLE: &str = include_str!("../../../../codec/README.md");
/// Where the tests are that it names, by module.
const TESTS: [&str; 2] = ["tests/switch", "../core/tests/scenarios"];

/// The words in backticks of each line's third and fourth column.
fn named(column: usize) -> Vec<&'static str> {
    let section = TABLE.split("\n## ").find(|part| part.starts_with("What becomes of bad input"));
    let lines = section.expect("it is there").lines().filter(|line| line.starts_with("| "));
    let cells = lines.skip(1).filter_map(|line| line.split('|').nth(column));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_counter_of_the_table_is_in_the_status() {
    let switch = Sekishod::starts(&Configuration::new().acquirer("merchant-a", ASCII, ""));
    let counters = switch.status().counters;
    let named = named(3);
    assert!(named.len() > 15, "{named:?}");
    let unknown: Vec<_> = named.iter().filter(|name| !counters.contains_key(**name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn every_test_of_the_table_exists() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = named(4);
    assert!(named.len() > 15, "{named:?}");
    for name in named {
        let (module, function) = name.split_once("::").expect("a module and a test");
        let files = TESTS.map(|place| here.join(place).join(format!("{module}.rs")));
        let texts = files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
        let is_there = |text: String| text.contains(&format!("#[test]\nfn {function}() {{"));
        assert!(texts.into_iter().any(is_there), "{name}");
    }
}
