//! The rules as conversations of two nodes, and each rule broken once. Must not know how they are
//! kept.

mod pair;

mod site;

mod keeper;

mod words;

mod beginning;

mod record;

mod no_record;

mod switching_over;

mod by_hand;

mod alone;

mod far_behind;

mod sick;

mod isolated;

use std::panic::catch_unwind;

use self::pair::{OSAKA, Pair, TOKYO};
use crate::format::{Epoch, Position};
use crate::mutants::{Mutant, set};
use crate::roles::event::Event;
use crate::roles::objection::Objection;
use crate::roles::view::{Part, Safety, Waiting};
use crate::roles::wish::{Confirmed, Question, Wish};
use crate::ship::message::{Digests, Mark, Message, Mode, WhenLost};

/// A pair in sync in each mode in which there is such a thing.
fn waiting_modes() -> [Pair; 2] {
    [Mode::Durable, Mode::Memory].map(|mode| Pair::in_sync(mode, WhenLost::Solo, true))
}

fn promote(questions: &[Question]) -> Wish {
    let confirmed = questions.iter().fold(Confirmed::default(), |all, &one| all.and(one));
    Wish::Promote(confirmed)
}

/// The story that goes wrong without this rule.
const STORIES: [(Mutant, fn()); 17] = [
    (
        Mutant::TrustsAStaleSwap,
        record::a_change_that_nobody_answered_is_made_impossible_by_a_fresh_one,
    ),
    (
        Mutant::RequiresTooLate,
        record::acknowledgements_are_required_before_the_standby_is_written_in,
    ),
    (
        Mutant::DegradesWithoutTheRecord,
        record::a_primary_goes_on_alone_only_when_the_record_says_so,
    ),
    (
        Mutant::PromotesWithoutInSync,
        record::a_standby_that_is_out_of_the_record_waits_for_an_operator_who_must_accept_a_loss,
    ),
    (
        Mutant::IgnoresTheIncarnation,
        record::in_memory_mode_only_the_start_that_was_in_sync_takes_over,
    ),
    (
        Mutant::SwapsBeforeTheSeal,
        record::a_memory_that_was_not_yet_on_the_disk_is_sealed_before_the_record_is_changed,
    ),
    (
        Mutant::ResumesByItself,
        by_hand::without_a_witness_and_its_peer_a_restarted_primary_asks_its_operator,
    ),
    (
        Mutant::PromotesAnyNode,
        beginning::a_damaged_node_is_repaired_by_its_peer_before_it_is_anything_else,
    ),
    (
        Mutant::HandsOverTooEarly,
        switching_over::a_switch_over_is_refused_where_it_would_lose_or_change_something,
    ),
    (
        Mutant::GoesOnAfterGivingUp,
        switching_over::a_reign_that_was_given_up_and_not_taken_is_not_gone_on_with,
    ),
    (Mutant::IgnoresTheSoloLease, record::a_primary_alone_that_can_not_read_the_witness_stops),
    (
        Mutant::CallsALossyPromotionLossless,
        record::a_standby_that_is_out_of_the_record_waits_for_an_operator_who_must_accept_a_loss,
    ),
    (
        Mutant::AcknowledgesBeforeItIsDurable,
        switching_over::a_switch_over_is_refused_where_it_would_lose_or_change_something,
    ),
    (
        Mutant::StaysThoughSick,
        sick::a_primary_that_can_not_commit_ends_its_reign_and_its_standby_takes_over,
    ),
    (
        Mutant::ForgetsItsIsolation,
        isolated::a_primary_that_is_isolated_is_replaced_and_reigns_no_more_until_that_is_ended,
    ),
    (
        Mutant::ResumesThoughItYields,
        sick::a_primary_that_can_not_commit_ends_its_reign_and_its_standby_takes_over,
    ),
    (
        Mutant::IgnoresLaterReigns,
        record::whoever_hears_of_a_later_reign_is_not_the_primary_any_more,
    ),
];

#[test]
fn every_rule_that_is_broken_is_noticed_by_a_story() {
    // The stories would be rewritten as they go without the rule.
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        return;
    }
    let mut unnoticed = Vec::new();
    for (mutant, story) in STORIES {
        set(Some(mutant));
        let noticed = catch_unwind(story).is_err();
        set(None);
        if !noticed {
            unnoticed.push(mutant);
        }
    }
    assert!(unnoticed.is_empty(), "nobody notices {unnoticed:?}");
}
