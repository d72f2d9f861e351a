//! What operators see of what is kept for issuers, and what they can do with it: hold it, release it,
//! give it up. Each of it is written down with their names. Knows no socket.

use alloc::string::String;

use codec::Mti;

use crate::broken::{Variant, breaks};
use crate::counters::Counter;
use crate::ids::{Stan, StationId, StationNumber};
use crate::records::{ItemState, Record};
use crate::saf::acknowledging::ITEM_RECORD_MAX;
use crate::saf::items::{Item, Stage};
use crate::time::{Now, Time};
use crate::turn::{Core, Turn};

/// The longest name of an operator, in bytes.
pub const NAME_MAX: usize = 100;

/// What an operator wants of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// Not to be sent until it is released. An acknowledgement of what was sent before still ends
    /// it.
    Hold {
        /// Who says so.
        by: &'a str,
    },
    /// To be sent again, now.
    Release {
        /// Who says so.
        by: &'a str,
    },
    /// Never to be sent again: somebody settles it by other means. Two operators must say so.
    Purge {
        /// Who says so.
        by: [&'a str; 2],
    },
}

/// Why a command was not obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotObeyed {
    /// Nothing is kept under that STAN for that issuer at this worker.
    Unknown,
    /// A name is missing, or longer than [`NAME_MAX`] bytes.
    Name,
    /// Two different operators have to say so.
    SameOperator,
    /// It is as wanted already.
    NothingToDo,
    /// It can not be written down now.
    NoRoom,
}

/// An item as it is shown. Its frame may hold a card number: mask it.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// To whom.
    pub issuer: StationId,
    /// Its STAN.
    pub stan: Stan,
    /// For whom, or who asked for what is reversed.
    pub acquirer: StationNumber,
    /// The MTI of its first sending.
    pub mti: Mti,
    /// Our STAN of the transaction that it is about, 0 without one.
    pub original: Stan,
    /// DE 25 as first given, four packed digits; 0 without one.
    pub reason: u16,
    /// When it was made, as a second since 1970.
    pub utc: u64,
    /// Where it stands.
    pub stage: Stage,
    /// How often it was sent; what was made before the last start counts as sent once.
    pub sends: u32,
    /// How often in vain.
    pub failures: u32,
    /// Whether that is so often that somebody should look.
    pub alarm: bool,
    /// The last code that did not end it, three packed digits; 0 without one.
    pub action: u16,
    /// When it is sent again, or until when its acknowledgement is awaited.
    pub due: Time,
    /// Who parked or held it: an operator, or the code of the issuer.
    pub by: &'a str,
    /// The message as it was made, in the issuer's dialect.
    pub frame: &'a [u8],
}

/// What is kept for one issuer at this worker, in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// To be sent when its turn comes.
    pub waiting: u32,
    /// In the gate, or sent and not acknowledged yet.
    pub sent: u32,
    /// Refused with a code that will not heal.
    pub parked: u32,
    /// Kept back by an operator.
    pub held: u32,
    /// Of all these, sent in vain so often that there was an alarm.
    pub alarmed: u32,
    /// When the oldest was made, as a second since 1970.
    pub oldest: Option<u64>,
}

impl Core {
    /// What is kept for issuers whose links belong to this worker, by issuer and STAN.
    pub fn saf_items(&self) -> impl Iterator<Item = Shown<'_>> {
        self.world.saf.items.iter().map(|(issuer, stan, item)| self.shown(issuer, stan, item))
    }

    /// One of them.
    pub fn saf_item(&self, issuer: StationId, stan: Stan) -> Option<Shown<'_>> {
        Some(self.shown(issuer, stan, self.world.saf.items.of(issuer, stan)?))
    }

    /// What is kept for one issuer, the oldest first, behind the one that was made then and has that
    /// STAN; (0, 0) for all.
    pub fn saf_by_age(
        &self,
        issuer: StationId,
        after: (u64, Stan),
    ) -> impl Iterator<Item = Shown<'_>> {
        let all = self.world.saf.items.queue(issuer).by_age(after);
        all.filter_map(move |(_, stan)| self.saf_item(issuer, stan))
    }

    /// What is parked or held of one issuer's, the oldest first.
    pub fn saf_stopped(&self, issuer: StationId) -> impl Iterator<Item = Shown<'_>> {
        let stopped = self.world.saf.items.queue(issuer).stopped();
        stopped.filter_map(move |(_, stan)| self.saf_item(issuer, stan))
    }

    fn shown<'a>(&'a self, issuer: StationId, stan: Stan, item: &'a Item) -> Shown<'a> {
        let alarm_after = self.plan.station(issuer).settings.issuing.saf_alarm_after.max(1);
        Shown {
            issuer,
            stan,
            acquirer: item.made.acquirer,
            mti: item.made.mti,
            original: item.made.original,
            reason: item.made.reason,
            utc: item.made.utc,
            stage: item.stage,
            sends: item.sends,
            failures: item.failures,
            alarm: item.failures >= alarm_after || item.stage == Stage::Parked,
            action: item.action,
            due: item.due,
            by: &item.by,
            frame: &item.frame,
        }
    }

    /// What is kept for an issuer, in figures: in a time that does not grow with it.
    pub fn saf_figures(&self, issuer: StationId) -> Figures {
        let alarm_after = self.plan.station(issuer).settings.issuing.saf_alarm_after.max(1);
        let queue = self.world.saf.items.queue(issuer);
        let (all, stopped) = queue.len();
        let (sent, held) = (u32::try_from(queue.outstanding()).expect("32 bits"), queue.held());
        Figures {
            waiting: all - stopped - sent,
            sent,
            parked: stopped - held,
            held,
            alarmed: queue.in_vain(alarm_after),
            oldest: queue.by_age((0, Stan(0))).next().map(|(utc, _)| utc),
        }
    }

    /// How many items are kept for an issuer at this worker, and how many of them are parked or held.
    pub fn saf_len(&self, issuer: StationId) -> (u32, u32) {
        self.world.saf.items.queue(issuer).len()
    }

    /// Items that this worker made and that are not at their end, and the most that these and the
    /// requests in flight may be.
    pub fn saf_fill(&self) -> (u32, u32) {
        (self.world.saf.open(), self.plan.limits.saf_max)
    }

    /// An operator wants something of an item.
    ///
    /// # Errors
    /// Why it was not done; nothing has changed then.
    pub fn handle_saf(
        &mut self,
        now: Now,
        issuer: StationId,
        stan: Stan,
        command: Command<'_>,
    ) -> Result<(), NotObeyed> {
        self.turn(now).on_command(issuer, stan, command)
    }
}

impl Turn<'_> {
    fn on_command(
        &mut self,
        issuer: StationId,
        stan: Stan,
        command: Command<'_>,
    ) -> Result<(), NotObeyed> {
        let stage = self.world.saf.items.of(issuer, stan).map(|item| item.stage);
        let stage = stage.ok_or(NotObeyed::Unknown)?;
        let stops = matches!(stage, Stage::Parked | Stage::Held);
        match command {
            Command::Hold { by } => {
                if stage == Stage::Held {
                    return Err(NotObeyed::NothingToDo);
                }
                self.turn_item(issuer, stan, ItemState::Held, by)
            }
            Command::Release { by } => {
                if !stops {
                    return Err(NotObeyed::NothingToDo);
                }
                self.turn_item(issuer, stan, ItemState::Released, by)
            }
            Command::Purge { by: [one, other] } => {
                check(one).and(check(other))?;
                if one == other && !breaks(Variant::PurgedByOne) {
                    return Err(NotObeyed::SameOperator);
                }
                let by = [one, other].join(", ");
                let (state, utc) = (ItemState::Purged, self.now.utc);
                let number = self.plan.number(issuer);
                let record = if breaks(Variant::PurgeUnrecorded) {
                    Record::Acknowledged { issuer: number, stan, action: 0x400, utc }
                } else {
                    Record::Item { issuer: number, stan, state, by: &by, utc }
                };
                if !self.end_item(issuer, stan, &record) {
                    return Err(NotObeyed::NoRoom);
                }
                self.count(Counter::SafPurged);
                Ok(())
            }
        }
    }

    /// Writes down that an item is held or released, and does it.
    fn turn_item(
        &mut self,
        issuer: StationId,
        stan: Stan,
        state: ItemState,
        by: &str,
    ) -> Result<(), NotObeyed> {
        check(by)?;
        let utc = self.now.utc;
        let record = Record::Item { issuer: self.plan.number(issuer), stan, state, by, utc };
        if !self.gate.enter_record(&record, ITEM_RECORD_MAX) {
            return Err(NotObeyed::NoRoom);
        }
        self.world.saf.items.turn(issuer, stan, state, by, self.now.boot);
        self.world.wake_items();
        Ok(())
    }
}

impl crate::saf::items::Items {
    /// One is held, parked or released, by an operator or before a start.
    pub(crate) fn turn(
        &mut self,
        issuer: StationId,
        stan: Stan,
        state: ItemState,
        by: &str,
        now: Time,
    ) {
        let turn = self.turn_of(issuer, stan);
        self.change(issuer, stan, |item| {
            (item.stage, item.due) = match state {
                ItemState::Held if breaks(Variant::HoldNotKept) => (turn, item.due),
                ItemState::Held => (Stage::Held, item.due),
                ItemState::Parked => (Stage::Parked, item.due),
                ItemState::Released | ItemState::Purged => (turn, now),
            };
            item.by = String::from(by);
        });
    }
}

/// A name must say who it is.
fn check(name: &str) -> Result<(), NotObeyed> {
    let fits = !name.trim().is_empty() && name.len() <= NAME_MAX;
    if fits { Ok(()) } else { Err(NotObeyed::Name) }
}
