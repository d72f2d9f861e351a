//! When what is kept for an issuer is sent, and how: first as xx20, whole as it was made, later as xx21
//! with a fresh DE 7. What names it later names the DE 7 with which it was made (DE 90 of 1987), however
//! long it waited for its issuer. Knows no socket.
//!
//! | bound | setting |
//! |---|---|
//! | items that wait for their acknowledgement at once | `saf_window` |
//! | how long one holds a place in the window | the station's `timeout` |
//! | from a send in vain to the next of the same item | `saf_retry` |
//! | between two sends of any items | a second through `saf_rate` |
//! | between two items that are sent again | `saf_gap` |
//! | sends in vain until somebody is told | `saf_alarm_after` |
//!
//! Nothing is sent while the issuer has no link, is signed off (802), or said that it is not available
//! (803), and nothing once this node signs off. What was silent gives its place in the window to others
//! before it is its turn again, so that one item that is never answered holds up no other.

use core::time::Duration;

use codec::{Fields, Message, Mti, WriteError, Writer};

use crate::broken::{Variant, breaks};
use crate::counters::Counter;
use crate::gate::{Purpose, Service};
use crate::ids::{Stan, StationId};
use crate::network::Drain;
use crate::notices::Notice;
use crate::saf::items::{Item, Items, Made, Stage};
use crate::stations::Usable;
use crate::time::Time;
use crate::turn::{Turn, World};

/// When to try again what the gate had no room for.
const ENTER_AGAIN: Duration = Duration::from_millis(10);
/// Items looked at in one go; the rest waits for the next turn, so that a turn stays short.
const PER_TURN_MAX: usize = 256;
/// Bytes that a fresh DE 7 can add to a frame: none, and something for good measure.
const MORE: usize = 8;
/// What is told of an item that can not be read any more: no action code.
pub(crate) const UNREADABLE: u16 = 0;

/// The MTI of a message that is sent again.
pub(crate) fn repeated(mti: Mti) -> Mti {
    Mti::new(mti.bcd() | 1).expect("an odd digit is one")
}

impl World {
    /// An item for an issuer of ours came from its home.
    pub(crate) fn on_item(&mut self, issuer: StationId, stan: Stan, bytes: &[u8]) {
        match Made::read(bytes) {
            Some((made, frame)) => {
                self.take_in_item((issuer, stan), made, frame, 0);
                self.wake_items();
            }
            None => self.counters.count(Counter::PeerMalformed),
        }
    }

    /// Whether an item that leaves the gate is still to be sent.
    pub(crate) fn item_leaves(&self, issuer: StationId, stan: Stan) -> bool {
        let item = self.saf.items.of(issuer, stan);
        item.is_some_and(|item| item.stage == Stage::Leaving)
    }

    /// Takes an item in that was sent so often before.
    pub(crate) fn take_in_item(
        &mut self,
        (issuer, stan): (StationId, Stan),
        made: Made,
        frame: &[u8],
        sends: u32,
    ) {
        let is_new = self.saf.items.take_in((issuer, stan), made, frame, sends);
        assert!(is_new, "a STAN in use is not given to another item");
    }
}

impl Turn<'_> {
    /// Sends what is due, and ends waits that were long enough.
    pub(crate) fn on_items_time(&mut self) {
        if self.now.boot < self.world.saf.wake {
            return;
        }
        let mut left = PER_TURN_MAX;
        let mut wake = Time::NEVER;
        for place in 0..self.world.stations.len() {
            let issuer = StationId(u16::try_from(place).expect("stations are counted"));
            if !self.world.saf.items.queue(issuer).is_empty() {
                wake = wake.min(self.work_on(issuer, &mut left));
            }
        }
        self.world.saf.wake = if left == 0 { Time(0) } else { wake };
    }

    /// Works on the items of one issuer, and says when to do so again.
    fn work_on(&mut self, issuer: StationId, left: &mut usize) -> Time {
        while let Some(stan) = self.world.saf.items.queue(issuer).silent(self.now.boot) {
            let Some(less) = left.checked_sub(1) else { return Time(0) };
            *left = less;
            self.on_vain(issuer, stan, None);
        }
        self.shorten_retries(issuer, left);
        let window = self.plan.station(issuer).settings.issuing.saf_window;
        let window = usize::try_from(window).expect("32 bits").max(1);
        loop {
            let queue = self.world.saf.items.queue(issuer);
            let silent = queue.next_silent();
            let is_full = queue.outstanding() >= window && !breaks(Variant::WindowExceeded);
            if !self.may_send(issuer) || is_full {
                return silent;
            }
            let Some((due, stan)) = queue.next() else { return silent };
            if due > self.now.boot {
                return due.min(silent);
            }
            let Some(less) = left.checked_sub(1) else { return Time(0) };
            *left = less;
            if !self.enter_item(issuer, stan) {
                return self.now.boot + ENTER_AGAIN;
            }
        }
    }

    /// None waits for longer than was agreed, and no send: only where less was agreed meanwhile is there
    /// something to do.
    fn shorten_retries(&mut self, issuer: StationId, left: &mut usize) {
        let (now, issuing) = (self.now.boot, &self.plan.station(issuer).settings.issuing);
        let items = &mut self.world.saf.items;
        let latest = now + issuing.saf_retry;
        let last =
            |items: &Items| items.queue(issuer).last_again().filter(|(due, _)| *due > latest);
        while let Some((_, stan)) = last(items) {
            let Some(less) = left.checked_sub(1) else { break };
            *left = less;
            items.change(issuer, stan, |item| item.due = latest);
        }
        let queue = items.queue_mut(issuer);
        queue.next = queue.next.min(now + Duration::from_secs(1));
        queue.next_again = queue.next_again.min(now + issuing.saf_gap);
    }

    /// Whether items may be sent to an issuer now.
    fn may_send(&self, issuer: StationId) -> bool {
        let now = &self.world.stations[issuer.index()];
        let serves = matches!(self.world.drain, Drain::Serving | Drain::Settling);
        let pauses = now.unavailable && !breaks(Variant::SentToPausing);
        let may = now.usable() == Usable::Ready && !pauses && !self.plan.station(issuer).retired;
        serves && (may || breaks(Variant::SentToSignedOff))
    }

    /// Enters the next sending of an item; false when the gate has no room.
    fn enter_item(&mut self, issuer: StationId, stan: Stan) -> bool {
        let (plan, fresh) = (self.plan, self.world.stamp.transmission());
        let settings = &plan.station(issuer).settings;
        let saf = &mut self.world.saf;
        let item = saf.items.of(issuer, stan).expect("it waits in a line");
        let dialect = &settings.dialect;
        if dialect.decode(&item.frame, &mut saf.slots).is_err() {
            // The station was of another dialect when it was made.
            return self.park_item(issuer, stan, UNREADABLE);
        }
        let kept = saf.slots.message(dialect, &item.frame);
        let is_new = item.sends == 0 || breaks(Variant::SentAgainAsNew);
        let mti = if is_new { item.made.mti } else { repeated(item.made.mti) };
        let is_first = item.sends == 0;
        let made_at = kept.value(7).and_then(|made| made.packed()).unwrap_or(fresh);
        let stamp = if is_first { made_at } else { fresh };
        let longest = item.frame.len() + MORE;
        if !self.gate.admits_as(Service::Stored, longest) {
            return false;
        }
        let purpose = Purpose::Item { issuer, stan };
        let entered = self
            .gate
            .enter::<WriteError>(purpose, None, longest, |out| write_again(&kept, mti, stamp, out));
        match entered {
            None => return false,
            Some(Err(_)) => return self.park_item(issuer, stan, UNREADABLE),
            Some(Ok(())) => {}
        }
        saf.items.change(issuer, stan, |item| {
            item.stage = Stage::Leaving;
            item.sends = item.sends.saturating_add(1);
            item.stamps = [made_at, stamp];
        });
        let rate = settings.issuing.saf_rate.max(1);
        let queue = saf.items.queue_mut(issuer);
        if !breaks(Variant::RateExceeded) {
            queue.next = self.now.boot + Duration::from_secs(1) / rate;
        }
        if !is_first && !breaks(Variant::GapIgnored) {
            queue.next_again = self.now.boot + settings.issuing.saf_gap;
        }
        self.count(if is_first { Counter::SafSent } else { Counter::SafSentAgain });
        true
    }

    /// An item was sent, or no byte of it could be.
    pub(crate) fn on_item_left(&mut self, issuer: StationId, stan: Stan, sent: bool) {
        let (now, timeout) = (self.now.boot, self.plan.station(issuer).settings.timeout);
        let world = &mut *self.world;
        world.saf.items.change(issuer, stan, |item| {
            // Held or parked in the gate, it is as little sent as what no socket took.
            item.sends -= u32::from(!sent);
            if item.stage != Stage::Leaving {
                return;
            }
            if sent {
                (item.stage, item.sent, item.due) = (Stage::Awaited, now, now + timeout);
            } else {
                (item.stage, item.due) = (Stage::Waiting, now);
            }
        });
        if !sent {
            let queue = world.saf.items.queue_mut(issuer);
            queue.next = queue.next.max(now + ENTER_AGAIN);
        }
        world.wake_items();
    }

    /// An item was given to a socket, which took no byte of it, and is taken back: it was not sent.
    pub(crate) fn on_item_withdrawn(&mut self, issuer: StationId, stan: Stan) {
        let now = self.now.boot;
        self.world.saf.items.change(issuer, stan, |item| {
            item.sends = item.sends.saturating_sub(1);
            if item.stage == Stage::Awaited {
                (item.stage, item.due) = (Stage::Waiting, now);
            }
        });
        self.world.wake_items();
    }

    /// A send was in vain: nobody answered, or with a code that may heal (`action`). It is sent again
    /// later.
    pub(crate) fn on_vain(&mut self, issuer: StationId, stan: Stan, action: Option<u16>) {
        let settings = &self.plan.station(issuer).settings.issuing;
        let (retry, alarm) = (settings.saf_retry, settings.saf_alarm_after.max(1));
        let saf = &mut self.world.saf;
        let mut failures = 0;
        saf.items.change(issuer, stan, |item| {
            item.failures = item.failures.saturating_add(1);
            item.action = action.unwrap_or(item.action);
            // What was held meanwhile stays so.
            if matches!(item.stage, Stage::Awaited | Stage::Leaving) {
                let retry = if breaks(Variant::RetriedAtOnce) { Duration::ZERO } else { retry };
                (item.stage, item.due) = (Stage::Waiting, item.sent + retry);
            }
            failures = item.failures;
        });
        self.world.wake_items();
        self.count(Counter::SafInVain);
        if failures > 1 && breaks(Variant::ReversalExpires) {
            self.world.saf.items.remove(issuer, stan);
        }
        if failures == alarm && !breaks(Variant::AlarmUntold) {
            self.count(Counter::SafAlarms);
            self.tell(Notice::ItemFails { issuer, stan, failures });
        }
    }
}

/// The kept message as it is sent now: this MTI and this DE 7, all else as it was made.
fn write_again(
    kept: &Message<'_>,
    mti: Mti,
    stamp: u64,
    out: &mut [u8],
) -> Result<usize, WriteError> {
    let fields: Fields = kept.fields();
    let mut writer = Writer::new(kept.dialect(), out, mti, fields)?;
    for field in fields {
        match kept.wire(field) {
            Some(_) if field == 11 && mti.is_repeat() && breaks(Variant::SentAgainUnderOther) => {
                writer.put_packed(11, 0x98_7654, 6)?;
            }
            Some(_) if field == 25 && mti.is_repeat() && breaks(Variant::ReasonChanged) => {
                writer.put_packed(25, 0x4006, 4)?;
            }
            Some(_) if field == 4 && mti.is_repeat() && breaks(Variant::SentAgainChanged) => {
                writer.put_packed(4, 1, 12)?;
            }
            Some(wire) if field != 7 || breaks(Variant::SentAgainWithStamp) => {
                writer.put_wire(field, wire)?;
            }
            _ => writer.put_packed(7, stamp, 10)?,
        }
    }
    writer.finish()
}

impl Item {
    /// Whether a DE 7 is that of its first sending or of its last.
    pub(crate) fn was_sent_at(&self, stamp: u64) -> bool {
        self.stamps.contains(&stamp)
    }
}
