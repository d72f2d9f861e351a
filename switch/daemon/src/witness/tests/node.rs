//! One of two nodes as far as its witness is concerned: a thread `witness`, and a test that plays the rules.

use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};
use journal::format::Epoch;
use journal::roles::event::Event;
use journal::roles::name::NodeName;
use journal::roles::witness::{
    Incarnation, Known, Member, Record, Reply, RequestId, Revision, Seen,
};

use super::super::{Desk, start};
use super::store::{Directory, until};
use crate::config::{Mode, load};
use crate::witness::shown::WitnessShown;

/// How the witness is configured.
pub(super) struct Configured {
    pub(super) endpoints: Vec<String>,
    /// For one endpoint; the rules wait twice as long.
    pub(super) timeout: &'static str,
    /// More lines of `[witness]`.
    pub(super) more: String,
}

impl Configured {
    /// With the longest time for an answer, as other stories are told on this machine at the same time.
    pub(super) fn at(endpoints: Vec<String>) -> Self {
        Self { endpoints, timeout: "2s", more: String::new() }
    }
}

/// A node that asks.
pub(super) struct Node {
    pub(super) desk: Arc<Desk>,
    heard: Receiver<Event>,
    /// What stands for the thread `ship` turns until this is gone.
    turns: Option<Sender<()>>,
    last: u64,
    /// Which cluster answers it, as its rules were told.
    pub(super) clusters: Vec<[u8; 16]>,
    /// Its files may be read again.
    _directory: Directory,
}

impl Node {
    /// `tokyo` or `osaka`.
    pub(super) fn of(name: &str, configured: &Configured) -> Self {
        let directory = Directory::new();
        let (peer, way) = if name == "tokyo" {
            ("osaka", "listen = [\"127.0.0.1:7400\"]")
        } else {
            ("tokyo", "connect = [\"127.0.0.1:7400\"]")
        };
        let Configured { endpoints, timeout, more } = configured;
        let text = format!(
            "[node]\nname = \"{name}\"\ninstitution = \"1\"\n\
             [[station]]\nname = \"a\"\nrole = \"acquirer\"\ninstitution = \"2\"\n\
             dialect = \"iso93-ascii\"\nframing = \"ascii4\"\nlisten = [\"127.0.0.1:7001\"]\n\
             [peer]\nname = \"{peer}\"\n{way}\n\
             [witness]\nendpoints = {endpoints:?}\ntimeout = \"{timeout}\"\n{more}\n"
        );
        let file = directory.path().join("sekisho.toml");
        fs::write(&file, text).unwrap();
        let configuration = load(&file, Mode { insecure_demo: true });
        let configuration = configuration.unwrap_or_else(|errors| panic!("{errors}"));
        let desk = Arc::<Desk>::default();
        let (hears, heard) = bounded(16);
        let tell = move |event| hears.send(event).unwrap_or_default();
        start(&Arc::new(configuration), tell, &desk).unwrap();
        let (last, clusters) = (0, Vec::new());
        let mut node = Self { desk, heard, turns: None, last, clusters, _directory: directory };
        node.goes_on();
        node
    }

    /// Its thread `ship` turns again.
    pub(super) fn goes_on(&mut self) {
        let desk = Arc::clone(&self.desk);
        let (turns, ends) = bounded::<()>(0);
        self.turns = Some(turns);
        desk.turns();
        thread::spawn(move || {
            while ends.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
                desk.turns();
            }
        });
    }

    /// Its thread `ship` does not come back from what it does.
    pub(super) fn hangs(&mut self) {
        self.turns = None;
    }

    /// What the witness says.
    pub(super) fn reads(&mut self) -> Reply {
        self.asks(None)
    }

    /// The same, of a witness that answers.
    pub(super) fn sees(&mut self) -> Seen {
        match self.reads() {
            Reply::Says(seen) => seen,
            other => panic!("{other:?}: {:?}", self.shown()),
        }
    }

    /// The version of the record, and whether it is this one.
    pub(super) fn sees_record(&mut self) -> Option<Known> {
        self.sees().known
    }

    pub(super) fn swaps(&mut self, expected: Revision, record: Record) -> Reply {
        self.asks(Some((expected, record)))
    }

    fn asks(&mut self, swap: Option<(Revision, Record)>) -> Reply {
        self.last += 1;
        self.desk.asks(RequestId(self.last), swap);
        until("an answer", || match self.heard.try_recv().ok()? {
            Event::Witnessed { id, reply } => (id == RequestId(self.last)).then_some(reply),
            Event::WitnessIs(cluster) => {
                self.clusters.push(cluster);
                None
            }
            other => panic!("{other:?}"),
        })
    }

    pub(super) fn shown(&self) -> WitnessShown {
        self.desk.shown()
    }

    /// Why it does not answer.
    pub(super) fn trouble(&self) -> String {
        self.shown().trouble.unwrap_or_default()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.desk.stops();
    }
}

/// The record of the reign of this epoch.
pub(super) fn record(epoch: u32) -> Record {
    let member = |name| Member { name: NodeName::new(name).unwrap(), incarnation: Incarnation(5) };
    let in_sync = epoch.is_multiple_of(2).then(|| member("osaka"));
    Record { cluster: [9; 16], epoch: Epoch(epoch), primary: member("tokyo"), in_sync }
}
