//! With a witness: what its record decides, and what happens while it can not be read. Must not know how the rules are kept.

use expect_test::expect;

use super::*;

#[test]
pub(super) fn a_standby_in_sync_takes_over_when_its_primary_is_silent_and_its_lease_is_gone() {
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
pub(super) fn a_primary_goes_on_alone_only_when_the_record_says_so() {
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
pub(super) fn a_change_that_nobody_answered_is_made_impossible_by_a_fresh_one() {
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
        tokyo: asks for a change that nobody answers
        tokyo: changes the record to 1 tokyo
    "]]
    .assert_eq(&pair.story());
    assert!(pair.sites[TOKYO].released > released);
    assert_eq!(pair.witness.catches_up(), 0, "none of those before can be done any more");
}

#[test]
fn a_primary_whose_change_is_refused_reads_the_record_before_it_asks_again() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.cuts_line();
    pair.witness.slow = true;
    pair.passes(1_200);
    // Nobody answers; it reads the record as it was, and the change is made just before it asks again.
    pair.witness.slow = false;
    pair.witness.late_ones_first = true;
    pair.passes(1_000);
    expect![[r"
        tokyo: asks for a change that nobody answers
        tokyo: does not get the record to 1 tokyo
    "]]
    .assert_eq(&pair.story());
    let view = pair.sites[TOKYO].node().view();
    assert_eq!((view.safety, view.waiting), (Safety::Solo, Waiting::Line));
}

#[test]
pub(super) fn a_primary_that_was_restarted_goes_on_by_the_record_and_in_sync() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.dies(TOKYO);
    pair.starts(TOKYO);
    pair.passes(100);
    expect![[r"
        tokyo: changes the record to 3 tokyo with osaka
        tokyo: reigns by 3 (Resumed)
        tokyo: says follow behind 4
        osaka: says ready at 4
        tokyo: opens
    "]]
    .assert_eq(&pair.story());
    assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Sync);
}

#[test]
pub(super) fn a_primary_that_was_restarted_without_its_standby_goes_on_alone_after_a_second() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.dies(OSAKA);
    pair.dies(TOKYO);
    pair.starts(TOKYO);
    pair.passes(900);
    expect![[r"
        tokyo: changes the record to 3 tokyo with osaka
        tokyo: reigns by 3 (Resumed)
    "]]
    .assert_eq(&pair.story());
    pair.passes(300);
    expect![[r"
        tokyo: changes the record to 3 tokyo
        tokyo: opens
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn a_standby_whose_primary_still_has_its_lease_waits() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.cuts_line();
    pair.witness.deaf[TOKYO] = true;
    pair.passes(10_000);
    expect![[""]].assert_eq(&pair.story());
    assert_eq!(pair.sites[OSAKA].node().view().waiting, Waiting::PrimaryAlive);
}

#[test]
pub(super) fn a_standby_that_is_out_of_the_record_waits_for_an_operator_who_must_accept_a_loss() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.cuts_line();
    pair.passes(2_000);
    pair.pays(TOKYO, 2);
    pair.dies(TOKYO);
    pair.passes(5_000);
    expect![[r"
        tokyo: changes the record to 1 tokyo
    "]]
    .assert_eq(&pair.story());
    assert_eq!(pair.sites[OSAKA].node().view().waiting, Waiting::NotInSync);
    pair.wishes(OSAKA, promote(&[]));
    pair.passes(100);
    pair.wishes(OSAKA, promote(&[Question::PeerFenced, Question::MayLose]));
    pair.passes(100);
    expect![[r"
        osaka: tells its operator: no, to be confirmed first: peer-fenced, records-may-be-lost
        osaka: changes the record to 2 osaka
        osaka: reigns by 2 (Promoted, lossy)
        osaka: tells its operator: Promoted { epoch: Epoch(2), lossy: true }
        osaka: opens
    "]]
    .assert_eq(&pair.story());
    pair.line = true;
    pair.starts(TOKYO);
    pair.passes(500);
    expect![[r"
        osaka: says follow behind 4
        tokyo: cuts 2 batches behind 4
        tokyo: says ready at 4
        osaka: changes the record to 2 osaka with tokyo
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn in_memory_mode_only_the_start_that_was_in_sync_takes_over() {
    for (mode, expected) in [
        (
            Mode::Durable,
            expect![[r"
        osaka: changes the record to 2 osaka
        osaka: reigns by 2 (Promoted)
        osaka: opens
        Line
    "]],
        ),
        (
            Mode::Memory,
            expect![[r"
        OtherStart
    "]],
        ),
    ] {
        let mut pair = Pair::in_sync(mode, WhenLost::Solo, true);
        pair.dies(OSAKA);
        pair.dies(TOKYO);
        pair.starts(OSAKA);
        pair.passes(3_000);
        let waiting = pair.sites[OSAKA].node().view().waiting;
        expected.assert_eq(&format!("{}{waiting:?}\n", pair.story()));
    }
}

#[test]
pub(super) fn a_standby_that_was_restarted_is_in_sync_again_with_its_new_start() {
    for mut pair in waiting_modes() {
        pair.dies(OSAKA);
        pair.starts(OSAKA);
        pair.pays(TOKYO, 1);
        pair.passes(500);
        pair.dies(TOKYO);
        pair.passes(3_000);
        assert_eq!(pair.sites[OSAKA].node().view().part, Part::Primary, "{}", pair.story());
    }
}

#[test]
pub(super) fn a_memory_that_was_not_yet_on_the_disk_is_sealed_before_the_record_is_changed() {
    let mut pair = Pair::in_sync(Mode::Memory, WhenLost::Solo, true);
    pair.sites[OSAKA].disk_is_slow = true;
    pair.pays(TOKYO, 2);
    let released = pair.sites[TOKYO].released;
    assert_eq!(pair.sites[OSAKA].node().view().end.position, released, "received is enough");
    pair.dies(TOKYO);
    pair.passes(3_000);
    assert_eq!(pair.sites[OSAKA].node().view().part, Part::Promoting);
    // It loses power before the seal is done, and with it what was only in its memory.
    pair.dies(OSAKA);
    pair.sites[OSAKA].disk_is_slow = false;
    pair.starts(OSAKA);
    pair.passes(3_000);
    expect![[""]].assert_eq(&pair.story());
    assert_eq!(pair.sites[OSAKA].node().view().waiting, Waiting::OtherStart);
    pair.starts(TOKYO);
    pair.passes(500);
    expect![[r"
        tokyo: changes the record to 3 tokyo with osaka
        tokyo: reigns by 3 (Resumed)
        tokyo: says follow behind 4
        osaka: says ready at 4
        tokyo: changes the record to 3 tokyo with osaka
        tokyo: opens
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn a_primary_alone_that_can_not_read_the_witness_stops() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.dies(OSAKA);
    pair.passes(2_000);
    pair.witness.deaf[TOKYO] = true;
    pair.passes(9_000);
    pair.pays(TOKYO, 1);
    assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Solo);
    let released = pair.sites[TOKYO].released;
    pair.passes(1_500);
    pair.pays(TOKYO, 1);
    assert_eq!(pair.sites[TOKYO].node().view().waiting, Waiting::SoloLease);
    assert_eq!(pair.sites[TOKYO].released, released);
    pair.witness.deaf[TOKYO] = false;
    pair.passes(1_500);
    assert!(pair.sites[TOKYO].released > released);
}

#[test]
pub(super) fn a_primary_that_stops_without_its_standby_goes_on_when_it_is_back() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Stop, true);
    pair.dies(OSAKA);
    pair.pays(TOKYO, 1);
    let released = pair.sites[TOKYO].released;
    pair.passes(20_000);
    assert_eq!(pair.sites[TOKYO].released, released);
    let view = pair.sites[TOKYO].node().view();
    assert_eq!((view.safety, view.waiting), (Safety::Stopped, Waiting::Standby));
    pair.starts(OSAKA);
    pair.passes(1_000);
    assert!(pair.sites[TOKYO].released > released);
    expect![[r"
        tokyo: says follow behind 4
        osaka: says ready at 4
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn in_async_nobody_waits_and_nobody_takes_over_by_itself() {
    let mut pair = Pair::in_sync(Mode::Async, WhenLost::Solo, true);
    pair.pays(TOKYO, 2);
    pair.passes(200);
    pair.wishes(TOKYO, Wish::SwitchOver);
    pair.dies(TOKYO);
    pair.passes(5_000);
    assert_eq!(pair.sites[OSAKA].node().view().waiting, Waiting::OperatorAsync);
    pair.wishes(OSAKA, promote(&[Question::PeerFenced, Question::MayLose]));
    pair.passes(100);
    expect![[r#"
        tokyo: tells its operator: no, with journal.sync = "async" the standby may lack records at any time: stop this node and promote the other one
        osaka: changes the record to 2 osaka
        osaka: reigns by 2 (Promoted, lossy)
        osaka: tells its operator: Promoted { epoch: Epoch(2), lossy: true }
        osaka: opens
    "#]].assert_eq(&pair.story());
}

#[test]
pub(super) fn whoever_hears_of_a_later_reign_is_not_the_primary_any_more() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.cuts_line();
    pair.witness.deaf[TOKYO] = true;
    pair.passes(1_500);
    pair.witness.forgets(TOKYO);
    pair.passes(2_000);
    expect![[r"
        osaka: changes the record to 2 osaka
        osaka: reigns by 2 (Promoted)
        osaka: opens
    "]]
    .assert_eq(&pair.story());
    pair.pays(TOKYO, 2);
    pair.mends_line();
    pair.passes(1_000);
    expect![[r"
        tokyo: ends: Epoch(Epoch(2))
        osaka: says follow behind 4
        tokyo: cuts 2 batches behind 4
        tokyo: says ready at 4
        osaka: changes the record to 2 osaka with tokyo
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn acknowledgements_are_required_before_the_standby_is_written_in() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.cuts_line();
    pair.passes(2_000);
    pair.pays(TOKYO, 1);
    pair.witness.slow = true;
    pair.mends_line();
    pair.passes(300);
    expect![[r"
        tokyo: changes the record to 1 tokyo
        tokyo: says follow behind 4
        osaka: says ready at 4
        tokyo: asks for a change that nobody answers
    "]]
    .assert_eq(&pair.story());
    // The record may name the standby at any time now.
    pair.sites[OSAKA].disk_is_slow = true;
    let released = pair.sites[TOKYO].released;
    pair.pays(TOKYO, 1);
    assert_eq!(pair.sites[TOKYO].released, released, "the standby does not have it");
}

#[test]
pub(super) fn what_an_operator_gave_up_stays_given_up_until_the_log_says_so() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.cuts_line();
    pair.passes(2_000);
    pair.pays(TOKYO, 2);
    pair.dies(TOKYO);
    pair.passes(5_000);
    pair.sites[OSAKA].dies_at_reign = true;
    pair.wishes(OSAKA, promote(&[Question::PeerFenced, Question::MayLose]));
    pair.passes(100);
    pair.starts(OSAKA);
    pair.passes(500);
    assert!(pair.story().contains("osaka: reigns by 4 (Resumed, lossy)"));
    assert!(!pair.sites[OSAKA].control.lossy, "its log says so now");
}

#[test]
pub(super) fn what_an_operator_gave_up_stays_given_up_if_the_record_is_changed_after_the_life_that_asked()
 {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.cuts_line();
    pair.passes(2_000);
    pair.pays(TOKYO, 2);
    pair.dies(TOKYO);
    pair.passes(5_000);
    pair.story();
    pair.witness.slow = true;
    pair.wishes(OSAKA, promote(&[Question::PeerFenced, Question::MayLose]));
    pair.dies(OSAKA);
    assert_eq!(pair.witness.catches_up(), 1);
    pair.witness.slow = false;
    pair.starts(OSAKA);
    pair.passes(500);
    expect![[r"
        osaka: asks for a change that nobody answers
        osaka: changes the record to 4 osaka
        osaka: reigns by 4 (Resumed, lossy)
        osaka: opens
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn what_an_operator_wanted_to_give_up_and_another_reign_has_is_not_missing() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.cuts_line();
    pair.passes(2_000);
    pair.pays(TOKYO, 2);
    pair.dies(TOKYO);
    pair.passes(5_000);
    pair.witness.slow = true;
    pair.wishes(OSAKA, promote(&[Question::PeerFenced, Question::MayLose]));
    pair.dies(OSAKA);
    assert!(pair.sites[OSAKA].control.lossy, "its change may be made at any time");
    // The other one is there again, and has its standby in sync, before any change is made.
    pair.witness.later.clear();
    pair.witness.slow = false;
    pair.line = true;
    pair.starts(TOKYO);
    pair.passes(500);
    pair.starts(OSAKA);
    while pair.witness.record.is_some_and(|record| record.in_sync.is_none()) {
        pair.passes(10);
    }
    // Its standby has not even heard that it is in sync.
    pair.story();
    pair.dies(TOKYO);
    pair.passes(5_000);
    let story = pair.story();
    assert!(story.contains("osaka: reigns by ") && !story.contains("lossy"), "{story}");
}

#[test]
pub(super) fn a_standby_whose_disk_hangs_is_waited_for_once() {
    for witness in [true, false] {
        let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, witness);
        pair.sites[OSAKA].disk_is_slow = true;
        pair.pays(TOKYO, 1);
        pair.passes(1_500);
        assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Solo);
        for _ in 0..30 {
            pair.pays(TOKYO, 1);
            let (end, site) = (pair.sites[TOKYO].end(), &pair.sites[TOKYO]);
            assert_eq!(site.released, end.position, "at once, whatever the standby does");
            pair.passes(100);
        }
        pair.sites[OSAKA].disk_is_slow = false;
        pair.syncs(OSAKA);
        pair.passes(500);
        assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Sync, "{}", pair.story());
    }
}
