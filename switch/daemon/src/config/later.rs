//! Keys of later work: what stands there is checked for its type and unit, and reported as not
//! active. Knows no journal, no peer and no witness.

use std::net::SocketAddr;
use std::time::Duration;

use super::Mode;
use super::document::Table;
use super::section::Section;

/// Why a key of later work does nothing.
const LATER: &str = "not active yet";

const MIB: u64 = 1 << 20;

/// How sure a record is before bytes leave, and what it needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sync {
    /// This node's disk.
    Local,
    /// Another node's answer.
    Peer,
    /// Nothing.
    None,
}

/// `[journal]`: the write-ahead log. Without a key to seal it, only `--insecure-demo` runs.
pub(super) fn journal(root: &mut Section<'_, '_>, mode: Mode) {
    let root_place = root.place();
    let peered = root.given("peer").is_some();
    let empty = Table { place: root_place.clone(), entries: Vec::new() };
    let table = root.table("journal").unwrap_or(&empty);
    let mut section = Section::new(table, "journal", root.report);
    section.size("segment", 64 * MIB..=256 * MIB);
    section.duration("retain", Duration::ZERO..=Duration::from_hours(24 * 3_650));
    let key = section.text("key", "\"credential:NAME\" or the path of a file");
    match key {
        Some(key) if key.value.is_empty() || key.value == "credential:" => {
            section.fail("key", &key.place, "names nothing; write \"credential:NAME\" or a path");
        }
        None if section.given("key").is_none() && !mode.insecure_demo => section.fail(
            "key",
            &table.place,
            "missing: without a key records can not be sealed, and this node does not run; name \
             one (\"credential:journal-key\"), or add --insecure-demo to try it out without real \
             cards",
        ),
        Some(_) | None => {}
    }
    let sync = section.choice(
        "sync",
        &[
            ("local", Sync::Local),
            ("durable", Sync::Peer),
            ("memory", Sync::Peer),
            ("async", Sync::Peer),
            ("none", Sync::None),
        ],
    );
    match sync {
        Some(sync) if sync.value == Sync::Peer && !peered => {
            section.fail(
                "sync",
                &sync.place,
                "needs a [peer] to send records to; add one, or \"local\"",
            );
        }
        Some(sync) if sync.value == Sync::None && !mode.insecure_demo => {
            let message = "\"none\" keeps no record and needs --insecure-demo; write \"local\"";
            section.fail("sync", &sync.place, message);
        }
        Some(_) | None => {}
    }
    section.inactive(&["segment", "key", "sync", "retain"], LATER);
    section.finish();
}

/// `control.http`: metrics and console.
pub(super) fn http(control: &mut Section<'_, '_>) {
    let http = control.text("http", "an address like \"127.0.0.1:9180\"");
    if let Some(http) = http.filter(|http| http.value.parse::<SocketAddr>().is_err()) {
        let message = format!(
            "\"{}\" is no address with a port; write it like \"127.0.0.1:9180\"",
            http.value
        );
        control.fail("http", &http.place, message);
    }
    control.inactive(&["http"], LATER);
}

/// `[peer]` and `[witness]`: the second site. Their keys are not fixed yet.
pub(super) fn sites(root: &mut Section<'_, '_>) {
    for key in ["peer", "witness"] {
        if root.table(key).is_some() {
            root.inactive(&[key], LATER);
        }
    }
}
