//! Bytes become a record, or the reason why they are none. Knows no writer of them.

use codec::{Fields, Mti};

use super::counts::EACH;
use super::{Delivery, Deltas, ItemState, OLDEST, Passed, Record, TakesBack, Unreadable, VERSION};
use crate::identity::HashKey;
use crate::ids::{LinkNumber, RouteId, Stan, StationNumber};
use crate::time::Time;

impl<'a> Record<'a> {
    /// Reads a record of this version, or of one that says the same in the same form, whole and alone.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let mut from = Reader { bytes, kind: 0 };
        let [version] = from.take()?;
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(Unreadable::Version(version));
        }
        [from.kind] = from.take()?;
        let record = match from.kind {
            1 => from.decision()?,
            2..=6 => from.outcome()?,
            7..=13 => from.rare()?,
            14..=18 => from.kept()?,
            19 => Record::Pulse,
            20 => from.command()?,
            21..=23 => from.of_two_sites()?,
            kind => return Err(Unreadable::Kind(kind)),
        };
        match from.bytes.len() {
            0 => Ok(record),
            left => Err(Unreadable::Long { kind: from.kind, left }),
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    kind: u8,
}

impl<'a> Reader<'a> {
    fn decision(&mut self) -> Result<Record<'a>, Unreadable> {
        Ok(Record::Decision {
            acquirer: StationNumber(self.short()?),
            link: LinkNumber(self.word()?),
            issuer: StationNumber(self.short()?),
            mti: self.mti()?,
            route: RouteId(self.word()?),
            stan: Stan(self.word()?),
            sent_at: self.long()?,
            arrived: Time(self.long()?),
            utc: self.long()?,
            configuration: self.word()?,
            key: u128::from_le_bytes(self.take()?),
            check: self.long()?,
            reference: self.long()?,
            present: self.fields()?,
            inputs: self.frame()?,
        })
    }

    fn outcome(&mut self) -> Result<Record<'a>, Unreadable> {
        let (issuer, stan) = (StationNumber(self.short()?), Stan(self.word()?));
        if self.kind == 6 {
            return Ok(Record::Closed { issuer, stan, utc: self.long()? });
        }
        let action = if matches!(self.kind, 2 | 5) { self.short()? } else { 0 };
        let (at, utc) = (Time(self.long()?), self.long()?);
        Ok(match self.kind {
            2 => Record::Settlement { issuer, stan, action, at, utc, answer: self.frame()? },
            3 => Record::Expiry { issuer, stan, at, utc },
            4 => Record::Unsent { issuer, stan, at, utc },
            _ => Record::Undelivered { issuer, stan, action, at, utc },
        })
    }

    fn rare(&mut self) -> Result<Record<'a>, Unreadable> {
        Ok(match self.kind {
            7 => Record::Station {
                number: StationNumber(self.short()?),
                name: self.text("name")?,
                dialect: self.text("dialect")?,
            },
            8 => Record::Links {
                station: StationNumber(self.short()?),
                from: LinkNumber(self.word()?),
                count: self.word()?,
            },
            9 => Record::SignOn {
                station: StationNumber(self.short()?),
                on: match self.take()? {
                    [0] => false,
                    [1] => true,
                    _ => return Err(self.wrong("state")),
                },
                at: Time(self.long()?),
                utc: self.long()?,
            },
            10 => Record::Configuration {
                number: self.word()?,
                digest: self.take()?,
                utc: self.long()?,
            },
            11 => {
                Record::Start { epoch: self.word()?, utc: self.long()?, build: self.text("build")? }
            }
            13 => Record::HashKey { key: HashKey(self.take()?) },
            _ => {
                let deltas = Deltas(self.frame()?);
                if !deltas.0.len().is_multiple_of(EACH) {
                    return Err(self.wrong("list of counters"));
                }
                Record::Counts { deltas }
            }
        })
    }

    fn command(&mut self) -> Result<Record<'a>, Unreadable> {
        Ok(Record::Command {
            uid: self.word()?,
            role: self.take::<1>()?[0],
            utc: self.long()?,
            who: self.text("name")?,
            what: self.text("command")?,
            outcome: self.text("outcome")?,
        })
    }

    /// What is kept for an issuer and what has to do with it.
    fn kept(&mut self) -> Result<Record<'a>, Unreadable> {
        Ok(match self.kind {
            14 => Record::Queued {
                issuer: StationNumber(self.short()?),
                stan: Stan(self.word()?),
                acquirer: StationNumber(self.short()?),
                mti: self.mti()?,
                original: Stan(self.word()?),
                original_at: self.long()?,
                takes_back: self.takes_back()?,
                reason: self.short()?,
                utc: self.long()?,
                frame: self.frame()?,
            },
            15 => Record::Acknowledged {
                issuer: StationNumber(self.short()?),
                stan: Stan(self.word()?),
                action: self.short()?,
                utc: self.long()?,
            },
            16 => Record::Item {
                issuer: StationNumber(self.short()?),
                stan: Stan(self.word()?),
                state: match self.take()? {
                    [0] => ItemState::Parked,
                    [1] => ItemState::Held,
                    [2] => ItemState::Released,
                    [3] => ItemState::Purged,
                    _ => return Err(self.wrong("state")),
                },
                utc: self.long()?,
                by: self.text("name")?,
            },
            17 => self.advice()?,
            _ => Record::Delivery {
                issuer: StationNumber(self.short()?),
                stan: Stan(self.word()?),
                how: match self.take()? {
                    [0] => Delivery::None,
                    [1] => Delivery::Unknown,
                    _ => return Err(self.wrong("delivery")),
                },
                utc: self.long()?,
            },
        })
    }

    fn advice(&mut self) -> Result<Record<'a>, Unreadable> {
        let (acquirer, link) = (StationNumber(self.short()?), LinkNumber(self.word()?));
        let (mti, key) = (self.mti()?, u128::from_le_bytes(self.take()?));
        let (check, reference, original) = (self.long()?, self.long()?, self.long()?);
        let (original_key, action) = (self.long()?, self.short()?);
        let (issuer, stan) = (StationNumber(self.short()?), Stan(self.word()?));
        let (takes_back, utc) = (self.takes_back()?, self.long()?);
        let passed = if stan == Stan(0) { None } else { Some(self.passed()?) };
        Ok(Record::Advice {
            acquirer,
            link,
            mti,
            key,
            check,
            reference,
            original,
            original_key,
            action,
            issuer,
            stan,
            takes_back,
            utc,
            passed,
            inputs: self.frame()?,
        })
    }

    fn of_two_sites(&mut self) -> Result<Record<'a>, Unreadable> {
        Ok(match self.kind {
            21 => Record::Promotion {
                epoch: self.word()?,
                utc: self.long()?,
                lossy: match self.take()? {
                    [0] => false,
                    [1] => true,
                    _ => return Err(self.wrong("loss")),
                },
                until: self.long()?,
            },
            22 => Record::Handover { epoch: self.word()?, utc: self.long()? },
            _ => Record::Orphan {
                acquirer: StationNumber(self.short()?),
                mti: self.mti()?,
                stan: Stan(self.word()?),
                key: u128::from_le_bytes(self.take()?),
                check: self.long()?,
                utc: self.long()?,
                rrn: self.text("reference number")?,
            },
        })
    }

    fn passed(&mut self) -> Result<Passed<'a>, Unreadable> {
        Ok(Passed {
            mti: self.mti()?,
            original: Stan(self.word()?),
            original_at: self.long()?,
            reason: self.short()?,
            frame: self.frame()?,
        })
    }

    fn takes_back(&mut self) -> Result<TakesBack, Unreadable> {
        Ok(match self.long()? {
            0 => TakesBack::Nothing,
            u64::MAX => TakesBack::Whole,
            number if number == u64::MAX - 1 => TakesBack::Unseen,
            part => TakesBack::Part(part),
        })
    }

    fn mti(&mut self) -> Result<Mti, Unreadable> {
        Mti::new(self.short()?).ok_or(self.wrong("message type"))
    }

    fn wrong(&self, name: &'static str) -> Unreadable {
        Unreadable::Field { kind: self.kind, name }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let short = Unreadable::Short { kind: self.kind };
        let (first, rest) = self.bytes.split_first_chunk::<N>().ok_or(short)?;
        self.bytes = rest;
        Ok(*first)
    }

    fn short(&mut self) -> Result<u16, Unreadable> {
        self.take().map(u16::from_le_bytes)
    }

    fn word(&mut self) -> Result<u32, Unreadable> {
        self.take().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> Result<u64, Unreadable> {
        self.take().map(u64::from_le_bytes)
    }

    fn fields(&mut self) -> Result<Fields, Unreadable> {
        let bits = u128::from_le_bytes(self.take()?);
        let fields = Fields::from_bits(bits);
        if fields.bits() == bits { Ok(fields) } else { Err(self.wrong("presence")) }
    }

    fn frame(&mut self) -> Result<&'a [u8], Unreadable> {
        let len = usize::from(self.short()?);
        self.some(len)
    }

    fn text(&mut self, name: &'static str) -> Result<&'a str, Unreadable> {
        let [len] = self.take()?;
        let bytes = self.some(usize::from(len))?;
        core::str::from_utf8(bytes).map_err(|_| self.wrong(name))
    }

    fn some(&mut self, len: usize) -> Result<&'a [u8], Unreadable> {
        let short = Unreadable::Short { kind: self.kind };
        let (first, rest) = self.bytes.split_at_checked(len).ok_or(short)?;
        self.bytes = rest;
        Ok(first)
    }
}
