//! Who is who: passwords, tokens and certificates.

use std::fs;

use journal::roles::witness::{Reply, Revision};

use super::node::{Configured, Node, record};
use super::store::{Certificates, Directory, Store, own_port, until};
use super::way::Way;

/// `sekisho`, with this password.
fn user(node_of: &Configured, password: &str) -> (Configured, Directory) {
    let place = Directory::new();
    let file = place.path().join("password");
    fs::write(&file, format!("{password}\n")).unwrap();
    let more = format!("user = \"sekisho\"\npassword = \"{}\"", file.display());
    let configured = Configured { endpoints: node_of.endpoints.clone(), more, ..*node_of };
    (configured, place)
}

#[test]
fn who_has_the_password_swaps_and_who_has_none_or_another_is_not_answered() {
    let store = Store::starts();
    store.asks_who_it_is();
    let way = Way::to(store.address());
    let plain = Configured::at(vec![way.endpoint()]);

    let mut nobody = Node::of("tokyo", &plain);
    assert_eq!(nobody.reads(), Reply::Unknown);
    assert!(nobody.trouble().contains("set witness.user"), "{}", nobody.trouble());

    let (other, _place) = user(&plain, "guess");
    let mut other = Node::of("tokyo", &other);
    for _ in 0..3 {
        assert_eq!(other.reads(), Reply::Unknown);
    }
    assert!(other.trouble().contains("does not take user sekisho"), "{}", other.trouble());
    assert_eq!(way.asked("authenticate"), 1, "it is not tried again at once");

    let (right, _place) = user(&plain, "secret");
    let mut tokyo = Node::of("tokyo", &right);
    assert!(matches!(tokyo.swaps(Revision(0), record(1)), Reply::Swapped(_)));
    assert_eq!(tokyo.sees_record().map(|known| known.record), Some(record(1)));
    tokyo.desk.lives(true);
    until("a lease", || tokyo.shown().lease.kept_ns);
    assert_eq!(way.asked("authenticate"), 2, "one token does for all");
}

#[test]
fn a_token_that_etcd_takes_no_more_is_renewed_by_a_read_and_leaves_a_swap_in_doubt() {
    let store = Store::starts();
    store.asks_who_it_is();
    let (configured, place) = user(&Configured::at(store.endpoints()), "secret");
    let mut tokyo = Node::of("tokyo", &configured);
    let Reply::Swapped(first) = tokyo.swaps(Revision(0), record(1)) else { panic!() };

    fs::write(place.path().join("password"), "changed").unwrap();
    store.changes_the_password("changed");
    assert_eq!(tokyo.sees_record().map(|known| known.record), Some(record(1)));
    assert_eq!(tokyo.shown().unknown, 0);

    store.changes_the_password("changed");
    assert_eq!(tokyo.swaps(first, record(2)), Reply::Unknown);
    assert!(tokyo.trouble().contains("token"), "{}", tokyo.trouble());
    assert!(matches!(tokyo.swaps(first, record(2)), Reply::Swapped(_)));
}

#[test]
fn a_signed_token_from_before_rights_were_changed_is_renewed_too() {
    let (store, _key) = Store::of_signed_tokens();
    store.asks_who_it_is();
    let (configured, _place) = user(&Configured::at(store.endpoints()), "secret");
    let mut tokyo = Node::of("tokyo", &configured);
    let Reply::Swapped(first) = tokyo.swaps(Revision(0), record(1)) else { panic!() };
    store.changes_rights();
    assert_eq!(tokyo.sees_record().map(|known| known.revision), Some(first));
    assert_eq!(tokyo.shown().unknown, 0);
}

#[test]
fn a_password_that_is_longer_than_what_is_read_is_refused_and_not_cut() {
    let nowhere = Configured::at(vec![format!("http://{}", own_port())]);
    let (longest, _place) = user(&nowhere, &"x".repeat(4_095));
    let mut tokyo = Node::of("tokyo", &longest);
    assert_eq!(tokyo.reads(), Reply::Unknown);
    assert!(tokyo.trouble().contains("refused"), "it asks: {}", tokyo.trouble());
    let (longer, _place) = user(&nowhere, &"x".repeat(4_096));
    let mut tokyo = Node::of("tokyo", &longer);
    assert_eq!(tokyo.reads(), Reply::Unknown);
    let trouble = tokyo.trouble();
    assert!(trouble.contains("is longer than 4096 bytes; a password is one line"), "{trouble}");
    let files = until("it to be told ahead", || tokyo.shown().files);
    assert!(files.starts_with("the witness can not be asked anew by these files: "), "{files}");
}

#[test]
fn an_etcd_that_asks_nobody_who_he_is_is_used_and_shown_as_such() {
    let store = Store::starts();
    let (configured, _place) = user(&Configured::at(store.endpoints()), "secret");
    let mut tokyo = Node::of("tokyo", &configured);
    assert_eq!(tokyo.sees_record(), None);
    assert!(tokyo.shown().asks_nobody);
    store.asks_who_it_is();
    until("etcd to be asked as a user", || matches!(tokyo.reads(), Reply::Says(_)).then_some(()));
    assert!(!tokyo.shown().asks_nobody);
}

#[test]
fn both_ends_prove_by_certificates_who_they_are() {
    let (store, certificates) = Store::encrypted();
    let of = |lines: &[(&str, String)]| {
        let lines = lines.iter().map(|(key, file)| format!("{key} = \"{file}\"\n"));
        Configured { more: lines.collect(), ..Configured::at(store.endpoints()) }
    };
    let authority = ("authority", certificates.path("authority.crt"));
    let ours = ("certificate", certificates.path("tokyo.crt"));
    let key = ("key", certificates.path("tokyo.key"));
    let mut tokyo = Node::of("tokyo", &of(&[authority.clone(), ours.clone(), key.clone()]));
    assert!(matches!(tokyo.swaps(Revision(0), record(1)), Reply::Swapped(_)));
    assert_eq!(tokyo.sees_record().map(|known| known.record), Some(record(1)));

    let mut nobody = Node::of("tokyo", &of(std::slice::from_ref(&authority)));
    assert_eq!(nobody.reads(), Reply::Unknown, "etcd wants a certificate");
    let strangers = Certificates::new(store.address().ip());
    let stranger = ("authority", strangers.path("authority.crt"));
    let mut careful = Node::of("tokyo", &of(&[stranger, ours, key]));
    assert_eq!(careful.swaps(Revision(0), record(2)), Reply::Unknown);
    assert!(careful.trouble().contains("certificate"), "{}", careful.trouble());
    assert_eq!(tokyo.sees_record().map(|known| known.record), Some(record(1)));
}

#[test]
fn a_certificate_of_etcd_for_another_address_is_not_taken() {
    let (store, certificates) = Store::encrypted();
    let way = Way::to(store.address());
    let lines =
        [("authority", "authority.crt"), ("certificate", "tokyo.crt"), ("key", "tokyo.key")];
    let lines = lines.map(|(key, file)| format!("{key} = \"{}\"\n", certificates.path(file)));
    let elsewhere = vec![way.endpoint().replace("http:", "https:")];
    let configured = Configured { more: lines.concat(), ..Configured::at(elsewhere) };
    let mut tokyo = Node::of("tokyo", &configured);
    assert_eq!(tokyo.reads(), Reply::Unknown);
    assert!(tokyo.trouble().contains("certificate"), "{}", tokyo.trouble());
}
