//! The standby is killed under load, and comes back.

use crate::pair::{Osaka, Pair, Terms, Tokyo};

/// Two hundred requests come in the second in which it is not known yet; a machine that has much to do may
/// keep some of them waiting once more.
const LATE_MAX: u64 = 20;

#[test]
fn without_its_standby_the_primary_goes_on_alone_and_says_so_until_that_is_back() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::serving(terms);
    pair.site_mut(Osaka).is_killed();
    pair.site(Tokyo).comes_to("solo", |stands| {
        stands["sync"] == "solo" && stands["records_at_risk"].as_u64() > Some(0)
    });
    pair.answer_more(200);
    let shown = pair.site(Tokyo).does("status");
    assert!(shown.contains("SOLO") && shown.contains("at one node only"), "{shown}");
    let refused = pair.site(Tokyo).asked("node switchover");
    assert_eq!(refused.code, Some(5), "{refused:?}");

    pair.starts(Osaka);
    let stands = pair.is_followed(Tokyo, terms);
    assert_eq!(stands["records_at_risk"], 0, "{stands}");
    pair.answer_more(200);
    // What waited for the standby when it was lost left all the same, when that was known.
    let late = pair.counted(Tokyo, "late_dropped");
    assert!(late < LATE_MAX, "{late} of what waited for a second were dropped");
    pair.ends(Tokyo, terms);
}

#[test]
fn with_stop_nothing_is_released_without_the_standby() {
    let terms = Terms { when_lost: "stop", ..Terms::DURABLE };
    let mut pair = Pair::serving(terms);
    pair.site_mut(Osaka).is_killed();
    let stands = pair.site(Tokyo).comes_to("stop", |stands| stands["sync"] == "stopped");
    assert_eq!(stands["records_at_risk"], 0, "{stands}");
    let released = stands["log"]["released"].as_u64();
    let later = pair.site(Tokyo).comes_to("wait on", |now| now["sync_since_s"].as_u64() >= Some(2));
    assert_eq!(later["log"]["released"].as_u64(), released, "{later}");
    let shown = pair.site(Tokyo).does("status");
    assert!(shown.contains("STOPPED"), "{shown}");

    pair.starts(Osaka);
    let stands = pair.is_followed(Tokyo, terms);
    assert_eq!(stands["records_at_risk"], 0, "{stands}");
    pair.answer_more(200);
    pair.merchants_part();
    pair.ends(Tokyo, terms);
}

#[test]
fn with_stop_an_operator_lets_the_primary_go_on_until_its_standby_is_back() {
    let terms = Terms { when_lost: "stop", ..Terms::DURABLE };
    let mut pair = Pair::serving(terms);
    pair.site_mut(Osaka).is_killed();
    pair.site(Tokyo).comes_to("stop", |stands| stands["sync"] == "stopped");
    let asked = pair.site(Tokyo).asked("node promote");
    assert_eq!(asked.code, Some(2), "{asked:?}");
    assert!(asked.stderr.contains("--peer-is-fenced"), "{asked:?}");

    pair.site(Tokyo).does("node promote --peer-is-fenced osaka");
    pair.site(Tokyo).comes_to("solo", |stands| {
        stands["sync"] == "solo" && stands["records_at_risk"].as_u64() > Some(0)
    });
    pair.answer_more(50);
    pair.starts(Osaka);
    pair.is_followed(Tokyo, terms);
    pair.answer_more(200);
    pair.merchants_part();
    pair.ends(Tokyo, terms);
}

#[test]
fn a_primary_alone_that_starts_again_goes_on_when_an_operator_says_that_nobody_else_has() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::serving(terms);
    pair.site_mut(Osaka).is_killed();
    pair.site(Tokyo).comes_to("solo", |stands| stands["sync"] == "solo");
    pair.site_mut(Tokyo).is_killed();
    pair.is_cut();
    pair.starts(Tokyo);
    pair.site(Tokyo).is_promoted("node promote --peer-is-fenced osaka --peer-not-since");
    pair.serves(Tokyo);
    pair.leads(Tokyo);
    pair.answer_more(50);
    pair.starts(Osaka);
    pair.is_followed(Tokyo, terms);
    pair.answer_more(50);
    let books = pair.ends(Tokyo, terms);
    assert_eq!(books.acquirers, books.issuers, "{books:?}");
}
