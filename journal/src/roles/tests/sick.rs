//! A primary whose disk takes nothing any more: it ends its reign where that helps, and only there. Must not know
//! how the rules are kept.

use expect_test::expect;

use super::*;
use crate::ship::message::Message;

/// The disk of a primary in sync hangs from now on, and it was measured.
fn sick(witness: bool) -> Pair {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, witness);
    pair.sites[TOKYO].disk_is_slow = true;
    pair.pays(TOKYO, 2);
    pair.passes(1_500);
    pair.story();
    pair.tells(TOKYO, Event::Sick(true));
    pair
}

#[test]
pub(super) fn a_primary_that_can_not_commit_ends_its_reign_and_its_standby_takes_over() {
    let mut pair = sick(true);
    let released = pair.sites[TOKYO].released;
    // The disk is well again at once, and nevertheless the other one has the first try.
    pair.sites[TOKYO].disk_is_slow = false;
    pair.passes(2_500);
    expect![[r"
        tokyo: ends: Sick
        osaka: changes the record to 2 osaka
        osaka: reigns by 2 (Promoted)
        osaka: opens
        osaka: says follow behind 4
        tokyo: says ready at 4
        osaka: changes the record to 2 osaka with tokyo
    "]]
    .assert_eq(&pair.story());
    assert!(pair.sites[OSAKA].released >= released, "it has what was released");
}

#[test]
fn what_a_sick_primary_still_sends_after_it_was_replaced_is_refused() {
    let mut pair = sick(true);
    pair.passes(2_500);
    pair.story();
    let reign = Epoch(1);
    let mark = pair.sites[OSAKA].end();
    pair.tells(OSAKA, Event::Heard(Message::Ack { reign, received: mark, durable: mark }));
    pair.tells(OSAKA, Event::Heard(Message::HandOver { reign, end: mark }));
    pair.passes(100);
    assert_eq!(pair.sites[OSAKA].node().view().part, Part::Primary);
    expect![[""]].assert_eq(&pair.story());
}

#[test]
fn who_yields_goes_on_by_itself_when_nobody_takes_over() {
    let mut pair = sick(true);
    pair.passes(10);
    pair.dies(OSAKA);
    pair.sites[TOKYO].disk_is_slow = false;
    pair.passes(9_900);
    expect![[r"
        tokyo: ends: Sick
    "]]
    .assert_eq(&pair.story());
    assert_eq!(pair.sites[TOKYO].node().view().waiting, Waiting::Yields);
    pair.passes(200);
    expect![[r"
        tokyo: changes the record to 3 tokyo with osaka
        tokyo: reigns by 3 (Resumed)
    "]]
    .assert_eq(&pair.story());
}

#[test]
fn an_operator_promotes_who_yields_at_once() {
    let mut pair = sick(true);
    pair.passes(10);
    pair.dies(OSAKA);
    pair.sites[TOKYO].disk_is_slow = false;
    pair.passes(1_000);
    pair.story();
    pair.wishes(TOKYO, promote(&[]));
    pair.passes(1_600);
    assert!(pair.story().contains("tokyo: reigns by 3 (Resumed)"));
}

#[test]
fn a_sick_primary_whose_question_to_the_witness_hangs_does_not_wait_for_the_answer() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.witness.deaf[TOKYO] = true;
    pair.passes(2_500);
    pair.tells(TOKYO, Event::Sick(true));
    pair.passes(1_000);
    expect![[""]].assert_eq(&pair.story());
    pair.tells(TOKYO, Event::Mute);
    pair.passes(10);
    assert!(pair.story().starts_with("tokyo: ends: Sick\n"));
}

#[test]
fn who_would_help_nobody_by_its_end_stays_what_it_is() {
    // Nobody is promoted by itself without a witness, nor while it does not answer.
    let mut pair = sick(false);
    pair.passes(5_000);
    expect![[""]].assert_eq(&pair.story());
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.witness.deaf[TOKYO] = true;
    pair.passes(2_500);
    pair.tells(TOKYO, Event::Sick(true));
    pair.passes(1_000);
    expect![[""]].assert_eq(&pair.story());
    pair.witness.deaf[TOKYO] = false;
    pair.passes(1_100);
    assert!(pair.story().starts_with("tokyo: ends: Sick\n"), "then it does");
    // And the standby that is lost would not take over.
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Stop, true);
    pair.dies(OSAKA);
    pair.passes(2_000);
    pair.tells(TOKYO, Event::Sick(true));
    pair.passes(2_000);
    pair.tells(TOKYO, Event::Sick(false));
    pair.starts(OSAKA);
    pair.passes(2_000);
    assert!(!pair.story().contains("ends"), "it is well again");
}
