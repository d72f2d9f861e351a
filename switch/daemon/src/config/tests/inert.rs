//! What is configured and does nothing.

use super::*;

/// What there is to look at, a line each.
fn warned(text: &str) -> String {
    let mut said = loaded(text).warnings().join("\n");
    said.push('\n');
    said
}

#[test]
fn a_configuration_in_which_all_does_something_gives_no_warning() {
    assert_eq!(warned(WHOLE), "\n");
}

#[test]
fn what_does_nothing_is_named_with_what_to_do() {
    let another = "[[station]]\nname = \"issuer-y\"\nrole = \"issuer\"\ninstitution = \"1\"\n\
                   dialect = \"iso93-ascii\"\nframing = \"bin2\"\nconnect = [\"127.0.0.1:8002\"]\n";
    let routeless = WHOLE.replace("[[route]]\npan = \"353011\"\nto = [\"issuer-x\"]\n", "");
    let said = [
        warned(&format!("{WHOLE}{another}")),
        warned(&routeless),
        warned(&WHOLE.replace("role = \"acquirer\"", "role = \"issuer\"")),
        warned(&issuer("saf_retry = \"9s\"")),
        warned(&format!(
            "{WHOLE}[control]\nviewers = []\noperators = [\"a\"]\nadministrators = [\"a\"]\n"
        )),
    ];
    expect![[r#"
        station.issuer-y: no route leads to it, so no request does; add a [[route]], or remove it
        --
        station.issuer-x: no route leads to it, so no request does; add a [[route]], or remove it
        route: there is none, so every request is refused with 908
        --
        station.merchant-a: no route leads to it, so no request does; add a [[route]], or remove it
        station: none is an acquirer, so no request comes; add one with role = "acquirer"
        --
        station.issuer-x.saf_retry: is shorter than timeout, which a stored message is waited for in any case; lengthen it, or shorten timeout
        --
        control.viewers: is an empty list, so nobody may look but operators and administrators; remove it to let all look who reach the socket
        control.operators: "a" is among administrators, who may do this too; remove it here
    "#]].assert_eq(&said.join("--\n"));
}
