//! One reversal for each original, whatever causes it, for as long as it takes; in the order of its
//! transaction, and refused by nothing that new requests are refused by.

use std::time::Duration;

use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::ids::{Stan, StationNumber};
use switch_core::plan::{Issuing, SignOn, StationSettings};
use switch_core::records::Record;
use switch_core::time::Time;

use crate::world::{Setup, Text, World, acquirer, answer, issuer, reversal, sale};

fn pair() -> Setup {
    Setup::of([acquirer("A"), issuer("X")])
}

/// A sale of A, as it is sent now.
fn asked(world: &mut World) -> Text {
    let mut text = sale(2500);
    world.acquirer("A").complete(&mut text);
    world.acquirer("A").sends(text.clone());
    text
}

fn code(world: &mut World, text: Text) -> String {
    world.acquirer("A").sends(text);
    world.acquirer("A").heard().of(39).to_string()
}

/// The reversals that X has heard: MTI, STAN and reason.
fn reversals(world: &mut World) -> Vec<(u16, String, String)> {
    let heard: Vec<_> =
        (0..world.issuer("X").heard_count()).map(|at| world.issuer("X").heard_at(at)).collect();
    let all = heard.into_iter().filter(|text| text.class() == 4);
    all.map(|text| (text.mti, text.of(11).to_string(), text.of(25).to_string())).collect()
}

#[test]
fn all_causes_are_one_reversal_under_one_number_and_the_first_one_gives_the_reason() {
    let mut world = pair().up();
    let original = asked(&mut world);
    let request = world.issuer("X").takes();
    world.passes_secs(10);
    world.issuer("X").sends(answer(&request, "000"));
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    let mut world = world.restarts(pair());
    world.issuer("X").sends(answer(&request, "000"));
    assert_eq!(code(&mut world, original.kind(0x1201)), "911");
    world.passes_secs(1);
    let told = |mti| (mti, "000002".to_string(), "4021".to_string());
    assert_eq!(reversals(&mut world), [told(0x1420), told(0x1421)]);
    world.issuer("X").takes();
    world.issuer("X").answers("400");
    world.passes_secs(600);
    assert_eq!(reversals(&mut world).len(), 2);
}

#[test]
fn a_late_approval_of_what_has_no_reversal_is_reversed_as_late() {
    let mut world = pair().up();
    asked(&mut world);
    let request = world.issuer("X").takes();
    // A timeout as a switch wrote it down that did not reverse yet.
    let record =
        Record::Expiry { issuer: StationNumber(1), stan: Stan(1), at: Time(0), utc: 1_795_238_431 };
    let mut bytes = [0; 100];
    let len = record.write(&mut bytes).unwrap();
    world.journal.adds(&bytes[..len]);
    let mut world = world.restarts(pair());
    assert_eq!(reversals(&mut world), []);
    world.issuer("X").sends(answer(&request, "116"));
    assert_eq!(reversals(&mut world), [], "a late decline leaves nothing to take back");
    world.issuer("X").sends(answer(&request, "000"));
    world.issuer("X").sends(answer(&request, "000"));
    assert_eq!(reversals(&mut world), [(0x1420, "000002".to_string(), "4006".to_string())]);
    assert_eq!(world.issuer("X").heard().of(56).get(..10), Some("1200000001"));
}

#[test]
fn what_could_not_be_delivered_is_an_approval_for_nobody_now_and_behind_a_restart() {
    let mut world = pair().up();
    let original = asked(&mut world);
    world.acquirer("A").closes();
    world.issuer("X").answers("000");
    assert_eq!(reversals(&mut world)[0].2, "4013");
    world.acquirer("A").connects();
    assert_eq!(code(&mut world, original.clone().kind(0x1201)), "911");
    let mut world = world.restarts(pair());
    assert_eq!(code(&mut world, original.clone().kind(0x1201)), "911");
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    world.passes_secs(1);
    let told: Vec<_> = reversals(&mut world).into_iter().map(|(_, stan, _)| stan).collect();
    assert_eq!(told, ["000002", "000002"], "sent once, and once more behind the restart");
}

#[test]
fn a_reversal_is_sent_for_a_month_and_not_given_up() {
    let issuing = Issuing { saf_retry: Duration::from_hours(1), ..Issuing::default() };
    let mut world = Setup::of([acquirer("A"), StationSettings { issuing, ..issuer("X") }]).up();
    asked(&mut world);
    world.issuer("X").takes();
    world.passes_secs(30 * 86_400);
    assert_eq!(reversals(&mut world).len(), 30 * 24);
    assert_eq!(world.count(Counter::SafAlarms), 1);
    world.issuer("X").answers("400");
    assert_eq!(world.cores[0].saf_fill().0, 0);
}

#[test]
fn a_reversal_never_overtakes_the_advice_that_it_takes_back_and_holds_up_no_other() {
    let issuing = Issuing { saf_window: 10, ..Issuing::default() };
    let setup = || {
        let x = StationSettings { issuing, ..issuer("X") };
        Setup::of([acquirer("A"), x])
    };
    let mut world = setup().up();
    let mut advice = sale(2500).kind(0x1220).with(24, "200").with(39, "000");
    world.acquirer("A").complete(&mut advice);
    assert_eq!(code(&mut world, advice.clone()), "900");
    assert_eq!(code(&mut world, reversal(&advice, "4000")), "400");
    assert_eq!(code(&mut world, sale(1).kind(0x1220).with(39, "000")), "900");
    world.forget();
    world.passes_secs(1);
    world.check(expect![[r#"
        00.020 X.0 < 1220 11=000003 39=000
        counted: saf_sent 1
    "#]]);
    let mut world = world.restarts(setup());
    world.passes_secs(3);
    assert_eq!(reversals(&mut world), [], "nor behind a restart");
    world.issuer("X").answers("000");
    world.passes_secs(1);
    assert_eq!(reversals(&mut world).len(), 1);
}

#[test]
fn nothing_is_sent_before_our_sign_on_was_accepted() {
    let setup =
        || Setup::of([acquirer("A"), StationSettings { sign_on: SignOn::Ours, ..issuer("X") }]);
    let mut world = setup().up();
    world.issuer("X").answers("800");
    asked(&mut world);
    let mut world = world.restarts(setup());
    world.issuer("X").takes();
    world.passes_secs(5);
    assert_eq!((reversals(&mut world).len(), world.issuer("X").heard().class()), (0, 8));
    world.issuer("X").answers("800");
    assert_eq!(reversals(&mut world).len(), 1);
}

#[test]
fn reversals_are_taken_while_the_journal_has_no_room_for_new_requests_and_while_the_node_stops() {
    let mut world = pair().up();
    let originals = [(); 2].map(|()| {
        let original = asked(&mut world);
        world.issuer("X").answers("000");
        original
    });
    asked(&mut world);
    world.cores[0].handle_room(false);
    assert_eq!(code(&mut world, sale(1)), "907");
    assert_eq!(code(&mut world, reversal(&originals[0], "4000")), "400");
    world.cores[0].handle_room(true);
    world.drains();
    assert_eq!(code(&mut world, sale(1)), "907");
    assert_eq!(code(&mut world, reversal(&originals[1], "4000")), "400");
    assert_eq!(world.count(Counter::RefusedNoRoom) + world.count(Counter::RefusedDraining), 2);
    assert_eq!(world.count(Counter::SafQueued), 2);
}
