//! Routes: one alone, and against each other.

use super::*;

fn route(pan: &str, to: &str) -> String {
    changed("pan = \"353011\"\nto = [\"issuer-x\"]", &format!("pan = {pan}\nto = {to}"))
}

#[test]
fn a_route_reaches_the_core() {
    let loaded = loaded(&route("\"353011-353099\"", "[\"issuer-x\"]"));
    let routes: Vec<_> = loaded.settings.routes.iter().map(|r| (r.pan.as_str(), &*r.to)).collect();
    assert_eq!(routes, [("353011-353099", &[switch_core::ids::StationId(1)][..])]);
}

#[test]
fn a_switch_without_routes_says_what_it_will_do() {
    check(
        &WHOLE.replace("[[route]]\npan = \"353011\"\nto = [\"issuer-x\"]\n", ""),
        &expect![[r#"
            node tokyo: institution 49000000001, 2 workers
            state /var/lib/sekisho
            journal local, mapped, segments of 64MiB, kept 35d, originals found for 35d, batches gathered for 250us at most, read through every 1d, sealed with a key made for trial
            control /run/sekisho/control.sock, log info
            each worker: 262144 transactions, 512 held repeats, 65536 messages stored for issuers, repeats of 262144 known
            station merchant-a: acquirer, iso93-ascii, ascii4, listens on 127.0.0.1:7001 for 127.0.0.0/8 ::1/128, at most 1024 links, sign-on none, echo 30s
              repeats in flight held, unknown originals answered 400, second reversals 400, gives up after 1m
            station issuer-x: issuer, iso93-binary, bin2, connects to 127.0.0.1:8001, sign-on none, echo 30s, timeout 10s
              stored messages 1 at once, at most 50/s, again after 1m and then 1s apart, alarm after 6 failures
            no route: every request is refused with 908
        "#]],
    );
}

#[test]
fn a_route_needs_cards_and_issuers() {
    check_each(
        &[
            format!("{WHOLE}[[route]]\n"),
            route("353011", "\"issuer-x\""),
            route("\"353011\"", "[]"),
        ],
        &expect![[r#"
            sekisho.toml:22:1: route[2].pan: missing; add a prefix, pan = "353011", or a range, pan = "353011-353099"
            sekisho.toml:22:1: route[2].to: missing; add the issuers in order, to = ["issuer-x"]
            sekisho.toml:20:7: route[1].pan: is a number and must be a prefix of card numbers, in quotes
            sekisho.toml:21:6: route[1].to: is a text and must be a list, [...], of issuers by their names
            sekisho.toml:21:6: route.353011.to: is an empty list; name issuers by their names, or remove it
        "#]],
    );
}

#[test]
fn cards_are_a_prefix_or_a_range_of_one_length() {
    check_each(
        &[
            route("\"35301x\"", "[\"issuer-x\"]"),
            route("\"\"", "[\"issuer-x\"]"),
            route("\"12345678901234567890\"", "[\"issuer-x\"]"),
            route("\"353011-3531\"", "[\"issuer-x\"]"),
            route("\"353099-353011\"", "[\"issuer-x\"]"),
            route("\"353011-353012-353013\"", "[\"issuer-x\"]"),
        ],
        &expect![[r#"
            sekisho.toml:20:7: route.35301x.pan: "35301x" is no prefix of card numbers; write 1 to 19 digits, "353011", or a range, "353011-353099"
            sekisho.toml:20:7: route[1].pan: "" is no prefix of card numbers; write 1 to 19 digits, "353011", or a range, "353011-353099"
            sekisho.toml:20:7: route.12345678901234567890.pan: "12345678901234567890" is no prefix of card numbers; write 1 to 19 digits, "353011", or a range, "353011-353099"
            sekisho.toml:20:7: route.353011-3531.pan: "353011-3531" has ends of different lengths; write both with the same number of digits
            sekisho.toml:20:7: route.353099-353011.pan: "353099-353011" ends before it begins; write "353011-353099"
            sekisho.toml:20:7: route.353011-353012-353013.pan: "353011-353012-353013" is no prefix of card numbers; write 1 to 19 digits, "353011", or a range, "353011-353099"
        "#]],
    );
}

#[test]
fn issuers_are_stations_that_issue() {
    check_each(
        &[
            route("\"353011\"", "[\"issuer-y\"]"),
            route("\"353011\"", "[\"somebody\"]"),
            route("\"353011\"", "[\"merchant-a\"]"),
            route("\"353011\"", "[\"issuer-x\", \"issuer-x\"]"),
            route("\"353011\"", &format!("[{}]", "\"issuer-x\", ".repeat(17))),
        ],
        &expect![[r#"
            sekisho.toml:21:7: route.353011.to: there is no station "issuer-y"; did you mean "issuer-x"?
            sekisho.toml:21:7: route.353011.to: there is no station "somebody"; there is: issuer-x
            sekisho.toml:21:7: route.353011.to: "merchant-a" is an acquirer and answers nothing; name an issuer, or give it role = "both"
            sekisho.toml:21:19: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:6: route.353011.to: names 17 issuers; at most 16
            sekisho.toml:21:19: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:31: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:43: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:55: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:67: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:79: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:91: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:103: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:115: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:127: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:139: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:151: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:163: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:175: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:187: route.353011.to: "issuer-x" stands twice; remove one
            sekisho.toml:21:199: route.353011.to: "issuer-x" stands twice; remove one
        "#]],
    );
}

#[test]
fn a_route_to_a_station_with_a_fault_names_the_fault_only() {
    check(
        &issuer("timeout = 1"),
        &expect![[r#"
        sekisho.toml:14:11: station.issuer-x.timeout: 1 has no unit; write it like "10s" (us, ms, s, m, h, d)
    "#]],
    );
}

#[test]
fn every_overlap_names_both_routes() {
    let more = "[[route]]\npan = \"353011\"\nto = [\"issuer-x\"]\n[[route]]\npan = \"353000-353020\"\nto = [\"issuer-x\"]\n[[route]]\npan = \"35301\"\nto = [\"issuer-x\"]\n";
    check(
        &format!("{WHOLE}{more}"),
        &expect![[r#"
            sekisho.toml:23:7: route.353011.pan: some of these cards have a route already, "353011" at sekisho.toml:20:7; of one length, only one may hold a card: remove or narrow one
            sekisho.toml:26:7: route.353000-353020.pan: some of these cards have a route already, "353011" at sekisho.toml:20:7; of one length, only one may hold a card: remove or narrow one
        "#]],
    );
}
