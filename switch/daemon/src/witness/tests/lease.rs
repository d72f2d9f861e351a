//! Who lives, as far as leases say.

use std::time::Duration;

use serde_json::json;

use super::node::{Configured, Node};
use super::store::{Store, until};
use super::way::{Way, Weather};

fn leases(store: &Store) -> Vec<String> {
    let said = store.does("/v3/lease/leases", &json!({}));
    let all = said["leases"].as_array().cloned().unwrap_or_default();
    all.iter().map(|lease| lease["ID"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_node_that_lives_is_seen_by_the_other_one_until_its_lease_ends() {
    let store = Store::starts();
    let way = Way::to(store.address());
    let tokyo = Node::of("tokyo", &Configured::at(vec![way.endpoint()]));
    let mut osaka = Node::of("osaka", &Configured::at(store.endpoints()));
    assert!(!osaka.sees().peer_alive);
    tokyo.desk.lives(true);
    until("tokyo to be seen alive", || osaka.sees().peer_alive.then_some(()));
    // Longer than any lease that is not kept alive.
    let granted = crate::clocks::boot();
    until("four seconds", || {
        assert!(osaka.sees().peer_alive);
        (crate::clocks::boot().since(granted).as_secs() >= 4).then_some(())
    });
    assert_eq!(tokyo.shown().lease.granted, 1);

    // As if its machine were lost: nothing is given back.
    way.is(Weather::HoldsQuestions);
    until("its lease to end", || (!osaka.sees().peer_alive).then_some(()));
}

#[test]
fn a_node_that_is_stopped_gives_its_lease_back_and_waits_no_longer_for_that_than_it_is_told_to() {
    let store = Store::starts();
    let way = Way::to(store.address());
    let configured = Configured { timeout: "300ms", ..Configured::at(vec![way.endpoint()]) };
    let [stops, hangs] = ["tokyo", "osaka"].map(|name| Node::of(name, &configured));
    for node in [&stops, &hangs] {
        node.desk.lives(true);
        until("a lease", || node.shown().lease.kept_ns);
    }
    stops.desk.stops();
    stops.desk.parts(Duration::from_mins(1));
    assert_eq!(leases(&store).len(), 1, "its own is gone when that returns");

    way.is(Weather::HoldsQuestions);
    hangs.desk.stops();
    let begun = crate::clocks::boot();
    hangs.desk.parts(Duration::from_millis(1));
    assert!(crate::clocks::boot().since(begun).as_secs() < 10, "it is not waited for");
}

#[test]
fn why_a_lease_is_not_kept_is_shown_until_it_is() {
    let store = Store::starts();
    store.asks_who_it_is();
    let configured = Configured::at(store.endpoints());
    let tokyo = Node::of("tokyo", &configured);
    tokyo.desk.lives(true);
    let trouble = until("why there is no lease", || tokyo.shown().lease.trouble);
    assert!(trouble.contains("set witness.user"), "{trouble}");
    assert_eq!(tokyo.shown().lease.kept_ns, None);
    store.asks_nobody();
    until("a lease", || tokyo.shown().lease.kept_ns);
    assert_eq!(tokyo.shown().lease.trouble, None);
}

#[test]
fn a_node_that_gives_up_is_not_seen_alive_from_then_on() {
    let store = Store::starts();
    let configured = Configured::at(store.endpoints());
    let tokyo = Node::of("tokyo", &configured);
    tokyo.desk.lives(true);
    until("a lease", || tokyo.shown().lease.kept_ns);
    assert_eq!(leases(&store).len(), 1);
    tokyo.desk.lives(false);
    until("it to be given back", || tokyo.shown().lease.kept_ns.is_none().then_some(()));
    assert_eq!(leases(&store), Vec::<String>::new());
}

#[test]
fn a_node_whose_thread_ship_hangs_is_not_seen_alive_until_it_goes_on() {
    let store = Store::starts();
    let configured = Configured::at(store.endpoints());
    let mut tokyo = Node::of("tokyo", &configured);
    tokyo.desk.lives(true);
    until("a lease", || tokyo.shown().lease.kept_ns);
    tokyo.hangs();
    until("it to be given back", || tokyo.shown().lease.kept_ns.is_none().then_some(()));
    assert_eq!(leases(&store), Vec::<String>::new());
    tokyo.goes_on();
    until("another lease", || tokyo.shown().lease.kept_ns);
    assert_eq!((tokyo.shown().lease.granted, leases(&store).len()), (2, 1));
}

#[test]
fn a_lease_that_etcd_ended_is_followed_by_another() {
    let store = Store::starts();
    let configured = Configured::at(store.endpoints());
    let tokyo = Node::of("tokyo", &configured);
    let mut osaka = Node::of("osaka", &configured);
    tokyo.desk.lives(true);
    until("tokyo to be seen alive", || osaka.sees().peer_alive.then_some(()));
    for lease in leases(&store) {
        store.does("/v3/lease/revoke", &json!({ "ID": lease }));
    }
    assert!(!osaka.sees().peer_alive);
    until("another lease", || osaka.sees().peer_alive.then_some(()));
    assert_eq!(tokyo.shown().lease.granted, 2);
}
