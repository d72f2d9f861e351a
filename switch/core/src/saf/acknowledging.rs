//! An issuer's answer to what is kept for it (1130, 1230, 1330, 1430; 0130, 0230, 0430): does it end the
//! item, or is it sent again, or has somebody to look? Knows no link but by its number.
//!
//! | code (DE 39) | then |
//! |---|---|
//! | 000 to 099, 400, 480, 482, 900, 901, 913, 950 to 999 | done: it has it, or had it before |
//! | 300 to 399 to a file action, but for those below | done: the result is the issuer's word |
//! | 100 to 299 to an advice | done: it has it, and says what it thinks of it |
//! | 903, 905 to 907, 909 to 912, 920, 923; 305 to a file action | sent again |
//! | 902, 904, 914, 481, and every other | parked: sending it again will not help, somebody has to look |
//!
//! A reversal is done with nothing but the first row: an issuer that declines one has not taken the
//! sale back.

use codec::Message;

use crate::broken::{Variant, breaks};
use crate::codes;
use crate::counters::Counter;
use crate::gate::Purpose;
use crate::ids::{LinkId, Stan, StationId};
use crate::notices::{Notice, Unmatched};
use crate::records::{HEAD_MAX, ItemState, Record};
use crate::saf::code_text;
use crate::saf::items::{Item, Stage};
use crate::saf::sending::UNREADABLE;
use crate::turn::Turn;

/// What a code makes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Done,
    Again,
    Park,
}

/// What a code (DE 39 of 1993, three packed digits) in the answer to a message of this class makes of
/// it.
pub(crate) const fn verdict(class: u8, action: u16) -> Verdict {
    match (class, action) {
        (_, 0x000..=0x099 | 0x400 | 0x480 | 0x482 | 0x900 | 0x901 | 0x913 | 0x950..=0x999) => {
            Verdict::Done
        }
        (_, 0x903 | 0x905..=0x907 | 0x909..=0x912 | 0x920 | 0x923) | (3, 0x305) => Verdict::Again,
        (3, 0x304 | 0x307) => Verdict::Park,
        (1 | 2, 0x100..=0x299) | (3, 0x300..=0x399) => Verdict::Done,
        _ => Verdict::Park,
    }
}

impl Turn<'_> {
    /// An answer to an advice, on a link of an issuer.
    pub(crate) fn on_acknowledged(&mut self, link: LinkId, stan: Stan, message: &Message<'_>) {
        let issuer = self.plan.station_of(link);
        if self.world.saf.items.of(issuer, stan).is_none() {
            return self.waited_for_by_nobody(link, message, stan);
        }
        if let Err(why) = self.is_its_answer(issuer, stan, message) {
            return self.is_not_its_answer(link, stan, message, why);
        }
        let action = codes::verdict(message).and_then(|action| u16::try_from(action).ok());
        let Some(action) = action else {
            return self.is_not_its_answer(link, stan, message, Unmatched::NoActionCode);
        };
        self.is_forgiven(link);
        match verdict(message.mti().class(), action) {
            Verdict::Done => self.acknowledge(issuer, stan, action),
            Verdict::Again if breaks(Variant::HealingParked) => {
                self.park_item(issuer, stan, action);
            }
            Verdict::Park if breaks(Variant::RefusedNotParked) => {
                self.on_vain(issuer, stan, Some(action));
            }
            Verdict::Again => self.on_vain(issuer, stan, Some(action)),
            Verdict::Park => {
                self.park_item(issuer, stan, action);
            }
        }
    }

    /// Does an answer echo what was sent? Its STAN does, or it would not be looked at here.
    fn is_its_answer(
        &mut self,
        issuer: StationId,
        stan: Stan,
        message: &Message<'_>,
    ) -> Result<(), Unmatched> {
        let settings = &self.plan.station(issuer).settings;
        let saf = &mut self.world.saf;
        let item = saf.items.of(issuer, stan).expect("it was just found");
        if item.sends == 0 {
            // Nothing of it was ever sent.
            return Err(Unmatched::Unknown);
        }
        if item.made.mti.answer() != Some(message.mti()) {
            return Err(Unmatched::Mti);
        }
        if settings.dialect.decode(&item.frame, &mut saf.slots).is_err() {
            return Err(Unmatched::NothingToCompare);
        }
        let sent = saf.slots.message(&settings.dialect, &item.frame);
        let mut agreeing = 0;
        for field in settings.echoed.without(11).intersection(message.fields()) {
            match (field, sent.wire(field)) {
                // It is another one in every sending; an answer to any of them will do.
                (7, _) => agreeing += u32::from(is_a_stamp_of(item, message)),
                (_, None) => {}
                (_, Some(wire)) if message.wire(field) == Some(wire) => agreeing += 1,
                (_, Some(_)) => return Err(Unmatched::Differs(field)),
            }
        }
        if agreeing == 0 { Err(Unmatched::NothingToCompare) } else { Ok(()) }
    }

    fn is_not_its_answer(
        &mut self,
        link: LinkId,
        stan: Stan,
        message: &Message<'_>,
        why: Unmatched,
    ) {
        if !self.spends(link) {
            return;
        }
        self.count(Counter::UnmatchedDiffers);
        let mti = message.mti();
        self.tell(Notice::Unmatched { link, stan, mti, why, nearest: None });
    }

    /// The issuer has it: it is written down, and once that is committed its home is told.
    fn acknowledge(&mut self, issuer: StationId, stan: Stan, action: u16) {
        let record = Record::Acknowledged {
            issuer: self.plan.number(issuer),
            stan,
            action,
            utc: self.now.utc,
        };
        if self.end_item(issuer, stan, &record) {
            self.count(Counter::SafAcknowledged);
        } else {
            // It is sent again, and the issuer will say the same.
            self.count(Counter::AnswersLost);
        }
    }

    /// An item comes to its end with a record; false, and nothing has changed, when there is no room
    /// for it.
    pub(crate) fn end_item(&mut self, issuer: StationId, stan: Stan, record: &Record<'_>) -> bool {
        let purpose = Purpose::Done { issuer, stan };
        let write = |out: &mut [u8]| record.write(out).ok_or(());
        let entered = self.gate.enter_with(purpose, ITEM_RECORD_MAX, 0, write, |_| Ok(0));
        if entered.is_none() {
            return false;
        }
        assert!(entered == Some(Ok(())), "its longest length was told");
        self.world.saf.items.remove(issuer, stan);
        self.world.wake_items();
        true
    }

    /// Somebody has to look: it is not sent any more until an operator says so. True when that is
    /// written down; without room for that it is sent again instead.
    pub(crate) fn park_item(&mut self, issuer: StationId, stan: Stan, action: u16) -> bool {
        let text = code_text(action);
        let by = match action {
            UNREADABLE => "unreadable",
            _ => core::str::from_utf8(&text).expect("digits"),
        };
        let (state, utc) = (ItemState::Parked, self.now.utc);
        let record = Record::Item { issuer: self.plan.number(issuer), stan, state, by, utc };
        if !self.gate.enter_record(&record, HEAD_MAX) {
            self.on_vain(issuer, stan, Some(action));
            return false;
        }
        self.world.saf.items.change(issuer, stan, |item| {
            (item.stage, item.action) = (Stage::Parked, action);
            item.by = by.into();
        });
        self.world.wake_items();
        self.count(Counter::SafParked);
        self.tell(Notice::ItemParked { issuer, stan, action });
        true
    }
}

/// The most bytes of a record of an item: a head, and a text.
pub(crate) const ITEM_RECORD_MAX: usize = HEAD_MAX + 256;

/// Whether DE 7 of an answer is one that the item was sent with.
fn is_a_stamp_of(item: &Item, message: &Message<'_>) -> bool {
    let came = message.value(7).and_then(|came| came.packed());
    came.is_some_and(|came| item.was_sent_at(came))
}
