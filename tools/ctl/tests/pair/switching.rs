//! The two change places by the will of an operator, or one of them steps down.

use std::time::Duration;

use crate::pair::{Osaka, Pair, Terms, Tokyo};

/// Longer than what is in flight may take, a start of the other node, and a machine that has much to do.
const SILENCE_MAX: Duration = Duration::from_secs(20);

#[test]
fn a_switch_over_under_load_and_back_loses_nothing() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::serving(terms);
    for (from, to) in [(Tokyo, Osaka), (Osaka, Tokyo)] {
        pair.site(from).does("node switchover");
        pair.leads(to);
        pair.serves(to);
        pair.answer_more(200);
        pair.is_followed(to, terms);
        let stands = pair.site(from).stands().unwrap();
        assert_eq!(
            (&stands["role"], stands.get("diverged")),
            (&"standby".into(), None),
            "{stands}"
        );
    }
    pair.merchants_end(Tokyo);
    pair.both_end(Tokyo, terms);
    let books = pair.judged(Tokyo);
    pair.finds_nothing(&books);
    assert_eq!(books.acquirers, books.issuers, "{books:?}");
    let left = pair.left_without_an_answer();
    assert!(left.is_empty(), "accepted, and not answered on their link: {left:?}");
    let silence = pair.longest_silence();
    assert!(silence < SILENCE_MAX, "nobody was answered for {silence:?}");
}

#[test]
fn a_primary_that_is_demoted_under_load_leaves_nobody_until_somebody_is_promoted() {
    let terms = Terms::DURABLE;
    let pair = Pair::serving(terms);
    let asked = pair.site(Tokyo).asked("node demote");
    assert_eq!(asked.code, Some(2), "{asked:?}");
    pair.site(Tokyo).does("node demote --force");
    for which in [Tokyo, Osaka] {
        let stands = pair.site(which).comes_to("be a standby of nobody", |stands| {
            stands["role"] == "standby" && stands["sync"] == "no-primary"
        });
        assert_eq!(stands.get("diverged"), None, "{stands}");
    }
    // Both are heard, and the one with the newer log lacks nothing: nothing is asked.
    pair.site(Tokyo).is_promoted("node promote");
    pair.serves(Tokyo);
    pair.is_followed(Tokyo, terms);
    pair.answer_more(100);
    pair.ends(Tokyo, terms);
}
