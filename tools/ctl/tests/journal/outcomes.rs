//! What `txn find` says became of a sale: whole and partial reversals, completions, and what operators
//! gave up. Each sale is of its own numbers.

use codec::Mti;
use switch_core::ids::{LinkNumber, Stan, StationNumber};
use switch_core::records::{ItemState, Passed, Record, TakesBack};
use switch_core::time::Time;

use crate::author::{Author, BEGINNING, Folder, decision, frame, sale};
use crate::says;

const ISSUER: StationNumber = StationNumber(2);

/// A journal that knows an issuer whose messages can be read.
fn begun(folder: &Folder) -> Author {
    let mut author = folder.start(BEGINNING);
    author.introduces();
    author.knows_hashes();
    author.writes(&[Record::Station { number: ISSUER, name: "issuer-y", dialect: "iso93-ascii" }]);
    author
}

/// One sale, and what happens to it.
struct Story<'a> {
    author: &'a mut Author,
    folder: &'a Folder,
    sale: u32,
    kept: u32,
}

impl<'a> Story<'a> {
    fn begins(author: &'a mut Author, folder: &'a Folder, number: u32) -> Self {
        let (inputs, utc) = (sale(number), author.utc);
        let mut request = decision(number, &inputs, utc);
        if let Record::Decision { issuer, reference, .. } = &mut request {
            (*issuer, *reference) = (ISSUER, u64::from(number) << 32);
        }
        author.writes(&[request]);
        Self { author, folder, sale: number, kept: number }
    }

    fn is_answered(&mut self, action: u16) {
        let (stan, utc) = (Stan(self.sale), self.author.utc);
        let values: [(u8, &[u8]); 1] = [(39, format!("{action:03x}").into_bytes().leak())];
        let answer = frame(codec::built_in("iso93-ascii").unwrap(), 0x1110, &values);
        let (issuer, at) = (ISSUER, Time(0));
        self.author.writes(&[Record::Settlement {
            issuer,
            stan,
            action,
            at,
            utc,
            answer: &answer,
        }]);
    }

    /// Its acquirer sends this about it, with this function code; it is kept for the issuer or not.
    fn gets(&mut self, kind: u16, function: &str, is_kept: bool) {
        self.kept += 1;
        let (number, utc, mti) = (self.kept, self.author.utc, Mti::new(kind).unwrap());
        let (stan, acquirer) = (Stan(if is_kept { number } else { 0 }), StationNumber(0));
        let said = if function == "unseen" { "400" } else { function };
        let values: [(u8, &[u8]); 2] = [(4, b"000000001000"), (24, said.as_bytes())];
        let frame = frame(codec::built_in("iso93-ascii").unwrap(), kind, &values);
        let takes_back = match (mti.class(), function) {
            (4, "400") => TakesBack::Whole,
            (4, "unseen") => TakesBack::Unseen,
            (4, _) => TakesBack::Part(1_000),
            _ => TakesBack::Nothing,
        };
        let passed = Passed {
            mti,
            original: Stan(self.sale),
            original_at: 0,
            reason: 0x4000,
            frame: &frame,
        };
        self.author.writes(&[Record::Advice {
            acquirer,
            link: LinkNumber(0),
            mti,
            key: u128::from(number),
            check: 0,
            reference: u64::from(number) << 32,
            original: u64::from(self.sale) << 32,
            original_key: 0,
            action: 0x400,
            issuer: ISSUER,
            stan,
            takes_back,
            utc,
            passed: Some(passed).filter(|_| is_kept),
            inputs: &frame,
        }]);
    }

    fn is_acknowledged(&mut self) {
        let (stan, utc) = (Stan(self.kept), self.author.utc);
        self.author.writes(&[Record::Acknowledged { issuer: ISSUER, stan, action: 0x400, utc }]);
    }

    fn is_given_up(&mut self) {
        let (stan, utc, by) = (Stan(self.kept), self.author.utc, "ann, bob");
        let state = ItemState::Purged;
        self.author.writes(&[Record::Item { issuer: ISSUER, stan, state, by, utc }]);
    }

    /// What an operator is told of it.
    fn ends_as(&self, outcome: &str) {
        let rrn = format!("{:012}", self.sale);
        let arguments = ["txn", "find", "--dir", "journal", "--rrn", &rrn, "-o", "json"];
        let (code, said) = says(self.folder, &arguments);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(&format!("\"outcome\":\"{outcome}\"")), "not {outcome:?}: {said}");
    }
}

#[test]
fn a_captured_sale_is_not_called_reversed() {
    let folder = Folder::new();
    let mut author = begun(&folder);
    let mut story = Story::begins(&mut author, &folder, 1_000);
    story.is_answered(0);
    story.gets(0x1220, "200", true);
    story.ends_as("approved 000, 1220 kept for the issuer");
    story.is_acknowledged();
    story.ends_as("approved 000");
    story.gets(0x1420, "400", true);
    story.ends_as("approved 000, being reversed");
    story.is_acknowledged();
    story.ends_as("approved 000, reversed");
}

#[test]
fn what_operators_gave_up_is_not_called_reversed_and_their_names_are_told() {
    let folder = Folder::new();
    let mut author = begun(&folder);
    let mut story = Story::begins(&mut author, &folder, 2_000);
    story.is_answered(0);
    story.gets(0x1220, "200", true);
    story.is_given_up();
    story.ends_as("approved 000, 1220 given up by ann, bob");
    story.gets(0x1420, "400", true);
    story.is_given_up();
    story.ends_as("approved 000, 1220 given up by ann, bob, reversal given up by ann, bob");
}

#[test]
fn a_part_that_was_taken_back_is_called_a_part() {
    let folder = Folder::new();
    let mut author = begun(&folder);
    let mut story = Story::begins(&mut author, &folder, 3_000);
    story.is_answered(0);
    story.gets(0x1420, "401", true);
    story.ends_as("approved 000, being reversed in part");
    story.is_acknowledged();
    story.ends_as("approved 000, reversed in part");
    story.gets(0x1420, "401", true);
    story.is_given_up();
    story.ends_as("approved 000, reversed in part, reversal in part given up by ann, bob");
}

#[test]
fn a_reversal_before_the_answer_is_told_until_the_answer_settles_it() {
    let folder = Folder::new();
    let mut author = begun(&folder);
    let mut story = Story::begins(&mut author, &folder, 4_000);
    story.ends_as("in flight");
    story.gets(0x1420, "400", false);
    story.ends_as("in flight, being reversed");
    story.is_answered(0x116);
    story.ends_as("declined 116");
}

#[test]
fn reversals_of_what_nobody_knew_are_listed_and_no_other() {
    let folder = Folder::new();
    let mut author = begun(&folder);
    let unknown = |folder: &Folder, more: &str| {
        let line = format!("txn find --dir journal --unknown -o json {more}");
        let (code, said) = says(folder, &line.split_whitespace().collect::<Vec<_>>());
        (code, said.matches("\"mti\":\"1420\"").count(), said.lines().count())
    };
    let mut story = Story::begins(&mut author, &folder, 5_000);
    story.is_answered(0);
    story.gets(0x1420, "400", true);
    assert_eq!(unknown(&folder, "").0, Some(3));
    // What it names was never seen here.
    story.sale = 6_000;
    story.gets(0x1420, "unseen", false);
    assert_eq!(unknown(&folder, ""), (Some(0), 1, 1));
    assert_eq!(
        unknown(&folder, "--station merchant-a --from 2026-11-21 --limit 1"),
        (Some(0), 1, 1)
    );
    assert_eq!(unknown(&folder, "--to 2026-11-20").0, Some(3));
}
