//! The rules as conversations of two nodes. Must not know how they are kept.

mod pair;

use expect_test::expect;

use self::pair::{OSAKA, Pair, TOKYO};
use crate::roles::view::{Part, Safety};
use crate::roles::wish::{Confirmed, Question, Wish};
use crate::ship::message::{Mode, WhenLost};

#[test]
fn a_first_primary_begins_by_hand_and_a_new_node_joins_it() {
    let mut pair = Pair::new(Mode::Durable, WhenLost::Solo, true);
    pair.passes(5_000);
    expect![[""]].assert_eq(&pair.story());
    pair.wishes(TOKYO, Wish::Promote(Confirmed::default()));
    pair.wishes(TOKYO, Wish::Promote(Confirmed::default().and(Question::First)));
    pair.passes(500);
    expect![[r"
        tokyo: tells its operator: no, to be confirmed first: first-primary
        tokyo: changes the record to 1 tokyo
        tokyo: reigns by 1 (First)
        tokyo: tells its operator: Promoted { epoch: Epoch(1), lossy: false }
        tokyo: opens
        tokyo: says no, NotJoining
    "]]
    .assert_eq(&pair.story());
    pair.wishes(OSAKA, Wish::Join { replace: false });
    pair.passes(1_000);
    expect![[r"
        osaka: tells its operator: Joins
        tokyo: says follow behind 0
        osaka: says ready at 0
        tokyo: changes the record to 1 tokyo with osaka
    "]]
    .assert_eq(&pair.story());
    assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Sync);
    assert_eq!(pair.sites[OSAKA].node().view().part, Part::Standby);
}

#[test]
fn a_standby_in_sync_takes_over_when_its_primary_is_silent_and_its_lease_is_gone() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.dies(TOKYO);
    pair.passes(1_000);
    expect![[""]].assert_eq(&pair.story());
    pair.passes(1_500);
    expect![[r"
        osaka: changes the record to 2 osaka
        osaka: reigns by 2 (Promoted)
        osaka: opens
    "]]
    .assert_eq(&pair.story());
    pair.starts(TOKYO);
    pair.passes(1_000);
    expect![[r"
        osaka: says follow behind 4
        tokyo: says ready at 4
        osaka: changes the record to 2 osaka with tokyo
    "]]
    .assert_eq(&pair.story());
}

#[test]
fn a_primary_goes_on_alone_only_when_the_record_says_so() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.cuts_line();
    pair.pays(TOKYO, 1);
    let released = pair.sites[TOKYO].released;
    pair.witness.deaf[TOKYO] = true;
    pair.passes(3_000);
    assert_eq!(pair.sites[TOKYO].released, released, "nothing more");
    assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Stopped);
    pair.witness.deaf[TOKYO] = false;
    pair.passes(2_000);
    assert!(pair.sites[TOKYO].released > released);
    expect![[r"
        tokyo: changes the record to 1 tokyo
    "]]
    .assert_eq(&pair.story());
    pair.mends_line();
    pair.passes(1_000);
    expect![[r"
        tokyo: says follow behind 4
        osaka: says ready at 4
        tokyo: changes the record to 1 tokyo with osaka
    "]]
    .assert_eq(&pair.story());
}

#[test]
fn a_change_that_nobody_answered_is_made_impossible_by_a_fresh_one() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.cuts_line();
    pair.passes(2_000);
    expect![[r"
        tokyo: changes the record to 1 tokyo
    "]]
    .assert_eq(&pair.story());
    pair.witness.slow = true;
    pair.mends_line();
    pair.passes(500);
    pair.cuts_line();
    pair.passes(1_000);
    expect![[r"
        tokyo: says follow behind 4
        osaka: says ready at 4
        tokyo: asks for a change that nobody answers
        tokyo: asks for a change that nobody answers
    "]]
    .assert_eq(&pair.story());
    pair.pays(TOKYO, 1);
    let released = pair.sites[TOKYO].released;
    pair.passes(500);
    assert_eq!(pair.sites[TOKYO].released, released, "the standby may be written in at any time");
    pair.witness.slow = false;
    pair.passes(2_000);
    expect![[r"
        tokyo: changes the record to 1 tokyo
    "]]
    .assert_eq(&pair.story());
    assert!(pair.sites[TOKYO].released > released);
    assert_eq!(pair.witness.catches_up(), 0, "none of those before can be done any more");
}

#[test]
fn a_node_whose_disk_was_lost_comes_back_with_replace_only() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.dies(OSAKA);
    pair.passes(500);
    pair.sites[OSAKA].loses_its_disk();
    pair.starts(OSAKA);
    pair.wishes(OSAKA, Wish::Join { replace: false });
    pair.passes(500);
    expect![[r"
        tokyo: says no, NotJoining
        osaka: tells its operator: Joins
        tokyo: says no, JoinedBefore
    "]]
    .assert_eq(&pair.story());
    pair.wishes(OSAKA, Wish::Join { replace: true });
    pair.passes(1_000);
    expect![[r"
        osaka: tells its operator: Joins
        tokyo: changes the record to 1 tokyo
        tokyo: says follow behind 0
        osaka: says ready at 0
        tokyo: changes the record to 1 tokyo with osaka
    "]]
    .assert_eq(&pair.story());
}

#[test]
fn a_damaged_node_is_repaired_by_its_peer_before_it_is_anything_else() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.dies(TOKYO);
    pair.sites[TOKYO].is_damaged(2);
    pair.starts(TOKYO);
    pair.passes(500);
    expect![[r"
        tokyo: says what is in 3 to 4?
        osaka: says this is
        osaka: says this is
        tokyo: changes the record to 3 tokyo with osaka
        tokyo: reigns by 3 (Resumed)
        tokyo: says follow behind 4
        osaka: says ready at 4
        tokyo: opens
    "]]
    .assert_eq(&pair.story());
}
