//! What is written down before anything leaves: one record a step. Versioned, little-endian, compact;
//! of card data no more than the dialects allow. Knows nothing of where it is written.
//!
//! ```text
//! 0        1     2
//! version  kind  the fields of the kind, in the order in which [`Record`] has them
//! ```
//! Numbers are little-endian and as wide as their types; an MTI is its four packed digits (2 bytes),
//! a number of a station 2, of a link 4, a route 4, a STAN 4, a time 8. A frame has its length in
//! two bytes before it, a text in one. A record is alone in its bytes: nothing may follow it.
//!
//! Stations and links have the numbers that records gave them ([`Record::Station`],
//! [`Record::Links`]), not their places in one configuration; no record names a worker.

use core::fmt;

use codec::{Fields, Mti};

use crate::ids::{LinkNumber, RouteId, Stan, StationNumber};
use crate::time::Time;

/// The version of this form of the records.
pub const VERSION: u8 = 2;

/// The most bytes of a record that stands in the gate, apart from the frame or the counts in it.
pub const HEAD_MAX: usize = 96;

/// One step: of a transaction, of a station, or of the switch itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// A request was admitted and is forwarded.
    Decision {
        /// Who asked.
        acquirer: StationNumber,
        /// On which link.
        link: LinkNumber,
        /// Who is asked.
        issuer: StationNumber,
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
        /// The same as a second since 1970.
        utc: u64,
        /// The configuration that decided.
        configuration: u32,
        /// What its repeats are known by: a keyed hash.
        key: u128,
        /// What its repeats must agree with: a keyed hash of amount and card.
        check: u64,
        /// All fields that the request had.
        present: Fields,
        /// What it was decided from: a frame in the acquirer's dialect with only those fields that
        /// the dialect allows to be written down.
        inputs: &'a [u8],
    },
    /// The issuer's answer was accepted and is passed on.
    Settlement {
        /// Who answered.
        issuer: StationNumber,
        /// Our STAN.
        stan: Stan,
        /// DE 39, three packed digits.
        action: u16,
        /// When the answer arrived.
        at: Time,
        /// The same as a second since 1970.
        utc: u64,
        /// The answer: a frame in the issuer's dialect with only those fields that the dialect
        /// allows to be written down, and without those that the request has (DE 2, 7, 11, 32, 33).
        answer: &'a [u8],
    },
    /// No answer in time; the acquirer gets 911.
    Expiry {
        /// Who did not answer.
        issuer: StationNumber,
        /// Our STAN.
        stan: Stan,
        /// When.
        at: Time,
        /// The same as a second since 1970.
        utc: u64,
    },
    /// No byte of the request left; the acquirer gets 907.
    Unsent {
        /// Who was to be asked.
        issuer: StationNumber,
        /// Our STAN.
        stan: Stan,
        /// When that was known.
        at: Time,
        /// The same as a second since 1970.
        utc: u64,
    },
    /// The issuer's answer can not be said in the acquirer's format; the acquirer gets 909. Where
    /// the issuer approved, it knows of a sale that the acquirer does not.
    Undelivered {
        /// Who answered.
        issuer: StationNumber,
        /// Our STAN.
        stan: Stan,
        /// DE 39 of the issuer, three packed digits.
        action: u16,
        /// When the answer arrived.
        at: Time,
        /// The same as a second since 1970.
        utc: u64,
    },
    /// A restart found this request without an outcome and closed it: a repeat of it gets 909.
    Closed {
        /// Who was asked.
        issuer: StationNumber,
        /// Our STAN.
        stan: Stan,
        /// When, as a second since 1970.
        utc: u64,
    },
    /// A station has a number from here on, which no other station ever gets.
    Station {
        /// The number.
        number: StationNumber,
        /// Its name in the configuration.
        name: &'a str,
        /// The name of its dialect.
        dialect: &'a str,
    },
    /// A station has these numbers for its links from here on, which no other link ever gets.
    Links {
        /// Whose links.
        station: StationNumber,
        /// The first number.
        from: LinkNumber,
        /// How many.
        count: u32,
    },
    /// A station signed on or off.
    SignOn {
        /// Which.
        station: StationNumber,
        /// Whether it is signed on now.
        on: bool,
        /// When.
        at: Time,
        /// The same as a second since 1970.
        utc: u64,
    },
    /// A configuration is in use from here on.
    Configuration {
        /// Its number, for the decisions under it.
        number: u32,
        /// A digest of the settings.
        digest: [u8; 32],
        /// When, as a second since 1970.
        utc: u64,
    },
    /// The switch started.
    Start {
        /// The epoch that begins.
        epoch: u32,
        /// When, as a second since 1970.
        utc: u64,
        /// What was built: version and commit.
        build: &'a str,
    },
    /// What was counted since the last such record, so that counters go on after a restart. One is
    /// made at most once a second, so a kill loses up to a second of what has no record of its own.
    Counts {
        /// By how much which counter went up.
        deltas: Deltas<'a>,
    },
}

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is of another version of this form.
    Version(u8),
    /// There is no such kind of record.
    Kind(u8),
    /// It ends within a field.
    Short {
        /// The kind of record, zero where that is missing too.
        kind: u8,
    },
    /// Something follows it.
    Long {
        /// The kind of record.
        kind: u8,
        /// How many bytes.
        left: usize,
    },
    /// A field says what it can not say.
    Field {
        /// The kind of record.
        kind: u8,
        /// The field.
        name: &'static str,
    },
}

impl fmt::Display for Unreadable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => {
                write!(out, "version {version} of the records; this binary reads {VERSION}")
            }
            Self::Kind(kind) => write!(out, "no record is of kind {kind}"),
            Self::Short { kind } => write!(out, "a record of kind {kind} ends too early"),
            Self::Long { kind, left } => {
                write!(out, "{left} bytes follow a record of kind {kind}")
            }
            Self::Field { kind, name } => {
                write!(out, "the {name} of a record of kind {kind} makes no sense")
            }
        }
    }
}

impl core::error::Error for Unreadable {}

impl<'a> Record<'a> {
    /// The kind, as its second byte says it.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Decision { .. } => 1,
            Self::Settlement { .. } => 2,
            Self::Expiry { .. } => 3,
            Self::Unsent { .. } => 4,
            Self::Undelivered { .. } => 5,
            Self::Closed { .. } => 6,
            Self::Station { .. } => 7,
            Self::Links { .. } => 8,
            Self::SignOn { .. } => 9,
            Self::Configuration { .. } => 10,
            Self::Start { .. } => 11,
            Self::Counts { .. } => 12,
        }
    }

    /// The name of the kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Decision { .. } => "decision",
            Self::Settlement { .. } => "settlement",
            Self::Expiry { .. } => "expiry",
            Self::Unsent { .. } => "unsent",
            Self::Undelivered { .. } => "undelivered",
            Self::Closed { .. } => "closed",
            Self::Station { .. } => "station",
            Self::Links { .. } => "links",
            Self::SignOn { .. } => "sign-on",
            Self::Configuration { .. } => "configuration",
            Self::Start { .. } => "start",
            Self::Counts { .. } => "counts",
        }
    }

    /// Writes the record and gives its length; none when it does not fit `out`, or has a text of
    /// more than 255 bytes or a frame of more than 65,535.
    #[inline]
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let mut to = Cursor { bytes: out, at: 0 };
        to.put([VERSION, self.kind()])?;
        match *self {
            Self::Decision { .. } => self.write_decision(&mut to)?,
            Self::Settlement { issuer, stan, action, at, utc, answer } => {
                to.transaction(issuer, stan)?;
                to.put(action.to_le_bytes())?;
                to.moment(at, utc)?;
                to.frame(answer)?;
            }
            Self::Expiry { issuer, stan, at, utc } | Self::Unsent { issuer, stan, at, utc } => {
                to.transaction(issuer, stan)?;
                to.moment(at, utc)?;
            }
            Self::Undelivered { issuer, stan, action, at, utc } => {
                to.transaction(issuer, stan)?;
                to.put(action.to_le_bytes())?;
                to.moment(at, utc)?;
            }
            Self::Closed { issuer, stan, utc } => {
                to.transaction(issuer, stan)?;
                to.put(utc.to_le_bytes())?;
            }
            Self::Station { number, name, dialect } => {
                to.put(number.0.to_le_bytes())?;
                to.text(name)?;
                to.text(dialect)?;
            }
            Self::Links { station, from, count } => {
                to.put(station.0.to_le_bytes())?;
                to.put(from.0.to_le_bytes())?;
                to.put(count.to_le_bytes())?;
            }
            Self::SignOn { station, on, at, utc } => {
                to.put(station.0.to_le_bytes())?;
                to.put([u8::from(on)])?;
                to.moment(at, utc)?;
            }
            Self::Configuration { number, digest, utc } => {
                to.put(number.to_le_bytes())?;
                to.put(digest)?;
                to.put(utc.to_le_bytes())?;
            }
            Self::Start { epoch, utc, build } => {
                to.put(epoch.to_le_bytes())?;
                to.put(utc.to_le_bytes())?;
                to.text(build)?;
            }
            Self::Counts { deltas } => to.frame(deltas.0)?,
        }
        Some(to.at)
    }

    #[inline]
    fn write_decision(&self, to: &mut Cursor<'_>) -> Option<()> {
        let &Self::Decision {
            acquirer,
            link,
            issuer,
            mti,
            route,
            stan,
            sent_at,
            arrived,
            utc,
            configuration,
            key,
            check,
            present,
            inputs,
        } = self
        else {
            unreachable!("only decisions are written here")
        };
        to.put(acquirer.0.to_le_bytes())?;
        to.put(link.0.to_le_bytes())?;
        to.put(issuer.0.to_le_bytes())?;
        to.put(mti.bcd().to_le_bytes())?;
        to.put(route.0.to_le_bytes())?;
        to.put(stan.0.to_le_bytes())?;
        to.put(sent_at.to_le_bytes())?;
        to.put(arrived.0.to_le_bytes())?;
        to.put(utc.to_le_bytes())?;
        to.put(configuration.to_le_bytes())?;
        to.put(key.to_le_bytes())?;
        to.put(check.to_le_bytes())?;
        to.put(present.bits().to_le_bytes())?;
        to.frame(inputs)
    }

    /// Writes a record whose frame, which stands last, `fill` writes where it is to stand; the one
    /// in the record itself is passed over. Gives the length of all, or what `fill` fails with.
    ///
    /// # Panics
    /// When there is no room for the record, apart from its frame ([`HEAD_MAX`]), or it has none.
    #[inline]
    pub fn write_with<E>(
        &self,
        out: &mut [u8],
        fill: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        assert!(matches!(self, Self::Decision { .. } | Self::Settlement { .. }), "it has a frame");
        let at = self.write(out).expect("room for a record is asked for before");
        let len = fill(&mut out[at..])?;
        let digits = u16::try_from(len).expect("a frame is short").to_le_bytes();
        out[at - 2..at].copy_from_slice(&digits);
        Ok(at + len)
    }

    /// Reads a record of this version, whole and alone.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let mut from = Reader { bytes, kind: 0 };
        let [version] = from.take()?;
        if version != VERSION {
            return Err(Unreadable::Version(version));
        }
        [from.kind] = from.take()?;
        let record = match from.kind {
            1 => from.decision()?,
            2..=6 => from.outcome()?,
            7..=12 => from.rare()?,
            kind => return Err(Unreadable::Kind(kind)),
        };
        match from.bytes.len() {
            0 => Ok(record),
            left => Err(Unreadable::Long { kind: from.kind, left }),
        }
    }
}

/// What went up by how much: numbers of counters, each with what is to be added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deltas<'a>(&'a [u8]);

/// Bytes of one counter: its number (2) and by how much (8).
const EACH: usize = 10;

impl<'a> Deltas<'a> {
    /// Writes them into `out`; none when they do not fit.
    pub fn write(deltas: impl Iterator<Item = (u16, u64)>, out: &'a mut [u8]) -> Option<Self> {
        let mut to = Cursor { bytes: out, at: 0 };
        for (number, by) in deltas {
            to.put(number.to_le_bytes())?;
            to.put(by.to_le_bytes())?;
        }
        let Cursor { bytes, at } = to;
        Some(Self(&bytes[..at]))
    }

    /// Each counter's number, and by how much it went up.
    pub fn iter(self) -> impl Iterator<Item = (u16, u64)> + 'a {
        self.0.as_chunks::<EACH>().0.iter().map(|&[a, b, c, d, e, f, g, h, i, j]| {
            (u16::from_le_bytes([a, b]), u64::from_le_bytes([c, d, e, f, g, h, i, j]))
        })
    }

    /// Whether nothing went up.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

struct Cursor<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Cursor<'_> {
    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) -> Option<()> {
        *self.bytes.get_mut(self.at..)?.first_chunk_mut()? = bytes;
        self.at += N;
        Some(())
    }

    #[inline]
    fn put_all(&mut self, bytes: &[u8]) -> Option<()> {
        self.bytes.get_mut(self.at..self.at + bytes.len())?.copy_from_slice(bytes);
        self.at += bytes.len();
        Some(())
    }

    #[inline]
    fn frame(&mut self, frame: &[u8]) -> Option<()> {
        self.put(u16::try_from(frame.len()).ok()?.to_le_bytes())?;
        self.put_all(frame)
    }

    fn text(&mut self, text: &str) -> Option<()> {
        self.put([u8::try_from(text.len()).ok()?])?;
        self.put_all(text.as_bytes())
    }

    #[inline]
    fn transaction(&mut self, issuer: StationNumber, stan: Stan) -> Option<()> {
        self.put(issuer.0.to_le_bytes())?;
        self.put(stan.0.to_le_bytes())
    }

    #[inline]
    fn moment(&mut self, at: Time, utc: u64) -> Option<()> {
        self.put(at.0.to_le_bytes())?;
        self.put(utc.to_le_bytes())
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
            mti: Mti::new(self.short()?).ok_or(self.wrong("message type"))?,
            route: RouteId(self.word()?),
            stan: Stan(self.word()?),
            sent_at: self.long()?,
            arrived: Time(self.long()?),
            utc: self.long()?,
            configuration: self.word()?,
            key: u128::from_le_bytes(self.take()?),
            check: self.long()?,
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
            _ => {
                let deltas = Deltas(self.frame()?);
                if !deltas.0.len().is_multiple_of(EACH) {
                    return Err(self.wrong("list of counters"));
                }
                Record::Counts { deltas }
            }
        })
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

#[cfg(test)]
mod tests;
