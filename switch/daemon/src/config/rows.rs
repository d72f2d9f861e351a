//! The one table of all keys: what each says, and whether it can change while the node runs. Must not
//! know what is done about a change; a key that is not here is compared by nobody.

use std::collections::BTreeSet;

use codec::Framing;
use switch_core::plan::{InFlight, Institution, Keys, Pin, StationSettings};

use super::summary::{path_word, role_word, sign_on_word};
use super::units::{show_duration, show_size};
use super::{Configuration, Endpoint, Peer, Way, Witness};

/// A key: how it is shown by `F`, and compared by `G`.
pub(super) struct Row<F, G> {
    /// Its name in the file, without that of its station.
    pub(super) key: &'static str,
    pub(super) rule: Rule<G>,
    /// What it says, as the file would; none where it says nothing. Two that differ have two texts.
    pub(super) show: F,
}

/// Whether a change of it can be taken up by a node that runs.
pub(super) enum Rule<G> {
    Live,
    /// It needs a restart, and why.
    Restart(&'static str),
    /// It needs one if this holds of what it was and what it becomes.
    RestartIf(G, &'static str),
}

/// A key of the node.
pub(super) type NodeRow = Row<ShowNode, ()>;
type ShowNode = fn(&Configuration) -> Option<String>;

/// A key of a station.
pub(super) type PartyRow = Row<ShowParty, CompareParties>;
type ShowParty = fn(&Party<'_>) -> Option<String>;
type CompareParties = fn(&Party<'_>, &Party<'_>) -> bool;

/// A station, with all that its rows are about.
#[derive(Clone, Copy)]
pub(super) struct Party<'c> {
    pub(super) settings: &'c StationSettings,
    pub(super) endpoint: &'c Endpoint,
    /// What tells its dialect from another one of the same name.
    pub(super) content: &'c str,
    /// The longest message that the node has room for.
    pub(super) longest: usize,
}

/// Keys that are accepted and do nothing yet.
#[cfg(test)]
pub(super) const WITHOUT_EFFECT: [&str; 1] = ["control.http"];

const TABLES: &str = "the tables of transactions are made at the start";
const NAMED: &str = "it stands in what is written down and sent";
const JOURNAL: &str = "the journal is opened at the start";
const LINE: &str = "the line to the peer is made at the start";
const WITNESS: &str = "the thread of the witness is started once";
const TWO: &str = "what two nodes promise each other is fixed at the start";
const THREADS: &str = "the threads are started once";
const SOCKET: &str = "operators reach the node by it";
const ROLE: &str = "what it has under way is of its old role; or give the new one another name";
const FORMAT: &str = "what is stored for it is in the old one; or give the new one another name";
const CUT: &str = "its links are read by it; or give the new one another name";
const LINKS: &str = "its links are numbered at the start; or add a station of another name";
/// Why a message longer than all of before needs a restart.
pub(super) const ROOM: &str =
    "room for messages that wait for a decision is made at the start, for the longest frame_max";
const PROVIDER: &str = "the key provider is started once";

const fn live<F, G>(key: &'static str, show: F) -> Row<F, G>
where
    F: Copy,
    G: Copy,
{
    Row { key, rule: Rule::Live, show }
}

const fn restart<F, G>(key: &'static str, why: &'static str, show: F) -> Row<F, G>
where
    F: Copy,
    G: Copy,
{
    Row { key, rule: Rule::Restart(why), show }
}

/// `[node]`, `[journal]`, `[peer]`, `[witness]`, `[control]`, `[log]` and `[limits]`.
pub(super) const NODE: &[NodeRow] = &[
    restart("node.name", NAMED, |c| Some(c.node.clone())),
    restart("node.institution", NAMED, |c| Some(c.institution.clone())),
    restart("node.state", JOURNAL, |c| Some(c.state.display().to_string())),
    restart("node.workers", THREADS, |c| Some(c.workers.to_string())),
    live("node.spin_us", |c| Some(c.spin.as_micros().to_string())),
    live("node.open_after", |c| Some(show_duration(c.open_after))),
    live("node.sick_after", |c| Some(show_duration(c.sick_after))),
    restart("journal.segment", JOURNAL, |c| Some(show_size(c.journal.segment_bytes))),
    restart("journal.key", JOURNAL, |c| c.journal.key.as_ref().map(ToString::to_string)),
    restart("journal.former_keys", JOURNAL, |c| listed(&c.journal.former_keys)),
    restart("journal.sync", JOURNAL, |c| Some(c.journal.sync.word().to_owned())),
    restart("journal.path", JOURNAL, |c| Some(path_word(c.journal.path).to_owned())),
    restart("journal.retain", JOURNAL, |c| Some(show_duration(c.journal.retain))),
    restart("journal.original_keep", JOURNAL, |c| Some(show_duration(c.journal.original_keep))),
    live("journal.gather", |c| Some(show_duration(c.journal.gather))),
    live("journal.scrub", |c| Some(show_duration(c.journal.scrub))),
    restart("peer.name", LINE, |c| of_peer(c, |p| Some(p.name.clone()))),
    restart("peer.listen", LINE, |c| {
        of_peer(c, |p| match &p.way {
            Way::Listens(addresses) => listed(addresses),
            Way::Connects(_) => None,
        })
    }),
    restart("peer.connect", LINE, |c| {
        of_peer(c, |p| match &p.way {
            Way::Connects(addresses) => listed(addresses),
            Way::Listens(_) => None,
        })
    }),
    restart("peer.certificate", LINE, |c| {
        of_peer(c, |p| p.tls.as_ref().map(|tls| tls.certificate.to_string()))
    }),
    restart("peer.key", LINE, |c| of_peer(c, |p| p.tls.as_ref().map(|tls| tls.key.to_string()))),
    restart("peer.authority", LINE, |c| {
        of_peer(c, |p| p.tls.as_ref().map(|tls| tls.authority.to_string()))
    }),
    restart("peer.ack_timeout", TWO, |c| of_peer(c, |p| Some(show_duration(p.ack_timeout)))),
    restart("peer.when_standby_lost", TWO, |c| {
        of_peer(c, |p| Some(p.when_standby_lost.word().to_owned()))
    }),
    restart("peer.orphan_window", TWO, |c| of_peer(c, |p| Some(show_duration(p.orphan_window)))),
    restart("peer.stan_skip", TWO, |c| of_peer(c, |p| Some(p.stan_skip.to_string()))),
    restart("peer.catch_up", TWO, |c| of_peer(c, |p| Some(show_size(p.catch_up)))),
    live("peer.drain", |c| of_peer(c, |p| Some(show_duration(p.drain)))),
    live("peer.on_promote", |c| of_peer(c, |p| listed(&p.on_promote))),
    live("peer.on_demote", |c| of_peer(c, |p| listed(&p.on_demote))),
    restart("witness.endpoints", WITNESS, |c| of_witness(c, |w| listed(&w.endpoints))),
    restart("witness.prefix", TWO, |c| of_witness(c, |w| Some(w.prefix.clone()))),
    restart("witness.user", WITNESS, |c| {
        of_witness(c, |w| w.user.as_ref().map(|user| user.name.clone()))
    }),
    restart("witness.password", WITNESS, |c| {
        of_witness(c, |w| w.user.as_ref().map(|user| user.password.to_string()))
    }),
    restart("witness.certificate", WITNESS, |c| {
        of_witness(c, |w| w.ours.as_ref().map(|(certificate, _)| certificate.to_string()))
    }),
    restart("witness.key", WITNESS, |c| {
        of_witness(c, |w| w.ours.as_ref().map(|(_, key)| key.to_string()))
    }),
    restart("witness.authority", WITNESS, |c| {
        of_witness(c, |w| w.authority.as_ref().map(ToString::to_string))
    }),
    restart("witness.timeout", WITNESS, |c| of_witness(c, |w| Some(show_duration(w.timeout)))),
    restart("witness.solo_lease", TWO, |c| of_witness(c, |w| Some(show_duration(w.solo_lease)))),
    restart("control.socket", SOCKET, |c| Some(c.control_socket.display().to_string())),
    live("control.viewers", |c| c.control_roles.viewers.as_deref().map(in_brackets)),
    live("control.operators", |c| listed(&c.control_roles.operators)),
    live("control.administrators", |c| listed(&c.control_roles.administrators)),
    live("log.level", |c| Some(c.log_level.word().to_owned())),
    restart("limits.pending_max", TABLES, |c| Some(c.settings.limits.pending_max.to_string())),
    restart("limits.large_max", TABLES, |c| Some(c.settings.limits.large_max.to_string())),
    restart("limits.duplicates_max", TABLES, |c| {
        Some(c.settings.limits.duplicates_max.to_string())
    }),
    restart("limits.answers_bytes", TABLES, |c| {
        Some(show_size(c.settings.limits.answers_bytes.into()))
    }),
    restart("limits.parked_max", TABLES, |c| Some(c.settings.limits.parked_max.to_string())),
    restart("limits.held_max", TABLES, |c| Some(c.settings.limits.held_max.to_string())),
    live("limits.saf_max", |c| Some(c.settings.limits.saf_max.to_string())),
    live("limits.quarantine", |c| Some(show_duration(c.settings.limits.quarantine))),
    live("limits.ask_timeout", |c| Some(show_duration(c.settings.limits.ask_timeout))),
    live("limits.drain", |c| Some(show_duration(c.drain))),
];

/// `[[station]]`, but for its name.
pub(super) const STATION: &[PartyRow] = &[
    restart("role", ROLE, |p| Some(role_word(p.settings.role).to_owned())),
    live("institution", |p| listed_by(&p.settings.institutions, institution)),
    restart("dialect", FORMAT, |p| {
        let name = p.settings.dialect.name();
        Some(if p.content.is_empty() {
            name.to_owned()
        } else {
            format!("{name} (content {})", p.content)
        })
    }),
    restart("framing", CUT, |p| Some(framing(&p.endpoint.framing, &p.endpoint.framing_name))),
    live("listen", |p| listed(&p.endpoint.listen)),
    live("peers", |p| {
        (!p.settings.connects).then_some(&p.endpoint.peers).and_then(|peers| listed(peers))
    }),
    Row {
        key: "connect",
        rule: Rule::RestartIf(|old, new| addresses(old).len() != addresses(new).len(), LINKS),
        show: |p| listed(&addresses(p)),
    },
    restart("links", LINKS, |p| Some(links_each(p).to_string())),
    live("links_per_peer", |p| {
        (!p.settings.connects).then(|| p.endpoint.links_per_peer.to_string())
    }),
    Row {
        key: "frame_max",
        rule: Rule::RestartIf(|old, new| new.endpoint.frame_max > old.longest, ROOM),
        show: |p| Some(size(p.endpoint.frame_max)),
    },
    live("frame_timeout", |p| Some(show_duration(p.endpoint.frame_timeout))),
    live("out_max", |p| Some(size(p.endpoint.out_max))),
    live("noise_max", |p| Some(p.settings.noise_max.to_string())),
    restart("mac", PROVIDER, |p| {
        let word = match p.settings.keys {
            Keys::None => "none",
            Keys::Provider => "stand-in",
        };
        Some(word.to_owned())
    }),
    live("repeat_in_flight", |p| {
        let word = match p.settings.acquiring.repeat_in_flight {
            InFlight::Hold => "hold",
            InFlight::Refuse => "923",
        };
        acquires(p, word.to_owned())
    }),
    live("unknown_original", |p| {
        acquires(p, format!("{:03x}", p.settings.acquiring.unknown_original.action()))
    }),
    live("second_reversal", |p| {
        acquires(p, format!("{:03x}", p.settings.acquiring.second_reversal.action()))
    }),
    live("gives_up", |p| acquires(p, show_duration(p.settings.acquiring.gives_up))),
    live("sign_on", |p| Some(sign_on_word(p.settings.sign_on).to_owned())),
    live("timeout", |p| issues(p, show_duration(p.settings.timeout))),
    live("echo", |p| Some(p.settings.echo.map_or("off".into(), show_duration))),
    live("announce", |p| {
        let function = p.settings.announce.function();
        Some(function.map_or("none".into(), |function| format!("{function:03x}")))
    }),
    live("network_codes", |p| {
        let codes = p.settings.network_codes;
        let (on, off, echo) = (codes.sign_on, codes.sign_off, codes.echo);
        let said = format!("sign_on {on:03x} sign_off {off:03x} echo {echo:03x}");
        let announces = codes.announce != 0;
        Some(if announces { format!("{said} announce {:03x}", codes.announce) } else { said })
    }),
    live("in_flight_max", |p| issues(p, p.settings.in_flight_max.to_string())),
    live("pin", |p| {
        let word = match p.settings.pin {
            Pin::Refuse => "refuse",
            Pin::Pass => "pass",
        };
        issues(p, word.to_owned())
    }),
    live("match", |p| {
        let fields: Vec<u8> = p.settings.echoed.iter().collect();
        issues(p, listed(&fields).unwrap_or_default())
    }),
    live("matches_on_rrn", |p| issues(p, p.settings.issuing.matches_on_rrn.to_string())),
    live("saf_window", |p| issues(p, p.settings.issuing.saf_window.to_string())),
    live("saf_retry", |p| issues(p, show_duration(p.settings.issuing.saf_retry))),
    live("saf_gap", |p| issues(p, show_duration(p.settings.issuing.saf_gap))),
    live("saf_alarm_after", |p| issues(p, p.settings.issuing.saf_alarm_after.to_string())),
    live("saf_rate", |p| issues(p, p.settings.issuing.saf_rate.to_string())),
    live("reconnect_min", |p| connects(p, show_duration(p.settings.reconnect.0))),
    live("reconnect_max", |p| connects(p, show_duration(p.settings.reconnect.1))),
];

/// Why a station whose listener is shared otherwise needs a restart.
pub(super) const SHARED: &str =
    "its listener would be shared otherwise, and all of one listener are one worker's";

/// A route as a whole changes live: there is nothing at the start that depends on it.
#[cfg(test)]
pub(super) const ROUTE: [&str; 2] = ["route.pan", "route.to"];

fn acquires(party: &Party<'_>, said: String) -> Option<String> {
    party.settings.role.acquires().then_some(said)
}

fn issues(party: &Party<'_>, said: String) -> Option<String> {
    party.settings.role.issues().then_some(said)
}

fn connects(party: &Party<'_>, said: String) -> Option<String> {
    party.settings.connects.then_some(said)
}

fn of_peer(
    configuration: &Configuration,
    show: impl Fn(&Peer) -> Option<String>,
) -> Option<String> {
    configuration.peer.as_ref().and_then(show)
}

fn of_witness(
    configuration: &Configuration,
    show: impl Fn(&Witness) -> Option<String>,
) -> Option<String> {
    configuration.witness.as_deref().and_then(show)
}

fn size(bytes: usize) -> String {
    show_size(u64::try_from(bytes).unwrap_or(u64::MAX))
}

/// The addresses that we connect to, each once.
pub(super) fn addresses(party: &Party<'_>) -> Vec<std::net::SocketAddr> {
    let mut seen = BTreeSet::new();
    let addresses = party.endpoint.connect.iter().copied();
    addresses.filter(|&address| seen.insert(address)).collect()
}

/// As the file has it: to each address, where we connect.
fn links_each(party: &Party<'_>) -> usize {
    let each = party.endpoint.connect.len() / addresses(party).len().max(1);
    if party.settings.connects { each } else { usize::try_from(party.settings.links).unwrap_or(0) }
}

pub(super) fn institution(code: &Institution) -> String {
    format!("{:0width$x}", code.digits, width = usize::from(code.units))
}

/// A framing, so that two that differ read differently.
fn framing(framing: &Framing, name: &str) -> String {
    let mut out = name.to_owned();
    if let Some(tpdu) = &framing.tpdu {
        let back = if tpdu.swaps { "swapped" } else { "as it came" };
        out = format!("{out}, TPDU {} and back {back}", tpdu.own);
    }
    for (what, bytes) in [("header", framing.header.bytes()), ("trailer", framing.trailer.bytes())]
    {
        if !bytes.is_empty() {
            out = format!("{out}, {what} {}", super::digest::hex(bytes));
        }
    }
    let plain = Framing::built_in(name).map_or(0, |plain| plain.reserved);
    if framing.reserved != plain {
        out = format!("{out}, reserved {}", framing.reserved);
    }
    out
}

/// Items one behind the other; none where there is none.
fn listed<T: ToString>(items: &[T]) -> Option<String> {
    listed_by(items, ToString::to_string)
}

fn listed_by<T>(items: &[T], show: impl Fn(&T) -> String) -> Option<String> {
    (!items.is_empty()).then(|| items.iter().map(show).collect::<Vec<_>>().join(" "))
}

/// A list in which nobody is something else than no list.
fn in_brackets(names: &[String]) -> String {
    format!("[{}]", names.join(" "))
}
