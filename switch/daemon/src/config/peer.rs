//! `[peer]`: the other of two nodes, and the line to it. Opens no socket and reads no certificate; must
//! not know who is primary.

use std::net::SocketAddr;
use std::time::Duration;

use super::endpoint::addresses;
use super::journal::{KeySource, SOURCE, source};
use super::node::name;
use super::section::{At, Section};
use super::{Mode, Sync};

/// The most addresses of the line, either way.
const ADDRESSES_MAX: usize = 8;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// `[peer]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its `node.name`.
    pub name: String,
    /// Who opens the line.
    pub way: Way,
    /// What both show each other; none only with `--insecure-demo` and on loopback.
    pub tls: Option<TlsFiles>,
    /// How long the primary waits for an acknowledgement before it takes the standby for lost.
    pub ack_timeout: Duration,
    /// What it does then.
    pub when_standby_lost: WhenLost,
    /// For how long after a promotion that may have lost records repeats of what nobody knows get 909.
    pub orphan_window: Duration,
    /// How far the trace numbers of each issuer go on ahead after such a promotion.
    pub stan_skip: u32,
    /// Bytes of the log in a second that are read again for a standby that is behind.
    pub catch_up: u64,
    /// How long what is in flight may take when the reign is handed over.
    pub drain: Duration,
    /// What is run when a reign of this node begins, before its ports open: a program by its path, and its
    /// arguments. Empty: nothing.
    pub on_promote: Vec<String>,
    /// What is run when one has ended, and at each start.
    pub on_demote: Vec<String>,
}

/// Who opens the line: the node whose name is the lesser one connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// We, to one of these, tried in turn.
    Connects(Vec<SocketAddr>),
    /// The peer, to one of these.
    Listens(Vec<SocketAddr>),
}

/// The files of mutual TLS, all of PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Our certificate, and what leads from it to the authority.
    pub certificate: KeySource,
    /// Its private key.
    pub key: KeySource,
    /// Who must have signed the peer's certificate.
    pub authority: KeySource,
}

/// What a primary does that waits for its standby in vain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenLost {
    /// It goes on alone; its records are at risk until the standby has them.
    #[default]
    Solo,
    /// It releases nothing until the standby is back.
    Stop,
}

/// The words of `peer.when_standby_lost`.
const WHEN_LOST: [(&str, WhenLost); 2] = [("solo", WhenLost::Solo), ("stop", WhenLost::Stop)];

impl WhenLost {
    /// As it is written in the file.
    pub fn word(self) -> &'static str {
        WHEN_LOST.iter().find(|(_, when)| *when == self).map_or("solo", |(word, _)| word)
    }
}

impl Way {
    /// Where the line begins or ends here.
    pub fn addresses(&self) -> &[SocketAddr] {
        match self {
            Self::Connects(addresses) | Self::Listens(addresses) => addresses,
        }
    }
}

/// What `[peer]` says, and where it listens, for the rules between tables.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// None when there is no such table.
    pub(super) peer: Option<Peer>,
    pub(super) listen: Vec<At<SocketAddr>>,
}

/// Reads `[peer]` for the node of this name; none when something that it needs is wrong.
pub(super) fn peer(
    root: &mut Section<'_, '_>,
    node: Option<&str>,
    sync: Option<Sync>,
    mode: Mode,
) -> Option<Read> {
    if root.given("peer").is_none() {
        root.known("peer");
        return Some(Read::default());
    }
    let table = root.table("peer")?;
    let mut section = Section::new(table, "peer", root.report);
    let name = name(&mut section, "the other node's name, name = \"osaka\"");
    if let Some(name) = name.as_ref().filter(|name| Some(name.value) == node) {
        let message =
            format!("\"{}\" is this node itself; write the node.name of the other one", name.value);
        section.fail("name", &name.place, message);
    }
    let listen = some_addresses(&mut section, "listen", mode.insecure_demo);
    let connect = some_addresses(&mut section, "connect", false);
    let connects = match (node, &name) {
        (Some(ours), Some(theirs)) => Some(ours < theirs.value),
        (None, _) | (_, None) => None,
    };
    if let (Some(connects), Some(theirs)) = (connects, &name) {
        one_way(&mut section, connects, theirs.value);
    }
    let used = if connects == Some(true) { &connect } else { &listen };
    let tls = tls(&mut section, used, mode);
    let ack_timeout = Duration::from_millis(100)..=Duration::from_secs(10);
    let ack_timeout = section.duration("ack_timeout", ack_timeout);
    let when_standby_lost = section.choice("when_standby_lost", &WHEN_LOST);
    if sync == Some(Sync::Async) {
        let why = "no effect: sync = \"async\" waits for nobody";
        match &when_standby_lost {
            Some(At { value: WhenLost::Stop, place }) => section.fail(
                "when_standby_lost",
                place,
                "\"stop\" needs a standby that is waited for, and sync = \"async\" waits for nobody; \
                 write journal.sync = \"durable\", or remove this",
            ),
            _ => section.inactive(&["when_standby_lost"], why),
        }
        section.inactive(&["ack_timeout"], why);
    }
    let window = Duration::from_mins(1)..=Duration::from_hours(24 * 35);
    let orphan_window = section.duration("orphan_window", window);
    let mut stan_skip = 50_000;
    section.count("stan_skip", 0..=500_000, &mut stan_skip);
    let catch_up = section.size("catch_up", 64 * KIB..=4 * GIB).unwrap_or(16 * MIB);
    let drain = section.duration("drain", Duration::ZERO..=Duration::from_millis(1_500));
    let [on_promote, on_demote] = ["on_promote", "on_demote"].map(|key| command(&mut section, key));
    section.finish();
    let way = if connects? {
        Way::Connects(connect.iter().map(|at| at.value).collect())
    } else {
        Way::Listens(listen.iter().map(|at| at.value).collect())
    };
    let listen = if connects? { Vec::new() } else { listen };
    let peer = Peer {
        name: name?.value.into(),
        way,
        tls: tls.ok()?,
        ack_timeout: ack_timeout.unwrap_or(Duration::from_secs(1)),
        when_standby_lost: when_standby_lost.map(|when| when.value).unwrap_or_default(),
        orphan_window: orphan_window.unwrap_or(Duration::from_hours(24)),
        stan_skip,
        catch_up,
        drain: drain.unwrap_or(Duration::from_millis(300)),
        on_promote,
        on_demote,
    };
    Some(Read { peer: Some(peer), listen })
}

/// A program, and its arguments as they are: there is no shell, and nothing is looked for.
fn command(section: &mut Section<'_, '_>, key: &'static str) -> Vec<String> {
    let words = section.texts(key, "the path of a program and its arguments");
    if let Some(program) = words.first().filter(|program| !program.value.starts_with('/')) {
        let message = format!("\"{}\" is no path of a program; begin with \"/\"", program.value);
        section.fail(key, &program.place, message);
    }
    if let Some(word) = words.iter().find(|word| word.value.contains('\0')) {
        section.fail(key, &word.place, "has a character of the number 0; remove it");
    }
    words.iter().map(|word| word.value.to_owned()).collect()
}

fn some_addresses(
    section: &mut Section<'_, '_>,
    key: &'static str,
    any_port: bool,
) -> Vec<At<SocketAddr>> {
    let addresses = addresses(section, key, any_port, "remove one");
    if let Some(node) = section.given(key).filter(|_| addresses.len() > ADDRESSES_MAX) {
        let message = format!("{} addresses; at most {ADDRESSES_MAX}", addresses.len());
        section.fail(key, &node.place, message);
    }
    addresses
}

/// The line is one connection, and both nodes must agree on who opens it.
fn one_way(section: &mut Section<'_, '_>, connects: bool, theirs: &str) {
    let (needed, other) = if connects { ("connect", "listen") } else { ("listen", "connect") };
    let rule = if connects {
        format!("its name comes before \"{theirs}\", so this node connects")
    } else {
        format!("its name comes after \"{theirs}\", so this node listens")
    };
    if section.given(needed).is_none() {
        section.missing(needed, &format!("{needed} = [\"address:port\"]: {rule}"));
        section.known(needed);
    } else {
        let why = if connects {
            "no effect: of the two names ours comes first, so this node connects"
        } else {
            "no effect: of the two names the peer's comes first, so this node listens"
        };
        section.inactive(&[other], why);
    }
}

/// The three files: all, or with `--insecure-demo` and on loopback none. An error when something is wrong, which is noted.
fn tls(
    section: &mut Section<'_, '_>,
    used: &[At<SocketAddr>],
    mode: Mode,
) -> Result<Option<TlsFiles>, ()> {
    let keys =
        [("certificate", "peer.certificate"), ("key", "peer.key"), ("authority", "peer.authority")];
    let given = keys.map(|(key, path)| {
        let text = section.text(key, SOURCE)?;
        source(section, path, &text, "file")
    });
    let missing: Vec<&str> =
        keys.iter().map(|(key, _)| *key).filter(|key| section.given(key).is_none()).collect();
    match missing.as_slice() {
        [] => {
            let [certificate, key, authority] = given;
            let files = (certificate, key, authority);
            let (Some(certificate), Some(key), Some(authority)) = files else { return Err(()) };
            Ok(Some(TlsFiles { certificate, key, authority }))
        }
        [_, _, _] if mode.insecure_demo => {
            let open = used.iter().find(|at| !at.value.ip().to_canonical().is_loopback());
            let Some(open) = open else { return Ok(None) };
            let message = format!(
                "{} is not on loopback, and without certificates the line stays on this machine; add \
                 certificate, key and authority",
                open.value
            );
            section.fail("certificate", &open.place, message);
            Err(())
        }
        [_, _, _] => {
            let place = section.place();
            section.fail(
                "certificate",
                place,
                "missing: without certificates anybody could be the peer; add certificate, key and \
                 authority (\"credential:NAME\" or the path of a file), or add --insecure-demo to try \
                 it out on loopback",
            );
            Err(())
        }
        some => {
            for key in some {
                let example = format!(
                    "{key} = \"credential:peer-{key}\": certificate, key and authority go together"
                );
                section.missing(key, &example);
            }
            Err(())
        }
    }
}
