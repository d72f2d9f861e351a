//! What workers say to each other: a request to send for another, an answer that came for
//! another, a request that could not be sent, whether an issuer can be reached, what is kept for an
//! issuer and that it is no more. Knows no lane.

use codec::Slots;

use crate::counters::Counter;
use crate::ids::{LinkId, SlotId, Stan, StationId, WorkerId};
use crate::late;
use crate::notices::Notice;
use crate::outlet::Outlet;
use crate::refusal::Refusal;
use crate::stations::Usable;
use crate::time::Time;
use crate::turn::Turn;

/// Bytes in front of a message between workers: kind (1), flag (1), station (2), link or STAN (4),
/// slot (4), generation (4), until when it may leave (8).
pub const HEAD: usize = 24;

/// A message between workers; requests and answers are followed by their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Send the request that follows to an issuer, for the transaction in this slot of mine, until then.
    Request { issuer: StationId, slot: SlotId, until: Time },
    /// The answer that follows came on this link for you.
    Answer { link: LinkId },
    /// No byte of your request left.
    Returned { slot: SlotId },
    /// Whether requests can be sent to an issuer of mine.
    Told { issuer: StationId, usable: Usable },
    /// Bring the item that follows to an issuer of yours.
    Queue { issuer: StationId, stan: Stan },
    /// The item with this STAN of yours is at its end.
    ItemDone { issuer: StationId, stan: Stan },
    /// I am stopping, and every transaction of mine has its answer.
    Settled,
}

impl Word {
    fn kind(self) -> u8 {
        match self {
            Self::Request { .. } => 1,
            Self::Answer { .. } => 2,
            Self::Returned { .. } => 3,
            Self::Told { .. } => 4,
            Self::Settled => 5,
            Self::Queue { .. } => 6,
            Self::ItemDone { .. } => 7,
        }
    }

    pub(crate) fn write(self) -> [u8; HEAD] {
        let (kind, mut flag, mut station, mut link) = (self.kind(), 0, 0, 0);
        let (mut slot, mut time) = (SlotId { index: 0, generation: 0 }, Time(0));
        match self {
            Self::Request { issuer, slot: of, until } => {
                (station, slot, time) = (issuer.0, of, until);
            }
            Self::Answer { link: on } => link = on.0,
            Self::Returned { slot: of } => slot = of,
            Self::Settled => {}
            Self::Queue { issuer, stan } | Self::ItemDone { issuer, stan } => {
                (station, link) = (issuer.0, stan.0);
            }
            Self::Told { issuer, usable } => {
                station = issuer.0;
                flag = match usable {
                    Usable::Ready => 1,
                    Usable::LinkDown => 2,
                    Usable::SignedOff => 3,
                };
            }
        }
        let mut head = [0; HEAD];
        (head[0], head[1]) = (kind, flag);
        head[2..4].copy_from_slice(&u16::to_le_bytes(station));
        head[4..8].copy_from_slice(&u32::to_le_bytes(link));
        head[8..12].copy_from_slice(&slot.index.to_le_bytes());
        head[12..16].copy_from_slice(&slot.generation.to_le_bytes());
        head[16..24].copy_from_slice(&time.0.to_le_bytes());
        head
    }

    pub(crate) fn read(message: &[u8]) -> Option<(Self, &[u8])> {
        let (head, body) = message.split_first_chunk::<HEAD>()?;
        let long =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let station = StationId(u16::from_le_bytes([head[2], head[3]]));
        let slot = SlotId { index: long(8), generation: long(12) };
        let word = match (head[0], head[1]) {
            (1, _) => {
                let until = Time(u64::from(long(16)) | u64::from(long(20)) << 32);
                Self::Request { issuer: station, slot, until }
            }
            (2, _) => Self::Answer { link: LinkId(long(4)) },
            (3, _) => Self::Returned { slot },
            (5, _) => Self::Settled,
            (6, _) => Self::Queue { issuer: station, stan: Stan(long(4)) },
            (7, _) => Self::ItemDone { issuer: station, stan: Stan(long(4)) },
            (4, 1) => Self::Told { issuer: station, usable: Usable::Ready },
            (4, 2) => Self::Told { issuer: station, usable: Usable::LinkDown },
            (4, 3) => Self::Told { issuer: station, usable: Usable::SignedOff },
            _ => return None,
        };
        Some((word, body))
    }
}

impl Turn<'_> {
    pub(crate) fn on_peer(
        &mut self,
        from: WorkerId,
        message: &[u8],
        slots: &mut Slots,
        outlet: &mut impl Outlet,
    ) {
        match Word::read(message) {
            Some((Word::Request { until, slot, .. }, _)) if late::is_late(until, self.now) => {
                self.count(Counter::LateDropped);
                self.give_back(from, slot, outlet);
            }
            Some((Word::Request { issuer, slot, until }, wire)) => {
                self.send_request(issuer, (from, slot, until), wire, outlet);
            }
            Some((Word::Answer { link }, frame)) => self.on_carried_answer(link, frame, slots),
            Some((Word::Returned { slot }, _)) => self.on_unsent(slot, Refusal::Unsent),
            Some((Word::Queue { issuer, stan }, made)) => {
                self.world.on_item(issuer, stan, made);
            }
            Some((Word::ItemDone { issuer, stan }, _)) => self.on_item_done(issuer, stan),
            Some((Word::Settled, _)) => self.on_peer_settled(from),
            Some((Word::Told { issuer, usable }, _)) => {
                self.world.stations[issuer.index()].on_told(usable);
            }
            None => {
                self.count(Counter::PeerMalformed);
                self.tell(Notice::PeerMalformed { from });
            }
        }
    }

    fn on_carried_answer(&mut self, link: LinkId, frame: &[u8], slots: &mut Slots) {
        let plan = self.plan;
        let issuer = plan.station_of(link);
        let dialect = &plan.station(issuer).settings.dialect;
        if dialect.decode(frame, slots).is_err() {
            // The worker of the link has read it before.
            return self.count(Counter::PeerMalformed);
        }
        let message = slots.message(dialect, frame);
        let stan = message.value(11).and_then(|value| value.number());
        let stan = Stan(stan.and_then(|stan| u32::try_from(stan).ok()).unwrap_or_default());
        self.on_answer_at_home(issuer, link, stan, &message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_as_it_was_written_with_what_follows() {
        let slot = SlotId { index: 70_000, generation: u32::MAX };
        for word in [
            Word::Request { issuer: StationId(65_000), slot, until: Time(u64::MAX - 2) },
            Word::Answer { link: LinkId(70_000) },
            Word::Returned { slot },
            Word::Settled,
            Word::Queue { issuer: StationId(3), stan: Stan(998_999) },
            Word::ItemDone { issuer: StationId(3), stan: Stan(1) },
            Word::Told { issuer: StationId(2), usable: Usable::Ready },
            Word::Told { issuer: StationId(2), usable: Usable::LinkDown },
            Word::Told { issuer: StationId(2), usable: Usable::SignedOff },
        ] {
            let message = [&word.write()[..], b"body"].concat();
            assert_eq!(Word::read(&message), Some((word, &b"body"[..])));
            assert_eq!(Word::read(&message[..HEAD - 1]), None);
        }
        assert_eq!(Word::read(&[9; HEAD]), None);
    }
}
