//! Holds `ROLES.md` against the code: each event, action, file, function and broken variant that is
//! there is told, and what is told is there.

const DOCUMENT: &str = include_str!("../../ROLES.md");
const EVENTS: &str = include_str!("event.rs");
const MUTANTS: &str = include_str!("../mutants.rs");
const FILES: [(&str, &str); 14] = [
    ("node.rs", include_str!("node.rs")),
    ("peer.rs", include_str!("peer.rs")),
    ("arbiter.rs", include_str!("arbiter.rs")),
    ("wishes.rs", include_str!("wishes.rs")),
    ("showing.rs", include_str!("showing.rs")),
    ("standby.rs", include_str!("standby.rs")),
    ("deciding.rs", include_str!("deciding.rs")),
    ("rising.rs", include_str!("rising.rs")),
    ("reigning.rs", include_str!("reigning.rs")),
    ("syncing.rs", include_str!("syncing.rs")),
    ("shipping.rs", include_str!("shipping.rs")),
    ("handover.rs", include_str!("handover.rs")),
    ("yielding.rs", include_str!("yielding.rs")),
    ("isolating.rs", include_str!("isolating.rs")),
];

/// The names of an enumeration, in order.
fn names(of: &str) -> Vec<&'static str> {
    let (_, body) = EVENTS.split_once(&format!("pub enum {of} {{\n")).expect("the enumeration");
    let (body, _) = body.split_once("\n}\n").expect("its end");
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    let begins = lines.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    let is_name = |letter: char| letter.is_ascii_alphanumeric();
    begins.filter_map(|line| line.split(|letter| !is_name(letter)).next()).collect()
}

/// The rows of the table below a heading, as their cells.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, below) = DOCUMENT.split_once(&format!("\n## {heading}\n")).expect("the heading");
    let section = below.split("\n## ").next().expect("something");
    let lines = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// What stands between backquotes.
fn quoted(cell: &'static str) -> Vec<&'static str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn each_event_and_each_action_is_told_once() {
    for (heading, of) in [("What it is told", "Event"), ("What it wants done", "Action")] {
        let mut told: Vec<_> = rows(heading).iter().flat_map(|row| quoted(row[0])).collect();
        let mut there = names(of);
        told.sort_unstable();
        there.sort_unstable();
        assert_eq!(told, there, "{of}");
    }
}

#[test]
fn each_file_is_told() {
    let told: Vec<_> = rows("The parts of a life").iter().map(|row| quoted(row[1])[0]).collect();
    assert_eq!(told, FILES.map(|(name, _)| name));
}

#[test]
fn each_rule_stands_where_it_is_said_to_stand() {
    for row in rows("The rules") {
        let place = quoted(row[1]);
        if let [file, function] = place[..] {
            let (_, text) = FILES.iter().find(|(name, _)| *name == file).expect(file);
            assert!(text.contains(&format!("fn {function}(")), "{function} in {file}");
        }
        for mutant in quoted(row[3]) {
            assert!(MUTANTS.contains(&format!("    {mutant},\n")), "{mutant}");
        }
    }
}
