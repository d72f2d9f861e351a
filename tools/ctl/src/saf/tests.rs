//! What an operator sees of stored messages.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use super::*;
use daemon::saf::SafItem;
use expect_test::expect;

fn reversal(stan: u32, state: &str) -> SafItem {
    SafItem {
        id: format!("issuer-x/{stan:06}"),
        issuer: "issuer-x".into(),
        stan: format!("{stan:06}"),
        state: state.into(),
        mti: "1420".into(),
        reason: Some("4021".into()),
        original: Some("004710".into()),
        made_utc: 1_795_330_800,
        age_s: 3_725,
        failures: 7,
        again_s: (state == "waiting").then_some(42),
        last_action: Some("911".into()),
        card: Some("353011******0000".into()),
        ..SafItem::default()
    }
}

fn advice(stan: u32) -> SafItem {
    SafItem {
        mti: "1220".into(),
        reason: None,
        original: None,
        failures: 0,
        again_s: None,
        last_action: None,
        age_s: 1,
        ..reversal(stan, "waiting")
    }
}

fn list() -> SafRequest {
    SafRequest::List { issuer: None }
}

#[test]
fn a_list_has_a_row_for_each_and_says_when_it_is_not_all() {
    let reply =
        SafReply { items: vec![reversal(4_711, "waiting"), advice(4_712)], more: 12, note: None };
    expect![[r#"
        ID               STATE     MTI  REASON    AGE  FAILURES  AGAIN IN  LAST CODE  ORIGINAL              CARD
        issuer-x/004711  waiting  1420    4021  1h 2m         7       42s        911    004710  353011******0000
        issuer-x/004712  waiting  1220       -     1s         0         -          -         -  353011******0000
        and 12 more; --issuer NAME shows all of one issuer
    "#]].assert_eq(&text(&list(), &reply, Format::Table).unwrap());
    let none = text(&list(), &SafReply::default(), Format::Table).unwrap();
    assert_eq!(none, "No stored message waits.\n");
}

#[test]
fn one_is_shown_with_all_that_is_known_of_it() {
    let fields = [(4, "000000002500".to_owned()), (24, "400".to_owned())].into();
    let item = SafItem { fields, ..reversal(4_711, "parked") };
    let reply = SafReply { items: vec![item], ..SafReply::default() };
    let show = SafRequest::Show { id: "issuer-x/004711".into() };
    expect![[r#"
        issuer-x/004711
        issuer             issuer-x
        state              parked
        MTI                1420
        reason (DE 25)     4021, no answer in time, or none before a start
        original's STAN    004710
        made               2026-11-22T07:00:00Z (1h 2m ago)
        failed sends       7
        sent again in      -
        last code (DE 39)  911
        by                 -
        card               353011******0000
        DE 4               000000002500
        DE 24              400
    "#]]
    .assert_eq(&text(&show, &reply, Format::Table).unwrap());
}

#[test]
fn programs_get_one_object_on_one_line() {
    let reply = SafReply { items: vec![advice(4_712)], ..SafReply::default() };
    let line = text(&list(), &reply, Format::Json).unwrap();
    assert_eq!(line.lines().count(), 1);
    assert_eq!(serde_json::from_str::<SafReply>(&line).unwrap(), reply);
}

#[test]
fn what_waits_for_somebody_else_says_so_below_the_message() {
    let purge = SafRequest::Purge { id: "issuer-x/004712".into() };
    let note = Some("issuer-x/004712 is not purged yet".to_owned());
    let reply = SafReply { items: vec![advice(4_712)], note, ..SafReply::default() };
    let shown = text(&purge, &reply, Format::Table).unwrap();
    assert_eq!(shown.lines().last(), Some("issuer-x/004712 is not purged yet"), "{shown}");
    let line = text(&purge, &reply, Format::Json).unwrap();
    assert_eq!(serde_json::from_str::<SafReply>(&line).unwrap(), reply);
}
