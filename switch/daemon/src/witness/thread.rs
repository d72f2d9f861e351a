//! The thread `witness`: asks etcd what the rules want to know, and keeps the lease of a node that lives. Must not
//! decide anything: that is `journal::roles`.
//!
//! When it stalls, the rules hear nothing of the witness: what they asked is not known after `witness.timeout`
//! twice, nobody is promoted by itself, a primary alone stops after `solo_lease`; after two seconds this node is
//! not known as alive. Two nodes in sync go on serving.

use std::sync::Arc;
use std::time::Duration;

use journal::roles::event::Event;
use journal::roles::witness::{Known, Record, Reply, Revision, Seen};
use switch_core::time::Time;
use tracing::{info, warn};

use super::desk::{Desk, Question};
use super::etcd::{Asked, Etcd};
use super::gateway::{self, Became, TRANSACTION, Transacted};
use super::lease::Lease;
use super::shown::LeaseShown;
use super::turning::Turning;
use super::words::brief;
use super::{Keys, digest, form};
use crate::clocks;
use crate::logs::Sparing;

/// The thread turns at least so often.
const TURN: Duration = Duration::from_secs(1);
/// Between two looks at the files that it is asked by.
const FILES: Duration = Duration::from_hours(1);

/// What the thread works with.
pub(super) struct Witnessing {
    desk: Arc<Desk>,
    tell: Box<dyn Fn(Event) + Send>,
    etcd: Etcd,
    keys: Keys,
    /// Who asks waits no longer.
    patience: Duration,
    lease: Lease,
    alive: bool,
    turning: Turning,
    /// Whether the thread `ship` was seen to hang.
    hangs: bool,
    /// Which cluster of etcd answers, as the rules were told.
    cluster: Option<u64>,
    /// Whether the last question was answered; none: there was none.
    answers: Option<bool>,
    /// Why the lease could not be tended the last time that it was to be.
    untended: Option<String>,
    /// What was said of the files last, and when they are looked at next.
    files: (Option<String>, Time),
    sparing: Sparing,
}

impl Witnessing {
    pub(super) fn new(
        desk: Arc<Desk>,
        tell: Box<dyn Fn(Event) + Send>,
        etcd: Etcd,
        keys: Keys,
        patience: Duration,
    ) -> Self {
        let value = format!("since {}", clocks::utc());
        let lease = Lease::new(keys.ours.clone(), value);
        desk.shows(|shown| {
            shown.endpoint = etcd.endpoint();
            shown.since_ns = clocks::boot().0;
        });
        Self {
            desk,
            tell,
            etcd,
            keys,
            patience,
            lease,
            alive: false,
            turning: Turning::default(),
            hangs: false,
            cluster: None,
            answers: None,
            untended: None,
            files: (None, Time(0)),
            sparing: Sparing::default(),
        }
    }

    /// Runs until it is told to stop.
    pub(super) fn run(mut self) {
        loop {
            let rests = self.lease.rests(self.alive, clocks::boot()).min(TURN);
            let found = self.desk.takes(rests);
            if found.stop {
                break;
            }
            self.alive = found.alive && !self.ship_hangs();
            // What is asked goes first: the lease can wait for a second, and the rules can not.
            if let Some(question) = found.question {
                self.asks(question);
            }
            self.tends();
            self.tells_cluster();
            self.looks_at_files();
            self.sparing.sums_up();
        }
        // A planned stop: who may take over need not wait for the lease to end.
        self.alive = false;
        self.tends();
        self.desk.is_left();
    }

    /// Whether the thread that decides and hears the peer hangs: its node would be known as alive for nothing.
    fn ship_hangs(&mut self) -> bool {
        let hangs = self.turning.hangs(self.desk.turned(), clocks::boot());
        if std::mem::replace(&mut self.hangs, hangs) != hangs && self.sparing.says("ship hangs") {
            if hangs {
                warn!("the thread ship hangs: this node is not known as alive until it goes on");
            } else {
                info!("the thread ship goes on");
            }
        }
        hangs
    }

    fn asks(&mut self, question: Question) {
        let began = clocks::boot();
        let until = question.at + self.patience;
        let answered = match question.swap {
            None => self.reads(until),
            Some((expected, record)) => self.swaps(expected, &record, until),
        };
        self.notes(&answered, began);
        let reply = answered.unwrap_or(Reply::Unknown);
        (self.tell)(Event::Witnessed { id: question.id, reply });
    }

    fn reads(&mut self, until: Time) -> Result<Reply, String> {
        let body = gateway::both(&self.keys.record, &self.keys.theirs);
        let read: Transacted = self.etcd.ask(TRANSACTION, &body, Asked::Again, until)?;
        let ranges = read.responses.iter().filter_map(|one| one.response_range.as_ref());
        let [record, theirs] = ranges.collect::<Vec<_>>()[..] else {
            return Err("it answers otherwise than etcd: two keys were read".to_owned());
        };
        let known = record.kvs.first().map(|there| {
            let bytes = there.value().ok_or("it is no base64")?;
            let record = form::read(&bytes)?;
            Ok::<_, String>(Known { revision: Revision(there.mod_revision), record })
        });
        let known = known.transpose().map_err(|why| {
            let key = &self.keys.record;
            format!("what stands under {key} is no record of ours: {}", brief(&why))
        })?;
        Ok(Reply::Says(Seen { known, peer_alive: !theirs.kvs.is_empty() }))
    }

    fn swaps(&mut self, expected: Revision, record: &Record, until: Time) -> Result<Reply, String> {
        let body = gateway::swap(&self.keys.record, expected.0, &form::written(record));
        let done: Transacted = self.etcd.ask(TRANSACTION, &body, Asked::Once, until)?;
        match done.became(expected.0) {
            Some(Became::Done(revision)) => Ok(Reply::Swapped(Revision(revision))),
            Some(Became::Refused) => Ok(Reply::Refused),
            None => {
                Err("it answers otherwise than etcd: whether it was changed is not known".into())
            }
        }
    }

    /// Shows and tells what became of a question.
    fn notes(&mut self, answered: &Result<Reply, String>, began: Time) {
        let (now, endpoint) = (clocks::boot(), self.etcd.endpoint());
        let answers = answered.is_ok();
        let changed = self.answers != Some(answers);
        self.answers = Some(answers);
        let asks_nobody = self.etcd.is_open();
        self.desk.shows(|shown| {
            let counter = match answered {
                Ok(Reply::Says(_)) => &mut shown.reads,
                Ok(Reply::Swapped(_)) => &mut shown.swapped,
                Ok(Reply::Refused) => &mut shown.refused,
                Ok(Reply::Unknown) | Err(_) => &mut shown.unknown,
            };
            *counter += 1;
            shown.endpoint.clone_from(&endpoint);
            shown.answers = answers;
            shown.asks_nobody = asks_nobody;
            shown.trouble = answered.as_ref().err().cloned();
            if changed {
                shown.since_ns = now.0;
            }
            if answers {
                shown.answered_ns = Some(now.0);
                shown.took_ns = now.0.saturating_sub(began.0);
            }
        });
        match answered {
            Ok(_) if changed && self.sparing.says("the witness answers") => {
                info!(endpoint, "the witness answers");
            }
            Err(why) if changed && self.sparing.says("the witness does not answer") => {
                warn!("the witness does not answer: {why}");
            }
            Ok(_) | Err(_) => {}
        }
    }

    fn tends(&mut self) {
        let held = self.lease.shown().kept_ns.is_some();
        let untended = self.lease.tend(self.alive, &mut self.etcd).err();
        if held && !self.alive && untended.is_none() {
            info!("the lease at the witness is given back");
        }
        if untended != self.untended && self.sparing.says("the lease at the witness") {
            if let Some(why) = &untended {
                warn!("the lease at the witness, by which this node is known as alive: {why}");
            } else {
                info!("the lease at the witness is kept as it should be");
            }
        }
        let lease = LeaseShown { trouble: untended.clone(), ..self.lease.shown() };
        self.untended = untended;
        self.desk.shows_lease(lease);
    }

    /// The other node is to know which store this one asks: two of which each asks its own could both win.
    fn tells_cluster(&mut self) {
        let cluster = self.etcd.answering();
        if let Some(number) = cluster.filter(|_| cluster != self.cluster) {
            self.cluster = cluster;
            self.desk.shows(|shown| shown.cluster = cluster);
            (self.tell)(Event::WitnessIs(digest(number)));
        }
    }

    /// What is wrong with the files is told before they are needed.
    fn looks_at_files(&mut self) {
        let now = clocks::boot();
        if now < self.files.1 {
            return;
        }
        let told = self.etcd.files_told();
        if let Some(told) = told.as_ref().filter(|_| told != self.files.0) {
            warn!("{told}");
        }
        self.desk.shows(|shown| shown.files.clone_from(&told));
        self.files = (told, now + FILES);
    }
}
