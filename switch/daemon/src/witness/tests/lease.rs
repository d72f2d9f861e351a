//! Who lives, as far as leases say.

use serde_json::json;

use super::node::{Configured, Node};
use super::store::{Store, until};

fn leases(store: &Store) -> Vec<String> {
    let said = store.does("/v3/lease/leases", &json!({}));
    let all = said["leases"].as_array().cloned().unwrap_or_default();
    all.iter().map(|lease| lease["ID"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_node_that_lives_is_seen_by_the_other_one_until_its_lease_ends() {
    let store = Store::starts();
    let configured = Configured::at(store.endpoints());
    let tokyo = Node::of("tokyo", &configured);
    let mut osaka = Node::of("osaka", &configured);
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

    // As if it were killed: nothing is given back.
    tokyo.desk.stops();
    until("its lease to end", || (!osaka.sees().peer_alive).then_some(()));
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
