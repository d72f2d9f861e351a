//! What is written down before anything leaves: one record a step. Versioned, little-endian, free
//! of card data. Knows nothing of where it is written.

use codec::Mti;

use crate::ids::{LinkId, RouteId, Stan, StationId};
use crate::time::Time;

/// The version of this form of the records.
pub const VERSION: u8 = 1;

/// The most bytes that a record takes.
pub const RECORD_MAX: usize = 48;

/// One step of one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// A request was admitted and is forwarded.
    Decision {
        /// Who asked, and on which link.
        acquirer: StationId,
        /// The link of the request.
        link: LinkId,
        /// Who is asked.
        issuer: StationId,
        /// The request's MTI.
        mti: Mti,
        /// The route that was taken.
        route: RouteId,
        /// Our STAN towards the issuer.
        stan: Stan,
        /// The DE 7 that goes with it, ten packed digits.
        sent_at: u64,
        /// When the request arrived.
        arrived: Time,
    },
    /// The issuer's answer was accepted and is passed on.
    Settlement {
        /// Who answered.
        issuer: StationId,
        /// Our STAN.
        stan: Stan,
        /// DE 39, three packed digits.
        action: u16,
        /// When the answer arrived.
        at: Time,
    },
    /// No answer in time; the acquirer gets 911.
    Expiry {
        /// Who did not answer.
        issuer: StationId,
        /// Our STAN.
        stan: Stan,
        /// When.
        at: Time,
    },
    /// No byte of the request left; the acquirer gets 907.
    Unsent {
        /// Who was to be asked.
        issuer: StationId,
        /// Our STAN.
        stan: Stan,
        /// When that was known.
        at: Time,
    },
    /// The issuer's answer can not be said in the acquirer's format; the acquirer gets 909. Where
    /// the issuer approved, it knows of a sale that the acquirer does not.
    Undelivered {
        /// Who answered.
        issuer: StationId,
        /// Our STAN.
        stan: Stan,
        /// DE 39 of the issuer, three packed digits.
        action: u16,
        /// When the answer arrived.
        at: Time,
    },
}

impl Record {
    /// Writes the record: version, kind, then its fields in the order above. Gives its length.
    pub fn write(&self, out: &mut [u8; RECORD_MAX]) -> usize {
        let mut to = Cursor { bytes: out, at: 0 };
        to.put([VERSION]);
        match *self {
            Self::Decision { acquirer, link, issuer, mti, route, stan, sent_at, arrived } => {
                to.put([1]);
                to.put(acquirer.0.to_le_bytes());
                to.put(link.0.to_le_bytes());
                to.put(issuer.0.to_le_bytes());
                to.put(mti.bcd().to_le_bytes());
                to.put(route.0.to_le_bytes());
                to.put(stan.0.to_le_bytes());
                to.put(sent_at.to_le_bytes());
                to.put(arrived.0.to_le_bytes());
            }
            Self::Settlement { issuer, stan, action, at } => {
                to.answer(2, issuer, stan, action, at);
            }
            Self::Expiry { issuer, stan, at } => to.ending(3, issuer, stan, at),
            Self::Unsent { issuer, stan, at } => to.ending(4, issuer, stan, at),
            Self::Undelivered { issuer, stan, action, at } => {
                to.answer(5, issuer, stan, action, at);
            }
        }
        to.at
    }

    /// Reads a record back; none when it is not one of this version, whole and alone.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader { bytes };
        if from.take::<1>()? != [VERSION] {
            return None;
        }
        let [kind] = from.take()?;
        let record = match kind {
            1 => Self::Decision {
                acquirer: StationId(u16::from_le_bytes(from.take()?)),
                link: LinkId(u32::from_le_bytes(from.take()?)),
                issuer: StationId(u16::from_le_bytes(from.take()?)),
                mti: Mti::new(u16::from_le_bytes(from.take()?))?,
                route: RouteId(u32::from_le_bytes(from.take()?)),
                stan: Stan(u32::from_le_bytes(from.take()?)),
                sent_at: u64::from_le_bytes(from.take()?),
                arrived: Time(u64::from_le_bytes(from.take()?)),
            },
            2 | 5 => {
                let issuer = StationId(u16::from_le_bytes(from.take()?));
                let stan = Stan(u32::from_le_bytes(from.take()?));
                let action = u16::from_le_bytes(from.take()?);
                let at = Time(u64::from_le_bytes(from.take()?));
                if kind == 2 {
                    Self::Settlement { issuer, stan, action, at }
                } else {
                    Self::Undelivered { issuer, stan, action, at }
                }
            }
            3 | 4 => {
                let issuer = StationId(u16::from_le_bytes(from.take()?));
                let stan = Stan(u32::from_le_bytes(from.take()?));
                let at = Time(u64::from_le_bytes(from.take()?));
                if kind == 3 {
                    Self::Expiry { issuer, stan, at }
                } else {
                    Self::Unsent { issuer, stan, at }
                }
            }
            _ => return None,
        };
        from.bytes.is_empty().then_some(record)
    }
}

struct Cursor<'a> {
    bytes: &'a mut [u8; RECORD_MAX],
    at: usize,
}

impl Cursor<'_> {
    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.bytes[self.at..self.at + N].copy_from_slice(&bytes);
        self.at += N;
    }

    fn answer(&mut self, kind: u8, issuer: StationId, stan: Stan, action: u16, at: Time) {
        self.put([kind]);
        self.put(issuer.0.to_le_bytes());
        self.put(stan.0.to_le_bytes());
        self.put(action.to_le_bytes());
        self.put(at.0.to_le_bytes());
    }

    fn ending(&mut self, kind: u8, issuer: StationId, stan: Stan, at: Time) {
        self.put([kind]);
        self.put(issuer.0.to_le_bytes());
        self.put(stan.0.to_le_bytes());
        self.put(at.0.to_le_bytes());
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each() -> [Record; 5] {
        let (issuer, stan, at) = (StationId(3), Stan(900_001), Time(u64::MAX - 1));
        [
            Record::Decision {
                acquirer: StationId(1),
                link: LinkId(70_000),
                issuer,
                mti: Mti::of(0x1200),
                route: RouteId(99_999),
                stan,
                sent_at: 0x0011_2105_2030,
                arrived: at,
            },
            Record::Settlement { issuer, stan, action: 0x116, at },
            Record::Expiry { issuer, stan, at },
            Record::Unsent { issuer, stan, at },
            Record::Undelivered { issuer, stan, action: 0x000, at },
        ]
    }

    #[test]
    fn every_record_reads_back_as_it_was_written() {
        for record in each() {
            let mut bytes = [0; RECORD_MAX];
            let len = record.write(&mut bytes);
            assert_eq!(Record::read(&bytes[..len]), Some(record));
        }
    }

    #[test]
    fn no_two_records_are_of_one_kind() {
        let kinds = each().map(|record| {
            let mut bytes = [0; RECORD_MAX];
            record.write(&mut bytes);
            bytes[1]
        });
        assert_eq!(kinds, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_record_cut_short_or_of_another_version_is_not_read() {
        for record in each() {
            let mut bytes = [0; RECORD_MAX];
            let len = record.write(&mut bytes);
            for cut in 0..len {
                assert_eq!(Record::read(&bytes[..cut]), None);
            }
            assert_eq!(Record::read(&[&bytes[..len], &[0][..]].concat()), None);
            bytes[0] = VERSION + 1;
            assert_eq!(Record::read(&bytes[..len]), None);
        }
    }
}
