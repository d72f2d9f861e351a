//! How a pair comes to be and comes back: first reigns, new nodes, lost disks, damage, and nodes that
//! are no pair. Must not know how the rules are kept.

use expect_test::expect;

use super::*;

#[test]
pub(super) fn a_first_primary_begins_by_hand_and_a_new_node_joins_it() {
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
pub(super) fn a_node_whose_disk_was_lost_comes_back_with_replace_only() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.dies(OSAKA);
    pair.passes(500);
    pair.sites[OSAKA].loses_its_disk();
    pair.starts(OSAKA);
    pair.wishes(OSAKA, Wish::Join { replace: false });
    pair.passes(500);
    expect![[r"
        tokyo: says no, JoinedBefore
        osaka: tells its operator: no, a node of this name was in sync with tokyo before, and this journal is empty: if its disk was lost, sekisho node join --replace; all that it acknowledged is gone with it
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
pub(super) fn a_damaged_node_is_repaired_by_its_peer_before_it_is_anything_else() {
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

#[test]
pub(super) fn damage_that_the_peer_has_not_either_halts_the_node() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.cuts_line();
    pair.passes(2_000);
    pair.pays(TOKYO, 2);
    pair.dies(TOKYO);
    pair.sites[TOKYO].is_damaged(1);
    pair.line = true;
    pair.starts(TOKYO);
    pair.wishes(TOKYO, promote(&[]));
    pair.passes(500);
    expect![[r"
        tokyo: changes the record to 1 tokyo
        tokyo: says what is in 6 to 6?
        osaka: says 6 is not here
        tokyo: halts: NotMended(BatchNumber(6))
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn a_damaged_node_knows_that_it_had_more_than_it_can_read() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    pair.dies(TOKYO);
    pair.passes(3_000);
    pair.wishes(OSAKA, promote(&[Question::PeerFenced, Question::MayLose]));
    pair.passes(1_500);
    pair.pays(OSAKA, 3);
    pair.dies(OSAKA);
    // What can be read of it is older than what Tokyo has.
    let (theirs, ours) = (pair.sites[TOKYO].end(), pair.sites[OSAKA].end());
    let damaged = pair.sites[OSAKA].log.len() + 1 - pair.sites[TOKYO].log.len();
    pair.sites[OSAKA].is_damaged(damaged);
    pair.starts(OSAKA);
    assert!(pair.sites[OSAKA].end().batch < theirs.batch);
    assert!(pair.sites[OSAKA].node().had_more(&theirs), "so it consents to no reign of Tokyo's");
    assert!(!pair.sites[OSAKA].node().had_more(&ours));
}

#[test]
pub(super) fn nodes_that_are_no_pair_say_why() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.dies(OSAKA);
    pair.sites[OSAKA].settings.segment_bytes *= 2;
    pair.starts(OSAKA);
    pair.passes(3_000);
    let view = pair.sites[OSAKA].node().view();
    assert_eq!(view.peer.objects, Some(Objection::OtherSegments));
    expect![[r"
        osaka: says no, OtherSegments
        tokyo: says no, OtherSegments
        tokyo: changes the record to 1 tokyo
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn an_objection_is_forgotten_when_it_is_said_anew_who_one_is_or_the_log_is_wanted() {
    let objects = |pair: &Pair, at: usize| pair.sites[at].node().view().peer.objects;
    let mut pair = Pair::new(Mode::Durable, WhenLost::Solo, true);
    pair.passes(2_000);
    pair.wishes(TOKYO, promote(&[Question::First]));
    pair.passes(500);
    assert_eq!(objects(&pair, OSAKA), Some(Objection::NotJoining));
    // The greeting is on its way, and nothing comes back.
    pair.line = false;
    pair.wishes(OSAKA, Wish::Join { replace: false });
    assert_eq!(objects(&pair, OSAKA), None);
    pair.line = true;
    let reign = Epoch(1);
    let crosses = Message::Refuse { reign, objection: Objection::NotJoining };
    pair.tells(OSAKA, Event::Heard(crosses));
    assert_eq!(objects(&pair, OSAKA), Some(Objection::NotJoining));
    let follow = Message::Follow { reign, from: Mark::ZERO, snapshot: None };
    pair.tells(OSAKA, Event::Heard(follow));
    assert_eq!(objects(&pair, OSAKA), None);
}

#[test]
pub(super) fn what_came_on_a_lost_line_and_is_not_taken_yet_is_not_cut_on_the_next_one() {
    for mode in [Mode::Durable, Mode::Memory, Mode::Async] {
        let mut pair = Pair::in_sync(mode, WhenLost::Solo, true);
        pair.sites[OSAKA].log_is_slow = true;
        pair.pays(TOKYO, 2);
        pair.cuts_line();
        pair.mends_line();
        pair.passes(300);
        expect![[""]].assert_eq(&pair.story());
        pair.takes_what_it_was_given(OSAKA);
        pair.passes(100);
        expect![[r"
            tokyo: says follow behind 6
            osaka: says ready at 6
        "]]
        .assert_eq(&pair.story());
    }
}

#[test]
pub(super) fn what_does_not_fit_ends_its_own_line_and_no_later_one() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.tells(OSAKA, Event::Misfit);
    pair.tells(OSAKA, Event::Misfit);
    pair.passes(100);
    expect![[r"
        osaka: hangs up
        tokyo: says follow behind 4
        osaka: says ready at 4
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn a_node_that_is_about_to_reign_helps_a_damaged_one_too() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.dies(TOKYO);
    pair.sites[TOKYO].is_damaged(2);
    pair.witness.slow = true;
    pair.passes(2_100);
    expect![[r"
        osaka: asks for a change that nobody answers
    "]]
    .assert_eq(&pair.story());
    pair.starts(TOKYO);
    expect![[r"
        tokyo: says what is in 3 to 4?
        osaka: says this is
        osaka: says this is
        tokyo: asks for a change that nobody answers
        osaka: ends: Overtaken
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn a_repair_goes_on_when_the_line_was_lost_in_the_midst_of_it() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.dies(TOKYO);
    pair.sites[TOKYO].is_damaged(3);
    pair.serves = Some(1);
    pair.starts(TOKYO);
    pair.passes(300);
    expect![[r"
        tokyo: says what is in 2 to 4?
        osaka: says this is
    "]]
    .assert_eq(&pair.story());
    // What was read for the old line is said on the new one first.
    pair.mends_line();
    pair.passes(500);
    expect![[r"
        tokyo: says what is in 3 to 4?
        osaka: says this is
        osaka: says this is
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

#[test]
pub(super) fn a_checkpoint_that_was_announced_on_another_line_is_not_waited_for() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.sites[OSAKA].control_is_slow = true;
    let (reign, snapshot) = (Epoch(3), Some(Position(3)));
    pair.tells(OSAKA, Event::Heard(Message::Follow { reign, from: Mark::ZERO, snapshot }));
    pair.passes(10);
    pair.cuts_line();
    pair.mends_line();
    pair.passes(100);
    pair.writes_control(OSAKA);
    pair.passes(3_000);
    assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Sync, "{}", pair.story());
}

#[test]
pub(super) fn who_asks_and_takes_no_answer_loses_the_line() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    for _ in 0..5_000 {
        let ask = Message::Ask { reign: Epoch(9), end: Mark::ZERO, epochs: Vec::new() };
        pair.tells(TOKYO, Event::Heard(ask));
    }
    pair.passes(10);
    expect![[r"
        tokyo: hangs up
        tokyo: says follow behind 4
        osaka: says ready at 4
    "]]
    .assert_eq(&pair.story());
}
