//! What the worlds of chance can not see: alarms that are missed, answers that come sooner than they
//! should, lists that nobody settles. Each is a few sentences, and true while all rules are in force.

use crate::sites;
use switch_core::broken::Variant;
use switch_core::counters::Counter;
use switch_core::plan::{Acquiring, InFlight, StationSettings};
use switch_sim::world::{Setup, Text, World, acquirer, issuer, reversal, sale};

/// Which rule is broken, and what is not true any more then.
pub(crate) const STORIES: [(Variant, fn()); 22] = [
    (Variant::LateUnnoticed, a_late_approval_is_one_more_reason_to_reverse),
    (Variant::RefusalIgnored, where_923_was_agreed_nothing_is_held),
    (Variant::OtherAmountUntold, another_amount_is_an_alarm),
    (Variant::UnknownUntold, what_nobody_knows_is_told),
    (Variant::AdviceNotLookedUp, an_advice_of_long_ago_is_known),
    (Variant::WindowUntold, a_short_window_is_an_alarm),
    (Variant::AlarmUntold, six_sends_in_vain_are_an_alarm),
    (Variant::DoubtUnsettled, a_repeat_settles_whether_an_answer_arrived),
    (Variant::RequestsFillAll, requests_leave_room_for_answers),
    (Variant::OpenedBeforeAllKnow, what_is_new_is_used_when_all_know_it),
    (Variant::LateReleased, sites::what_is_committed_too_late_never_leaves),
    (Variant::LateNotWithdrawn, sites::what_waits_too_long_for_a_socket_never_leaves),
    (Variant::LateApprovalStands, sites::an_approval_that_is_late_is_reversed),
    (Variant::RepeatUnproved, sites::an_approval_is_given_again_by_who_can_have_that_committed),
    (Variant::PausedAdmits, sites::who_hands_over_admits_nothing_new),
    (Variant::CutShortSilent, sites::who_was_admitted_has_an_answer_before_it_is_handed_over),
    (Variant::PromotionUntold, sites::a_promotion_is_announced),
    (Variant::AnnouncementAwaited, sites::nobody_waits_for_the_answer_to_an_announcement),
    (Variant::OrphanForwarded, sites::a_repeat_of_what_may_be_lost_is_no_new_request),
    (Variant::OrphanUnlisted, sites::what_may_be_lost_is_listed),
    (Variant::OrphansForgotten, sites::what_was_listed_is_so_behind_a_restart),
    (Variant::StansNotAhead, sites::trace_numbers_go_on_far_ahead_where_some_may_be_lost),
];

fn centres() -> World {
    Setup::of([acquirer("A"), issuer("X")]).up()
}

/// A sells, and says what it sent.
fn sells(world: &mut World) -> Text {
    let mut first = sale(2_500);
    world.acquirer("A").complete(&mut first);
    world.acquirer("A").sends(first.clone());
    first
}

fn tells(world: &mut World, what: &str) {
    let told = world.transcript();
    assert!(told.contains(what), "{told}");
}

fn a_late_approval_is_one_more_reason_to_reverse() {
    let mut world = centres();
    sells(&mut world);
    world.passes_secs(11);
    world.issuer("X").answers("000");
    assert_eq!(world.count(Counter::SafMerged), 1);
}

fn where_923_was_agreed_nothing_is_held() {
    let acquiring = Acquiring { repeat_in_flight: InFlight::Refuse, ..Acquiring::default() };
    let mut world = Setup::of([StationSettings { acquiring, ..acquirer("A") }, issuer("X")]).up();
    let first = sells(&mut world);
    world.acquirer("A").sends(first.kind(0x1201));
    assert_eq!(world.acquirer("A").heard().of(39), "923");
}

fn another_amount_is_an_alarm() {
    let mut world = centres();
    let first = sells(&mut world);
    world.acquirer("A").sends(first.kind(0x1201).with(4, "000000012900"));
    tells(&mut world, "alarm: A.0 sent 1201 under the key of another one");
}

fn a_short_window_is_an_alarm() {
    let small = Setup::of([acquirer("A"), issuer("X")]);
    let small = small.limits(|limits| (limits.duplicates_max, limits.pending_max) = (2, 2));
    let mut world = small.up();
    for _ in 0..3 {
        sells(&mut world);
        world.issuer("X").answers("000");
    }
    world.passes_secs(1);
    tells(&mut world, "alarm: repeats are known for");
}

fn what_nobody_knows_is_told() {
    let mut world = centres();
    let never_sent = sale(2_500).with(11, "000001").with(32, "77334000001");
    world.acquirer("A").sends(reversal(&never_sent, "4000").with(37, "632514000001"));
    tells(&mut world, "A.0 sent 1420 000101 about what nobody knows");
}

fn an_advice_of_long_ago_is_known() {
    let small = Setup::of([acquirer("A"), issuer("X")]);
    let small = small.limits(|limits| (limits.duplicates_max, limits.pending_max) = (2, 2));
    let mut world = small.up();
    world.has_reader();
    let mut advice = sale(2_500).kind(0x1220).with(25, "1004");
    world.acquirer("A").complete(&mut advice);
    world.acquirer("A").sends(advice.clone());
    world.issuer("X").answers("000");
    for _ in 0..3 {
        sells(&mut world);
        world.issuer("X").answers("116");
    }
    let heard = world.issuer("X").heard_count();
    world.acquirer("A").sends(advice.kind(0x1221));
    world.passes_secs(2);
    assert_eq!(world.issuer("X").heard_count(), heard, "it is not told a second time");
}

fn six_sends_in_vain_are_an_alarm() {
    let mut world = centres();
    sells(&mut world);
    world.passes_secs(400);
    tells(&mut world, "X does not take 000002: 6 times");
}

fn a_repeat_settles_whether_an_answer_arrived() {
    let mut world = Setup::of([StationSettings { links: 2, ..acquirer("A") }, issuer("X")]).up();
    let first = sells(&mut world);
    world.acquirer("A").stalls();
    world.issuer("X").answers("000");
    world.acquirer("A").reads_only(1);
    world.acquirer("A").closes();
    assert_eq!(world.cores[0].doubtful(), 1);
    world.acquirer("A").on(1).sends(first.kind(0x1201));
    assert_eq!(world.cores[0].doubtful(), 0);
}

fn requests_leave_room_for_answers() {
    let mut setup = Setup::of([acquirer("A"), issuer("X")]);
    setup.gate_bytes = 1 << 16;
    let mut world = setup.up();
    sells(&mut world);
    world.holds_commits();
    while world.count(Counter::RefusedGateFull) < 1_000 {
        sells(&mut world);
    }
    world.issuer("X").answers("000");
    world.commits();
    assert_eq!(world.count(Counter::Approved), 1, "there was room for it");
}

fn what_is_new_is_used_when_all_know_it() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).workers(2).up();
    world.prepares(Setup::of([acquirer("A"), issuer("X"), issuer("Z")]).workers(2));
    let link = world.plan.stations[2].links_from;
    for worker in [0, 1] {
        world.adopts(worker);
        world.goes_on();
        assert!(!world.is_connecting(link));
    }
    for worker in [0, 1] {
        world.opens_anew(worker);
    }
    world.goes_on();
    assert!(world.is_connecting(link));
}
