//! Where a station is: the keys of `[[station]]` about addresses and connections. Must not know what
//! travels over them.

use std::net::SocketAddr;
use std::time::Duration;

use super::framing::framing;
use super::network::Network;
use super::section::{At, Section};
use super::{Endpoint, Mode};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// An endpoint, with the places of its addresses for the rules between stations.
pub(super) struct Located {
    pub(super) endpoint: Endpoint,
    /// Most links: connections that we make or accept.
    pub(super) links: u32,
    /// Frames without a transaction in a second, each link.
    pub(super) noise_max: u32,
    pub(super) connects: bool,
    pub(super) reconnect: (Duration, Duration),
    pub(super) listen: Vec<At<SocketAddr>>,
}

/// Reads the endpoint of a station; none when something it needs is wrong.
pub(super) fn endpoint(section: &mut Section<'_, '_>, mode: Mode) -> Option<Located> {
    let listen = addresses(section, "listen", mode.insecure_demo, "remove one");
    let again = "for more connections to one address: links = 2";
    let connect = addresses(section, "connect", false, again);
    let connects = section.given("connect").is_some();
    match (section.given("listen"), section.given("connect")) {
        (None, None) => section.missing(
            "connect",
            "connect = [\"address:port\"] for a station that we call, or listen = [...] for one \
             that calls us",
        ),
        (Some(_), Some(both)) => section.fail(
            "connect",
            &both.place,
            "a station either listens or connects; remove one, or make it two stations",
        ),
        (Some(_), None) | (None, Some(_)) => {}
    }
    let peers = peers(section, &listen);
    let links = links(section, connects, connect.len());
    let mut links_per_peer = links;
    section.count("links_per_peer", 1..=65_535, &mut links_per_peer);
    let within = Duration::from_millis(10)..=Duration::from_mins(10);
    let frame_timeout = section.duration("frame_timeout", within);
    let mut noise_max = 100;
    section.count("noise_max", 1..=1_000_000, &mut noise_max);
    let reconnect = reconnect(section);
    if connects {
        let why = "no effect: we connect, nobody connects to us";
        section.inactive(&["peers", "links_per_peer"], why);
    } else {
        section.inactive(&["reconnect_min", "reconnect_max"], "no effect: the station connects");
    }
    let out_max = section.size("out_max", 64 * KIB..=64 * MIB).unwrap_or(MIB);
    let (framing, framing_name) = framing(section)?;
    let each = usize::try_from(links).ok()? / connect.len().max(1);
    let endpoint = Endpoint {
        listen: listen.iter().map(|at| at.value).collect(),
        peers: peers?,
        connect: connect.iter().flat_map(|at| std::iter::repeat_n(at.value, each)).collect(),
        frame_max: framing.max,
        framing,
        framing_name,
        frame_timeout: frame_timeout.unwrap_or(Duration::from_secs(5)),
        links_per_peer,
        out_max: usize::try_from(out_max).ok()?,
    };
    Some(Located { endpoint, links, noise_max, connects, reconnect, listen })
}

/// A list of addresses; `again`: what to do about one that stands twice.
pub(super) fn addresses(
    section: &mut Section<'_, '_>,
    key: &'static str,
    any_port: bool,
    again: &str,
) -> Vec<At<SocketAddr>> {
    let mut addresses: Vec<At<SocketAddr>> = Vec::new();
    for text in section.texts(key, "addresses like \"127.0.0.1:7001\"") {
        let address = match text.value.parse::<SocketAddr>() {
            Ok(address) if address.port() == 0 && !any_port => {
                let message = format!("\"{}\" has port 0, which is none; name one", text.value);
                section.fail(key, &text.place, message);
                continue;
            }
            Ok(address) => At { value: address, place: text.place },
            Err(_) => {
                section.fail(key, &text.place, no_address(text.value));
                continue;
            }
        };
        let same = addresses.iter().find(|other| other.value == address.value);
        if let Some(first) = same.filter(|_| address.value.port() != 0) {
            let message =
                format!("{} stands twice, first at {}; {again}", address.value, first.place);
            section.fail(key, &address.place, message);
        } else {
            addresses.push(address);
        }
    }
    addresses
}

fn no_address(text: &str) -> String {
    let bare = text.parse::<std::net::IpAddr>().is_ok();
    let named = text.rsplit_once(':').is_some_and(|(host, port)| {
        port.parse::<u16>().is_ok() && host.bytes().any(|byte| byte.is_ascii_alphabetic())
    });
    match () {
        () if bare => format!("\"{text}\" has no port; write it like \"127.0.0.1:7001\""),
        () if named => format!(
            "\"{text}\" names a host, and names are not looked up; write its address, like \
             \"127.0.0.1:7001\""
        ),
        () => format!("\"{text}\" is no address with a port; write it like \"127.0.0.1:7001\""),
    }
}

/// Who may connect. Not said: the machine itself, and nothing else is listened on then.
fn peers(section: &mut Section<'_, '_>, listen: &[At<SocketAddr>]) -> Option<Vec<Network>> {
    let mut peers = Vec::new();
    let texts = section.texts("peers", "address ranges like \"10.1.0.0/16\"");
    let wanted = texts.len();
    for text in texts {
        match text.value.parse::<Network>() {
            Ok(network) => peers.push(network),
            Err(problem) => {
                section.fail("peers", &text.place, format!("\"{}\" {problem}", text.value));
            }
        }
    }
    if section.given("peers").is_some() {
        return (peers.len() == wanted && wanted > 0).then_some(peers);
    }
    let open = listen.iter().find(|at| !at.value.ip().to_canonical().is_loopback());
    if let Some(open) = open {
        section.fail(
            "listen",
            &open.place,
            format!(
                "{} is not on loopback, so say who may connect: peers = [\"10.1.0.0/16\"]",
                open.value
            ),
        );
        return None;
    }
    Some(Network::LOOPBACK.to_vec())
}

/// The most links of the station.
fn links(section: &mut Section<'_, '_>, connects: bool, addresses: usize) -> u32 {
    let mut links = if connects { 1 } else { 1_024 };
    section.count("links", if connects { 1..=1_024 } else { 1..=65_535 }, &mut links);
    if connects {
        links.saturating_mul(u32::try_from(addresses).unwrap_or(u32::MAX))
    } else {
        links
    }
}

fn reconnect(section: &mut Section<'_, '_>) -> (Duration, Duration) {
    let within = Duration::from_millis(1)..=Duration::from_hours(1);
    let least = section.duration("reconnect_min", within.clone());
    let most = section.duration("reconnect_max", within);
    let least = least.unwrap_or(Duration::from_millis(100));
    let most = most.unwrap_or(Duration::from_secs(10).max(least));
    if let Some(node) = section.given("reconnect_max").filter(|_| most < least) {
        section.fail("reconnect_max", &node.place, "is shorter than reconnect_min; make it longer");
    }
    (least, most)
}
