//! What is known of the witness's record, and what was asked of it: one question at a time, and the
//! doubt that an unanswered swap leaves. Must not know what is asked for.
//!
//! A swap that was not answered may still be done much later. It can not any more as soon as the
//! record is known to have another version than the one that it expected: so doubt ends with a read
//! that shows another version, or with a fresh swap that is known to be done.

use crate::mutants::{Mutant, breaks};
use crate::roles::event::{Action, Ending};
use crate::roles::node::{Node, Phase};
use crate::roles::witness::{Known, Record, Reply, RequestId, Revision, Seen};

/// The witness as this node knows it.
#[derive(Debug)]
pub(super) struct Arbiter {
    /// When this life began: nothing was read before.
    began: u64,
    last_id: u64,
    asked: Option<Asked>,
    /// What was seen last, and when that was asked.
    seen: Option<(Seen, u64)>,
    /// The version that a swap expected of which it is not known what became of it, and what it
    /// would make of the record.
    doubt: Option<(Revision, Record)>,
    /// A change was refused or not answered, and the record was not read since.
    unread: bool,
    /// Not before then.
    next_look: u64,
    /// What asks it hangs.
    mute: bool,
}

#[derive(Debug)]
struct Asked {
    id: RequestId,
    at: u64,
    swap: Option<(Revision, Record)>,
}

impl Arbiter {
    pub(super) fn new(now: u64) -> Self {
        Self {
            began: now,
            last_id: 0,
            asked: None,
            seen: None,
            doubt: None,
            unread: false,
            next_look: now,
            mute: false,
        }
    }

    /// The record as it was seen last.
    pub(super) fn known(&self) -> Option<Known> {
        self.seen.and_then(|(seen, _)| seen.known)
    }

    /// What was seen, if that was asked at this time or later.
    pub(super) fn seen_since(&self, at: u64) -> Option<Seen> {
        self.seen.filter(|&(_, asked)| asked >= at).map(|(seen, _)| seen)
    }

    /// When it was last asked what it then said; the start of this life if never.
    pub(super) fn last_seen(&self) -> u64 {
        self.seen.map_or(self.began, |(_, at)| at)
    }

    /// When this life began.
    pub(super) fn began(&self) -> u64 {
        self.began
    }

    pub(super) fn ever_seen(&self) -> Option<Seen> {
        self.seen.map(|(seen, _)| seen)
    }

    /// What asks the witness hangs, as the rest of a node may whose disk does.
    pub(super) fn is_mute(&mut self) {
        self.mute = true;
    }

    /// It says something, whatever that is.
    pub(super) fn is_heard(&mut self) {
        self.mute = false;
    }

    /// Whether it is not known if the witness answers, and will not be in this life.
    pub(super) fn hangs(&self) -> bool {
        self.mute
    }

    /// What the record would be if a swap was done after all.
    pub(super) fn doubt(&self) -> Option<Record> {
        self.doubt.map(|(_, record)| record)
    }

    /// Whether the record was read since a change was refused, or asked for without an answer: what was
    /// seen before is not what stands there, and a change of that would be refused for ever.
    pub(super) fn was_read_again(&self) -> bool {
        !self.unread
    }

    /// A question is on its way.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// A swap is on its way, or may be.
    pub(super) fn may_change(&self) -> Option<Record> {
        let under_way = self.asked.as_ref().and_then(|asked| asked.swap);
        under_way.or(self.doubt).map(|(_, record)| record)
    }
}

impl Node {
    /// A question is due: nothing is asked while another one is.
    fn asks_witness(&mut self, swap: Option<(Revision, Record)>) -> RequestId {
        self.arbiter.last_id += 1;
        let id = RequestId(self.arbiter.last_id);
        self.arbiter.asked = Some(Asked { id, at: self.now, swap });
        self.arbiter.next_look = self.now.saturating_add(self.look_interval());
        id
    }

    /// Asks for the record to be changed from the version that was seen last.
    pub(super) fn swaps(&mut self, record: Record) {
        let expected = self.arbiter.known().map_or(Revision(0), |known| known.revision);
        let id = self.asks_witness(Some((expected, record)));
        self.acts(Action::Swap { id, expected, record });
    }

    /// Reads the record if it is time, and nothing else is asked.
    pub(super) fn looks(&mut self) {
        if self.settings.witness
            && self.arbiter.asked.is_none()
            && self.now >= self.arbiter.next_look
        {
            let id = self.asks_witness(None);
            self.acts(Action::Read(id));
        }
    }

    /// The same, at once.
    pub(super) fn looks_now(&mut self) {
        self.arbiter.next_look = self.now;
    }

    /// Something depends on what the record says now.
    pub(super) fn looks_soon(&mut self) {
        let soon = self.now.saturating_add(self.settings.times.look_soon);
        self.arbiter.next_look = self.arbiter.next_look.min(soon);
    }

    pub(super) fn arbiter_deadline(&self) -> Option<u64> {
        let timeout = self.settings.times.witness_timeout;
        let at = match &self.arbiter.asked {
            Some(asked) => asked.at.saturating_add(timeout),
            None => self.arbiter.next_look,
        };
        self.settings.witness.then_some(at)
    }

    pub(super) fn times_out_witness(&mut self) {
        if let Some(asked) = &self.arbiter.asked
            && self.now >= asked.at.saturating_add(self.settings.times.witness_timeout)
        {
            let id = asked.id;
            self.on_witnessed(id, Reply::Unknown);
        }
    }

    pub(super) fn on_witnessed(&mut self, id: RequestId, reply: Reply) {
        let Some(asked) = self.arbiter.asked.take_if(|asked| asked.id == id) else { return };
        match (reply, asked.swap) {
            (Reply::Says(seen), None) => self.on_seen(seen, asked.at),
            (Reply::Swapped(revision), Some((_, record))) => {
                self.arbiter.doubt = None;
                self.arbiter.unread = false;
                let peer_alive = self.arbiter.ever_seen().is_some_and(|seen| seen.peer_alive);
                let known = Some(Known { revision, record });
                self.arbiter.seen = Some((Seen { known, peer_alive }, asked.at));
            }
            (Reply::Refused, Some(_)) => {
                self.arbiter.unread = true;
                self.looks_now();
            }
            (Reply::Unknown, Some(swap)) => {
                self.arbiter.doubt = Some(swap);
                self.arbiter.unread = true;
                self.looks_now();
            }
            // A read without an answer, or an answer that does not belong to the question.
            (_, _) => self.looks_soon(),
        }
    }

    fn on_seen(&mut self, seen: Seen, asked_at: u64) {
        // What is read is never older than what was read before: a record goes only forward.
        let revision = |seen: &Seen| seen.known.map_or(Revision(0), |known| known.revision);
        self.arbiter.seen = Some((seen, asked_at));
        self.arbiter.unread = false;
        if let Some((expected, _)) = self.arbiter.doubt {
            let cannot_land = revision(&seen) != expected;
            if cannot_land || breaks(Mutant::TrustsAStaleSwap) {
                self.arbiter.doubt = None;
            }
        }
        if let Some(known) = seen.known {
            let (epoch, is_ours) =
                (known.record.epoch, known.record.cluster == self.control.cluster);
            let later = match &self.phase {
                Phase::Reigning(reigning) => epoch > reigning.epoch,
                Phase::Standby(_) | Phase::Rising(_) | Phase::Over => false,
            };
            if later && is_ours {
                self.ends(Ending::Epoch(epoch));
            }
        }
    }
}
