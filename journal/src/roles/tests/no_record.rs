//! A witness that has no record: of a pair that gets one, or one that lost its data. Must not know how the rules
//! are kept.

use expect_test::expect;

use super::*;
use crate::roles::witness::{Incarnation, Member, Record};

/// Both have a log, and neither reigns; the witness knows nothing of them.
fn both_wait() -> Pair {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    begins_again(&mut pair);
    pair
}

fn begins_again(pair: &mut Pair) {
    for at in [TOKYO, OSAKA] {
        pair.dies(at);
    }
    pair.witness.record = None;
    pair.witness.revision = 0;
    pair.line = true;
    for at in [TOKYO, OSAKA] {
        pair.starts(at);
    }
    pair.passes(5_000);
    pair.story();
}

#[test]
pub(super) fn with_both_there_the_one_whose_log_is_not_older_is_promoted_and_nothing_is_asked() {
    let mut pair = both_wait();
    let waiting = |pair: &Pair, at: usize| pair.sites[at].node().view().waiting;
    assert_eq!([TOKYO, OSAKA].map(|at| waiting(&pair, at)), [Waiting::Operator; 2]);
    pair.wishes(OSAKA, promote(&[]));
    pair.passes(1_000);
    expect![[r"
        osaka: says may I reign by 2?
        tokyo: says you may, by 2
        osaka: changes the record to 2 osaka
        osaka: reigns by 2 (Promoted)
        osaka: tells its operator: Promoted { epoch: Epoch(2), lossy: false }
        osaka: opens
        osaka: says follow behind 4
        tokyo: says ready at 4
        osaka: changes the record to 2 osaka with tokyo
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn the_older_log_is_promoted_only_by_who_accepts_a_loss() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.cuts_line();
    pair.passes(2_000);
    pair.pays(TOKYO, 2);
    begins_again(&mut pair);
    pair.wishes(OSAKA, promote(&[]));
    pair.wishes(TOKYO, promote(&[]));
    pair.passes(100);
    expect![[r"
        osaka: tells its operator: no, to be confirmed first: peer-fenced, records-may-be-lost
        tokyo: says may I reign by 3?
        osaka: says you may, by 3
        tokyo: changes the record to 3 tokyo
        tokyo: reigns by 3 (Resumed)
        tokyo: tells its operator: Promoted { epoch: Epoch(3), lossy: false }
        tokyo: opens
        tokyo: says follow behind 4
        osaka: says ready at 4
        tokyo: changes the record to 3 tokyo with osaka
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn who_has_not_read_that_there_is_no_record_does_not_consent() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.witness.deaf[OSAKA] = true;
    begins_again(&mut pair);
    pair.wishes(TOKYO, promote(&[]));
    pair.passes(6_000);
    let story = pair.story();
    assert!(story.contains("osaka: says no, TakingOver\n"), "{story}");
    assert!(
        story.contains("tokyo: tells its operator: no, osaka is there as a standby"),
        "{story}"
    );
    assert!(!story.contains("reigns"), "{story}");
}

#[test]
pub(super) fn a_record_that_is_there_before_a_reign_by_consent_begins_is_not_overwritten() {
    let mut pair = both_wait();
    pair.witness.slow = true;
    pair.wishes(TOKYO, promote(&[]));
    pair.passes(10);
    // What the other one had asked for in an earlier life is done now.
    pair.dies(OSAKA);
    let osaka = Member { name: pair.sites[OSAKA].settings.name, incarnation: Incarnation(9) };
    let cluster = pair.sites[OSAKA].control.cluster;
    let theirs = Record { cluster, epoch: Epoch(2), primary: osaka, in_sync: None };
    assert!(pair.witness.changes(crate::roles::witness::Revision(0), theirs));
    pair.witness.slow = false;
    pair.passes(3_000);
    let story = pair.story();
    assert!(story.contains("tokyo: ends: Overtaken\n"), "{story}");
    assert_eq!(pair.witness.record, Some(theirs), "{story}");
}

#[test]
pub(super) fn a_promotion_that_has_promised_is_tried_on_and_its_operator_is_told_so() {
    let mut pair = Pair::new(Mode::Durable, WhenLost::Solo, true);
    pair.passes(5_000);
    pair.witness.slow = true;
    pair.wishes(TOKYO, promote(&[Question::First]));
    pair.passes(5_000);
    let story = pair.story();
    let told = "tokyo: tells its operator: no, the record of the witness could not be changed yet, and this node \
                goes on trying: it may reign at any moment; ";
    assert!(story.contains(told), "{story}");
    pair.witness.slow = false;
    pair.passes(2_000);
    assert!(pair.story().contains("tokyo: reigns by 1 (First)\n"));
}
