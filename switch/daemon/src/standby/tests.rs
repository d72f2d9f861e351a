//! The life of a node that has a peer, with real files, threads and sockets. Nobody applies the rules of two
//! nodes: the test gives the orders that follow from them.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Sender, bounded};
use journal::format::{BatchNumber, Epoch};
use journal::roles::event::{Allowed, Alone, Cause, Event as Told};
use mio::Poll;
use signal_hook::consts::SIGTERM;

use super::*;
use crate::config::{self, Mode};
use crate::control::{ask_node, ask_saf, ask_status};
use crate::node_requests::NodeRequest;
use crate::pairing::{LogTask, Tasks};
use crate::peer::unread;
use crate::saf::SafRequest;
use crate::status::{NodeState, Status};
use crate::{diagnostics, notes, signals};

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
        let state = self.0.display();
        let text = format!(
            "[node]\nname = \"osaka\"\ninstitution = \"49000000001\"\nstate = \"{state}/state\"\n\
             workers = 1\n[journal]\nsegment = \"1MiB\"\n\
             [control]\nsocket = \"{state}/control.sock\"\n\
             [peer]\nname = \"tokyo\"\nconnect = [\"127.0.0.1:9\"]\n\
             [[station]]\nname = \"merchant-a\"\nrole = \"acquirer\"\ninstitution = \"77334000001\"\n\
             dialect = \"iso93-ascii\"\nframing = \"ascii4\"\nlisten = [\"127.0.0.1:0\"]\n"
        );
        let file = self.0.join("sekisho.toml");
        fs::write(&file, text).unwrap();
        file
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
        let first =
            First { shell, configuration, sealing, signals, diagnostics, from_workers, happened };
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
    node.is_ordered(Order::Drain(2_000_000_000));
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
fn who_must_not_go_on_ends_with_74() {
    let site = Site::new();
    let node = Node::lives(&site);
    until(&site, |_| true);
    node.is_ordered(Order::Halt(journal::roles::event::Halting::NotMended(BatchNumber(7))));
    let ended = node.ended.recv_timeout(Duration::from_secs(30)).unwrap();
    assert_eq!(ended.map_err(|failure| failure.code), Err(EXIT_DATA));
}
