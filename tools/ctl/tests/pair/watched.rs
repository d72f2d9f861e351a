//! A witness stands between the two: nobody has to say who is the primary.

use rustix::process::Signal;

use crate::pair::{Osaka, Pair, Terms, Tokyo};

#[test]
fn the_standby_of_a_killed_primary_promotes_itself_and_nothing_that_was_released_is_lost() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::watched(terms);
    let witness = &pair.site(Osaka).stands().unwrap()["witness"];
    let record = &witness["record"];
    assert_eq!((&record["primary"], &record["in_sync"]), (&"tokyo".into(), &"osaka".into()));
    pair.site_mut(Tokyo).is_killed();
    pair.is_cut();

    // Nobody tells it to.
    let stands = pair.serves(Osaka);
    assert_eq!(stands["witness"]["record"]["primary"], "osaka", "{stands}");
    assert_eq!(stands["witness"]["record"]["epoch"], stands["epoch"], "{stands}");
    pair.leads(Osaka);
    pair.answer_more(300);
    pair.starts(Tokyo);
    pair.is_followed(Osaka, terms);
    pair.answer_more(200);
    let shown = pair.site(Tokyo).does("node status");
    assert!(shown.contains("osaka reigns by epoch") && shown.contains("tokyo may"), "{shown}");
    let books = pair.ends(Osaka, terms);
    assert!(books.closed_reversed > 0, "what was open is closed and reversed: {books:?}");
}

#[test]
fn two_in_sync_do_without_the_witness_and_nobody_is_promoted_until_it_answers_again() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::watched(terms);
    pair.store().is_sent(Signal::STOP);
    let stands = pair.site(Tokyo).comes_to("miss the witness", |stands| {
        stands["witness"]["answers"] == false && stands["witness"]["error"].is_string()
    });
    assert_eq!(stands["sync"], "sync", "{stands}");
    pair.answer_more(300);
    let shown = pair.site(Tokyo).does("node status");
    assert!(shown.contains("does not answer; nobody is promoted by itself"), "{shown}");

    pair.site_mut(Tokyo).is_killed();
    pair.is_cut();
    let stands = pair.site(Osaka).comes_to("wait for the witness", |stands| {
        stands["why"].as_str().is_some_and(|why| why.contains("the witness does not answer"))
    });
    assert_eq!(stands["role"], "standby", "{stands}");
    pair.store().is_sent(Signal::CONT);
    pair.serves(Osaka);
    pair.leads(Osaka);
    pair.answer_more(200);
    pair.starts(Tokyo);
    pair.is_followed(Osaka, terms);
    pair.ends(Osaka, terms);
}

#[test]
fn a_primary_that_has_neither_its_standby_nor_the_witness_releases_nothing_until_one_is_back() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::watched(terms);
    pair.site_mut(Osaka).is_killed();
    let stands = pair.site(Tokyo).comes_to("solo", |stands| stands["sync"] == "solo");
    assert!(stands["witness"]["record"]["in_sync"].is_null(), "{stands}");
    pair.answer_more(100);
    pair.store().is_sent(Signal::STOP);
    pair.site(Tokyo).comes_to("stop", |stands| stands["sync"] == "stopped");
    pair.store().is_sent(Signal::CONT);
    pair.site(Tokyo).comes_to("go on alone", |stands| stands["sync"] == "solo");
    pair.answer_more(100);
    pair.starts(Osaka);
    pair.is_followed(Tokyo, terms);
    pair.answer_more(100);
    pair.merchants_part();
    pair.ends(Tokyo, terms);
}

#[test]
fn a_primary_that_hands_over_tells_the_witness_and_one_that_is_stopped_gives_its_lease_back() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::watched(terms);
    pair.site(Tokyo).does("node switchover");
    let stands = pair.serves(Osaka);
    assert_eq!(stands["witness"]["record"]["primary"], "osaka", "{stands}");
    pair.is_cut();
    pair.leads(Osaka);
    let stands = pair.is_followed(Osaka, terms);
    assert_eq!(stands["witness"]["record"]["in_sync"], "tokyo", "{stands}");
    let agreed = stands["digests"].as_array().unwrap().last().unwrap();
    assert_eq!((&agreed["what"], &agreed["ours"]), (&"witness".into(), &agreed["theirs"]));
    pair.answer_more(100);
    pair.merchants_part();
    pair.both_end(Osaka, terms);
    pair.site(Osaka).has_told("the lease at the witness is given back");
    let books = pair.judged(Osaka);
    pair.finds_nothing(&books);
}

#[test]
fn a_pair_without_a_witness_gets_one_by_a_promotion_by_hand() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::serving(terms);
    pair.gets_a_witness(terms);
    pair.site_mut(Osaka).stops();
    pair.site(Tokyo).comes_to("solo", |stands| stands["sync"] == "solo");
    pair.starts(Osaka);
    pair.site(Tokyo).comes_to("sync", |stands| stands["sync"] == "sync");
    pair.is_cut();
    pair.site_mut(Tokyo).stops();
    pair.starts(Tokyo);
    // Both are there, and nothing is asked.
    pair.site(Tokyo).is_promoted("node promote");
    let stands = pair.serves(Tokyo);
    assert_eq!(stands["witness"]["record"]["primary"], "tokyo", "{stands}");
    pair.leads(Tokyo);
    let stands = pair.is_followed(Tokyo, terms);
    assert_eq!(stands["witness"]["record"]["in_sync"], "osaka", "{stands}");
    pair.answer_more(100);
    pair.merchants_part();
    pair.ends(Tokyo, terms);
}

#[test]
fn a_witness_that_lost_its_data_is_told_anew_by_the_primary() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::watched(terms);
    pair.store().loses_its_data();
    let stands = pair.site(Tokyo).comes_to("write its record again", |stands| {
        stands["witness"]["answers"] == true && stands["witness"]["record"]["in_sync"] == "osaka"
    });
    assert_eq!(stands["witness"]["record"]["primary"], "tokyo", "{stands}");
    pair.answer_more(100);
    pair.is_followed(Tokyo, terms);
    pair.site_mut(Tokyo).is_killed();
    pair.is_cut();
    pair.serves(Osaka);
    pair.leads(Osaka);
    pair.answer_more(100);
    pair.starts(Tokyo);
    pair.is_followed(Osaka, terms);
    pair.merchants_part();
    pair.ends(Osaka, terms);
}
