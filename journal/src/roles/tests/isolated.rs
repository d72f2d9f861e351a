//! A node that its operator isolates: it hurts nobody any more, whatever is started anew. Must not know how the
//! rules are kept.

use expect_test::expect;

use super::*;

fn isolate(questions: &[Question]) -> Wish {
    Wish::Isolate(questions.iter().fold(Confirmed::default(), |all, &one| all.and(one)))
}

#[test]
pub(super) fn a_primary_that_is_isolated_is_replaced_and_reigns_no_more_until_that_is_ended() {
    for mut pair in waiting_modes() {
        let released = pair.sites[TOKYO].released;
        pair.wishes(TOKYO, isolate(&[]));
        assert_eq!(pair.story().lines().last(), Some("tokyo: ends: Isolated"));
        pair.pays(TOKYO, 0);
        pair.passes(2_500);
        assert!(pair.story().contains("osaka: reigns by 2 (Promoted)"));
        assert!(pair.sites[OSAKA].released >= released);
        // Nobody is there when the other one dies, and it does not take over, nor does it after a start.
        pair.dies(OSAKA);
        pair.dies(TOKYO);
        pair.starts(TOKYO);
        pair.passes(15_000);
        assert_eq!(pair.sites[TOKYO].node().view().waiting, Waiting::Isolated);
        pair.wishes(TOKYO, promote(&Question::ALL));
        expect![[r"
            tokyo: tells its operator: no, an operator has isolated this node, and that is not ended: sekisho node isolate --end
        "]]
        .assert_eq(&pair.story());
        pair.starts(OSAKA);
        pair.passes(2_000);
        pair.story();
        pair.wishes(TOKYO, Wish::Rejoin);
        pair.passes(2_500);
        let view = pair.sites[OSAKA].node().view();
        assert_eq!((view.part, view.safety), (Part::Primary, Safety::Sync), "{}", pair.story());
    }
}

#[test]
fn a_primary_that_is_isolated_before_anybody_took_over_goes_on_when_that_is_ended() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.dies(OSAKA);
    pair.passes(2_000);
    pair.wishes(TOKYO, isolate(&[]));
    expect![[r"
        tokyo: changes the record to 1 tokyo
        tokyo: tells its operator: no, to be confirmed first: peer-not-in-sync, no-primary-then
    "]]
    .assert_eq(&pair.story());
    pair.wishes(TOKYO, isolate(&[Question::NotInSync, Question::NoPrimary]));
    pair.passes(5_000);
    pair.wishes(TOKYO, Wish::Rejoin);
    pair.passes(2_000);
    expect![[r"
        tokyo: tells its operator: Isolated
        tokyo: ends: Isolated
        tokyo: tells its operator: Rejoins
        tokyo: ends: Rejoins
        tokyo: changes the record to 3 tokyo
        tokyo: reigns by 3 (Resumed)
        tokyo: opens
    "]]
    .assert_eq(&pair.story());
}

#[test]
fn what_is_not_yet_durable_of_an_isolation_fences_already() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.sites[TOKYO].control_is_slow = true;
    pair.wishes(TOKYO, isolate(&[]));
    let released = pair.sites[TOKYO].released;
    pair.pays(TOKYO, 2);
    pair.passes(5_000);
    assert_eq!(pair.sites[TOKYO].released, released);
    assert!(
        pair.story().contains("osaka: reigns by 2 (Promoted)"),
        "its lease is gone, and it is silent"
    );
}

#[test]
fn a_standby_that_is_isolated_is_one_that_is_lost() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.wishes(OSAKA, isolate(&[]));
    pair.pays(TOKYO, 1);
    pair.passes(3_000);
    assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Solo);
    pair.wishes(OSAKA, Wish::Rejoin);
    pair.passes(3_000);
    assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Sync);
    pair.story();
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Stop, true);
    pair.wishes(OSAKA, isolate(&[]));
    pair.wishes(OSAKA, Wish::Rejoin);
    expect![[r"
        osaka: tells its operator: no, to be confirmed first: primary-stops-then
        osaka: tells its operator: no, this node is not isolated
    "]]
    .assert_eq(&pair.story());
}
