//! `[witness]`: the record that says who of two nodes is primary. Its keys are checked and nothing is
//! done about them yet; knows no request and no lease.

use std::net::SocketAddr;
use std::time::Duration;

use super::Mode;
use super::journal::{SOURCE, source};
use super::later::LATER;
use super::section::{At, Section};

/// The most members of the store that the record lies in.
const ENDPOINTS_MAX: usize = 9;

/// Checks `[witness]`, and reports that it does nothing.
pub(super) fn witness(root: &mut Section<'_, '_>, mode: Mode) {
    let Some(table) = root.table("witness") else { return };
    root.inactive(&["witness"], LATER);
    if root.given("peer").is_none() {
        let message = "says who of two nodes is primary, and without a table [peer] there is one; add \
                       it, or remove this";
        root.fail("witness", &table.place, message);
    }
    let mut section = Section::new(table, "witness", root.report);
    let encrypted = endpoints(&mut section, mode);
    let keys = [
        ("certificate", "witness.certificate"),
        ("key", "witness.key"),
        ("authority", "witness.authority"),
    ];
    for (key, path) in keys {
        if let Some(text) = section.text(key, SOURCE) {
            source(&mut section, path, &text, "file");
        }
    }
    for (key, other) in [("certificate", "key"), ("key", "certificate")] {
        if section.given(key).is_none() && section.given(other).is_some() {
            let example = format!("{key} = \"credential:witness-{key}\": it goes with {other}");
            section.missing(key, &example);
        }
    }
    if encrypted && section.given("authority").is_none() {
        section.missing(
            "authority",
            "authority = \"credential:witness-authority\", which signed the certificates of the \
             endpoints",
        );
    }
    section.duration("solo_lease", Duration::from_secs(3)..=Duration::from_mins(5));
    section.finish();
}

/// Says whether one of them is encrypted.
fn endpoints(section: &mut Section<'_, '_>, mode: Mode) -> bool {
    const EXAMPLE: &str = "\"https://10.3.0.1:2379\"";
    if section.given("endpoints").is_none() {
        section.missing("endpoints", &format!("the members of etcd, endpoints = [{EXAMPLE}]"));
    }
    let texts = section.texts("endpoints", &format!("addresses like {EXAMPLE}"));
    if let Some(node) = section.given("endpoints").filter(|_| texts.len() > ENDPOINTS_MAX) {
        let message = format!("{} endpoints; at most {ENDPOINTS_MAX}", texts.len());
        section.fail("endpoints", &node.place, message);
    }
    let mut seen: Vec<At<SocketAddr>> = Vec::new();
    let mut encrypted = false;
    for text in texts {
        let (is_encrypted, rest) = match text.value.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            Some(_) | None => (false, ""),
        };
        let address = rest.strip_suffix('/').unwrap_or(rest).parse::<SocketAddr>();
        let Some(address) = address.ok().filter(|address| address.port() != 0) else {
            let message = format!(
                "\"{}\" is no endpoint; write https://, an address (names are not looked up) and a \
                 port, like {EXAMPLE}",
                text.value
            );
            section.fail("endpoints", &text.place, message);
            continue;
        };
        encrypted |= is_encrypted;
        let at_home = mode.insecure_demo && address.ip().to_canonical().is_loopback();
        if !is_encrypted && !at_home {
            let message = format!(
                "\"{}\" is not encrypted; write https://, or try it out with --insecure-demo on \
                 loopback",
                text.value
            );
            section.fail("endpoints", &text.place, message);
        }
        if let Some(first) = seen.iter().find(|at| at.value == address) {
            let message = format!("{address} stands twice, first at {}; remove one", first.place);
            section.fail("endpoints", &text.place, message);
        } else {
            seen.push(At { value: address, place: text.place });
        }
    }
    encrypted
}
