//! What each of two sites is told, and the addresses that everybody has to itself. Data and text; knows no
//! process.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use super::super::process::SITES;
use super::super::scenario::Scenario;
use super::super::setting::{DRAIN, LINKS, STORED};
use crate::parties::{quoted, stations};

/// Addresses on loopback.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    /// Where each site waits for each acquirer, when it is the primary.
    pub(super) listen: [[SocketAddr; 2]; 2],
    /// The line between the sites.
    pub(super) line: SocketAddr,
    /// Where the witness is asked, and where its other members would be.
    pub(super) witness: SocketAddr,
    pub(super) members: SocketAddr,
}

impl Addresses {
    /// Free ports of an address that no other process uses and no connection comes from, so that they
    /// stay free while a site's ports are closed.
    pub(super) fn own() -> io::Result<Self> {
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        let here = IpAddr::V4(Ipv4Addr::new(127, 64 + high % 64, middle, low));
        // All at once, so that none is given twice.
        let listener = |_| TcpListener::bind((here, 0));
        let held = (0..7).map(listener).collect::<io::Result<Vec<_>>>()?;
        let free = held.iter().map(TcpListener::local_addr).collect::<io::Result<Vec<_>>>()?;
        Ok(Self {
            listen: [[free[0], free[1]], [free[2], free[3]]],
            line: free[4],
            witness: free[5],
            members: free[6],
        })
    }
}

/// The configuration of a site that has its files in that folder.
pub(super) fn configuration(
    place: usize,
    folder: &Path,
    key: &Path,
    addresses: &Addresses,
    issuers: [SocketAddr; 2],
) -> String {
    let Addresses { listen, line, witness, .. } = addresses;
    let (name, peer) = (SITES[place], SITES[1 - place]);
    // Of the two names the one that comes first connects.
    let how = if name < peer { "connect" } else { "listen" };
    let (timeout, drain) = (Scenario::PrimaryKilled.timeout().as_millis(), DRAIN.as_secs());
    let (state, socket) = (quoted(&folder.join("state")), quoted(&folder.join("control.sock")));
    let of_issuers = format_args!(
        "links = {LINKS}\ntimeout = \"{timeout}ms\"\n{STORED}\n\
         reconnect_min = \"50ms\"\nreconnect_max = \"500ms\""
    );
    format!(
        "[node]\nname = \"{name}\"\ninstitution = \"49000000001\"\nstate = {state}\nworkers = 1\n\n\
         [journal]\nsegment = \"16MiB\"\nkey = {}\nsync = \"durable\"\n\n\
         [control]\nsocket = {socket}\n\n[limits]\ndrain = \"{drain}s\"\n\n\
         [peer]\nname = \"{peer}\"\n{how} = [\"{line}\"]\n\n\
         [witness]\nendpoints = [\"http://{witness}\"]\n\n{}",
        quoted(key),
        stations(listen[place], issuers, of_issuers)
    )
}
