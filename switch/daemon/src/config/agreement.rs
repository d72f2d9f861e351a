//! What two sites must have alike before one may take over from the other: digests over what all keys say but
//! those that each site has of its own. Knows no key's meaning.

use std::collections::BTreeMap;

use journal::seal::Keys;
use journal::ship::message::Digests;
use ring::digest::{Context, SHA256};

use super::Configuration;
use super::difference::{parties, routes};
use super::rows::{NODE, STATION};

/// Keys of the node of which each site has its own: where it is, what it runs on, and who may do what there.
pub(super) const OWN: [&str; 33] = [
    "node.name",
    "node.state",
    "node.workers",
    "node.spin_us",
    "node.open_after",
    "node.sick_after",
    "journal.key",
    "journal.former_keys",
    "journal.path",
    "journal.retain",
    "journal.gather",
    "journal.scrub",
    "peer.name",
    "peer.listen",
    "peer.connect",
    "peer.certificate",
    "peer.key",
    "peer.authority",
    "peer.catch_up",
    "peer.on_promote",
    "peer.on_demote",
    "witness.endpoints",
    "witness.user",
    "witness.password",
    "witness.certificate",
    "witness.key",
    "witness.authority",
    "witness.timeout",
    "control.socket",
    "control.viewers",
    "control.operators",
    "control.administrators",
    "log.level",
];
/// Keys of a station of which each site has its own: its addresses. The dialect counts by its name here,
/// and by what it says in a digest of its own.
pub(super) const OWN_OF_STATION: [&str; 4] = ["listen", "peers", "connect", "dialect"];

impl Configuration {
    /// What this site must have like the other one, with the key that seals its journal.
    pub fn agreement(&self, keys: &Keys) -> Digests {
        let mut dialects = BTreeMap::new();
        let mut settings = Summed::new("configuration");
        for row in NODE {
            if let Some(said) = (row.show)(self).filter(|_| !OWN.contains(&row.key)) {
                settings.add(&[row.key, &said]);
            }
        }
        for (name, party) in parties(self) {
            let dialect = party.settings.dialect.name();
            dialects.insert(dialect, party.content);
            settings.add(&["station", name, dialect]);
            for row in STATION.iter().filter(|row| !OWN_OF_STATION.contains(&row.key)) {
                if let Some(said) = (row.show)(&party) {
                    settings.add(&[row.key, &said]);
                }
            }
        }
        for (pan, issuers) in routes(self) {
            settings.add(&["route", pan]);
            self.names(issuers).for_each(|name| settings.add(&[name]));
        }
        let mut formats = Summed::new("dialects");
        for (name, content) in &dialects {
            formats.add(&[name, content]);
        }
        let mut sealing = Summed::new("keys");
        sealing.add(&[&super::hex(&keys.current.check_value())]);
        Digests {
            configuration: settings.finish(),
            dialects: formats.finish(),
            negative: [0; 16],
            keys: sealing.finish(),
            // Not what the configuration says counts, but who answers.
            witness: [0; 16],
        }
    }
}

/// A digest that is being made.
struct Summed(Context);

impl Summed {
    fn new(of: &str) -> Self {
        let mut summed = Self(Context::new(&SHA256));
        summed.add(&[of]);
        summed
    }

    fn add(&mut self, parts: &[&str]) {
        for part in parts {
            self.0.update(part.as_bytes());
            self.0.update(b"\0");
        }
    }

    fn finish(self) -> [u8; 16] {
        let digest = self.0.finish();
        *digest.as_ref().first_chunk().expect("SHA-256 has 32 bytes")
    }
}
