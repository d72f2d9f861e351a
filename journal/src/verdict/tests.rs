//! The table row by row, against every fact there can be, and against its print in `FORMAT.md`.

use super::*;
use crate::format::{BatchNumber, Position};

const FOUND: [Found; 15] = [
    Found::Empty,
    Found::ShortFile,
    Found::Unreadable,
    Found::Foreign,
    Found::BrokenHeader,
    Found::Version(2),
    Found::OtherCluster,
    Found::OtherSegment,
    Found::OtherBatch(BatchNumber(7)),
    Found::OtherPrevious,
    Found::OtherPosition(Position(7)),
    Found::TooLong,
    Found::WrongSum,
    Found::WrongSeal,
    Found::NotRecords,
];
const LATER: [Later; 4] = [Later::None, Later::ThisBatch, Later::OtherBranch, Later::AfterIt];
const BEHIND: [Behind; 3] = [Behind::Nothing, Behind::Something, Behind::Unreadable];

/// All there can be.
fn all() -> Vec<Facts> {
    let mut all = Vec::new();
    for found in FOUND {
        for later in LATER {
            for covered in [false, true] {
                all.extend(BEHIND.map(|behind| Facts { found, later, covered, behind }));
            }
        }
    }
    all
}

#[test]
fn each_row_decides_in_its_turn() {
    // Facts that only this row fits, of all that are left for it.
    let torn = Facts {
        found: Found::WrongSum,
        later: Later::None,
        covered: false,
        behind: Behind::Something,
    };
    let rows = [
        (Facts { later: Later::ThisBatch, covered: true, ..torn }, Verdict::GoOn),
        (Facts { found: Found::Version(9), covered: true, ..torn }, Verdict::Refuse),
        (Facts { later: Later::OtherBranch, ..torn }, Verdict::Damage),
        (Facts { later: Later::AfterIt, ..torn }, Verdict::Damage),
        (Facts { covered: true, ..torn }, Verdict::Damage),
        (Facts { found: Found::WrongSeal, ..torn }, Verdict::Damage),
        (Facts { found: Found::ShortFile, ..torn }, Verdict::Damage),
        (Facts { found: Found::Unreadable, ..torn }, Verdict::Damage),
        (Facts { behind: Behind::Unreadable, ..torn }, Verdict::Damage),
        (Facts { found: Found::Empty, behind: Behind::Nothing, ..torn }, Verdict::End),
        (torn, Verdict::Cut),
    ];
    assert_eq!(rows.len(), TABLE.len());
    for (number, ((facts, verdict), expected)) in rows.iter().zip(&TABLE).enumerate() {
        assert!(std::ptr::eq(row(facts), &raw const TABLE[number]), "row {number}: {facts:?}");
        assert_eq!((judge(facts), expected.verdict), (*verdict, *verdict), "row {number}");
    }
}

#[test]
fn what_was_acknowledged_is_never_cut_and_a_clean_end_is_only_zeros() {
    for facts in all() {
        let verdict = judge(&facts);
        let told = facts.covered || matches!(facts.later, Later::AfterIt | Later::OtherBranch);
        if told {
            assert!(!matches!(verdict, Verdict::Cut | Verdict::End), "{facts:?}");
        }
        if verdict == Verdict::End {
            assert_eq!((facts.found, facts.behind), (Found::Empty, Behind::Nothing), "{facts:?}");
        }
        if verdict == Verdict::GoOn {
            assert_eq!(facts.later, Later::ThisBatch, "{facts:?}");
        }
        assert_eq!(verdict == Verdict::Refuse, judge_version(&facts), "{facts:?}");
    }
}

fn judge_version(facts: &Facts) -> bool {
    matches!(facts.found, Found::Version(_)) && facts.later != Later::ThisBatch
}

/// The table as `FORMAT.md` has it.
fn printed() -> String {
    let mut out = "| what stands there | later segment | covered | behind | verdict | because |\n\
                   |---|---|---|---|---|---|\n"
        .to_owned();
    for row in &TABLE {
        let found = match row.found {
            What::Anything => "anything else than the batch",
            What::Version => "a whole header of a newer version",
            What::Seal => "the batch with a wrong seal",
            What::ShortFile => "the end of a file that should go on",
            What::Unreadable => "a block that the disk does not give",
            What::Empty => "zeros, or the segment's end",
        };
        let later = match row.later {
            None => "",
            Some(Later::None) => "none",
            Some(Later::ThisBatch) => "starts with it",
            Some(Later::OtherBranch) => "starts with it, behind another batch",
            Some(Later::AfterIt) => "starts after it",
        };
        let covered = match row.covered {
            None => "",
            Some(true) => "yes",
            Some(false) => "no",
        };
        let behind = match row.behind {
            None => "",
            Some(Behind::Nothing) => "zeros",
            Some(Behind::Something) => "something",
            Some(Behind::Unreadable) => "unreadable",
        };
        let verdict = match row.verdict {
            Verdict::GoOn => "go on there",
            Verdict::End => "the end",
            Verdict::Cut => "torn tail: cut",
            Verdict::Damage => "damage",
            Verdict::Refuse => "refuse",
        };
        let because = row.because;
        let cells = [found, later, covered, behind, verdict, because];
        out +=
            &format!("| {} |\n", cells.join(" | ")).replace("|  |", "| |").replace("|  |", "| |");
    }
    out
}

#[test]
fn the_document_prints_the_table() {
    let document = include_str!("../../FORMAT.md");
    let table = printed();
    assert!(document.contains(&table), "FORMAT.md should have:\n{table}");
}
