//! Lies about reversals and repeats, and books that differ.

use bench::issuer::ActionCode;
use bench::ledger::{Acquirer, Answered, Issuer, Received, Replied, Text};
use codec::Mti;
use expect_test::{Expect, expect};
use switch_core::ids::{Stan, StationNumber};
use switch_core::records::{ItemState, Record, TakesBack};

use super::{Story, UTC, frame, reference};
use crate::judge::{Book, Books};

impl Story {
    /// A reversal of the request that went to the issuer as `original` is kept as `stan`.
    fn keeps(&mut self, number: u32, stan: u32, original: u32) {
        let frame = frame(0x1420, &[(24, "400"), (37, &reference(number).to_string())]);
        self.keeps_frame(&frame, stan, original);
    }

    fn keeps_frame(&mut self, frame: &[u8], stan: u32, original: u32) {
        self.writes(&Record::Queued {
            issuer: StationNumber(2),
            stan: Stan(stan),
            acquirer: StationNumber(1),
            mti: Mti::of(0x1420),
            original: Stan(original),
            original_at: 0,
            takes_back: TakesBack::Whole,
            reason: 0x4021,
            utc: UTC,
            frame,
        });
    }

    fn is_acknowledged(&mut self, stan: u32) {
        let (issuer, stan) = (StationNumber(2), Stan(stan));
        self.writes(&Record::Acknowledged { issuer, stan, action: 0x400, utc: UTC });
    }

    /// The issuer has received a reversal and said that it accepts it.
    fn takes_back(&mut self, number: u32, stan: u32, original: u32) {
        self.takes_back_so_much(number, stan, original, 100);
    }

    fn takes_back_so_much(&mut self, number: u32, stan: u32, original: u32, amount: u64) {
        let (reference, mti) = (Some(reference(number)), Mti::of(0x1420));
        let (transmitted, at_ns) = (1_122_033_050, 0);
        let received =
            Received { stan, transmitted, reference, mti, original: Some(original), amount, at_ns };
        let action = ActionCode::new("400").unwrap();
        let replied = Replied { stan, transmitted, reference, mti, action, handed: true, at_ns };
        self.judge.hear_issuer("bank", &[Issuer::Received(received), Issuer::Replied(replied)]);
    }

    /// A request that the issuer approved too late.
    fn is_late(&mut self, number: u32, stan: u32) {
        self.acquirer_sends(number);
        self.decides(number, stan, UTC);
        self.issuer_has(number, stan, 1_122_033_045);
        self.expires(stan);
        self.acquirer_has(number, "911", true);
        self.issuer_says(number, stan, "000");
    }

    fn repeat_has(&mut self, number: u32, action: &str, by_switch: bool) {
        let reference = reference(number);
        let approval = (!by_switch).then(|| Text::new(b"A1B2C3").unwrap());
        let action = ActionCode::new(action);
        let again = Answered { reference, action, approval, by_switch, at_ns: 0 };
        self.judge.hear_acquirer(&[Acquirer::AnsweredAgain(again)]);
    }

    fn closes_books(mut self, expected: &Expect) -> Books {
        self.judge.judge();
        let books = self.judge.close();
        expected.assert_eq(&self.judge.findings().to_string());
        books
    }
}

#[test]
fn a_late_approval_that_was_reversed_and_acknowledged_leaves_both_books_equal() {
    let mut story = Story::begins();
    story.is_served(1, 7);
    story.is_late(2, 8);
    story.keeps(2, 9, 8);
    story.takes_back(2, 9, 8);
    story.is_acknowledged(9);
    let books = story.closes_books(&expect![""]);
    let one = Book { approvals: 1, amount: 100 };
    assert_eq!((books.acquirers, books.issuers), (one, one));
    assert_eq!((books.taken_back, books.reversed, books.open), (1, 1, 0));
    assert_eq!((books.kept, books.acknowledged, books.undelivered), (1, 1, 0));
}

#[test]
fn a_late_approval_that_was_not_reversed_is_found() {
    let mut story = Story::begins();
    story.is_late(1, 7);
    story.closes_books(&expect![[r"
        RRN000000001: Some(Expired) in the journal, and not reversed
        RRN000000001: approved at its issuer, and not at its acquirer
    "]]);
}

#[test]
fn a_reversal_that_was_not_acknowledged_is_open() {
    let mut story = Story::begins();
    story.is_late(1, 7);
    story.keeps(1, 9, 7);
    story.takes_back(1, 9, 7);
    let books = story.closes_books(&expect![[r"
        RRN000000001: its reversal 000009 is not acknowledged
    "]]);
    assert_eq!(books.open, 1);
}

#[test]
fn what_operators_gave_up_is_open_no_longer_and_its_approval_is_still_found() {
    let mut story = Story::begins();
    story.is_late(1, 7);
    story.keeps(1, 9, 7);
    let (issuer, stan) = (StationNumber(2), Stan(9));
    let (state, by) = (ItemState::Purged, "anna, ben");
    story.writes(&Record::Item { issuer, stan, state, by, utc: UTC });
    let books = story.closes_books(&expect![[r"
        RRN000000001: approved at its issuer, and not at its acquirer
    "]]);
    assert_eq!(books.open, 0);
}

#[test]
fn an_acknowledgement_that_no_issuer_gave_is_found() {
    let mut story = Story::begins();
    story.is_late(1, 7);
    story.keeps(1, 9, 7);
    story.is_acknowledged(9);
    story.is_acknowledged(9);
    story.closes_books(&expect![[r"
        position 8: the end of (2, 9), which is not kept
        RRN000000001: its reversal 000009 has 400, and its issuer said None
        RRN000000001: approved at its issuer, and not at its acquirer
    "]]);
}

#[test]
fn a_reversal_of_what_the_acquirer_has_as_approved_is_found() {
    let mut story = Story::begins();
    story.is_served(1, 7);
    story.keeps(1, 9, 7);
    story.takes_back(1, 9, 7);
    story.is_acknowledged(9);
    story.closes_books(&expect![[r"
        RRN000000001: approved at its acquirer, and not at its issuer
    "]]);
}

#[test]
fn what_its_acquirer_reversed_must_be_reversed_at_its_issuer() {
    let mut story = Story::begins();
    story.is_served(1, 7);
    let acknowledged = Answered {
        reference: reference(1),
        action: ActionCode::new("400"),
        approval: None,
        by_switch: true,
        at_ns: 0,
    };
    story.judge.hear_acquirer(&[Acquirer::Acknowledged(acknowledged)]);
    story.closes_books(&expect![[r"
        RRN000000001: Some(Settled { action: Some(000), approval: Some(A1B2C3) }) in the journal, and not reversed
        RRN000000001: approved at its issuer, and not at its acquirer
    "]]);
}

#[test]
fn a_reversal_that_was_refused_leaves_the_approval_as_it_is() {
    let mut story = Story::begins();
    story.is_served(1, 7);
    let refused = Answered {
        reference: reference(1),
        action: ActionCode::new("907"),
        approval: None,
        by_switch: true,
        at_ns: 0,
    };
    story.judge.hear_acquirer(&[Acquirer::Acknowledged(refused)]);
    let books = story.closes_books(&expect![""]);
    assert_eq!(books.acquirers.approvals, 1);
}

#[test]
fn a_reversal_at_an_issuer_without_a_record_or_with_another_number_is_found() {
    let mut story = Story::begins();
    for number in 1..=3 {
        story.is_late(number, number + 10);
    }
    story.takes_back(1, 21, 11);
    story.keeps(2, 22, 12);
    story.takes_back(2, 23, 12);
    story.keeps(3, 24, 13);
    story.takes_back(3, 24, 12);
    story.ends(&expect![[r"
        RRN000000001: reversed at its issuer as 000021, without a record
        RRN000000002: reversed at its issuer as 000023, and as 000022 in the journal
        RRN000000003: reversed at its issuer as that of Some(12), and its number is 000013
    "]]);
}

#[test]
fn a_second_reversal_at_an_issuer_that_differs_from_the_first_is_found() {
    let mut story = Story::begins();
    for number in 1..=4 {
        story.is_late(number, number + 10);
        story.keeps(number, number + 20, number + 10);
        story.takes_back(number, number + 20, number + 10);
        // The same once more is only another sending.
        story.takes_back(number, number + 20, number + 10);
    }
    story.takes_back(2, 29, 12);
    story.takes_back(3, 23, 11);
    story.takes_back_so_much(4, 24, 14, 50);
    story.ends(&expect![[r"
        RRN000000002: reversed at its issuer as 000029, and as 000022 in the journal
        RRN000000003: reversed at its issuer as that of Some(11), and its number is 000013
        RRN000000004: reversed at its issuer with 50
    "]]);
}

#[test]
fn reversals_of_parts_stand_beside_that_of_the_whole_and_take_nothing_back_alone() {
    let mut story = Story::begins();
    let partial = |number| frame(0x1420, &[(24, "401"), (37, &reference(number).to_string())]);
    story.is_late(1, 7);
    story.keeps_frame(&partial(1), 8, 7);
    story.takes_back_so_much(1, 8, 7, 40);
    story.is_acknowledged(8);
    story.keeps(1, 9, 7);
    story.takes_back(1, 9, 7);
    story.is_acknowledged(9);
    // The second sale: its issuer still has an approval, of less.
    story.is_served(2, 17);
    story.keeps_frame(&partial(2), 18, 17);
    story.takes_back_so_much(2, 18, 17, 40);
    story.is_acknowledged(18);
    let books = story.closes_books(&expect![""]);
    assert_eq!((books.taken_back, books.reversed, books.acquirers.approvals), (1, 1, 1));
}

#[test]
fn one_request_is_reversed_once_and_under_a_number_that_is_free() {
    let mut story = Story::begins();
    story.is_late(1, 7);
    story.is_late(2, 8);
    story.keeps(1, 9, 7);
    story.keeps(1, 10, 7);
    story.keeps(2, 9, 8);
    story.keeps(2, 11, 12);
    story.decides(3, 11, UTC);
    story.ends(&expect![[r"
        RRN000000001: reversed as 000009, and as 000010
        position 10: (2, 9) is kept and is given again
        position 11: Obligation { issuer: 2, stan: 11, reason: 16417, end: None } is about 000012, which is Some(Decision { position: 6, acquirer: 1, issuer: 2, stan: 8, transmitted: 1122033045, of_repeat: false, outcome: Some(Expired) })
        RRN000000002: reversed as 000009, and as 000011
        RRN000000003: its number (2, 11) is that of a reversal
    "]]);
}

#[test]
fn a_partial_reversal_takes_nothing_back_in_whole() {
    let mut story = Story::begins();
    story.is_served(1, 7);
    let partial = frame(0x1420, &[(24, "401"), (37, &reference(1).to_string())]);
    story.keeps_frame(&partial, 9, 7);
    story.is_acknowledged(9);
    let books = story.closes_books(&expect![""]);
    assert_eq!((books.reversed, books.kept, books.acquirers.approvals), (0, 1, 1));
}

#[test]
fn a_repeat_that_got_something_else_than_its_request_is_found() {
    let mut story = Story::begins();
    story.is_served(1, 7);
    story.repeat_has(1, "000", false);
    story.is_served(2, 8);
    story.repeat_has(2, "923", true);
    story.is_late(3, 9);
    story.keeps(3, 19, 9);
    story.takes_back(3, 19, 9);
    story.repeat_has(3, "000", false);
    story.acquirer_has(4, "907", true);
    story.repeat_has(4, "907", true);
    // Its approval could not be said and was taken back, of the next one it was not.
    story.is_served(5, 10);
    story.keeps(5, 20, 10);
    story.takes_back(5, 20, 10);
    story.repeat_has(5, "911", true);
    story.is_served(6, 11);
    story.repeat_has(6, "911", true);
    story.ends(&expect![[r"
        RRN000000003: its repeat got 000, and Some(Expired) in the journal
        RRN000000006: its repeat got 911, and Some(Settled { action: Some(000), approval: Some(A1B2C3) }) in the journal
    "]]);
}

#[test]
fn an_approval_that_was_passed_on_and_lost_with_its_connection_is_counted() {
    let mut story = Story::begins();
    story.is_served(1, 7);
    story.acquirer_sends(2);
    story.decides(2, 8, UTC);
    story.issuer_has(2, 8, 1_122_033_045);
    story.issuer_says(2, 8, "000");
    story.settles(8, "000");
    let books = story.closes_books(&expect![""]);
    assert_eq!((books.undelivered, books.acquirers.approvals, books.issuers.approvals), (1, 1, 2));
}
