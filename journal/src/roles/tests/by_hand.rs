//! Without a witness: what nodes agree on and what an operator answers for. Must not know how the rules are kept.

use expect_test::expect;

use super::*;

#[test]
pub(super) fn without_a_witness_a_restarted_primary_goes_on_when_its_peer_agrees() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    pair.dies(TOKYO);
    pair.passes(10_000);
    pair.starts(TOKYO);
    pair.passes(500);
    expect![[r"
        tokyo: says may I reign by 3?
        osaka: says you may, by 3
        tokyo: reigns by 3 (Resumed)
        tokyo: says follow behind 4
        osaka: says ready at 4
        tokyo: opens
    "]]
    .assert_eq(&pair.story());
    assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Sync);
}

#[test]
pub(super) fn without_a_witness_and_its_peer_a_restarted_primary_asks_its_operator() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    pair.dies(OSAKA);
    pair.dies(TOKYO);
    pair.starts(TOKYO);
    pair.passes(10_000);
    pair.wishes(TOKYO, promote(&[]));
    pair.wishes(TOKYO, promote(&[Question::PeerFenced, Question::NotSince]));
    pair.passes(100);
    expect![[r"
        tokyo: tells its operator: no, to be confirmed first: peer-fenced, peer-not-since
        tokyo: reigns by 3 (Resumed)
        tokyo: tells its operator: Promoted { epoch: Epoch(3), lossy: false }
        tokyo: opens
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn without_a_witness_a_standby_is_promoted_by_hand_and_lossy_as_its_primary_may_have_been_alone()
 {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    pair.wishes(OSAKA, promote(&[]));
    pair.dies(TOKYO);
    pair.passes(10_000);
    pair.wishes(OSAKA, promote(&[]));
    pair.wishes(OSAKA, promote(&[Question::PeerFenced, Question::MayLose]));
    pair.passes(100);
    expect![[r"
        osaka: tells its operator: no, tokyo is heard and is the primary, or is about to be; use sekisho node switchover on tokyo, or stop it first
        osaka: tells its operator: no, to be confirmed first: peer-fenced, records-may-be-lost
        osaka: reigns by 1002 (Promoted, lossy)
        osaka: tells its operator: Promoted { epoch: Epoch(1002), lossy: true }
        osaka: opens
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn without_a_witness_two_nodes_that_never_go_on_alone_lose_nothing_in_a_promotion() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Stop, false);
    pair.dies(TOKYO);
    pair.passes(10_000);
    pair.wishes(OSAKA, promote(&[]));
    pair.wishes(OSAKA, promote(&[Question::PeerFenced, Question::NotSince]));
    pair.passes(100);
    expect![[r"
        osaka: tells its operator: no, to be confirmed first: peer-fenced, peer-not-since
        osaka: reigns by 2 (Promoted)
        osaka: tells its operator: Promoted { epoch: Epoch(2), lossy: false }
        osaka: opens
    "]]
    .assert_eq(&pair.story());
    pair.starts(TOKYO);
    pair.passes(1_000);
    expect![[r"
        osaka: says follow behind 4
        tokyo: says ready at 4
    "]]
    .assert_eq(&pair.story());
    assert_eq!(pair.sites[OSAKA].node().view().safety, Safety::Sync);
}

#[test]
pub(super) fn a_reign_that_an_operator_forced_stays_although_the_other_node_reigned_unheard_meanwhile()
 {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    pair.dies(OSAKA);
    pair.dies(TOKYO);
    for _ in 0..2 {
        pair.starts(TOKYO);
        pair.passes(3_000);
        pair.wishes(TOKYO, promote(&[Question::PeerFenced, Question::NotSince]));
        pair.passes(2_000);
        pair.pays(TOKYO, 1);
        pair.dies(TOKYO);
    }
    pair.starts(OSAKA);
    pair.passes(3_000);
    pair.wishes(OSAKA, promote(&[Question::PeerFenced, Question::MayLose]));
    pair.passes(2_000);
    pair.pays(OSAKA, 3);
    let ours = pair.sites[OSAKA].end();
    expect![[r"
        tokyo: reigns by 3 (Resumed)
        tokyo: tells its operator: Promoted { epoch: Epoch(3), lossy: false }
        tokyo: opens
        tokyo: reigns by 5 (Resumed)
        tokyo: tells its operator: Promoted { epoch: Epoch(5), lossy: false }
        tokyo: opens
        osaka: reigns by 1002 (Promoted, lossy)
        osaka: tells its operator: Promoted { epoch: Epoch(1002), lossy: true }
        osaka: opens
    "]]
    .assert_eq(&pair.story());
    pair.starts(TOKYO);
    pair.passes(3_000);
    expect![[r"
        osaka: says follow behind 4
        tokyo: cuts 4 batches behind 4
        tokyo: says ready at 4
    "]]
    .assert_eq(&pair.story());
    assert!(pair.sites[TOKYO].has(&ours), "nobody gave that up");
}

#[test]
pub(super) fn a_node_that_serves_although_an_operator_said_that_it_does_not_ends_when_it_hears_of_it()
 {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    pair.dies(TOKYO);
    pair.cuts_line();
    pair.starts(TOKYO);
    pair.passes(3_000);
    pair.wishes(TOKYO, promote(&[Question::PeerFenced, Question::NotSince]));
    pair.wishes(OSAKA, promote(&[Question::PeerFenced, Question::MayLose]));
    pair.passes(100);
    pair.pays(TOKYO, 2);
    pair.pays(OSAKA, 1);
    expect![[r"
        tokyo: reigns by 3 (Resumed)
        tokyo: tells its operator: Promoted { epoch: Epoch(3), lossy: false }
        tokyo: opens
        osaka: reigns by 1002 (Promoted, lossy)
        osaka: tells its operator: Promoted { epoch: Epoch(1002), lossy: true }
        osaka: opens
    "]]
    .assert_eq(&pair.story());
    pair.mends_line();
    pair.passes(1_000);
    expect![[r"
        tokyo: ends: Epoch(Epoch(1002))
        osaka: says follow behind 4
        tokyo: cuts 3 batches behind 4
        tokyo: says ready at 4
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn two_reigns_that_operators_forced_have_two_epochs_and_the_later_one_stays() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    pair.dies(TOKYO);
    pair.cuts_line();
    pair.starts(TOKYO);
    pair.passes(3_000);
    for at in [TOKYO, OSAKA] {
        pair.wishes(at, promote(&[Question::PeerFenced, Question::MayLose]));
    }
    pair.passes(100);
    pair.pays(TOKYO, 2);
    pair.pays(OSAKA, 1);
    pair.story();
    pair.mends_line();
    pair.passes(1_000);
    expect![[r"
        osaka: ends: Epoch(Epoch(1003))
        tokyo: says follow behind 4
        osaka: cuts 2 batches behind 4
        osaka: says ready at 4
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn an_operator_ends_a_reign_and_it_does_not_go_on_by_itself() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    pair.wishes(TOKYO, Wish::Demote(Confirmed::default()));
    pair.wishes(TOKYO, Wish::Demote(Confirmed::default().and(Question::NoPrimary)));
    pair.passes(5_000);
    assert_eq!(pair.sites[TOKYO].node().view().waiting, Waiting::SteppedDown);
    pair.wishes(OSAKA, promote(&[]));
    pair.passes(1_000);
    expect![[r"
        tokyo: tells its operator: no, to be confirmed first: no-primary-then
        tokyo: tells its operator: Demoted
        tokyo: ends: ByOperator
        osaka: says may I reign by 2?
        tokyo: says you may, by 2
        osaka: reigns by 2 (Promoted)
        osaka: tells its operator: Promoted { epoch: Epoch(2), lossy: false }
        osaka: says follow behind 4
        tokyo: says ready at 4
        osaka: opens
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn a_primary_that_stood_still_hears_what_was_said_before_it_goes_on_alone() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    let released = pair.sites[TOKYO].released;
    pair.stands_still(TOKYO, 3_000);
    pair.pays(TOKYO, 1);
    pair.passes(300);
    assert!(pair.sites[TOKYO].released > released, "its standby is there");
    assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Sync);
    assert_eq!(pair.sites[TOKYO].control.solo_since, None);
}

#[test]
pub(super) fn what_a_standby_said_before_it_fell_silent_is_no_proof_of_what_it_has() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Stop, false);
    pair.wishes(TOKYO, Wish::Demote(Confirmed::default().and(Question::NoPrimary)));
    pair.starts(TOKYO);
    pair.passes(500);
    // Nobody knows it, but nothing comes through any more.
    pair.line = false;
    pair.passes(1_000);
    pair.wishes(TOKYO, promote(&Question::ALL));
    pair.passes(2_000);
    pair.pays(TOKYO, 3);
    pair.story();
    pair.wishes(OSAKA, promote(&[Question::PeerFenced]));
    pair.passes(2_000);
    expect![[r"
        osaka: tells its operator: no, to be confirmed first: peer-not-since
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn the_consent_of_a_node_that_lost_its_disk_says_nothing() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    pair.dies(TOKYO);
    pair.passes(3_000);
    pair.wishes(OSAKA, promote(&[Question::PeerFenced, Question::MayLose]));
    pair.passes(100);
    pair.pays(OSAKA, 2);
    pair.dies(OSAKA);
    pair.sites[OSAKA].loses_its_disk();
    pair.story();
    pair.starts(TOKYO);
    pair.starts(OSAKA);
    pair.passes(3_000);
    expect![[""]].assert_eq(&pair.story());
    assert_eq!(pair.sites[TOKYO].node().view().waiting, Waiting::Operator);
}

#[test]
pub(super) fn who_has_consented_is_not_promoted_meanwhile() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    pair.dies(TOKYO);
    pair.passes(3_000);
    pair.falls_silent = true;
    pair.starts(TOKYO);
    pair.wishes(OSAKA, promote(&[]));
    pair.passes(100);
    expect![[r"
        tokyo: says may I reign by 3?
        osaka: says you may, by 3
        tokyo: reigns by 3 (Resumed)
        osaka: tells its operator: no, tokyo is heard and is the primary, or is about to be; use sekisho node switchover on tokyo, or stop it first
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn who_asks_for_a_reign_does_not_have_it() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    let ask = Message::Ask { reign: Epoch(8), end: Mark::ZERO, epochs: Vec::new() };
    pair.tells(TOKYO, Event::Heard(ask));
    pair.passes(500);
    expect![[r"
        tokyo: says I promised 1
    "]]
    .assert_eq(&pair.story());
    assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Sync);
}

#[test]
pub(super) fn a_consent_that_takes_its_time_to_be_durable_is_given_all_the_same() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    pair.dies(TOKYO);
    pair.passes(3_000);
    pair.sites[OSAKA].control_is_slow = true;
    pair.starts(TOKYO);
    pair.passes(1_500);
    pair.writes_control(OSAKA);
    pair.passes(500);
    expect![[r"
        tokyo: says may I reign by 3?
        tokyo: says may I reign by 3?
        osaka: says you may, by 3
        tokyo: reigns by 3 (Resumed)
        tokyo: says follow behind 4
        osaka: says ready at 4
        tokyo: opens
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn what_was_released_alone_is_at_risk_after_a_restart_too() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    let at_risk = |pair: &Pair| pair.sites[TOKYO].node().view().at_risk;
    pair.dies(OSAKA);
    pair.passes(2_000);
    pair.pays(TOKYO, 3);
    assert_eq!(at_risk(&pair), 3);
    pair.dies(TOKYO);
    pair.starts(TOKYO);
    pair.passes(3_000);
    pair.wishes(TOKYO, promote(&[Question::PeerFenced, Question::NotSince]));
    pair.passes(2_000);
    assert_eq!(at_risk(&pair), 8, "nobody knows any more how much of it is there");
    pair.starts(OSAKA);
    pair.passes(1_000);
    assert_eq!(at_risk(&pair), 0, "{}", pair.story());
}

#[test]
pub(super) fn what_a_reign_gave_up_and_never_wrote_down_is_forgotten_behind_another_one() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    pair.dies(TOKYO);
    pair.passes(3_000);
    pair.sites[OSAKA].dies_at_reign = true;
    pair.wishes(OSAKA, promote(&[Question::PeerFenced, Question::MayLose]));
    pair.passes(100);
    assert!(pair.sites[OSAKA].control.lossy);
    pair.starts(TOKYO);
    pair.starts(OSAKA);
    pair.passes(2_000);
    assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Sync, "{}", pair.story());
    pair.wishes(TOKYO, Wish::SwitchOver);
    pair.passes(1_000);
    let story = pair.story();
    assert!(story.contains("osaka: reigns by 1004 (HandedOver)"), "{story}");
}

#[test]
pub(super) fn a_directory_that_was_copied_from_the_other_site_is_a_part_of_a_log() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    pair.dies(OSAKA);
    pair.dies(TOKYO);
    pair.sites[OSAKA].control = pair.sites[TOKYO].control;
    pair.starts(OSAKA);
    pair.passes(3_000);
    assert_eq!(pair.sites[OSAKA].node().view().waiting, Waiting::Joining);
    pair.wishes(OSAKA, promote(&[Question::PeerFenced, Question::NotSince]));
    expect![[r"
        osaka: tells its operator: no, to be confirmed first: records-may-be-lost, still-joining
    "]]
    .assert_eq(&pair.story());
    let control = &pair.sites[OSAKA].control;
    assert_eq!((control.name.text(), control.reigned), ("osaka", Epoch(0)));
}

#[test]
pub(super) fn a_wish_is_told_what_is_under_way() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    pair.sites[TOKYO].control_is_slow = true;
    pair.wishes(TOKYO, Wish::Demote(Confirmed::default().and(Question::NoPrimary)));
    pair.wishes(TOKYO, Wish::SwitchOver);
    expect![[r"
        tokyo: tells its operator: no, the reign of this node is ending
    "]]
    .assert_eq(&pair.story());
}

#[test]
pub(super) fn of_two_nodes_that_operators_promote_at_once_one_begins_and_the_other_one_says_so() {
    for first in [TOKYO, OSAKA] {
        let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
        pair.wishes(TOKYO, Wish::Demote(Confirmed::default().and(Question::NoPrimary)));
        pair.passes(2_000);
        pair.story();
        pair.wishes_of_both(first, promote(&[]));
        pair.passes(1_000);
        let story = pair.story();
        assert_eq!(story.matches(": reigns by ").count(), 1, "{story}");
        assert_eq!(story.matches("tells its operator: Promoted").count(), 1, "{story}");
        assert_eq!(story.matches("tells its operator: no, ").count(), 1, "{story}");
        assert!(!story.contains(": ends"), "{story}");
        let safeties = pair.sites.each_ref().map(|site| site.node().view().safety);
        assert_eq!(safeties, [Safety::Sync; 2], "{story}");
    }
}
