//! Each lie that a journal or a ledger could tell, told once.

use bench::issuer::ActionCode;
use bench::ledger::{Acquirer, Answered, Issuer, Received, Reference, Replied, Sent, Text};
use codec::{Dialect, Fields, Mti, Writer};
use expect_test::{Expect, expect};
use switch_core::ids::{LinkNumber, RouteId, Stan, StationNumber};
use switch_core::records::Record;
use switch_core::time::Time;

use super::{Judge, Missing, Outcome};

mod reversals;

const UTC: u64 = 1_795_300_000;

/// A journal and two ledgers, told step by step.
#[derive(Default)]
struct Story {
    judge: Judge,
    position: u64,
}

fn ascii() -> &'static Dialect {
    codec::built_in("iso93-ascii").unwrap()
}

fn reference(number: u32) -> Reference {
    Text::new(format!("RRN{number:09}").as_bytes()).unwrap()
}

fn frame(mti: u16, fields: &[(u8, &str)]) -> Vec<u8> {
    let mut out = [0; 512];
    let all = fields.iter().fold(Fields::EMPTY, |all, (n, _)| all.with(*n));
    let mut writer = Writer::new(ascii(), &mut out, Mti::of(mti), all).unwrap();
    for (n, text) in fields {
        writer.put_text(*n, text.as_bytes()).unwrap();
    }
    let length = writer.finish().unwrap();
    out[..length].to_vec()
}

impl Story {
    /// A journal that has begun: acquirer 1, issuer 2.
    fn begins() -> Self {
        let mut story = Self::default();
        story.starts(1);
        for (number, name) in [(1, "merchant"), (2, "bank")] {
            story.writes(&Record::Station {
                number: StationNumber(number),
                name,
                dialect: "iso93-ascii",
            });
        }
        story
    }

    fn writes(&mut self, record: &Record<'_>) {
        self.position += 1;
        self.writes_at(self.position, record);
    }

    fn writes_at(&mut self, position: u64, record: &Record<'_>) {
        let mut out = [0; 1024];
        let length = record.write(&mut out).unwrap();
        self.judge.read(position, &out[..length]);
    }

    fn starts(&mut self, epoch: u32) {
        self.writes(&Record::Start { epoch, utc: UTC, build: "test" });
    }

    fn decides(&mut self, number: u32, stan: u32, utc: u64) {
        let inputs = frame(0x1200, &[(4, "000000000100"), (37, &reference(number).to_string())]);
        self.writes(&Record::Decision {
            acquirer: StationNumber(1),
            link: LinkNumber(1),
            issuer: StationNumber(2),
            mti: Mti::of(0x1200),
            route: RouteId(0),
            stan: Stan(stan),
            sent_at: 0x11_2203_3045,
            arrived: Time(0),
            utc,
            configuration: 1,
            key: 0,
            check: 0,
            reference: 0,
            present: Fields::of(&[4, 37]),
            inputs: &inputs,
        });
    }

    fn settles(&mut self, stan: u32, action: &str) {
        let answer = frame(0x1210, &[(38, "A1B2C3"), (39, action)]);
        self.writes(&Record::Settlement {
            issuer: StationNumber(2),
            stan: Stan(stan),
            action: u16::from_str_radix(action, 16).unwrap(),
            at: Time(0),
            utc: UTC,
            answer: &answer,
        });
    }

    fn closes(&mut self, stan: u32) {
        self.writes(&Record::Closed { issuer: StationNumber(2), stan: Stan(stan), utc: UTC });
    }

    fn expires(&mut self, stan: u32) {
        let (issuer, stan) = (StationNumber(2), Stan(stan));
        self.writes(&Record::Expiry { issuer, stan, at: Time(0), utc: UTC });
    }

    fn does_not_send(&mut self, stan: u32) {
        let (issuer, stan) = (StationNumber(2), Stan(stan));
        self.writes(&Record::Unsent { issuer, stan, at: Time(0), utc: UTC });
    }

    fn acquirer_sends(&mut self, number: u32) {
        let reference = reference(number);
        let mti = Mti::of(0x1200);
        let sent = Sent { reference, stan: number, mti, second: UTC, amount: 100, at_ns: 0 };
        self.judge.hear_acquirer(&[Acquirer::Sent(sent)]);
    }

    fn acquirer_has(&mut self, number: u32, action: &str, by_switch: bool) {
        let approval = (!by_switch).then(|| Text::new(b"A1B2C3").unwrap());
        let (reference, action) = (reference(number), ActionCode::new(action));
        let answered = Answered { reference, action, approval, by_switch, at_ns: 0 };
        self.judge.hear_acquirer(&[Acquirer::Answered(answered)]);
    }

    fn issuer_has(&mut self, number: u32, stan: u32, transmitted: u64) {
        let (reference, mti) = (Some(reference(number)), Mti::of(0x1200));
        let received =
            Received { stan, transmitted, reference, mti, original: None, amount: 100, at_ns: 0 };
        self.judge.hear_issuer("bank", &[Issuer::Received(received)]);
    }

    fn issuer_says(&mut self, number: u32, stan: u32, action: &str) {
        let (reference, action) = (Some(reference(number)), ActionCode::new(action).unwrap());
        let transmitted = 1_122_033_045;
        let mti = Mti::of(0x1200);
        let replied = Replied { stan, transmitted, reference, mti, action, handed: true, at_ns: 0 };
        self.judge.hear_issuer("bank", &[Issuer::Replied(replied)]);
    }

    /// From the request to the answer, as it should be.
    fn is_served(&mut self, number: u32, stan: u32) {
        self.acquirer_sends(number);
        self.decides(number, stan, UTC);
        self.issuer_has(number, stan, 1_122_033_045);
        self.issuer_says(number, stan, "000");
        self.settles(stan, "000");
        self.acquirer_has(number, "000", false);
    }

    fn ends(mut self, expected: &Expect) -> Judge {
        self.judge.judge();
        expected.assert_eq(&self.judge.findings().to_string());
        self.judge
    }
}

#[test]
fn a_transaction_that_all_three_know_alike_is_right_and_its_number_may_be_used_again() {
    let mut story = Story::begins();
    story.is_served(1, 7);
    story.is_served(2, 7);
    let judge = story.ends(&expect![""]);
    let counts = judge.counts();
    assert_eq!((counts.sent, counts.answered, counts.by_issuer, counts.received), (2, 2, 2, 2));
    assert_eq!((counts.records, counts.decisions, judge.position()), (7, 2, 7));
    assert_eq!((judge.missing(), judge.unfinished()), (Missing::default(), 0));
    let (sent, station, outcome) = judge.known(judge.decided()[1]).unwrap();
    assert_eq!((sent.reference, station), (reference(2), "merchant"));
    assert!(matches!(outcome, Outcome::Settled { .. }));
}

#[test]
fn an_answer_without_a_record_is_a_refusal_if_the_switch_gave_it_and_else_a_loss() {
    let mut story = Story::begins();
    for number in [1, 2] {
        story.acquirer_sends(number);
        story.acquirer_has(number, "907", number == 1);
    }
    let judge = story.ends(&expect![[r"
          RRN000000002: answered 907, and not in the journal
    "]]);
    assert_eq!(judge.counts().refused, 1);
}

#[test]
fn an_answer_before_its_settlement_is_committed_is_found() {
    let mut story = Story::begins();
    story.decides(1, 7, UTC);
    story.issuer_has(1, 7, 1_122_033_045);
    story.acquirer_has(1, "000", false);
    story.ends(&expect![[r"
          RRN000000001: answered 000, and without an outcome in the journal
    "]]);
}

#[test]
fn an_answer_with_another_code_than_the_journal_and_the_issuer_have_is_found() {
    let mut story = Story::begins();
    story.is_served(1, 7);
    story.decides(2, 8, UTC);
    story.issuer_has(2, 8, 1_122_033_045);
    story.issuer_says(2, 8, "116");
    story.settles(8, "000");
    story.acquirer_has(2, "116", false);
    story.ends(&expect![[r"
          RRN000000002: answered 116, and Settled { action: Some(000), approval: Some(A1B2C3) } in the journal
          RRN000000002: settled as Some(000), and its issuer said Some(116)
    "]]);
}

#[test]
fn declines_of_the_switch_must_be_those_of_their_records() {
    let mut story = Story::begins();
    story.decides(1, 7, UTC);
    story.expires(7);
    story.acquirer_has(1, "911", true);
    story.decides(2, 8, UTC);
    story.does_not_send(8);
    story.acquirer_has(2, "911", true);
    story.decides(3, 9, UTC);
    story.does_not_send(9);
    story.issuer_has(3, 9, 1_122_033_045);
    let judge = story.ends(&expect![[r"
          RRN000000002: answered 911 by the switch, and Unsent in the journal
          RRN000000003: at its issuer, and unsent in the journal
    "]]);
    assert_eq!(judge.counts().declined, 2);
}

#[test]
fn a_request_at_an_issuer_without_its_decision_or_with_another_or_twice_is_found() {
    let mut story = Story::begins();
    story.issuer_has(1, 7, 1_122_033_045);
    story.decides(2, 8, UTC);
    story.issuer_has(2, 9, 1_122_033_045);
    story.is_served(3, 10);
    story.issuer_has(3, 10, 1_122_033_045);
    story.ends(&expect![[r"
          RRN000000001: at its issuer as 000007, and not in the journal
          RRN000000002: at its issuer as 000009 of 1122033045, and as Decision { position: 4, acquirer: 1, issuer: 2, stan: 8, transmitted: 1122033045, of_repeat: false, outcome: None } in the journal
          RRN000000003: 2 times at its issuer
    "]]);
}

#[test]
fn what_a_start_found_without_an_outcome_is_closed_before_anything_is_decided() {
    let mut story = Story::begins();
    for (number, stan) in [(1, 7), (2, 8)] {
        story.acquirer_sends(number);
        story.decides(number, stan, UTC);
    }
    assert_eq!(story.judge.unfinished(), 2);
    story.starts(2);
    story.closes(7);
    story.decides(3, 9, UTC);
    story.closes(8);
    let judge = story.ends(&expect![[r"
          position 8: 1 requests without an outcome are not closed
    "]]);
    assert_eq!((judge.counts().closed, judge.unfinished()), (2, 1));
    assert_eq!(judge.missing(), Missing { unfinished: 2, ..Missing::default() });
}

#[test]
fn a_repeat_gets_the_same_answer_and_909_where_a_start_closed_its_original() {
    let told = |code: &str, by_switch: bool| {
        let approval = (!by_switch).then(|| Text::new(b"A1B2C3").unwrap());
        let action = ActionCode::new(code);
        Answered { reference: reference(1), action, approval, by_switch, at_ns: 0 }
    };
    let mut story = Story::begins();
    story.is_served(1, 7);
    story.acquirer_sends(2);
    story.decides(2, 8, UTC);
    let judge = story.ends(&expect![""]);
    let [settled, open] = [1, 2].map(|number| judge.known(reference(number)).unwrap().2);
    assert!(settled.explains_repeat(&told("000", false)));
    assert!(!settled.explains_repeat(&told("116", false)));
    assert!(!settled.explains_repeat(&told("000", true)));
    assert!(open.explains_repeat(&told("909", true)) && !open.explains(&told("909", true)));
    assert!(!open.explains_repeat(&told("000", false)));
}

#[test]
fn a_repeat_may_be_told_that_its_request_is_under_way_and_a_first_request_may_not() {
    let mut story = Story::begins();
    for (number, stan) in [(1, 7), (2, 8)] {
        story.acquirer_sends(number);
        story.decides(number, stan, UTC);
        story.issuer_has(number, stan, 1_122_033_045);
        story.issuer_says(number, stan, "000");
    }
    let mti = Mti::of(0x1201);
    let sent = Sent { reference: reference(1), stan: 1, mti, second: UTC, amount: 100, at_ns: 0 };
    story.judge.hear_acquirer(&[Acquirer::Repeated(sent)]);
    for (number, stan) in [(1, 7), (2, 8)] {
        story.acquirer_has(number, "923", true);
        story.settles(stan, "000");
    }
    let mut judge = story.ends(&expect![[r"
        RRN000000002: answered 923 by the switch, and Settled { action: Some(000), approval: Some(A1B2C3) } in the journal
    "]]);
    // The acquirer of the first does not know what became of it, and may ask again.
    assert_eq!(judge.close().undelivered, 1);
}

#[test]
fn numbers_rest_after_a_timeout_or_a_closing_and_are_never_given_twice_at_once() {
    let mut story = Story::begins();
    story.decides(1, 7, UTC);
    story.decides(2, 7, UTC);
    story.expires(7);
    story.decides(3, 7, UTC + 58);
    story.settles(7, "000");
    story.decides(4, 7, UTC + 60);
    story.settles(8, "000");
    story.ends(&expect![[r"
          RRN000000002: its number (2, 7) is that of RRN000000001
          RRN000000003: its number (2, 7) had to rest
          position 10: Settled { action: Some(000), approval: Some(A1B2C3) } of (2, 8), which has one or is none (None)
          RRN000000003: settled as Some(000), and its issuer said None
    "]]);
}

#[test]
fn gaps_epochs_that_do_not_grow_and_what_is_no_record_are_found() {
    let mut story = Story::begins();
    story.starts(1);
    story.writes_at(9, &Record::Start { epoch: 2, utc: UTC, build: "test" });
    story.judge.read(10, &[1, 2, 3]);
    story.ends(&expect![[r"
          epoch 1 follows 1
          position 9 follows 4
          position 10 has no record: version 1 of the records; this binary reads 4
    "]]);
}

#[test]
fn what_acquirers_miss_is_told_apart() {
    let mut story = Story::begins();
    for number in 1..=3 {
        story.acquirer_sends(number);
    }
    story.decides(2, 7, UTC);
    story.decides(3, 8, UTC);
    story.issuer_has(3, 8, 1_122_033_045);
    story.issuer_says(3, 8, "000");
    story.settles(8, "000");
    let judge = story.ends(&expect![""]);
    assert_eq!(judge.missing(), Missing { unknown: 1, unfinished: 1, undelivered: 1 });
}

#[test]
fn the_first_findings_are_told_in_words_and_the_others_counted() {
    let mut story = Story::begins();
    for number in 0..20 {
        story.acquirer_has(number, "000", false);
    }
    story.judge.judge();
    let words = story.judge.findings().to_string();
    assert_eq!(words.lines().count(), 13);
    assert!(words.ends_with("and 8 more\n"), "{words}");
    assert_eq!(story.judge.findings().count(), 20);
}
