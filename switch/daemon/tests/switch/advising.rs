//! Acquirers tell what has happened, and take back: each advice and reversal is acknowledged at once, and
//! brought to its issuer whenever that one is there. Real sockets, a real journal.

use daemon::saf::SafStatus;
use daemon::status::Status;

use crate::configuration::{ASCII, BINARY, Configuration};
use crate::letter::{Letter, about, name_of, network, reversal, sale};
use crate::link::{Desk, Link};
use crate::sekishod::{Sekishod, count, station};

/// What is stored goes out without pauses, and no echo comes between.
const PROMPT: &str = "saf_retry = \"1s\"\nsaf_gap = \"0s\"\necho = \"off\"\n";
/// Nobody is given up, however busy the machine is.
const PATIENT: &str = "timeout = \"10m\"\n";

/// One acquirer, and one issuer at this desk.
fn centre(desk: &Desk, more: &str) -> Configuration {
    let more = if more.contains("timeout") { more } else { &format!("{PATIENT}{more}") };
    Configuration::new()
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, desk.address(), &format!("{PROMPT}{more}"))
        .route("353011", "issuer-x")
}

/// Everybody is connected.
fn opens(more: &str) -> (Desk, Sekishod, Link, Link) {
    let desk = Desk::opens(BINARY);
    let switch = Sekishod::starts(&centre(&desk, more));
    let issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    let merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    (desk, switch, merchant, issuer)
}

fn stored(status: &Status) -> SafStatus {
    station(status, "issuer-x").stored.expect("it is an issuer")
}

fn nothing_is_stored(switch: &Sekishod) {
    switch.comes_to("nothing is stored", |status| stored(status).open() == 0);
}

/// A sale that has happened without us.
fn advice(stan: u32) -> Letter {
    sale(stan).kind(0x1220).with(38, "A1B2C3").with(39, "000")
}

/// What we forwarded of it has this number and ours, and says the rest as the acquirer did.
fn is_passed_on(heard: &Letter, said: &Letter) {
    assert_ne!(heard.text(11), said.text(11), "each message has a number of its own");
    assert_eq!(heard.differs_in(said), [7, 11, 33], "{heard:?}");
}

/// A sale that the issuer approves: as the acquirer said it, and as the issuer heard it.
fn approved(merchant: &mut Link, issuer: &mut Link, stan: u32) -> (Letter, Letter) {
    let said = sale(stan);
    merchant.sends(&said);
    let heard = issuer.hears();
    issuer.sends(&heard.answered("000").with(38, "A1B2C3"));
    assert_eq!(merchant.hears().code(), "000");
    (said, heard)
}

/// Nothing more has come for this partner: what it hears next answers an echo.
fn hears_no_more(link: &mut Link) {
    let heard = link.asks(&network("831", 999_001));
    assert_eq!((heard.mti(), heard.code()), (0x1814, "800"), "{heard:?}");
}

#[test]
fn an_advice_is_acknowledged_with_its_issuer_away_and_brought_to_it_after_its_sign_on() {
    let (_desk, switch, mut merchant, mut issuer) = opens("sign_on = \"theirs\"");
    let said = advice(101);
    let told = merchant.asks(&said);
    assert_eq!((told.mti(), told.code(), told.text(11)), (0x1230, "900", "000101"));
    // It is acknowledged again, and kept once.
    let again = merchant.asks(&said.clone().kind(0x1221));
    assert_eq!((again.mti(), again.code()), (0x1230, "900"));
    let waits = stored(&switch.status());
    assert_eq!((waits.open(), waits.sent, waits.paused), (1, 0, true));

    assert_eq!(issuer.asks(&network("801", 900_001)).code(), "800");
    let heard = issuer.hears();
    assert_eq!(heard.mti(), 0x1220);
    is_passed_on(&heard, &said);
    issuer.sends(&heard.answered("900"));
    nothing_is_stored(&switch);
    hears_no_more(&mut issuer);
}

#[test]
fn an_advice_outlives_a_kill_that_its_issuer_never_knew_of() {
    let (desk, switch, mut merchant, issuer) = opens("sign_on = \"theirs\"");
    let said = advice(101);
    assert_eq!(merchant.asks(&said).code(), "900");
    drop(issuer);

    let again = Sekishod::starts_in(switch.killed(), &centre(&desk, "sign_on = \"theirs\""));
    let mut issuer = desk.accepts();
    let mut merchant = Link::connects(ASCII, again.address_of("merchant-a"));
    assert_eq!(merchant.asks(&said.clone().kind(0x1221)).code(), "900");
    assert_eq!(stored(&again.status()).open(), 1);
    assert_eq!(issuer.asks(&network("801", 900_001)).code(), "800");
    // Whether it was ever sent is not known any more.
    let heard = issuer.hears();
    assert_eq!(heard.mti(), 0x1221);
    is_passed_on(&heard, &said);
    issuer.sends(&heard.answered("900"));
    nothing_is_stored(&again);
}

#[test]
fn a_reversal_waits_for_the_advice_that_it_takes_back() {
    let (_desk, switch, mut merchant, mut issuer) = opens("saf_window = 8");
    let said = advice(101);
    assert_eq!(merchant.asks(&said).code(), "900");
    let first = issuer.hears();
    assert_eq!(merchant.asks(&reversal(&said, 2)).code(), "400");
    // There is room for eight, and another transaction does not wait.
    assert_eq!(merchant.asks(&advice(3)).code(), "900");
    let other = issuer.hears();
    assert_eq!((other.mti(), other.text(37)), (0x1220, "632514050003"));
    issuer.sends(&other.answered("900"));
    issuer.sends(&first.answered("900"));
    let heard = issuer.hears();
    assert_eq!((heard.mti(), heard.text(25)), (0x1420, "4000"));
    assert_eq!(heard.text(56), name_of(&first));
    issuer.sends(&heard.answered("400"));
    nothing_is_stored(&switch);
}

#[test]
fn an_acquirers_reversal_is_one_however_often_it_comes_and_a_repeat_of_its_sale_is_declined() {
    let (_desk, switch, mut merchant, mut issuer) = opens("");
    let (said, heard) = approved(&mut merchant, &mut issuer, 1);
    let told = merchant.asks(&reversal(&said, 2));
    assert_eq!((told.mti(), told.code(), told.text(11)), (0x1430, "400", "000002"));
    let taken_back = issuer.hears();
    assert_eq!((taken_back.mti(), taken_back.text(24)), (0x1420, "400"));
    assert_eq!((taken_back.text(25), taken_back.text(56)), ("4000", &*name_of(&heard)));
    issuer.sends(&taken_back.answered("400"));
    nothing_is_stored(&switch);

    // The same again, another one of the same sale, and the sale itself.
    assert_eq!(merchant.asks(&reversal(&said, 2).kind(0x1421)).code(), "400");
    assert_eq!(merchant.asks(&reversal(&said, 3)).code(), "400");
    assert_eq!(merchant.asks(&said.kind(0x1201)).code(), "911");
    hears_no_more(&mut issuer);
    assert_eq!(count(&switch.status(), "saf_queued"), 1);
}

#[test]
fn parts_that_are_taken_back_add_up_to_the_original_and_never_beyond() {
    let (_desk, switch, mut merchant, mut issuer) = opens("");
    let (said, heard) = approved(&mut merchant, &mut issuer, 1);
    let part =
        |stan, amount: &str| about(&said, 0x1420, stan, "401").with(25, "4000").with(4, amount);
    for (stan, amount, code) in [
        (2, "000000001000", "400"),
        (3, "000000001501", "904"),
        (4, "000000001500", "400"),
        (5, "000000000001", "904"),
    ] {
        assert_eq!(merchant.asks(&part(stan, amount)).code(), code, "{stan}");
    }
    for amount in ["000000001000", "000000001500"] {
        let taken_back = issuer.hears();
        let shown = (taken_back.mti(), taken_back.text(24), taken_back.text(4));
        assert_eq!(shown, (0x1420, "401", amount));
        assert_eq!(taken_back.text(56), name_of(&heard));
        issuer.sends(&taken_back.answered("400"));
    }
    nothing_is_stored(&switch);
    hears_no_more(&mut issuer);
}

#[test]
fn a_reversal_in_flight_waits_for_the_answer_and_gives_its_own_reason() {
    let (_desk, switch, mut merchant, mut issuer) = opens("");
    let said = sale(1);
    merchant.sends(&said);
    let heard = issuer.hears();
    assert_eq!(merchant.asks(&reversal(&said, 2)).code(), "400");
    hears_no_more(&mut issuer);
    issuer.sends(&heard.answered("000"));
    let declined = merchant.hears();
    assert_eq!((declined.mti(), declined.text(11)), (0x1210, "000001"));
    assert!(declined.code() >= "100", "it is taken back, so it is not approved: {declined:?}");
    let taken_back = issuer.hears();
    assert_eq!((taken_back.text(25), taken_back.text(56)), ("4000", &*name_of(&heard)));
    issuer.sends(&taken_back.answered("400"));
    nothing_is_stored(&switch);
    hears_no_more(&mut issuer);
}

#[test]
fn an_approval_that_no_link_took_is_reversed_and_a_repeat_does_not_get_it() {
    let (_desk, switch, mut merchant, mut issuer) = opens("");
    let said = sale(1);
    merchant.sends(&said);
    let heard = issuer.hears();
    drop(merchant);
    switch.says_of("merchant-a", "link down");
    issuer.sends(&heard.answered("000").with(38, "A1B2C3"));
    let taken_back = issuer.hears();
    let shown = (taken_back.mti(), taken_back.text(25), taken_back.text(56));
    assert_eq!(shown, (0x1420, "4013", &*name_of(&heard)));
    issuer.sends(&taken_back.answered("400"));
    nothing_is_stored(&switch);
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    let again = merchant.asks(&said.kind(0x1201));
    assert!(again.code() >= "100" && again.text(38).is_empty(), "{again:?}");
    hears_no_more(&mut issuer);
    assert_eq!(count(&switch.status(), "saf_queued"), 1);
}

#[test]
fn what_was_reversed_before_it_came_is_refused_and_the_issuer_hears_of_neither() {
    let (desk, switch, mut merchant, issuer) = opens("");
    let said = sale(1);
    assert_eq!(merchant.asks(&reversal(&said, 2)).code(), "400");
    let told = merchant.asks(&said);
    assert!(told.code() >= "100", "{told:?}");
    drop(issuer);

    // Nor after a kill.
    let again = Sekishod::starts_in(switch.killed(), &centre(&desk, ""));
    let mut issuer = desk.accepts();
    again.says_of("issuer-x", "link open");
    let mut merchant = Link::connects(ASCII, again.address_of("merchant-a"));
    assert_eq!(merchant.asks(&said).code(), told.code());
    hears_no_more(&mut issuer);
    assert_eq!(stored(&again.status()).open(), 0);
}

#[test]
fn a_reversal_of_an_unknown_sale_goes_on_where_its_issuer_finds_it_by_its_reference() {
    let (_desk, switch, mut merchant, mut issuer) = opens("matches_on_rrn = true");
    let unknown = reversal(&sale(1), 2);
    assert_eq!(merchant.asks(&unknown).code(), "400");
    let heard = issuer.hears();
    assert_eq!((heard.mti(), heard.text(37)), (0x1420, unknown.text(37)));
    issuer.sends(&heard.answered("914"));
    switch.comes_to("it is parked", |status| stored(status).parked == 1);
}

#[test]
fn an_issuer_that_is_not_available_gets_nothing_until_it_signs_on_again() {
    let (_desk, switch, mut merchant, mut issuer) = opens("");
    let (_, _) = approved(&mut merchant, &mut issuer, 1);
    assert_eq!(issuer.asks(&network("803", 900_001)).code(), "800");
    assert_eq!(merchant.asks(&advice(2)).code(), "900");
    let waits = switch.comes_to("it is paused", |status| stored(status).paused);
    assert_eq!((stored(&waits).open(), stored(&waits).sent), (1, 0));
    hears_no_more(&mut issuer);
    assert_eq!(issuer.asks(&network("801", 900_002)).code(), "800");
    let heard = issuer.hears();
    assert_eq!(heard.mti(), 0x1220);
    issuer.sends(&heard.answered("900"));
    nothing_is_stored(&switch);
}

#[test]
fn what_is_sent_again_says_when_it_is_sent() {
    let (_desk, switch, mut merchant, mut issuer) = opens("timeout = \"100ms\"");
    assert_eq!(merchant.asks(&advice(1)).code(), "900");
    let first = issuer.hears();
    let mut last = first.clone();
    for _ in 0..2 {
        let again = issuer.hears();
        assert_eq!((again.mti(), again.differs_in(&last)), (0x1221, vec![7]));
        assert_eq!(again.text(11), first.text(11));
        last = again;
    }
    issuer.sends(&last.answered("900"));
    nothing_is_stored(&switch);
}
