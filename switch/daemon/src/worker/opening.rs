//! When the ports of a worker open. Those over which nothing but requests comes open when what they bring has
//! somewhere to go: every route leads to an issuer that is ready, or `open_after` is over. Until then they are
//! bound, and whoever connects is refused at once. Those of issuers are open from the first moment. Must not
//! know how the node came to serve.
//!
//! Readiness is what this worker knows of each issuer, its own or another one's: so a request that is read in
//! the turn in which the port opens finds what was waited for.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use switch_core::ids::{StationId, WorkerId};
use switch_core::plan::Plan;
use switch_core::stations::Usable;
use switch_core::time::Time;
use switch_net::{Bound, Listening};

use super::ports::{Open, Port, ports};
use super::{Event, Worker};
use crate::clocks;
use crate::config::Endpoint;

/// The ports of a worker, held for it.
#[derive(Debug, Default)]
pub struct HeldPorts {
    open: Vec<(Port, Listening)>,
    waiting: Vec<(Port, Bound)>,
}

impl HeldPorts {
    /// Listens on the ports of a worker's stations; those that wait for issuers are bound only.
    ///
    /// # Errors
    /// The address that is not to be had, and why.
    pub fn of(
        (plan, endpoints): (&Plan, &[Endpoint]),
        worker: WorkerId,
        waits: bool,
    ) -> Result<Self, (SocketAddr, io::Error)> {
        let mut held = Self::default();
        for port in ports(plan, endpoints, worker) {
            let address = port.address;
            let bound = Bound::open(address).map_err(|error| (address, error))?;
            let issues = |id: &StationId| plan.station(*id).settings.role.issues();
            if waits && !port.stations.iter().any(issues) {
                held.waiting.push((port, bound));
            } else {
                let listening = bound.listen().map_err(|error| (address, error))?;
                held.open.push((port, listening));
            }
        }
        Ok(held)
    }

    /// Where it is listened, once for each station that a port is for.
    pub fn listening(&self) -> impl Iterator<Item = (SocketAddr, StationId)> + '_ {
        self.open.iter().flat_map(|(port, listening)| {
            let at = listening.local_addr().unwrap_or(port.address);
            port.stations.iter().map(move |&station| (at, station))
        })
    }

    /// Whether some of them wait.
    pub fn wait(&self) -> bool {
        !self.waiting.is_empty()
    }
}

/// Ports that wait for issuers.
#[derive(Debug)]
pub(super) struct Opening {
    ports: Vec<(Port, Bound)>,
    since: Time,
    until: Time,
}

/// What a worker says when the last of its ports has opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Which.
    pub worker: WorkerId,
    /// The ports that had waited, and whom each is for.
    pub ports: Vec<(SocketAddr, StationId)>,
    /// How long they had.
    pub waited: Duration,
    /// Issuers of routes that led to none that was ready.
    pub not_ready: BTreeSet<StationId>,
}

impl Worker {
    /// Takes its ports over; those that wait do so for so long at most.
    ///
    /// # Errors
    /// The address that could not be listened on, and why.
    pub fn take_ports(
        &mut self,
        held: HeldPorts,
        open_after: Duration,
    ) -> Result<(), (SocketAddr, io::Error)> {
        for (port, listening) in held.open {
            self.take_port(port, listening)?;
        }
        Open::sort(&mut self.sockets.listening);
        if !held.waiting.is_empty() {
            let since = clocks::boot();
            self.opening = Some(Opening { ports: held.waiting, since, until: since + open_after });
        }
        Ok(())
    }

    /// The same while it runs.
    pub(super) fn open_late(&mut self, held: &Mutex<Option<HeldPorts>>, open_after: Duration) {
        // Who puts them there does so in one step.
        let held = held.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(held) = held.filter(|_| !self.sockets.takes_nobody) else { return };
        if let Err((address, error)) = self.take_ports(held, open_after) {
            self.tell(Event::Failed(self.me, format!("listen on {address}: {error}")));
        }
    }

    /// Opens the listeners of this worker's stations, whoever is ready.
    ///
    /// # Errors
    /// The address that could not be listened on, and why.
    pub fn listen(&mut self) -> Result<(), (SocketAddr, io::Error)> {
        let held = HeldPorts::of((self.core.plan(), &self.endpoints), self.me, false)?;
        self.take_ports(held, Duration::ZERO)
    }

    /// At the end of a turn: opens the ports that wait, once it is time.
    pub(super) fn look_whether_to_open(&mut self, now: Time) {
        let Some(opening) = &self.opening else { return };
        // Who hands over admits nobody, and closes them or goes on.
        if self.pause.leaves_unread() {
            return;
        }
        if now >= opening.until || self.first_unready().is_none() {
            self.open_waiting(now);
        }
    }

    /// When it is time to open them whoever is ready.
    pub(super) fn opens_by(&self) -> Time {
        let waits = self.opening.as_ref().filter(|_| !self.pause.leaves_unread());
        waits.map_or(Time::NEVER, |opening| opening.until)
    }

    /// For how long ports wait yet, and for whom.
    pub(super) fn waits_to_open(&self, now: Time) -> Option<(Duration, Vec<StationId>)> {
        let opening = self.opening.as_ref()?;
        Some((opening.until.since(now), self.not_ready().into_iter().collect()))
    }

    /// Opens them now.
    pub(super) fn open_waiting(&mut self, now: Time) {
        let Some(Opening { ports, since, .. }) = self.opening.take() else { return };
        let not_ready = self.not_ready();
        let mut opened = Vec::new();
        for (port, bound) in ports {
            let address = port.address;
            let stations = port.stations.clone();
            let taken = bound.listen().map_err(|error| (address, error));
            if let Err((address, error)) = taken.and_then(|open| self.take_port(port, open)) {
                return self.tell(Event::Failed(self.me, format!("listen on {address}: {error}")));
            }
            let at = self.sockets.listening.last().and_then(|o| self.net.local_addr(o.listener));
            opened.extend(stations.into_iter().filter_map(|station| Some((at?, station))));
        }
        Open::sort(&mut self.sockets.listening);
        let waited = now.since(since);
        let opened = Opened { worker: self.me, ports: opened, waited, not_ready };
        self.tell(Event::Opened(Box::new(opened)));
    }

    fn take_port(
        &mut self,
        port: Port,
        listening: Listening,
    ) -> Result<(), (SocketAddr, io::Error)> {
        let listener = self.net.take_listener(listening).map_err(|error| (port.address, error))?;
        self.sockets.listening.push(Open { port, listener });
        Ok(())
    }

    /// The first list of issuers of which none can be sent a request.
    fn first_unready(&self) -> Option<&[StationId]> {
        self.core.plan().routes.lists().find(|list| !self.leads_somewhere(list))
    }

    fn not_ready(&self) -> BTreeSet<StationId> {
        let lists = self.core.plan().routes.lists();
        lists.filter(|list| !self.leads_somewhere(list)).flatten().copied().collect()
    }

    fn leads_somewhere(&self, list: &[StationId]) -> bool {
        let plan = self.core.plan();
        let seen = |&id: &StationId| self.core.station(id).seen(plan.owner(id), self.me);
        list.iter().any(|id| seen(id) == Usable::Ready)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::TcpStream;
    use std::sync::Arc;

    use crossbeam::channel::{Receiver, bounded};
    use journal::roles::event::DrainId;
    use switch_net::Budget;

    use super::*;
    use crate::config::{self, Mode};
    use crate::mesh::Mesh;
    use crate::notes;
    use crate::worker::{Command, Made, Nets, Parts};

    const AN_HOUR: Duration = Duration::from_hours(1);

    /// A node of one worker, an acquirer, a station that is both, and an issuer of all cards.
    struct Node {
        worker: Worker,
        events: Receiver<Event>,
        acquirer: SocketAddr,
        both: SocketAddr,
    }

    /// An address that is ours, and at which nobody listens yet.
    fn place() -> (SocketAddr, Bound) {
        let bound = Bound::open("127.0.0.1:0".parse().unwrap()).unwrap();
        (bound.local_addr().unwrap(), bound)
    }

    impl Node {
        fn begins(name: &str, issuer: SocketAddr, open_after: Duration) -> Self {
            let text = format!(
                r#"
                [node]
                name = "{name}"
                institution = "49000000001"
                workers = 1
                [[station]]
                name = "merchant"
                role = "acquirer"
                institution = "77334000001"
                dialect = "iso93-ascii"
                framing = "ascii4"
                listen = ["127.0.0.1:0"]
                [[station]]
                name = "network"
                role = "both"
                institution = "77334000002"
                dialect = "iso93-ascii"
                framing = "ascii4"
                listen = ["127.0.0.1:0"]
                [[station]]
                name = "issuer"
                role = "issuer"
                institution = "49711000001"
                dialect = "iso93-ascii"
                framing = "ascii4"
                connect = ["{issuer}"]
                reconnect_min = "1ms"
                reconnect_max = "1ms"
                [[route]]
                pan = "353011"
                to = ["issuer"]
                "#
            );
            let place = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
            std::fs::create_dir_all(&place).unwrap();
            let file = place.join("sekisho.toml");
            std::fs::write(&file, text).unwrap();
            let configuration = config::load(&file, Mode { insecure_demo: true }).unwrap();
            std::fs::remove_dir_all(&place).unwrap();
            let plan = Arc::new(Plan::new(configuration.settings).unwrap());
            let endpoints: Arc<[_]> = configuration.endpoints.into();
            let nets = Nets::new(&plan, &endpoints, &Budget::default()).unwrap();
            let mesh = Arc::new(Mesh::new(nets.wakers()));
            let (sender, events) = bounded(16);
            let held = HeldPorts::of((&plan, &endpoints), WorkerId(0), true).unwrap();
            assert!(held.wait());
            let acquirer = held.waiting[0].1.local_addr().unwrap();
            let both = held.open[0].1.local_addr().unwrap();
            let parts = Parts {
                plan,
                endpoints,
                spin: Duration::ZERO,
                notes: notes::channel().0,
                keys: None,
                reader: None,
                events: sender,
                journaled: false,
            };
            let Made { mut workers, .. } = nets.into_workers(&parts, &mesh);
            let mut worker = workers.remove(0);
            worker.take_ports(held, open_after).unwrap();
            Self { worker, events, acquirer, both }
        }

        fn turns_until_opened(&mut self) -> Opened {
            loop {
                self.worker.turn().unwrap();
                match self.events.try_recv() {
                    Ok(Event::Opened(opened)) => return *opened,
                    Ok(Event::Settled(..)) | Err(_) => {}
                    Ok(other) => panic!("{other:?}"),
                }
            }
        }

        fn not_ready(&mut self) -> Vec<StationId> {
            let opening = self.worker.report(clocks::now()).opening;
            opening.map(|(_, issuers)| issuers).unwrap_or_default()
        }
    }

    const ISSUER: StationId = StationId(2);

    #[test]
    fn ports_of_acquirers_are_closed_until_the_issuer_is_ready_and_those_of_issuers_are_not() {
        let (issuer, bound) = place();
        let mut node = Node::begins("opening-ready", issuer, AN_HOUR);
        for _ in 0..8 {
            node.worker.turn().unwrap();
        }
        let refused = TcpStream::connect(node.acquirer).map_err(|error| error.kind());
        assert_eq!(refused.err(), Some(ErrorKind::ConnectionRefused));
        TcpStream::connect(node.both).expect("who issues may come first");
        assert_eq!(node.not_ready(), [ISSUER]);

        let _listening = bound.listen().unwrap();
        let Opened { ports, not_ready, .. } = node.turns_until_opened();
        assert_eq!((ports, not_ready), (vec![(node.acquirer, StationId(0))], BTreeSet::new()));
        TcpStream::connect(node.acquirer).unwrap();
        assert_eq!(node.not_ready(), []);
    }

    #[test]
    fn they_open_without_the_issuer_when_the_time_is_over_and_it_is_named() {
        let (issuer, _nobody) = place();
        let mut node = Node::begins("opening-late", issuer, Duration::from_millis(20));
        let Opened { waited, not_ready, .. } = node.turns_until_opened();
        assert!(waited >= Duration::from_millis(20), "{waited:?}");
        assert_eq!(not_ready, BTreeSet::from([ISSUER]));
        TcpStream::connect(node.acquirer).unwrap();
    }

    #[test]
    fn who_hands_over_opens_nothing_and_who_goes_on_does() {
        let (issuer, bound) = place();
        let mut node = Node::begins("opening-paused", issuer, AN_HOUR);
        node.worker.pause(DrainId(1));
        let _listening = bound.listen().unwrap();
        while node.not_ready() == [ISSUER] {
            node.worker.turn().unwrap();
        }
        assert!(TcpStream::connect(node.acquirer).is_err());
        node.worker.mesh.command(WorkerId(0), Command::Admit);
        node.turns_until_opened();
    }
}
