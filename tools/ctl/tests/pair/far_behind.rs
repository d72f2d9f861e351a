//! A node that lacks what its primary has let go of takes a checkpoint over the line, and the log behind it.

use std::fs;

use serde_json::Value;

use crate::pair::{Osaka, Pair, Terms, Tokyo};
use crate::patience::until;
use crate::primary_lost::BY_HAND;

/// The names in a directory of the site's journal that end so; none where it is not there.
fn names(pair: &Pair, within: &str, ending: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(pair.site(Osaka).journal().join(within)) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(ending)).collect()
}

/// Osaka has the whole log, and has heard so.
fn has_joined(pair: &Pair, terms: Terms) -> Value {
    pair.is_followed(Tokyo, terms);
    pair.site(Osaka).comes_to("have joined", |stands| stands["joining"] == false)
}

/// Tokyo is lost, and osaka goes on by hand.
fn osaka_is_promoted(pair: &mut Pair) {
    pair.site_mut(Tokyo).is_killed();
    pair.is_cut();
    pair.site(Osaka).is_promoted(BY_HAND);
    pair.serves(Osaka);
}

/// The same, and both are one at the end.
fn osaka_takes_over(mut pair: Pair, terms: Terms) {
    osaka_is_promoted(&mut pair);
    pair.leads(Osaka);
    pair.answer_more(100);
    pair.starts(Tokyo);
    pair.is_followed(Osaka, terms);
    pair.merchants_part();
    pair.ends(Osaka, terms);
}

#[test]
fn an_empty_node_joins_a_primary_whose_first_archives_are_gone_and_takes_over_from_it() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::alone(terms);
    pair.answer_more(600);
    pair.lets_go(Tokyo, 0);
    pair.starts(Osaka);
    pair.site(Osaka).does("node join");
    let stands = has_joined(&pair, terms);
    assert_eq!(stands["catch_up"], Value::Null, "{stands}");
    // Where its log begins nothing tells when that reign did.
    let reigns = stands["reigns"].as_array().unwrap();
    assert_eq!(reigns.last().unwrap()["first_position"], Value::Null, "{stands}");
    assert!(names(&pair, "diverged", "").is_empty(), "nothing was set aside");
    pair.answer_more(100);
    osaka_takes_over(pair, terms);
}

#[test]
fn a_standby_that_was_away_for_longer_than_archives_last_sets_its_log_aside_and_follows() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::serving(terms);
    pair.site_mut(Osaka).stops();
    let had = pair.site(Tokyo).comes_to("solo", |stands| stands["sync"] == "solo");
    pair.answer_more(600);
    pair.lets_go(Tokyo, had["log"]["position"].as_u64().unwrap());
    pair.starts(Osaka);
    has_joined(&pair, terms);
    let aside = names(&pair, "diverged", ".whole");
    assert_eq!(aside, ["1-1.whole"], "the log from its first record on");
    let place = format!("state/journal/diverged/{}", aside[0]);
    let whole = pair.site(Osaka).is_told(&format!("journal verify --dir {place}"));
    assert_eq!(whole.code, Some(0), "{whole:?}");
    pair.answer_more(100);
    osaka_takes_over(pair, terms);
}

#[test]
fn a_node_that_is_killed_while_it_takes_a_checkpoint_has_none_of_it_and_takes_it_again() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::new(terms);
    let text = pair.text(Tokyo, terms);
    let slow = text.replace("[peer]\n", "[peer]\ncatch_up = \"256KiB\"\n");
    pair.site(Tokyo).is_configured(&slow);
    pair.serves_alone(terms);
    pair.answer_more(600);
    pair.merchants_end(Tokyo);
    pair.lets_go(Tokyo, 0);
    pair.starts(Osaka);
    pair.site(Osaka).does("node join");
    until("the first piece", || {
        (!names(&pair, "snapshot", ".unfinished").is_empty()).then_some(())
    });
    let shown = pair.site(Tokyo).stands().unwrap();
    pair.site_mut(Osaka).is_killed();
    assert!(shown["catch_up"]["snapshot"][0].as_u64() > Some(0), "{shown}");
    assert!(names(&pair, "", ".segment").is_empty() && names(&pair, "", ".checkpoint").is_empty());

    pair.starts(Osaka);
    assert_eq!(pair.site(Osaka).stands().unwrap()["joining"], true);
    has_joined(&pair, terms);
    osaka_is_promoted(&mut pair);
    pair.starts(Tokyo);
    pair.ends(Osaka, terms);
}
