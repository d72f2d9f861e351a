//! What is worth a look before one configuration follows another.

use super::super::transition::cautions;
use super::*;

/// A line each, of [`WHOLE`] and what follows it.
fn before(new: &str) -> String {
    between(WHOLE, new)
}

fn between(old: &str, new: &str) -> String {
    let mut said = cautions(&loaded(old), &loaded(new)).join("\n");
    said.push('\n');
    said
}

fn issuer_called(name: &str, port: u16) -> String {
    format!(
        "[[station]]\nname = \"{name}\"\nrole = \"issuer\"\ninstitution = \"{port}\"\n\
         dialect = \"iso93-ascii\"\nframing = \"bin2\"\nconnect = [\"127.0.0.1:{port}\"]\n"
    )
}

fn route(pan: &str, to: &str) -> String {
    format!("[[route]]\npan = \"{pan}\"\nto = [{to}]\n")
}

#[test]
fn a_route_to_an_issuer_that_is_new_with_it_is_named_where_its_cards_led_somewhere() {
    let with_y = format!("{WHOLE}{}", issuer_called("issuer-y", 8_002));
    let moved = with_y.replace("to = [\"issuer-x\"]", "to = [\"issuer-y\"]");
    assert_eq!(
        before(&moved),
        "route 353011: its cards are declined (907) until issuer-y is connected, as it is new too; add it \
         first, and move the route when it is ready\n"
    );
    assert_eq!(between(&with_y, &moved), "\n", "as it says");
    // Where another one can take them, or nobody took them before, nothing is lost.
    let both = with_y.replace("to = [\"issuer-x\"]", "to = [\"issuer-y\", \"issuer-x\"]");
    assert_eq!(before(&both), "\n");
    assert_eq!(before(&format!("{with_y}{}", route("42", "\"issuer-y\""))), "\n");
    // Cards of a wider route, or of several narrower ones, led somewhere.
    let wide = WHOLE.replace("353011", "3530");
    let cut = format!("{wide}{}{}", issuer_called("issuer-y", 8_002), route("42", "\"issuer-y\""));
    assert_eq!(between(&wide, &cut), "\n");
    let wider = moved.replace("353011", "3530");
    assert!(before(&wider).starts_with("route 3530: "), "{}", before(&wider));
    let narrower = moved.replace("353011", "35301101");
    assert!(before(&narrower).starts_with("route 35301101: "), "{}", before(&narrower));
}

#[test]
fn who_gets_another_name_loses_what_was_done_under_the_old_one() {
    const KEEP: &str = "repeats and reversals of what was done under the old name are not known under the \
                        new one, and what is stored waits there; keep the name\n";
    let renamed = WHOLE.replace("merchant-a", "merchant-b");
    assert_eq!(
        before(&renamed),
        format!("institution 77334000001 goes from merchant-a to merchant-b: {KEEP}")
    );
    let other_code = renamed.replace("77334000001", "77334000002");
    assert_eq!(before(&other_code), format!("station merchant-b is where merchant-a was: {KEEP}"));
    assert_eq!(before(&other_code.replace("7001", "7002")), "\n", "it is somebody else");
    let issuer = WHOLE.replace("issuer-x", "issuer-z").replace("49711000001", "1");
    assert_eq!(
        before(&issuer),
        "route 353011: its cards are declined (907) until issuer-z is connected, as it is new too; add it \
         first, and move the route when it is ready\n"
            .to_owned()
            + &format!("station issuer-z is where issuer-x was: {KEEP}")
    );
}

#[test]
fn an_institution_that_leaves_its_station_is_named_with_what_it_can_not_do_any_more() {
    assert_eq!(
        before(&WHOLE.replace("77334000001", "77334000002")),
        "institution 77334000001 leaves merchant-a: all that it sends there is refused from now on, also \
         repeats and reversals of what it did\n"
    );
    assert_eq!(
        before(&WHOLE.replace("49711000001", "1")),
        "\n",
        "nobody is told apart by an issuer's"
    );
}

#[test]
fn of_many_some_are_named_and_the_rest_are_counted() {
    let many: String = (0..25).map(|n| route(&format!("4{n:02}"), "\"issuer-x\"")).collect();
    let old = format!("{WHOLE}{many}");
    let new = old.replace("to = [\"issuer-x\"]", "to = [\"issuer-y\"]")
        + &issuer_called("issuer-y", 8_002);
    let said = between(&old, &new);
    assert_eq!(said.lines().count(), 21, "{said}");
    assert!(said.ends_with("\nand 6 more routes like that\n"), "{said}");
}
