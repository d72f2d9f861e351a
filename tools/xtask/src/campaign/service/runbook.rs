//! The runbook as the proof reads it: each command of it must have been typed, and each line of a log
//! or a table must have been seen. Must not know what they mean.

use std::collections::BTreeSet;

/// What stands for anything in a line that one sees.
const ANYTHING: &str = "...";

/// Lines in code blocks of the runbook, and the blocks.
#[derive(Debug, Default)]
pub(super) struct Runbook {
    blocks: Vec<String>,
    /// Blocks marked `sh`: what an operator types.
    commands: Vec<(usize, String)>,
    /// Blocks marked `text`: what an operator sees.
    sights: Vec<(usize, String)>,
}

impl Runbook {
    pub(super) fn read(text: &str) -> Self {
        let mut runbook = Self::default();
        let mut block = None;
        for (number, line) in (1..).zip(text.lines()) {
            match (block, line.trim_start().strip_prefix("```")) {
                (None, Some(kind)) => {
                    block = Some(kind);
                    runbook.blocks.push(String::new());
                }
                (Some(_), Some(_)) => block = None,
                (Some(kind), None) => runbook.takes(kind, number, line),
                (None, None) => {}
            }
        }
        runbook
    }

    fn takes(&mut self, kind: &str, number: usize, line: &str) {
        if let Some(block) = self.blocks.last_mut() {
            block.push_str(line);
            block.push('\n');
        }
        let line = (number, line.trim().to_owned());
        match kind {
            "sh" => self.commands.push(line),
            "text" => self.sights.push(line),
            _ => {}
        }
    }

    /// The first block that has this in it.
    pub(super) fn block(&self, part: &str) -> Option<&str> {
        self.blocks.iter().find(|block| block.contains(part)).map(String::as_str)
    }

    /// What was not typed, or not seen, with its line.
    pub(super) fn unproven(&self, typed: &BTreeSet<String>, seen: &[String]) -> Vec<String> {
        let commands = self.commands.iter().filter(|(_, line)| !typed.contains(line));
        let is_seen = |sight: &str| seen.iter().any(|line| shows(line, sight));
        let sights = self.sights.iter().filter(|(_, line)| !is_seen(line));
        let commands =
            commands.map(|(number, line)| format!("line {number} was not typed: {line}"));
        let sights = sights.map(|(number, line)| format!("line {number} was not seen: {line}"));
        commands.chain(sights).collect()
    }

    /// How many commands and lines there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.commands.len(), self.sights.len())
    }
}

/// Whether a line has all parts of a sight, in order. Columns may be wider.
fn shows(line: &str, sight: &str) -> bool {
    let narrow = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (line, sight) = (narrow(line), narrow(sight));
    let mut rest = line.as_str();
    sight
        .split(ANYTHING)
        .map(str::trim)
        .all(|part| rest.split_once(part).map(|(_, behind)| rest = behind).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# Full\n\nLook:\n\n```sh\nsekisho status\n```\n\n```text\nthe disk has ... free\n```\n";

    #[test]
    fn a_command_that_was_not_typed_and_a_line_that_was_not_seen_are_told_with_their_lines() {
        let unproven = Runbook::read(TEXT).unproven(&BTreeSet::new(), &[]);
        assert_eq!(
            unproven,
            ["line 6 was not typed: sekisho status", "line 10 was not seen: the disk has ... free"]
        );
    }

    #[test]
    fn a_block_is_found_by_a_part_of_it_and_given_whole() {
        let runbook = Runbook::read("```toml\n[peer]\nname = \"osaka\"\n```\n");
        assert_eq!(runbook.block("osaka"), Some("[peer]\nname = \"osaka\"\n"));
        assert_eq!(runbook.counts(), (0, 0));
    }

    #[test]
    fn what_was_typed_and_seen_is_proven() {
        let typed = BTreeSet::from(["sekisho status".to_owned()]);
        let seen = ["! the  disk has 3 MiB free: make room".to_owned()];
        assert!(Runbook::read(TEXT).unproven(&typed, &seen).is_empty());
    }

    #[test]
    fn parts_of_a_line_must_come_in_their_order() {
        assert!(shows("a b c", "a ... c"));
        assert!(!shows("c b a", "a ... c"));
    }
}
