//! Repeats and reversals of an acquirer's centre: when they leave, and what their answers must say.
//! Must not know when a request is sent.

use codec::{Message, Tpdu};

use super::ASKED_AGAIN_MAX;
use super::book::Entry;
use super::follow::{Follow, Kind, When, agree};
use super::reversal::{self, Reason, Refused, Time};
use super::sale::Particulars;
use super::station::{Station, kind_of, note, tell_wrong};
use crate::clock::{self, SECOND};
use crate::ledger::{Acquirer, Answered};

/// How repeats and reversals fared.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Followed {
    pub(super) repeats: u64,
    pub(super) repeats_answered: u64,
    pub(super) reversals: u64,
    pub(super) reversals_answered: u64,
    /// Reversals sent once more because they could not be taken.
    pub(super) reversals_again: u64,
    /// Requests asked once more after their connection was lost, or no answer came in time.
    pub(super) asked_again: u64,
    /// Requests without an answer whose reversal was taken.
    pub(super) unanswered_reversed: u64,
}

impl Station {
    /// What follows a request that has just left.
    pub(super) fn on_sent(&mut self, particulars: &Particulars, connection: usize, now: u64) {
        if self.follows.when(particulars.sequence) == When::RepeatInFlight {
            self.repeat(particulars, connection, now, None);
        }
    }

    /// What follows a request that was answered rightly.
    pub(super) fn on_right(&mut self, entry: &Entry, answered: Answered, now: u64) {
        let Entry { particulars, connection, .. } = *entry;
        self.follows.on_answered(particulars.stan, answered);
        let approved = answered.action.is_some_and(crate::action::ActionCode::approves);
        match self.follows.when(particulars.sequence) {
            When::RepeatAnswered => self.repeat(&particulars, connection, now, Some(answered)),
            When::Reversal if approved => {
                self.reverse(&particulars, connection, now, Reason::Cancelled);
            }
            When::Never | When::RepeatInFlight | When::Reversal => {}
        }
    }

    fn repeat(
        &mut self,
        particulars: &Particulars,
        connection: usize,
        now: u64,
        first: Option<Answered>,
    ) {
        if self.says_again(particulars, connection, now) {
            self.follows.begin(Kind::Repeat, *particulars, connection, now, first);
            self.tally.followed.repeats += 1;
        }
    }

    /// Sends a request once more, as its repeat; `false` when its connection is not there.
    fn says_again(&mut self, particulars: &Particulars, connection: usize, now: u64) -> bool {
        let Some(socket) = self.connects.socket(connection) else { return false };
        let kind = kind_of(self.sales.len(), particulars.sequence);
        let Some(repeat) = self.repeats.get_mut(kind) else { return false };
        if let Some(pages) = &mut self.pages {
            pages.push(now, |at_ns| Acquirer::Repeated(repeat.note(particulars, at_ns)));
        }
        self.replies.push(socket, repeat.frame(particulars));
        true
    }

    /// A connection is there again: what was open on it is asked once more.
    pub(super) fn ask_again(&mut self, connection: usize, now: u64) {
        for particulars in self.book.take_up(connection, now) {
            let asked = self.says_again(&particulars, connection, now);
            self.tally.followed.asked_again += u64::from(asked);
        }
        for (kind, follow) in self.follows.take_up(connection, now) {
            let Follow { particulars, reason, .. } = follow;
            match kind {
                Kind::Repeat => drop(self.says_again(&particulars, connection, now)),
                Kind::Reversal => {
                    let time = Time::Again;
                    self.says_reversed(&particulars, connection, now, (reason, time));
                }
            }
        }
    }

    /// What was sent before `time` and has no answer is asked once more, and reversed when that was done
    /// often enough.
    pub(super) fn ask_again_before(&mut self, time: u64, now: u64) {
        let connects = &self.connects;
        let is_there = |connection| connects.socket(connection).is_some();
        let (again, given_up) = self.book.overdue((time, now), ASKED_AGAIN_MAX, is_there);
        for entry in again {
            let asked = self.says_again(&entry.particulars, entry.connection, now);
            self.tally.followed.asked_again += u64::from(asked);
        }
        for entry in given_up {
            self.tally.unanswered += 1;
            self.windows.on_ended(entry.connection);
            self.reverse(&entry.particulars, entry.connection, now, Reason::NoAnswer);
        }
    }

    fn reverse(&mut self, particulars: &Particulars, connection: usize, now: u64, reason: Reason) {
        if self.says_reversed(particulars, connection, now, (reason, Time::First)) {
            self.follows.begin_reversal(*particulars, connection, now, reason);
            self.tally.followed.reversals += 1;
        }
    }

    /// Sends again what could not be taken a little while ago.
    pub(super) fn reverse_again(&mut self, now: u64) {
        while let Some(follow) = self.follows.next_again(now) {
            let Follow { particulars, connection, reason, .. } = follow;
            let said = self.says_reversed(&particulars, connection, now, (reason, Time::Again));
            self.tally.followed.reversals_again += u64::from(said);
        }
    }

    fn says_reversed(
        &mut self,
        particulars: &Particulars,
        connection: usize,
        now: u64,
        (reason, time): (Reason, Time),
    ) -> bool {
        let Some(socket) = self.connects.socket(connection) else { return false };
        let kind = kind_of(self.sales.len(), particulars.sequence);
        let Some(reversal) = self.reversals.get(kind) else { return false };
        let (mut frame, second) = ([0; reversal::FRAME_MAX], clock::unix() / SECOND);
        let written = reversal.frame(particulars, second, (reason, time), &mut frame);
        let Some(length) = written else { return false };
        if let Some(pages) = &mut self.pages {
            let sent = |at_ns| Acquirer::Reversed(reversal.note(particulars, second, at_ns));
            pages.push(now, sent);
        }
        self.replies.push(socket, &frame[..length]);
        true
    }

    /// The answer to a repeat.
    pub(super) fn on_answer_again(
        &mut self,
        Follow { particulars, first, .. }: Follow,
        tpdu: Tpdu,
        bytes: &[u8],
        now: u64,
    ) {
        self.tally.followed.repeats_answered += 1;
        self.on_more(&particulars, first, tpdu, bytes, now);
    }

    /// One more answer to a request, which was repeated.
    pub(super) fn on_more(
        &mut self,
        particulars: &Particulars,
        first: Option<Answered>,
        tpdu: Tpdu,
        bytes: &[u8],
        now: u64,
    ) {
        let answer = self.slots.message(self.dialect, bytes);
        let kind = kind_of(self.sales.len(), particulars.sequence);
        let Some(repeat) = self.repeats.get_mut(kind) else { return };
        let reference = repeat.note(particulars, 0).reference;
        if let Some(pages) = &mut self.pages {
            pages.push(now, |at_ns| Acquirer::AnsweredAgain(note(reference, &answer, at_ns)));
        }
        let again = note(reference, &answer, 0);
        match repeat.check(particulars, tpdu, &answer) {
            Ok(()) if first.is_none_or(|first| agree(&first, &again)) => {}
            Ok(()) => self.tally.on_wrong("a repeat was answered otherwise than its request"),
            Err(wrong) => tell_wrong(&mut self.tally, wrong),
        }
    }

    /// The answer to a reversal.
    pub(super) fn on_acknowledged(&mut self, answer: &Answer<'_>, now: u64) {
        let Answer { stan, connection, bytes } = *answer;
        let Some(follow) = self.follows.answer(Kind::Reversal, stan, connection) else {
            return self.tally.on_wrong("an answer to no reversal");
        };
        let Follow { particulars, reason, .. } = follow;
        let answer: Message<'_> = self.slots.message(self.dialect, bytes);
        let kind = kind_of(self.sales.len(), particulars.sequence);
        let Some(reversal) = self.reversals.get(kind) else { return };
        let reference = reversal.note(&particulars, 0, 0).reference;
        if self.follows.try_again(follow, &note(reference, &answer, 0), now) {
            return;
        }
        self.tally.followed.reversals_answered += 1;
        self.tally.followed.unanswered_reversed += u64::from(reason == Reason::NoAnswer);
        if let Some(pages) = &mut self.pages {
            pages.push(now, |at_ns| Acquirer::Acknowledged(note(reference, &answer, at_ns)));
        }
        match reversal.check(&particulars, &answer) {
            Ok(()) => {}
            Err(Refused::Type) => self.tally.on_wrong("another type of answer to a reversal"),
            Err(Refused::Differs(n)) => {
                self.tally.on_wrong(&format!("DE {n} of a reversal's answer differs"));
            }
            Err(Refused::Code) => self.tally.on_wrong("a reversal was not accepted"),
        }
    }
}

/// An answer as it came.
#[derive(Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) stan: u32,
    pub(super) connection: usize,
    pub(super) bytes: &'a [u8],
}
