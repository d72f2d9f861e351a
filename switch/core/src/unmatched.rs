//! An answer that nobody waits for: dropped, and told with the pending transaction that it is
//! nearest to, for whoever has to find out what the other side does. Changes nothing but counters.

use codec::Message;

use crate::counters::Counter;
use crate::ids::{LinkId, SlotId, Stan, StationId};
use crate::notices::{Nearest, Notice, Unmatched};
use crate::pending::Pending;
use crate::turn::Turn;

/// How many other stations are looked at for the same STAN.
const STATIONS_LOOKED_MAX: usize = 64;
/// How many of the station's own transactions are looked at, from the one that waits longest.
const PENDING_LOOKED_MAX: usize = 64;

/// A pending transaction beside an answer.
struct Likeness {
    pending: Pending,
    /// How many of the fields that an answer echoes agree.
    agreeing: u32,
    /// The first that does not.
    differs: Option<u8>,
}

impl Likeness {
    /// Whether all that came back, the STAN and more, was sent to another station.
    fn is_of_another(&self, station: StationId) -> bool {
        self.pending.issuer != station && self.differs.is_none() && self.agreeing > 1
    }
}

impl Turn<'_> {
    /// An answer with the STAN of a transaction of its station that it does not answer.
    pub(crate) fn differs(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        pending: &Pending,
        why: Unmatched,
    ) {
        if !self.spends(link) {
            return;
        }
        self.count(Counter::UnmatchedDiffers);
        let differs = if let Unmatched::Differs(field) = why { Some(field) } else { None };
        let (issuer, stan) = (pending.issuer, pending.stan);
        let nearest = Some(Nearest { issuer, stan, differs });
        self.tell(Notice::Unmatched { link, stan, mti: message.mti(), why, nearest });
    }

    /// An answer with a STAN by which nothing of its station waits.
    pub(crate) fn waited_for_by_nobody(&mut self, link: LinkId, message: &Message<'_>, stan: Stan) {
        if !self.spends(link) {
            return;
        }
        let station = self.plan.station_of(link);
        let here = self.world.stations[station.index()].stans.as_ref();
        let nearest = self.nearest(station, message, stan);
        let (why, counter) = if here.is_some_and(|stans| stans.was_answered(stan)) {
            (Unmatched::Second, Counter::UnmatchedSecond)
        } else if nearest.as_ref().is_some_and(|like| like.is_of_another(station)) {
            (Unmatched::OtherStation, Counter::UnmatchedOtherStation)
        } else {
            (Unmatched::Unknown, Counter::UnmatchedUnknown)
        };
        self.count(counter);
        let nearest = nearest.map(|Likeness { pending, differs, .. }| Nearest {
            issuer: pending.issuer,
            stan: pending.stan,
            differs,
        });
        self.tell(Notice::Unmatched { link, stan, mti: message.mti(), why, nearest });
    }

    /// The transaction that an answer is most like, of those with its STAN at another station and
    /// of those that have waited longest for this one; none when it is like none of them. Looks at a
    /// bounded number, and only where an answer is dropped within its link's budget.
    fn nearest(&self, station: StationId, message: &Message<'_>, stan: Stan) -> Option<Likeness> {
        let world = &*self.world;
        let elsewhere = world.stations.iter().filter_map(|other| other.stans.as_ref());
        let elsewhere = elsewhere
            .take(STATIONS_LOOKED_MAX)
            .filter_map(|stans| world.table.at(stans.slot(stan)?));
        let here = &world.stations[station.index()].in_flight;
        let here = world.table.waiting(here).take(PENDING_LOOKED_MAX);
        let mut best: Option<Likeness> = None;
        for (slot, pending) in elsewhere.chain(here) {
            let like = self.likeness(slot, pending, message, stan);
            if like.agreeing > best.as_ref().map_or(0, |best| best.agreeing) {
                best = Some(like);
            }
        }
        best
    }

    fn likeness(
        &self,
        slot: SlotId,
        pending: &Pending,
        message: &Message<'_>,
        stan: Stan,
    ) -> Likeness {
        let echoed = self.plan.station(pending.issuer).settings.echoed;
        let mut like = Likeness { pending: *pending, agreeing: 0, differs: None };
        for field in echoed.intersection(message.fields()).with(11) {
            let agrees = match field {
                11 => Some(pending.stan == stan),
                _ => self.echoes(slot, pending, message, field, false),
            };
            match agrees {
                Some(true) => like.agreeing += 1,
                Some(false) => like.differs = like.differs.or(Some(field)),
                None => {}
            }
        }
        like
    }
}
