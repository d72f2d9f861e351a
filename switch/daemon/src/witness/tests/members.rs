//! Several endpoints: one that is dead, one that knows less than others, one of another store.

use std::net::TcpListener;

use journal::roles::witness::{Reply, Revision};

use super::node::{Configured, Node, record};
use super::store::{Store, own_port, until};
use super::way::Way;

#[test]
fn where_the_first_member_is_dead_the_next_is_asked_and_stays_the_one_that_is() {
    let store = Store::starts();
    let way = Way::to(store.address());
    let dead = format!("http://{}", own_port());
    let mut tokyo = Node::of("tokyo", &Configured::at(vec![dead.clone(), way.endpoint()]));
    // Not even a swap is lost by it: nothing left for the first.
    assert!(matches!(tokyo.swaps(Revision(0), record(1)), Reply::Swapped(_)));
    assert_eq!(tokyo.shown().endpoint, way.endpoint());
    tokyo.sees();
    assert_eq!(tokyo.shown().unknown, 0);

    let mut alone = Node::of("osaka", &Configured::at(vec![dead.clone()]));
    assert_eq!(alone.reads(), Reply::Unknown);
    assert!(alone.trouble().starts_with(&dead), "{}", alone.trouble());
}

#[test]
fn a_swap_that_one_member_took_and_did_not_answer_is_not_given_to_the_next() {
    let store = Store::starts();
    let way = Way::to(store.address());
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoints = vec![format!("http://{}", silent.local_addr().unwrap()), way.endpoint()];
    let configured = Configured { timeout: "300ms", ..Configured::at(endpoints) };
    let mut tokyo = Node::of("tokyo", &configured);
    assert_eq!(tokyo.swaps(Revision(0), record(1)), Reply::Unknown);
    assert_eq!(way.asked("request_put"), 0);
    // A read is: what is read twice changes nothing.
    let known = until("the record", || match tokyo.reads() {
        Reply::Says(seen) => Some(seen.known),
        _ => None,
    });
    assert_eq!(known, None);
}

#[test]
fn a_member_without_a_majority_is_not_believed() {
    let mut store = Store::of_three();
    let one = vec![store.endpoints()[0].clone()];
    let mut tokyo = Node::of("tokyo", &Configured::at(one));
    let Reply::Swapped(first) = tokyo.swaps(Revision(0), record(1)) else { panic!() };
    store.is_killed(1);
    store.is_killed(2);
    assert_eq!(tokyo.reads(), Reply::Unknown, "it knows the record, and not whether it still is");
    assert_eq!(tokyo.swaps(first, record(2)), Reply::Unknown);
}

#[test]
fn two_nodes_know_whether_they_look_at_one_store_or_at_two() {
    let (first, second) = (Store::starts(), Store::starts());
    let asked = |store: &Store, name: &str| {
        let mut node = Node::of(name, &Configured::at(store.endpoints()));
        until("which cluster it is", || {
            node.sees();
            node.clusters.last().copied()
        })
    };
    let tokyo = asked(&first, "tokyo");
    assert_eq!(asked(&first, "osaka"), tokyo);
    assert_ne!(asked(&second, "osaka"), tokyo);
}

#[test]
fn a_store_that_is_not_the_one_that_answered_before_is_not_believed() {
    let (mut first, second) = (Store::starts(), Store::starts());
    let endpoints = [first.endpoints(), second.endpoints()].concat();
    let mut tokyo = Node::of("tokyo", &Configured::at(endpoints));
    assert!(matches!(tokyo.swaps(Revision(0), record(1)), Reply::Swapped(_)));
    first.is_killed(0);
    for _ in 0..3 {
        assert_eq!(tokyo.reads(), Reply::Unknown);
    }
    until("it to be said", || tokyo.trouble().contains("another cluster").then_some(()));
    assert_eq!(tokyo.clusters.len(), 2, "the other node is told of both: {:?}", tokyo.clusters);
}
