//! Where a station is: the keys of `[[station]]` about addresses, connections and framing. Must not
//! know what travels over them.

use std::net::SocketAddr;
use std::time::Duration;

use codec::{Affix, Framing, FramingError, Prefix};

use super::document::{Node, Table, Value};
use super::nearest::suggestion;
use super::network::Network;
use super::section::{At, Section};
use super::{Endpoint, Mode};

/// The longest message that a frame may carry: with its framing it fits a worker's scratch buffer.
const FRAME_BYTES_MAX: u64 = 60 * 1024;
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Framings that the product will have; those of them that are built in are offered.
const FRAMINGS: [&str; 7] = ["bin2", "bin2le", "bin4", "ascii4", "bcd2", "vml", "nac"];

/// An endpoint, with the places of its addresses for the rules between stations.
pub(super) struct Located {
    pub(super) endpoint: Endpoint,
    /// Most links: connections that we make or accept.
    pub(super) links: u32,
    pub(super) connects: bool,
    pub(super) reconnect: (Duration, Duration),
    pub(super) listen: Vec<At<SocketAddr>>,
}

/// Reads the endpoint of a station; none when something it needs is wrong.
pub(super) fn endpoint(section: &mut Section<'_, '_>, mode: Mode) -> Option<Located> {
    let listen = addresses(section, "listen", mode.insecure_demo);
    let connect = addresses(section, "connect", false);
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
    let reconnect = reconnect(section);
    if connects {
        section.inactive(&["peers"], "no effect: we connect, nobody connects to us");
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
        out_max: usize::try_from(out_max).ok()?,
    };
    Some(Located { endpoint, links, connects, reconnect, listen })
}

fn addresses(
    section: &mut Section<'_, '_>,
    key: &'static str,
    any_port: bool,
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
            let message = match key {
                "listen" => {
                    format!("{} stands twice, first at {}; remove one", address.value, first.place)
                }
                _ => format!(
                    "{} stands twice, first at {}; for more connections to one address: links = 2",
                    address.value, first.place
                ),
            };
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

/// The framing by its name, or as a table; with the longest message, `frame_max`.
fn framing(section: &mut Section<'_, '_>) -> Option<(Framing, String)> {
    let frame_max = section.size("frame_max", 64..=FRAME_BYTES_MAX);
    let frame_max = usize::try_from(frame_max.unwrap_or(8 * KIB)).ok()?;
    let Some(node) = section.find("framing") else {
        section.missing("framing", "framing = \"ascii4\", or \"bin2\", as the station has it");
        return None;
    };
    let (mut framing, name) = match &node.value {
        Value::Text(name) => (named(section, name, node)?, name.clone()),
        Value::Table(table) => described(section, table)?,
        other @ (Value::Number(_) | Value::Flag(_) | Value::List(_) | Value::Other(_)) => {
            let message = format!("is {} and must be a name in quotes, or a table", other.kind());
            section.fail("framing", &node.place, message);
            return None;
        }
    };
    framing.max = frame_max;
    let mut room = vec![0; framing.overhead()];
    if let Err(FramingError::TooLong { max, .. }) = framing.open(frame_max, &mut room) {
        let place = section.given("frame_max").map_or(&node.place, |given| &given.place);
        let message = format!(
            "messages of {frame_max} bytes do not fit: the length of {name} goes up to {max}; write \
             frame_max = {max} or less"
        );
        section.fail("frame_max", place, message);
        return None;
    }
    Some((framing, name))
}

fn built_in() -> impl Iterator<Item = &'static str> + Clone {
    FRAMINGS.into_iter().filter(|name| Framing::built_in(name).is_some())
}

fn named(section: &mut Section<'_, '_>, name: &str, node: &Node) -> Option<Framing> {
    let framing = Framing::built_in(name);
    if framing.is_none() {
        let hint = if FRAMINGS.contains(&name) {
            let names = built_in().collect::<Vec<_>>().join(", ");
            format!("is not built in yet; there is {names}, or a table: {{ prefix = \"bin2\" }}")
        } else {
            format!("is no framing; {}", suggestion(name, built_in()))
        };
        section.fail("framing", &node.place, format!("\"{name}\" {hint}"));
    }
    framing
}

/// `{ prefix = "bin2", length_includes_self = true, reserved = 2, header = "6000000000", trailer =
/// "03" }`, all but the first optional.
fn described(section: &mut Section<'_, '_>, table: &Table) -> Option<(Framing, String)> {
    let path = section.path_of("framing");
    let mut inner = Section::new(table, path, section.report);
    if inner.given("prefix").is_none() {
        inner.missing("prefix", "how the length is written: prefix = \"bin2\"");
    }
    let prefix = inner.text("prefix", "a name like bin2, bin2le, ascii4 or bcd2");
    let parsed = prefix.as_ref().and_then(|prefix| parse_prefix(prefix.value));
    if let Some(prefix) = prefix.as_ref().filter(|_| parsed.is_none()) {
        let message = format!(
            "\"{}\" is no prefix; there is bin1 to bin4, bin2le to bin4le, ascii1 to ascii6, bcd1 \
             to bcd3",
            prefix.value
        );
        inner.fail("prefix", &prefix.place, message);
    }
    let includes_self = inner.flag("length_includes_self").unwrap_or(false);
    let reserved = inner.number("reserved", 0..=16).unwrap_or(0);
    let header = affix(&mut inner, "header");
    let trailer = affix(&mut inner, "trailer");
    inner.finish();
    let framing = Framing {
        includes_self,
        reserved: u8::try_from(reserved).ok()?,
        header: header?,
        trailer: trailer?,
        ..Framing::of(parsed?)
    };
    let mut name = prefix?.value.to_owned();
    for (present, said) in [
        (includes_self, "counting itself"),
        (!framing.header.bytes().is_empty(), "with a header"),
        (!framing.trailer.bytes().is_empty(), "with a trailer"),
    ] {
        if present {
            name = format!("{name} {said}");
        }
    }
    Some((framing, name))
}

fn parse_prefix(name: &str) -> Option<Prefix> {
    let (word, little) = name.strip_suffix("le").map_or((name, false), |word| (word, true));
    let (kind, count) = word.split_at_checked(word.len().checked_sub(1)?)?;
    let count: u8 = count.parse().ok()?;
    match (kind, count, little) {
        ("bin", 1, false) | ("bin", 2..=4, _) => Some(Prefix::Binary { bytes: count, little }),
        ("ascii", 1..=6, false) => Some(Prefix::Ascii { digits: count }),
        ("bcd", 1..=3, false) => Some(Prefix::Packed { bytes: count }),
        _ => None,
    }
}

/// Up to sixteen bytes in hexadecimal; none when they are wrong, no bytes when they are not there.
fn affix(section: &mut Section<'_, '_>, key: &'static str) -> Option<Affix> {
    if section.given(key).is_none() {
        section.known(key);
        return Some(Affix::NONE);
    }
    let text = section.text(key, "up to sixteen bytes in hexadecimal")?;
    let affix = bytes(text.value).and_then(|bytes| Affix::new(&bytes));
    if affix.is_none() {
        let message = format!(
            "\"{}\" is not up to sixteen bytes in hexadecimal; write it like \"6000000000\"",
            text.value
        );
        section.fail(key, &text.place, message);
    }
    affix
}

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = hexadecimal.chars().map(|digit| digit.to_digit(16)).collect();
    let pairs = digits?;
    let pairs = pairs.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_kind_and_a_width() {
        let binary = |bytes, little| Some(Prefix::Binary { bytes, little });
        for (name, prefix) in [
            ("bin1", binary(1, false)),
            ("bin2", binary(2, false)),
            ("bin2le", binary(2, true)),
            ("bin4", binary(4, false)),
            ("ascii4", Some(Prefix::Ascii { digits: 4 })),
            ("bcd2", Some(Prefix::Packed { bytes: 2 })),
            ("bin0", None),
            ("bin5", None),
            ("bin1le", None),
            ("ascii7", None),
            ("ascii4le", None),
            ("bcd4", None),
            ("", None),
            ("2", None),
            ("le", None),
        ] {
            assert_eq!(parse_prefix(name), prefix, "{name}");
        }
    }

    #[test]
    fn hexadecimal_is_read_in_pairs() {
        assert_eq!(bytes("60000A0b"), Some(vec![0x60, 0, 0x0A, 0x0B]));
        assert_eq!(bytes(""), Some(vec![]));
        assert_eq!((bytes("600"), bytes("6x")), (None, None));
    }
}
