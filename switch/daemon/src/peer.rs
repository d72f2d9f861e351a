//! The line to the other of two nodes, and the thread `ship` that owns it and the node's role. Must not
//! know what a record says, nor how a log is written.

mod session;

mod line;

mod doors;

mod shown;

mod ship;

mod feed;

mod fetches;

mod beside;

mod timing;

mod hold;

mod progress;

mod hanging;

mod telling;

mod expiring;

mod thread;

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread as threads;

use crossbeam::channel::Sender;
use journal::disk::SystemDisk;
use journal::roles::control::Control;
use journal::roles::name::NodeName;
use journal::roles::node::Node;
use journal::roles::settings::{LogFacts, Settings, Start, Times};
use journal::seal::Keys;
use journal::ship::message::{Digests, Mode, WhenLost};
use mio::{Poll, Registry, Waker};
use tracing::{info, warn};

use crate::cli::EXIT_FAILED;
use crate::clocks;
use crate::config::{self, Configuration, Peer, Sync};
use crate::journaling::Failure;
use crate::logs::Sparing;
use crate::pairing::Tasks;
use crate::witness::{self, Desk};
use crate::worker;
use doors::Doors;
use expiring::Expiring;
pub(crate) use fetches::Came;
use hanging::Hanging;
pub(crate) use hold::Hold;
use progress::Progress;
pub use ship::Ship;
pub(crate) use shown::Shown;
use telling::Telling;
use thread::{Shipping, WAKER};
use timing::Timing;

/// What the thread `ship` needs of the daemon.
pub(crate) struct Parts {
    /// With a `[peer]`.
    pub(crate) configuration: Arc<Configuration>,
    /// Where the control file lies.
    pub(crate) disk: SystemDisk,
    /// What the log is sealed with.
    pub(crate) keys: Arc<Keys>,
    /// The control file; none if there was none.
    pub(crate) control: Option<Control>,
    /// What was found of the log.
    pub(crate) facts: LogFacts,
    /// What both sites must have alike.
    pub(crate) digests: Digests,
    /// What is new at each start.
    pub(crate) start: Start,
    /// The main thread.
    pub(crate) events: Sender<worker::Event>,
    /// Who follows the log while this node is a standby.
    pub(crate) log: Tasks,
    /// Goes up with each turn of the thread, twice a second at least.
    pub(crate) beat: Arc<AtomicU64>,
}

/// Starts the thread, and the one that reads the log for it.
///
/// # Errors
/// An address that is not to be had, or what the system says.
pub(crate) fn start(parts: Parts) -> Result<Arc<Ship>, Failure> {
    let failed = |what: &str, why: &dyn std::fmt::Display| {
        Failure::new(EXIT_FAILED, format!("{what}: {why}"))
    };
    let configuration = parts.configuration;
    let peer = configuration.peer.as_ref().ok_or_else(|| failed("peer", &"there is none"))?;
    let poll = Poll::new().map_err(|error| failed("the line to the peer", &error))?;
    let registry = poll.registry();
    let waker = Waker::new(registry, WAKER);
    let waker = waker.map_err(|error| failed("the line to the peer", &error))?;
    let registry = registry.try_clone().map_err(|error| failed("the line to the peer", &error))?;
    let is_isolated = parts.control.as_ref().is_some_and(|control| control.isolated);
    let doors = open(&peer.way, is_isolated, registry)?;
    let mut shown = Shown::default();
    shown.line.listens = doors.listens_on();
    let (now, framed) = (clocks::boot(), parts.facts.end);
    let settings = settings(&configuration, peer, parts.digests);
    let control = parts.control.unwrap_or_else(|| Control::first(settings.name));
    let node = Box::new(Node::new(settings, control, parts.facts, parts.start, now.0));
    shown.view = Some(node.view());
    shown.line.since_ns = now.0;
    let desk = configuration.witness.as_ref().map(|_| Arc::<Desk>::default());
    let ship = Arc::new(Ship::new(waker, shown, desk.clone()));
    if let Some(desk) = &desk {
        let told = Arc::clone(&ship);
        let thread = witness::start(&configuration, move |event| told.tell(event), desk);
        thread.map_err(|error| failed("thread witness", &error))?;
    }
    let feed = feed::start(parts.disk.clone(), parts.keys, Arc::clone(&ship));
    let feed = feed.map_err(|error| failed("thread feed", &error))?;
    let shipping = Box::new(Shipping {
        ship: Arc::clone(&ship),
        configuration,
        node,
        disk: parts.disk,
        poll,
        doors,
        feed,
        events: parts.events,
        log: parts.log,
        beat: parts.beat,
        desk,
        line: None,
        cutter: None,
        heard: VecDeque::new(),
        tasks: VecDeque::new(),
        wishes: BTreeMap::new(),
        last_wish: 0,
        parting: None,
        framed,
        stuck: None,
        troubles: VecDeque::new(),
        sparing: Sparing::default(),
        expiring: Expiring::default(),
        timing: Timing::default(),
        hanging: Hanging::default(),
        head: Vec::new(),
        asks: None,
        tells: VecDeque::new(),
        progress: Progress::default(),
        over: false,
        telling: Telling::default(),
    });
    let thread = threads::Builder::new().name("ship".into()).spawn(move || shipping.run());
    thread.map_err(|error| failed("thread ship", &error))?;
    Ok(ship)
}

/// Opens the line's doors; none of a node that is isolated: who listens nowhere has no line.
fn open(way: &config::Way, is_isolated: bool, registry: Registry) -> Result<Doors, Failure> {
    let nowhere = config::Way::Listens(Vec::new());
    if is_isolated {
        warn!(
            "an operator has isolated this node: no line is opened or taken, and it does not reign, until \
             sekisho node isolate --end"
        );
    }
    let way = if is_isolated { &nowhere } else { way };
    let doors = Doors::open(way, registry).map_err(|(address, error)| {
        Failure::new(EXIT_FAILED, format!("listen on {address} for the peer: {error}"))
    })?;
    for address in doors.listens_on() {
        info!(address = address.to_string(), "listening for the peer");
    }
    Ok(doors)
}

fn settings(configuration: &Configuration, peer: &Peer, digests: Digests) -> Settings {
    let name = |name: &str| NodeName::new(name).expect("the configuration allows no other names");
    let nanos = |span: std::time::Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    let times = Times { ack_timeout: nanos(peer.ack_timeout), ..Times::DESIGN };
    Settings {
        name: name(&configuration.node),
        peer: name(&peer.name),
        mode: match configuration.journal.sync {
            Sync::Memory => Mode::Memory,
            Sync::Async => Mode::Async,
            Sync::Durable | Sync::Local | Sync::None => Mode::Durable,
        },
        when_lost: match peer.when_standby_lost {
            config::WhenLost::Solo => WhenLost::Solo,
            config::WhenLost::Stop => WhenLost::Stop,
        },
        witness: configuration.witness.is_some(),
        segment_bytes: configuration.journal.segment_bytes,
        catch_up: NonZeroU64::new(peer.catch_up),
        digests,
        build: concat!("sekishod ", env!("CARGO_PKG_VERSION")).to_owned(),
        times: configuration.witness.as_ref().map_or(times, |witness| Times {
            solo_lease: nanos(witness.solo_lease),
            witness_timeout: nanos(witness::patience(witness)),
            ..times
        }),
    }
}

/// A box that nobody empties, for tests of those who fill it.
#[cfg(test)]
pub(crate) mod unread {
    use std::sync::Arc;

    use journal::roles::event::Event;
    use mio::{Poll, Token, Waker};

    use super::ship::{Ship, Wants};
    use super::shown::Shown;

    /// It, and what it is woken by. It wants all that is framed, as that of a primary in sync.
    pub(crate) fn ship() -> (Arc<Ship>, Poll) {
        let poll = Poll::new().unwrap();
        let waker = Waker::new(poll.registry(), Token(0)).unwrap();
        let ship = Ship::new(waker, Shown::default(), None);
        ship.wants(Wants { bytes: true, durable: false, requires: true });
        (Arc::new(ship), poll)
    }

    /// Nothing is waited for any more.
    pub(crate) fn gives_up(ship: &Ship) {
        ship.wants(Wants::default());
    }

    /// The last record of a reign that was handed over, once.
    pub(crate) fn drained(ship: &Ship) -> Option<journal::format::Position> {
        ship.take().drained.map(|(_, position)| position)
    }

    /// What was put into it.
    pub(crate) fn events(ship: &Ship) -> Vec<Event> {
        ship.take().events.into()
    }
}

#[cfg(test)]
mod tests;
