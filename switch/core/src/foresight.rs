//! Looks at what the next frames will need before they are handled: memory that is far away is then
//! asked for by all of them at once, and not by one after the other. Changes nothing and decides
//! nothing; where it guesses wrong, a little time is lost.
//!
//! With a million transactions in flight, the trace number of an answer and its transaction are each
//! somewhere else, and the second can only be looked for when the first is there. A processor waits
//! for many places at once when they stand close together in the program, so each step is taken for
//! all frames before the next one.

use codec::Place;

use crate::Core;
use crate::ids::{LinkId, Stan, StationId};
use crate::routing::padded;

/// Below so many transactions, all that is needed is near (1.5 MiB).
const FAR_FROM: u32 = 4_096;

/// The most frames that are looked at together.
pub const AHEAD_MAX: usize = 16;

/// No place of the table.
const NOWHERE: u32 = u32::MAX;

impl Core {
    /// Whether looking ahead pays.
    #[inline]
    pub fn foresees(&self) -> bool {
        self.world.table.used() >= FAR_FROM
    }

    /// Looks at what frames will need that are handed in soon, the first [`AHEAD_MAX`] of them. Card
    /// and trace number are looked for where the last message of the station had them. Gives the
    /// number of transactions that were found.
    pub fn foresee<'f>(&self, frames: impl Iterator<Item = (LinkId, &'f [u8])>) -> usize {
        let (mut cards, mut cards_len) = ([0; AHEAD_MAX], 0);
        let (mut stans, mut stans_len) = ([(StationId(0), Stan(0)); AHEAD_MAX], 0);
        for (link, frame) in frames.take(AHEAD_MAX) {
            let station = self.plan.station_of(link);
            let settings = &self.plan.station(station).settings;
            let [card_at, stan_at] = self.world.stations[station.index()].seen_at;
            let value = |field, at: Place| settings.dialect.value_in(field, at.among(frame, 0)?);
            if settings.role.acquires()
                && let Some(card) = value(2, card_at)
                && let Some(number) = card.number()
                && let Some(padded) = padded(number, usize::from(card.units()))
            {
                cards[cards_len] = padded;
                cards_len += 1;
            }
            if settings.role.issues()
                && let Some(stan) = value(11, stan_at).and_then(|stan| stan.number())
                && let Ok(stan) = u32::try_from(stan)
            {
                stans[stans_len] = (station, Stan(stan));
                stans_len += 1;
            }
        }
        self.plan.routes.approach(&cards[..cards_len]);
        let mut slots = [NOWHERE; AHEAD_MAX];
        for (slot, &(station, stan)) in slots.iter_mut().zip(&stans[..stans_len]) {
            let stans = self.world.stations[station.index()].stans.as_ref();
            *slot = stans.and_then(|stans| stans.slot(stan)).unwrap_or(NOWHERE);
        }
        self.world.table.approach(&slots[..stans_len]);
        slots.iter().filter(|&&slot| slot != NOWHERE).count()
    }
}
