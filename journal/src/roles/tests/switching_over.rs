//! A planned switch-over, and one that does not come about. Must not know how the rules are kept.

use expect_test::expect;

use super::*;

#[test]
pub(super) fn a_switch_over_loses_nothing_and_the_old_primary_stays_in_sync() {
    for mut pair in waiting_modes() {
        pair.wishes(TOKYO, Wish::SwitchOver);
        pair.passes(1_000);
        let story = pair.story();
        assert_eq!(pair.sites[OSAKA].node().view().safety, Safety::Sync, "{story}");
        assert!(pair.sites[OSAKA].open && !pair.sites[TOKYO].open, "{story}");
        if pair.sites[OSAKA].settings.mode == Mode::Durable {
            expect![[r"
                tokyo: drains
                tokyo: says take over at 5
                osaka: changes the record to 2 osaka with tokyo
                osaka: reigns by 2 (HandedOver)
                osaka: says I took over, by 2
                tokyo: tells its operator: SwitchedOver { epoch: Epoch(2) }
                tokyo: ends: HandedOver(Epoch(2))
                osaka: says follow behind 5
                tokyo: says ready at 5
                osaka: opens
            "]]
            .assert_eq(&story);
        }
    }
}

#[test]
pub(super) fn a_switch_over_is_refused_where_it_would_lose_or_change_something() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.wishes(OSAKA, Wish::SwitchOver);
    pair.sites[TOKYO].is_busy = true;
    pair.wishes(TOKYO, Wish::SwitchOver);
    pair.sites[TOKYO].is_busy = false;
    pair.sites[OSAKA].disk_is_slow = true;
    pair.wishes(TOKYO, Wish::SwitchOver);
    pair.passes(1_500);
    pair.sites[OSAKA].disk_is_slow = false;
    pair.pays(TOKYO, 1);
    pair.passes(3_000);
    let other = Digests { dialects: [1; 16], ..Digests::default() };
    pair.tells(OSAKA, Event::Digests(other));
    pair.passes(500);
    pair.wishes(TOKYO, Wish::SwitchOver);
    pair.tells(OSAKA, Event::Digests(Digests::default()));
    // One that was not answered yet may look at the same witness; one that was, and by another, does not.
    pair.tells(TOKYO, Event::WitnessIs([1; 16]));
    pair.passes(500);
    assert!(pair.sites[TOKYO].node().view().peer.differs.is_empty());
    pair.tells(OSAKA, Event::WitnessIs([2; 16]));
    pair.tells(OSAKA, Event::Digests(Digests::default()));
    pair.passes(500);
    pair.wishes(TOKYO, Wish::SwitchOver);
    pair.dies(OSAKA);
    pair.passes(2_000);
    pair.wishes(TOKYO, Wish::SwitchOver);
    expect![[r"
        osaka: tells its operator: no, this node is not the primary; ask tokyo, which is
        tokyo: admits again
        tokyo: tells its operator: no, what was in flight did not end in time; nothing was changed, try again
        tokyo: drains
        tokyo: admits again
        tokyo: tells its operator: no, osaka does not have everything, so it can not take over; see sekisho node status for what it lacks
        tokyo: changes the record to 1 tokyo
        tokyo: changes the record to 1 tokyo with osaka
        tokyo: tells its operator: no, the two nodes do not have the same dialects: make them equal first; sekisho node status shows both digests
        tokyo: tells its operator: no, the two nodes do not have the same witness: make them equal first; sekisho node status shows both digests
        tokyo: changes the record to 1 tokyo
        tokyo: tells its operator: no, osaka does not have everything, so it can not take over; see sekisho node status for what it lacks
    "]].assert_eq(&pair.story());
}

#[test]
pub(super) fn what_answers_a_drain_that_was_given_up_is_no_answer_to_the_next_one() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.sites[TOKYO].drains_slowly = true;
    pair.wishes(TOKYO, Wish::SwitchOver);
    pair.dies(OSAKA);
    pair.passes(2_000);
    pair.starts(OSAKA);
    pair.passes(3_000);
    pair.wishes(TOKYO, Wish::SwitchOver);
    expect![[r"
        tokyo: begins to drain
        tokyo: admits again
        tokyo: tells its operator: no, osaka does not have everything, so it can not take over; see sekisho node status for what it lacks
        tokyo: changes the record to 1 tokyo
        tokyo: says follow behind 4
        osaka: says ready at 4
        tokyo: changes the record to 1 tokyo with osaka
        tokyo: begins to drain
    "]].assert_eq(&pair.story());
    // Something may be in flight again.
    let given_up = pair.sites[TOKYO].draining[0];
    pair.tells(TOKYO, Event::NotDrained(given_up));
    pair.has_drained(TOKYO);
    pair.passes(500);
    expect![[r"
        tokyo: drains
    "]]
    .assert_eq(&pair.story());
    pair.has_drained(TOKYO);
    pair.passes(500);
    expect![[r"
        tokyo: drains
        tokyo: says take over at 6
        osaka: changes the record to 2 osaka with tokyo
        osaka: reigns by 2 (HandedOver)
        osaka: says I took over, by 2
        tokyo: tells its operator: SwitchedOver { epoch: Epoch(2) }
        tokyo: ends: HandedOver(Epoch(2))
        osaka: says follow behind 6
        tokyo: says ready at 6
        osaka: opens
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn a_reign_that_was_given_up_and_not_taken_is_not_gone_on_with() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.witness.deaf[OSAKA] = true;
    pair.wishes(TOKYO, Wish::SwitchOver);
    pair.passes(1_900);
    expect![[r"
        tokyo: drains
        tokyo: says take over at 5
    "]]
    .assert_eq(&pair.story());
    pair.passes(5_000);
    expect![[r"
        tokyo: tells its operator: no, this node gave its reign up and osaka did not say that it took it: one of the two goes on by itself, or waits for an operator; see sekisho node status on both
        tokyo: ends: NotAnswered
        tokyo: changes the record to 3 tokyo with osaka
        tokyo: reigns by 3 (Resumed)
        tokyo: says follow behind 5
        osaka: ends: Overtaken
        tokyo: says follow behind 5
        osaka: says ready at 5
        tokyo: opens
    "]].assert_eq(&pair.story());
    pair.witness.deaf[OSAKA] = false;
    pair.passes(5_000);
    expect![""].assert_eq(&pair.story());
}

#[test]
pub(super) fn without_a_witness_a_switch_over_needs_nobody_else() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    pair.wishes(TOKYO, Wish::SwitchOver);
    pair.passes(1_000);
    expect![[r"
        tokyo: drains
        tokyo: says take over at 5
        osaka: reigns by 2 (HandedOver)
        osaka: says I took over, by 2
        tokyo: tells its operator: SwitchedOver { epoch: Epoch(2) }
        tokyo: ends: HandedOver(Epoch(2))
        osaka: says follow behind 5
        tokyo: says ready at 5
        osaka: opens
    "]]
    .assert_eq(&pair.story());
}
