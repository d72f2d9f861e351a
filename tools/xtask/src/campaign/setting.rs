//! What the switch and the centres around it are told. Data and text; knows no process.

use std::net::SocketAddr;
use std::path::Path;

use bench::load;
use codec::{Dialect, Framing};
use ctl::parties::{CARDS, Party, quoted, stations};

/// Links of the switch to each issuer.
pub(super) const LINKS: usize = 2;

/// How reversals are brought to the issuers: sooner and more at once than is usual, so that all of them
/// are acknowledged when a life ends.
const STORED: &str = "saf_retry = \"1s\"\nsaf_gap = \"0s\"\nsaf_window = 64\nsaf_rate = 5000";

/// What differs from start to start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variation {
    /// `mapped` or `direct`.
    pub(super) path: &'static str,
    pub(super) workers: u8,
    pub(super) timeout_ms: u64,
}

/// The configuration of the switch.
pub(super) fn configuration(
    state: &Path,
    socket: &Path,
    listen: [SocketAddr; 2],
    issuers: [SocketAddr; 2],
    variation: &Variation,
) -> String {
    let Variation { path, workers, timeout_ms } = variation;
    let of_issuers = format_args!(
        "links = {LINKS}\ntimeout = \"{timeout_ms}ms\"\n{STORED}\n\
         reconnect_min = \"50ms\"\nreconnect_max = \"100ms\""
    );
    format!(
        "[node]\nname = \"campaign\"\ninstitution = \"49000000001\"\nstate = {}\nworkers = {workers}\n\n\
         [journal]\nsegment = \"1MiB\"\npath = \"{path}\"\n\n\
         [control]\nsocket = {}\n\n\
         [limits]\ndrain = \"5s\"\n\n{}",
        quoted(state),
        quoted(socket),
        stations(listen, issuers, of_issuers)
    )
}

/// How its messages are written.
pub(super) fn dialect(party: &Party) -> &'static Dialect {
    codec::built_in(party.dialect).expect("built-in dialects are named")
}

/// How its messages are cut.
pub(super) fn framing(party: &Party) -> Framing {
    Framing::built_in(party.framing).expect("built-in framings are named")
}

/// A load of this acquirer, its cards in turn.
pub(super) fn load(party: &Party, target: SocketAddr) -> load::Options {
    load::Options {
        pans: CARDS.map(str::to_owned).to_vec(),
        acquirers: vec![party.institution.to_owned()],
        ..load::Options::new(target, dialect(party), framing(party))
    }
}
