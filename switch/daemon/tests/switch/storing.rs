//! What must be brought to an issuer is brought: over silence, kills and sign-offs, and as operators
//! want it. Real sockets, a real journal.

use daemon::control::{AskError, ask_saf};
use daemon::not_done::NotDone;
use daemon::saf::{LISTED_MAX, SafItem, SafReply, SafRequest, SafStatus};
use daemon::status::Status;

use crate::configuration::{ASCII, BINARY, Configuration, institution};
use crate::letter::{CARDS, Letter, network, sale};
use crate::link::{Desk, Link};
use crate::permitting::{BIN, by};
use crate::sekishod::{Sekishod, patiently, station};

/// Requests are given up soon, and what is stored is sent again soon.
const SOON: &str = "timeout = \"1s\"\nsaf_retry = \"100ms\"\nsaf_gap = \"0s\"\necho = \"off\"\n";

/// One acquirer, and one issuer at this desk.
fn sales_to(desk: &Desk, more: &str) -> Configuration {
    Configuration::new()
        .control("operators = [\"bin\"]")
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, desk.address(), &format!("{SOON}{more}"))
        .route("353011", "issuer-x")
}

/// The same, and no request is given up.
fn patient_with(desk: &Desk) -> Configuration {
    Configuration::new()
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, desk.address(), "timeout = \"10m\"\necho = \"off\"")
        .route("353011", "issuer-x")
}

/// What is stored for the issuer, in figures.
fn stored(status: &Status) -> SafStatus {
    station(status, "issuer-x").stored.expect("it is an issuer")
}

/// A sale that the issuer hears and does not answer: as it heard it.
fn unanswered(switch: &Sekishod, issuer: &mut Link, stan: u32) -> Letter {
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    merchant.sends(&sale(stan));
    let heard = issuer.hears();
    assert_eq!(heard.mti(), 0x1200);
    assert_eq!(merchant.hears().code(), "911");
    heard
}

/// How a reversal names what it reverses (DE 56): as we sent it to the issuer.
fn names(original: &Letter) -> String {
    let institution = institution(0);
    let [stan, time] = [11, 12].map(|n| original.text(n));
    format!("1200{stan}{time}{:02}{institution}", institution.len())
}

fn asks(switch: &Sekishod, request: &SafRequest) -> Result<SafReply, NotDone> {
    match patiently(|| ask_saf(&switch.control(), request)) {
        Ok(reply) => Ok(reply),
        Err(AskError::NotDone(why)) => Err(why),
        Err(other) => panic!("{other}"),
    }
}

fn list(switch: &Sekishod) -> Vec<SafItem> {
    asks(switch, &SafRequest::List { issuer: None }).expect("it lists").items
}

fn id(reversal: &Letter) -> String {
    format!("issuer-x/{}", reversal.text(11))
}

#[test]
fn a_reversal_is_sent_until_it_is_acknowledged_and_changes_only_in_its_repeat_bit_and_time() {
    let desk = Desk::opens(BINARY);
    let switch = Sekishod::starts(&sales_to(&desk, ""));
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    let original = unanswered(&switch, &mut issuer, 1);
    let first = issuer.hears();
    assert_eq!((first.mti(), first.text(24), first.text(25)), (0x1420, "400", "4021"));
    assert_eq!(first.text(56), names(&original));
    assert_ne!(first.text(11), original.text(11), "each message has a number of its own");
    for _ in 0..2 {
        let again = issuer.hears();
        assert_eq!(again.mti(), 0x1421);
        assert!(again.differs_in(&first).iter().all(|&n| n == 7), "{again:?}");
    }
    let waits = stored(&switch.status());
    assert_eq!((waits.open(), waits.parked, waits.held), (1, 0, 0));
    issuer.sends(&first.answered("400"));
    switch.comes_to("nothing is stored", |status| stored(status).open() == 0);
    assert_eq!(list(&switch), []);
}

#[test]
fn a_reversal_survives_a_kill_under_the_number_that_it_had() {
    let desk = Desk::opens(BINARY);
    let switch = Sekishod::starts(&sales_to(&desk, ""));
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    unanswered(&switch, &mut issuer, 1);
    let first = issuer.hears();
    let before = list(&switch);
    assert_eq!(before.len(), 1);

    // Here a sale is answered, however long that takes.
    let again = Sekishod::starts_in(switch.killed(), &patient_with(&desk));
    let mut issuer = desk.accepts();
    let second = issuer.hears();
    assert_eq!(second.mti(), 0x1421);
    assert!(second.differs_in(&first).iter().all(|&n| n == 7), "{second:?}");
    let after = list(&again);
    assert_eq!(after.len(), 1, "there is one obligation");
    assert_eq!((&after[0].id, after[0].made_utc), (&before[0].id, before[0].made_utc));
    issuer.sends(&second.answered("400"));
    again.comes_to("nothing is stored", |status| stored(status).open() == 0);

    // What is acknowledged is done, whatever happens then: once that is written down, as all is
    // that came before an answer that was given.
    let mut merchant = Link::connects(ASCII, again.address_of("merchant-a"));
    merchant.sends(&sale(2));
    let heard = issuer.hears();
    issuer.sends(&heard.answered("000"));
    assert_eq!(merchant.hears().code(), "000");
    let third = Sekishod::starts_in(again.killed(), &patient_with(&desk));
    assert_eq!(list(&third), []);
}

#[test]
fn a_request_that_a_kill_caught_in_flight_is_reversed_by_the_next_start() {
    let desk = Desk::opens(BINARY);
    let switch = Sekishod::starts(&patient_with(&desk));
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    merchant.sends(&sale(1));
    let original = issuer.hears();

    let again = Sekishod::starts_in(switch.killed(), &patient_with(&desk));
    let mut issuer = desk.accepts();
    let reversal = issuer.hears();
    assert_eq!((reversal.mti() & 0xFFF0, reversal.text(25)), (0x1420, "4021"));
    assert_eq!(reversal.text(56), names(&original));
    let mut merchant = Link::connects(ASCII, again.address_of("merchant-a"));
    assert_eq!(merchant.asks(&sale(1).kind(0x1201)).code(), "909");
    issuer.sends(&reversal.answered("400"));
    again.comes_to("nothing is stored", |status| stored(status).open() == 0);
}

#[test]
fn an_operator_holds_one_back_and_lets_it_go_on() {
    let desk = Desk::opens(BINARY);
    let switch = Sekishod::starts(&sales_to(&desk, ""));
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    unanswered(&switch, &mut issuer, 1);
    let first = issuer.hears();
    let id = id(&first);
    let hold = SafRequest::Hold { id: id.clone() };
    let held = asks(&switch, &hold).unwrap();
    assert_eq!((held.items.len(), held.items[0].state.as_str()), (1, "held"));
    assert_eq!(asks(&switch, &hold).map_err(|why| why.kind()), Err("conflict"));
    assert_eq!(stored(&switch.status()).held, 1);

    // The next one passes it.
    unanswered(&switch, &mut issuer, 2);
    let next = until_another(&mut issuer, &first);
    issuer.sends(&next.answered("400"));
    switch.comes_to("one is stored", |status| stored(status).open() == 1);
    let shown = asks(&switch, &SafRequest::Show { id: id.clone() }).unwrap().items.remove(0);
    assert_eq!((shown.state.as_str(), shown.mti.as_str()), ("held", "1420"));
    assert_eq!(shown.card.as_deref(), Some("353011******0000"));
    assert_eq!(shown.fields.get(&4).map(String::as_str), Some("000000002500"));
    assert!(!format!("{shown:?}").contains(CARDS[0]), "{shown:?}");

    // It is still held after a kill, and goes on when it is released.
    let again = Sekishod::starts_in(switch.killed(), &sales_to(&desk, ""));
    let mut issuer = desk.accepts();
    assert_eq!(list(&again)[0].state, "held");
    let release = SafRequest::Release { id };
    asks(&again, &release).unwrap();
    let heard = issuer.hears();
    assert_eq!((heard.mti(), heard.text(11)), (0x1421, first.text(11)));
    issuer.sends(&heard.answered("400"));
    again.comes_to("nothing is stored", |status| stored(status).open() == 0);
    assert_eq!(asks(&again, &release).map_err(|why| why.kind()), Err("not-found"));
}

/// The next message with another number than this one's, which may come again before.
fn until_another(issuer: &mut Link, than: &Letter) -> Letter {
    loop {
        let heard = issuer.hears();
        if heard.text(11) != than.text(11) {
            return heard;
        }
    }
}

#[test]
fn what_two_operators_purged_is_gone_for_good() {
    let desk = Desk::opens(BINARY);
    let switch = Sekishod::starts(&sales_to(&desk, ""));
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    unanswered(&switch, &mut issuer, 1);
    let first = issuer.hears();
    let purge = SafRequest::Purge { id: id(&first) };
    for _ in 0..2 {
        let waits = asks(&switch, &purge).unwrap();
        assert_eq!(waits.items[0].state, "sent", "one user is one operator, however often");
        assert!(waits.note.is_some_and(|note| note.contains("another operator")));
    }
    assert_eq!(list(&switch).len(), 1);
    let Some(done) = by(BIN, || asks(&switch, &purge)) else { return };
    assert_eq!(done.unwrap().items[0].state, "purged");
    assert_eq!(list(&switch), []);
    assert_eq!(asks(&switch, &purge).map_err(|why| why.kind()), Err("not-found"));

    let again = Sekishod::starts_in(switch.killed(), &sales_to(&desk, ""));
    let mut issuer = desk.accepts();
    again.says_of("issuer-x", "link open");
    assert_eq!(list(&again), []);
    // The first that comes after it is of another sale.
    let original = unanswered(&again, &mut issuer, 2);
    assert_eq!(issuer.hears().text(56), names(&original));
}

#[test]
fn an_issuer_that_has_signed_off_gets_its_reversal_when_it_is_back() {
    let desk = Desk::opens(BINARY);
    let switch = Sekishod::starts(&sales_to(&desk, "sign_on = \"theirs\""));
    let mut issuer = desk.accepts();
    assert_eq!(issuer.asks(&network("801", 900_001)).code(), "800");
    let original = unanswered(&switch, &mut issuer, 1);
    let first = issuer.hears();
    assert_eq!(first.text(56), names(&original));
    issuer.sends(&network("802", 900_002));
    let accepted = until_another(&mut issuer, &first);
    assert_eq!((accepted.mti(), accepted.code()), (0x1814, "800"));
    let waits = switch.comes_to("it is paused", |status| stored(status).paused);
    assert_eq!(stored(&waits).open(), 1);
    issuer.sends(&network("801", 900_003));
    let mut heard = issuer.hears();
    if heard.mti() == 0x1814 {
        heard = issuer.hears();
    }
    assert_eq!((heard.mti(), heard.text(11)), (0x1421, first.text(11)));
    issuer.sends(&heard.answered("400"));
    switch.comes_to("nothing is stored", |status| stored(status).open() == 0);
}

#[test]
fn a_backlog_of_one_issuer_hides_neither_what_others_wait_for_nor_its_own_end() {
    const BACKLOG: u32 = 1_200;
    let away = "sign_on = \"theirs\"\necho = \"off\"";
    let (one, other) = (Desk::opens(BINARY), Desk::opens(BINARY));
    let configuration = Configuration::new()
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, one.address(), away)
        .issuer("issuer-y", BINARY, other.address(), away)
        .route("353011", "issuer-x")
        .route("4", "issuer-y");
    let switch = Sekishod::starts(&configuration);
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    let advice = |stan| sale(stan).kind(0x1220).with(38, "A1B2C3").with(39, "000");
    assert_eq!(merchant.asks(&advice(1).with(2, "4111111111111111")).code(), "900");
    for stan in 2..2 + BACKLOG {
        assert_eq!(merchant.asks(&advice(stan)).code(), "900", "{stan}");
    }
    let all = SafRequest::List { issuer: None };
    let stan_of = |item: &SafItem| item.stan.parse::<u32>().expect("digits");
    let page = |after| {
        let page = SafRequest::Page { issuer: "issuer-x".to_owned(), after };
        asks(&switch, &page).expect("it turns a page").items
    };
    let first = page((0, 0));
    let end = first.last().map(|item| (item.made_utc, stan_of(item))).expect("there are some");
    let second = page(end);
    assert_eq!((first.len(), second.len()), (LISTED_MAX, 200));
    let place = |item: &SafItem| (item.made_utc, stan_of(item));
    assert!(first.iter().chain(&second).map(place).is_sorted_by(|one, next| one < next));
    let last = second.last().expect("there are some");
    let hold = SafRequest::Hold { id: last.id.clone() };
    asks(&switch, &hold).expect("it is held");

    let SafReply { items, more, .. } = asks(&switch, &all).expect("it lists");
    let of = |name| items.iter().filter(move |item| item.issuer == name);
    assert_eq!((of("issuer-x").count(), of("issuer-y").count(), more), (500, 1, 700));
    assert_eq!((&items[0].id, &*items[0].state), (&last.id, "held"));
    let status = stored(&switch.status());
    assert_eq!((status.waiting, status.held, status.open()), (BACKLOG - 1, 1, BACKLOG));
}

#[test]
fn there_is_no_item_of_an_issuer_that_nobody_knows() {
    let desk = Desk::opens(BINARY);
    let switch = Sekishod::starts(&sales_to(&desk, ""));
    for (id, why) in [
        ("issuer-y/000001", "there is no issuer \"issuer-y\"; there is issuer-x"),
        ("merchant-a/000001", "there is no issuer \"merchant-a\"; there is issuer-x"),
        ("issuer-x/000001", "nothing is stored as issuer-x/000001: "),
    ] {
        let refused = asks(&switch, &SafRequest::Show { id: id.to_owned() }).unwrap_err();
        assert!(refused.kind() == "not-found" && refused.to_string().starts_with(why), "{refused}");
    }
    let list = SafRequest::List { issuer: Some("issuer-y".to_owned()) };
    assert_eq!(asks(&switch, &list).map_err(|why| why.kind()), Err("not-found"));
}

#[test]
fn a_reversal_reaches_an_issuer_whose_links_another_worker_owns() {
    let (desk, other) = (Desk::opens(BINARY), Desk::opens(BINARY));
    let crossing = || {
        Configuration::new()
            .workers(2)
            .acquirer("merchant-a", ASCII, "")
            .issuer("issuer-w", BINARY, other.address(), SOON)
            .issuer("issuer-x", BINARY, desk.address(), SOON)
            .route("353011", "issuer-x")
    };
    let switch = Sekishod::starts(&crossing());
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    let status = switch.status();
    let [home, owner] = ["merchant-a", "issuer-x"].map(|name| station(&status, name).worker);
    assert_ne!(home, owner);
    let original = unanswered(&switch, &mut issuer, 1);
    let first = issuer.hears();
    assert_eq!((first.mti(), first.text(56)), (0x1420, names(&original).as_str()));
    let id = id(&first);
    let hold = SafRequest::Hold { id: id.clone() };
    assert_eq!(asks(&switch, &hold).unwrap().items[0].state, "held");

    // With one worker less it is there all the same.
    let again = Sekishod::starts_in(switch.killed(), &crossing().workers(1));
    let mut issuer = desk.accepts();
    assert_eq!(list(&again)[0].state, "held");
    asks(&again, &SafRequest::Release { id }).unwrap();
    let heard = issuer.hears();
    assert_eq!((heard.mti(), heard.text(11)), (0x1421, first.text(11)));
    issuer.sends(&heard.answered("400"));
    again.comes_to("nothing is stored", |status| stored(status).open() == 0);
}

#[test]
fn what_an_issuer_will_not_take_is_parked_and_what_it_does_not_answer_is_an_alarm() {
    let desk = Desk::opens(BINARY);
    let switch = Sekishod::starts(&sales_to(&desk, "saf_alarm_after = 2"));
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    unanswered(&switch, &mut issuer, 1);
    let first = issuer.hears();
    let line = switch.says_like("an alarm", |said| said.starts_with("a stored message is not"));
    let id = id(&first);
    assert_eq!((&line["station"], &line["id"]), (&"issuer-x".into(), &id.as_str().into()));
    let alarmed = switch.comes_to("an alarm", |status| stored(status).alarmed == 1);
    assert_eq!(stored(&alarmed).alarm_after, 2);

    issuer.sends(&first.answered("904"));
    let line = switch.says_like("a parked one", |said| said.starts_with("a stored message was"));
    assert_eq!((&line["id"], &line["action"]), (&id.as_str().into(), &"904".into()));
    switch.comes_to("one is parked", |status| stored(status).parked == 1);
    let parked = list(&switch).remove(0);
    assert_eq!((parked.state.as_str(), parked.last_action.as_deref()), ("parked", Some("904")));

    asks(&switch, &SafRequest::Release { id }).unwrap();
    let heard = issuer.hears();
    assert_eq!((heard.mti(), heard.text(11)), (0x1421, first.text(11)));
    // Of several sendings it may be any, so that its time is not one that must be echoed.
    issuer.sends(&heard.answered("400").without(7));
    switch.comes_to("nothing is stored", |status| stored(status).open() == 0);
}
