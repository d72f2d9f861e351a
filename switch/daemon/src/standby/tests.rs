//! The life of a node that has a peer, with real files, threads and sockets. Nobody applies the rules of two
//! nodes: the test gives the orders that follow from them.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use bench::issuer::{Issuer, Options, Summary};
use codec::Framing;
use crossbeam::channel::{Sender, bounded};
use journal::format::{BatchNumber, Epoch, Position};
use journal::reader::Reader;
use journal::roles::event::{Allowed, Alone, Cause, DrainId, Event as Told};
use mio::Poll;
use signal_hook::consts::SIGTERM;
use switch_core::records::Record;

use super::*;
use crate::change::{ConfigReply, ConfigRequest};
use crate::config::{self, Mode};
use crate::control::{ask_config, ask_node, ask_saf, ask_status};
use crate::node_requests::NodeRequest;
use crate::pairing::{LogTask, Tasks};
use crate::peer::unread;
use crate::saf::SafRequest;
use crate::status::{NodeState, Status};
use crate::{diagnostics, notes, signals};

/// An issuer's centre at work.
struct Bank {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<Summary>,
}

impl Bank {
    fn opens() -> Self {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let dialect = codec::built_in("iso93-binary").unwrap();
        let framing = Framing::built_in("bin2").unwrap();
        let issuer = Issuer::open(&Options::new(vec![anywhere], dialect, framing)).unwrap();
        let (address, stop) = (issuer.addresses()[0], Arc::new(AtomicBool::new(false)));
        let told = Arc::clone(&stop);
        let thread = thread::spawn(move || issuer.run(&told, &mut |_| {}).unwrap());
        Self { address, stop, thread }
    }

    /// It goes away, and says what it was asked.
    fn closes(self) -> Summary {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// A directory, gone when its test is done.
struct Site(PathBuf);

impl Site {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("sekishod-life-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        let file = self.0.join("sekisho.toml");
        if !file.exists() {
            self.says("");
        }
        file
    }

    /// Its station says that too.
    fn says(&self, more: &str) {
        let state = self.0.display();
        let text = format!(
            "[node]\nname = \"osaka\"\ninstitution = \"49000000001\"\nstate = \"{state}/state\"\n\
             workers = 1\n[journal]\nsegment = \"1MiB\"\n\
             [control]\nsocket = \"{state}/control.sock\"\n\
             [peer]\nname = \"tokyo\"\nconnect = [\"127.0.0.1:9\"]\n\
             [[station]]\nname = \"merchant-a\"\nrole = \"acquirer\"\ninstitution = \"77334000001\"\n\
             dialect = \"iso93-ascii\"\nframing = \"ascii4\"\nlisten = [\"127.0.0.1:0\"]\n{more}"
        );
        fs::write(self.0.join("sekisho.toml"), text).unwrap();
    }

    fn config(&self, request: &ConfigRequest) -> ConfigReply {
        ask_config(&self.socket(), request).unwrap()
    }

    /// The configurations that its journal names, and what operators did, in order.
    fn wrote(&self) -> Vec<String> {
        let (configuration, sealing) =
            config::open(&self.file(), Mode { insecure_demo: true }).unwrap();
        let opened = journaling::open(&configuration, sealing, &|| ()).unwrap();
        let (disk, keys) = opened.disk();
        let mut reader = Reader::open(&disk, Some(&keys), Position(1)).unwrap();
        let mut wrote = Vec::new();
        while let Some(batch) = reader.next_batch().unwrap() {
            for (_, record) in batch.records().unwrap() {
                let record = Record::read(record).unwrap();
                if let Record::Configuration { number, .. } = record {
                    wrote.push(format!("configuration {number}"));
                }
                if let Record::Command { what, outcome, .. } = record
                    && what != "status"
                {
                    wrote.push(format!("{what}: {outcome}"));
                }
            }
        }
        wrote
    }

    fn socket(&self) -> PathBuf {
        self.0.join("control.sock")
    }

    fn status(&self) -> Status {
        ask_status(&self.socket()).unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A node that lives on a thread of the test's.
struct Node {
    events: Sender<Event>,
    /// What was said to those who know the rules.
    ship: Arc<Ship>,
    log: Tasks,
    _poll: Poll,
    ended: Receiver<Result<(), Failure>>,
}

impl Node {
    fn lives(site: &Site) -> Self {
        let file = site.file();
        let (configuration, sealing) = config::open(&file, Mode { insecure_demo: true }).unwrap();
        let (notes, from_workers) = notes::channel();
        let (events, happened) = bounded(1_024);
        let shell =
            Shell { file, demo: true, service: Arc::default(), notes, events: events.clone() };
        let (signals, diagnostics) = (signals::early().unwrap(), diagnostics::start().unwrap());
        let first = First {
            shell,
            configuration,
            sealing,
            hooks: None,
            signals,
            diagnostics,
            from_workers,
            happened,
        };
        let ((begins, begun), (ends, ended)) = (bounded(1), bounded(1));
        thread::spawn(move || {
            let life = live(Box::new(first), |parts| {
                let (ship, poll) = unread::ship();
                unread::gives_up(&ship);
                begins.send((Arc::clone(&ship), poll, parts.log)).unwrap();
                Ok(ship)
            });
            ends.send(life).unwrap();
        });
        let (ship, poll, log) = begun.recv_timeout(Duration::from_secs(30)).unwrap();
        Self { events, ship, log, _poll: poll, ended }
    }

    fn is_ordered(&self, order: Order) {
        self.events.send(Event::Node(order)).unwrap();
    }

    /// Waits until this was said.
    fn says(&self, wanted: impl Fn(&Told) -> bool) {
        let begun = clocks::boot();
        while !unread::events(&self.ship).iter().any(&wanted) {
            assert!(clocks::boot().since(begun) < Duration::from_secs(30), "it is said in time");
            thread::yield_now();
        }
    }

    /// From standby to open ports.
    fn reigns(&self, epoch: u32, cause: Cause) {
        self.log.send(LogTask::Seal).unwrap();
        self.says(|told| matches!(told, Told::Sealed(_)));
        let reign = Reign { epoch: Epoch(epoch), cluster: [7; 16], cause, lossy: false };
        self.is_ordered(Order::Reign(reign));
        self.says(|told| matches!(told, Told::Reigns { end, .. } if end.epoch == Epoch(epoch)));
        self.ship.release().expect("it reigns").allow(Allowed::All(Alone::default())).unwrap();
    }

    fn ends(self) -> Result<(), Failure> {
        self.events.send(Event::Signal(SIGTERM)).unwrap();
        self.ended.recv_timeout(Duration::from_secs(30)).expect("it ends in time")
    }
}

/// Waits until there is a control socket, then until that is so.
fn until(site: &Site, wanted: impl Fn(&Status) -> bool) -> Status {
    let begun = clocks::boot();
    loop {
        assert!(clocks::boot().since(begun) < Duration::from_secs(30), "it is so in time");
        if let Ok(status) = ask_status(&site.socket())
            && wanted(&status)
        {
            return status;
        }
        thread::yield_now();
    }
}

#[test]
fn it_is_a_standby_with_a_control_socket_and_closed_ports_until_it_reigns_and_may_open() {
    let site = Site::new();
    let node = Node::lives(&site);
    let status = until(&site, |_| true);
    assert_eq!(status.state, NodeState::Standby);
    let pair = status.pair.expect("it has a peer");
    assert_eq!((pair.name.as_str(), pair.mode.as_str()), ("osaka", "durable"));
    let refused = ask_saf(&site.socket(), &SafRequest::List { issuer: None }).unwrap_err();
    assert!(refused.to_string().contains("standby"), "{refused}");
    node.reigns(2, Cause::First);
    assert_eq!(site.status().state, NodeState::Serving, "its workers do not run yet");
    let listens = |status: &Status| status.stations[0].links_max > 0 && status.workers[0].answering;
    assert!(!listens(&site.status()), "nothing runs before it may open");
    node.is_ordered(Order::Open);
    let status = until(&site, listens);
    let journal = status.journal.expect("a journal is kept");
    assert_eq!(journal.epoch, 2);
    let reply = ask_node(&site.socket(), &NodeRequest::Status).unwrap();
    assert_eq!(reply.status.map(|status| status.name).as_deref(), Some("osaka"));
    assert_eq!(node.ends(), Ok(()));
}

#[test]
fn a_standby_ends_when_it_is_told_to_and_lives_again_with_what_it_had() {
    let site = Site::new();
    let node = Node::lives(&site);
    node.reigns(2, Cause::First);
    node.is_ordered(Order::Open);
    until(&site, |status| status.workers.first().is_some_and(|worker| worker.answering));
    assert_eq!(node.ends(), Ok(()));
    let node = Node::lives(&site);
    let status = until(&site, |_| true);
    assert_eq!(status.state, NodeState::Standby);
    let position = status.journal.expect("it is followed").position;
    assert!(position > 0, "what the reign wrote is there");
    assert_eq!(node.ends(), Ok(()));
}

#[test]
fn who_hands_over_writes_that_behind_all_else_and_waits_for_what_becomes_of_it() {
    let site = Site::new();
    let node = Node::lives(&site);
    node.reigns(2, Cause::First);
    node.is_ordered(Order::Open);
    until(&site, |status| status.workers.first().is_some_and(|worker| worker.answering));
    node.is_ordered(Order::Drain(DrainId(1), 2_000_000_000));
    let begun = clocks::boot();
    let drained = loop {
        assert!(clocks::boot().since(begun) < Duration::from_secs(30), "it is handed over");
        if let Some(drained) = unread::drained(&node.ship) {
            break drained;
        }
        thread::yield_now();
    };
    assert!(drained.0 > 0);
    let status = site.status();
    assert_eq!(status.journal.map(|journal| journal.position), Some(drained.0));
    assert_eq!(node.ends(), Ok(()));
}

#[test]
fn who_hands_over_signs_its_partners_off_first() {
    let bank = Bank::opens();
    let site = Site::new();
    site.says(&format!(
        "[[station]]\nname = \"issuer-x\"\nrole = \"issuer\"\ninstitution = \"49711000001\"\n\
         dialect = \"iso93-binary\"\nframing = \"bin2\"\nconnect = [\"{}\"]\nsign_on = \"ours\"\n\
         echo = \"off\"\n",
        bank.address
    ));
    let node = Node::lives(&site);
    node.reigns(2, Cause::First);
    node.is_ordered(Order::Open);
    until(&site, |status| status.stations.iter().any(|station| station.links_ready == 1));
    node.is_ordered(Order::Drain(DrainId(1), 2_000_000_000));
    let begun = clocks::boot();
    while unread::drained(&node.ship).is_none() {
        assert!(clocks::boot().since(begun) < Duration::from_secs(30), "it is handed over");
        thread::yield_now();
    }
    assert_eq!(bank.closes().network, 2, "it was signed on, and signed off");
    assert_eq!(node.ends(), Ok(()));
}

#[test]
fn a_standby_takes_up_another_configuration_and_reigns_with_it_and_its_journal_says_who_wanted_it()
{
    let site = Site::new();
    let node = Node::lives(&site);
    until(&site, |_| true);
    let first = site.config(&ConfigRequest::Plan);
    assert_eq!((first.running.number, first.running.standby), (1, true));
    site.says("gives_up = \"9s\"\n");
    let planned = site.config(&ConfigRequest::Plan).plan.unwrap();
    let told: Vec<String> = planned.changes.told.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    site.config(&ConfigRequest::Apply { expect: Some(planned.digest) });
    node.says(|told| matches!(told, Told::Digests(_)));
    let status = until(&site, |status| status.adopted.number == 2);
    assert_eq!((status.adopted.how.as_str(), status.adopted.standby), ("apply", true));
    let numbers = || -> Vec<u32> {
        site.config(&ConfigRequest::History).versions.iter().map(|kept| kept.number).collect()
    };
    let ended = |status: &Status| status.reload.as_ref().is_some_and(|last| last.stage.is_end());
    until(&site, ended);
    assert_eq!(numbers(), [2, 1]);

    site.says("gives_up = \"9s\"\nframing_reserved_for_nobody = 1\n");
    node.events.send(Event::Signal(SIGHUP)).unwrap();
    let status = until(&site, |status| status.refused.is_some());
    let refused = status.refused.unwrap().refusals;
    assert!(refused[0].contains("framing_reserved_for_nobody"), "{refused:?}");
    site.says("gives_up = \"9s\"\nlinks = 7\n");
    let planned = site.config(&ConfigRequest::Plan).plan.unwrap();
    assert_eq!(planned.changes.restart, 1, "as on a node that serves: {planned:?}");

    node.reigns(2, Cause::First);
    node.is_ordered(Order::Open);
    let status = until(&site, |status| {
        status.state == NodeState::Serving && status.workers.iter().all(|one| one.answering)
    });
    assert_eq!((status.adopted.number, status.adopted.standby), (2, false));
    assert_eq!(node.ends(), Ok(()));
    site.says("gives_up = \"9s\"\n");
    assert_eq!(site.wrote()[..2], ["configuration 2", "config apply: asked"]);
}

#[test]
fn who_must_not_go_on_ends_with_74() {
    let site = Site::new();
    let node = Node::lives(&site);
    until(&site, |_| true);
    node.is_ordered(Order::Halt(journal::roles::event::Halting::NotMended(BatchNumber(7))));
    let ended = node.ended.recv_timeout(Duration::from_secs(30)).unwrap();
    assert_eq!(ended.map_err(|failure| failure.code), Err(EXIT_DATA));
}
