//! A node that lacks what its primary has let go of. Must not know how the rules are kept.

use expect_test::expect;

use super::*;

/// Tokyo reigns alone and has let go of its first batches.
fn alone(mode: Mode) -> Pair {
    let mut pair = Pair::new(mode, WhenLost::Solo, false);
    pair.passes(2_000);
    pair.wishes(TOKYO, promote(&[Question::First]));
    pair.passes(100);
    pair.pays(TOKYO, 6);
    pair.sites[TOKYO].lets_go(3);
    pair.pays(TOKYO, 2);
    pair.story();
    pair
}

#[test]
fn an_empty_node_begins_with_a_checkpoint_of_a_primary_that_let_its_first_batches_go() {
    let mut pair = alone(Mode::Durable);
    pair.wishes(OSAKA, Wish::Join { replace: false });
    pair.passes(1_000);
    expect![[r"
        osaka: tells its operator: Joins
        tokyo: says follow behind 3, and a checkpoint at 7
        osaka: begins anew with a checkpoint
        tokyo: says follow behind 3
        osaka: says ready at 3
    "]]
    .assert_eq(&pair.story());
    let osaka = &pair.sites[OSAKA];
    assert_eq!(osaka.end(), pair.sites[TOKYO].end());
    assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Sync);
    assert!(osaka.node().view().catch_up.is_none());
}

#[test]
fn a_standby_that_was_away_for_too_long_begins_anew_and_may_take_over_when_it_is_in_sync() {
    for mode in [Mode::Durable, Mode::Memory, Mode::Async] {
        let mut pair = Pair::in_sync(mode, WhenLost::Solo, false);
        pair.dies(OSAKA);
        pair.passes(3_000);
        pair.pays(TOKYO, 6);
        let had = pair.sites[OSAKA].end().batch.0;
        pair.sites[TOKYO].lets_go(had + 2);
        pair.pays(TOKYO, 2);
        pair.story();
        pair.starts(OSAKA);
        pair.passes(2_000);
        expect![[r"
            tokyo: says follow behind 6, and a checkpoint at 10
            osaka: begins anew with a checkpoint
            tokyo: says follow behind 6
            osaka: says ready at 6
        "]]
        .assert_eq(&pair.story());
        assert_eq!(pair.sites[OSAKA].end(), pair.sites[TOKYO].end(), "{mode:?}");
        pair.dies(TOKYO);
        pair.passes(3_000);
        let by_hand = [Question::PeerFenced, Question::MayLose];
        pair.wishes(OSAKA, promote(&by_hand));
        pair.passes(1_000);
        assert!(pair.sites[OSAKA].open, "{mode:?}");
    }
}

#[test]
fn a_node_that_dies_while_a_checkpoint_comes_is_what_it_was_and_is_sent_all_of_it_again() {
    let mut pair = alone(Mode::Durable);
    pair.dies_storing = Some((OSAKA, 2));
    pair.wishes(OSAKA, Wish::Join { replace: false });
    pair.passes(500);
    assert!(pair.sites[OSAKA].node.is_none() && pair.sites[OSAKA].end() == Mark::ZERO);
    pair.dies_storing = None;
    pair.starts(OSAKA);
    pair.passes(1_000);
    expect![[r"
        osaka: tells its operator: Joins
        tokyo: says follow behind 3, and a checkpoint at 7
        osaka: dies
        tokyo: says follow behind 3, and a checkpoint at 7
        osaka: begins anew with a checkpoint
        tokyo: says follow behind 3
        osaka: says ready at 3
    "]]
    .assert_eq(&pair.story());
    assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Sync);
}

#[test]
fn a_checkpoint_that_the_disk_does_not_take_is_sent_again_on_another_line() {
    let mut pair = alone(Mode::Durable);
    pair.refuses_storing = Some(OSAKA);
    pair.wishes(OSAKA, Wish::Join { replace: false });
    pair.passes(1_000);
    expect![[r"
        osaka: tells its operator: Joins
        tokyo: says follow behind 3, and a checkpoint at 7
        osaka: its disk does not take it
        osaka: hangs up
        tokyo: says follow behind 3, and a checkpoint at 7
        osaka: begins anew with a checkpoint
        tokyo: says follow behind 3
        osaka: says ready at 3
    "]]
    .assert_eq(&pair.story());
    assert_eq!(pair.sites[TOKYO].node().view().safety, Safety::Sync);
}

#[test]
fn a_node_that_lacks_what_its_checkpoint_has_reigns_at_nobodys_word() {
    let mut pair = alone(Mode::Durable);
    pair.wishes(OSAKA, Wish::Join { replace: false });
    // The line is gone before anything came behind the checkpoint.
    pair.line_ends_behind_a_checkpoint = true;
    pair.passes(500);
    let view = pair.sites[OSAKA].node().view();
    assert_eq!(view.end.batch.0, 3);
    pair.dies(TOKYO);
    pair.passes(3_000);
    pair.story();
    let all = [Question::PeerFenced, Question::MayLose, Question::Joining];
    pair.wishes(OSAKA, promote(&all));
    pair.passes(1_000);
    expect![[r"
        osaka: tells its operator: no, this node lacks the log up to record 7: wait for that
    "]]
    .assert_eq(&pair.story());
    assert!(!pair.sites[OSAKA].open);
}
