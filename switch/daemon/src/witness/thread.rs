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
use super::gateway::{self, TRANSACTION, Transacted};
use super::lease::Lease;
use super::{Keys, form};
use crate::clocks;
use crate::logs::Sparing;

/// The thread turns at least so often.
const TURN: Duration = Duration::from_secs(1);

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
    /// Whether the last question was answered; none: there was none.
    answers: Option<bool>,
    /// Whether the lease was tended the last time that it was to be.
    tended: bool,
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
            answers: None,
            tended: true,
            sparing: Sparing::default(),
        }
    }

    /// Runs until it is told to stop.
    pub(super) fn run(mut self) {
        loop {
            let rests = self.lease.rests(self.alive, clocks::boot()).min(TURN);
            let found = self.desk.takes(rests);
            if found.stop {
                return;
            }
            self.alive = found.alive;
            // What is asked goes first: the lease can wait for a second, and the rules can not.
            if let Some(question) = found.question {
                self.asks(question);
            }
            self.tends();
            self.sparing.sums_up();
        }
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
            format!("what stands under {key} is no record of ours: {why}")
        })?;
        Ok(Reply::Says(Seen { known, peer_alive: !theirs.kvs.is_empty() }))
    }

    fn swaps(&mut self, expected: Revision, record: &Record, until: Time) -> Result<Reply, String> {
        let body = gateway::swap(&self.keys.record, expected.0, &form::written(record));
        let done: Transacted = self.etcd.ask(TRANSACTION, &body, Asked::Once, until)?;
        match (done.succeeded, done.header.revision) {
            (false, _) => Ok(Reply::Refused),
            (true, 0) => Err("it answers otherwise than etcd: without a revision".to_owned()),
            (true, revision) => Ok(Reply::Swapped(Revision(revision))),
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
        let tended = self.lease.tend(self.alive, &mut self.etcd);
        if let Err(why) = &tended
            && self.tended
            && self.sparing.says("the lease at the witness")
        {
            warn!("the lease at the witness, by which this node is known as alive: {why}");
        }
        self.tended = tended.is_ok();
        let lease = self.lease.shown();
        self.desk.shows(|shown| shown.lease = lease);
    }
}
