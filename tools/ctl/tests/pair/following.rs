//! A standby follows its primary under load, in each mode.

use crate::pair::{Osaka, Pair, Terms, Tokyo};

/// It follows for a while, and everybody ends in order.
fn follows(terms: Terms) {
    let pair = Pair::serving(terms);
    let before = pair.site(Osaka).stands().unwrap();
    pair.answer_more(500);
    let state = Pair::state_of(terms);
    let shown = pair.site(Osaka).does("status");
    assert!(shown.contains("osaka is standby") && shown.contains(state), "{shown}");
    let position = |stands: &serde_json::Value| stands["log"]["replayed"].as_u64().unwrap();
    let later =
        pair.site(Osaka).comes_to("take in what came", |now| position(now) > position(&before));
    assert_eq!((&later["sync"], &later["peer"]["role"]), (&state.into(), &"primary".into()));
    let books = pair.ends(Tokyo, terms);
    assert!(books.acquirers.approvals > 1_000, "{books:?}");
    assert_eq!(books.acquirers, books.issuers);
}

#[test]
fn in_durable_what_is_released_is_on_both_disks() {
    follows(Terms::DURABLE);
}

#[test]
fn in_memory_what_is_released_was_received() {
    follows(Terms { sync: "memory", ..Terms::DURABLE });
}

#[test]
fn in_async_nobody_waits_and_the_standby_has_it_all_a_little_later() {
    follows(Terms { sync: "async", ..Terms::DURABLE });
}
